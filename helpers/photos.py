"""One photo in, an array out: upright, in sRGB, on white, small."""

import io
import os
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps, PngImagePlugin, UnidentifiedImageError
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, SAMPLEFORMAT

from helpers.files import DataError, reason

with suppress(ImportError):  # optional: the photos of an iPhone
    from pillow_heif import register_heif_opener

    register_heif_opener()

_BYTES = bytes | bytearray | memoryview
_PROFILED = {"RGB ": ("RGB", "L"), "GRAY": ("L",), "CMYK": ("CMYK",)}  # the modes of each
# Whose programs often leave the fourth channel empty: where it would hide the whole photo, it is none.
_ALPHA_MAY_BE_NONE = ("BMP", "CUR", "DDS", "DIB", "ICO", "JPEG2000", "SGI", "TGA", "TIFF")


def load_photo(source, size=64, crop=True):
    """Read any photo as the network sees it: upright, in sRGB, on white, its central square, small.

    source: path, bytes or binary file object (left open), in any format that Pillow reads; or a
        Pillow image, or an array that makes one.
    crop: without it the photo stays whole: at most ``size`` wide and high, never enlarged.

    Returns (size, size, 3) uint8, RGB; (h, w, 3) without crop. Raises DataError for what is no
    photo, is damaged, can't be shown as it was meant, or has more pixels than Pillow takes for safe.
    """
    if not isinstance(size, int) or size < 1:
        raise DataError(f"size={size!r} no sirve: esperaba un entero positivo, el lado en píxeles.")
    with pillow_warnings():
        return read_photo(source, size, crop)


@contextmanager
def pillow_warnings():
    """Pillow as ``read_photo`` wants it; what is set belongs to the process, not to a thread."""
    limits = PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Up to twice its pixel limit Pillow only warns; here the limit is the limit.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:  # in a PNG, texts and profiles beyond Pillow's 1 MiB are no reason to refuse the picture
            PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY = 2**26, 2**28
            yield
        finally:
            PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY = limits


def read_photo(source, size, crop=True):
    """Do what ``load_photo`` does, in any thread inside ``pillow_warnings``."""
    try:
        if isinstance(source, np.ndarray):
            return _reduced(Image.fromarray(source), size, crop)
        if isinstance(source, Image.Image):
            return _reduced(source, size, crop)
        with Image.open(io.BytesIO(source) if isinstance(source, _BYTES) else source) as image:
            # A JPEG need not be unpacked whole: at twice the size asked for, nothing is lost to see.
            image.draft(None, (2 * max(size, 256),) * 2)
            image.info.pop("xmp", None)  # Pillow would turn a TIFF by it, and browsers do not
            return _reduced(image, size, crop)
    except Exception as error:  # a damaged picture makes Pillow raise almost anything
        raise DataError(_problem(source, error)) from error


def _reduced(image, size, crop):
    if image.format in ("EPS", "WMF"):  # Pillow would start another program to draw these
        raise NotImplementedError(f"{image.format} es un dibujo, no una foto")
    if 0 in image.size:
        raise NotImplementedError("no tiene ni un píxel")
    has_alpha = _may_have_alpha(image)
    small = _eight_bits(_loaded(image), has_alpha)
    if crop:
        small = ImageOps.fit(small, (size, size), Image.Resampling.LANCZOS)
    else:
        small.thumbnail((size, size), Image.Resampling.LANCZOS, reducing_gap=None)
    # Turned by a tag of our own: Pillow would write all the photo's tags anew, and trip on broken ones.
    small.info = {}
    small.getexif()[ExifTags.Base.Orientation] = _orientation(image)
    small = ImageOps.exif_transpose(small)
    # Until here the colors are together with their opacity: Pillow weighs them by it when resizing.
    opacity = small.getchannel("A") if small.mode in ("LA", "RGBA") else None
    photo = Image.new("RGB", small.size, "white")
    photo.paste(_in_srgb(small, image.info.get("icc_profile")), mask=opacity)
    return np.array(photo)


def _loaded(image):
    """``image`` unpacked; a JPEG may lack its end marker, which every viewer forgives, but no more."""
    if image.format == "PNG" and image.tile and "transparency" in image.info:
        stored, key = image.tile[0][3], image.info["transparency"]
        if stored == "RGB;16B":
            raise NotImplementedError("vale por transparente un color de 16 bits, y se leen 8")
        if stored in ("1", "L;2", "L;4"):  # Pillow makes 8 bits of these tones, not of the key
            white = 2 ** int(stored[-1]) - 1
            image.info["transparency"] = (key & white) * 255 // white
    try:
        image.load()
    except OSError:
        if image.format not in ("JPEG", "MPO") or image.fp is None:
            raise
        image.fp.seek(0)
        raw = image.fp.read().rstrip(b"\xff")
        # What follows the last pixel is skipped; where pixels lack bits, it would stand for them.
        ends = b"\xff\xd9", b"\xaa" * 1024 + b"\xff\xd9"
        image, other = (Image.open(io.BytesIO(raw + end)) for end in ends)
        if image.tobytes() != other.tobytes():
            raise
    return image


def _may_have_alpha(image):
    """Whether an image just opened may have an opacity, by what its file says."""
    if image.format == "TGA" and image.fp:
        image.fp.seek(17)
        return image.fp.read(1)[0] & 0b1111 > 0  # how many bits of each pixel are opacity
    return image.format != "PSD"  # there a fourth channel is a selection; the colors stand on white


def _eight_bits(image, has_alpha):
    """A copy in mode L, LA, RGB, RGBA or CMYK; NotImplementedError if that would change its tones."""
    mode, tags = image.mode, image.tag_v2 if image.format == "TIFF" else {}
    if mode in ("F", "LAB") or (mode == "I" and image.format not in ("PNG", "PPM")):
        raise NotImplementedError(f"no sé qué tonos y colores son los de una imagen en modo {mode}")
    if set(tags.get(SAMPLEFORMAT, ())) - {1}:
        raise NotImplementedError("sus tonos son números con signo")
    if mode.startswith("I"):
        values = np.array(image)
        tones = (values >> tags.get(BITSPERSAMPLE, (16,))[0] - 8).astype(np.uint8)
        is_negative = tags.get(PHOTOMETRIC_INTERPRETATION) == 0  # Pillow sees to 8 bits alone
        grey = Image.fromarray(255 - tones if is_negative else tones)
        if "transparency" in image.info:
            opaque = values != image.info["transparency"]
            grey.putalpha(Image.fromarray(opaque.astype(np.uint8) * 255))
        return grey
    is_gray = mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        full = image.convert("LA" if is_gray else "RGBA")
        hides_all = image.format in _ALPHA_MAY_BE_NONE and full.getextrema()[-1][1] == 0
        if has_alpha and not hides_all:
            return full
        image = full
    return image.convert("L" if is_gray else "CMYK" if mode == "CMYK" else "RGB")


def _orientation(image):
    """How a camera was held, by EXIF; browsers, too, ignore what XMP says of it."""
    exif = Image.Exif()
    with suppress(Exception):  # broken EXIF makes Pillow raise almost anything, too
        exif.load(image.info.get("exif"))
        return exif[ExifTags.Base.Orientation]
    return 1


def _in_srgb(image, profile):
    """Its colors, RGB; a profile that is broken or not of this mode is ignored."""
    colors = image.convert({"LA": "L", "RGBA": "RGB"}.get(image.mode, image.mode))
    with suppress(OSError, TypeError, KeyError, ImageCms.PyCMSError):
        profile = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space, *others = _PROFILED[profile.profile.xcolor_space]
        if colors.mode in (space, *others):
            colors, srgb = colors.convert(space), ImageCms.createProfile("sRGB")
            return ImageCms.profileToProfile(colors, profile, srgb, outputMode="RGB")
    return colors.convert("RGB")


def _problem(source, error):
    is_path = isinstance(source, str | os.PathLike)
    is_file = hasattr(source, "read") and not isinstance(source, io.TextIOBase)
    name = f"«{source}»" if is_path else "la foto recibida"
    detail, save = f"(Detalle: {type(error).__name__}: {error})", "Ábrela en un editor de fotos y"
    as_jpg = f"{save} guárdala como JPG."
    if not (is_path or is_file or isinstance(source, _BYTES | Image.Image)):
        found = type(source).__name__
        if isinstance(source, np.ndarray):
            found = f"un arreglo {source.dtype} de forma {source.shape}"
        expected = "la ruta de una foto, sus bytes, un archivo binario abierto, una imagen de"
        return f"Recibí {found}; esperaba {expected} Pillow o un arreglo uint8 (alto, ancho, 3)."
    if isinstance(error, FileNotFoundError):
        return f"No existe {name}. Revisa el nombre y la carpeta; busqué desde {Path.cwd()}."
    if is_path and os.path.isdir(source):
        return f"Encontré una carpeta, {name}; esperaba el archivo de una foto."
    if isinstance(error, OSError) and error.errno:
        return f"No pude leer {name}: {reason(error)}"
    if isinstance(error, Image.DecompressionBombWarning | Image.DecompressionBombError):
        expected = f"esperaba a lo más {Image.MAX_IMAGE_PIXELS:,} píxeles"
        return f"No abrí {name}: es demasiado grande; {expected}. {save} redúcela. {detail}"
    if isinstance(error, NotImplementedError):
        return f"No sé leer {name} tal como es: {error}. {as_jpg}"
    if isinstance(error, UnidentifiedImageError):
        heic = "Si es HEIC, del iPhone, también puedes instalar el paquete pillow-heif."
        return f"No reconozco una imagen en {name}; ¿está vacía? {as_jpg} {heic}"
    return f"No pude leer {name}: puede estar dañada o incompleta. {as_jpg} {detail}"
