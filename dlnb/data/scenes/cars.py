"""Parametric cars: a body shaped by a few heights along its length, with cabin, glass, lamps and wheels.

Lengths in metres; x forward, y to the left, z up, the ground at 0, the middle of the car at x = 0. Positions along the
car are fractions of its length from the front bumper (0) to the rear (1). Each part is a function of the car's shape,
its finish and the distance ``step`` between points.
"""

from dataclasses import dataclass

import numpy as np

from dlnb.data.scenes.surfaces import Surface, box, ellipsoid, join, limb, patch, wheel

GLASS = (0.13, 0.16, 0.2)
BLACK = (0.06, 0.06, 0.07)
LAMP = (0.93, 0.95, 0.98)
TAIL_LAMP = (0.75, 0.04, 0.05)
CHROME = (0.8, 0.8, 0.8)
PLATE = (0.9, 0.9, 0.85)
SIGN = (0.95, 0.85, 0.2)
BED = (0.1, 0.1, 0.1)
UPHOLSTERY, SEAT = (0.12, 0.08, 0.06), (0.35, 0.2, 0.12)
POLISH = 0.35  # gloss of paint

RGB = tuple[float, float, float] | np.ndarray  # in [0, 1]


@dataclass(frozen=True)
class Car:
    """Shape of a car: lengths in metres, ``screen`` to ``tail`` along the car as fractions of its length."""

    length: float
    width: float
    height: float  # of the roof
    belt: float  # of the lower edge of the windows
    nose: float  # of the front end
    boot: float  # of the rear end
    screen: tuple[float, float]  # foot and head of the windscreen
    tail: tuple[float, float]  # head and foot of the rear window
    axles: tuple[float, float] = (0.19, 0.8)
    radius: float = 0.32  # of the wheels
    clearance: float = 0.2
    narrow: float = 0.76  # width of the roof as a share of the body's
    pillars: tuple[float, ...] = (0.5,)
    windows: float = 1.0  # side windows end here
    bed: float | None = None  # an open bed begins here
    roofless: bool = False

    @property
    def half(self) -> float:
        """Half the width of the body."""
        return self.width / 2

    @property
    def cabin(self) -> float:
        """Half the width of the cabin at the belt."""
        return 0.93 * self.width / 2

    @property
    def middle(self) -> float:
        """Position of the middle of the roof."""
        return (self.screen[1] + self.tail[0]) / 2

    def x(self, f):
        return self.length * (0.5 - f)

    def position(self, surface: Surface) -> np.ndarray:
        """The inverse of ``x`` for the points of a surface: [n]."""
        return 0.5 - surface.points[:, 0] / self.length

    def deck(self, f):
        """Height of the body without the cabin."""
        rear = max(self.boot, min(self.belt + 0.02, self.boot + 0.1))
        positions = [0, 0.03, self.screen[0], self.tail[1], 0.98, 1]
        return np.interp(
            f, positions, [self.nose - 0.1, self.nose, self.belt - 0.03, rear, self.boot, self.boot - 0.08]
        )

    def top(self, f):
        """Height of the cabin."""
        positions = [*self.screen, self.middle, *self.tail]
        roof = (self.height - 0.03, self.height, self.height - 0.05)
        return np.interp(f, positions, [self.deck(self.screen[0]), *roof, self.deck(self.tail[1])])

    def wide(self, f):
        """Half the width of the body at a position."""
        return self.half * (1 - 0.14 * np.abs(2 * f - 1) ** 5)

    def cabin_wide(self, f, z):
        """Half the width of the cabin at a position and height."""
        share = (z - self.belt) / (self.height - self.belt)
        return np.minimum(self.cabin * (1 + (self.narrow - 1) * np.clip(share, 0, 1.05)), self.wide(f))

    def roofline(self, u):
        """Positions evenly spaced along the outline of the cabin, whose ends may be steep, for ``u`` from 0 to 1."""
        reach = np.linspace(self.screen[0], self.tail[1], 400)
        outline = np.append(0, np.cumsum(np.hypot(self.length * np.diff(reach), np.diff(self.top(reach)))))
        return np.interp(u * outline[-1], outline, reach)

    def inside_body(self) -> tuple[float, float, float]:
        """A point from which the normals of the body point away."""
        return 0.0, 0.0, (self.clearance + self.belt) / 2

    def inside_cabin(self) -> tuple[float, float, float]:
        return self.x(self.middle), 0.0, (self.belt + self.height) / 2 - 0.2


@dataclass(frozen=True)
class Finish:
    """Colours of a car."""

    paint: RGB
    roof: RGB
    stripe: RGB | None  # along its sides
    trim: RGB | None  # of bumpers and spoiler
    racing: bool  # two more stripes, on bonnet, roof and boot

    @property
    def bumper(self) -> RGB:
        return np.multiply(self.paint, 0.55) if self.trim is None else self.trim


def _body_sides(car: Car, finish: Finish, step: float) -> Surface:
    def place(u, v):
        z = car.clearance + v * (car.deck(u) - car.clearance)
        return car.x(u), car.wide(u) * (1 - 0.05 * (2 * v - 0.9) ** 2), z

    sides = patch(place, step, car.inside_body(), colour=finish.paint, gloss=POLISH).mirrored()
    f, z = car.position(sides), sides.points[:, 2]
    if finish.stripe is not None:
        sides = sides.painted(np.abs(z - 0.62 * car.belt) < 0.07, finish.stripe, 0.3)
    sides = sides.painted(z < car.clearance + 0.13, finish.bumper, 0.1)
    sides = sides.painted((f < 0.035) & (np.abs(z - car.nose + 0.2) < 0.07), LAMP, 0.6)
    sides = sides.painted((f > 0.97) & (np.abs(z - car.boot + 0.22) < 0.1), TAIL_LAMP, 0.3)
    for axle in car.axles:
        from_hub = np.hypot(sides.points[:, 0] - car.x(axle), z - car.radius)
        sides = sides.painted(from_hub < 1.2 * car.radius, BLACK)
    for seam in (car.screen[0] + 0.03, *car.pillars):
        gap = (np.abs(f - seam) < 0.004) & (z > car.clearance + 0.15)
        sides = sides.painted(gap, np.multiply(finish.paint, 0.45))
    return sides


def _lids(car: Car, finish: Finish, step: float) -> Surface:
    """Bonnet and boot lid, and between them what shows of a cabin without a roof; or the bed of a pick-up."""

    def place(u, v):
        across = 2 * v - 1
        return car.x(u), across * car.wide(u) * 0.95, car.deck(u) + 0.04 * (1 - across**2)

    lids = patch(place, step, car.inside_body(), colour=finish.paint, gloss=POLISH)
    f, y = car.position(lids), np.abs(lids.points[:, 1])
    if car.bed is not None:
        lids = lids.painted((f > car.bed + 0.02) & (f < 0.97) & (y < 0.8 * car.half), BED)
    lids = _with_racing_stripes(lids, finish)
    if car.roofless:
        inside = (f > car.screen[0] + 0.04) & (f < car.tail[1] - 0.05) & (y < 0.78 * car.half)
        lids = lids.painted(inside, UPHOLSTERY)
    return lids


def _with_racing_stripes(surface: Surface, finish: Finish) -> Surface:
    if finish.stripe is None or not finish.racing:
        return surface
    y = np.abs(surface.points[:, 1])
    return surface.painted((y > 0.08) & (y < 0.3), finish.stripe, 0.3)


def _end(car: Car, finish: Finish, step: float, position: float, bulge: float) -> Surface:
    """The front (``position`` 0) or rear (1) of the body; its middle bulges forward by ``bulge`` times 7 to 12 cm."""

    def place(u, v):
        y = 2 * u - 1
        out = bulge * ((0.07 + 0.05 * np.sin(np.pi * v)) * (1 - y**2))
        bottom = car.clearance + 0.02
        return (
            car.x(position) + out,
            y * car.wide(position) * 0.99,
            bottom + v * (car.deck(position) - car.clearance - 0.02),
        )

    return patch(place, step, car.inside_body(), colour=finish.paint, gloss=POLISH)


def _front(car: Car, finish: Finish, step: float) -> Surface:
    """Bumper, grille with a chrome bar, lamps."""
    front = _end(car, finish, step, 0.0, 1.0)
    y, z = np.abs(front.points[:, 1]), front.points[:, 2] - car.nose
    front = front.painted(z < car.clearance + 0.16 - car.nose, finish.bumper)
    front = front.painted((y < 0.55 * car.half) & (np.abs(z + 0.24) < 0.09), BLACK, 0.2)
    front = front.painted((y < 0.5 * car.half) & (np.abs(z + 0.24) < 0.015), CHROME, 0.5)
    return front.painted((y > 0.62 * car.half) & (y < 0.97 * car.half) & (np.abs(z + 0.2) < 0.075), LAMP, 0.6)


def _rear(car: Car, finish: Finish, step: float) -> Surface:
    """Bumper, lamps, number plate."""
    rear = _end(car, finish, step, 1.0, -0.6)
    y, z = np.abs(rear.points[:, 1]), rear.points[:, 2]
    rear = rear.painted(z < car.clearance + 0.16, finish.bumper)
    rear = rear.painted((y > 0.68 * car.half) & (np.abs(z - car.boot + 0.22) < 0.11), TAIL_LAMP, 0.3)
    return rear.painted((y < 0.3) & (np.abs(z - car.clearance - 0.33) < 0.06), PLATE)


def _floor(car: Car, finish: Finish, step: float) -> Surface:
    def place(u, v):
        return car.x(u), (2 * v - 1) * car.wide(u) * 0.95, car.clearance + 0 * u

    return patch(place, step * 1.5, (0, 0, 9), colour=BLACK)  # its normals point down, away from a point far above


def _seats(car: Car, finish: Finish, step: float) -> Surface:
    x, z = car.x(car.middle + 0.06), car.belt + 0.12
    return join([ellipsoid((x, y * car.width, z), (0.12, 0.2, 0.3), step, colour=SEAT) for y in (0.3, -0.3)])


def _cabin_sides(car: Car, finish: Finish, step: float) -> Surface:
    """Side windows between pillars, under the edge of the roof; without a roof, beside the windscreen only."""

    def place(u, v):
        f = car.roofline(u)
        z = car.belt - 0.05 + v * (car.top(f) - car.belt + 0.05)
        return car.x(f), car.cabin_wide(f, z), z

    sides = patch(place, step, car.inside_cabin(), colour=finish.paint, gloss=POLISH).mirrored()
    f, z = car.position(sides), sides.points[:, 2]
    below = car.top(f) - z
    glass = (below > 0.09) & (z > car.belt + 0.03) & (f < car.windows)
    for pillar in car.pillars:
        glass &= np.abs(f - pillar) > 0.009
    sides = sides.painted(below < 0.09, finish.roof, POLISH).painted(glass, GLASS, 0.8)
    return sides.only(f < car.screen[1]) if car.roofless else sides


def _cabin_top(car: Car, finish: Finish, step: float) -> Surface:
    """Windscreen, roof and rear window."""

    def place(u, v):
        f, across = car.roofline(u), 2 * v - 1
        return car.x(f), across * car.cabin_wide(f, car.top(f)), car.top(f) + 0.03 * (1 - across**2)

    top = patch(place, step, car.inside_cabin(), colour=finish.roof, gloss=POLISH)
    f, y, z = car.position(top), np.abs(top.points[:, 1]), top.points[:, 2]
    pane = (car.cabin_wide(f, z) - y > 0.07) & (z > car.belt + 0.06) & (z < car.height - 0.07)
    glass = pane & (f < car.screen[1]) | pane & (f > car.tail[0]) & (car.windows > car.tail[0])
    top = _with_racing_stripes(top, finish).painted(glass, GLASS, 0.8)
    return top.only((f < car.screen[1]) | (z < car.belt + 0.02)) if car.roofless else top


def _wheels(car: Car, finish: Finish, step: float) -> Surface:
    centres = [(car.x(axle), side * (car.half - 0.1), car.radius) for axle in car.axles for side in (-1, 1)]
    return join([wheel(centre, car.radius, 0.22, step) for centre in centres])


def _mirrors(car: Car, finish: Finish, step: float) -> Surface:
    centre = (car.x(car.screen[0] + 0.06), car.half + 0.04, car.belt + 0.08)
    return box(centre, (0.05, 0.09, 0.06), step, colour=finish.paint).mirrored()


def _spoiler(car: Car, finish: Finish, step: float) -> Surface:
    x, colour = car.x(0.96), finish.paint if finish.trim is None else finish.trim
    blade = box((x, 0, car.boot + 0.2), (0.12, 0.8 * car.half, 0.02), step, colour=colour, gloss=0.3)
    foot = box((x, 0.55 * car.half, car.boot + 0.09), (0.05, 0.03, 0.1), step, colour=BLACK)
    return join([blade, foot.mirrored()])


def _rack(car: Car, finish: Finish, step: float) -> Surface:
    y, z = car.cabin * car.narrow * 0.9, car.height + 0.05
    start, end = car.x(car.screen[1] + 0.05), car.x(car.tail[0])
    return limb((start, y, z), (end, y, z), 0.03, step, colour=CHROME).mirrored()


def _spare(car: Car, finish: Finish, step: float) -> Surface:
    return wheel((0, 0, 0), 0.9 * car.radius, 0.2, step).turned(np.pi / 2).moved((car.x(1.0) - 0.12, 0, 0.9))


def _sign(car: Car, finish: Finish, step: float) -> Surface:
    return box((car.x(car.middle), 0, car.height + 0.1), (0.12, 0.3, 0.08), step, colour=SIGN)


EXTRAS = {"spoiler": _spoiler, "rack": _rack, "spare": _spare, "sign": _sign}


def build(car: Car, paint, step: float, roof=None, stripe=None, trim=None, extras: tuple[str, ...] = ()) -> Surface:
    """The car's surface with points ``step`` apart; ``roof``, ``stripe`` and ``trim`` are optional colours.

    ``extras`` are names from EXTRAS, or "racing" for stripes on bonnet, roof and boot.
    """
    finish = Finish(paint, paint if roof is None else roof, stripe, trim, "racing" in extras)
    parts = [_body_sides, _lids, _front, _rear, _floor]
    if car.roofless:
        parts.append(_seats)
    parts += [_cabin_sides, _cabin_top, _wheels, _mirrors]
    parts += [part for name, part in EXTRAS.items() if name in extras]
    return join([part(car, finish, step) for part in parts])
