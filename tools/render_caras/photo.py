"""From light to photograph: background, exposure, colour cast, blur, noise and JPEG. NumPy and SciPy."""

import io

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, zoom

LUMINANCE = np.array((0.2126, 0.7152, 0.0722))

# The power of its own luminance that a picture is multiplied by. Brighter pictures all look alike to
# the published learning rate: it leaps over the valley, and where it lands hangs on the last digit.
DARKER = 0.8


def develop(light, landmarks, photo, skin):
    """Return the photograph (h, w, 3) uint8 of rendered light.

    light: (h, w, 4) linear RGB times coverage, and coverage; landmarks: (5, 2) its pixels;
    skin: (3,) colour, since cameras brighten dark faces, but not wholly.
    """
    rng = np.random.default_rng(photo.seed)
    h = len(light)
    x, y = np.clip(landmarks.mean(0).astype(int), 8, h - 9)
    reach = h // 6
    face = light[y - reach : y + reach, x - reach : x + reach, :3] @ LUMINANCE
    wanted = 0.22 * photo.exposure * np.sqrt(skin @ LUMINANCE / 0.3)
    picture = light[..., :3] * (wanted / max(np.median(face), 1e-5))
    behind = 1 - gaussian_filter(light[..., 3:], (0.7, 0.7, 0))  # hair's coverage is grainy
    picture = picture + behind * background(photo.place, h, rng)

    glare = rng.choice((0, 0.02, 0.06), p=(0.75, 0.15, 0.1)) * (
        3 if photo.place == "backlight" else 1
    )
    bright = np.minimum(picture, 4)
    bloom = sum(gaussian_filter(bright, (r * h / 64, r * h / 64, 0)) for r in (1.5, 4, 12)) / 3
    picture = 0.95 * picture + 0.05 * bloom + glare * bright.mean((0, 1))
    picture = picture * np.exp(
        (0.03, -0.01, 0.03) + rng.normal(0, 0.05, 3) + rng.normal(0, 0.11) * np.array((1, 0, -1))
    )
    grey = (picture @ LUMINANCE)[..., None]
    picture = np.maximum(grey + (picture - grey) * rng.uniform(0.75, 1.3), 0)

    shown = (1 - np.exp(-1.35 * picture)) ** (1 / 2.2)
    contrast = rng.uniform(1.0, 1.7)
    shown = np.clip(0.46 + (shown - 0.46) * contrast, 0, 1)
    shown *= (shown @ LUMINANCE)[..., None] ** DARKER
    blur = rng.choice((0, 0.25, 0.5), p=(0.5, 0.3, 0.2)) * h / 64
    shown = gaussian_filter(shown, (blur, blur, 0)) + rng.normal(
        0, rng.uniform(0.003, 0.018), shown.shape
    )
    shown = (255 * np.clip(shown, 0, 1)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(shown).save(file, "JPEG", quality=int(rng.integers(60, 95)))
    return np.asarray(Image.open(file))


def background(place, size, rng):
    """Return what is behind a person, out of focus: (size, size, 3) linear light, a face's is 0.3."""
    u = rng.uniform
    n = 84
    row, column = np.mgrid[0:n, 0:n] / n
    canvas = np.ones((n, n, 3)) * _colour(rng, 0.25) * u(0.15, 0.9)

    def box(colour, x, y, w, h):
        canvas[(abs(column - x) < w / 2) & (abs(row - y) < h / 2)] = colour

    if place in ("room", "window", "flash", "evening"):
        level = {"flash": u(0.01, 0.35), "evening": u(0.01, 0.2)}.get(place, u(0.06, 0.6))
        canvas = np.ones((n, n, 3)) * _colour(rng, 0.15) * level
        canvas *= (1 + u(-0.5, 0.5) * (column - 0.5) + u(-0.5, 0.5) * (row - 0.5))[..., None]
        for _ in range(rng.integers(0, 7)):  # doors, shelves, pictures, other people's clothes
            box(
                _colour(rng, 0.35) * level * u(0.05, 1.6), u(0, 1), u(0, 1), u(0.08, 0.5), u(0.1, 1)
            )
        if rng.random() < 0.25:
            box(
                _colour(rng, 0.1) * u(1, 4),
                rng.choice((0.08, 0.92)),
                u(0, 0.6),
                u(0.1, 0.4),
                u(0.2, 0.7),
            )
    else:
        sky = _colour(rng, 0.1) * np.array((0.8, 0.93, 1.1)) * u(0.3, 1.6)
        green = np.array((0.5, 0.58, 0.25)) * u(0.08, 0.5) * (1 + rng.normal(0, 0.12, 3))
        horizon = u(0.1, 0.9)
        canvas = np.where((row < horizon)[..., None], sky, _colour(rng, 0.2) * u(0.06, 0.5))
        leaves = sum(_cloud(n, scale, rng) * scale**0.5 for scale in (4, 9, 20, 40)) / 6
        edge = horizon - u(-0.1, 0.6) + 0.15 * _cloud(n, 3, rng)
        tree = row > edge
        canvas = np.where(tree[..., None], green * np.exp(0.9 * leaves)[..., None], canvas)
        for _ in range(rng.integers(0, 3)):  # houses, cars
            box(_colour(rng, 0.35) * u(0.1, 0.9), u(0, 1), u(0.4, 0.9), u(0.15, 0.7), u(0.1, 0.7))
        if place == "backlight":
            canvas = canvas * u(1.5, 4)
    blur = u(0.5, 5)
    canvas = gaussian_filter(np.clip(canvas, 0.005, 6), (blur, blur, 0))
    return zoom(canvas, (size / n, size / n, 1), order=1)


def _colour(rng, saturation):
    colour = np.exp(rng.normal(0, saturation, 3))
    return colour / (colour @ LUMINANCE)


def _cloud(n, cells, rng):
    """Smooth noise (n, n) of standard deviation 1."""
    coarse = rng.normal(size=(cells + 3, cells + 3))
    cloud = zoom(coarse, (n / cells) * 1.0, order=3)[:n, :n]
    return (cloud - cloud.mean()) / cloud.std()
