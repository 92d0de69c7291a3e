"""What load_photo reads as a viewer shows it, and what it refuses, with the true reason."""

import io
import itertools
import re
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image, ImageCms, PngImagePlugin, TiffImagePlugin, TiffTags

from helpers import photos
from helpers.data import DataError, load_photo

RED, GREEN, BLUE, WHITE = "#ff0000", "#00ff00", "#0000ff", "#ffffff"


def file_of(image, format="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def corners(width=64, height=64):
    """Red, green, blue and white, clockwise from the upper left."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (width // 2, height // 2, width, height))
    image.paste(WHITE, (0, height // 2, width // 2, height))
    return image


def even(color, mode="RGB"):
    return Image.new(mode, (9, 9), color)


def palette(*color):
    image = even(1, "P")
    image.putpalette([0, 0, 0, *color])
    return image


def assert_same(source, other):
    """Both are read, and to the same pixels."""
    np.testing.assert_array_equal(load_photo(source), load_photo(other))


def directory(tags, kinds=()):
    """A TIFF file of these tags alone; ``kinds``: tag → type, where it is not the tag's own."""
    stream, found = io.BytesIO(), TiffImagePlugin.ImageFileDirectory_v2()
    found.tagtype.update(kinds)
    for tag, value in tags.items():
        found[tag] = value
    found.save(stream)
    return stream.getvalue()


def exif(orientation, tags=(), kinds=()):
    return b"Exif\0\0" + directory({0x0112: orientation, **dict(tags)}, kinds)


# By EXIF's definition: how an upright picture is stored under each orientation.
STORED = "FLIP_LEFT_RIGHT ROTATE_180 FLIP_TOP_BOTTOM TRANSPOSE ROTATE_90 TRANSVERSE ROTATE_270"
STORED = {i: Image.Transpose[name] for i, name in enumerate(STORED.split(), start=2)}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", [1, *STORED])
def test_orientation(orientation, format):
    stored = corners(96, 64)
    if orientation > 1:
        stored = stored.transpose(STORED[orientation])
    photo = load_photo(file_of(stored, format, exif=exif(orientation)))
    found = photo[[8, 8, 56, 56], [8, 56, 56, 8]]
    colors = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)])
    assert np.abs(found - colors).max() < 20


def test_crops_the_middle():
    image = Image.new("RGB", (300, 100), RED)
    image.paste(GREEN, (100, 0, 200, 100))
    for photo in map(load_photo, (image, image.transpose(Image.Transpose.ROTATE_90))):
        assert (photo[3:-3, 3:-3] == (0, 255, 0)).all()  # Lanczos looks 3 pixels beyond the edge


def test_reduces_without_aliasing():
    photo = load_photo(np.tile(np.array([0, 255], np.uint8), (256, 128)))
    assert np.abs(photo[:, 4:-4].astype(int) - 127).max() <= 6


def test_transparent_colors_do_not_bleed():
    image = Image.new("RGBA", (512, 512), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 256, 512))
    photo = load_photo(file_of(image)).astype(int)
    assert (photo[:, :, 0] <= photo[:, :, 1] + 3).all()  # red would show between blue and white


def test_sources_and_size(tmp_path):
    raw, path = file_of(corners(), "JPEG"), tmp_path / "mi niña.jpg"
    path.write_bytes(raw)
    expected, stream = load_photo(raw, size=20), io.BytesIO(raw)
    assert expected.shape == (20, 20, 3)
    with open(path, "rb") as file:
        for source in [path, str(path), bytearray(raw), memoryview(raw), file, stream, stream]:
            np.testing.assert_array_equal(load_photo(source, size=20), expected)
        assert not file.closed and not stream.closed
    path.unlink()  # on Windows this fails while the file is open
    for size in [0, 2.5]:
        with pytest.raises(DataError, match=f"size={size!r}"):
            load_photo(raw, size)


@pytest.mark.parametrize("side", [10_000, 60_000])  # Pillow warns of the first, refuses the second
def test_decompression_bombs(side):
    before, limit = list(warnings.filters), Image.MAX_IMAGE_PIXELS
    with pytest.raises(DataError, match="demasiado grande; esperaba a lo más 89,478,485 píxeles"):
        load_photo(png(side, 1, 0, b"", height=side))
    assert (list(warnings.filters), Image.MAX_IMAGE_PIXELS) == (before, limit)


def tiff(width, height, bits, photometric, pixels, tags=(), kinds=()):
    """An unpacked TIFF; ``bits`` of each sample of a pixel."""
    layout = {256: width, 257: height, 258: bits, 262: photometric, 277: len(bits)}
    layout |= {273: 0, 279: len(pixels)}  # where they begin, counted from the directory's end
    return directory({**layout, **dict(tags)}, kinds) + pixels


def png(width, bits, color, row, *chunks, height=1):
    """A PNG one pixel high, with other chunks before its pixels."""
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    chunks = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(b"\0" + row)), (b"IEND", b"")]
    stream = io.BytesIO()
    stream.write(b"\x89PNG\r\n\x1a\n")
    for kind, content in chunks:
        PngImagePlugin.putchunk(stream, kind, content)
    return stream.getvalue()


SIGNED = {339: 2}
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
PHOTO = file_of(corners())


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "No reconozco una imagen.*vacía"),
        (b"esto es una nota", "No reconozco una imagen.*HEIC"),
        (PHOTO[:-30], "dañada o incompleta"),
        (file_of(Image.new("F", (9, 9)), "TIFF"), "modo F"),
        (EPS, "EPS es un dibujo"),
        (tiff(1, 1, [16], 1, b"\xff\xff", SIGNED), "modo I"),
        (tiff(1, 1, [8], 1, b"\xff", SIGNED), "números con signo"),
        (tiff(1, 1, [24], 1, bytes(3)), "No reconozco"),
        (png(1, 16, 2, bytes(6), (b"tRNS", bytes(6))), "16 bits"),
    ],
)
def test_no_photos(tmp_path, monkeypatch, raw, message):
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_, **__: pytest.exit("it ran gs"))
    path = tmp_path / "foto ñ.jpg"
    path.write_bytes(raw)
    with pytest.raises(DataError, match=message) as caught:
        load_photo(path)
    assert f"«{path}»" in str(caught.value)


BROKEN_TAGS = {
    "no resolution": (282, TiffTags.SIGNED_RATIONAL, TiffImagePlugin.IFDRational(-1, 0)),
    "resolution as text": (282, TiffTags.ASCII, "72dpi"),
    "resolution as bytes": (282, TiffTags.UNDEFINED, b"\1\2\3\4\5"),
    "interoperability as text": (0xA005, TiffTags.ASCII, "R98ab"),
    "more tags as text": (0x8769, TiffTags.ASCII, "R98ab"),
    "more tags far away": (0x8769, TiffTags.LONG, 2**31),
    "places as text": (0x8825, TiffTags.ASCII, "R98ab"),
}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(("tag", "kind", "value"), BROKEN_TAGS.values(), ids=BROKEN_TAGS.keys())
def test_turns_beside_a_broken_tag(format, tag, kind, value):
    stored, broken = corners(96, 64).transpose(STORED[6]), exif(6, {tag: value}, {tag: kind})
    raw, expected = (file_of(stored, format, exif=tags) for tags in (broken, exif(6)))
    assert_same(raw, expected)


@pytest.mark.parametrize(("tag", "kind", "value"), list(BROKEN_TAGS.values())[:3])
def test_turns_a_tiff_beside_a_broken_tag(tag, kind, value):
    raw = tiff(2, 2, [8], 1, bytes([255, 9, 255, 9]), {0x0112: 6, tag: value}, {tag: kind})
    assert_same(raw, np.array([[255, 255], [9, 9]], np.uint8))  # what was left is above


def test_an_orientation_that_is_none_turns_nothing():
    """Of broken EXIF Pillow warns, in English, of what no reader of the notebook can mend."""
    kinds = ("6", TiffTags.ASCII), (9, TiffTags.SHORT), (b"\6", TiffTags.UNDEFINED)
    tags = [exif(value, kinds={0x0112: kind}) for value, kind in kinds]
    for broken in (*tags, exif(6)[:14] + b"\5\0"):
        assert_same(file_of(corners(), exif=broken), PHOTO)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_xmp_alone_turns_nothing(format):
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r tiff:Orientation="6"/></x:xmpmeta>'
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", xmp.decode())
    options = {"WEBP": {"xmp": xmp}, "PNG": {"pnginfo": texts}, "TIFF": {"tiffinfo": {700: xmp}}}
    raw = file_of(corners(), format, **options.get(format, {}))
    if format == "JPEG":  # older Pillow does not write it there
        segment = b"http://ns.adobe.com/xap/1.0/\0" + xmp
        raw = raw[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + raw[2:]
    assert b"Orientation" in raw
    assert_same(raw, file_of(corners(), format))


COLORS = {  # a file of one even color, and the color
    "grey": (file_of(even(77, "L")), 77),
    "black or white": (file_of(even(1, "1")), 255),
    "inks in JPEG": (file_of(even((0, 255, 255, 0), "CMYK"), "JPEG"), [255, 0, 0]),
    "inks in TIFF": (file_of(even((0, 0, 0, 155), "CMYK"), "TIFF"), 100),
    "grey that is not there": (file_of(even((0, 0), "LA")), 255),
    "half there": (file_of(even((0, 0, 255, 128), "RGBA")), [127, 127, 255]),
    "key": (file_of(even(RED), transparency=(255, 0, 0)), 255),
    "palette": (file_of(palette(9, 99, 199)), [9, 99, 199]),
    "key of a palette": (file_of(palette(9, 99, 199), transparency=1), 255),
    "half there in a palette": (file_of(palette(0, 0, 0), transparency=b"\xff\x80"), 127),
    "key in GIF": (file_of(palette(0, 0, 0), "GIF", transparency=1), 255),
    "first of a film": (file_of(even(GREEN), "GIF", save_all=True, append_images=[even(RED)]), [0, 255, 0]),
    "16 bits": (png(1, 16, 0, b"\x80\0"), 128),
    "16 bits in TIFF": (tiff(1, 1, [16], 1, b"\x64\x64"), 100),
    "16 bits in PGM": (b"P5 1 1 65535\n\x80\x00", 128),
    "white is zero, 16 bits": (tiff(1, 1, [16], 0, b"\x60\xea"), 21),
    "12 bits": (tiff(2, 1, [12], 1, bytes([0x80, 0x08, 0x00])), 128),
    "key of 1 bit": (png(1, 1, 0, b"\x80", (b"tRNS", b"\0\1")), 255),
    "key of 2 bits": (png(1, 2, 0, b"\x40", (b"tRNS", b"\0\1")), 255),
    "key of 4 bits": (png(1, 4, 0, b"\x20", (b"tRNS", b"\0\2")), 255),
    "key with a bit too many": (png(1, 4, 0, b"\x10", (b"tRNS", b"\0\x11")), 255),
    "key of 16 bits": (png(1, 16, 0, b"\x12\x34", (b"tRNS", b"\x12\x34")), 255),
    "near the key of 16 bits": (png(1, 16, 0, b"\x12\x35", (b"tRNS", b"\x12\x34")), 18),
    "opaque for TGA": (
        file_of(even((10, 200, 30, 7), "RGBA"), "TGA").replace(b"\x20\x08", b"\x20\0", 1),
        [10, 200, 30],
    ),
    "empty in TIFF": (tiff(1, 1, [8] * 4, 2, b"\x0a\xc8\x1e\0"), [10, 200, 30]),
    "empty in grey TIFF": (tiff(1, 1, [8] * 2, 1, b"\x64\0", {338: 2}), 100),
    "opacity in TIFF": (tiff(1, 1, [8] * 4, 2, b"\0\0\xff\x80", {338: 2}), [127, 127, 255]),
    "weighed in TIFF": (tiff(1, 1, [8] * 4, 2, b"\x32\x32\x32\x80", {338: 1}), 177),
    "empty in BMP": (
        b"BM" + struct.pack("<IHHI", 142, 0, 0, 138) + struct.pack("<IiiHHII", 124, 1, 1, 1, 32, 3, 4)
        + bytes(16) + struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + bytes(68)
        + bytes([30, 200, 10, 0]),
        [10, 200, 30],
    ),
    "a selection in PSD": (
        b"8BPS" + struct.pack(">H6xHIIHH12xH", 1, 4, 1, 1, 8, 3, 0) + bytes([10, 200, 30, 0]),
        [10, 200, 30],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "color"), COLORS.values(), ids=COLORS.keys())
def test_colors_of_every_mode(raw, color):
    photo = load_photo(raw)
    assert photo.shape == (64, 64, 3)
    assert photo.dtype == np.uint8
    assert np.abs(photo - np.array(color)).max() <= 2


# Whose numbers are the light itself: sRGB's own profile but for its curve, and with one for grey alone.
LIGHT = struct.pack(">4s4xIH", b"curv", 1, 256)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LINEAR = re.sub(rb"para.{28}", LIGHT.ljust(32, b"\0"), SRGB, flags=re.DOTALL)
GREY = LINEAR.replace(b"RGB ", b"GRAY").replace(b"rTRC", b"kTRC")
FACE = (180, 120, 100)


def assert_was_light(photo, color):
    """By sRGB's definition."""
    expected = 255 * (1.055 * (np.array(color) / 255) ** (1 / 2.4) - 0.055)
    assert np.abs(photo - expected).max() <= 2


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_profiles_are_heeded(format):
    options = {"JPEG": {"quality": 100}, "WEBP": {"lossless": True}}.get(format, {})
    raw = file_of(even(FACE), format, icc_profile=LINEAR, **options)
    assert_was_light(load_photo(raw), FACE)


def test_profiles_of_other_modes():
    for image, profile, color in [
        (palette(*FACE), LINEAR, FACE),
        (even(120, "L"), LINEAR, 120),
        (even((*FACE, 0), "RGBA"), LINEAR, 255),
        (even(55, "L"), GREY, 55),
        (even((55, 255), "LA"), GREY, 55),
    ]:
        assert_was_light(load_photo(file_of(image, icc_profile=profile)), color)


def test_cmyk_profiles():
    """One whose black alone is seen."""
    lut = struct.pack(">4s4xBBBx9i", b"mft1", 4, 3, 2, 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    lut += bytes(range(256)) * 4 + bytes([255, 128, 128, 0, 128, 128]) * 8 + bytes(range(256)) * 3
    parts = 144 + len(lut), 0, 0x02400000, b"prtr", b"CMYK", b"Lab ", b"acsp", 63190, 65536, 54061
    head = struct.pack(">3I4s4s4s12x4s28x3i", *parts).ljust(128, b"\0")
    profile = head + struct.pack(">I4sII", 1, b"A2B0", 144, len(lut)) + lut
    raw = file_of(even((255, 255, 0, 128), "CMYK"), "JPEG", icc_profile=profile)
    assert np.abs(load_photo(raw) - 119.0).max() <= 3  # L* = 50


def test_broken_profiles_and_those_of_others_are_ignored():
    broken = LINEAR.replace(b"rXYZ", b"none")
    for mode, profile in ("RGB", b"nada"), ("RGB", GREY), ("RGB", broken), ("CMYK", LINEAR):
        image = even(FACE).convert(mode)
        assert_same(file_of(image, "JPEG", icc_profile=profile), file_of(image, "JPEG"))


@pytest.mark.parametrize("shape", [(3, 5000), (5000, 1), (1, 1)])
def test_extreme_shapes(shape):
    raw = file_of(Image.new("RGB", shape, (9, 99, 199)))
    for crop in (True, False):
        photo = load_photo(raw, crop=crop)
        assert (photo == (9, 99, 199)).all() and photo.size
    assert load_photo(raw).shape == (64, 64, 3)


@pytest.mark.parametrize(("size", "shape"), [(50, (25, 50, 3)), (1600, (100, 200, 3))])
def test_whole_photos_are_bounded_and_not_enlarged(size, shape):
    raw = file_of(corners(200, 100).transpose(STORED[6]), exif=exif(6))
    photo = load_photo(raw, size, crop=False)
    assert photo.shape == shape
    assert (photo[3, 3] == (255, 0, 0)).all()


def test_large_jpegs_are_not_unpacked_whole(monkeypatch):
    sizes, load = [], photos._loaded
    monkeypatch.setattr(photos, "_loaded", lambda image: sizes.append(image.size) or load(image))
    raw = file_of(corners(4000, 3000), "JPEG")
    for size, crop in [(64, True), (400, False), (1600, False)]:
        load_photo(raw, size, crop)
    assert sizes == [(1000, 750), (2000, 1500), (4000, 3000)]


def test_png_texts_and_profiles_of_any_honest_size():
    limits = PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY
    texts = PngImagePlugin.PngInfo()
    texts.add_text("nota", "a" * 2**21, zip=True)
    for i in range(70):
        texts.add_text(f"nota {i}", "a" * 2**20)
    raw = file_of(corners(), pnginfo=texts, icc_profile=LINEAR + bytes(2**21))
    assert_same(raw, file_of(corners(), icc_profile=LINEAR))
    assert limits == (PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY)


NOISE = Image.fromarray(np.random.RandomState(0).randint(0, 256, (50, 70, 3), np.uint8))
DARK = Image.new("RGB", (64, 64))
DARK.paste("white", (0, 48, 64, 64))
MODES = [NOISE, NOISE.convert("L"), NOISE.convert("CMYK")]
OPTIONS = [{}, {"progressive": True}, {"subsampling": 0}]


@pytest.mark.parametrize(("image", "options"), [(DARK, {}), *itertools.product(MODES, OPTIONS)])
def test_a_jpeg_without_its_last_bytes(image, options):
    raw = file_of(image, "JPEG", **options)
    assert_same(raw[:-2], raw)
    # The last byte of all may hold nothing to see: bits that only fill it.
    for missing in (4 if "progressive" in options else 3, 10, 100, len(raw) // 2):
        with pytest.raises(DataError, match="dañada o incompleta"):
            load_photo(raw[:-missing])


def test_what_pillow_said_of_a_broken_jpeg_is_told():
    raw = file_of(NOISE, "JPEG")
    at = raw.index(b"\xff\xc4") + 5  # in the codes' table
    with pytest.raises(DataError, match=r"Detalle: OSError: broken data stream"):
        load_photo(raw[:at] + b"\xff" * 16 + raw[at + 16 :])


def test_pillow_images_and_arrays():
    raw = file_of(corners(), exif=exif(6))
    with Image.open(io.BytesIO(raw)) as image:
        for _ in range(2):  # and it is as it was
            assert_same(image, raw)
        assert image.getexif()[0x0112] == 6
    assert_same(load_photo(raw), raw)
    assert (load_photo(np.full((9, 9), 77, np.uint8)) == 77).all()


def test_names_what_is_no_photo(tmp_path):
    for source, found in [
        (np.ones((9, 9, 3)), r"Recibí un arreglo float64 de forma \(9, 9, 3\).*; esperaba la ruta"),
        (np.ones((0, 9, 3), np.uint8), r"\(0, 9, 3\)"),
        (io.StringIO("texto"), "StringIO"),
        (tmp_path, "Encontré una carpeta"),
        (tmp_path / "nada.jpg", r"No existe «.*nada\.jpg»"),
        ("a\0b", "a"),
    ]:
        with pytest.raises(DataError, match=found):
            load_photo(source)
