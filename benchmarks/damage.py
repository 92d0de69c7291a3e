"""Good files of every kind that the project reads, and their damage, for benchmarks.mutations."""

import hashlib
import io
import json
import random
import re
import tempfile
import zipfile
import zlib
from functools import cache
from pathlib import Path

import h5py
import numpy as np
from PIL import Image, ImageCms

from helpers import model

# Good files


@cache
def halves():
    """Good files of every storage: (train, test) bytes, each pair made to go together."""
    gzip = {"chunks": (3, 6, 6, 3), "compression": "gzip"}
    packed, summed = {**gzip, "shuffle": True}, {"chunks": (3, 6, 6, 3), "fletcher32": True}
    pairs, numbers = [], np.random.RandomState(1)
    for storage, rich in [({}, 0), (packed, 0), (summed, 0), (gzip, 1), (packed, 2)]:
        pairs.append([])
        for split, m in (("train", 7), ("test", 4)):
            stream, x = io.BytesIO(), numbers.randint(0, 256, (m, 6, 6, 3), np.uint8)
            with h5py.File(stream, "w", libver="latest" if rich == 2 else None) as file:
                file.create_dataset(f"{split}_set_x", data=x, **storage)
                file[f"{split}_set_y"] = np.arange(m) % 2
                file["list_classes"] = np.array([b"perro", "niño".encode()])
                if rich:
                    file[f"{split}_set_x"].attrs["aligned"] = rich == 2
                    file[f"{split}_set_yaw"] = numbers.randn(m)
                    file["split_id"] = np.array([b"0123"])
                    file.attrs["notas"] = "de la puerta"
            pairs[-1].append(stream.getvalue())
    return pairs


@cache
def photos():
    """Photos of every format that Pillow writes here, each of its own picture."""
    rng, files, exif = random.Random(1), [], Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    icc = {"icc_profile": profile[:24] + bytes(12) + profile[36:]}  # without today's date
    Image.init()
    for format, mode, options in [
        ("PNG", "RGB", {}), ("PNG", "RGBA", {"exif": exif}), ("PNG", "P", {}), ("PNG", "L", {}),
        ("JPEG", "RGB", {"exif": exif}), ("JPEG", "RGB", {"progressive": True}),
        ("JPEG", "CMYK", {}), ("GIF", "L", {"save_all": 1, "append_images": [Image.new("L", (9, 9))]}),
        ("TIFF", "RGB", {"compression": "tiff_lzw"}), ("TIFF", "L", {"exif": exif}),
        ("TIFF", "RGB", {"compression": "tiff_adobe_deflate"}), ("WEBP", "RGB", {"exif": exif}),
        ("WEBP", "RGBA", {"lossless": True}), ("BMP", "RGB", {}), ("PPM", "RGB", {}),
        ("ICO", "RGBA", {"sizes": [(16, 16), (24, 16)]}), ("JPEG2000", "RGB", {}),
        ("TGA", "RGB", {"compression": "tga_rle"}), ("PCX", "P", {}), ("SGI", "RGB", {}),
        ("JPEG", "RGB", icc), ("PNG", "RGBA", icc), ("TIFF", "RGB", icc), ("WEBP", "RGB", icc),
        ("PNG", "I;16", {"transparency": 9}), ("TIFF", "I;16", {}), ("TGA", "RGBA", {}),
        ("DDS", "RGBA", {}), ("AVIF", "RGB", {}), ("HEIF", "RGB", {}), ("QOI", "RGB", {}),
    ]:  # fmt: skip
        image = Image.frombytes("RGB", (3, 2), rng.randbytes(18)).resize((24, 16))
        stream = io.BytesIO()
        if format in Image.SAVE:
            image = image.convert("I") if mode == "I;16" else image
            image.convert(mode).save(stream, format, **options)
            files.append(stream.getvalue())
    return files


@cache
def saved_model():
    recipe = model.Recipe(hidden=(4, 3), num_iterations=3, center=True, seeds=(1, 2))
    x = np.random.RandomState(0).randint(0, 256, (8, 6, 6, 3), np.uint8)
    trained = model.train(x, np.arange(8)[None] % 2, recipe, progress=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "modelo.h5"
        model.save_model(path, trained, model.Origin("caras", ("no", "sí"), 0.9, 0.8, True))
        return path.read_bytes()


# Damage

NUMBERS = [0, 1, 2, 7, 8, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1]
TOKENS = b'NaN Infinity -1 0 1e999 1e308 99999999999999999999 [] {} null "x" true [[1]]'.split()


def mutate(raw, rng, other=b"", focus=0):
    """``raw`` damaged once or more, half the time in its first ``focus`` bytes alone."""
    raw = bytearray(raw)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        end = min(focus if focus and rng.random() < 0.5 else len(raw), len(raw)) or 1
        i, j = sorted(rng.randrange(end) for _ in range(2))
        n, w = rng.choice([1, 2, 8, 64]), rng.choice([2, 4, 8])
        number = rng.choice([*NUMBERS, len(raw), rng.randrange(len(raw) + 1)]) % 256**w
        until, new = rng.choice(
            [
                (i + 1, bytes([(raw[i] if raw else 0) ^ 1 << rng.randrange(8)])),
                (i + 1, rng.choice([b"\0", b"\xff", b"9", b"-", b"[", rng.randbytes(1)])),
                (
                    i + w,
                    number.to_bytes(w, rng.choice(["little", "big"])),
                ),  # a size, an address or a count
                (i + n, rng.choice([b"\xff", b"\0", b"\x7f"]) * n),
                (i + n, b""),
                (j, b""),
                (len(raw), b""),
                (i, rng.choice([rng.randbytes(n), raw[j : j + n], bytes(n)])),
                (j + n, raw[j : j + n] + raw[i + n : j] + raw[i : i + n]),
                (len(raw), other[rng.choice([i, j]) :]),
            ]
        )
        raw[i:until] = new
    return bytes(raw)


def mutate_photo(raw, rng):
    """Any photo damaged; of a PNG also the inside of one chunk, with a checksum that is right."""
    if raw[:4] != b"\x89PNG" or rng.random() < 0.4:
        return mutate(raw, rng, rng.choice(photos()), focus=64)
    chunks, at = [], 8
    while at < len(raw):
        size = int.from_bytes(raw[at : at + 4], "big")
        chunks.append((raw[at + 4 : at + 8], raw[at + 8 : at + 8 + size]))
        at += size + 12
    k = rng.randrange(len(chunks))
    kind, inside = chunks[k]
    packed = kind == b"IDAT"
    inside = mutate(zlib.decompress(inside) if packed else inside, rng)
    chunk = kind, zlib.compress(inside) if packed else inside
    chunks[k : k + 1] = [chunk] * rng.choice([1, 1, 1, 0, 2])
    return raw[:8] + b"".join(
        len(c).to_bytes(4, "big") + k + c + zlib.crc32(k + c).to_bytes(4, "big") for k, c in chunks
    )


# Cases: damaged files, and good ones around them, in a folder


def put_dataset(folder, rng):
    good, bad = rng.choice(halves()), rng.randrange(2)
    for k, name in enumerate(("train_a.h5", "test_a.h5")):
        raw = mutate(good[k], rng, rng.choice(halves())[k], focus=2500) if k == bad else good[k]
        (folder / name).write_bytes(raw)


def put_photo(folder, rng):
    (folder / "foto").write_bytes(mutate_photo(rng.choice(photos()), rng))


def put_model(folder, rng):
    path, raw = folder / "modelo.h5", saved_model()
    whole = rng.random() < 0.5
    path.write_bytes(mutate(raw, rng, halves()[0][0], focus=6000) if whole else raw)
    if not whole:  # its description alone: one word exchanged, or some bytes
        with h5py.File(path, "r+") as file:
            about = file["about"][0]
            a, b = rng.choice(list(re.finditer(rb"[\w.]+|\[[^]]*\]", about))).span()
            changed = about[:a] + rng.choice(TOKENS) + about[b:]
            del file["about"]
            file["about"] = np.array([rng.choice([changed, mutate(about, rng)]) or b" "])


def put_zip(folder, rng):
    """The halves in a zip or folder, damaged, and the hashes of the good ones."""
    good = dict(zip(("train_happy.h5", "test_happy.h5"), rng.choice(halves())))
    inside = dict(good)
    for name in rng.choice([[], ["train_happy.h5"], ["test_happy.h5"]]):
        inside[name] = mutate(good[name], rng, focus=2500)
    source = folder / "origen"
    hashes = {n: hashlib.sha1(b"blob %d\0" % len(raw) + raw).hexdigest() for n, raw in good.items()}
    (folder / "hashes.json").write_text(json.dumps(hashes))
    if rng.random() < 0.1:
        source.mkdir()
        return [(source / name).write_bytes(raw) for name, raw in inside.items()]
    with zipfile.ZipFile(source, "w", rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as z:
        for name, raw in inside.items():
            z.writestr(zipfile.ZipInfo(f"datos/{name}"), raw, z.compression)
    if inside == good or rng.random() < 0.2:  # backwards, for what it says of itself is at its end
        source.write_bytes(mutate(source.read_bytes()[::-1], rng, focus=250)[::-1])


def put_folder(folder, rng):
    share = rng.choice([0.3, 0.6, 1.0])
    for i, raw in enumerate(rng.sample(photos(), 6)):
        place = folder / "origen" / ("sonrie", "no_sonrie")[i % 2]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{i}.jpg").write_bytes(mutate_photo(raw, rng) if rng.random() < share else raw)
