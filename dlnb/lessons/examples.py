"""Representations to think with: codes made by hand from factors, to see what a score rewards and what fools it."""

import numpy as np

from dlnb import checks

SIZES = (3, 6, 8, 10)  # values of the factors of ``five``
ANGLE = np.pi / 6
NOISE = 0.02  # standard deviation, where codes vary by 1


def tiny(copies: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """Codes float [8 · copies, 3] and factors int [8 · copies, 2] of a world of two factors, without noise.

    A colour of four values and a side of two, all pairs equally often. Latent 1 is the colour, latent 2 the side;
    latent 3 tells whether the colour is one of the upper two, and the side: both in one number, 0 to 3.
    """
    colour, side = np.divmod(np.tile(np.arange(8), copies), 2)
    codes = np.column_stack([colour, side, colour // 2 + 2 * side]).astype(float)
    return codes, np.column_stack([colour, side])


def five(n: int, rng: np.random.Generator) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Five representations, name -> codes float [n, d], of the same factors int [n, 4] of SIZES values.

    "perfect": one latent a factor, of variance 1. "rotated": the first two latents turned into each other by 30
    degrees, and the last two. "duplicated": every latent twice, with noise of its own. "collapsed": the latents of the
    first two factors shrunk to a hundredth. "random": nothing but noise. All have a little noise.
    """
    rng = checks.generator(rng, "five")
    factors = rng.integers(SIZES, size=(n, len(SIZES)))
    c, s = np.cos(ANGLE), np.sin(ANGLE)
    perfect = (factors - (np.array(SIZES) - 1) / 2) / np.sqrt((np.array(SIZES) ** 2 - 1) / 12)
    clean = {
        "perfect": perfect,
        "rotated": perfect @ np.kron(np.eye(2), [[c, -s], [s, c]]),
        "duplicated": np.hstack([perfect, perfect]),
        "collapsed": perfect * [0.01, 0.01, 1, 1],
        "random": rng.standard_normal(perfect.shape),
    }
    return {name: codes + NOISE * rng.standard_normal(codes.shape) for name, codes in clean.items()}, factors
