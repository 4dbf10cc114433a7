"""Example representations: codes constructed from factors, to see what a score rewards and what fools it."""

import numpy as np

from dlnb import checks

SIZES = (3, 6, 8, 10)  # numbers of values of the factors of ``five``
ANGLE = np.pi / 6
COLLAPSED = 0.01, 0.01, 1, 1  # factors of the latents
NOISE = 0.02  # standard deviation, relative to that of a latent


def tiny(copies: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """Codes float [8 · copies, 3] and factors int [8 · copies, 2] of a world with two factors, without noise.

    A colour with four values and a side with two, all pairs equally often. Latent 1 is the colour, latent 2 the side;
    latent 3, 0 to 3, encodes the side together with whether the colour is one of the upper two. Raises ValueError for
    fewer than one copy.
    """
    colour, side = np.divmod(np.tile(np.arange(8), checks.whole(copies, "copies")), 2)
    codes = np.column_stack([colour, side, colour // 2 + 2 * side]).astype(float)
    return codes, np.column_stack([colour, side])


def five(n: int, rng: np.random.Generator) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Five representations {name: codes float [n, d]}, and their common factors int [n, 4] with SIZES values.

    "perfect": one latent for each factor, with variance 1. "rotated": the first two latents rotated by 30 degrees, and
    the last two as well. "duplicated": every latent twice, with independent noise. "collapsed": the latents of the
    first two factors scaled by 0.01. "random": independent of the factors. A little noise is added to all. Raises
    ValueError for fewer than one row and without ``rng``.
    """
    n, rng = checks.whole(n, "n"), checks.generator(rng, "five")
    factors = rng.integers(SIZES, size=(n, len(SIZES)))
    perfect = _perfect(factors)
    clean = {
        "perfect": perfect,
        "rotated": _rotated(perfect, ANGLE),
        "duplicated": np.hstack([perfect, perfect]),
        "collapsed": perfect * COLLAPSED,
        "random": rng.standard_normal(perfect.shape),
    }
    return {name: codes + NOISE * rng.standard_normal(codes.shape) for name, codes in clean.items()}, factors


def broken(
    n: int,
    rng: np.random.Generator,
    *,
    angle: float = 0,
    duplicated: bool = False,
    collapsed: bool = False,
    noise: float = NOISE,
) -> tuple[np.ndarray, np.ndarray]:
    """The perfect codes of ``five``, broken in several ways at once: codes float [n, 4 or 8], factors int [n, 4].

    First two latents are "collapsed", then each pair is rotated by ``angle`` in degrees, then all are "duplicated", and
    last comes noise with that standard deviation, which is drawn for each latent alone. The same state of ``rng`` gives
    the same factors, and the same noise but for its size. Raises ValueError for fewer than one row, without ``rng``,
    and for an angle or a noise that is no finite number, or a noise below 0.
    """
    n, rng = checks.whole(n, "n"), checks.generator(rng, "broken")
    turn = np.radians(checks.number(angle, "angle", minimum=-np.inf))
    width = checks.number(noise, "noise")
    factors = rng.integers(SIZES, size=(n, len(SIZES)))
    codes = _perfect(factors) * (COLLAPSED if checks.flag(collapsed, "collapsed") else 1)
    codes = np.tile(_rotated(codes, turn), 2 if checks.flag(duplicated, "duplicated") else 1)
    return codes + width * rng.standard_normal((n, 2 * len(SIZES)))[:, : codes.shape[1]], factors


def _perfect(factors: np.ndarray) -> np.ndarray:
    return (factors - (np.array(SIZES) - 1) / 2) / np.sqrt((np.array(SIZES) ** 2 - 1) / 12)


def _rotated(codes: np.ndarray, angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return codes @ np.kron(np.eye(2), [[c, -s], [s, c]])
