"""What a model says of the faces in a photo, and why."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from helpers import faces, inspection
from helpers.photos import load_photo

_SIDE = 1600  # pixels, of the photo in which faces are looked for
FACES_NUMBERED = 8  # of a photo, the largest
_COVER, _STEP = 16 / 64, 12 / 64  # of the image's side; as large as a mouth, 25 places take 0.2 s
# The landmarks of images/ejemplo.jpg as faces.find_faces finds them, for whoever has no detector.
_POINTS = (133.7, 103.7), (175.3, 105.0), (153.0, 125.7), (133.4, 142.2), (169.8, 143.5)
EXAMPLE = [np.array(_POINTS)]


class Verdict(NamedTuple):
    """What a model says of the n faces in a photo: the k largest from left to right, then the rest."""

    photo: np.ndarray  # (h, w, 3) uint8, upright
    frames: np.ndarray  # (n, 4, 2): corners (x, y) in the photo of what the model was shown
    seen: np.ndarray  # (n, 64, 64, 3) uint8
    probabilities: np.ndarray  # (n,)
    given: np.ndarray  # (k, 64, 64, 3) uint8: what its networks are given of it
    reasons: np.ndarray  # (k, 64, 64): how far each place moved the log-odds towards class 1
    note: str  # what else is to be known: turned, cut off by the rim, judged without a detector


def judge_photo(model, source, landmarks=None, explain=True):
    """Return a ``Verdict`` on each face of a photo; ``source`` and DataError as in ``load_photo``.

    model: as ``model.Model``; if not ``aligned``, or where no detector is installed, it judges the
    central square instead. landmarks: of the faces, list of (5, 2) as from ``faces.find_faces``,
    where they are known. explain: with reasons. Raises ValueError for no model with an origin.
    """
    check_origin(model)
    photo, note = load_photo(source, _SIDE, crop=False), ""
    try:
        found = landmarks or faces.find_faces(photo) if model.aligned else None
    except faces.NoDetector as problem:
        found, note = None, str(problem)
    if found is None:
        h, w, _ = photo.shape
        square = min(h, w) * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
        frames = [(np.array([w, h]) + square) / 2]
        seen = [load_photo(source, model.size)]
    else:
        photo, found, note = _from_left_to_right(photo, found)
        frames = [faces.corners(landmarks) for landmarks in found]
        seen = [faces.align(photo, landmarks, model.size) for landmarks in found]
    probabilities = model.predict_proba(np.array(seen))[0] if seen else np.array([])
    given = model.given(np.array(seen[:FACES_NUMBERED])) if seen else np.array([])
    reasons = np.array([_reasons(model, image) for image in seen[: explain * FACES_NUMBERED]])
    return Verdict(photo, np.array(frames), np.array(seen), probabilities, given, reasons, note)


def check_origin(model):
    """Raise ValueError, with what to do, unless ``model`` is a ``model.Model`` with an origin."""
    if getattr(model, "origin", None) is None:
        raise ValueError(
            f"Recibí {type(model).__name__}; esperaba un modelo, como los de model.load_model y "
            "model.train, con su origen: qué clases conoce y si espera las caras en su lugar. Dáselo "
            "antes: modelo.origin = model.Origin(datos.name, tuple(datos.classes), 0.0, 0.0, "
            "datos.aligned)"
        )


def _from_left_to_right(photo, found):
    """The photo upright, its faces in order, and what the reader should know of them."""
    note, turns = "", faces.quarter_turns(found[0]) if found else 0
    if turns:
        found = [faces.quarter_turn(landmarks, photo.shape, turns) for landmarks in found]
        photo = np.ascontiguousarray(np.rot90(photo, turns))
        note = f"La foto estaba {'de cabeza' if turns == 2 else 'de lado'}, y la enderecé. "
    found = sorted(found[:FACES_NUMBERED], key=lambda marks: marks[2, 0]) + found[FACES_NUMBERED:]
    h, w, _ = photo.shape
    outside = [np.any((marks < 0) | (marks > (w, h))) for marks in found[:FACES_NUMBERED]]
    cut = [str(number) for number, is_cut in enumerate(outside, 1) if is_cut]
    if cut:
        which = f"cara {', '.join(cut)}" if len(found) > 1 else "cara"
        note += f"Parte de la {which} queda fuera de la foto: su respuesta vale menos."
    return photo, found, note


def _reasons(model, image):
    """How far blurring moves the model's answer to ``image``, place by place, (h, w)."""
    cover, step = round(_COVER * len(image)), round(_STEP * len(image))
    blurred = ndimage.gaussian_filter(image, (step, step, 0))
    falls = inspection.occlusion_map(model.predict_proba, image, blurred, cover, step)
    return ndimage.gaussian_filter(falls, step / 2)
