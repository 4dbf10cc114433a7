"""Shapes3D by ray casting: the room, camera and lights of the published images, recovered by fitting them.

The published set (Burgess and Kim 2018, Apache-2.0) holds 480,000 images of one object in a square room. A camera on a
ring around the object looks at it; a spotlight above and a light at the camera shine. The constants were fitted to 25
published images, some of which were held out. Units: the room is 7 wide, x to the right, y away from the camera of the
middle orientation, z up from the floor, the object at the origin.
"""

import colorsys
from functools import lru_cache
from itertools import product

import numpy as np

from dlnb import checks
from dlnb.data import files, gallery
from dlnb.data.dataset import DataSet

SIZES = {"floor hue": 10, "wall hue": 10, "object hue": 10, "scale": 8, "shape": 4, "orientation": 15}
SHAPES = ("cube", "cylinder", "sphere", "capsule")
HUES = np.array([colorsys.hsv_to_rgb(k / 10, 1, 1) for k in range(10)], np.float32)  # published values
SCALES = np.linspace(0.75, 1.25, 8)  # published values
ANGLES = np.deg2rad(np.linspace(-30, 30, 15))  # published values
SKY = np.array([153, 226, 249]) / 255

ROOM, WALL = 3.5, 2.071  # half the width of the room (sets the unit), height of the walls
DISTANCE, HEIGHT, PITCH, FOCAL = 3.189, 0.948, np.deg2rad(1.618), 77.25 / 64  # of the camera; focal length in images
CUBE, CYLINDER, SPHERE, CAPSULE = (0.4057, 0.8414), (0.4310, 0.8979), 0.4893, (0.3703, 1.5152)  # half width, height
SPOT, AIM, CONE = np.array([-1.881, 0.742, 9.603]), np.array([-1.594, 0.438, 0.0]), 14.06  # place, target, exponent
AMBIENT, HEADLIGHT, STRENGTH, GLOSS = 0.3361, 0.6152, 0.9587, 0.1472  # light everywhere, from the camera, spot; shine
SUB = 3  # rays along each side of a pixel


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _near_root(a, b, c):
    """The smaller root of a t^2 + 2 b t + c, infinity where there is none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(b * b >= a * c, (-b - np.sqrt(np.maximum(b * b - a * c, 0))) / a, np.inf)


def _hit(shape: int, scale: float, start: np.ndarray, ray: np.ndarray) -> np.ndarray:
    """How far along rays [n, 3] from start [3] or [n, 3] the object is met: [n], infinity where it is missed."""
    (ox, oy, oz), (x, y, z) = np.moveaxis(np.broadcast_to(start, ray.shape), -1, 0), np.moveaxis(ray, -1, 0)

    def ball(radius, height):
        low = oz - height
        return _near_root(x * x + y * y + z * z, x * ox + y * oy + z * low, ox**2 + oy**2 + low**2 - radius**2)

    with np.errstate(divide="ignore", invalid="ignore"):
        if shape == 0:
            half, height = np.multiply(CUBE, scale)
            one = np.stack([(-half - ox) / x, (-half - oy) / y, -oz / z])
            other = np.stack([(half - ox) / x, (half - oy) / y, (height - oz) / z])
            enter, leave = np.minimum(one, other).max(axis=0), np.maximum(one, other).min(axis=0)
            return np.where((enter < leave) & (leave > 0), enter, np.inf)
        if shape == 2:
            return ball(SPHERE * scale, SPHERE * scale)
        radius, height = np.multiply(CYLINDER if shape == 1 else CAPSULE, scale)
        side = _near_root(x * x + y * y, x * ox + y * oy, ox**2 + oy**2 - radius**2)
        at = oz + side * z
        if shape == 1:
            lid = (height - oz) / z
            on_lid = ((ox + lid * x) ** 2 + (oy + lid * y) ** 2 <= radius**2) & (lid > 0)
            return np.minimum(np.where((at >= 0) & (at <= height), side, np.inf), np.where(on_lid, lid, np.inf))
        side = np.where((at >= radius) & (at <= height - radius), side, np.inf)
        return np.minimum(side, np.minimum(ball(radius, radius), ball(radius, height - radius)))


def _normals(shape: int, scale: float, points: np.ndarray) -> np.ndarray:
    """Outward unit normals of the object at points on its surface [n, 3]."""
    x, y, z = points.T
    if shape == 0:
        half, height = np.multiply(CUBE, scale)
        face = np.argmin([np.abs(np.abs(x) - half), np.abs(np.abs(y) - half), np.abs(z - height)], axis=0)
        return np.eye(3)[face] * np.sign(points[np.arange(len(points)), face])[:, None]
    if shape == 1:
        top = z > CYLINDER[1] * scale - 1e-6
        return _unit(np.where(top[:, None], [0.0, 0.0, 1.0], np.stack([x, y, 0 * z], axis=1)))
    radius, height = (SPHERE, 2 * SPHERE) if shape == 2 else CAPSULE
    core = np.clip(z, radius * scale, (height - radius) * scale)
    return _unit(np.stack([x, y, z - core], axis=1))


def _light(points: np.ndarray, normals: np.ndarray, back: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Light at points [n, 3] without the spot, the spot's part, and how much it shines: [n] each."""
    towards = _unit(SPOT - points)
    cone = np.maximum(towards @ _unit(SPOT - AIM), 0) ** CONE
    facing = np.sum(towards * normals, axis=1)
    plain = AMBIENT + HEADLIGHT * np.maximum(normals @ back, 0)
    return plain, STRENGTH * cone * np.maximum(facing, 0), GLOSS * cone * (facing > 0)


def _map(scale: float, shape: int, angle: float, size: int) -> np.ndarray:
    """What an image is made of: shares of the colours of floor, wall and object, and red, green and blue besides.

    float32 [6, size, size].
    """
    pixels = size * SUB
    grid = ((np.arange(pixels) + 0.5) / pixels - 0.5) / FOCAL
    across, down = np.meshgrid(grid, grid)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    ahead = turn @ [0, np.cos(PITCH), -np.sin(PITCH)]
    up, right = turn @ [0, np.sin(PITCH), np.cos(PITCH)], turn @ [1, 0, 0]
    eye = turn @ [0, -DISTANCE, HEIGHT]
    rays = (ahead + across[..., None] * right - down[..., None] * up).reshape(-1, 3)

    with np.errstate(divide="ignore", invalid="ignore"):
        to_floor = np.where(rays[:, 2] < 0, -eye[2] / rays[:, 2], np.inf)
        to_side = (np.sign(rays[:, 0]) * ROOM - eye[0]) / rays[:, 0]
        to_front = np.where(rays[:, 1] > 0, (ROOM - eye[1]) / rays[:, 1], np.inf)
    to_wall, to_object = np.minimum(to_side, to_front), _hit(shape, scale, eye, rays)
    is_object = np.isfinite(to_object)
    is_floor = ~is_object & (to_floor < to_wall)
    is_wall = ~is_object & ~is_floor & (eye[2] + to_wall * rays[:, 2] < WALL)
    is_sky = ~(is_object | is_floor | is_wall)

    parts = np.zeros((6, pixels * pixels))
    points = eye + to_floor[is_floor, None] * rays[is_floor]
    plain, spot, _ = _light(points, np.array([[0.0, 0.0, 1.0]]), -ahead)
    parts[0, is_floor] = plain + spot * ~(_hit(shape, scale, points, SPOT - points) < 1)
    points = eye + to_wall[is_wall, None] * rays[is_wall]
    front = (to_front < to_side)[is_wall, None]
    inwards = np.where(front, [0.0, -1.0, 0.0], -np.sign(points[:, :1]) * [1.0, 0.0, 0.0])
    plain, spot, _ = _light(points, inwards, -ahead)
    parts[1, is_wall] = plain + spot
    points = eye + to_object[is_object, None] * rays[is_object]
    plain, spot, shine = _light(points, _normals(shape, scale, points), -ahead)
    parts[2, is_object] = plain + spot
    parts[3:, is_object] = shine
    parts[3:, is_sky] = SKY[:, None]
    return parts.reshape(6, size, SUB, size, SUB).mean(axis=(2, 4)).astype(np.float32)


@lru_cache(maxsize=4)
def _maps(size: int) -> np.ndarray:
    """All 480 maps: float32 [scale, shape, orientation, 6, size, size]."""

    def fill(array):
        for i, j, k in product(range(8), range(4), range(15)):
            array[i, j, k] = _map(SCALES[i], j, ANGLES[k], size)

    version = gallery.version(__name__)
    return np.array(files.derived(f"shapes3d-maps-{size}", version, (8, 4, 15, 6, size, size), fill, np.float32))


def shapes3d(size: int = 64) -> DataSet:
    """Hues of floor, wall and object 10 each, scale 8, shape 4, orientation 15; three channels.

    Only 480 views are ray-cast, once, and kept on disk: the hues recolour them. Raises ValueError for a size below 8.
    """
    size = checks.whole(size, "size", minimum=8)

    def render(factors, rng=None):
        floor, wall, thing, scale, shape, orientation = checks.factors(factors, SIZES).T
        parts = _maps(size)[scale, shape, orientation]
        images = np.empty((len(parts), size, size, 3), np.float32)
        for channel in range(3):
            image = parts[:, 3 + channel]
            for part, hue in enumerate((floor, wall, thing)):
                image = image + parts[:, part] * HUES[hue, channel, None, None]
            images[..., channel] = image
        return np.minimum(images, 1, out=images)

    about = "3D Shapes drawn by dlnb with a room, a camera and lights recovered from published images"
    return DataSet("shapes3d", dict(SIZES), render, about=about)
