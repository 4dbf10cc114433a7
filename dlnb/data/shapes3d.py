"""Shapes3D by ray casting: a room, one object on its floor, a lamp above, and a camera that moves around the object.

The published set (Burgess and Kim 2018, Apache-2.0) holds 480,000 images of 64x64 pixels. The constants of our room
were fitted to 15 of them; 10 held-out images differ from our renderings by about 2 grey levels on average. The room is
7 units wide. The origin is at the foot of the object: x points right, y away from the camera at the middle orientation,
z up.
"""

from colorsys import hsv_to_rgb
from functools import lru_cache

import numpy as np

from dlnb import checks
from dlnb.data import files, gallery
from dlnb.data.dataset import DataSet

SIZES = {"floor hue": 10, "wall hue": 10, "object hue": 10, "scale": 8, "shape": 4, "orientation": 15}
SHAPES = ("cube", "cylinder", "sphere", "capsule")
SCALES = np.linspace(0.75, 1.25, 8)
ANGLES = np.radians(np.linspace(-30.0, 30.0, 15))  # of the camera around the object
HUES = np.array([hsv_to_rgb(k / 10, 1.0, 1.0) for k in range(10)])
SKY = np.array([153, 226, 249]) / 255

# Fitted, except for the half width of the room, which sets the unit, and the field of view
ROOM, WALL = 3.5, 2.0703  # half width, height of the walls
DISTANCE, HEIGHT, PITCH, VIEW = 3.1871, 0.9484, np.radians(1.6206), np.radians(45.0)  # of the camera; it looks down
WIDTHS = 0.4047, 0.4310, 0.4883, 0.3711  # half widths of SHAPES at scale 1
HEIGHTS = 0.8411, 0.8976, 0.9766, 1.5133
LAMP, AIM = np.array([-1.8578, 0.7439, 9.5317]), np.array([-1.6056, 0.4376, 0.0])  # position and where it points
SPREAD = 13.712  # light of the lamp falls off as this power of the cosine of the angle to its axis
AMBIENT, HEAD, SPOT = 0.3353, 0.6157, 0.9595  # ambient light, light from the direction of the camera, light of the lamp
GLEAM = 0.1475  # white that the lamp adds to the object where it faces the lamp
PALE, SEAM, RIM, DARK = 1.0053, 0.0285, 0.3887, 0.05  # hexagons of floor and walls: pale, less at the rim, some dark
DARK_CELLS = ((0, 5.0), (0, 4.0), (1, 4.5), (1, 3.5), (2, 3.0))  # column, place in it; repeats every 10 and 8
FLOOR_CELLS, WALL_CELLS = (0.2396, 0.2923, -1.173), (0.1987, 0.2590, 0.0175)  # column width, tile height, offset

# Of all sizes tried, 192x192 reduced by a Lanczos filter fits best; its ringing shows along the published walls.
SUB, LOBES = 3, 3
# Light is computed at vertices and interpolated (Gouraud shading): published highlights show its straight outlines.
SLICES, STACKS = 28, 16

# A channel is min(colour x light + gleam, 1). The bound is reached only where the colour is 1, so a surface contributes
# two numbers to a pixel, one for channels whose colour is below 1 and one for those at 1. Sky and gleam take one.
COLOURS = np.stack([np.where(HUES < 1, HUES, 0.0), np.where(HUES < 1, 0.0, 1.0)], axis=1)  # [hue, 2, channel]
PARTS = 8


def _filter(size: int) -> np.ndarray:
    """Weights of the sub-pixels of a line in each of its pixels: [size, max(size, 64) * SUB].

    Below 64, a pixel is the mean over its part of a line of 64 pixels, as when the published images are reduced.
    """
    fine = max(size, 64)
    away = (np.arange(fine * SUB) + 0.5) / SUB - (np.arange(fine)[:, None] + 0.5)
    weights = np.where(np.abs(away) < LOBES, np.sinc(away) * np.sinc(away / LOBES), 0.0)
    ends, cells = np.linspace(0, fine, size + 1)[:, None], np.arange(fine)
    share = np.clip(np.minimum(ends[1:], cells + 1) - np.maximum(ends[:-1], cells), 0.0, None)
    return share @ (weights / weights.sum(axis=1, keepdims=True)) * (size / fine)


def _camera(angle: float, pixels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(position [3], unit vector backwards [3], rays [pixels**2, 3] through the pixels, row by row)."""
    slope = np.tan(VIEW / 2) * (2 * np.arange(pixels) + 1 - pixels) / pixels
    right, down = np.meshgrid(slope, slope)
    forward, up = np.array([0, np.cos(PITCH), -np.sin(PITCH)]), np.array([0, np.sin(PITCH), np.cos(PITCH)])
    rays = forward - down[..., None] * up + right[..., None] * np.array([1.0, 0.0, 0.0])
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    return turn @ [0, -DISTANCE, HEIGHT], -turn @ forward, rays.reshape(-1, 3) @ turn.T


def _first(*intervals) -> np.ndarray:
    """Where rays enter a convex body, given the intervals between its pairs of sides; infinity for a miss."""
    enter = np.maximum.reduce([np.fmin(*interval) for interval in intervals])
    leave = np.minimum.reduce([np.fmax(*interval) for interval in intervals])
    return np.where(enter < leave, enter, np.inf)


def _roots(a, b, c) -> tuple[np.ndarray, np.ndarray]:
    """Roots of a t^2 + 2 b t + c; both infinity if there are none."""
    root = np.sqrt(np.maximum(b * b - a * c, 0.0))
    return np.where(root > 0, (-b - root) / a, np.inf), np.where(root > 0, (-b + root) / a, np.inf)


def _reach(shape: int, scale: float, start: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """Distance from ``start`` [3] or [n, 3] to the object in lengths of the rays [n, 3]: [n], infinity for a miss."""
    (px, py, pz), (x, y, z) = np.broadcast_to(start, rays.shape).T, rays.T
    width, height = WIDTHS[shape] * scale, HEIGHTS[shape] * scale

    def ball(middle):
        up = pz - middle
        return _first(_roots(x * x + y * y + z * z, x * px + y * py + z * up, px**2 + py**2 + up**2 - width**2))

    with np.errstate(divide="ignore", invalid="ignore"):
        layer = (-pz / z, (height - pz) / z)
        if shape == 0:
            return _first(layer, *(((-width - p) / ray, (width - p) / ray) for p, ray in ((px, x), (py, y))))
        mantle = _roots(x * x + y * y, x * px + y * py, px**2 + py**2 - width**2)
        if shape == 1:
            return _first(layer, mantle)
        straight = _first(mantle, ((width - pz) / z, (height - width - pz) / z))  # a sphere has no straight part
        return np.minimum(straight, np.minimum(ball(width), ball(height - width)))


def _light(points: np.ndarray, normals: np.ndarray, back: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Light without the lamp, light of the lamp, and its gleam, each [...], for points and unit normals [..., 3]."""
    to_lamp, axis = LAMP - points, (LAMP - AIM) / np.linalg.norm(LAMP - AIM)
    to_lamp /= np.linalg.norm(to_lamp, axis=-1, keepdims=True)
    cone, facing = np.maximum(to_lamp @ axis, 0.0) ** SPREAD, (to_lamp * normals).sum(axis=-1)
    ambient = AMBIENT + HEAD * np.maximum(normals @ back, 0.0)
    return np.broadcast_to(ambient, facing.shape), SPOT * cone * np.maximum(facing, 0.0), GLEAM * cone * (facing > 0)


def _hexagons(columns: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Brightness [n] of the tiles, near 1, at points [n] of floor or walls: column of hexagons, place along it."""
    found = []
    for odd in (0, 1):
        column, place = 2 * np.round((columns - odd) / 2) + odd, np.round(places - odd / 2) + odd / 2
        across, along = np.abs(columns - column), np.abs(places - place)
        found.append((np.maximum(along, 0.75 * across + 0.5 * along), column, place))
    rim, column, place = np.where(found[0][0] < found[1][0], *found)
    dark = np.any([(column % 10 == i) & (place % 8 == j) for i, j in DARK_CELLS], axis=0)
    return PALE - SEAM * (rim > RIM) - DARK * dark


def _floor(points: np.ndarray, back: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Light at points [n, 3] of the floor in the lamp's shadow, and what the lamp adds: [n] each."""
    column, place, first = FLOOR_CELLS
    pattern = _hexagons(-points[:, 1] / column, (points[:, 0] - first) / place)
    ambient, spot, _ = _light(points, np.array([0.0, 0.0, 1.0]), back)
    return pattern * ambient, pattern * spot


def _walls(points: np.ndarray, front: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Light [n] at points [n, 3] of the walls; the mask ``front`` [n] marks those on the front wall."""
    (column, place, first), right = WALL_CELLS, np.sign(points[:, 0])
    normals = np.where(front[:, None], [0.0, -1.0, 0.0], right[:, None] * [-1.0, 0.0, 0.0])
    along = np.where(front, points[:, 0], -right * points[:, 1])  # to the right, seen from inside
    ambient, spot, _ = _light(points, normals, back)
    return _hexagons(along / column, (points[:, 2] - first) / place) * (ambient + spot)


def _object(shape: int, scale: float, points: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Light and gleam [2, n] at points [n, 3] of the object's surface."""
    width, height = WIDTHS[shape] * scale, HEIGHTS[shape] * scale

    def lit(corners, normals):
        ambient, spot, gleam = _light(corners, normals, back)
        return np.stack([ambient + spot, gleam])

    if shape == 0:
        middle, half = np.array([0, 0, height / 2]), np.array([width, width, height / 2])
        out = (points - middle) / half  # the coordinate of the face is 1 or -1
        return lit(points, np.where(np.abs(out) == np.abs(out).max(axis=1, keepdims=True), np.sign(out), 0.0))
    up, level = np.zeros(STACKS + 1), np.linspace(0.0, height, STACKS + 1)  # of rings of vertices, from foot to top
    if shape > 1:
        tilt = np.sin(np.linspace(-np.pi / 2, np.pi / 2, STACKS + 1))
        low, high = tilt[: STACKS // 2], tilt[STACKS // 2 + 1 :]
        straight = np.linspace(width, height - width, STACKS + 1)
        up, level = np.concatenate([low, up, high]), [*(width * (1 + low)), *straight, *(height - width * (1 - high))]
    turn = 2 * np.pi * np.arange(SLICES + 1) / SLICES
    flat = np.sqrt(1 - up**2)[:, None] * np.stack([np.cos(turn), np.sin(turn)])[:, None]
    rings = [np.broadcast_to(each[:, None], flat[0].shape) for each in (np.array(level), up)]
    corners = lit(np.stack([*(width * flat), rings[0]], axis=-1), np.stack([*flat, rings[1]], axis=-1))
    row = np.clip(np.interp(points[:, 2], level, np.arange(len(level))), 0, len(level) - 1.001)
    column = np.arctan2(points[:, 1], points[:, 0]) % (2 * np.pi) / (2 * np.pi) * SLICES
    i, j = row.astype(int), np.minimum(column.astype(int), SLICES - 1)
    lights = (corners[:, i, j] * (1 + j - column) + corners[:, i, j + 1] * (column - j)) * (1 + i - row)
    lights += (corners[:, i + 1, j] * (1 + j - column) + corners[:, i + 1, j + 1] * (column - j)) * (row - i)
    lid = (points[:, 2] > height - 1e-9) & (shape == 1)
    lights[:, lid] = lit(points[lid], np.array([0.0, 0.0, 1.0]))
    return lights


def _parts(light: np.ndarray, gleam: np.ndarray | float = 0.0) -> np.ndarray:
    """The two numbers [n, 2] of a surface: for channels where its colour is below 1 and for those where it is 1."""
    return np.stack([light, np.minimum(light + gleam, 1.0) - gleam], axis=1)


def _draw(maps: np.ndarray):
    """Fill maps [8 scales, 4 shapes, 15 orientations, size**2, PARTS]: 2 each for floor, walls, object; sky; gleam."""
    weights = _filter(round(maps.shape[3] ** 0.5))
    pixels = weights.shape[1]
    for orientation, angle in enumerate(ANGLES):
        start, back, rays = _camera(angle, pixels)
        with np.errstate(divide="ignore"):
            down = np.where(rays[:, 2] < 0, -start[2] / rays[:, 2], np.inf)
            side, front = (np.copysign(ROOM, rays[:, 0]) - start[0]) / rays[:, 0], (ROOM - start[1]) / rays[:, 1]
        ahead = np.minimum(side, front)
        floor = down < ahead
        wall = ~floor & (start[2] + ahead * rays[:, 2] < WALL)
        ground = start + down[floor, None] * rays[floor]
        ambient, spot = _floor(ground, back)
        empty = np.zeros((pixels**2, PARTS))
        empty[wall, 2:4] = _parts(_walls(start + ahead[wall, None] * rays[wall], (front < side)[wall], back))
        empty[~floor & ~wall, 6] = 1.0
        for scale, shape in np.ndindex(maps.shape[:2]):
            parts, kind = empty.copy(), (shape, SCALES[scale])
            parts[floor, :2] = _parts(ambient + np.where(_reach(*kind, ground, LAMP - ground) < np.inf, 0.0, spot))
            reach = _reach(*kind, start, rays)
            seen = reach < np.inf
            light, gleam = _object(*kind, start + reach[seen, None] * rays[seen], back)
            parts[seen] = 0.0
            parts[seen, 4:6], parts[seen, 7] = _parts(light, gleam), gleam
            lines = np.tensordot(weights, parts.reshape(pixels, pixels, PARTS), axes=1)
            maps[scale, shape, orientation] = np.matmul(weights, lines).reshape(-1, PARTS)


@lru_cache(maxsize=4)
def _maps(size: int) -> np.ndarray:
    """The pixels of all 480 rooms before they are coloured: float32 [8 * 4 * 15, size**2, PARTS]."""
    shape = (*(SIZES[name] for name in ("scale", "shape", "orientation")), size * size, PARTS)
    maps = files.derived(f"shapes3d-{size}", gallery.version(__name__), shape, _draw, np.float32)
    return np.asarray(maps).reshape(-1, size * size, PARTS)


def shapes3d(size: int = 64) -> DataSet:
    """Floor, wall and object hue 10 each, scale 8, shape 4, orientation 15; three channels.

    The first image takes some seconds: 480 rooms are drawn once and cached on disk; hues only colour them.
    Raises ValueError for a size below 8.
    """
    size = checks.whole(size, "size", minimum=8)

    def render(factors, rng=None):
        factors = checks.factors(factors, SIZES)
        views = np.ravel_multi_index(tuple(factors[:, 3:].T), tuple(SIZES.values())[3:])
        others = np.broadcast_to(np.stack([SKY, np.ones(3)]), (len(factors), 2, 3))
        colours = np.concatenate([*COLOURS[factors[:, :3].T], others], axis=1, dtype=np.float32)
        maps, images = _maps(size), np.empty((len(factors), size, size, 3), np.float32)
        for view, colour, image in zip(views, colours, images, strict=True):  # one by one: the batch affects no bit
            np.dot(maps[view], colour, out=image.reshape(-1, 3))
        return np.clip(images, 0.0, 1.0, out=images)

    about = "near copies of 3D Shapes: rooms drawn by dlnb with constants fitted to 15 published images"
    return DataSet("shapes3d", dict(SIZES), render, about=about)
