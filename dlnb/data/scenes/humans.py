"""Ten human figures: a head, a trunk and jointed limbs; some carry a rifle, a pack or a shield, or wear a hat.

Units and axes are those of ``toys``. Each extra is a function of the pose and the distance ``step`` between points.
"""

from dataclasses import dataclass

import numpy as np

from dlnb.data.scenes.surfaces import Surface, box, ellipsoid, join, limb

LEFT, RIGHT = 0.17, -0.17  # y of the shoulders


@dataclass(frozen=True)
class Pose:
    """Measurements in units of the toy, before it is scaled."""

    hip: float  # height
    lean: float  # of the trunk, forward
    left: tuple[float, float]  # knee and foot of the left leg, forward of the hip
    right: tuple[float, float]
    elbow: tuple[float, float]  # of both arms, from the shoulder: forward, up
    hand: tuple[float, float]  # likewise
    extra: str | None = None  # one of EXTRAS
    together: bool = False  # the hands meet in front of the body
    hanging: bool = False  # the right arm hangs down

    @property
    def waist(self) -> np.ndarray:
        return np.array([0, 0, self.hip])

    @property
    def chest(self) -> np.ndarray:
        return np.array([self.lean * 0.3, 0, self.hip + 0.28])

    @property
    def crown(self) -> np.ndarray:
        return self.chest + [self.lean * 0.1 + 0.01, 0, 0.17]

    def arm(self, side: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Shoulder, elbow and hand; ``side`` is LEFT or RIGHT."""
        shoulder = self.chest + [0, side, 0]
        if self.hanging and side < 0:
            return shoulder, shoulder + [0.0, -0.05, -0.18], shoulder + [0.06, -0.06, -0.34]
        elbow, hand = (shoulder + [x, 0.12 * np.sign(side) * (x < 0.1), z] for x, z in (self.elbow, self.hand))
        if self.together:
            hand[1] *= 0.35
        return shoulder, elbow, hand

    @property
    def grip(self) -> np.ndarray:
        """Where both hands hold something."""
        return self.arm(RIGHT)[2] * [1, 0, 1]


POSES = {
    "on guard": Pose(0.5, 0.0, (0.02, 0.0), (-0.02, 0.0), (0.02, -0.17), (0.16, -0.2), "slanted rifle", together=True),
    "charging": Pose(0.48, 0.1, (0.18, -0.1), (-0.16, -0.24), (0.16, -0.08), (0.32, 0.02), "rifle", together=True),
    "kneeling": Pose(0.28, 0.05, (0.24, 0.0), (-0.02, -0.26), (0.14, -0.06), (0.3, 0.03), "rifle", together=True),
    "waving": Pose(0.5, 0.0, (0.02, 0.0), (-0.02, 0.0), (0.0, 0.17), (0.02, 0.34), "hat", hanging=True),
    "running": Pose(0.47, 0.16, (0.22, 0.02), (-0.1, -0.3), (0.14, -0.1), (0.26, 0.04)),
    "hiking": Pose(0.5, 0.0, (0.05, 0.02), (-0.05, -0.02), (-0.04, -0.16), (0.08, -0.3), "pack"),
    "throwing": Pose(0.5, -0.04, (0.06, 0.02), (-0.06, -0.02), (0.15, 0.1), (0.3, 0.2), "spear", hanging=True),
    "shielded": Pose(0.5, 0.0, (0.02, 0.0), (-0.02, 0.0), (0.03, -0.16), (0.18, -0.12), "shield", hanging=True),
    "sitting": Pose(0.22, 0.0, (0.22, 0.03), (0.2, 0.03), (0.06, -0.15), (0.2, -0.16), "chair"),
    "stooping": Pose(0.42, 0.35, (0.1, 0.05), (-0.14, -0.1), (0.1, -0.15), (0.14, -0.3), "bucket", together=True),
}


def _trunk_and_head(pose: Pose, step: float) -> list[Surface]:
    chest, crown = pose.chest, pose.crown
    return [
        limb(pose.waist, chest, 0.085, step, 0.115),
        limb(chest + [0, -0.1, 0], chest + [0, 0.1, 0], 0.07, step),
        limb(chest, crown, 0.05, step),
        ellipsoid(crown + [0.01, 0, 0.03], (0.085, 0.075, 0.095), step),
    ]


def _leg(pose: Pose, side: float, step: float) -> list[Surface]:
    knee, foot = pose.left if side > 0 else pose.right
    bent = knee > 0.1
    height = 0.5 * pose.hip if pose.hip > 0.25 else 0.2  # seated, knees are higher
    joint = np.array([max(knee, foot) if bent else knee, side, height])
    # A bent left leg stands with its foot below its knee.
    ankle = np.array([knee + 0.02 if bent and side > 0 else foot, side, 0.05])
    return [
        limb(pose.waist + [0, side * 0.7, 0], joint, 0.07, step, 0.055),
        limb(joint, ankle, 0.055, step, 0.04),
        ellipsoid(ankle + [0.05, 0, -0.015], (0.085, 0.045, 0.035), step),
    ]


def _arm(pose: Pose, side: float, step: float) -> list[Surface]:
    shoulder, elbow, hand = pose.arm(side)
    return [limb(shoulder, elbow, 0.048, step, 0.04), limb(elbow, hand, 0.04, step, 0.035)]


def _rifle(pose: Pose, step: float) -> list[Surface]:
    barrel = limb(pose.grip + [-0.25, -0.04, -0.02], pose.grip + [0.34, -0.04, 0.06], 0.024, step, 0.014)
    return [barrel, _helmet(pose, step)]


def _slanted_rifle(pose: Pose, step: float) -> list[Surface]:
    barrel = limb(pose.grip + [-0.06, -0.2, -0.14], pose.grip + [0.06, 0.24, 0.2], 0.024, step, 0.014)
    return [barrel, _helmet(pose, step)]


def _helmet(pose: Pose, step: float) -> Surface:
    return ellipsoid(pose.crown + [0, 0, 0.05], (0.11, 0.1, 0.07), step)


def _hat(pose: Pose, step: float) -> list[Surface]:
    brim = pose.crown + [0, 0, 0.09]
    return [ellipsoid(brim, (0.17, 0.16, 0.02), step), limb(brim, pose.crown + [0, 0, 0.17], 0.07, step)]


def _pack(pose: Pose, step: float) -> list[Surface]:
    return [box(pose.chest + [-0.16, 0, -0.08], (0.09, 0.13, 0.17), step)]


def _spear(pose: Pose, step: float) -> list[Surface]:
    throw = pose.chest + [0.3, 0.2, 0.2]
    return [limb(throw + [-0.45, 0, -0.02], throw + [0.25, 0, -0.02], 0.016, step)]


def _shield(pose: Pose, step: float) -> list[Surface]:
    return [ellipsoid(pose.chest + [0.2, 0.2, -0.14], (0.03, 0.15, 0.2), step)]


def _chair(pose: Pose, step: float) -> list[Surface]:
    return [box((-0.05, 0, 0.09), (0.2, 0.2, 0.09), step), box((-0.23, 0, 0.3), (0.03, 0.2, 0.24), step)]


def _bucket(pose: Pose, step: float) -> list[Surface]:
    return [limb(pose.grip + [0, 0, -0.1], pose.grip + [0, 0, -0.2], 0.09, step, 0.07)]


EXTRAS = {
    "rifle": _rifle,
    "slanted rifle": _slanted_rifle,
    "hat": _hat,
    "pack": _pack,
    "spear": _spear,
    "shield": _shield,
    "chair": _chair,
    "bucket": _bucket,
}


def human(instance: int, step: float) -> Surface:
    """Toy ``instance`` (0 to 9) of POSES."""
    pose = tuple(POSES.values())[instance]
    parts = _trunk_and_head(pose, step)
    parts += [*_leg(pose, 0.085, step), *_leg(pose, -0.085, step)]
    parts += [*_arm(pose, LEFT, step), *_arm(pose, RIGHT, step)]
    if pose.extra:
        parts += EXTRAS[pose.extra](pose, step)
    return join(parts).scaled(0.8)
