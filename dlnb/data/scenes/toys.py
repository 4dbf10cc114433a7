"""Fifty toys in five categories, built of round bars, ellipsoids, blades and boxes: ten instances of each.

About one unit long; x forward, y to the left, z up, standing on z = 0 about the origin.
"""

from collections.abc import Callable

import numpy as np

from dlnb.data.scenes import cars
from dlnb.data.scenes.airplanes import airplane
from dlnb.data.scenes.animals import animal
from dlnb.data.scenes.cars import Car
from dlnb.data.scenes.humans import human
from dlnb.data.scenes.surfaces import Surface
from dlnb.data.scenes.trucks import truck

PAINT = (0.62, 0.62, 0.62)

# Positional: length, width, height, belt, nose, boot, screen, tail.
CARS = {
    "hatchback": Car(4.0, 1.75, 1.5, 0.95, 0.75, 0.95, (0.24, 0.4), (0.86, 0.99)),
    "saloon": Car(4.7, 1.8, 1.4, 0.9, 0.75, 0.92, (0.27, 0.4), (0.66, 0.8)),
    "estate": Car(4.8, 1.8, 1.5, 0.92, 0.75, 0.95, (0.26, 0.38), (0.9, 0.985), pillars=(0.48, 0.68)),
    "sports car": Car(4.3, 1.9, 1.15, 0.75, 0.55, 0.85, (0.32, 0.48), (0.6, 0.9), pillars=(0.6,), clearance=0.14),
    "off-roader": Car(4.4, 1.95, 1.85, 1.1, 0.95, 1.05, (0.25, 0.33), (0.93, 0.98), radius=0.42, clearance=0.3),
    "cabriolet": Car(4.3, 1.8, 1.3, 0.85, 0.7, 0.85, (0.3, 0.42), (0.66, 0.8), pillars=(), roofless=True),
    "small car": Car(3.3, 1.6, 1.55, 0.95, 0.8, 0.95, (0.2, 0.38), (0.85, 0.98), radius=0.28),
    "pick-up": Car(5.0, 1.9, 1.75, 1.05, 0.95, 1.0, (0.26, 0.36), (0.56, 0.6), bed=0.6, radius=0.4, clearance=0.3),
    "racing car": Car(
        4.6, 1.9, 1.05, 0.7, 0.5, 0.75, (0.4, 0.52), (0.58, 0.72), pillars=(), clearance=0.12, radius=0.34
    ),
    "fastback": Car(4.1, 1.75, 1.5, 1.0, 0.7, 0.75, (0.3, 0.42), (0.55, 0.9), radius=0.33),
}
CAR_EXTRAS = {"estate": ("rack",), "sports car": ("spoiler",), "off-roader": ("spare",), "racing car": ("spoiler",)}


def car(instance: int, step: float) -> Surface:
    """Toy ``instance`` (0 to 9) of CARS."""
    name, scale = tuple(CARS)[instance], 0.21
    built = cars.build(CARS[name], PAINT, step / scale, extras=CAR_EXTRAS.get(name, ()))
    # Moulded in one piece: what is glass or rubber on a real car is only a little darker here.
    colours = np.float32(PAINT) * (0.62 + 0.38 * np.clip(built.colours.mean(axis=1, keepdims=True) / PAINT[0], 0, 1))
    return Surface(built.points, built.normals, colours.astype(np.float32), 0 * built.gloss).scaled(scale)


CATEGORIES: dict[str, Callable[[int, float], Surface]] = {
    "four-legged animal": animal,
    "human figure": human,
    "airplane": airplane,
    "truck": truck,
    "car": car,
}
