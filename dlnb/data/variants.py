"""The three stochastic variants of dSprites: each wraps ``render`` and draws something at random for every image.

What is drawn is a nuisance, not a factor: rendering the same factors twice gives two images (paper, section H).
"""

from dataclasses import replace

import numpy as np

from dlnb import checks
from dlnb.data import originals
from dlnb.data.dataset import DataSet
from dlnb.data.dsprites import dsprites
from dlnb.data.images import valid_images

PAINTING = (274, 215)  # height and width of the reduced painting, for images of 64 pixels
MEANS = (0.4427, 0.3280, 0.2113)  # of its red, green and blue channels, 0 to 1


def color(base: DataSet) -> DataSet:
    """Three channels, each multiplied by a draw from U(0.5, 1)."""
    checks.instance(base, DataSet, "base", "a DataSet of sprites")

    def render(factors, rng=None):
        checks.generator(rng, "color_dsprites draws a colour for every image and")
        sprites = base.render(factors)
        colours = rng.uniform(0.5, 1.0, (len(sprites), 1, 1, 3)).astype(np.float32)
        images = np.empty((*sprites.shape[:3], 3), np.float32)
        for image, sprite, colour in _channels(images, sprites, colours):
            np.multiply(sprite, colour, out=image)
        return images

    return replace(base, name="color_dsprites", render=render, about=f"{base.about}; each in a colour drawn at random")


def noisy(base: DataSet) -> DataSet:
    """Three channels; noise from U(0, 1) is added to each value, and the sum is clipped to 1."""
    checks.instance(base, DataSet, "base", "a DataSet of sprites")

    def render(factors, rng=None):
        checks.generator(rng, "noisy_dsprites draws noise for every image and")
        sprites = base.render(factors)
        images = rng.random((*sprites.shape[:3], 3), dtype=np.float32)
        for image, sprite in _channels(images, sprites):
            image += sprite
        return np.minimum(images, 1, out=images)

    return replace(base, name="noisy_dsprites", render=render, about=f"{base.about}; on uniform noise")


def scream(base: DataSet, painting: np.ndarray, source: str) -> DataSet:
    """Three channels: the background is the mean of a random patch of ``painting`` [h, w, 3] and a random colour.

    The sprite is the background inverted. ``source`` says what the painting is. Raises ValueError for images that are
    not square and a painting that is smaller than they are, of another layout, or not floats in [0, 1].
    """
    size, wide = checks.instance(base, DataSet, "base", "a DataSet of sprites").image_shape[:2]
    if size != wide:
        raise ValueError(f"the sprites must be square, not {size} x {wide}")
    painting = checks.finite(painting, "the painting", "[height, width, 3]")
    if painting.ndim != 3 or painting.shape[2] != 3 or min(painting.shape[:2]) <= size:
        raise ValueError(f"the painting must be [height, width, 3], larger than {size} pixels, not {painting.shape}")
    lines = valid_images(painting[None], "the painting")[0].reshape(len(painting), -1)
    patches = np.lib.stride_tricks.sliding_window_view(lines, (size, 3 * size))[:-1, :-3:3]

    def render(factors, rng=None):
        checks.generator(rng, "scream_dsprites draws a background for every image and")
        sprites = base.render(factors)
        down, right = (rng.integers(count, size=len(sprites)) for count in patches.shape[:2])
        found = patches[down, right]
        found += np.tile(rng.random((len(sprites), 1, 3), dtype=np.float32), size)
        found /= 2
        images = found.reshape(-1, size, size, 3)
        for image, sprite in _channels(images, sprites):
            # Where the sprite covers a share s of a pixel: (1 - s) * background + s * (1 - background).
            image += sprite * (1 - 2 * image)
        return images

    return replace(base, name="scream_dsprites", render=render, about=f"{base.about}; on patches of {source}")


def _channels(images: np.ndarray, *others: np.ndarray):
    """Views [n, h, w] of ``images`` [n, h, w, 3] and of ``others``, broadcast, for each of the three channels.

    Arithmetic on them is several times faster than that which broadcasts the last axis, whose loops are of length 3.
    """
    arrays = (images, *(np.broadcast_to(other, images.shape) for other in others))
    return zip(*(np.moveaxis(array, 3, 0) for array in arrays), strict=True)


def swirl(size: int = 64) -> np.ndarray:
    """A stand-in for the painting: waves with its size and channel means, float32 [h, w, 3].

    ``size``: that of the sprites in pixels, at least 8; ValueError otherwise.
    """
    size = checks.whole(size, "size", minimum=8)
    height, width = (round(side * size / 64) for side in PAINTING)
    down, right = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij")
    bend = down + 0.05 * np.sin(2 * np.pi * (1.1 * right + 0.2)) + 0.025 * np.sin(2 * np.pi * (3 * right + 1.5 * down))
    turn = np.hypot(right - 0.72, down - 0.48) + np.arctan2(down - 0.48, right - 0.72) / (11 * np.pi)

    def streaks(along, count, first, second):
        share = 0.5 + 0.5 * np.sin(2 * np.pi * count * along + 2 * np.sin(2 * np.pi * (right + 2 * down)))
        return share[..., None] * first + (1 - share[..., None]) * second

    image = streaks(bend, 14, np.array([0.95, 0.45, 0.15]), np.array([0.8, 0.62, 0.35]))
    bay = streaks(turn, 11, np.array([0.14, 0.2, 0.3]), np.array([0.45, 0.42, 0.32]))
    bridge = streaks(down - 0.8 * right, 12, np.array([0.5, 0.28, 0.16]), np.array([0.22, 0.2, 0.13]))
    image = np.where((bend > 0.34)[..., None], bay, image)
    image = np.where((down - 0.55 * right > 0.5)[..., None], bridge, image)
    for _ in range(50):
        image = np.clip(image * MEANS / image.mean(axis=(0, 1)), 0, 1)
    return image.astype(np.float32)


def color_dsprites(size: int = 64) -> DataSet:
    return color(dsprites(size))


def noisy_dsprites(size: int = 64) -> DataSet:
    return noisy(dsprites(size))


def scream_dsprites(size: int = 64, folder=None) -> DataSet:
    """On the painting in ``folder`` (see ``originals.painting``) if one is given, else on a swirl in its place."""
    base = dsprites(size)
    if folder is None:
        return scream(base, swirl(size), "a procedural swirl that stands in for Munch's painting")
    return scream(base, originals.painting(size, folder), "Munch's painting The Scream")


def original_color_dsprites(size: int = 64, folder=None) -> DataSet:
    return color(originals.dsprites(size, folder))


def original_noisy_dsprites(size: int = 64, folder=None) -> DataSet:
    return noisy(originals.dsprites(size, folder))


def original_scream_dsprites(size: int = 64, folder=None) -> DataSet:
    return scream(originals.dsprites(size, folder), originals.painting(size, folder), "Munch's painting The Scream")
