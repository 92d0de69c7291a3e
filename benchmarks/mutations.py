"""Whether anything a file may hold gets past the loaders but as a DataError, as a Markdown table.

    python -m benchmarks.mutations [--files 10000] [--seed 0]

damages good files at random, and loads each in a process of its own that is watched: an exception
other than DataError, a crash, no answer in 5 s or more than 1 GiB is a failure. The files that did
it are kept, their folder is printed and the exit code is 1. One seed, one set of files.
"""

import argparse
import hashlib
import importlib
import io
import json
import os
import queue
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import zipfile
import zlib
from collections import Counter
from contextlib import suppress
from functools import cache
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from helpers import collect, model
from helpers.data import DataError, load_dataset, load_photo

PROJECT = Path(__file__).resolve().parent.parent
OTHER = ("undocumented", "crash", "hang", "memory")
SECONDS, MIB = 5, 1024  # what one file may take

# Good files


def picture(rng):
    return Image.frombytes("RGB", (3, 2), rng.randbytes(18)).resize((24, 16), Image.Resampling.BOX)


@cache
def halves():
    """Good files of every storage: (train, test) bytes, each pair made to go together."""
    packed = {"chunks": (3, 6, 6, 3), "shuffle": True, "fletcher32": True, "compression": "gzip"}
    kinds = [({}, 0), (packed, 0), ({"compression": "lzf"}, 0), ({}, 1), (packed, 2)]
    return [(half("train", 7, *kind), half("test", 4, *kind)) for kind in kinds]


def half(split, m, storage, rich):
    stream, numbers = io.BytesIO(), np.random.RandomState(m)
    with h5py.File(stream, "w", libver="latest" if rich == 2 else None) as file:
        x = numbers.randint(0, 256, (m, 6, 6, 3), np.uint8)
        file.create_dataset(f"{split}_set_x", data=x, **storage)
        file[f"{split}_set_y"] = np.arange(m) % 2
        names = ["perro", "niño"]
        file["list_classes"] = names if rich else np.array([name.encode() for name in names])
        if rich:
            file[f"{split}_set_yaw"], file[f"{split}_set_person"] = numbers.randn(m), np.arange(m)
            file["split_id"] = np.array([b"0123456789abcdef"])
            file.attrs["notas"], file[f"{split}_set_y"].attrs["unidad"] = "de la puerta", [1, 2]
    return stream.getvalue()


@cache
def photos():
    """Photos of every format that Pillow writes here, each of its own picture."""
    exif = Image.Exif()
    exif[0x0112] = 6
    rng, files = random.Random(1), []
    frames = [picture(rng) for _ in range(2)]
    Image.init()
    for format, mode, options in [
        ("PNG", "RGB", {}), ("PNG", "RGBA", {"exif": exif}), ("PNG", "P", {}), ("PNG", "L", {}),
        ("JPEG", "RGB", {"exif": exif}), ("JPEG", "RGB", {"progressive": True}),
        ("JPEG", "CMYK", {}), ("GIF", "RGB", {"save_all": True, "append_images": frames}),
        ("TIFF", "RGB", {"compression": "tiff_lzw"}), ("TIFF", "L", {"exif": exif}),
        ("TIFF", "RGB", {"compression": "tiff_adobe_deflate"}), ("WEBP", "RGB", {"exif": exif}),
        ("WEBP", "RGBA", {"lossless": True}), ("BMP", "RGB", {}), ("PPM", "RGB", {}),
        ("ICO", "RGBA", {"sizes": [(16, 16), (24, 16)]}), ("JPEG2000", "RGB", {}),
        ("TGA", "RGB", {"compression": "tga_rle"}), ("PCX", "P", {}), ("SGI", "RGB", {}),
        ("DDS", "RGBA", {}), ("ICNS", "RGBA", {}), ("AVIF", "RGB", {}), ("QOI", "RGB", {}),
    ]:  # fmt: skip
        stream = io.BytesIO()
        if format in Image.SAVE:
            picture(rng).convert(mode).save(stream, format, **options)
            files.append(stream.getvalue())
    return files


@cache
def saved_model():
    recipe = model.Recipe(hidden=(4, 3), num_iterations=3, center=True, seeds=(1, 2))
    x = np.random.RandomState(0).randint(0, 256, (8, 6, 6, 3), np.uint8)
    trained = model.train(x, np.arange(8)[None] % 2, recipe, progress=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "modelo.h5"
        model.save_model(path, trained, model.Origin("dibujos", ("no", "sí"), 0.9, 0.8))
        return path.read_bytes()


# Damage

NUMBERS = [0, 1, 2, 7, 8, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1]
TOKENS = ["NaN", "Infinity", "-1", "0", "1e999", "9" * 30, "[]", "{}", "null", '"x"', "true", "[[1]]"]  # fmt: skip


def mutate(raw, rng, other=b"", focus=0):
    """``raw`` damaged once or more: by half in its first ``focus`` bytes, where formats keep
    what they say of the rest."""
    raw = bytearray(raw)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        if not raw:
            break
        end = min(focus, len(raw)) if focus and rng.random() < 0.5 else len(raw)
        i, j = sorted(rng.randrange(end) for _ in range(2))
        n = rng.choice([1, 2, 8, 64])
        kind = rng.randrange(9)
        if kind == 0:
            raw[i] ^= 1 << rng.randrange(8)
        elif kind == 1:
            raw[i] = rng.choice(b'\0\1\x7f\xff09-[{"' + rng.randbytes(4))
        elif kind == 2:  # a size, an address or a count
            n, order = rng.choice([2, 4, 8]), rng.choice(["little", "big"])
            value = rng.choice([*NUMBERS, len(raw), rng.randrange(len(raw) + 1)])
            raw[i : i + n] = (value % 256**n).to_bytes(n, order)
        elif kind == 3:
            del raw[i : i + rng.choice([n, j - i])]
        elif kind == 4:
            raw[i:i] = rng.choice([rng.randbytes(n), raw[j : j + n], bytes(n)])
        elif kind == 5:
            del raw[j:]
        elif kind == 6:
            raw[i : i + n], raw[j : j + n] = raw[j : j + n], raw[i : i + n]
        elif kind == 7:
            raw[i : i + n] = rng.choice([b"\xff", b"\0", b"\x7f"]) * n
        else:
            raw[i:] = other[i:] if rng.random() < 0.5 else other[j:]
    return bytes(raw)


def mutate_png(raw, rng):
    """A PNG damaged inside one chunk, whose checksum is right; in the pixels, what they unpack to."""
    chunks, at = [], 8
    while at < len(raw):
        n = int.from_bytes(raw[at : at + 4], "big")
        chunks.append((raw[at + 4 : at + 8], raw[at + 8 : at + 8 + n]))
        at += n + 12
    k = rng.randrange(len(chunks))
    kind, content = chunks[k]
    if kind == b"IDAT":
        content = zlib.compress(mutate(zlib.decompress(content), rng))
    elif content:
        content = mutate(content, rng, focus=8)
    chunks[k : k + 1] = [(kind, content)] * rng.choice([1, 1, 1, 0, 2])
    return raw[:8] + b"".join(
        len(c).to_bytes(4, "big") + k + c + zlib.crc32(k + c).to_bytes(4, "big") for k, c in chunks
    )


def mutate_photo(raw, rng):
    if raw.startswith(b"\x89PNG") and rng.random() < 0.6:
        return mutate_png(raw, rng)
    return mutate(raw, rng, rng.choice(photos()), focus=64)


# Cases: each puts damaged files in a folder, and each loader below takes such a folder


def put_dataset(folder, rng):
    good = rng.choice(halves())
    bad = rng.randrange(2)
    for k, name in enumerate(("train_a.h5", "test_a.h5")):
        other = rng.choice(halves())[k]
        raw = mutate(good[k], rng, other, focus=2500) if k == bad else good[k]
        (folder / name).write_bytes(raw)


def put_photo(folder, rng):
    (folder / "foto").write_bytes(mutate_photo(rng.choice(photos()), rng))


def put_model(folder, rng):
    path, raw = folder / "modelo.h5", saved_model()
    if rng.random() < 0.5:
        path.write_bytes(mutate(raw, rng, halves()[0][0], focus=6000))
        return
    path.write_bytes(raw)
    with h5py.File(path, "r+") as file:  # its description alone, one word exchanged or some bytes
        about = file["about"][0]
        if rng.random() < 0.7:
            words = list(re.finditer(rb"[\w.]+|\[[^]]*\]", about))
            a, b = rng.choice(words).span()
            about = about[:a] + rng.choice(TOKENS).encode() + about[b:]
        else:
            about = mutate(about, rng)
        del file["about"]
        file["about"] = np.array([about or b" "])


def put_zip(folder, rng):
    """A zip whose halves are as published, or damaged; the hash may say they are as published."""
    good = dict(zip(("train_happy.h5", "test_happy.h5"), rng.choice(halves())))
    held = dict(good)
    if rng.random() < 0.6:
        name = rng.choice(list(good))
        held[name] = mutate(good[name], rng, focus=2500)
    genuine = held if rng.random() < 0.8 else good
    (folder / "hashes.json").write_text(json.dumps({n: git_hash(genuine[n]) for n in genuine}))
    if rng.random() < 0.2:
        (folder / "origen").mkdir()
        for name, raw in held.items():
            (folder / "origen" / name).write_bytes(raw)
        return
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as z:
        for name, raw in held.items():
            z.writestr(zipfile.ZipInfo(f"datos/{name}"), raw, z.compression)
    raw = stream.getvalue()
    # What a zip says of itself is at its end, so it is damaged from behind.
    raw = mutate(raw[::-1], rng, focus=250)[::-1] if held == good or rng.random() < 0.2 else raw
    (folder / "origen").write_bytes(raw)


def git_hash(raw):
    return hashlib.sha1(f"blob {len(raw)}\0".encode() + raw).hexdigest()


def put_folder(folder, rng):
    share, chosen = rng.choice([0.3, 0.6, 1.0]), rng.sample(photos(), 6)
    for i, raw in enumerate(chosen):
        place = folder / "origen" / ("sonrie", "no_sonrie")[i % 2]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{i}.jpg").write_bytes(mutate_photo(raw, rng) if rng.random() < share else raw)


def get_dataset(folder):
    load_dataset("a", folder)


def get_photo(folder):
    photo = load_photo(folder / "foto")
    assert (photo.shape, photo.dtype) == ((64, 64, 3), np.uint8)


def get_model(folder):
    loaded = model.load_model(folder / "modelo.h5")
    with np.errstate(all="ignore"):
        loaded.predict(np.zeros((2, 6, 6, 3), np.uint8))


def get_zip(folder):
    hashes = json.loads((folder / "hashes.json").read_text())
    shapes = {}
    for name, m in (("train", 7), ("test", 4)):
        shapes[f"{name}_happy.h5"] = {f"{name}_set_x": [m, 6, 6, 3], f"{name}_set_y": [m], "list_classes": [2]}  # fmt: skip
    files = {name: {"git_blob_sha1": hashes[name], "shapes": shapes[name]} for name in shapes}
    collect.load_published = lambda: {"files": files}  # the stand-ins'
    collect.download(folder / "origen", folder / "destino")
    load_dataset("happy", folder / "destino")


def get_folder(folder):
    collect.build(folder / "origen", "mias", folder=folder / "destino")
    load_dataset("mias", folder / "destino")


KINDS = {  # what is loaded: how a case is made, which function loads it, its share of the cases
    "conjunto HDF5 (`load_dataset`)": (put_dataset, "get_dataset", 0.3),
    "foto (`load_photo`)": (put_photo, "get_photo", 0.35),
    "modelo (`load_model`)": (put_model, "get_model", 0.15),
    "zip o carpeta (`download`)": (put_zip, "get_zip", 0.1),
    "carpeta de fotos (`build`)": (put_folder, "get_folder", 0.1),
}


# The process that loads, and the one that watches it


def peak():
    """The most memory that this process had, in MiB; 0 where the system does not tell."""
    with suppress(OSError):  # Linux's ru_maxrss would start at that of the parent
        return int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) >> 10
    with suppress(ImportError):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 20  # macOS counts bytes
    return 0


def work(loader):
    """Call ``module:function`` with each folder named on stdin; answer with how it went."""
    module, name = loader.split(":")
    load = getattr(importlib.import_module(module), name)
    with suppress(ImportError, OSError, ValueError):  # rather than the machine's memory
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (16 * 2**30,) * 2)
    answers, before = os.fdopen(os.dup(1), "w"), peak()
    print("ready", file=answers, flush=True)
    sys.stdout = open(os.devnull, "w", encoding="utf-8")
    for line in sys.stdin:
        start, outcome = time.perf_counter(), "accepted"
        try:
            load(Path(line.strip()))
        except DataError as error:
            outcome = "memory" if isinstance(error.__cause__, MemoryError) else "refused"
        except BaseException:
            traceback.print_exc()
            outcome = "undocumented"
        print(outcome, time.perf_counter() - start, peak() - before, file=answers, flush=True)


class Worker:
    """A process that runs ``work``; ``ask`` returns its answer, or says that none came."""

    def __init__(self, loader, log):
        code = "import sys; from benchmarks.mutations import work; work(sys.argv[1])"
        self.process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-X", "utf8", "-c", code, loader],
            cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            encoding="utf-8", env={**os.environ, "TQDM_DISABLE": "1"},
        )  # fmt: skip
        self.answers = queue.SimpleQueue()
        threading.Thread(target=self.listen, daemon=True).start()
        if self.answers.get(timeout=60) is None:
            raise RuntimeError(f"{loader} did not start")

    def listen(self):
        for line in self.process.stdout:
            self.answers.put(line.split())
        self.answers.put(None)

    def ask(self, folder, seconds):
        with suppress(OSError):  # of a dead process, the answer below tells
            print(folder, file=self.process.stdin, flush=True)
        try:
            answer = self.answers.get(timeout=seconds)
        except queue.Empty:
            return "hang", seconds, 0
        return (answer[0], float(answer[1]), int(answer[2])) if answer else ("crash", 0, 0)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        with suppress(OSError):
            self.process.stdin.close()


def try_all(put, loader, n, seed, keep, seconds=SECONDS, mib=MIB):
    """Have ``n`` cases of ``put`` loaded; return how many ended how, the longest and the most MiB.

    What ends in one of OTHER is moved to the folder ``keep``, beside what the process said.
    """
    outcomes, slowest, most, worker = Counter(), 0, 0, None
    with tempfile.TemporaryDirectory() as home, open(keep / "stderr.txt", "a") as log:
        try:
            for i in range(n):
                folder = Path(home, str(i))
                folder.mkdir()
                put(folder, random.Random(f"{seed} {loader} {i}"))
                worker = worker or Worker(loader, log)
                outcome, took, memory = worker.ask(folder, seconds)
                outcome = "memory" if memory > mib else outcome
                outcomes[outcome] += 1
                slowest, most = max(slowest, took), max(most, memory)
                if outcome in OTHER:
                    shutil.move(folder, keep / f"{loader.split(':')[1]}-{i}-{outcome}")
                    worker = worker.stop()
                else:
                    shutil.rmtree(folder)
        finally:
            if worker:
                worker.stop()
    return outcomes, slowest, most


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutations")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    keep, bad = Path(tempfile.mkdtemp(prefix="mutations-")), 0
    print("| qué se carga | intentos | rechazados con DataError | aceptados | otro fin | lo más lento, s | memoria, MiB |")  # fmt: skip
    print("|:--|--:|--:|--:|--:|--:|--:|")
    for name, (put, loader, share) in KINDS.items():
        n = round(share * options.files)
        found, slowest, most = try_all(put, f"{__spec__.name}:{loader}", n, options.seed, keep)
        other = sum(found[outcome] for outcome in OTHER)
        print(f"| {name} | {n:,} | {found['refused']:,} | {found['accepted']:,} | {other} | {slowest:.2f} | {most} |", flush=True)  # fmt: skip
        bad += other
    if bad:
        sys.exit(f"\n{bad} archivos no se cargaron ni se rechazaron como es debido: {keep}")
    shutil.rmtree(keep)


if __name__ == "__main__":
    main()
