"""Whether anything an HDF5 file may hold gets past the loaders but as a DataError, as a Markdown table.

    python -m benchmarks.mutations [FILES]

damages so many good files of each kind at random and loads each in another process: an exception
other than DataError, a process that dies, more than 5 s of processor or 1 GiB is a failure. Each is
told with its number, by which the same damage comes again; the exit code is then 1.
"""

import faulthandler
import io
import random
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import redirect_stdout
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

import h5py
import numpy as np

from helpers.data import load_dataset
from helpers.files import PROJECT, DataError
from helpers.model import load_model

MODEL = PROJECT / "models" / "smiles.h5"
GZIP = {"chunks": (3, 6, 6, 3), "compression": "gzip"}
STORED = {}, GZIP, {**GZIP, "shuffle": True}, {"chunks": (3, 6, 6, 3), "fletcher32": True}


@cache
def halves(split="train"):
    """A good half of a data set, stored in each way that we read."""
    files, x = [], np.random.RandomState(1).randint(0, 256, (7, 6, 6, 3), np.uint8)
    for storage in STORED:
        libver = "latest" if "shuffle" in storage else None
        with h5py.File(stream := io.BytesIO(), "w", libver=libver) as file:
            file.create_dataset(f"{split}_set_x", data=x, **storage)
            file[f"{split}_set_y"] = np.arange(7) % 2
            file["list_classes"] = np.array([b"perro", "niño".encode()])
        files.append(stream.getvalue())
    return files


def mutate(raw, rng, focus):
    """``raw`` damaged once or more, half the time in its first ``focus`` bytes alone."""
    raw = bytearray(raw)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        end = rng.choice([len(raw), min(focus, len(raw))]) or 1
        i, j = sorted(rng.randrange(end) for _ in range(2))
        n, width = rng.choice([1, 2, 8, 64]), rng.choice([1, 2, 4, 8])
        number = rng.choice([len(raw), rng.randrange(256), 2 ** rng.choice([15, 31, 63]), 0, -1])
        number = (number % 256**width).to_bytes(width, rng.choice(["little", "big"]))
        new = rng.choice([number, number, n * b"\xff", rng.randbytes(n), raw[j : j + n], b""])
        raw[i : i + rng.choice([len(new), len(new), len(new), 0, n, j - i])] = new
    return bytes(raw)


KINDS = {  # name of the file, good ones, where what they say of themselves ends
    "conjunto HDF5 (`load_dataset`)": ("train_a.h5", halves, 2500),
    "modelo (`load_model`)": ("modelo.h5", lambda: [MODEL.read_bytes()], 2000),
}


def put(kind, folder, rng):
    """Write a damaged file of a kind, and the half that goes with it."""
    name, good, focus = KINDS[kind]
    (folder / "test_a.h5").write_bytes(halves("test")[0])
    (folder / name).write_bytes(mutate(rng.choice(good()), rng, focus))


def load(folder):
    """Load what ``put`` left in ``folder``."""
    if (folder / "train_a.h5").exists():
        with redirect_stdout(None):
            load_dataset("a", folder)
    else:
        load_model(folder / "modelo.h5").predict(np.zeros((2, 64, 64, 3), np.uint8))


def work(load, folder):
    """Load in this process; return how it ended, the seconds of processor and the MiB it took."""
    faulthandler.dump_traceback_later(60, exit=True)  # a hang, too, ends
    before, start, outcome = peak(), time.process_time(), "accepted"
    try:
        load(folder)
    except DataError as error:
        outcome = "memory" if isinstance(error.__cause__, MemoryError) else "refused"
    except BaseException:
        traceback.print_exc()
        outcome = "undocumented"
    faulthandler.cancel_dump_traceback_later()
    took, memory = time.process_time() - start, peak() - before
    return "slow" if took > 5 else "memory" if memory > 1024 else outcome, took, memory


def peak():
    """The most memory that this process had, in MiB; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    return int(re.search(r"VmHWM:\s*(\d+)", status.read_text())[1]) >> 10 if status.exists() else 0


def try_all(put, load, n, seed, home):
    """Have ``n`` cases of ``put`` loaded, each in a folder of its own in ``home``.

    Returns how many ended how, the most seconds of processor and the most MiB.
    """
    ends, start = [], partial(ProcessPoolExecutor, 1, get_context("spawn"))
    pool = start()
    for i in range(n):
        (folder := home / str(i)).mkdir()
        put(folder, random.Random(f"{seed} {i}"))
        try:
            ends.append(pool.submit(work, load, folder).result())
        except BrokenExecutor:
            ends, pool = [*ends, ("crash", 0, 0)], start()
        if ends[-1][0] not in ("accepted", "refused"):
            print(f"{folder.name}: {ends[-1]}", file=sys.stderr)
    pool.shutdown()
    outcomes, seconds, memory = zip(*ends)
    return Counter(outcomes), max(seconds), max(memory)


def main():
    n, bad = int(sys.argv[1]) if sys.argv[1:] else 3000, 0
    print("| qué se carga | intentos | rechazados | aceptados | otro fin | s | MiB |")
    print("|:--|--:|--:|--:|--:|--:|--:|")
    for name in KINDS:
        with tempfile.TemporaryDirectory() as home:
            found, slowest, most = try_all(partial(put, name), load, n, 0, Path(home))
        bad += (other := n - found["refused"] - found["accepted"])
        numbers = n, found["refused"], found["accepted"], other, f"{slowest:.2f}", most
        print(f"| {name} | {' | '.join(map(str, numbers))} |", flush=True)
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
