"""Parametric cars: a body shaped by a few heights along its length, with cabin, glass, lamps and wheels.

Lengths in metres; x forward, y to the left, z up, the ground at 0, the middle of the car at x = 0. Positions along the
car are fractions of its length from the front bumper (0) to the rear (1).
"""

from dataclasses import dataclass

import numpy as np

from dlnb.data.scenes.surfaces import Surface, box, ellipsoid, join, limb, patch, wheel

GLASS, BLACK, LAMP, TAIL, CHROME = (
    (0.13, 0.16, 0.2),
    (0.06, 0.06, 0.07),
    (0.93, 0.95, 0.98),
    (0.75, 0.04, 0.05),
    (0.8,) * 3,
)


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


def build(car: Car, paint, step: float, roof=None, stripe=None, trim=None, extras: tuple[str, ...] = ()) -> Surface:
    """The car's surface with points ``step`` apart; ``roof``, ``stripe`` and ``trim`` (bumpers) may differ."""
    half, cabin = car.width / 2, 0.93 * car.width / 2

    def along(f):
        return car.length * (0.5 - f)

    def deck(f):
        return np.interp(
            f,
            [0, 0.03, car.screen[0], car.tail[1], 0.98, 1],
            [car.nose - 0.1, car.nose, *rise, car.boot, car.boot - 0.08],
        )

    rise = (car.belt - 0.03, max(car.boot, min(car.belt + 0.02, car.boot + 0.1)))
    heights = [deck(car.screen[0]), car.height - 0.03, car.height, car.height - 0.05, deck(car.tail[1])]
    middle = (car.screen[1] + car.tail[0]) / 2

    def top(f):
        return np.interp(f, [car.screen[0], car.screen[1], middle, car.tail[0], car.tail[1]], heights)

    def wide(f):
        return half * (1 - 0.14 * np.abs(2 * f - 1) ** 5)

    def cabin_wide(f, z):
        share = (z - car.belt) / (car.height - car.belt)
        return np.minimum(cabin * (1 + (car.narrow - 1) * np.clip(share, 0, 1.05)), wide(f))

    def side(u, v):
        z = car.clearance + v * (deck(u) - car.clearance)
        return along(u), wide(u) * (1 - 0.05 * (2 * v - 0.9) ** 2), z

    def lid(u, v):
        return along(u), (2 * v - 1) * wide(u) * 0.95, deck(u) + 0.04 * (1 - (2 * v - 1) ** 2)

    def floor(u, v):
        return along(u), (2 * v - 1) * wide(u) * 0.95, car.clearance + 0 * u

    def end(front):
        f = 0.0 if front else 1.0

        def place(u, v):
            y = 2 * u - 1
            bulge = (0.07 + 0.05 * np.sin(np.pi * v)) * (1 - y**2)
            return (
                along(f) + (bulge if front else -0.6 * bulge),
                y * wide(f) * 0.99,
                car.clearance + 0.02 + v * (deck(f) - car.clearance - 0.02),
            )

        return place

    core = (0.0, 0.0, (car.clearance + car.belt) / 2)
    lower = patch(side, step, core, colour=paint, gloss=0.35).mirrored()
    f, z = 0.5 - lower.points[:, 0] / car.length, lower.points[:, 2]
    if stripe is not None:
        lower = lower.painted(np.abs(z - 0.62 * car.belt) < 0.07, stripe, 0.3)
    lower = lower.painted(z < car.clearance + 0.13, trim or np.multiply(paint, 0.55), 0.1)
    lower = lower.painted((f < 0.035) & (np.abs(z - car.nose + 0.2) < 0.07), LAMP, 0.6)
    lower = lower.painted((f > 0.97) & (np.abs(z - car.boot + 0.22) < 0.1), TAIL, 0.3)
    for axle in car.axles:
        hub = np.hypot(lower.points[:, 0] - along(axle), z - car.radius)
        lower = lower.painted(hub < 1.2 * car.radius, BLACK)
    for seam in (car.screen[0] + 0.03, *car.pillars):
        lower = lower.painted((np.abs(f - seam) < 0.004) & (z > car.clearance + 0.15), np.multiply(paint, 0.45))

    lids = patch(lid, step, core, colour=paint, gloss=0.35)
    f, y = 0.5 - lids.points[:, 0] / car.length, np.abs(lids.points[:, 1])
    if car.bed is not None:
        lids = lids.painted((f > car.bed + 0.02) & (f < 0.97) & (y < 0.8 * half), (0.1, 0.1, 0.1))
    if stripe is not None and "racing" in extras:
        lids = lids.painted((y > 0.08) & (y < 0.3), stripe, 0.3)
    front = patch(end(True), step, core, colour=paint, gloss=0.35)
    y, z = np.abs(front.points[:, 1]), front.points[:, 2] - car.nose
    front = front.painted(z < car.clearance + 0.16 - car.nose, trim or np.multiply(paint, 0.55))
    front = front.painted((y < 0.55 * half) & (np.abs(z + 0.24) < 0.09), BLACK, 0.2)
    front = front.painted((y < 0.5 * half) & (np.abs(z + 0.24) < 0.015), CHROME, 0.5)
    front = front.painted((y > 0.62 * half) & (y < 0.97 * half) & (np.abs(z + 0.2) < 0.075), LAMP, 0.6)
    back = patch(end(False), step, core, colour=paint, gloss=0.35)
    y, z = np.abs(back.points[:, 1]), back.points[:, 2]
    back = back.painted(z < car.clearance + 0.16, trim or np.multiply(paint, 0.55))
    back = back.painted((y > 0.68 * half) & (np.abs(z - car.boot + 0.22) < 0.11), TAIL, 0.3)
    back = back.painted((y < 0.3) & (np.abs(z - car.clearance - 0.33) < 0.06), (0.9, 0.9, 0.85))
    parts = [lower, lids, front, back, patch(floor, step * 1.5, (0, 0, 9), colour=BLACK)]

    # Evenly along the outline of the roof, since its ends may be steep.
    reach = np.linspace(car.screen[0], car.tail[1], 400)
    outline = np.append(0, np.cumsum(np.hypot(car.length * np.diff(reach), np.diff(top(reach)))))

    def flank(u, v):
        f = np.interp(u * outline[-1], outline, reach)
        z = car.belt - 0.05 + v * (top(f) - car.belt + 0.05)
        return along(f), cabin_wide(f, z), z

    def cover(u, v):
        f = np.interp(u * outline[-1], outline, reach)
        return along(f), (2 * v - 1) * cabin_wide(f, top(f)), top(f) + 0.03 * (1 - (2 * v - 1) ** 2)

    above = (along(middle), 0.0, (car.belt + car.height) / 2 - 0.2)
    flanks = patch(flank, step, above, colour=paint, gloss=0.35).mirrored()
    f, z = 0.5 - flanks.points[:, 0] / car.length, flanks.points[:, 2]
    under = top(f) - z
    glass = (under > 0.09) & (z > car.belt + 0.03) & (f < car.windows)
    for pillar in car.pillars:
        glass &= np.abs(f - pillar) > 0.009
    if roof is not None:
        flanks = flanks.painted(under < 0.09, roof, 0.35)
    flanks = flanks.painted(glass, GLASS, 0.8)
    covers = patch(cover, step, above, colour=paint if roof is None else roof, gloss=0.35)
    f, y, z = 0.5 - covers.points[:, 0] / car.length, np.abs(covers.points[:, 1]), covers.points[:, 2]
    pane = (cabin_wide(f, z) - y > 0.07) & (z > car.belt + 0.06) & (z < car.height - 0.07)
    glass = pane & (f < car.screen[1]) | pane & (f > car.tail[0]) & (car.windows > car.tail[0])
    if stripe is not None and "racing" in extras:
        covers = covers.painted((y > 0.08) & (y < 0.3), stripe, 0.3)
    covers = covers.painted(glass, GLASS, 0.8)
    if car.roofless:
        f = 0.5 - covers.points[:, 0] / car.length
        covers = covers.only((f < car.screen[1]) | (covers.points[:, 2] < car.belt + 0.02))
        f = 0.5 - flanks.points[:, 0] / car.length
        flanks = flanks.only(f < car.screen[1])
        inside = (0.5 - lids.points[:, 0] / car.length > car.screen[0] + 0.04) & (
            0.5 - lids.points[:, 0] / car.length < car.tail[1] - 0.05
        )
        parts[1] = lids.painted(inside & (np.abs(lids.points[:, 1]) < 0.78 * half), (0.12, 0.08, 0.06))
        for seat in (0.3, -0.3):
            parts.append(
                ellipsoid(
                    (along(middle + 0.06), seat * car.width, car.belt + 0.12),
                    (0.12, 0.2, 0.3),
                    step,
                    colour=(0.35, 0.2, 0.12),
                )
            )
    parts += [flanks, covers]

    for axle in car.axles:
        f = along(axle)
        parts += [wheel((f, s * (half - 0.1), car.radius), car.radius, 0.22, step) for s in (-1, 1)]
    mirror = box((along(car.screen[0] + 0.06), half + 0.04, car.belt + 0.08), (0.05, 0.09, 0.06), step, colour=paint)
    parts.append(mirror.mirrored())
    if "spoiler" in extras:
        parts.append(
            box((along(0.96), 0, car.boot + 0.2), (0.12, 0.8 * half, 0.02), step, colour=trim or paint, gloss=0.3)
        )
        parts.append(box((along(0.96), 0.55 * half, car.boot + 0.09), (0.05, 0.03, 0.1), step, colour=BLACK).mirrored())
    if "rack" in extras:
        ends = [(along(f), cabin * car.narrow * 0.9, car.height + 0.05) for f in (car.screen[1] + 0.05, car.tail[0])]
        parts.append(limb(*ends, 0.03, step, colour=CHROME).mirrored())
    if "spare" in extras:
        parts.append(wheel((0, 0, 0), 0.9 * car.radius, 0.2, step).turned(np.pi / 2).moved((along(1.0) - 0.12, 0, 0.9)))
    if "sign" in extras:
        parts.append(box((along(middle), 0, car.height + 0.1), (0.12, 0.3, 0.08), step, colour=(0.95, 0.85, 0.2)))
    return join(parts)
