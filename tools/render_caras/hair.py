"""Hair, brows and beards: strands that grow out of the skin of a head at rest.

Strands are (n, k, 3) points. They are rooted in triangles of the skin, so that those of brows and
beard move with an expression; those of the head turn with it.
"""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from tools.render_caras.mesh import normals, smoothstep, unit
from tools.render_caras.people import HAIRCUTS

UP, FRONT, SIDE = np.eye(3)[[1, 2, 0]]


class Strands(NamedTuple):
    """Strands and their roots: the corners (n, 3) of a triangle each, and shares (n, 3) of them."""

    points: np.ndarray
    corners: np.ndarray
    shares: np.ndarray

    def move(self, rest, v):
        """Return the points (n, k, 3) when the skin has gone from ``rest`` to ``v``, both (m, 3)."""
        way = ((v - rest)[self.corners] * self.shares[..., None]).sum(1)
        return self.points + way[:, None]


class Skin:
    """Where hair can grow: the head's skin at rest, of one person."""

    def __init__(self, base, rest, tri, vertices, middle_of_eyes, seed):
        self.base, self.rest, self.tri = base, rest, tri
        self.middle_of_eyes = middle_of_eyes
        self.normals = normals(rest, tri)
        a, b, c = (base[tri[:, k]] for k in range(3))
        self.area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
        above = vertices[base[vertices, 1] > 4.6]
        self.above, self.tree = above, cKDTree(rest[above])
        self.rng = np.random.default_rng(seed)

    def roots(self, density, count):
        """Return corners and shares of about ``count`` roots where ``density`` (m,) in [0, 1] says."""
        chance = density[self.tri].mean(1) * self.area
        picked = self.tri[self.rng.choice(len(chance), count, p=chance / chance.sum())]
        shares = self.rng.dirichlet((1, 1, 1), count)
        keep = self.rng.random(count) < 1.5 * (density[picked] * shares).sum(1) / density.max()
        return picked[keep], shares[keep]

    def at(self, values, roots):
        corners, shares = roots
        return (values[corners] * shares[..., None]).sum(1)

    def grow(self, roots, length, comb, steps, lift, gravity=0, curl=0, stiff=0.6, margin=0):
        """Return ``Strands`` that start along the normal (``lift`` 1) or along ``comb`` (0).

        roots: corners and shares; length (n,), comb (n, 3); ``margin``: how far from the skin they
        are pushed, or 0.
        """
        rng, n = self.rng, unit(self.at(self.normals, roots))
        along = unit(comb - (comb * n).sum(1, keepdims=True) * n)
        heading = unit(n * lift + along * (1 - lift))
        phase, pace = 6.28 * rng.random((len(n), 3)), 1.5 * (1.1 + rng.random((len(n), 1)))
        distance, points = margin + 0.05 * rng.random(len(n)), [self.at(self.rest, roots)]
        for i in range(1, steps):
            pull = 0.9 * (1 - stiff) * np.exp(-i / (0.35 * steps))
            heading = stiff * heading + pull * unit(comb) - gravity * UP
            heading = unit(heading + curl * np.sin(phase + i * pace))
            step = points[-1] + heading * (length / (steps - 1))[:, None]
            if margin:
                _, near = self.tree.query(step)
                near = self.above[near]
                outside = ((step - self.rest[near]) * self.normals[near]).sum(1)
                step += self.normals[near] * np.clip(distance - outside, 0, 0.25)[:, None]
                heading = unit(step - points[-1])
            points.append(step)
        return Strands(np.stack(points, 1), *roots)


def head_of_hair(skin, person, density):
    """Return the ``Strands`` of a haircut, or None; none of them hangs across the face."""
    cut = person.haircut
    if cut == "bald":
        return None
    _, _, length, count, steps, *how, comb, disorder = HAIRCUTS[cut]
    how = {"steps": int(steps), **dict(zip(("lift", "gravity", "curl", "stiff", "margin"), how))}
    roots = skin.roots(density, int(count))
    root, rng, m = skin.at(skin.base, roots), skin.rng, len(roots[0])
    side = SIDE * np.sign(root[:, :1] - rng.choice((-0.3, 0, 0.3)))  # of the parting
    length = length * rng.uniform(0.8, 1.2) * rng.uniform(0.75, 1.25, m)
    if cut not in ("long", "bob", "tied"):  # shorter towards the neck
        length = np.maximum(length * (1 - 0.65 * smoothstep(7.9, 7.1, root[:, 1])), 0.05)
    comb = comb[0] * FRONT + comb[1] * UP + comb[2] * side
    if person.fringe:
        front = (root[:, 2] > 0.6) & (np.abs(root[:, 0]) < 0.45)
        comb = np.where(front[:, None], FRONT - 0.6 * UP + 0.3 * side, comb)
        length = np.where(front, rng.uniform(0.35, 0.7, m), length)
    comb = comb + disorder * (rng.random((m, 3)) - 0.5)
    strands = skin.grow(roots, length, comb, **how)
    x, y, z = np.moveaxis(strands.points - skin.middle_of_eyes, -1, 0)
    across = np.abs(x) < 0.52 - 0.15 * smoothstep(-0.4, -1.0, y)
    across &= (y < 0.22) & (y > -1.2) & (z > -0.55)
    return Strands(*(part[~across.any(1)] for part in strands))


def brows(skin, person):
    """Return the ``Strands`` of both brows: arcs along the ridge, thinner and sparser at the ends."""
    u = skin.rng.uniform
    thickness, arch, count = u(0.018, 0.032) + 0.012 * person.male, u(0.01, 0.05), int(u(200, 560))
    where = np.exp(-(((np.abs(skin.base) - (0.3, 7.43, 1.35)) / (0.25, 0.12, 0.3)) ** 2).sum(1) / 2)
    roots = skin.roots(where, 20000)
    root, rng = skin.at(skin.base, roots), skin.rng
    along = (np.abs(root[:, 0]) - 0.115) / 0.4
    middle = 7.43 + arch * np.sin(np.clip(along, 0, 1) * 2.6)
    width = thickness * np.interp(along, (-0.06, 0.08, 0.6, 1.06), (0.5, 1, 0.8, 0.1))
    chance = np.interp(along, (-0.06, 0.1, 0.7, 1.06), (0, 1, 0.8, 0))
    chance *= smoothstep(1.5, 0.1, np.abs(root[:, 1] - middle) / width)
    keep = np.flatnonzero((rng.random(len(root)) < chance) & (root[:, 2] > 0.8))[:count]
    roots, along = [part[keep] for part in roots], along[keep, None]
    comb = SIDE * np.sign(root[keep, :1]) + (0.6 - 1.0 * np.clip(along, 0, 1)) * UP
    comb = comb + 0.6 * (rng.random((len(keep), 3)) - 0.5)
    length = 0.065 * (0.7 + 0.6 * rng.random(len(keep)))
    return skin.grow(roots, length, comb, steps=4, lift=0.25)


def beard(skin, person, regions):
    """Return the ``Strands`` of a beard, or None; those that would reach the lips are left out."""
    if not person.beard:
        return None
    roots = skin.roots(regions[person.beard], 6000 if person.beard == "full" else 3000)
    root, rng = skin.at(skin.base, roots), skin.rng
    comb = 0.6 * SIDE * np.sign(root[:, :1]) - UP + 0.8 * (rng.random((len(root), 3)) - 0.5)
    length = rng.uniform(0.05, 0.1) * rng.uniform(0.6, 1.4, len(root))
    strands = skin.grow(roots, length, comb, steps=5, lift=0.3, gravity=0.1, curl=0.15)
    tip = strands.points[:, -1] - skin.rest[roots[0][:, 0]] + skin.base[roots[0][:, 0]]
    lips = (np.abs(tip[:, 0]) < 0.3) & (np.abs(tip[:, 1] - 6.6) < 0.08)
    return Strands(*(part[~lips] for part in strands))
