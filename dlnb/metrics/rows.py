"""The split of a sample into training and test rows, and what all scores require of codes and factors."""

import numpy as np

from dlnb import checks


def fit_rows(n: int) -> slice:
    """The training rows, also used by scores without a test: the first two thirds (10,000 of 15,000)."""
    return slice(0, max(1, 2 * n // 3))


def test_rows(n: int) -> slice:
    """The test rows: the last third (5,000 of 15,000)."""
    return slice(fit_rows(n).stop, n)


def split(codes, factors, score: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training codes and factors, then those of the test. Raises ValueError for under 3 rows or a constant factor."""
    codes, factors = checks.labelled_codes(codes, factors)
    fit, test = fit_rows(len(codes)), test_rows(len(codes))
    if len(codes) < 3:
        raise ValueError(f"{score} trains on two thirds of the rows, tests on the rest: {len(codes)} rows are too few")
    varied(factors[fit], score)
    return codes[fit], factors[fit], codes[test], factors[test]


def varied(factors: np.ndarray, score: str) -> None:
    """Raise ValueError for a factor with a single value: there is nothing to predict."""
    if (single := np.flatnonzero(np.ptp(factors, axis=0) == 0)).size:
        given = f"factor {single[0]} (counted from 0) takes a single value in the {len(factors)} rows"
        raise ValueError(f"{score}: {given}; leave it out")


def several(count: int, what: str, score: str) -> None:
    """Raise ValueError if a score that compares latents, or factors, is given only one."""
    if count < 2:
        raise ValueError(f"{score} compares {what}: it needs at least 2 of them, not {count}")
