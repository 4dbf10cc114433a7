"""What many tests call."""

import numpy as np


def rng(seed=0) -> np.random.Generator:
    return np.random.default_rng(seed)
