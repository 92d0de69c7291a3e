"""From light to photograph: exposure, white balance, background, film, blur, noise, JPEG."""

import io

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, zoom

LUMINANCE = np.array((0.2126, 0.7152, 0.0722))
LEVEL = 0.105  # linear light that a well exposed face sends to the film, whose middle grey is 0.14


def develop(light, photo, skin):
    """Return the photograph (h, w, 3) uint8 of rendered light, as a phone takes it.

    light: (h, w, 4) linear RGB times coverage, and coverage; skin: (3,) colour, since cameras
    brighten dark faces, but not wholly.
    """
    rng = np.random.default_rng(photo.seed)
    h = len(light)
    middle = slice(h // 3, 2 * h // 3)  # where the camera has the face
    face = np.median(light[middle, middle, :3], (0, 1)) + 1e-6
    wanted = LEVEL * photo.exposure * (skin @ LUMINANCE / 0.3) ** 0.4
    picture = light[..., :3] * (wanted / (face @ LUMINANCE))
    behind = 1 - gaussian_filter(light[..., 3:], (0.7, 0.7, 0))  # hair's coverage is grainy
    picture = picture + behind * np.minimum(0.35 * background(photo.place, h, rng), 1.2)

    lamp = face / skin  # the colour of the light, which white balance takes away, but for a trace
    picture = picture * (lamp @ LUMINANCE / lamp) ** rng.uniform(0.75, 1)
    picture = picture * np.exp(rng.normal(0, 0.04, 3) + rng.normal(0, 0.08) * np.array((1, 0, -1)))
    grey = (picture @ LUMINANCE)[..., None]
    colour = rng.choice((0, rng.uniform(0.8, 1.2)), p=(0.07, 0.93))  # some in black and white
    picture = np.maximum(grey + (picture - grey) * colour, 0)

    a = 1.5 * picture  # the film: a rational curve with toe and shoulder (Narkowicz 2016)
    shown = np.clip(a * (2.51 * a + 0.03) / (a * (2.43 * a + 0.59) + 0.14), 0, 1) ** (1 / 2.2)
    shown = 0.45 + (shown - 0.45) * rng.uniform(0.95, 1.35)
    blur = rng.choice((0, 0.2, 0.4), p=(0.5, 0.3, 0.2)) * h / 64
    shown = gaussian_filter(shown, (blur, blur, 0))
    shown += rng.normal(0, rng.uniform(0.005, 0.02), shown.shape)
    file, pixels = io.BytesIO(), (255 * np.clip(shown, 0, 1)).astype(np.uint8)
    Image.fromarray(pixels).save(file, "JPEG", quality=int(rng.integers(60, 95)))
    return np.asarray(Image.open(file))


def background(place, size, rng):
    """Return what is behind a person, out of focus: (size, size, 3) linear light, a face's is 0.3."""
    u, n = rng.uniform, 84
    row, column = np.mgrid[0:n, 0:n] / n

    outdoors = place in ("shade", "sun", "backlight")
    level = u(0.1, 0.9) if outdoors else u(0.02, 0.25 if place == "evening" else 0.7)
    canvas = np.full((n, n, 3), level * _colour(rng, 0.1))
    if outdoors:  # trees before the sky
        clouds = [gaussian_filter(rng.normal(size=(n, n)), s) for s in (14, 1, 2, 4, 8)]
        outline, *leaves = (cloud / cloud.std() for cloud in clouds)
        green = np.array((0.5, 0.55, 0.27)) * u(0.08, 0.5) * (1 + rng.normal(0, 0.12, 3))
        trees = row + 0.15 * outline > u(-0.2, 1)
        canvas[trees] = (green * np.exp(0.9 * np.mean(leaves, 0))[..., None])[trees]
    for _ in range(rng.integers(0, 5)):  # doors, shelves, houses, cars, a bright window
        colour = _colour(rng, 0.2) * level * np.exp(rng.normal(-0.3, 0.9))
        box = abs(column - u(0, 1)) < u(0.04, 0.3), abs(row - u(0, 1)) < u(0.05, 0.5)
        canvas[box[0] & box[1]] = colour
    if place == "backlight":
        canvas *= u(1.5, 4)
    blur = u(0.5, 5)
    canvas = gaussian_filter(np.clip(canvas, 0.005, 6), (blur, blur, 0))
    return zoom(canvas, (size / n, size / n, 1), order=1)


def _colour(rng, saturation):
    colour = np.exp(rng.normal(0, saturation, 3))
    return colour / (colour @ LUMINANCE)
