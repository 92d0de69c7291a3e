"""Draw "caras": people who do or don't smile at one front door, as 64x64 pixel photographs.

The photographs that the network was made for show people who cannot be handed on. The people here
do not exist: a small renderer in NumPy and Pillow draws them. A head is a sphere whose surface is
pushed in and out (nose, sockets, cheeks, hair) and painted (eyes, lips, beard); it is turned, lit
by a sun and a sky, and put before a garden much brighter than itself. Then a cheap camera looks at
it: exposure, glare, blur, noise.

    python -m helpers.faces

draws the two files of the data set anew. Lengths are in half head widths unless said otherwise;
x points right, y up and z to the camera; colours are linear light until the camera's last step.
"""

from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = 64  # pixels of an image's side
SCALE = 2  # everything is drawn this many times larger, then halved
CANVAS = SIZE * SCALE
MARGIN = 10 * SCALE  # how far garden and clothes go on beyond the frame
BEFORE = np.maximum(np.arange(SIZE) - 1, 0)  # neighbours of each row or column
AFTER = np.minimum(np.arange(SIZE) + 1, SIZE - 1)

# The head's surface: longitude in radians, 0 at the nose; height from -1, chin, to 1, crown.
ROWS, COLUMNS = 112, 200
VIEW = 106  # columns of the half that the camera sees
LON = ((np.arange(COLUMNS) - COLUMNS // 2) * 2 * np.pi / COLUMNS).astype(np.float32)
LATITUDE = np.linspace(np.pi / 2, -np.pi / 2, ROWS, dtype=np.float32)[:, None]
HEIGHT = np.sin(LATITUDE)
ROUND = np.maximum(np.cos(LATITUDE), 1e-4)
BROW_Y, EYE_Y, NOSE_Y, MOUTH_Y = 0.23, 0.04, -0.28, -0.57

# What makes somebody recognisable: each number is drawn evenly between these two.
LOOKS = {
    "head_width": (0.76, 0.87),
    "head_height": (1.06, 1.22),
    "jaw": (0.72, 0.95),
    "cheekbones": (0.00, 0.05),
    "nose_length": (0.15, 0.25),
    "nose_width": (0.09, 0.14),
    "brow_ridge": (0.01, 0.05),
    "brow_weight": (0.6, 1.0),
    "eye_lon": (0.42, 0.50),
    "eye_size": (0.85, 1.15),
    "mouth_width": (0.50, 0.58),
    "lips": (0.7, 1.3),
    "melanin": (0.0, 1.0),
    "redness": (-1.0, 1.0),
    "hairline": (0.55, 0.74),
    "hair_top": (0.08, 0.28),
    "hair_side": (0.03, 0.10),
    "hair_colour": (0.0, 1.0),
    "hair_curl": (0.005, 0.04),
    "hair_length": (1.5, 2.4),
    "parting": (-0.15, 0.15),
    "shoulders": (1.0, 1.3),
    "neckline": (0.2, 1.0),
    "place_x": (-1.0, 1.0),  # pixels
    "place_y": (-0.8, 0.8),
    "head_size": (18.5, 21.6),
    "garden_x": (-1.5, 1.5),
    "garden_y": (-0.8, 0.8),
    "usual_darkness": (-0.1, 0.1),
    "sun_side": (-0.7, 0.7),
}
FAIR, DARK = np.array([[0.70, 0.47, 0.36], [0.17, 0.085, 0.05]])
BLACK_HAIR, BROWN_HAIR = np.array([[0.012, 0.010, 0.010], [0.075, 0.044, 0.026]])

# Share of the photographs; ranges of: smile, mouth opening, teeth, eyes, brows, pucker.
SMILES = {
    "closed": (0.07, (0.8, 1.0), (0.0, 0.06), (0.8, 1.0), (0.40, 0.85), (-0.3, 0.3), (0.0, 0.0)),
    "teeth": (0.53, (0.8, 1.0), (0.30, 0.55), (0.8, 1.0), (0.40, 0.85), (-0.3, 0.3), (0.0, 0.0)),
    "laugh": (0.40, (0.8, 1.0), (0.50, 0.85), (0.8, 1.0), (0.35, 0.75), (0.0, 0.6), (0.0, 0.0)),
}
OTHERS = {
    "calm": (0.24, (-0.25, 0.1), (0.0, 0.05), (0.0, 0.0), (0.75, 1.1), (-0.3, 0.3), (0.0, 0.0)),
    "stern": (0.14, (-0.6, -0.2), (0.0, 0.05), (0.0, 0.0), (0.7, 1.0), (-1.0, -0.4), (0.0, 0.0)),
    "talk": (0.22, (-0.25, 0.1), (0.12, 0.5), (0.0, 0.2), (0.75, 1.1), (-0.3, 0.3), (0.0, 0.5)),
    "surprise": (0.14, (-0.2, 0.1), (0.4, 0.8), (0.0, 0.3), (1.2, 1.3), (0.7, 1.2), (0.2, 0.6)),
    "yawn": (0.10, (-0.25, 0.1), (0.75, 1.0), (0.0, 0.0), (0.0, 0.2), (-0.3, 0.4), (0.1, 0.4)),
    "pout": (0.06, (-0.3, 0.0), (0.0, 0.05), (0.0, 0.0), (0.7, 1.1), (-0.3, 0.3), (0.5, 0.9)),
    "squint": (0.10, (-0.25, 0.1), (0.0, 0.05), (0.0, 0.0), (0.2, 0.4), (-0.8, -0.2), (0.0, 0.0)),
}
BLINKS = 0.05  # share of photographs with the eyes shut

# How much photographs vary, as standard deviations: yaw, pitch and tilt in degrees, shifts of the
# head and of the garden in pixels. These and the incidents decide how hard the data set is.
ANGLES, SHIFT, GARDEN_SHIFT = np.array([5.0, 2.3, 1.8]), 0.6, 0.7
# Share of the photographs in which somebody looks away, stands badly, or has the light behind.
LOOKS_AWAY, STANDS_BADLY, AGAINST_THE_LIGHT = 0.03, 0.02, 0.06

FILES = {"train": (600, 11), "test": (150, 12)}  # images and seed of each
N_PEOPLE, PEOPLE_SEED = 6, 10


def draw_people(n_people, seed):
    """Invent people, for ``draw_faces``: their looks, clothes and where they usually stand.

    Looks come from continuous ranges (``LOOKS``), so no two are alike. The same seed gives the same
    people, and the first k of n are those that ``n_people=k`` gives.

    Raises ``ValueError`` if ``n_people`` is no whole number or less than 1.
    """
    _check_count("n_people", n_people)
    rng = np.random.RandomState(seed)
    return [_draw_person(np.random.RandomState(rng.randint(2**31 - 1))) for _ in range(n_people)]


def draw_faces(m, people, seed):
    """Draw m photographs of these people: as many smile as do not, all as often as each other.

    Returns images (m, 64, 64, 3) uint8; labels (1, m) int64, 1 where the person smiles; and what
    was drawn, a dict of (m,) arrays: ``person`` (index into ``people``), ``mouth_opening`` (0..1),
    ``yaw`` (degrees, positive where the nose points to the picture's right), ``tilt`` (degrees,
    positive where the crown leans to its left), ``darkness`` (0..1, how far the camera exposed for
    the garden instead of the face), ``shift_x`` and ``shift_y`` (pixels to the right and down).
    The same seed and people give the same photographs.

    Raises ``ValueError`` if ``m`` is no whole number or less than 1, or ``people`` is empty.
    """
    _check_count("m", m)
    if len(people) == 0:
        raise ValueError("people: se recibió una lista vacía; se esperaba al menos una persona.")
    rng = np.random.RandomState(seed)
    person = rng.permutation(np.arange(m, dtype=np.int64) % len(people))
    labels = rng.permutation(np.arange(m, dtype=np.int64) % 2)
    layers = {k: _layers(people[k]) for k in np.unique(person)}
    drawn = [_draw_face(rng, people[k], layers[k], bool(y)) for k, y in zip(person, labels)]
    attributes = {"person": person}
    for name in drawn[0][1]:
        attributes[name] = np.array([values[name] for _, values in drawn], np.float64)
    return np.stack([image for image, _ in drawn]), labels[None], attributes


def write_files(folder):
    """Draw the data set "caras" anew and write its two files to ``folder``."""
    people = draw_people(N_PEOPLE, PEOPLE_SEED)
    for split, (m, seed) in FILES.items():
        images, labels, attributes = draw_faces(m, people, seed)
        with h5py.File(Path(folder) / f"{split}_caras.h5", "w") as file:
            file.create_dataset(
                f"{split}_set_x",
                data=images,
                chunks=(m, 4, 4, 3),  # the same patch of all images: much of it alike
                compression="gzip",
                compression_opts=9,
            )
            file[f"{split}_set_y"] = labels[0]
            file["list_classes"] = np.array([0, 1], np.int64)
            for name, values in attributes.items():
                file[f"{split}_set_{name}"] = values


def _check_count(name, value):
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(
            f"{name}: se esperaba un entero mayor o igual que 1; se recibió {value!r}."
        )


# ------------------------------------------------------------------ small tools


def _ramp(x):
    """Rise softly from 0 (x <= -1) to 1 (x >= 1)."""
    t = np.clip(0.5 + 0.5 * x, 0, 1)
    return t * t * (3 - 2 * t)


def _bump(x, centre, width):
    """Rise to 1 at the centre and fall off to both sides, as a Gaussian."""
    return np.exp(-(((x - centre) / width) ** 2))


def _mix(a, b, share):
    """Blend colours: a (..., 3) where share (...,) is 0, b where it is 1."""
    return a + (b - a) * share[..., None]


def _colour(*rgb):
    return np.array(rgb, np.float32)


def _noise(rng, shape, cells):
    """Smooth noise (h, w) of about unit size, with cells = (rows, columns) of detail."""
    coarse = Image.fromarray(rng.standard_normal(cells).astype(np.float32))
    return np.asarray(coarse.resize(shape[::-1], Image.Resampling.BICUBIC))


def _area(points, side, blur):
    """Cover (side, side), 0..1, of a polygon of (x, y) pixels with a soft edge."""
    image = Image.new("L", (side, side), 0)
    ImageDraw.Draw(image).polygon([tuple(map(float, point)) for point in points], fill=255)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(blur)), np.float32) / 255


# ------------------------------------------------------------------ people


def _draw_person(rng):
    p = SimpleNamespace(**{name: rng.uniform(*ends) for name, ends in LOOKS.items()})
    p.woman = bool(rng.uniform() < 0.45)
    p.long_hair = bool(rng.uniform() < (0.85 if p.woman else 0.07))
    p.glasses = bool(rng.uniform() < 0.25)
    p.jaw -= 0.12 * p.woman
    beard = float(rng.choice([0.15, 0.45, 0.8, 1.0])) * rng.uniform(0.7, 1.1)
    moustache = beard if rng.uniform() < 0.7 else rng.uniform(0, 0.9)
    p.beard, p.moustache = (0.0, 0.0) if p.woman else (beard, moustache)
    tint = np.array([1 + 0.06 * p.redness, 1, 1 - 0.06 * p.redness])
    p.skin = _colour(*(FAIR * (DARK / FAIR) ** (0.05 + 0.62 * p.melanin) * tint))
    p.hair = _colour(*(BLACK_HAIR + (BROWN_HAIR - BLACK_HAIR) * p.hair_colour**2))
    # Most clothes are dark; some are three to six times lighter.
    lightness = rng.uniform(0.015, 0.09) * (rng.uniform(3, 6) if rng.uniform() < 0.25 else 1)
    p.cloth = _colour(*(lightness * rng.uniform(0.75, 1.3, 3)))
    p.texture_seed = rng.randint(2**31 - 1)
    return p


def _draw_moment(rng, p):
    """Pose, place, light and camera of one photograph."""
    v = SimpleNamespace()
    v.yaw, v.pitch, v.tilt = ANGLES * rng.normal(0, 1, 3)
    v.shift_x, v.shift_y = [p.place_x, p.place_y] + SHIFT * rng.normal(0, 1, 2)
    v.darkness = 0.55 * rng.beta(1.3, 2.6) + p.usual_darkness
    if rng.uniform() < LOOKS_AWAY:
        v.yaw += rng.choice([-1, 1]) * rng.uniform(12, 40)
    if rng.uniform() < STANDS_BADLY:
        v.tilt += rng.choice([-1, 1]) * rng.uniform(4, 14)
        v.shift_x, v.shift_y = [v.shift_x, v.shift_y] + rng.normal(0, 2.5, 2)
    if rng.uniform() < AGAINST_THE_LIGHT:
        v.darkness += rng.uniform(0.3, 0.6)
    v.darkness = float(np.clip(v.darkness, 0, 1))
    v.size = SCALE * p.head_size * (1 + 0.03 * rng.normal())
    # Glare needs a bright face before the garden, not a camera that closed its iris.
    v.haze = 0.004 + 0.15 * rng.beta(0.6, 5) * (1 - v.darkness)
    v.garden = np.clip([p.garden_x, p.garden_y] + GARDEN_SHIFT * rng.normal(0, 1, 2), -9, 9)
    sun = np.array([p.sun_side + rng.uniform(-0.4, 0.4), 0.55, 0.55], np.float32)
    v.sun = sun / np.sqrt((sun * sun).sum())
    v.sunlight, v.skylight = rng.uniform(0.45, 1.2), rng.uniform(0.32, 0.5)
    v.rim = rng.uniform(0.1, 0.6)  # what the bright garden adds at the head's outline
    return v


def _draw_expression(rng, smiling):
    kinds = SMILES if smiling else OTHERS
    kind = rng.choice(list(kinds), p=[share for share, *_ in kinds.values()])
    names = ("smile", "opening", "teeth", "eyes", "brows", "pucker")
    e = SimpleNamespace(
        **{name: rng.uniform(*ends) for name, ends in zip(names, kinds[kind][1:], strict=True)}
    )
    e.lift = max(e.smile, 0.0)
    e.gaze = rng.uniform(-1, 1)
    if rng.uniform() < BLINKS:
        e.eyes = 0.05
    return e


# ------------------------------------------------------------------ what no expression changes


def _layers(p):
    """Draw what all photographs of a person share."""
    return SimpleNamespace(
        head=_head_layer(p), body=_body_layer(p), hair=_hair_layer(p) if p.long_hair else None
    )


def _head_layer(p):
    """Relief (ROWS, COLUMNS) and colours (ROWS, COLUMNS, 3) of the head, all the way round."""
    rng = np.random.RandomState(p.texture_seed)
    shape = (ROWS, COLUMNS)
    side = np.abs(LON)
    strands = 0.6 * _noise(rng, shape, (8, 90)) + 0.4 * _noise(rng, shape, (14, 40))
    clumps = _noise(rng, shape, (9, 22))
    wisps = _noise(rng, shape, (45, 130))

    # The hair's lower edge, from the forehead round the temple and the ear to the nape.
    top, frame = p.hairline, 0.25 * p.long_hair
    angle = np.radians([0, 30, 46, 60, 72, 84, 100, 125, 180])
    edge = [top, top, top - 0.1, top - 0.3 - frame, 0.12 - 2 * frame, 0.16 - 2 * frame]
    edge = np.interp(side, angle, [*edge, -0.3, -0.6, -0.65]) + p.parting * np.sin(LON)
    hair = _ramp((HEIGHT - edge + 0.05 * clumps + 0.02 * strands) / 0.07)
    volume = p.hair_side + (p.hair_top - p.hair_side) * _ramp((HEIGHT - 0.55) / 0.45)

    relief = hair * (volume + p.hair_curl * clumps + 0.012 * strands + 0.010 * wisps)
    relief += 0.13 * _bump(side, 1.62, 0.14) * _bump(HEIGHT, -0.06, 0.17) * (1 - hair)  # ears
    relief -= 0.055 * _bump(side, p.eye_lon, 0.2) * _bump(HEIGHT, EYE_Y + 0.02, 0.11)
    relief += (0.03 + p.cheekbones) * _bump(side, 0.75, 0.25) * _bump(HEIGHT, -0.18, 0.16)
    relief += 0.05 * _bump(side, 0.16, 0.07) * _bump(HEIGHT, NOSE_Y + 0.02, 0.06)  # nostrils
    relief += p.brow_ridge * _bump(side, 0, 0.65) * _bump(HEIGHT, BROW_Y, 0.08)
    relief += 0.06 * _bump(side, 0, 0.3) * _bump(HEIGHT, -0.86, 0.1)  # chin
    bridge = np.interp(HEIGHT, [NOSE_Y - 0.07, NOSE_Y, NOSE_Y + 0.1, 0.22], [0, 1, 0.85, 0])
    relief += p.nose_length * bridge * _bump(side, 0, p.nose_width * (1.1 - 0.5 * HEIGHT))

    blotches = 1 + 0.05 * _noise(rng, shape, (16, 30)) + 0.03 * _noise(rng, shape, (40, 70))
    flush = _bump(side, 0.6, 0.25) * _bump(HEIGHT, -0.25, 0.16)
    flush = flush + _bump(side, 0, 0.13) * _bump(HEIGHT, NOSE_Y + 0.05, 0.1)
    colour = p.skin * blotches[..., None] * (1 + flush[..., None] * _colour(0.1, -0.05, -0.08))
    colour = _mix(colour, p.hair * 1.6, _beard(p, side) * (0.85 + 0.15 * strands))
    shade = 1 - 0.45 * _bump(side, 0, 0.2) * _bump(HEIGHT, NOSE_Y - 0.09, 0.045)
    shade = shade - 0.25 * _bump(side, 1.5, 0.07) * _bump(HEIGHT, -0.06, 0.12)  # inner ear
    shade = shade * (1 - 0.25 * _bump(HEIGHT, edge - 0.04, 0.06))  # below the hair
    locks = p.hair * np.clip(1 + 0.35 * strands + 0.2 * clumps + 0.2 * wisps, 0.2, 3)[..., None]
    colour = _mix(colour * shade[..., None], locks, hair)
    return relief.astype(np.float32), colour.astype(np.float32)


def _beard(p, side):
    """Cover of beard and moustache, (ROWS, COLUMNS) in 0..1."""
    edge = np.interp(side, [0, 0.3, 0.5, 0.9, 1.3, 1.45], [-0.72, -0.66, -0.5, -0.38, 0.0, 0.2])
    cheeks = _ramp((edge - HEIGHT) / 0.09) * _ramp((1.5 - side) / 0.15)
    lip = _bump(side, 0, 0.34) * _bump(HEIGHT, MOUTH_Y + 0.13, 0.045)
    return np.clip(np.maximum(p.beard * cheeks, p.moustache * lip), 0, 0.9)


def _hair_layer(p):
    """Long hair that hangs round the head: points (3, n) and colours (n, 3)."""
    rng = np.random.RandomState(p.texture_seed + 1)
    shape = (75, 120)
    lon = np.radians(np.linspace(66, 294, shape[1]))
    down = np.linspace(0, 1, shape[0])[:, None]
    strands = 0.7 * _noise(rng, shape, (5, 60)) + 0.5 * _noise(rng, shape, (8, 25))
    waves = np.sin(9 * down + 2 * _noise(rng, (1, shape[1]), (1, 9)))
    radius = 1 + p.hair_side + 0.2 * np.sin(2.2 * down) + 0.025 * strands + p.hair_curl * waves
    front = _bump(lon, lon[0], 0.35) + _bump(lon, lon[-1], 0.35)  # is cut shorter
    length = p.hair_length * (1 - 0.25 * front + 0.05 * _noise(rng, (1, shape[1]), (1, 7)))
    y = 0.45 * p.head_height - length * down
    points = np.stack([p.head_width * radius * np.sin(lon), y, radius * np.cos(lon) - 0.1])
    colour = p.hair * (np.clip(1 + 0.35 * strands, 0.25, 3) * (1.1 - 0.3 * down))[..., None]
    return points.reshape(3, -1).astype(np.float32), colour.reshape(-1, 3).astype(np.float32)


def _body_layer(p):
    """Neck and shoulders: colour (h, h, 3), cover (h, h), normals (3, h, h); the head's centre is
    in the middle of the first row."""
    rng = np.random.RandomState(p.texture_seed + 2)
    side = CANVAS + 2 * MARGIN
    unit = p.head_size * SCALE
    top = 0.3 * unit  # the neck starts this far below the head's centre

    def area(right_half, blur):
        outline = right_half + [(-x, y) for x, y in right_half[::-1]]
        return _area([(side / 2 + x * unit, top + y * unit) for x, y in outline], side, blur)

    w = p.shoulders * (0.9 if p.woman else 1.0)
    n = 0.42 if p.woman else 0.50
    neck = [(n, 0), (n, 0.80), (n + 0.10, 0.98)]
    shoulder = [(0.80, 1.12), (1.35, 1.30), (1.75, 1.6), (1.95, 2.1), (2.05, 4), (2.05, 9)]
    outline = neck + [(x * w, y) for x, y in shoulder]
    depth = 0.45 + 0.5 * p.neckline
    collar = [(0.62, 0), (0.70, 1.0), (0.45, 1 + 0.55 * depth), (0, 1 + 0.8 * depth)]

    folds = 0.5 * _noise(rng, (side, side), (14, 20)) + 0.4 * _noise(rng, (side, side), (30, 16))
    y = (np.arange(side, dtype=np.float32)[:, None] - top) / unit
    flesh = p.skin * 0.9 * (0.85 - 0.55 * _ramp((0.95 - y) / 0.35))[..., None]  # dark below a chin
    colour = _mix(p.cloth * np.clip(1 + 0.22 * folds, 0.4, 2)[..., None], flesh, area(collar, 2.0))
    seam = area(collar, 3.5)
    colour = colour * (1 - 0.9 * seam * (1 - seam))[..., None]
    # A blurred outline is taken for a height, and its slope for the body's roundness.
    down, right = np.gradient(area(outline, 12) * 14)
    normal = np.stack([-right - 0.06 * folds, down + 0.06 * folds, np.ones_like(folds)])
    normal /= np.sqrt((normal * normal).sum(0))
    return colour.astype(np.float32), area(outline, 0.9), normal.astype(np.float32)


@lru_cache(maxsize=1)
def _garden():
    """The garden behind everybody, as light (h, h, 3) with MARGIN to spare on all sides."""
    rng = np.random.RandomState(5)
    side = CANVAS + 2 * MARGIN
    shape = (side, side)
    y, x = (np.indices(shape) / SCALE).astype(np.float32)  # pixels of the small image, as below

    def area(points, blur):
        return _area(SCALE * np.array(points), side, blur)

    def leaves(dark, light, cells):
        n = sum(
            k * _noise(rng, shape, (c, c)) for c, k in zip(cells, (0.8, 0.7, 0.6, 0.6), strict=True)
        )
        return _colour(*dark) + _colour(*light) * np.exp(0.85 * (n - 1.2))[..., None]

    speckle = (1 + 0.07 * _noise(rng, shape, (70, 70)) + 0.1 * _noise(rng, shape, (8, 16)))[
        ..., None
    ]
    scene = _colour(6.0, 5.9, 5.6) * speckle  # the pavement, in full sun
    for lawn in (
        [(0, 44), (40, 40), (84, 45), (84, 50), (40, 49), (0, 58)],
        [(0, 68), (46, 53), (84, 58), (84, 84), (0, 84)],
    ):
        scene = _mix(scene, _colour(2.3, 2.1, 1.15) * speckle**2, 0.85 * area(lawn, 3))
    slats = 0.9 + 0.12 * np.sin(2.6 * x) + 0.35 * _noise(rng, shape, (10, 30))
    fence = area([(0, 24), (84, 29), (84, 39), (0, 36)], 2)
    scene = _mix(scene, _colour(0.55, 0.30, 0.21) * slats[..., None], 0.9 * fence)

    trees = leaves((0.10, 0.12, 0.03), (1.05, 1.08, 0.50), (6, 14, 36, 74))
    edge = 29 + 2 * np.sin(x / 5) + 3 * _noise(rng, shape, (20, 24)) + 3 * _bump(x, 20, 13)
    scene = _mix(scene, trees, _ramp((edge - y) / 3))
    sunny = 0.5 * _ramp((x - 36) / 30) - 0.25  # trees on the right stand in the sun
    scene = scene * (1 + sunny * _ramp((30 - y) / 4))[..., None]
    for trunk in ([(9, 0), (12, 0), (17, 24), (14, 24)], [(58, 0), (60, 0), (63, 27), (61, 27)]):
        scene = _mix(scene, _colour(0.22, 0.16, 0.10), 0.6 * area(trunk, 1.5))
    sky = _ramp((6 - y + 5 * _noise(rng, shape, (9, 9))) / 8) * _bump(x, 52, 26)
    scene = _mix(scene, _colour(3.0, 3.1, 3.1), 0.8 * sky)

    car = [(66, 45), (67, 42), (70, 41), (73, 38.5), (79, 38.5), (84, 41), (84, 46)]
    scene = _mix(scene, _colour(0.07, 0.085, 0.13) * speckle, area(car, 0.8))
    glass = [(71.5, 41), (73.5, 39.3), (78.5, 39.3), (80.5, 41)]
    scene = _mix(scene, _colour(0.45, 0.6, 0.8), 0.6 * area(glass, 0.8))
    bush = leaves((0.06, 0.09, 0.02), (0.62, 0.78, 0.22), (6, 18, 40, 74))
    for cx, cy, rx, ry in ((78, 65, 13, 14), (1, 76, 13, 15), (16, 33, 12, 7)):
        r = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 + 0.3 * _noise(rng, shape, (20, 20))
        scene = _mix(scene, bush, _ramp((1 - r) / 0.5))
    return np.maximum(scene, 0.02).astype(np.float32)


# ------------------------------------------------------------------ expressions on the face


def _rows(upper, lower):
    """Rows of the head's surface between two heights."""
    return slice(*np.searchsorted(-HEIGHT[:, 0], [-upper, -lower]))


def _expression_relief(p, e, side):
    """Relief that an expression adds to the head, (ROWS, VIEW)."""
    cheeks = 0.10 * e.lift * _bump(side, 0.55, 0.2) * _bump(HEIGHT, -0.22 + 0.02 * e.lift, 0.11)
    dimples = 0.03 * e.lift * _bump(side, 0.42, 0.1) * _bump(HEIGHT, -0.5, 0.12)
    lips = 0.05 * (p.lips + e.pucker) * _bump(side, 0, 0.28) * _bump(HEIGHT, MOUTH_Y, 0.1)
    below = 0.03 * _bump(side, 0, 0.25) * _bump(HEIGHT, MOUTH_Y - 0.17, 0.05)
    return cheeks - dimples + lips - below


def _paint_eyes(colour, p, e, lon):
    """Paint sockets, eyes, brows and glasses onto colour (ROWS, VIEW, 3), in place."""
    rows = _rows(0.5, -0.22)
    y, side = HEIGHT[rows], np.abs(lon)
    near = _bump(side, p.eye_lon, 0.19)
    shade = 1 - near * (0.62 * _bump(y, EYE_Y + 0.05, 0.1) + 0.16 * _bump(y, EYE_Y - 0.1, 0.035))
    crow = _bump(side, p.eye_lon + 0.26, 0.08) * _bump(y, EYE_Y, 0.06)  # feet, of smiling eyes
    part = colour[rows] * (shade - 0.15 * e.lift * crow)[..., None]

    height = 0.018 + 0.036 * e.eyes * p.eye_size
    middle = EYE_Y - 0.02 * (1 - e.eyes) + 0.012 * e.lift
    white = _bump(side, p.eye_lon, 0.15) * _bump(y, middle, height) * min(e.eyes, 1)
    part = _mix(part, _colour(0.42, 0.38, 0.36), 0.35 * white)
    gaze = p.eye_lon + 0.03 * e.gaze * np.sign(lon)
    iris = _bump(side, gaze, 0.075) * _bump(y, middle, 1.1 * height) * min(1, 1.6 * e.eyes)
    lashes = _ramp((0.19 - np.abs(side - p.eye_lon)) / 0.06)
    lashes = (0.95 if p.woman else 0.75) * lashes * _bump(y, middle + 0.8 * height, 0.028)
    part = _mix(part, _colour(0.02, 0.014, 0.012), np.clip(0.95 * iris + lashes, 0, 0.95))

    # Brows rise as a whole; a frown pulls down their inner ends.
    along = (side - p.eye_lon) / 0.27
    brow_y = BROW_Y + 0.05 * e.brows + 0.04 * min(e.brows, 0) * (1 - along) - 0.035 * along**2
    brow = _ramp((1.05 - np.abs(along - 0.05)) / 0.35)
    brow = brow * _bump(y, brow_y, 0.024 + 0.024 * p.brow_weight)
    part = _mix(part, p.hair * 0.8, 0.92 * p.brow_weight * brow)
    if p.glasses:
        rim = _bump(((side - p.eye_lon) / 0.27) ** 4 + ((y - EYE_Y + 0.02) / 0.16) ** 4, 1, 0.45)
        bars = ((side < 0.2) | (side > p.eye_lon + 0.27)) * _bump(y, EYE_Y + 0.05, 0.025)
        part = _mix(part, _colour(0.02, 0.02, 0.022), 0.8 * np.maximum(rim, bars))
    colour[rows] = part


def _paint_mouth(colour, p, e, lon):
    """Paint lips, teeth and the folds of a smile onto colour (ROWS, VIEW, 3), in place."""
    rows = _rows(-0.22, -1)
    y, side = HEIGHT[rows], np.abs(lon)
    width = p.mouth_width * (1 + 0.42 * e.lift - 0.4 * e.pucker - 0.1 * e.opening * (1 - e.lift))
    m = side / width  # 1 at the mouth's corners
    arch = np.clip(1 - m**2, 0, 1)
    # The corners of a smile go up, those of a stern mouth down.
    centre = MOUTH_Y + 0.03 * e.lift + 0.2 * e.smile * (np.minimum(m, 1.3) ** 2 - 0.45)
    upper = centre + (0.008 + 0.10 * e.opening) * arch**0.8
    lower = centre - (0.008 + (0.28 - 0.06 * e.lift) * e.opening) * arch**0.7
    lip_top = upper + 0.055 * p.lips * (1 - 0.45 * e.lift) * arch
    lip_end = lower - 0.085 * p.lips * (1 - 0.3 * e.lift) * arch

    soft = 0.024
    fold = 0.25 + 0.95 * (NOSE_Y - 0.02 - y) * (1 + 0.35 * e.lift)  # from the nose past the mouth
    reach = _ramp((NOSE_Y + 0.02 - y) / 0.06) * _ramp((y - MOUTH_Y + 0.10) / 0.1)
    shade = 1 - (0.06 + 0.5 * e.lift) * _bump(side, fold, 0.1) * reach
    shade = shade - 0.4 * e.lift * _bump(m, 1.12, 0.18) * _bump(y, centre, 0.06)
    shade = shade - 0.25 * _bump(side, 0, 0.22) * _bump(y, lip_end - 0.045, 0.035)
    part = colour[rows] * shade[..., None]

    lips = _ramp((lip_top - y) / soft) * _ramp((y - lip_end) / soft) * _ramp((1.02 - m) / 0.12)
    part = _mix(part, p.skin * _colour(0.80, 0.52, 0.55), (0.8 if p.woman else 0.6) * lips)
    line = _bump(y, 0.5 * (upper + lower), 0.018 + 0.02 * e.lift) * _ramp((1.06 - m) / 0.1)
    part = _mix(part, p.skin * 0.12, 0.75 * line * (1 - min(1, 4 * e.opening)))
    inside = _ramp((upper - y) / soft) * _ramp((y - lower) / soft) * _ramp((1 - m) / 0.14)
    part = _mix(part, _colour(0.035, 0.012, 0.012), inside * min(1, 5 * e.opening))
    edge = upper - 0.01 - e.teeth * np.minimum(0.19, 0.9 * (upper - lower))
    teeth = inside * _ramp((y - edge) / soft) * _ramp((0.93 - m) / 0.2)
    white = (1.1 - 0.2 * np.minimum(m, 1) ** 2)[..., None] * _colour(1, 0.90, 0.78)
    colour[rows] = _mix(part, white, teeth * min(1, 5 * e.teeth, 6 * e.opening))


# ------------------------------------------------------------------ from the head to the picture


def _rotation(yaw, pitch, tilt):
    """Rotation matrix (3, 3) of a head turned by these degrees."""
    (cy, cp, ct), (sy, sp, st) = (f(np.radians([yaw, pitch, tilt])) for f in (np.cos, np.sin))
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    lean = np.array([[ct, -st, 0], [st, ct, 0], [0, 0, 1]])
    return (lean @ nod @ turn).astype(np.float32)


def _light(normal, moment):
    """Light (...) that a moment's sun and sky throw on surfaces with unit normals (3, ...)."""
    sun = np.maximum(np.tensordot(moment.sun, normal, 1) + 0.1, 0) / 1.1
    sky = (0.62 + 0.38 * normal[1]) * (0.55 + 0.45 * normal[2])
    edge = np.clip(1 - normal[2], 0, 1) ** 5 * (0.6 + 0.4 * normal[1])
    return moment.sunlight * sun + moment.skylight * sky + moment.rim * edge


def _head_surface(p, layers, e, rotation, yaw):
    """The half of the head that the camera sees: points and unit normals (3, ROWS, VIEW), colours
    (ROWS, VIEW, 3)."""
    first = round((np.pi - np.radians(yaw)) / (2 * np.pi) * COLUMNS) - VIEW // 2
    view = slice(first, first + VIEW)
    lon = LON[view]
    relief, colour = layers.head[0][:, view], layers.head[1][:, view].copy()
    relief = relief + _expression_relief(p, e, np.abs(lon))
    _paint_eyes(colour, p, e, lon)
    _paint_mouth(colour, p, e, lon)

    ring = ROUND ** np.where(HEIGHT > 0, np.float32(0.80), np.float32(0.55))
    ring = ring * (1 - (1 - p.jaw) * _ramp((-0.55 - HEIGHT) / 0.45))
    out = relief * np.sqrt(ROUND)
    drop = 0.17 * e.opening * _ramp((MOUTH_Y - 0.08 - HEIGHT) / 0.14)  # of the jaw
    up = HEIGHT * (p.head_height + relief) - drop
    points = np.stack(
        [(p.head_width * ring + out) * np.sin(lon), up, (1.02 * ring + out) * np.cos(lon)]
    )
    points = np.tensordot(rotation, points, 1)
    a, b = np.empty_like(points), np.empty_like(points)  # steps to the right and up
    a[:, :, 1:-1] = points[:, :, 2:] - points[:, :, :-2]
    a[:, :, 0], a[:, :, -1] = a[:, :, 1], a[:, :, -2]
    b[:, 1:-1] = points[:, :-2] - points[:, 2:]
    b[:, 0], b[:, -1] = b[:, 1], b[:, -2]
    normal = np.stack(
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    )
    normal /= np.sqrt((normal * normal).sum(0)) + 1e-9
    return points, normal, colour


def _splat(canvas, points, colours, x, y, unit):
    """Put points (3, n) with colours (n, 3) onto the canvas around (x, y), far ones first."""
    order = np.argsort((points[2] * 2000).astype(np.int16), kind="stable")
    column = (x + unit * points[0, order]).astype(np.int32)
    row = (y - unit * points[1, order]).astype(np.int32)
    seen = (column >= 0) & (column < CANVAS - 1) & (row >= 0) & (row < CANVAS - 1)
    corner = (row * CANVAS + column)[seen]
    owner = np.full(CANVAS * CANVAS, -1, np.int32)
    square = corner[:, None] + np.array([0, 1, CANVAS, CANVAS + 1])
    owner[square.ravel()] = np.repeat(order[seen], 4)
    # Close the gaps of a pixel or two that steep hair leaves between its points.
    left, right = np.maximum(owner[1:-3], owner[:-4]), np.maximum(owner[3:-1], owner[4:])
    gap = (owner[2:-2] < 0) & (left >= 0) & (right >= 0)
    owner[2:-2][gap] = left[gap]
    hit = np.flatnonzero(owner >= 0)
    canvas.reshape(-1, 3)[hit] = colours[owner[hit]]


def _put_body(canvas, layer, moment, brightness, x, y):
    """Put neck and shoulders onto the canvas, below a head at (x, y)."""
    top = int(round(y))
    left = int(np.clip(round(CANVAS / 2 + MARGIN - x), 0, 2 * MARGIN))
    view = (slice(0, CANVAS - top), slice(left, left + CANVAS))
    colour, cover, normal = layer
    light = brightness * _light(normal[(slice(None), *view)], moment)
    canvas[top:] = _mix(canvas[top:], colour[view] * light[..., None], cover[view])


def _halved(image):
    """Average the image (h, w, 3) down to half its size."""
    rows = image[::2] + image[1::2]
    return 0.25 * (rows[:, ::2] + rows[:, 1::2])


def _grey(image):
    """Mean of the three colours of an image (h, w, 3)."""
    return (image[..., 0] + image[..., 1] + image[..., 2]) / 3


def _photograph(rng, light, exposure, haze):
    """Let a cheap camera look at light (CANVAS, CANVAS, 3): uint8 (SIZE, SIZE, 3)."""
    seen = _halved(light) * exposure
    glow = Image.fromarray(np.minimum(_grey(seen), 4))
    for cells, share in ((20, 0.02), (6, haze)):  # a halo round bright edges; glare over the frame
        veil = glow.resize((cells, cells), Image.Resampling.BOX)
        veil = np.asarray(veil.resize((SIZE, SIZE), Image.Resampling.BICUBIC))
        seen = seen + share * veil[..., None] * _colour(1.0, 0.97, 0.86)
    for axis in (0, 1):  # a soft lens
        seen = 0.64 * seen + 0.18 * (np.take(seen, BEFORE, axis) + np.take(seen, AFTER, axis))
    grain = rng.standard_normal((SIZE, SIZE, 1)) + 0.35 * rng.standard_normal((SIZE, SIZE, 3))
    grain = grain.astype(np.float32)
    seen = np.maximum(seen * (1 + 0.011 * grain) + 0.0006 * grain, 0)
    film = np.clip(1.04 * (1 - np.exp(-seen)), 0, 1) ** (1 / 1.5)
    # Like JPEG, keep brightness sharp and colour coarse.
    grey = _grey(film)[..., None]
    tint = _halved(film - grey)
    film = grey + 1.15 * tint.repeat(2, 0).repeat(2, 1)
    return np.uint8(255 * np.clip(film, 0, 1) + 0.5)


def _draw_face(rng, p, layers, smiling):
    """One photograph: image (64, 64, 3) uint8, and its attributes but for the person."""
    e, v = _draw_expression(rng, smiling), _draw_moment(rng, p)
    x, y = CANVAS / 2 + SCALE * v.shift_x, CANVAS * 0.51 + SCALE * v.shift_y
    # A camera that exposes for the garden leaves the face in the dark, and one against the light
    # does so more.
    exposure = 0.36 * 0.18**v.darkness
    brightness = 8.6 * 0.6**v.darkness

    column, row = (MARGIN + round(SCALE * shift) for shift in v.garden)
    canvas = _garden()[row : row + CANVAS, column : column + CANVAS].copy()
    rotation = _rotation(v.yaw, v.pitch, v.tilt)
    points, normal, colours = _head_surface(p, layers, e, rotation, v.yaw)
    colours = colours * (brightness * _light(normal, v))[..., None]
    points, colours = points.reshape(3, -1), colours.reshape(-1, 3)
    if layers.hair:
        hair = rotation @ layers.hair[0]
        hair_colours = layers.hair[1] * (brightness * (v.skylight + 0.3))
        behind = hair[2] < -0.3  # the neck, and so before it is drawn
        _splat(canvas, hair[:, behind], hair_colours[behind], x, y, v.size)
        points = np.concatenate([points, hair[:, ~behind]], axis=1)
        colours = np.concatenate([colours, hair_colours[~behind]])
    _put_body(canvas, layers.body, v, brightness, x, y)
    _splat(canvas, points, colours, x, y, v.size)
    return _photograph(rng, canvas, exposure, v.haze), {
        "mouth_opening": e.opening,
        "yaw": v.yaw,
        "darkness": v.darkness,
        "tilt": v.tilt,
        "shift_x": v.shift_x,
        "shift_y": v.shift_y,
    }


if __name__ == "__main__":
    write_files(Path(__file__).resolve().parent.parent / "datasets")
