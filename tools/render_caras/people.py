"""Who is photographed, how, and where: all chance of the set ``caras``, in NumPy alone.

The faces of MakeHuman/MPFB2 are a base mesh plus weighted *targets* (offsets of its vertices), so a
person is a dictionary of weights and an expression another one. Lengths are MakeHuman's decimetres
unless said otherwise, angles are radians.
"""

from collections import namedtuple

import numpy as np

SEED = 2026
N_KNOWN, PHOTOS_EACH = 150, 4  # the training half: two of each one's photographs smile
N_TEST_KNOWN, N_NEW, NEW_PHOTOS_EACH = 75, 25, 3  # the test half


def table(text):
    """Return first column → the others, of a text with a line per row and ``|`` between columns.

    A column of words and spans is a dictionary word → (low, high); a span alone is a tuple.
    """
    rows = {}
    for line in text.strip().splitlines():
        name, *columns = (column.strip() for column in line.split("|"))
        rows[name] = [cell(column) for column in columns]
    return rows


def cell(text):
    """Read a cell of a ``table``: a number, a span ``low:high``, a word, or words and spans."""
    words = text.split()
    if len(words) > 1:
        return {name: cell(span) for name, span in zip(words[::2], words[1::2])}
    if text[:1].isalpha() or not text:
        return text
    numbers = tuple(map(float, text.split(":")))
    return numbers if len(numbers) > 1 else numbers[0]


# Among smiles or among the others, how often; what mouth, eyes and brows do: units and their strengths.
GESTURES = table("""
closed smile     | 0.33 | corner-puller 0.9:1.25 retraction 0.4:1 elevation 0:0.2 | slit 0.1:0.45 | down 0:0.2
smile with teeth | 0.46 | corner-puller 0.75:1 upward-retraction 0.5:0.8 retraction 0.3:0.8 elevation 0.2:0.5 open 0:0.06 | slit 0.1:0.45 | down 0:0.2
laugh            | 0.21 | corner-puller 0.75:1 upward-retraction 0.5:0.8 retraction 0.3:0.8 elevation 0.3:0.6 open 0.05:0.2 | slit 0.1:0.45 | down 0:0.2
neutral          | 0.48 | depression 0:0.3 parling 0:0.5 retraction 0:0.3 open 0:0.03 | slit 0:0.35 | down 0:0.2
stern            | 0.12 | depression 0.2:0.7 pursing 0:0.3 | slit 0:0.35 | down 0.2:0.8
talking          | 0.19 | open 0.03:0.25 part-later 0:0.5 protusion 0:0.4 depression-retraction 0:0.4 | slit 0:0.35 | down 0:0.2
surprised        | 0.05 | open 0.1:0.4 protusion 0:0.3 | opened-up 0.4:0.8 | up 0.3:0.8 inner-up 0:0.4
yawning          | 0.02 | open 0.5:0.85 protusion 0:0.3 | closure 0.6:1 | down 0.2:0.8
pouting          | 0.06 | pursing 0.3:0.8 eversion 0:0.4 | slit 0:0.35 | down 0:0.2
eyes shut        | 0.08 | depression 0:0.3 compression 0:0.3 | closure 0.9:1 | down 0:0.2
""")  # noqa: E501
KINDS = tuple(GESTURES)  # a photograph's ``kind`` is its place here; the first three smile
# When one smiles the mouth rises and so do the cheeks, and the folds beside the nose deepen.
LIFT = cell("""mouth/mouth-trans-up 0:0.4 mouth/mouth-laugh-lines-in 0:0.4
    cheek/*-cheek-trans-up 0.4:1 cheek/*-cheek-volume-incr 0.3:0.9""")
# How often; the main lamp: azimuth to either side, elevation, size, power, colour; how strong the light
# from all around is, and its colour; of how much light the face gets, compared with other places.
PLACES = table("""
flash     | 0.20 | 0:0.12  | 0.05:0.3 | 0.05:0.2 | 0.8:1.2 | white | 0.2:0.5   | warm  | 1:1
room      | 0.18 | 0:1     | 0.4:0.9  | 0.4:0.9  | 1:1     | warm  | 0.4:0.8   | cream | 1:1
window    | 0.15 | 0.4:1.2 | 0:0.5    | 0.7:1.2  | 1:1     | cool  | 0.25:0.6  | cream | 1:1
shade     | 0.15 | 0:1     | 0.3:1    | 1.6:1.6  | 0.8:0.8 | cool  | 0.6:1     | cool  | 1:1
sun       | 0.14 | 0:1.2   | 0.3:0.8  | 0.1:0.1  | 1:1     | cream | 0.3:0.6   | cool  | 1:1
backlight | 0.10 | 2.2:3   | 0.2:0.7  | 0.1:0.5  | 0.5:1.5 | white | 0.4:0.7   | cool  | 0.6:0.9
evening   | 0.08 | 0.2:1.2 | -0.1:0.7 | 0.2:0.6  | 1:1     | warm  | 0.12:0.35 | cool  | 0.55:0.9
""")

# Shape targets by the endings of their two directions; ``*`` stands for l and r, moved together.
SHAPES = {
    ("decr", "incr"): """chin/chin-bones chin/chin-height chin/chin-width chin/chin-prominent
        cheek/*-cheek-bones cheek/*-cheek-volume cheek/*-cheek-inner
        eyes/*-eye-scale eyes/*-eye-height1 eyes/*-eye-height2 eyes/*-eye-height3 eyes/*-eye-bag
        forehead/forehead-scale-vert forehead/forehead-temple head/head-fat head/head-scale-horiz
        head/head-scale-vert mouth/mouth-lowerlip-height mouth/mouth-lowerlip-volume
        mouth/mouth-scale-horiz mouth/mouth-upperlip-height mouth/mouth-upperlip-volume
        mouth/mouth-cupidsbow nose/nose-hump nose/nose-point-width nose/nose-nostrils-width
        nose/nose-scale-depth nose/nose-scale-horiz nose/nose-scale-vert nose/nose-volume
        nose/nose-width1 nose/nose-width2 nose/nose-width3""",
    ("down", "up"): """eyes/*-eye-corner1 eyes/*-eye-corner2 eyes/*-eye-eyefold
        eyes/*-eye-trans eyebrows/eyebrows-trans eyebrows/eyebrows-angle cheek/*-cheek-trans
        nose/nose-base nose/nose-point nose/nose-trans mouth/mouth-trans""",
    ("in", "out"): "eyes/*-eye-trans",
}
SHAPE_SPREAD, SHAPE_LIMIT = 0.2, 0.4  # beyond the limit faces turn grotesque
OUTLINES = ("oval", "round", "square", "rectangular", "triangular")

# Reflectances from very light to very dark; the cards of a ColorChecker lie between.
SKINS = np.array([
    (0.67, 0.39, 0.32), (0.59, 0.31, 0.245), (0.42, 0.21, 0.155), (0.25, 0.12, 0.085), (0.105, 0.05, 0.037),
])  # fmt: skip
IRISES = np.array([(0.07, 0.03, 0.015), (0.14, 0.07, 0.03), (0.13, 0.16, 0.2), (0.11, 0.12, 0.07)])
SHIRTS = np.array([(1, 1, 1), (0.5, 0.7, 1.3), (1.2, 0.5, 0.45), (0.6, 0.8, 0.6)])
# Chances for women and men; length; how many; steps, lift, gravity, curl, stiffness and distance from the
# skin (``hair.Skin.grow``); combed to front, up and side; disorder.
HAIRCUTS = table("""
buzz  | 0    | 0.14 | 0.09 | 9000 | 3  | 0.7  | 0    | 0    | 0.6  | 0    | 0.3:-0.4:0     | 0.4
short | 0.05 | 0.24 | 0.5  | 6500 | 6  | 0.2  | 0.1  | 0.1  | 0.75 | 0.02 | 0.2:-0.2:0.25  | 0.9
crop  | 0    | 0.17 | 0.55 | 6500 | 6  | 0.2  | 0.1  | 0.1  | 0.75 | 0.02 | 0.5:-0.2:0.25  | 0.9
swept | 0.06 | 0.13 | 0.7  | 6500 | 8  | 0.4  | 0.06 | 0.06 | 0.6  | 0.02 | -1:0.15:0.3    | 0.5
side  | 0.05 | 0.16 | 0.5  | 6500 | 8  | 0.28 | 0.12 | 0.06 | 0.6  | 0.02 | 0.25:0:1       | 0.4
curly | 0.1  | 0.06 | 0.7  | 8000 | 10 | 0.9  | 0.03 | 0.75 | 0.6  | 0.02 | 0:0:0          | 1.5
tied  | 0.1  | 0    | 1.2  | 6500 | 9  | 0.1  | 0    | 0.03 | 0.5  | 0.01 | -1:0.1:0       | 0.15
bob   | 0.26 | 0    | 2    | 6500 | 16 | 0.22 | 0.4  | 0.35 | 0.65 | 0.05 | -0.6:-0.35:0.9 | 0.5
long  | 0.34 | 0.02 | 3.4  | 6500 | 16 | 0.22 | 0.4  | 0.3  | 0.65 | 0.05 | -0.6:-0.35:0.9 | 0.5
bald  | 0    | 0.04 | 0    | 0
""")


# A person who doesn't exist. ``male`` from 0 to 1; ``age`` from -0.3, about fourteen years, over 0,
# about twenty-five, to 1, very old; ``ancestry`` (3,) shares of the african, asian and caucasian
# targets; ``shape`` target → weight; skin, lips, iris, hair and shirt are colours, linear RGB (3,);
# ``hairline`` how far back, ``fringe`` whether hair falls on the forehead; ``beard`` "", "full", "goatee"
# or "moustache"; ``glasses`` () or half width, half height, roundness, rim (dm), and whether they are dark.
Person = namedtuple(
    "Person",
    "seed male age ancestry shape skin lips iris hair haircut hairline fringe beard stubble glasses shirt",
)
# A square lamp that looks at the face: its direction seen from the face, where 0, 0 is the camera's and
# azimuth grows to the right of the picture; its size in metres, at a distance of one.
Light = namedtuple("Light", "azimuth elevation size power colour")
# One moment of a person. ``known``: whether the training half has photographs of them; ``expression``
# target → weight; yaw > 0: the face turns to the right of the picture, pitch > 0: it looks down,
# tilt > 0: clockwise; ``ambient`` colour of the light from all around; ``exposure`` of the face, 1 is
# a well exposed one; ``distance`` of the camera, metres; ``seed`` of background, noise and colour cast.
Photograph = namedtuple(
    "Photograph",
    "person known smiles kind expression yaw pitch tilt gaze place lights ambient exposure distance "
    "seed",
)


def draw_people(n, seed=SEED):
    """Return a list of ``n`` people, whose sex, age and ancestry are spread evenly over any run."""
    return [_draw_person(np.random.default_rng((seed, index)), index) for index in range(n)]


def _draw_person(rng, index):
    male = index % 2 == 0
    main = (2, 0, 2, 1, 2, 1, 0, 2)[index // 2 % 8]
    ancestry = 0.8 * np.eye(3)[main] + 0.2 * rng.dirichlet((1, 1, 1))
    age = 1.3 * rng.beta(1.2, 1.5) - 0.3

    dark = np.clip(0.06 + ancestry @ (0.75, 0.2, 0) + rng.normal(0, 0.13), 0, 1)
    skin = np.array([np.interp(4 * dark, range(5), SKINS[:, c]) for c in range(3)])
    skin *= rng.uniform(0.9, 1.1) * rng.uniform(0.97, 1.03, 3)
    lips = skin * (0.8, 0.54, 0.57)
    if not male and rng.random() < 0.5:  # lipstick
        lips *= np.array((1, *rng.uniform(0.25, 0.65, 2))) * rng.uniform(0.65, 1)

    melanin = rng.uniform(0.85, 1) if main < 2 or rng.random() < 0.5 else rng.uniform(0.25, 0.75)
    grey = age > 0.55 and rng.random() < 0.65
    hair = np.array((0.4, 0.4, 0.4) if grey else (0.24, 0.155, 0.09)) * (1 - melanin)
    chances = np.array([c[male] for c in HAIRCUTS.values()])
    haircut = str(rng.choice(list(HAIRCUTS), p=chances / chances.sum()))
    beard = str(rng.choice(("", "full", "goatee", "moustache"), p=(0.61, 0.14, 0.1, 0.15)))
    wears, *glasses = rng.random(), rng.uniform(0.21, 0.25), rng.uniform(0.14, 0.19)
    glasses += [rng.choice((0.5, 0.7, 1)), rng.uniform(0.007, 0.016), rng.random() < 0.4]
    return Person(
        seed=int(rng.integers(1 << 30)),
        male=float(np.clip(0.86 * male + 0.07 + rng.normal(0, 0.05), 0, 1)),
        age=age,
        ancestry=ancestry,
        shape=_draw_shape(rng),
        skin=skin,
        lips=lips,
        iris=IRISES[rng.choice(4, p=(0.45, 0.2, 0.2, 0.15)) if main == 2 else 0],
        hair=hair + 0.003,
        haircut=haircut,
        hairline=rng.normal(-0.09, 0.06) + 0.2 * max(age, 0) * male * rng.random(),
        fringe=haircut in ("crop", "bob", "long", "curly") and rng.random() < 0.55,
        beard=beard if male and age > 0.05 else "",
        stubble=rng.uniform(0, 0.5) if male and age > 0 else 0.0,
        glasses=tuple(glasses) if wears < 0.24 else (),
        shirt=SHIRTS[rng.integers(4)] * rng.choice((0.02, 0.06, 0.2, 0.5)),
    )


def _draw_shape(rng):
    """Weights of the face's own shape, none so far from the mean that the face looks wrong."""
    shape = {}
    for (low, high), names in SHAPES.items():
        for name in names.split():
            weight = truncated(rng, SHAPE_SPREAD, SHAPE_LIMIT)
            for side in "lr" if "*" in name else "-":
                shape[f"{name.replace('*', side)}-{high if weight > 0 else low}"] = abs(weight)
    shape[f"head/head-{OUTLINES[rng.integers(5)]}"] = rng.uniform(0, 0.35)
    return shape


def truncated(rng, spread, limit):
    """Return a normal number of that standard deviation, drawn again while it is beyond ±limit."""
    while abs(number := rng.normal(0, spread)) > limit:
        pass
    return number


def draw_expression(kind, rng):
    """Return the weights of MPFB2's expression units for a kind of expression."""
    _, *parts = GESTURES[KINDS[kind]]
    draw = lambda units: {unit: rng.uniform(*span) for unit, span in units.items()}  # noqa: E731
    mouth, eyes, brows = map(draw, parts)
    units = {f"mouth-{unit}": weight for unit, weight in mouth.items()}
    if kind < 3:
        units |= {n.replace("*", side): w for n, w in draw(LIFT).items() for side in "lr"}
    for side in ("left", "right"):
        units |= {f"eye-{side}-{unit}": weight for unit, weight in eyes.items()}
        units |= {f"eyebrows-{side}-{unit}": weight for unit, weight in brows.items()}
    return units


def draw_photographs():
    """Return the photographs of the training half and of the test half, two shuffled lists.

    Each known person smiles in two of four training photographs, so that who it is says nothing;
    half of the test half shows people whom the training half doesn't.
    """
    rng = np.random.default_rng(SEED + 1)
    train = [(i, k % 2) for i in range(N_KNOWN) for k in range(PHOTOS_EACH)]
    seen = rng.choice(N_KNOWN, N_TEST_KNOWN, replace=False)
    test = [(int(i), k % 2) for k, i in enumerate(seen)]
    new = [N_KNOWN + k % N_NEW for k in range(N_NEW * NEW_PHOTOS_EACH)]
    test += [(i, (k + 1) % 2) for k, i in enumerate(new)]
    halves = []
    for number, half in enumerate((train, test)):
        chance = lambda k: np.random.default_rng((SEED, number, k))  # noqa: B023, E731
        order = rng.permutation(len(half))
        halves.append([_draw_photograph(chance(k), *half[k]) for k in order])
    return halves


def _draw_photograph(rng, person, smiles):
    kinds = KINDS[:3] if smiles else KINDS[3:]
    kind = KINDS.index(rng.choice(kinds, p=[GESTURES[name][0] for name in kinds]))
    place = str(rng.choice(list(PLACES), p=[place[0] for place in PLACES.values()]))
    lights, ambient, exposure = _draw_lights(place, rng)
    yaw = truncated(rng, 0.2, 0.5)  # both corners of the mouth are seen
    pitch = truncated(rng, 0.1, 0.25)
    return Photograph(
        person=person,
        known=person < N_KNOWN,
        smiles=smiles,
        kind=kind,
        expression=draw_expression(kind, rng),
        yaw=yaw,
        pitch=pitch,
        tilt=truncated(rng, 0.1, 0.3),
        gaze=(truncated(rng, 0.1, 0.3) - 0.8 * yaw, truncated(rng, 0.05, 0.1) - 0.7 * pitch + 0.04),
        place=place,
        lights=lights,
        ambient=ambient,
        exposure=exposure,
        distance=rng.uniform(0.7, 2.2),
        seed=int(rng.integers(1 << 30)),
    )


def _draw_lights(place, rng):
    """Return lights, colour of the ambient light, and the face's exposure."""
    u = rng.uniform
    colours = {"warm": (1, u(0.75, 0.88), u(0.55, 0.75)), "cool": (u(0.8, 0.92), 0.93, 1)}
    colours |= {"white": (1, 1, 1), "cream": (1, 0.95, 0.88)}
    _, azimuth, *lamp, colour, strength, around, exposed = PLACES[place]
    side = rng.choice((-1, 1))
    lights = [Light(side * u(*azimuth), *(u(*span) for span in lamp), colours[colour])]
    # What the ground, a shirt, a screen give back: eyes have light, and a spark of it.
    lights.append(Light(u(-0.5, 0.5), u(-0.3, 0.4), u(0.4, 0.9), u(0.15, 0.4), (1, 1, 1)))
    ambient = tuple(u(*strength) * np.array(colours[around]))
    exposure = float(np.exp(truncated(rng, 0.3, 0.6))) * u(*exposed)
    return lights, ambient, exposure
