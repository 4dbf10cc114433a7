"""Ten airplanes: a fuselage with wings, a tail, wheels and engines.

Units and axes are those of ``toys``. Each kind of engine is a function of the airplane and the distance ``step``
between points.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from dlnb.data.scenes.surfaces import Surface, ellipsoid, join, limb, wing

LEVEL = 0.22  # height of the fuselage's middle line
WHEELS = ((0.3, 0.0), (0.0, 0.1), (0.0, -0.1))


@dataclass(frozen=True)
class Wing:
    """The left wing; the right one mirrors it."""

    root: float  # x of its middle line
    sweep: float  # how far behind the root the tip lies
    span: float
    chord: float  # at the root
    tip_chord: float
    rise: float  # above the middle line of the fuselage

    @property
    def base(self) -> np.ndarray:
        return np.array([self.root, 0, LEVEL + self.rise])

    @property
    def end(self) -> np.ndarray:
        return np.array([self.root - self.sweep, self.span, LEVEL + self.rise + 0.03])

    def at(self, share: float) -> np.ndarray:
        """The point at a share of the way from base to end."""
        return self.base + (self.end - self.base) * share


@dataclass(frozen=True)
class Airplane:
    """Measurements in units of the toy."""

    radius: float  # of the fuselage
    wing: Wing
    tail: float  # span of the stabilizer; 0 for none
    fin: float  # height
    engines: str | None = None  # one of ENGINES
    biplane: bool = False
    t_tail: bool = False  # the stabilizer on top of the fin
    twin_fins: bool = False


AIRPLANES = {
    "airliner": Airplane(0.075, Wing(0.08, 0.3, 0.5, 0.24, 0.08, -0.03), 0.2, 0.2, "two under the wings"),
    "jumbo": Airplane(0.085, Wing(0.1, 0.34, 0.52, 0.28, 0.08, -0.04), 0.22, 0.22, "four under the wings"),
    "delta": Airplane(0.06, Wing(-0.05, 0.42, 0.42, 0.6, 0.04, 0.0), 0.0, 0.18, twin_fins=True),
    "fighter": Airplane(0.06, Wing(0.0, 0.26, 0.34, 0.34, 0.1, 0.0), 0.2, 0.2, "intakes"),
    "propeller": Airplane(0.065, Wing(0.16, 0.0, 0.5, 0.18, 0.14, 0.07), 0.2, 0.16, "propeller"),
    "biplane": Airplane(0.06, Wing(0.18, 0.0, 0.44, 0.17, 0.17, -0.06), 0.18, 0.15, "propeller", biplane=True),
    "glider": Airplane(0.045, Wing(0.12, 0.02, 0.58, 0.11, 0.05, 0.03), 0.17, 0.16),
    "business jet": Airplane(0.07, Wing(0.02, 0.3, 0.46, 0.24, 0.1, 0.02), 0.2, 0.22, "rear", t_tail=True),
    "forward-swept": Airplane(0.06, Wing(0.02, -0.2, 0.4, 0.26, 0.1, 0.0), 0.2, 0.2, "intakes"),
    "transport": Airplane(0.09, Wing(0.1, 0.05, 0.56, 0.2, 0.12, 0.09), 0.24, 0.22, "four propellers"),
}


def _fuselage(plane: Airplane, step: float) -> list[Surface]:
    wide = plane.radius
    return [
        limb((-0.2, 0, LEVEL), (0.36, 0, LEVEL), wide, step, 0.8 * wide),
        limb((0.36, 0, LEVEL), (0.46, 0, LEVEL - 0.01), 0.8 * wide, step, 0.35 * wide),
        limb((-0.2, 0, LEVEL), (-0.48, 0, LEVEL + 0.04), wide, step, 0.35 * wide),
        ellipsoid((0.28, 0, LEVEL + 0.8 * wide), (0.1, 0.5 * wide, 0.5 * wide), step),  # canopy
    ]


def _wings(plane: Airplane, step: float) -> list[Surface]:
    main = plane.wing
    parts = [wing(main.base, main.end, main.chord, main.tip_chord, 0.035, step).mirrored()]
    if plane.biplane:
        upper = wing(main.base + [0, 0, 0.2], main.end + [0, 0, 0.18], main.chord, main.tip_chord, 0.03, step)
        struts = [limb(main.at(out), main.at(out) + [0, 0, 0.19], 0.012, step) for out in (0.4, 0.8)]
        parts += [part.mirrored() for part in (upper, *struts)]
    return parts


def _tail(plane: Airplane, step: float) -> list[Surface]:
    parts = []
    if plane.tail:
        root = np.array([-0.4, 0, LEVEL + 0.05 + (plane.fin if plane.t_tail else 0)])
        parts.append(wing(root, root + [-0.08, plane.tail, 0.01], 0.13, 0.06, 0.025, step).mirrored())
    root = np.array([-0.38, 0, LEVEL + 0.02])
    if plane.twin_fins:
        fin = wing(root + [0, 0.14, 0], root + [-0.1, 0.18, plane.fin], 0.16, 0.07, 0.025, step).mirrored()
    else:
        fin = wing(root, root + [-0.1, 0, plane.fin], 0.18, 0.08, 0.025, step)
    return [*parts, fin]


def _under_wings(plane: Airplane, step: float, places: tuple[float, ...]) -> list[Surface]:
    """Jet engines below each wing at ``places``, shares of its span."""
    return [_nacelle(plane.wing.at(place) + [0.1, 0, -0.05], step) for place in places]


def _nacelle(middle: np.ndarray, step: float) -> Surface:
    return limb(middle + [-0.08, 0, 0], middle + [0.06, 0, 0], 0.04, step).mirrored()


def _four_propellers(plane: Airplane, step: float) -> list[Surface]:
    parts = []
    for place in (0.3, 0.6):
        middle = plane.wing.at(place) + [0.1, 0, 0]
        disc = ellipsoid(middle + [0.12, 0, 0], (0.01, 0.09, 0.09), step)
        parts += [_nacelle(middle, step), disc.mirrored()]
    return parts


def _rear_engines(plane: Airplane, step: float) -> list[Surface]:
    return [limb((-0.3, 0.12, LEVEL + 0.04), (-0.16, 0.12, LEVEL + 0.04), 0.045, step).mirrored()]


def _propeller(plane: Airplane, step: float) -> list[Surface]:
    nose = (0.5, 0, LEVEL)
    return [ellipsoid(nose, (0.012, 0.15, 0.02), step), ellipsoid(nose, (0.04, 0.03, 0.03), step)]


def _intakes(plane: Airplane, step: float) -> list[Surface]:
    y = plane.radius
    return [limb((0.05, y, LEVEL - 0.01), (-0.1, y, LEVEL), 0.045, step).mirrored()]


def _landing_gear(plane: Airplane, step: float) -> list[Surface]:
    legs = [limb((x, y, LEVEL - 0.5 * plane.radius), (x, y, 0.03), 0.018, step) for x, y in WHEELS]
    return legs + [ellipsoid((x, y, 0.03), (0.03, 0.02, 0.03), step) for x, y in WHEELS]


ENGINES = {
    "two under the wings": partial(_under_wings, places=(0.35,)),
    "four under the wings": partial(_under_wings, places=(0.3, 0.62)),
    "four propellers": _four_propellers,
    "rear": _rear_engines,
    "propeller": _propeller,
    "intakes": _intakes,
}


def airplane(instance: int, step: float) -> Surface:
    """Toy ``instance`` (0 to 9) of AIRPLANES."""
    plane = tuple(AIRPLANES.values())[instance]
    parts = [*_fuselage(plane, step), *_wings(plane, step), *_tail(plane, step)]
    if plane.engines:
        parts += ENGINES[plane.engines](plane, step)
    return join([*parts, *_landing_gear(plane, step)])
