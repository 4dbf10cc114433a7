"""Solid objects as dense clouds of surface points, and the camera that draws the stand-ins from them.

A surface is sampled so densely that its points leave no holes at the requested resolution; each sub-pixel shows the
nearest point in it. x points forward, y to the left, z up; lengths in units of the model.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SUB = 3  # sub-pixels along each side of a pixel


@dataclass(frozen=True)
class Surface:
    """float32 arrays: points [n, 3], outward unit normals [n, 3], colours [n, 3] in [0, 1], gloss [n] in [0, 1]."""

    points: np.ndarray
    normals: np.ndarray
    colours: np.ndarray
    gloss: np.ndarray

    def __len__(self):
        return len(self.points)

    def painted(self, where: np.ndarray, colour, gloss: float = 0.0) -> "Surface":
        """The same surface with another colour where the bool mask [n] is True."""
        colours = np.where(where[:, None], np.float32(colour), self.colours)
        return Surface(self.points, self.normals, colours, np.where(where, np.float32(gloss), self.gloss))

    def only(self, where: np.ndarray) -> "Surface":
        return Surface(self.points[where], self.normals[where], self.colours[where], self.gloss[where])

    def moved(self, shift) -> "Surface":
        return Surface(self.points + np.float32(shift), self.normals, self.colours, self.gloss)

    def scaled(self, scale: float) -> "Surface":
        return Surface(self.points * np.float32(scale), self.normals, self.colours, self.gloss)

    def turned(self, angle: float, axis: int = 2) -> "Surface":
        """Turned by ``angle`` (radians) about a coordinate axis through the origin."""
        i, j = [(1, 2), (2, 0), (0, 1)][axis]
        turn = np.eye(3, dtype=np.float32)
        turn[[i, i, j, j], [i, j, i, j]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
        return Surface(self.points @ turn.T, self.normals @ turn.T, self.colours, self.gloss)

    def mirrored(self) -> "Surface":
        """This surface and its mirror image in y."""
        flip = np.float32([1, -1, 1])
        twin = Surface(self.points * flip, self.normals * flip, self.colours, self.gloss)
        return join([self, twin])


def join(parts: list[Surface]) -> Surface:
    names = ("points", "normals", "colours", "gloss")
    return Surface(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def patch(place: Callable, step: float, inner=None, colour=(0.5, 0.5, 0.5), gloss: float = 0.0) -> Surface:
    """The surface ``place(u, v) -> (x, y, z)`` over the unit square, its points about ``step`` apart.

    Its normals point away from ``inner``, a point [3] (None: the middle of the patch). Where a patch shrinks to a
    point the normal is that of its neighbourhood.
    """
    ends = np.linspace(0, 1, 25)
    coarse = np.stack(np.broadcast_arrays(*place(*np.meshgrid(ends, ends, indexing="ij"))), axis=-1)
    counts = [
        max(2, int(np.ceil(np.linalg.norm(np.diff(coarse, axis=axis), axis=-1).sum(axis=axis).max() / step)) + 1)
        for axis in (0, 1)
    ]
    # Points lie at the centres of their cells, where even a patch that ends in a pole has a normal.
    u, v = np.meshgrid(*((np.arange(count) + 0.5) / count for count in counts), indexing="ij")
    tiny = 1e-3
    points, east, north = (
        np.stack(np.broadcast_arrays(*place(*at)), axis=-1) for at in ((u, v), (u + tiny, v), (u, v + tiny))
    )
    normals = np.cross(east - points, north - points).reshape(-1, 3)
    points = points.reshape(-1, 3)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-30
    away = points - (points.mean(axis=0) if inner is None else np.asarray(inner))
    if np.sum(normals * away) < 0:
        normals = -normals
    colours = np.broadcast_to(np.float32(colour), points.shape).copy()
    return Surface(points.astype(np.float32), normals.astype(np.float32), colours, np.full(len(points), gloss, "f4"))


def ellipsoid(centre, radii, step: float, **paint) -> Surface:
    (x, y, z), (a, b, c) = centre, radii

    def place(u, v):
        u, v = np.pi * u, 2 * np.pi * v
        return x + a * np.sin(u) * np.cos(v), y + b * np.sin(u) * np.sin(v), z + c * np.cos(u)

    return patch(place, step, centre, **paint)


def limb(start, end, radius: float, step: float, end_radius: float | None = None, **paint) -> Surface:
    """A round bar with round ends from ``start`` to ``end``, its radius changing linearly to ``end_radius``."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    along = (end - start) / np.linalg.norm(end - start)
    side = np.cross(along, [0, 0, 1] if abs(along[2]) < 0.9 else [1, 0, 0])
    side /= np.linalg.norm(side)
    other = np.cross(along, side)
    last = radius if end_radius is None else end_radius
    length = np.linalg.norm(end - start)
    total = length + (radius + last) * np.pi / 2

    def place(u, v):
        walked, turn = u * total, 2 * np.pi * v
        first, second = walked / radius, (walked - radius * np.pi / 2 - length) / last
        middle = np.clip((walked - radius * np.pi / 2) / length, 0, 1)
        on_first, on_last = first < np.pi / 2, second > 0
        wide = radius + (last - radius) * middle
        wide = np.where(on_first, radius * np.sin(first), np.where(on_last, last * np.cos(second), wide))
        far = np.where(on_first, -radius * np.cos(first), middle * length)
        far = np.where(on_last, length + last * np.sin(second), far)
        return tuple(
            start[i] + far * along[i] + wide * (np.cos(turn) * side[i] + np.sin(turn) * other[i]) for i in range(3)
        )

    return patch(place, step, (start + end) / 2, **paint)


def block(corners, step: float, **paint) -> Surface:
    """Six faces over eight corners [2, 2, 2, 3], indexed by far (x), left (y) and high (z)."""
    corners = np.asarray(corners, float)
    inner, faces = corners.mean(axis=(0, 1, 2)), []
    for axis in range(3):
        for end in range(2):
            (a, b), (c, d) = np.moveaxis(corners, axis, 0)[end]

            def place(u, v, a=a, b=b, c=c, d=d):
                return tuple((1 - u) * ((1 - v) * a[i] + v * b[i]) + u * ((1 - v) * c[i] + v * d[i]) for i in range(3))

            faces.append(patch(place, step, inner, **paint))
    return join(faces)


def box(centre, half, step: float, **paint) -> Surface:
    signs = np.stack(np.meshgrid([-1, 1], [-1, 1], [-1, 1], indexing="ij"), axis=-1)
    return block(np.asarray(centre) + signs * np.asarray(half), step, **paint)


def wing(root, tip, chord: float, tip_chord: float, thick: float, step: float, **paint) -> Surface:
    """A thin blade from ``root`` to ``tip`` (middles of their chords); chords lie along x, thickness across."""
    root, tip = np.asarray(root, float), np.asarray(tip, float)
    span = tip - root
    across = np.cross(span, [1.0, 0, 0])
    across *= thick / np.linalg.norm(across)
    ends = [(root, chord, 1.0), (tip, tip_chord, 0.6)]
    corners = [
        [[middle + [far * c / 2, 0, 0] + high * t * across / 2 for high in (-1, 1)] for middle, c, t in ends]
        for far in (-1, 1)
    ]
    return block(corners, step, **paint)


def wheel(centre, radius: float, width: float, step: float, tyre=(0.1, 0.1, 0.1), rim=(0.6, 0.6, 0.62)) -> Surface:
    """A cylinder about y: a tyre and a rim with five bright spokes."""
    x, y, z = centre

    def tread(u, v):
        return x + radius * np.cos(2 * np.pi * u), y + width * (v - 0.5), z + radius * np.sin(2 * np.pi * u)

    parts = [patch(tread, step, centre, colour=tyre)]
    for side in (-0.5, 0.5):

        def face(u, v, side=side):
            return (
                x + radius * v * np.cos(2 * np.pi * u),
                y + width * side + 0 * u,
                z + radius * v * np.sin(2 * np.pi * u),
            )

        disc = patch(face, step, centre, colour=tyre)
        far, high = disc.points[:, 0] - x, disc.points[:, 2] - z
        distance = np.hypot(far, high) / radius
        spoke = (np.cos(5 * np.arctan2(high, far)) > -0.2) | (distance < 0.2) | (distance > 0.52)
        parts.append(disc.painted((distance < 0.66) & spoke, rim, 0.4))
    return join(parts)


@dataclass(frozen=True)
class Camera:
    """Looks at ``target`` from ``distance``; ``focal``: image widths that a unit length fills at distance one."""

    distance: float
    focal: float
    target: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def axes(self, azimuth: float, elevation: float) -> np.ndarray:
        """Rows: right, up and towards the camera, for an object turned by ``azimuth`` about z (radians): [3, 3]."""
        cos, sin = np.cos(azimuth), np.sin(azimuth)
        turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        low, high = np.cos(elevation), np.sin(elevation)
        return np.array([[0, 1, 0], [-high, 0, low], [low, 0, high]]) @ turn

    def look(self, surface: Surface, azimuth: float, elevation: float, pixels: int) -> np.ndarray:
        """Index of the point that each sub-pixel shows: int64 [pixels, pixels], -1 where there is none."""
        axes = self.axes(azimuth, elevation).astype(np.float32)
        points = surface.points - np.float32(self.target)
        seen = axes @ points.T
        # The camera stands at distance * axes[2]: faces turned away from it are hidden.
        towards = surface.normals @ (axes[2] * np.float32(self.distance))
        towards -= np.einsum("ni,ni->n", surface.normals, points)
        facing = np.flatnonzero(towards > 0)
        right, up, near = seen[:, facing]
        scale = np.float32(self.focal * pixels) / (np.float32(self.distance) - near)
        column = (pixels / 2 + right * scale).astype(np.int32)
        line = (pixels / 2 - up * scale).astype(np.int32)
        within = (column >= 0) & (column < pixels) & (line >= 0) & (line < pixels)
        near = near[within]
        low, high = (near.min(), near.max()) if len(near) else (0, 1)
        # Sixteen bits sort in linear time; later points overwrite earlier ones, so the nearest must come last.
        rank = np.argsort(((near - low) * np.float32(65_535 / (high - low + 1e-9))).astype(np.uint16), kind="stable")
        index = np.full(pixels * pixels, -1)
        index[(line[within] * pixels + column[within])[rank]] = facing[within][rank]
        return index.reshape(pixels, pixels)

    def ground(self, azimuth: float, elevation: float, pixels: int) -> np.ndarray:
        """Where each sub-pixel's ray meets the plane z = 0, in the turned object's x and y: [pixels, pixels, 2].

        NaN for rays that do not point down.
        """
        axes = self.axes(azimuth, elevation)
        line, column = np.meshgrid(*2 * [(np.arange(pixels) + 0.5) / pixels - 0.5], indexing="ij")
        rays = (column[..., None] * axes[0] - line[..., None] * axes[1]) / self.focal - axes[2]
        eye = np.asarray(self.target) + self.distance * axes[2]
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = np.where(rays[..., 2] < -1e-6, -eye[2] / rays[..., 2], np.nan)
        return (eye + reach[..., None] * rays)[..., :2]


def shrink(image: np.ndarray, sub: int = SUB) -> np.ndarray:
    """Means over blocks of sub x sub: [h, w, ...] to [h / sub, w / sub, ...]."""
    height, width = image.shape[0] // sub, image.shape[1] // sub
    return image.reshape(height, sub, width, sub, *image.shape[2:]).mean(axis=(1, 3))
