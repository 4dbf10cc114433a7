"""dSprites in closed form: outlines and positions were recovered by fitting the published images.

The published set (Matthey et al. 2017, Apache-2.0) holds 737,280 binary 64x64 images. Our outlines reproduce its frames
except for a few boundary pixels. Lengths are in pixels of a 64-pixel image; x points right, y points down.
"""

from functools import lru_cache

import numpy as np

from dlnb import checks
from dlnb.data.dataset import DataSet

SIZES = {"shape": 3, "scale": 6, "orientation": 40, "position x": 32, "position y": 32}
SHAPES = ("square", "ellipse", "heart")
SCALES = np.linspace(0.5, 1.0, 6)
ANGLES = np.linspace(0.0, 2 * np.pi, 40)  # the last repeats the first, as in the published set
CENTRES = 16.0 + 32.0 * np.linspace(0.0, 1.0, 32)

# Fitted to published frames, except for the square, whose side is 0.3 of the image.
SQUARE = 9.6
ELLIPSE = 12.7675, 7.2125
HEART = 9.5928, 0.66231, 1.4358  # half width, height per unit of the classic curve, vertical offset

WINDOW = 14.0  # no outline extends further from its centre
REACH = 15  # pixels on each side of that of the centre, in which all of a sprite lies
SIDE = 2 * REACH + 1


def inside(shape: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Whether points ``a`` to the right of the centre and ``b`` below it lie in the outline, at scale 1, unrotated."""
    if shape == 0:
        return np.maximum(np.abs(a), np.abs(b)) <= SQUARE
    if shape == 1:
        return (a / ELLIPSE[0]) ** 2 + (b / ELLIPSE[1]) ** 2 <= 1.0
    width, height, offset = HEART
    # The classic curve at its two angles t with sin(t)**3 = |a| / width. Their cosines are c and -c, and those of their
    # multiples are polynomials in c, so that no angle need be known.
    u = np.cbrt(np.minimum(np.abs(a) / width, 1.0))
    c = np.sqrt((1 - u) * (1 + u))
    twice, odd = 2 * c * c - 1, 13 * c - 2 * c * (4 * c * c - 3)
    even = 5 * twice + 2 * twice * twice - 1
    top, bottom = (-height * (sign * odd - even) - offset for sign in (1, -1))
    return (np.abs(a) <= width) & (top <= b) & (b <= bottom)


def _turned(scale: float, angle: float, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (x, y), relative to the centre of a sprite, in the coordinates of its outline."""
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    return x * cos - y * sin, x * sin + y * cos


def _sprite(shape: int, scale: float, angle: float, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Whether points (x, y), relative to the centre of the sprite, are covered."""
    return inside(shape, *_turned(scale, angle, x, y))


def _binary(factors: np.ndarray) -> np.ndarray:
    """64x64 images sampled at pixel centres, as the published ones are: float32 [n, 64, 64, 1] of zeros and ones."""
    images = np.zeros((len(factors), 64, 64, 1), np.float32)
    corners = (np.floor(CENTRES[factors[:, 3:]]).astype(int) - REACH).tolist()
    for image, window, (x, y) in zip(images, _remembered(factors), corners, strict=True):
        image[y : y + SIDE, x : x + SIDE, 0] = window
    return images


@lru_cache(maxsize=1)
def _memory() -> tuple[np.ndarray, np.ndarray]:
    """The windows of all 737,280 images as bits, uint8 [images, SIDE, 4], and which of them have been drawn.

    91 MB at most: memory is taken as windows are written.
    """
    count = int(np.prod(list(SIZES.values())))
    return np.zeros((count, SIDE, -(-SIDE // 8)), np.uint8), np.zeros(count, bool)


def _remembered(factors: np.ndarray) -> np.ndarray:
    """``_windows`` as uint8 [n, SIDE, SIDE], each of which is drawn once: a long training sees each image many times.

    Threads may draw the same window at once, and then write the same bits.
    """
    bits, drawn = _memory()
    numbers = np.ravel_multi_index(tuple(factors.T), tuple(SIZES.values()))
    if (new := np.flatnonzero(~drawn[numbers])).size:
        bits[numbers[new]] = np.packbits(_windows(factors[new]), axis=2)
        drawn[numbers[new]] = True
    return np.unpackbits(bits[numbers], axis=2, count=SIDE)


def _windows(factors: np.ndarray) -> np.ndarray:
    """Whether pixels are covered, in a square around the pixel of each sprite's centre: bool [n, SIDE, SIDE]."""
    found = np.empty((len(factors), SIDE, SIDE), bool)
    centres = CENTRES[factors[:, 3:]]
    points = np.floor(centres)[:, :, None] + np.arange(-REACH, REACH + 1) + 0.5 - centres[:, :, None]
    for shape in range(3):
        rows = np.flatnonzero(factors[:, 0] == shape)
        x, y = points[rows, 0, None, :], points[rows, 1, :, None]
        scale, angle = SCALES[factors[rows, 1], None, None], ANGLES[factors[rows, 2], None, None]
        found[rows] = _sprite(shape, scale, angle, x, y)
    return found


@lru_cache(maxsize=2)
def _areas(fine: int) -> np.ndarray:
    """Area of each sprite above and to the left of the points of a grid around its centre, ``fine`` points per pixel.

    float32 [3, 6, 40, m, m]: summed-area tables, which give the covered area of any pixel by four look-ups.
    """
    half = int(WINDOW * fine)
    points = (np.arange(-half, half) + 0.5) / fine
    table = np.zeros((3, 6, 40, 2 * half + 1, 2 * half + 1), np.float32)
    for shape, scale, angle in np.ndindex(3, 6, 40):
        x, y = _turned(SCALES[scale], ANGLES[angle], points[None, :], points[:, None])
        if shape == 0:  # along an edge parallel to the grid, all whole cells would err to the same side
            edge = (SQUARE - np.maximum(np.abs(x), np.abs(y))) * SCALES[scale]
            covered = np.clip(0.5 + edge * fine, 0, 1)
        else:
            covered = inside(shape, x, y)
        table[shape, scale, angle, 1:, 1:] = covered.cumsum(axis=0).cumsum(axis=1) / fine**2
    return table


def _antialiased(factors: np.ndarray, size: int) -> np.ndarray:
    """Images whose pixels are the covered share of their area: float32 [n, size, size, 1]."""
    fine = 4 if size <= 64 else 8
    areas, pixel = _areas(fine), 64.0 / size
    width = int(np.ceil(2 * WINDOW / pixel)) + 1
    centres = CENTRES[factors[:, 3:]]
    first = np.clip(np.floor((centres - WINDOW) / pixel).astype(int), 0, size - width)
    edges = (first[:, :, None] + np.arange(width + 1)) * pixel - centres[:, :, None]
    position = np.clip((edges + WINDOW) * fine, 0, areas.shape[-1] - 1)
    cell = np.minimum(position.astype(int), areas.shape[-1] - 2)
    (right, down), (x, y) = (position - cell).astype(np.float32).transpose(1, 0, 2), cell.transpose(1, 0, 2)
    right, down, x, y = right[:, None, :], down[:, :, None], x[:, None, :], y[:, :, None]
    shape, scale, angle = factors[:, :3, None, None].transpose(1, 0, 2, 3)
    flat, line = areas.reshape(-1), areas.shape[-1]
    corner = ((shape * 6 + scale) * 40 + angle) * line**2 + y * line + x
    above = flat[corner] * (1 - right) + flat[corner + 1] * right
    below = flat[corner + line] * (1 - right) + flat[corner + line + 1] * right
    covered = np.diff(np.diff(above * (1 - down) + below * down, axis=1), axis=2) / np.float32(pixel**2)

    images = np.zeros((len(factors), size, size, 1), np.float32)
    pixels = first[:, :, None] + np.arange(width)
    rows = np.arange(len(factors))[:, None, None]
    images[rows, pixels[:, 1, :, None], pixels[:, 0, None, :], 0] = np.clip(covered, 0.0, 1.0)
    return images


def draw(shape: int, scale: float, angle: float, x: float, y: float, size: int = 64) -> np.ndarray:
    """One sprite of the data set at any scale, angle (radians) and position, not only those of its grid of factors.

    ``x`` and ``y`` in [0, 1] span the positions. float32 [size, size, 1], anti-aliased by 8 x 8 samples per pixel.
    Raises ValueError for a shape that is not 0, 1 or 2, a scale that is not above 0 and what is no finite number.
    """
    shape, size = checks.whole(shape, "shape", 0, len(SHAPES)), checks.whole(size, "size")
    scale = checks.number(scale, "scale", above=True)
    places = {"angle": angle, "x": x, "y": y}
    angle, x, y = (checks.number(value, name, -np.inf) for name, value in places.items())
    points = (np.arange(8 * size) + 0.5) * 8 / size
    covered = _sprite(shape, scale, angle, points[None, :] - 16 - 32 * x, points[:, None] - 16 - 32 * y)
    return covered.reshape(size, 8, size, 8).mean(axis=(1, 3), dtype=np.float32)[:, :, None]


def dsprites(size: int = 64) -> DataSet:
    """Shape 3, scale 6, orientation 40, position x and y 32 each; one channel, white on black.

    At size 64 the images are binary, as in the published set; at other sizes each pixel is the share of its area that
    the same outline covers. Raises ValueError for a size below 8.
    """
    size = checks.whole(size, "size", minimum=8)

    def render(factors, rng=None):
        factors = checks.factors(factors, SIZES)
        return _binary(factors) if size == 64 else _antialiased(factors, size)

    about = "dSprites drawn by dlnb from outlines recovered from the published images"
    return DataSet("dsprites", dict(SIZES), render, about=about)
