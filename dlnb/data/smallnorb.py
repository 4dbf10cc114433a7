"""A stand-in for SmallNORB: fifty toys in one grey paint on a table, under six lamps.

The published set (LeCun et al. 2004) holds photographs; ours are drawn. Factors, views, the grey of the table under
each lamp and the nuisance (which of the ten toys of a category is shown) are those of the published set.
"""

from functools import lru_cache, partial

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from dlnb import checks
from dlnb.data import gallery
from dlnb.data.dataset import DataSet
from dlnb.data.scenes import airplanes, animals, cars, humans, surfaces, toys, trucks

SOURCES = (surfaces, cars, animals, humans, airplanes, trucks, toys)  # modules that determine what is drawn
SIZES = {"category": 5, "elevation": 9, "azimuth": 18, "lighting": 6}
INSTANCES = 10
ELEVATIONS = np.deg2rad(np.arange(30, 71, 5))
CAMERA = surfaces.Camera(distance=4.0, focal=2.7, target=(0.0, 0.0, 0.25))

# Per lighting: grey level of the table (measured in published images), then our guesses: the direction of the lamp
# (towards the camera, to its right, up), its share of the light, and the brightness of a toy relative to the table.
LIGHTINGS = (
    (223, (-0.5, -0.6, 0.9), 0.45, 0.92),
    (174, (-0.2, 0.9, 0.7), 0.5, 1.0),
    (126, (0.9, 0.1, 0.6), 0.6, 1.15),
    (206, (0.3, -0.9, 0.7), 0.5, 0.9),
    (248, (0.2, 0.3, 1.0), 0.35, 0.95),
    (226, (-0.7, 0.5, 0.8), 0.5, 0.92),
)
TABLE, CELL = 1.6, 0.025  # half the side of the square on which shadows are computed; side of its cells


@lru_cache(maxsize=2)
def _toy(category: int, instance: int, step: float) -> surfaces.Surface:
    return tuple(toys.CATEGORIES.values())[category](instance, step)


def _lamp(lighting: int, azimuth: float) -> np.ndarray:
    """Unit vector towards the lamp, in the coordinates of a toy that is turned by ``azimuth``: [3]."""
    x, y, z = np.array(LIGHTINGS[lighting][1]) / np.linalg.norm(LIGHTINGS[lighting][1])
    cos, sin = np.cos(azimuth), np.sin(azimuth)
    return np.array([cos * x + sin * y, -sin * x + cos * y, z])


def _covered(points: np.ndarray, weights: np.ndarray, blur: float) -> np.ndarray:
    """Share of the light of each cell of the table that points [n, 2] block, blurred: [cells, cells]."""
    cells = int(2 * TABLE / CELL)
    shade, _, _ = np.histogram2d(*points.T, bins=cells, range=[[-TABLE, TABLE]] * 2, weights=weights)
    return gaussian_filter(np.minimum(shade, 1.0), blur / CELL)


@lru_cache(maxsize=SIZES["azimuth"])
def _shadows(category: int, instance: int, azimuth: float) -> np.ndarray:
    """Light that reaches the table under each lamp, 1 where nothing blocks it: [lighting, cells, cells]."""
    toy = _toy(category, instance, CELL / 2)
    points, height = toy.points[:, :2], toy.points[:, 2]
    near = _covered(points, np.exp(-height / 0.1), 0.05)
    light = []
    for lighting in range(len(LIGHTINGS)):
        lamp = _lamp(lighting, azimuth)
        cast = _covered(points - height[:, None] * lamp[:2] / lamp[2], np.full(len(points), 1.0), 0.07)
        light.append((1 - 0.45 * near) * (1 - 0.6 * LIGHTINGS[lighting][2] * cast))
    return np.array(light)


def draw(category: int, instance: int, elevation: int, azimuth: int, size: int = 64) -> np.ndarray:
    """A toy under all six lightings: uint8 [6, size, size, 1]."""
    pixels = surfaces.SUB * size
    toy = _toy(category, instance, 0.62 * CAMERA.distance / CAMERA.focal / pixels)
    view = 2 * np.pi * azimuth / SIZES["azimuth"], ELEVATIONS[elevation]
    seen = CAMERA.look(toy, *view, pixels)
    covered = surfaces.shrink((seen >= 0).astype(np.float32))
    normals, paint = toy.normals[seen[seen >= 0]], toy.colours[seen[seen >= 0], 0] / toys.PAINT[0]
    depth = 0.55 + 0.45 * np.clip(toy.points[seen[seen >= 0], 2] / 0.2, 0, 1)  # little light reaches below a toy
    around = (0.62 + 0.38 * normals[:, 2]) * depth
    table = (CAMERA.ground(*view, size) + TABLE) / CELL - 0.5
    images = np.empty((len(LIGHTINGS), size, size, 1), np.uint8)
    for lighting, (grey, _, share, bright) in enumerate(LIGHTINGS):
        lamp = _lamp(lighting, view[0])
        lit = (1 - share) * around + share * np.clip(normals @ lamp.astype(np.float32), 0, 1) / lamp[2]
        toy_image = np.zeros((pixels, pixels), np.float32)
        toy_image[seen >= 0] = np.minimum(bright * paint * lit, 1.25)
        shadow = map_coordinates(
            _shadows(category, instance, view[0])[lighting], table.transpose(2, 0, 1), order=1, cval=1
        )
        image = grey * (surfaces.shrink(toy_image) + (1 - covered) * shadow)
        images[lighting, :, :, 0] = np.clip(image, 0, 255).round()
    return images


def smallnorb(size: int = 64) -> DataSet:
    """Category 5, elevation 9, azimuth 18, lighting 6; one channel. Raises ValueError for a size below 8.

    Which of a category's ten toys is shown is not a factor: it is sampled from ``rng`` for every image, as in the
    study. The first few hundred views are drawn on demand; after that, all 8,100 are drawn once and cached on disk.
    """
    size = checks.whole(size, "size", minimum=8)
    version = gallery.version(*(module.__name__ for module in SOURCES), __name__)
    shape = (SIZES["lighting"], size, size, 1)
    look = gallery.gallery(f"smallnorb-{size}", version, (5, INSTANCES, 9, 18), shape, partial(draw, size=size))

    def render(factors, rng=None):
        factors = checks.factors(factors, SIZES)
        checks.generator(rng, "smallnorb draws one of ten toys for every image and")
        views = np.insert(factors[:, :3], 1, rng.integers(INSTANCES, size=len(factors)), axis=1)
        return look(views, factors[:, 3]) / np.float32(255)

    about = "a stand-in for SmallNORB: fifty toys drawn by dlnb, not the photographs of the published set"
    return DataSet("smallnorb", dict(SIZES), render, about=about)
