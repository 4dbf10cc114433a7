"""Ten trucks: a cab on wheels with a load behind it.

Units and axes are those of ``toys``. Each load is a function of the truck and the distance ``step`` between points.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from dlnb.data.scenes.surfaces import Surface, box, ellipsoid, join, limb, wheel

HALF = 0.17  # half the width
DECK = 0.16  # height of the frame
TYRE = 0.085  # radius
GLASS = (0.42, 0.42, 0.42)
TYRES = {"tyre": (0.5, 0.5, 0.5), "rim": (0.62, 0.62, 0.62)}  # rims as bright as toys.PAINT


@dataclass(frozen=True)
class Truck:
    """Measurements in units of the toy, before it is scaled."""

    half: float  # half the length
    load: str  # one of LOADS
    nose: bool = False  # a bonnet in front of the cab

    @property
    def front(self) -> float:
        """x of the middle of the cab."""
        return self.half - (0.24 if self.nose else 0.13)

    @property
    def start(self) -> float:
        """x of the rear end of the load."""
        return -self.half

    @property
    def end(self) -> float:
        """x of the front end of the load."""
        return self.front - 0.13

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2

    @property
    def reach(self) -> float:
        """Half the length of the load."""
        return (self.end - self.start) / 2


TRUCKS = (
    Truck(0.5, "box"),
    Truck(0.5, "tank", nose=True),
    Truck(0.42, "heap", nose=True),
    Truck(0.52, "logs"),
    Truck(0.46, "crane"),
    Truck(0.48, "flat bed", nose=True),
    Truck(0.5, "ladder"),
    Truck(0.46, "mixer", nose=True),
    Truck(0.4, "box", nose=True),
    Truck(0.46, "bus"),
)


def _frame(truck: Truck, step: float) -> list[Surface]:
    half = truck.half
    axles = (half - 0.14, -half + 0.13, -half + 0.32) if half > 0.45 else (half - 0.14, -half + 0.16)
    centres = [(x, side * (HALF - 0.02), TYRE) for x in axles for side in (-1, 1)]
    wheels = [wheel(centre, TYRE, 0.06, step, **TYRES) for centre in centres]
    return [box((0, 0, DECK), (half, 0.9 * HALF, 0.035), step), *wheels]


def _cab(truck: Truck, step: float) -> list[Surface]:
    x = truck.front
    parts = [
        box((x, 0, DECK + 0.17), (0.11, HALF, 0.16), step),
        box((x + 0.1, 0, DECK + 0.24), (0.012, 0.85 * HALF, 0.06), step, colour=GLASS),
        box((x + 0.02, 0, DECK + 0.24), (0.05, HALF + 0.004, 0.05), step, colour=GLASS),
    ]
    if truck.nose:
        parts.append(box((x + 0.2, 0, DECK + 0.08), (0.1, 0.85 * HALF, 0.09), step))
    return parts


def _box(truck: Truck, step: float) -> list[Surface]:
    return [box((truck.middle, 0, DECK + 0.24), (truck.reach, 1.05 * HALF, 0.22), step)]


def _bus(truck: Truck, step: float) -> list[Surface]:
    body = box((truck.middle + 0.06, 0, DECK + 0.17), (truck.reach + 0.06, HALF, 0.16), step)
    windows = [
        box((x, 0, DECK + 0.23), (0.05, HALF + 0.004, 0.05), step, colour=GLASS)
        for x in np.linspace(truck.start + 0.1, truck.end, 5)
    ]
    return [body, *windows]


def _tank(truck: Truck, step: float) -> list[Surface]:
    return [limb((truck.start + 0.14, 0, DECK + 0.18), (truck.end - 0.14, 0, DECK + 0.18), 0.15, step)]


def _bed(truck: Truck, step: float, tall: float) -> list[Surface]:
    """Four walls of height 2 ``tall``."""
    sides = box((truck.middle, HALF, DECK + tall), (truck.reach, 0.02, tall), step).mirrored()
    return [sides, *(box((x, 0, DECK + tall), (0.02, HALF, tall), step) for x in (truck.start, truck.end))]


def _heap(truck: Truck, step: float) -> list[Surface]:
    heap = ellipsoid((truck.middle, 0, DECK + 0.2), (0.9 * truck.reach, 0.85 * HALF, 0.13), step)
    return [*_bed(truck, step, tall=0.15), heap]


def _logs(truck: Truck, step: float) -> list[Surface]:
    places = ((0.09, 0.09), (0.0, 0.09), (-0.09, 0.09), (0.045, 0.17), (-0.045, 0.17))
    return [limb((truck.start, y, DECK + z), (truck.end - 0.04, y, DECK + z), 0.045, step) for y, z in places]


def _crane(truck: Truck, step: float) -> list[Surface]:
    tip = (truck.front + 0.2, 0, 0.62)
    return [
        box((truck.middle, 0, DECK + 0.12), (0.14, 0.14, 0.1), step),
        limb((truck.middle, 0, DECK + 0.2), tip, 0.035, step, 0.02),
        limb(tip, (truck.front + 0.2, 0, 0.46), 0.012, step),
    ]


def _ladder(truck: Truck, step: float) -> list[Surface]:
    start, length = truck.start, truck.front - truck.start
    rails = limb((start, 0.06, DECK + 0.24), (truck.front, 0.06, DECK + 0.42), 0.018, step).mirrored()
    rungs = []
    for share in np.linspace(0.05, 0.95, 9):
        x, z = start + share * length, DECK + 0.24 + share * 0.18
        rungs.append(limb((x, -0.06, z), (x, 0.06, z), 0.012, step))
    return [box((truck.middle, 0, DECK + 0.1), (truck.reach, HALF, 0.09), step), rails, *rungs]


def _mixer(truck: Truck, step: float) -> list[Surface]:
    high, low = (truck.start + 0.12, 0, DECK + 0.3), (truck.end - 0.1, 0, DECK + 0.18)
    return [limb(high, low, 0.12, step, 0.16), limb(high, (truck.start, 0, DECK + 0.36), 0.11, step, 0.06)]


LOADS = {
    "box": _box,
    "bus": _bus,
    "tank": _tank,
    "flat bed": partial(_bed, tall=0.06),
    "heap": _heap,
    "logs": _logs,
    "crane": _crane,
    "ladder": _ladder,
    "mixer": _mixer,
}


def truck(instance: int, step: float) -> Surface:
    """Toy ``instance`` (0 to 9) of TRUCKS."""
    shape = TRUCKS[instance]
    return join([*_frame(shape, step), *_cab(shape, step), *LOADS[shape.load](shape, step)]).scaled(0.92)
