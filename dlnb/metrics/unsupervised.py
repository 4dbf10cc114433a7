"""Scores of codes alone: how far the latents are from being independent of each other (section C of the paper)."""

import numpy as np

from dlnb import checks
from dlnb.metrics.information import binned, fit_rows, mutual_information

DEPENDENT = 1e-12  # smallest share of a latent's variance, given the others, that still counts as its own


def gaussian_total_correlation(covariance: np.ndarray) -> float:
    """Total correlation in nats of a normal law with this covariance [d, d]: (sum log diagonal - log det) / 2.

    0 if and only if it is diagonal. A latent without variance is independent of all others and is left out. Raises
    ValueError if a latent is a linear function of others, where the value is infinite.
    """
    varies = np.diag(covariance) > 0
    if not varies.any():
        return 0.0
    covariance = covariance[varies][:, varies]
    deviation = np.sqrt(np.diag(covariance))
    values = np.linalg.eigvalsh(covariance / np.outer(deviation, deviation))
    if values[0] < DEPENDENT:
        latents = np.flatnonzero(varies).tolist()
        raise ValueError(f"some of latents {latents} are linear functions of others: total correlation is infinite")
    return float(max(0.0, -0.5 * np.log(values).sum()))


def total_correlation(codes, factors=None, rng=None) -> dict[str, float]:
    """{"total_correlation"}: that of a normal law fitted to the codes [n, d], in nats, from 0 (uncorrelated).

    The study's measure of dependence (section 5.1): a high value is strong evidence against independent codes, a low
    one is none for it. Unchanged when a latent is rescaled. Uses the first two thirds of the rows.
    """
    codes = checks.codes(codes)
    codes = codes[fit_rows(len(codes))]
    if len(codes) < 2:
        raise ValueError(f"a covariance needs at least 2 rows of codes, not {len(codes)}")
    covariance = np.atleast_2d(np.cov(codes, rowvar=False, dtype=float))
    constant = np.ptp(codes, axis=0) == 0  # where the rounding of the mean would pass for variance
    covariance[constant] = covariance[:, constant] = 0.0
    return {"total_correlation": gaussian_total_correlation(covariance)}


def average_mutual_information(codes, factors=None, rng=None) -> dict[str, float]:
    """{"average_mutual_information"}: mean over pairs of latents of the information between their bins, in nats.

    From 0 (independent; a finite sample stays a little above) to log 20. Uses the first two thirds of the rows. Raises
    ValueError for a single latent, which has no pair.
    """
    codes = checks.codes(codes)
    if codes.shape[1] < 2:
        raise ValueError("a pair needs two latents: codes must have at least 2 columns, not 1")
    bins = binned(codes[fit_rows(len(codes))])
    pairs = mutual_information(bins, bins)[np.triu_indices(bins.shape[1], k=1)]
    return {"average_mutual_information": float(pairs.mean())}
