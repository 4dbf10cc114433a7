"""Fifty toys in five categories, built of round bars, ellipsoids, blades and boxes: ten instances of each.

About one unit long; x forward, y to the left, z up, standing on z = 0 about the origin.
"""

from collections.abc import Callable

import numpy as np

from dlnb.data.scenes import cars
from dlnb.data.scenes.surfaces import Surface, box, ellipsoid, join, limb, wheel, wing

PAINT = (0.62, 0.62, 0.62)
TYRES = {"tyre": (0.5,) * 3, "rim": PAINT}


def animal(instance: int, step: float) -> Surface:
    """Four legs, a body, a neck, a head with ears, a tail; some have horns, a trunk, a mane or a hump."""
    # height of the back, half length, girth, leg radius, neck (forward, up), head (length, girth), tail, extras
    back, half, girth, leg, neck, head, tail, extras = (
        (0.42, 0.36, 0.16, 0.05, (0.16, 0.05), (0.13, 0.09), 0.2, "horns"),  # cow
        (0.46, 0.32, 0.12, 0.035, (0.2, 0.26), (0.13, 0.055), 0.3, "mane"),  # horse
        (0.5, 0.34, 0.2, 0.075, (0.14, 0.06), (0.12, 0.11), 0.16, "trunk"),  # elephant
        (0.5, 0.26, 0.1, 0.03, (0.2, 0.48), (0.1, 0.05), 0.16, "short horns"),  # giraffe
        (0.34, 0.38, 0.18, 0.07, (0.16, 0.0), (0.15, 0.11), 0.08, "horn"),  # rhinoceros
        (0.3, 0.32, 0.15, 0.045, (0.13, -0.02), (0.12, 0.08), 0.06, ""),  # pig
        (0.38, 0.34, 0.1, 0.035, (0.16, 0.14), (0.11, 0.06), 0.32, "tail up"),  # dog
        (0.46, 0.34, 0.12, 0.04, (0.22, 0.2), (0.11, 0.06), 0.2, "humps"),  # camel
        (0.4, 0.33, 0.13, 0.045, (0.14, 0.12), (0.13, 0.12), 0.34, "lion"),  # lion
        (0.44, 0.28, 0.11, 0.03, (0.16, 0.26), (0.09, 0.05), 0.07, "antlers"),  # stag
    )[instance]
    middle = back - girth
    parts = [ellipsoid((0, 0, middle), (half, 0.8 * girth, girth), step)]
    parts += [
        ellipsoid((s * 0.6 * half, 0, middle + 0.01), (0.5 * half, 0.85 * girth, 0.98 * girth), step) for s in (-1, 1)
    ]
    for forward in (0.68, -0.66):
        top, knee = (forward * half, 0.5 * girth, middle), (forward * half + 0.02, 0.5 * girth, 0.45 * middle)
        parts.append(limb(top, knee, 1.35 * leg, step, leg).mirrored())
        parts.append(limb(knee, (forward * half, 0.5 * girth, leg), leg, step, 0.9 * leg).mirrored())
    shoulder = np.array([0.75 * half, 0, middle + 0.3 * girth])
    nape = shoulder + [neck[0], 0, neck[1]]
    muzzle = nape + [head[0], 0, -0.5 * head[0]]
    parts.append(limb(shoulder, nape, 0.62 * girth, step, 0.8 * head[1]))
    parts.append(limb(nape, muzzle, head[1], step, 0.65 * head[1]))
    ear = nape + [0, 0.9 * head[1], 0.6 * head[1]]
    parts.append(ellipsoid(ear, (0.03, 0.035, 0.05), step).mirrored())
    rump = np.array([-0.95 * half, 0, middle + 0.4 * girth])
    up = 0.8 if extras == "tail up" else -0.9
    parts.append(limb(rump, rump + tail * np.array([-0.45, 0, up]), 0.022, step, 0.014))
    if extras in ("horns", "short horns", "antlers"):
        size = {"horns": 0.13, "short horns": 0.07, "antlers": 0.2}[extras]
        root = nape + [0, 0.5 * head[1], 0.8 * head[1]]
        tip = root + size * np.array([0.1, 0.7 if extras == "horns" else 0.5, 0.7])
        parts.append(limb(root, tip, 0.022, step, 0.01).mirrored())
        if extras == "antlers":
            parts.append(limb((root + tip) / 2, (root + tip) / 2 + [0.1, 0.05, 0.06], 0.014, step, 0.009).mirrored())
    if extras == "horn":
        parts.append(limb(muzzle + [0.03, 0, 0.05], muzzle + [0.08, 0, 0.2], 0.03, step, 0.008))
    if extras == "trunk":
        bend = muzzle + [0.1, 0, -0.14]
        parts += [limb(muzzle, bend, 0.06, step, 0.045), limb(bend, bend + [0.02, 0, -0.13], 0.045, step, 0.03)]
        parts.append(ellipsoid(nape + [-0.03, 0.16, 0.02], (0.03, 0.12, 0.14), step).mirrored())
        parts.append(limb(muzzle + [0, 0.06, -0.03], muzzle + [0.17, 0.08, -0.05], 0.02, step, 0.008).mirrored())
    if extras == "mane":
        parts.append(limb(shoulder + [-0.06, 0, 0.08], nape + [-0.05, 0, 0.05], 0.04, step, 0.03))
    if extras == "humps":
        parts += [ellipsoid((x, 0, back), (0.1, 0.08, 0.12), step) for x in (-0.14, 0.14)]
    if extras == "lion":
        parts.append(ellipsoid(nape + [-0.03, 0, 0], (0.09, 0.15, 0.17), step))
    return join(parts).moved((-0.08, 0, 0)).scaled(0.92 if instance != 3 else 0.8)


def human(instance: int, step: float) -> Surface:
    """A head, a trunk and jointed limbs in ten poses; some carry a rifle, a pack, a shield or wear a hat."""
    # (hip height, lean forward), then knee and foot of each leg and elbow and hand of each arm, from hip or shoulder
    poses = (
        (0.5, 0.0, (0.02, 0.0), (-0.02, 0.0), (0.02, -0.17), (0.16, -0.2), "rifle low"),
        (0.48, 0.1, (0.18, -0.1), (-0.16, -0.24), (0.16, -0.08), (0.32, 0.02), "rifle"),
        (0.28, 0.05, (0.24, 0.0), (-0.02, -0.26), (0.14, -0.06), (0.3, 0.03), "rifle"),
        (0.5, 0.0, (0.02, 0.0), (-0.02, 0.0), (0.0, 0.17), (0.02, 0.34), "hat"),
        (0.47, 0.16, (0.22, 0.02), (-0.1, -0.3), (0.14, -0.1), (0.26, 0.04), ""),
        (0.5, 0.0, (0.05, 0.02), (-0.05, -0.02), (-0.04, -0.16), (0.08, -0.3), "pack"),
        (0.5, -0.04, (0.06, 0.02), (-0.06, -0.02), (0.15, 0.1), (0.3, 0.2), "spear"),
        (0.5, 0.0, (0.02, 0.0), (-0.02, 0.0), (0.03, -0.16), (0.18, -0.12), "shield"),
        (0.22, 0.0, (0.22, 0.03), (0.2, 0.03), (0.06, -0.15), (0.2, -0.16), "seat"),
        (0.42, 0.35, (0.1, 0.05), (-0.14, -0.1), (0.1, -0.15), (0.14, -0.3), "bucket"),
    )
    hip, lean, front, rear, elbow, hand, extra = poses[instance]
    chest = np.array([lean * 0.3, 0, hip + 0.28])
    waist = np.array([0, 0, hip])
    parts = [limb(waist, chest, 0.085, step, 0.115), limb(chest + [0, -0.1, 0], chest + [0, 0.1, 0], 0.07, step)]
    crown = chest + [lean * 0.1 + 0.01, 0, 0.17]
    parts += [limb(chest, crown, 0.05, step), ellipsoid(crown + [0.01, 0, 0.03], (0.085, 0.075, 0.095), step)]
    for side, (knee, foot) in ((0.085, front), (-0.085, rear)):
        joint = np.array([max(knee, foot) if knee > 0.1 else knee, side, max(hip * 0.5, 0.08) if hip > 0.25 else 0.2])
        ankle = np.array([foot, side, 0.05]) if side < 0 or knee <= 0.1 else np.array([knee + 0.02, side, 0.05])
        start = waist + [0, side * 0.7, 0]
        parts += [limb(start, joint, 0.07, step, 0.055), limb(joint, ankle, 0.055, step, 0.04)]
        parts.append(ellipsoid(ankle + [0.05, 0, -0.015], (0.085, 0.045, 0.035), step))
    for side in (0.17, -0.17):
        start = chest + [0, side, 0]
        bend, end = (start + [x, 0.12 * np.sign(side) * (x < 0.1), z] for x, z in (elbow, hand))
        if extra in ("rifle", "rifle low", "bucket"):
            end[1] *= 0.35
        if side < 0 and extra in ("spear", "hat", "shield"):
            bend, end = start + [0.0, -0.05, -0.18], start + [0.06, -0.06, -0.34]
        parts += [limb(start, bend, 0.048, step, 0.04), limb(bend, end, 0.04, step, 0.035)]
        grip = end
    aim = grip * [1, 0, 1]
    if extra == "rifle":
        parts.append(limb(aim + [-0.25, -0.04, -0.02], aim + [0.34, -0.04, 0.06], 0.024, step, 0.014))
    if extra == "rifle low":
        parts.append(limb(aim + [-0.06, -0.2, -0.14], aim + [0.06, 0.24, 0.2], 0.024, step, 0.014))
    if extra in ("rifle", "rifle low"):
        parts.append(ellipsoid(crown + [0, 0, 0.05], (0.11, 0.1, 0.07), step))
    if extra == "hat":
        parts += [
            ellipsoid(crown + [0, 0, 0.09], (0.17, 0.16, 0.02), step),
            limb(crown + [0, 0, 0.09], crown + [0, 0, 0.17], 0.07, step),
        ]
    if extra == "pack":
        parts.append(box(chest + [-0.16, 0, -0.08], (0.09, 0.13, 0.17), step))
    if extra == "spear":
        throw = chest + [0.3, 0.2, 0.2]
        parts.append(limb(throw + [-0.45, 0, -0.02], throw + [0.25, 0, -0.02], 0.016, step))
    if extra == "shield":
        parts.append(ellipsoid(chest + [0.2, 0.2, -0.14], (0.03, 0.15, 0.2), step))
    if extra == "seat":
        parts += [box((-0.05, 0, 0.09), (0.2, 0.2, 0.09), step), box((-0.23, 0, 0.3), (0.03, 0.2, 0.24), step)]
    if extra == "bucket":
        parts.append(limb(aim + [0, 0, -0.1], aim + [0, 0, -0.2], 0.09, step, 0.07))
    return join(parts).scaled(0.8)


def airplane(instance: int, step: float) -> Surface:
    """A fuselage with wings, a tail and engines: airliners, jets, a delta, propellers, a biplane, a glider."""
    # fuselage radius, wing (root x, sweep, span, chord, tip chord, height), tail span, engines, fin
    wide, (root, sweep, span, chord, tip, high), tail, engines, fin = (
        (0.075, (0.08, 0.3, 0.5, 0.24, 0.08, -0.03), 0.2, "under 2", 0.2),
        (0.085, (0.1, 0.34, 0.52, 0.28, 0.08, -0.04), 0.22, "under 4", 0.22),
        (0.06, (-0.05, 0.42, 0.42, 0.6, 0.04, 0.0), 0.0, "twin fins", 0.18),
        (0.06, (0.0, 0.26, 0.34, 0.34, 0.1, 0.0), 0.2, "jet", 0.2),
        (0.065, (0.16, 0.0, 0.5, 0.18, 0.14, 0.07), 0.2, "propeller", 0.16),
        (0.06, (0.18, 0.0, 0.44, 0.17, 0.17, -0.06), 0.18, "biplane", 0.15),
        (0.045, (0.12, 0.02, 0.58, 0.11, 0.05, 0.03), 0.17, "", 0.16),
        (0.07, (0.02, 0.3, 0.46, 0.24, 0.1, 0.02), 0.2, "rear", 0.22),
        (0.06, (0.02, -0.2, 0.4, 0.26, 0.1, 0.0), 0.2, "jet", 0.2),
        (0.09, (0.1, 0.05, 0.56, 0.2, 0.12, 0.09), 0.24, "wing 4", 0.22),
    )[instance]
    level = 0.22
    parts = [
        limb((-0.2, 0, level), (0.36, 0, level), wide, step, 0.8 * wide),
        limb((0.36, 0, level), (0.46, 0, level - 0.01), 0.8 * wide, step, 0.35 * wide),
        limb((-0.2, 0, level), (-0.48, 0, level + 0.04), wide, step, 0.35 * wide),
        ellipsoid((0.28, 0, level + 0.8 * wide), (0.1, 0.5 * wide, 0.5 * wide), step),
    ]
    base, end = np.array([root, 0, level + high]), np.array([root - sweep, span, level + high + 0.03])
    parts.append(wing(base, end, chord, tip, 0.035, step).mirrored())
    if engines == "biplane":
        parts.append(wing(base + [0, 0, 0.2], end + [0, 0, 0.18], chord, tip, 0.03, step).mirrored())
        for out in (0.4, 0.8):
            strut = base + (end - base) * out
            parts.append(limb(strut, strut + [0, 0, 0.19], 0.012, step).mirrored())
    if tail:
        stabilizer = np.array([-0.4, 0, level + 0.05 + (fin if engines == "rear" else 0)])
        parts.append(wing(stabilizer, stabilizer + [-0.08, tail, 0.01], 0.13, 0.06, 0.025, step).mirrored())
    rudder = np.array([-0.38, 0, level + 0.02])
    if engines == "twin fins":
        parts.append(wing(rudder + [0, 0.14, 0], rudder + [-0.1, 0.18, fin], 0.16, 0.07, 0.025, step).mirrored())
    else:
        parts.append(wing(rudder, rudder + [-0.1, 0, fin], 0.18, 0.08, 0.025, step))
    places = {"under 2": (0.35,), "under 4": (0.3, 0.62), "wing 4": (0.3, 0.6)}.get(engines, ())
    for out in places:
        hang = base + (end - base) * out + [0.1, 0, -0.05 if engines != "wing 4" else 0]
        parts.append(limb(hang + [-0.08, 0, 0], hang + [0.06, 0, 0], 0.04, step).mirrored())
        if engines == "wing 4":
            parts.append(ellipsoid(hang + [0.12, 0, 0], (0.01, 0.09, 0.09), step).mirrored())
    if engines == "rear":
        parts.append(limb((-0.3, 0.12, level + 0.04), (-0.16, 0.12, level + 0.04), 0.045, step).mirrored())
    if engines in ("propeller", "biplane"):
        parts += [
            ellipsoid((0.5, 0, level), (0.012, 0.15, 0.02), step),
            ellipsoid((0.5, 0, level), (0.04, 0.03, 0.03), step),
        ]
    if engines == "jet":
        parts.append(limb((0.05, wide, level - 0.01), (-0.1, wide, level), 0.045, step).mirrored())
    legs = [(0.3, 0.0), (0.0, 0.1), (0.0, -0.1)]
    parts += [limb((x, y, level - 0.5 * wide), (x, y, 0.03), 0.018, step) for x, y in legs]
    parts += [ellipsoid((x, y, 0.03), (0.03, 0.02, 0.03), step) for x, y in legs]
    return join(parts)


def truck(instance: int, step: float) -> Surface:
    """A cab on wheels with a load behind it: box, tank, dump body, logs, crane, flat bed, fire ladder, mixer..."""
    long, cab, load = (
        (0.5, "flat", "box"),
        (0.5, "nose", "tank"),
        (0.42, "nose", "dump"),
        (0.52, "flat", "logs"),
        (0.46, "flat", "crane"),
        (0.48, "nose", "bed"),
        (0.5, "flat", "ladder"),
        (0.46, "nose", "mixer"),
        (0.4, "nose", "box"),
        (0.46, "flat", "bus"),
    )[instance]
    half, deck, tyre = 0.17, 0.16, 0.085
    parts = [box((0, 0, deck), (long, 0.9 * half, 0.035), step)]
    axles = (long - 0.14, -long + 0.13, -long + 0.32) if long > 0.45 else (long - 0.14, -long + 0.16)
    parts += [wheel((x, s * (half - 0.02), tyre), tyre, 0.06, step, **TYRES) for x in axles for s in (-1, 1)]
    front = long - (0.24 if cab == "nose" else 0.13)
    parts.append(box((front, 0, deck + 0.17), (0.11, half, 0.16), step))
    glass = (0.42,) * 3
    parts.append(box((front + 0.1, 0, deck + 0.24), (0.012, 0.85 * half, 0.06), step, colour=glass))
    parts.append(box((front + 0.02, 0, deck + 0.24), (0.05, half + 0.004, 0.05), step, colour=glass))
    if cab == "nose":
        parts.append(box((front + 0.2, 0, deck + 0.08), (0.1, 0.85 * half, 0.09), step))
    start, end = -long, front - 0.13
    middle, reach = (start + end) / 2, (end - start) / 2
    if load == "box":
        parts.append(box((middle, 0, deck + 0.24), (reach, 1.05 * half, 0.22), step))
    if load == "bus":
        parts.append(box((middle + 0.06, 0, deck + 0.17), (reach + 0.06, half, 0.16), step))
        parts += [
            box((x, 0, deck + 0.23), (0.05, half + 0.004, 0.05), step, colour=glass)
            for x in np.linspace(start + 0.1, end, 5)
        ]
    if load == "tank":
        parts.append(limb((start + 0.14, 0, deck + 0.18), (end - 0.14, 0, deck + 0.18), 0.15, step))
    if load in ("dump", "bed"):
        tall = 0.15 if load == "dump" else 0.06
        parts.append(box((middle, half, deck + tall), (reach, 0.02, tall), step).mirrored())
        parts += [box((x, 0, deck + tall), (0.02, half, tall), step) for x in (start, end)]
        if load == "dump":
            parts.append(ellipsoid((middle, 0, deck + 0.2), (0.9 * reach, 0.85 * half, 0.13), step))
    if load == "logs":
        piles = ((0.09, 0.09), (0.0, 0.09), (-0.09, 0.09), (0.045, 0.17), (-0.045, 0.17))
        parts += [limb((start, y, deck + z), (end - 0.04, y, deck + z), 0.045, step) for y, z in piles]
    if load == "crane":
        parts += [
            box((middle, 0, deck + 0.12), (0.14, 0.14, 0.1), step),
            limb((middle, 0, deck + 0.2), (front + 0.2, 0, 0.62), 0.035, step, 0.02),
        ]
        parts.append(limb((front + 0.2, 0, 0.62), (front + 0.2, 0, 0.46), 0.012, step))
    if load == "ladder":
        parts.append(box((middle, 0, deck + 0.1), (reach, half, 0.09), step))
        parts.append(limb((start, 0.06, deck + 0.24), (front, 0.06, deck + 0.42), 0.018, step).mirrored())
        for share in np.linspace(0.05, 0.95, 9):
            x, z = start + share * (front - start), deck + 0.24 + share * 0.18
            parts.append(limb((x, -0.06, z), (x, 0.06, z), 0.012, step))
    if load == "mixer":
        drum = [(start + 0.12, 0, deck + 0.3), (end - 0.1, 0, deck + 0.18)]
        parts += [limb(*drum, 0.12, step, 0.16), limb(drum[0], (start, 0, deck + 0.36), 0.11, step, 0.06)]
    return join(parts).scaled(0.92)


def car(instance: int, step: float) -> Surface:
    """Ten body shapes of ``cars``, in one paint, as toys are."""
    shapes = (
        cars.Car(4.0, 1.75, 1.5, 0.95, 0.75, 0.95, (0.24, 0.4), (0.86, 0.99)),
        cars.Car(4.7, 1.8, 1.4, 0.9, 0.75, 0.92, (0.27, 0.4), (0.66, 0.8)),
        cars.Car(4.8, 1.8, 1.5, 0.92, 0.75, 0.95, (0.26, 0.38), (0.9, 0.985), pillars=(0.48, 0.68)),
        cars.Car(4.3, 1.9, 1.15, 0.75, 0.55, 0.85, (0.32, 0.48), (0.6, 0.9), pillars=(0.6,), clearance=0.14),
        cars.Car(4.4, 1.95, 1.85, 1.1, 0.95, 1.05, (0.25, 0.33), (0.93, 0.98), radius=0.42, clearance=0.3),
        cars.Car(4.3, 1.8, 1.3, 0.85, 0.7, 0.85, (0.3, 0.42), (0.66, 0.8), pillars=(), roofless=True),
        cars.Car(3.3, 1.6, 1.55, 0.95, 0.8, 0.95, (0.2, 0.38), (0.85, 0.98), radius=0.28),
        cars.Car(5.0, 1.9, 1.75, 1.05, 0.95, 1.0, (0.26, 0.36), (0.56, 0.6), bed=0.6, radius=0.4, clearance=0.3),
        cars.Car(4.6, 1.9, 1.05, 0.7, 0.5, 0.75, (0.4, 0.52), (0.58, 0.72), pillars=(), clearance=0.12, radius=0.34),
        cars.Car(4.1, 1.75, 1.5, 1.0, 0.7, 0.75, (0.3, 0.42), (0.55, 0.9), radius=0.33),
    )  # fmt: skip
    extras = {3: ("spoiler",), 8: ("spoiler",), 4: ("spare",), 2: ("rack",)}.get(instance, ())
    scale = 0.21
    built = cars.build(shapes[instance], PAINT, step / scale, extras=extras)
    # Moulded in one piece: what is glass or rubber on a car is only a little darker here.
    colours = np.float32(PAINT) * (0.62 + 0.38 * np.clip(built.colours.mean(axis=1, keepdims=True) / PAINT[0], 0, 1))
    return Surface(built.points, built.normals, colours.astype(np.float32), 0 * built.gloss).scaled(scale)


CATEGORIES: dict[str, Callable[[int, float], Surface]] = {
    "four-legged animal": animal,
    "human figure": human,
    "airplane": airplane,
    "truck": truck,
    "car": car,
}
