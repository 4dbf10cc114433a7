"""A stand-in for Cars3D: 183 parametric cars on white, each seen from 24 directions and 4 heights.

The published set (Reed et al. 2015) shows 183 CAD models; ours are invented, in ten body styles, but fill the frame in
the same way and vary in the same factors.
"""

from dataclasses import replace
from functools import lru_cache, partial

import numpy as np

from dlnb import checks
from dlnb.data import gallery
from dlnb.data.dataset import DataSet
from dlnb.data.scenes import cars, surfaces
from dlnb.data.scenes.cars import Car

SIZES = {"elevation": 4, "azimuth": 24, "type": 183}
ELEVATIONS = np.deg2rad([2.0, 9.0, 16.0, 23.0])  # degrees; those of the published set are not documented
CAMERA = surfaces.Camera(distance=14.0, focal=2.4, target=(0.0, 0.0, 0.72))
LIGHT = np.array([-0.45, 0.75, 0.5]) / np.linalg.norm([-0.45, 0.75, 0.5])  # right, up, towards the camera
HALFWAY = (LIGHT + np.array([0, 0, 1])) / np.linalg.norm(LIGHT + np.array([0, 0, 1]))

STYLES = {
    "hatchback": Car(3.9, 1.7, 1.48, 0.92, 0.74, 0.95, (0.24, 0.4), (0.86, 0.99)),
    "saloon": Car(4.6, 1.78, 1.42, 0.9, 0.72, 0.92, (0.27, 0.4), (0.68, 0.82)),
    "estate": Car(4.7, 1.78, 1.46, 0.9, 0.72, 0.95, (0.26, 0.38), (0.9, 0.985), pillars=(0.48, 0.68)),
    "van": Car(4.9, 1.9, 2.1, 1.15, 0.95, 1.0, (0.12, 0.24), (0.985, 0.999), windows=0.38, pillars=(0.4,), narrow=0.9),
    "pick-up": Car(5.0, 1.85, 1.72, 1.05, 0.95, 1.0, (0.26, 0.36), (0.56, 0.6), radius=0.38, clearance=0.3, bed=0.6),
    "sports car": Car(4.3, 1.82, 1.2, 0.78, 0.6, 0.86, (0.3, 0.46), (0.62, 0.9), pillars=(0.6,), clearance=0.14),
    "off-roader": Car(
        4.3, 1.88, 1.8, 1.05, 0.95, 1.05, (0.25, 0.33), (0.93, 0.98), pillars=(0.46, 0.68), radius=0.4, clearance=0.3
    ),
    "cabriolet": Car(4.2, 1.75, 1.3, 0.82, 0.68, 0.85, (0.3, 0.42), (0.66, 0.8), pillars=(), roofless=True),
    "minibus": Car(4.7, 1.85, 1.95, 1.05, 0.9, 1.0, (0.08, 0.22), (0.96, 0.995), pillars=(0.38, 0.6, 0.8), narrow=0.88),
    "coupé": Car(4.4, 1.78, 1.34, 0.86, 0.7, 0.9, (0.29, 0.44), (0.6, 0.84), pillars=(0.62,)),
}
PAINTS = tuple(
    np.array(colour) / 255
    for colour in (
        (200, 28, 28), (235, 235, 232), (28, 62, 160), (240, 190, 30), (30, 110, 55), (228, 95, 25), (92, 96, 100),
        (24, 24, 26), (120, 20, 45), (150, 200, 225), (170, 205, 60), (178, 180, 184), (95, 60, 35), (70, 40, 120),
        (15, 140, 145), (225, 205, 165), (20, 32, 70), (235, 120, 150), (70, 85, 45),
    )
)  # fmt: skip


def style(kind: int) -> str:
    """The body style of a type (0 to 182): a name from STYLES."""
    return tuple(STYLES)[kind % len(STYLES)]


def paint(kind: int) -> np.ndarray:
    """The main colour of a type, from PAINTS: no two types of one style share it."""
    turn, number = divmod(kind, len(STYLES))
    return PAINTS[(7 * turn + 3 * number) % len(PAINTS)]


@lru_cache(maxsize=2)
def _car(kind: int, step: float) -> surfaces.Surface:
    """The car of type ``kind``. No two types share both body style and paint; proportions and extras vary as well."""
    rng = np.random.default_rng([2015, kind])
    name, body = style(kind), STYLES[style(kind)]
    second = PAINTS[rng.integers(len(PAINTS))]
    low, wide = rng.uniform(0.95, 1.05), rng.uniform(0.96, 1.04)
    body = replace(
        body,
        length=min(body.length * rng.uniform(0.92, 1.07), 5.1),
        width=body.width * wide,
        height=body.height * low,
        belt=body.belt * low * rng.uniform(0.98, 1.02),
        nose=body.nose * rng.uniform(0.95, 1.05),
        boot=body.boot * low * rng.uniform(0.97, 1.02),
        radius=body.radius * rng.uniform(0.94, 1.08),
        screen=tuple(np.add(body.screen, rng.uniform(-0.02, 0.02))),
    )
    extra = {"estate": "rack", "sports car": "spoiler", "off-roader": "spare", "saloon": "sign"}.get(name)
    likely = {"saloon": 0.25}.get(name, 0.5)
    return cars.build(
        body,
        paint(kind),
        step,
        roof=second if rng.random() < 0.2 and not body.roofless else None,
        stripe=second if rng.random() < 0.25 else None,
        trim=cars.BLACK if rng.random() < (0.8 if name == "off-roader" else 0.2) else None,
        extras=tuple(e for e in (extra, "racing") if e and rng.random() < likely),
    )


def _shade(car: surfaces.Surface, seen: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Colours [m, 3] of the points ``seen`` [m]: glossy paint under a white sky and a lamp to the upper left."""
    normals = car.normals[seen] @ axes.T.astype(np.float32)
    lit = np.clip(normals @ LIGHT.astype(np.float32), 0, 1)
    gleam = np.clip(normals @ HALFWAY.astype(np.float32), 0, 1) ** 24
    sky = np.clip(normals[:, 1], 0, 1) ** 2
    matt = 0.42 + 0.2 * normals[:, 1] + 0.6 * lit
    return np.clip(car.colours[seen] * matt[:, None] + ((0.7 * gleam + 0.25 * sky) * car.gloss[seen])[:, None], 0, 1)


def draw(kind: int, elevation: int, azimuth: int, size: int = 64) -> np.ndarray:
    """The car of type ``kind`` at class ``elevation``, turned by ``azimuth`` * 15 degrees: uint8 [size, size, 3]."""
    pixels = surfaces.SUB * size
    car = _car(kind, step=0.62 * CAMERA.distance / CAMERA.focal / pixels)
    view = 2 * np.pi * azimuth / SIZES["azimuth"], ELEVATIONS[elevation]
    seen = CAMERA.look(car, *view, pixels)
    image = np.ones((pixels, pixels, 3), np.float32)
    image[seen >= 0] = _shade(car, seen[seen >= 0], CAMERA.axes(*view))
    return (surfaces.shrink(image) * 255).round().astype(np.uint8)


def cars3d(size: int = 64) -> DataSet:
    """Elevation 4, azimuth 24, type 183; three channels, white background. Raises ValueError for a size below 8.

    The first few hundred images are drawn on demand; after that, all 17,568 are drawn once and cached on disk.
    """
    size = checks.whole(size, "size", minimum=8)
    version = gallery.version(surfaces.__name__, cars.__name__, __name__)
    look = gallery.gallery(f"cars3d-{size}", version, (183, 4, 24), (size, size, 3), partial(draw, size=size))

    def render(factors, rng=None):
        factors = checks.factors(factors, SIZES)
        return look(factors[:, [2, 0, 1]]) / np.float32(255)

    about = "a stand-in for Cars3D: 183 invented cars drawn by dlnb, not the CAD models of the published set"
    return DataSet("cars3d", dict(SIZES), render, about=about)
