"""Ten four-legged toys: legs, a body, a neck, a head with ears, a tail; some have horns, a trunk, a mane or humps.

Units and axes are those of ``toys``. Each extra is a function of the animal and the distance ``step`` between points.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from dlnb.data.scenes.surfaces import Surface, ellipsoid, join, limb


@dataclass(frozen=True)
class Animal:
    """Measurements in units of the toy, before it is scaled."""

    back: float  # height
    half: float  # half the length of the body
    girth: float  # radius of the body
    leg: float  # radius
    neck: tuple[float, float]  # from the shoulder to the nape: forward, up
    head: float  # length
    skull: float  # radius
    tail: float  # length
    extra: str | None = None  # one of EXTRAS
    tail_rise: float = -0.9  # per length of the tail
    scale: float = 0.92

    @property
    def middle(self) -> float:
        """Height of the middle of the body."""
        return self.back - self.girth

    @property
    def shoulder(self) -> np.ndarray:
        return np.array([0.75 * self.half, 0, self.middle + 0.3 * self.girth])

    @property
    def nape(self) -> np.ndarray:
        return self.shoulder + [self.neck[0], 0, self.neck[1]]

    @property
    def muzzle(self) -> np.ndarray:
        return self.nape + [self.head, 0, -0.5 * self.head]


ANIMALS = {
    "cow": Animal(0.42, 0.36, 0.16, 0.05, (0.16, 0.05), 0.13, 0.09, 0.2, "horns"),
    "horse": Animal(0.46, 0.32, 0.12, 0.035, (0.2, 0.26), 0.13, 0.055, 0.3, "mane"),
    "elephant": Animal(0.5, 0.34, 0.2, 0.075, (0.14, 0.06), 0.12, 0.11, 0.16, "trunk"),
    "giraffe": Animal(0.5, 0.26, 0.1, 0.03, (0.2, 0.48), 0.1, 0.05, 0.16, "short horns", scale=0.8),
    "rhinoceros": Animal(0.34, 0.38, 0.18, 0.07, (0.16, 0.0), 0.15, 0.11, 0.08, "nose horn"),
    "pig": Animal(0.3, 0.32, 0.15, 0.045, (0.13, -0.02), 0.12, 0.08, 0.06),
    "dog": Animal(0.38, 0.34, 0.1, 0.035, (0.16, 0.14), 0.11, 0.06, 0.32, tail_rise=0.8),
    "camel": Animal(0.46, 0.34, 0.12, 0.04, (0.22, 0.2), 0.11, 0.06, 0.2, "humps"),
    "lion": Animal(0.4, 0.33, 0.13, 0.045, (0.14, 0.12), 0.13, 0.12, 0.34, "lion's mane"),
    "stag": Animal(0.44, 0.28, 0.11, 0.03, (0.16, 0.26), 0.09, 0.05, 0.07, "antlers"),
}


def _body(animal: Animal, step: float) -> list[Surface]:
    half, girth, z = animal.half, animal.girth, animal.middle
    ends = [
        ellipsoid((x, 0, z + 0.01), (0.5 * half, 0.85 * girth, 0.98 * girth), step) for x in (-0.6 * half, 0.6 * half)
    ]
    return [ellipsoid((0, 0, z), (half, 0.8 * girth, girth), step), *ends]


def _legs(animal: Animal, step: float) -> list[Surface]:
    parts, y, radius = [], 0.5 * animal.girth, animal.leg
    for forward in (0.68, -0.66):
        x = forward * animal.half
        knee = (x + 0.02, y, 0.45 * animal.middle)
        parts.append(limb((x, y, animal.middle), knee, 1.35 * radius, step, radius).mirrored())
        parts.append(limb(knee, (x, y, radius), radius, step, 0.9 * radius).mirrored())
    return parts


def _head_and_tail(animal: Animal, step: float) -> list[Surface]:
    skull, nape = animal.skull, animal.nape
    rump = np.array([-0.95 * animal.half, 0, animal.middle + 0.4 * animal.girth])
    return [
        limb(animal.shoulder, nape, 0.62 * animal.girth, step, 0.8 * skull),
        limb(nape, animal.muzzle, skull, step, 0.65 * skull),
        ellipsoid(nape + [0, 0.9 * skull, 0.6 * skull], (0.03, 0.035, 0.05), step).mirrored(),
        limb(rump, rump + animal.tail * np.array([-0.45, 0, animal.tail_rise]), 0.022, step, 0.014),
    ]


def _horns(animal: Animal, step: float, size: float, spread: float = 0.5) -> list[Surface]:
    root, tip = _left_horn(animal, size, spread)
    return [limb(root, tip, 0.022, step, 0.01).mirrored()]


def _left_horn(animal: Animal, size: float, spread: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Its root and tip."""
    root = animal.nape + [0, 0.5 * animal.skull, 0.8 * animal.skull]
    return root, root + size * np.array([0.1, spread, 0.7])


def _antlers(animal: Animal, step: float) -> list[Surface]:
    size = 0.2
    root, tip = _left_horn(animal, size)
    fork = (root + tip) / 2
    branch = limb(fork, fork + [0.1, 0.05, 0.06], 0.014, step, 0.009)
    return [*_horns(animal, step, size), branch.mirrored()]


def _nose_horn(animal: Animal, step: float) -> list[Surface]:
    return [limb(animal.muzzle + [0.03, 0, 0.05], animal.muzzle + [0.08, 0, 0.2], 0.03, step, 0.008)]


def _trunk(animal: Animal, step: float) -> list[Surface]:
    """With large ears and tusks."""
    muzzle = animal.muzzle
    bend = muzzle + [0.1, 0, -0.14]
    return [
        limb(muzzle, bend, 0.06, step, 0.045),
        limb(bend, bend + [0.02, 0, -0.13], 0.045, step, 0.03),
        ellipsoid(animal.nape + [-0.03, 0.16, 0.02], (0.03, 0.12, 0.14), step).mirrored(),
        limb(muzzle + [0, 0.06, -0.03], muzzle + [0.17, 0.08, -0.05], 0.02, step, 0.008).mirrored(),
    ]


def _mane(animal: Animal, step: float) -> list[Surface]:
    return [limb(animal.shoulder + [-0.06, 0, 0.08], animal.nape + [-0.05, 0, 0.05], 0.04, step, 0.03)]


def _lions_mane(animal: Animal, step: float) -> list[Surface]:
    return [ellipsoid(animal.nape + [-0.03, 0, 0], (0.09, 0.15, 0.17), step)]


def _humps(animal: Animal, step: float) -> list[Surface]:
    return [ellipsoid((x, 0, animal.back), (0.1, 0.08, 0.12), step) for x in (-0.14, 0.14)]


EXTRAS = {
    "horns": partial(_horns, size=0.13, spread=0.7),
    "short horns": partial(_horns, size=0.07),
    "antlers": _antlers,
    "nose horn": _nose_horn,
    "trunk": _trunk,
    "mane": _mane,
    "lion's mane": _lions_mane,
    "humps": _humps,
}


def animal(instance: int, step: float) -> Surface:
    """Toy ``instance`` (0 to 9) of ANIMALS."""
    shape = tuple(ANIMALS.values())[instance]
    parts = [*_body(shape, step), *_legs(shape, step), *_head_and_tail(shape, step)]
    if shape.extra:
        parts += EXTRAS[shape.extra](shape, step)
    return join(parts).moved((-0.08, 0, 0)).scaled(shape.scale)
