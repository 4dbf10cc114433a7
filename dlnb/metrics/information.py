"""Scores made of mutual information between binned codes and factors."""

import numpy as np
from sklearn.metrics import mutual_info_score

from dlnb import checks
from dlnb.metrics import rows

BINS = 20  # equal width, from the smallest to the largest code of a latent (paper section C)


def binned(codes) -> np.ndarray:
    """Bin numbers from 1 to BINS, int [n, d]. A constant latent falls into a single bin."""
    return np.stack([np.digitize(c, _edges(c)[:-1]) for c in checks.codes(codes).T], axis=1)


def _edges(code: np.ndarray) -> np.ndarray:
    """The edges of np.histogram, which refuses latents that vary in their last digits only, as collapsed ones may."""
    low, high = code.min(), code.max()
    low, high = (low, high) if low < high else (low - 0.5, high + 0.5)
    return np.linspace(low, high, BINS + 1, dtype=code.dtype)


def mutual_information(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Mutual information in nats of every pair of columns of two integer arrays [n, a] and [n, b]: [a, b]."""
    return np.array([[mutual_info_score(x, y) for y in right.T] for x in left.T])


def shares(codes, factors) -> np.ndarray:
    """What each latent tells of each factor, as a share of the factor's entropy: [d, k], from 0 (nothing) to 1 (all).

    codes float [n, d], factors int [n, k], all rows are used. Raises ValueError for a factor with a single value.
    """
    codes, factors = checks.labelled_codes(codes, factors)
    rows.varied(factors, "mutual information")
    return mutual_information(binned(codes), factors) / [mutual_info_score(f, f) for f in factors.T]


def mig(codes, factors, rng=None) -> dict[str, float]:
    """{"mig"}: the mutual information gap (Chen et al. 2018), 0 to 1, with the study's bins (section C).

    For each factor, how much more the best latent tells of it than the second best, as a share of its entropy; the
    mean over factors. 1: each factor is told whole by a single latent of its own. 0: the two best latents tell equally
    much. codes float [n, d] with d at least 2, factors int [n, k]; uses the first two thirds of the rows. Raises
    ValueError for a single latent and for a factor with a single value.
    """
    codes, factors = checks.labelled_codes(codes, factors)
    rows.several(codes.shape[1], "latents", "mig")
    fit = rows.fit_rows(len(codes))
    second, first = np.sort(shares(codes[fit], factors[fit]), axis=0)[-2:]
    return {"mig": float(np.mean(first - second))}


def modularity(codes, factors, rng=None) -> dict[str, float]:
    """{"modularity"} (Ridgeway & Mozer 2018), 0 to 1, with the study's bins (section C).

    For each latent, 1 - the sum of its squared mutual information with all factors but the best over (k - 1) times the
    best's; mean over latents, all with the same weight. 1: each latent tells of one factor only, though several may
    tell of the same. A latent that tells exactly nothing scores 0; one that tells next to nothing has the score of its
    estimation noise. codes float [n, d], factors int [n, k] with k at least 2; uses the first two thirds of the rows.
    Raises ValueError for a single factor and for a factor with a single value.
    """
    codes, factors = checks.labelled_codes(codes, factors)
    rows.several(factors.shape[1], "factors", "modularity")
    fit = rows.fit_rows(len(codes))
    rows.varied(factors[fit], "modularity")
    return {"modularity": float(np.mean(modularities(mutual_information(binned(codes[fit]), factors[fit]))))}


def modularities(information: np.ndarray) -> np.ndarray:
    """Modularity of each latent [d] from mutual information [d, k] in any unit."""
    squares = information**2
    best = squares.max(axis=1)
    others = squares.sum(axis=1) - best
    return np.where(best > 0, 1 - others / np.where(best > 0, best, 1.0) / (squares.shape[1] - 1), 0.0)
