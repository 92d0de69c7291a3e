"""What decides a training but the data; and the preparation of each image that it asks for."""

from numbers import Real
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from helpers import arguments
from helpers.data import flatten


class _Fields(NamedTuple):
    hidden: tuple = (20, 7, 5)  # units of the hidden layers
    learning_rate: float = 0.0075
    num_iterations: int = 2700
    hidden_activation: str = "relu"
    grey: bool = False  # the three channels of each pixel become its luminance
    local_contrast: float = 0.0  # each pixel against the mean and spread of so many around it
    directions: float = 0.0  # two channels say which way the grey slopes, blurred by so many pixels
    standardize: bool = False  # each image's (with directions, each channel's) mean 0, spread 1
    center: bool = False  # subtract the mean training image
    scale: float = 1.0  # multiply what is left
    mirror: bool = False  # train on each image's mirror image as well
    weight_decay: float = 0.0
    seeds: tuple = (1,)  # a network each; the model's probability is their mean
    average_mirror: bool = False  # ... and that of the answers to the image and its mirror image
    sharpen: float = 1.0  # multiply that mean's log-odds: 2 for a model that doubts twice too much


class Recipe(_Fields):
    """Everything that decides a training but the data; the defaults are the published recipe.

    Each field is made of its type: a list becomes a tuple, 1e3 iterations 1000. Raises ``ValueError``
    for a value that it can't have and a name that is no field.
    """

    __slots__ = ()

    def __new__(cls, *args, **kwargs):
        for name in sorted(kwargs.keys() - cls._fields):
            raise ValueError(f"{name!r} no es parte de una receta: hay {', '.join(cls._fields)}.")
        fields = super().__new__(cls, *args, **kwargs)
        return cls._make(_checked(name, value) for name, value in fields._asdict().items())

    def _replace(self, **changes):
        return type(self)(**(self._asdict() | changes))


def fitting(images, Y, *recipes):
    """Return ``Y``, (1, m) float64; ``ValueError`` where it doesn't fit ``images``, or for no recipe."""
    for recipe in recipes:
        if not isinstance(recipe, Recipe):
            expected = "una receta, como model.PUBLISHED, o, donde van varias, una lista de ellas"
            raise ValueError(f"Encontré {recipe!r:.60}; esperaba {expected}.")
    return arguments.labels(Y, (1, len(images)))


_TINY = np.finfo(np.float64).tiny  # what is not said here must be more than 0
_LEAST = dict.fromkeys(("seeds", "weight_decay", "local_contrast", "directions"), 0)
_MOST = {"seeds": 2**32 - 1, "local_contrast": 1000, "directions": 1000}  # pixels


def _checked(name, value):
    like, ends = _Fields._field_defaults[name], (_LEAST.get(name, _TINY), _MOST.get(name, 1e300))
    if isinstance(like, str):
        return arguments.activation(name, value)
    try:
        if not isinstance(like, tuple):
            return _as(type(like), value, *ends)
        values = tuple(_as(int, n, *ends) for n in (value if np.ndim(value) else [value]))
        return values or {"hidden": ()}[name]  # no seeds, no network
    except (TypeError, ValueError, LookupError, ArithmeticError):
        expected = f"esperaba un valor como {like!r}"
        raise ValueError(f"{name}={value!r:.99} no sirve en una receta: {expected}.") from None


def _as(kind, value, least, most):
    """``value`` as a ``kind`` of number, or a bool; TypeError where it is none, or out of bounds."""
    is_bool = isinstance(value, (bool, np.bool_))
    is_number = not is_bool and isinstance(value, Real) and kind(value) == value
    if is_bool if kind is bool else is_number and least <= kind(value) <= most:
        return kind(value)
    raise TypeError


PUBLISHED = Recipe()
# The notebooks' own start on caras: of the first ten seeds, the one whose last cost on the training
# images changes least from one family of processors to another (python -m benchmarks.caras --starts).
STORY = PUBLISHED._replace(seeds=(5,))
# Logistic regression, trained to its end: without the mean image the descent takes long steps.
RIVAL = PUBLISHED._replace(hidden=(), center=True, learning_rate=0.1)
LUMINANCE = np.array([0.299, 0.587, 0.114])  # of R, G, B: ITU-R BT.601
FLAT = 0.03  # of 1: where the surroundings spread less, there is more noise than face


def inputs(images, recipe):
    """Return ``images`` (m, h, w, 3) uint8 as columns (n_0, m), each prepared by itself alone."""
    X = flatten(images).T.reshape(images.shape)
    if recipe.grey or recipe.directions:
        X = (X @ LUMINANCE)[..., np.newaxis]
    if recipe.local_contrast:
        sigma = (0, recipe.local_contrast, recipe.local_contrast, 0)
        X = X - ndimage.gaussian_filter(X, sigma)
        X /= np.sqrt(ndimage.gaussian_filter(X**2, sigma)) + FLAT
    if recipe.directions:
        X = np.concatenate([X, _directions(X, recipe.directions)], axis=3)
    if recipe.standardize:
        axes = (1, 2) if recipe.directions else (1, 2, 3)
        X = X - X.mean(axes, keepdims=True)
        X /= np.maximum(X.std(axes, keepdims=True), 1e-6)  # of one plain colour: zeros
    return np.broadcast_to(X, images.shape).reshape(len(images), -1).T


def _directions(X, sigma):
    """Return which way the grey images ``X`` (m, h, w, 1) slope, as two channels (m, h, w, 2).

    A slope of strength g at angle a gives g cos 2a and g sin 2a: with the angle doubled, a dark line
    on light and a light one on dark lean the same way. Blurred by ``sigma`` pixels. The idea is that
    of Dalal & Triggs (2005), "Histograms of oriented gradients for human detection".
    """
    gy, gx = np.gradient(X, axis=(1, 2))
    g = np.maximum(np.hypot(gx, gy), 1e-9)
    lean = np.concatenate([(gx**2 - gy**2) / g, 2 * gx * gy / g], axis=3)
    return ndimage.gaussian_filter(lean, (0, sigma, sigma, 0))
