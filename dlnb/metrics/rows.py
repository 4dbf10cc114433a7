"""The split of a sample into training and test rows, and what all scores require of codes and factors."""

import sys
import warnings

import numpy as np

from dlnb import checks
from dlnb.metrics import classes

LEAST = 50  # rows: from 30, boosted trees give noise a DCI of up to 0.5, and from 15 up to 1
ROUNDING = 1e-12
TINY = 1e-50  # codes of this size, whose products are too small for floats


def fit_rows(n: int) -> slice:
    """The training rows, also used by scores without a test: the first two thirds (10,000 of 15,000)."""
    return slice(0, max(1, 2 * n // 3))


def test_rows(n: int) -> slice:
    """The test rows: the last third (5,000 of 15,000)."""
    return slice(fit_rows(n).stop, n)


def coded(codes) -> np.ndarray:
    """``checks.codes``, none of whose latents is too small to square."""
    codes = checks.codes(codes)
    size = np.maximum(codes.max(axis=0), -codes.min(axis=0))
    if (bad := np.flatnonzero((size > 0) & (size < TINY))).size:
        given = f"latent {bad[0]} (counted from 0) has no code above {size[bad[0]]:.3g} in size"
        raise ValueError(f"codes are too small to square: {given}; multiply its codes by a constant")
    return codes


def upright(codes: np.ndarray) -> np.ndarray:
    """``codes`` [n, d]. Warns if d exceeds n, before anything slow happens: arrays may have been transposed."""
    if codes.shape[1] > len(codes):
        warn(f"codes have {codes.shape[1]} latents in {len(codes)} rows: are they transposed? A row is an image")
    return codes


def sampled(codes, factors, score: str, fit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Codes and factors int64 of a sample, of whose first ``fit`` rows (None: all) the score is made.

    Raises ValueError as ``checks.labelled_codes``, ``coded`` and ``classes.sampled``. Warns if the sample is small.
    """
    codes, factors = checks.labelled_codes(codes, factors)
    codes, few = upright(coded(codes)), classes.sampled(factors, score, fit)
    if len(codes) < LEAST:
        few = f"scores of {len(codes)} rows tell little: from fewer than {LEAST}, those of noise are high as well"
    if few:
        warn(few)
    return codes, factors


def fitted(codes, factors, score: str) -> tuple[np.ndarray, np.ndarray]:
    """The training rows of codes and factors, for scores that use no others. Raises as ``sampled``."""
    codes = checks.codes(codes)
    fit = fit_rows(len(codes))
    codes, factors = sampled(codes, factors, score, fit.stop)
    return codes[fit], factors[fit]


def split(codes, factors, score: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training codes and factors, then those of the test. Raises as ``sampled``, and for under 3 rows."""
    codes = checks.codes(codes)
    if (n := len(codes)) < 3:
        raise ValueError(f"{score} trains on two thirds of the rows, tests on the rest: {n} rows are too few")
    fit, test = fit_rows(n), test_rows(n)
    codes, factors = sampled(codes, factors, score, fit.stop)
    return codes[fit], factors[fit], codes[test], factors[test]


def ranged(matrix: np.ndarray, what: str) -> np.ndarray:
    """``matrix``, whose entries must be from 0 to 1e100; those that rounding left just below 0 are 0."""
    if not -ROUNDING <= matrix.min() <= matrix.max() <= 1e100:
        raise ValueError(f"{what} must be from 0 to 1e100, not {matrix.min():.3g} to {matrix.max():.3g}")
    return np.maximum(matrix, 0)


def several(count: int, what: str, score: str) -> None:
    """Raise ValueError if a score that compares latents, or factors, is given only one."""
    if count < 2:
        raise ValueError(f"{score} compares {what}: it needs at least 2 of them, not {count}")


def warn(message: str) -> None:
    """Warn at the line that called ``dlnb.metrics``, so that Python shows it once for that line."""
    level, frame = 1, sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("dlnb.metrics"):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)
