"""Whether anything a file may hold gets past the loaders but as a DataError, as a Markdown table.

    python -m benchmarks.mutations [--files 10000] [--seed 0] [--only WORD]

damages so many good files of each kind at random, and loads each in a process of its own that is
watched: an exception other than DataError, a crash, more than 5 s of processor, no answer in a
minute or more than 1 GiB is a failure. The files that did it are kept, their folder is printed and the exit code is 1. One seed,
one set of files.
"""

import argparse
import faulthandler
import io
import json
import multiprocessing
import os
import random
import re
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from contextlib import redirect_stdout, suppress
from pathlib import Path

import numpy as np

from benchmarks import damage
from helpers import model
from helpers.data import load_dataset
from helpers.files import DataError
from helpers.photos import load_photo
from tools import build, download

with suppress(ImportError):  # Windows has none
    import resource

OTHER = ("undocumented", "crash", "hang", "memory")


def load(folder):
    """Load what benchmarks.damage left in ``folder``."""
    if (folder / "train_a.h5").exists():
        load_dataset("a", folder)
    elif (folder / "foto").exists():
        assert load_photo(folder / "foto").shape == (64, 64, 3)
    elif (folder / "modelo.h5").exists():
        model.load_model(folder / "modelo.h5").predict(np.zeros((2, 6, 6, 3), np.uint8))
    elif (folder / "hashes.json").exists():
        hashes = json.loads((folder / "hashes.json").read_text())
        files = {name: {"git_blob_sha1": found} for name, found in hashes.items()}
        download.load_published = lambda: {"files": files}
        download.happy(folder / "origen", folder / "destino")
    else:
        build.build(folder / "origen", "mias", folder=folder / "destino")
        try:
            load_dataset("mias", folder / "destino")
        except DataError as error:
            raise AssertionError("build wrote what load_dataset refuses") from error


KINDS = {  # what makes the cases
    "conjunto HDF5 (`load_dataset`)": damage.put_dataset,
    "foto (`load_photo`)": damage.put_photo,
    "modelo (`load_model`)": damage.put_model,
    "zip o carpeta (`tools.download`)": damage.put_zip,
    "carpeta de fotos (`tools.build`)": damage.put_folder,
}

# The process that loads, and the one that watches it


def peak():
    """The most memory that this process had, in MiB; 0 where the system does not tell."""
    with suppress(OSError):  # Linux's ru_maxrss would start at that of the parent
        return int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) >> 10
    with suppress(NameError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 20  # macOS counts bytes
    return 0


def work(load, pipe, log):
    """Load each folder that comes through the pipe, and send how it went."""
    os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT), 2)
    faulthandler.enable(2)
    with suppress(NameError, OSError, ValueError):  # or a wild one would take the machine's
        resource.setrlimit(resource.RLIMIT_AS, (16 * 2**30,) * 2)
    before, outcome, took = peak(), "ready", 0
    while True:
        pipe.send((outcome, took, peak() - before))
        try:
            folder = pipe.recv()
        except EOFError:  # there are no more
            return
        start, outcome = time.process_time(), "accepted"  # others' work is not its fault
        try:
            with redirect_stdout(io.StringIO()):
                load(folder)
        except DataError as error:
            outcome = "memory" if isinstance(error.__cause__, MemoryError) else "refused"
        except BaseException:
            traceback.print_exc()
            outcome = "undocumented"
        took = time.process_time() - start


def answer(pipe, seconds):
    """What the worker sends in so many seconds, or that it hangs or has died."""
    try:
        return pipe.recv() if pipe.poll(seconds) else ("hang", seconds, 0)
    except (EOFError, OSError):
        return "crash", 0, 0


def try_all(put, load, n, seed, keep, seconds=5, mib=1024, patience=12):
    """Have ``n`` cases of ``put`` loaded; return how many ended how, the longest and the most MiB.

    seconds: of processor that a case may take; of time, ``patience`` times as many.
    What ends in one of OTHER is moved to the folder ``keep``, beside what the process said.
    """
    outcomes, slowest, most, worker = Counter(), 0, 0, None
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as home:
        for i in range(n):
            folder = Path(home, str(i))
            folder.mkdir()
            put(folder, random.Random(f"{seed} {put.__name__} {i}"))
            if worker is None:
                pipe, theirs = spawn.Pipe()
                worker = spawn.Process(target=work, args=(load, theirs, keep / "stderr.txt"))
                worker.start()
                theirs.close()  # or its end would not be noticed
                if answer(pipe, 600)[0] != "ready":
                    raise RuntimeError(f"the worker did not start: see {keep}")
            pipe.send(folder)
            outcome, took, memory = answer(pipe, patience * seconds)
            outcome = "hang" if took > seconds else outcome
            outcome = "memory" if memory > mib else outcome
            outcomes[outcome] += 1
            slowest, most = max(slowest, took), max(most, memory)
            if outcome in OTHER or i == n - 1:
                pipe.close()
                worker.join(0 if outcome == "hang" else 5)
                worker.kill()
                worker = worker.join()
            if outcome in OTHER:
                shutil.move(folder, keep / f"{put.__name__}-{i}-{outcome}")
    return outcomes, slowest, most


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutations")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", metavar="WORD", help="of a kind's name")
    options = parser.parse_args()
    os.environ["TQDM_DISABLE"] = "1"  # the workers'
    keep, bad = Path(tempfile.mkdtemp(prefix="mutations-")), 0
    print("| qué se carga | intentos | rechazados con DataError | aceptados | otro fin | lo más lento, s de procesador | memoria, MiB |")  # fmt: skip
    print("|:--|--:|--:|--:|--:|--:|--:|")
    for name, put in KINDS.items():
        if options.only not in name:
            continue
        n = options.files
        found, slowest, most = try_all(put, load, n, options.seed, keep)
        other = sum(found[outcome] for outcome in OTHER)
        numbers = n, found["refused"], found["accepted"], other, f"{slowest:.2f}", most
        print(f"| {name} | {' | '.join(map(str, numbers))} |", flush=True)
        bad += other
    if bad:
        sys.exit(f"\n{bad} archivos no se cargaron ni se rechazaron como es debido: {keep}")
    shutil.rmtree(keep)


if __name__ == "__main__":
    main()
