"""Scores without factors: how far latents are from being independent (section C of the paper), and UDR."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata
from sklearn.linear_model import Lasso

from dlnb import checks
from dlnb.metrics import rows
from dlnb.metrics.information import binned, mutual_information
from dlnb.representation import ACTIVE, Representation

DEPENDENT = 1e-12  # smallest share of a latent's variance, given the others, that still counts as its own


def gaussian_total_correlation(matrix: np.ndarray) -> float:
    """Total correlation in nats of a normal law with this covariance matrix [d, d]: (sum log diagonal - log det) / 2.

    0 if and only if it is diagonal. A latent without variance is independent of all others and is left out. Raises
    ValueError if a latent is a linear function of others, where the value is infinite.
    """
    varies = np.diag(matrix) > 0
    if not varies.any():
        return 0.0
    matrix = matrix[varies][:, varies]
    deviation = np.sqrt(np.diag(matrix))
    values, vectors = np.linalg.eigh(matrix / np.outer(deviation, deviation))
    if values[0] < DEPENDENT:
        involved = (np.abs(vectors[:, values < DEPENDENT]) > 0.01).any(axis=1)
        latents = np.flatnonzero(varies)[involved].tolist()
        several = f"{len(latents)} of them" if len(latents) > 10 else f"{latents} (counted from 0)"
        raise ValueError(f"some latents, {several}, are linear functions of others: total correlation is infinite")
    return float(max(0.0, -0.5 * np.log(values).sum()))


def covariance(codes) -> np.ndarray:
    """Covariance [d, d] of the fit rows of codes [n, d], in float64; exactly 0 for a constant latent."""
    codes = checks.codes(codes)
    codes = codes[rows.fit_rows(len(codes))]
    if len(codes) < 2:
        raise ValueError(f"a covariance needs at least 2 rows of codes, not {len(codes)}")
    found = np.atleast_2d(np.cov(codes, rowvar=False, dtype=float))
    constant = np.ptp(codes, axis=0) == 0  # where the rounding of the mean would pass for variance
    found[constant] = found[:, constant] = 0.0
    return found


def total_correlation(codes, factors=None, rng=None) -> dict[str, float]:
    """{"total_correlation"}: that of a normal law fitted to the codes [n, d], in nats, from 0 (uncorrelated).

    The study's measure of dependence (section 5.1): a high value is strong evidence against independent codes, a low
    one is none for it. Unchanged when a latent is rescaled. Uses the first two thirds of the rows.
    """
    return {"total_correlation": gaussian_total_correlation(covariance(codes))}


def wasserstein_correlation(codes, factors=None, rng=None) -> dict[str, float]:
    """{"wasserstein_correlation", "wasserstein_correlation_norm"}: how far a normal law is from independent latents.

    The squared 2-Wasserstein distance, in squared units of the codes, between the normal law fitted to the codes [n, d]
    and the one with the same variances and no correlation, 2 tr S - 2 tr (S diag S)^(1/2), from 0 (uncorrelated); and
    that over tr S, 0 to 2, unchanged when all codes are rescaled alike. Finite for latents that are functions of
    others; 0 for codes that never change. In the study's code, not in its text. Uses the first two thirds of the rows.
    """
    found = covariance(codes)
    deviation = np.sqrt(np.diag(found))
    # S diag S has the eigenvalues of this symmetric matrix, whose roots are real where those of the product may not be.
    values = np.linalg.eigvalsh(found * np.outer(deviation, deviation))
    total = np.trace(found)
    distance = max(0.0, float(2 * total - 2 * np.sqrt(np.maximum(values, 0)).sum()))
    return {
        "wasserstein_correlation": distance,
        "wasserstein_correlation_norm": float(distance / total) if total > 0 else 0.0,
    }


def average_mutual_information(codes, factors=None, rng=None) -> dict[str, float]:
    """{"average_mutual_information"}: mean over pairs of latents of the information between their bins, in nats.

    From 0 (independent; a finite sample stays a little above) to log 20. Uses the first two thirds of the rows. Raises
    ValueError for a single latent, which has no pair.
    """
    codes = checks.codes(codes)
    rows.several(codes.shape[1], "latents", "average_mutual_information")
    bins = binned(codes[rows.fit_rows(len(codes))])
    pairs = mutual_information(bins, bins)[np.triu_indices(bins.shape[1], k=1)]
    return {"average_mutual_information": float(pairs.mean())}


def udr(representations: Sequence[Representation], kind: str = "spearman") -> np.ndarray:
    """Unsupervised disentanglement ranking (Duan et al. 2020): how well m models agree with each other, [m], 0 to 1.

    ``representations``: what the models, at least 2, say of the same images. Each pair of models gets a matrix of
    likeness between the latents of both: "spearman", absolute rank correlations, or "lasso", absolute weights that tell
    the standardised latents of one from the other's. Latents whose mean KL divergence is at most 0.01 nats are left
    out. The matrix counts as far as each latent has one counterpart: the mean, over the latents of both sides, of the
    largest entry squared over the sum. A model scores the median over the others; one without active latents 0.
    """
    if len(representations) < 2:
        raise ValueError(f"udr compares models with each other: it needs at least 2, not {len(representations)}")
    first = representations[0]
    for other in representations[1:]:
        if not np.array_equal(first.factors, other.factors):
            raise ValueError("udr compares what models say of the same images: their factors differ")
    for number, representation in enumerate(representations):
        if not np.isfinite(representation.mean).all() or not np.isfinite(representation.kl).all():
            raise ValueError(f"udr: codes of model {number} hold nan or infinity")
    likeness = checks.choose(LIKENESS, kind, "kind")
    codes = [_standardised(r.mean[:, r.kl > ACTIVE]) for r in representations]
    count = len(codes)
    scores = np.array(
        [[_one_to_one(likeness(a, b)) if i != j else np.nan for j, b in enumerate(codes)] for i, a in enumerate(codes)]
    )
    return np.array([np.median(np.delete(scores[:, i], i)) for i in range(count)])


def _standardised(codes: np.ndarray) -> np.ndarray:
    deviation = codes.std(axis=0, dtype=float)
    return (codes - codes.mean(axis=0, dtype=float)) / np.where(deviation > 0, deviation, 1.0)


def _ranks_alike(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    left, right = _standardised(rankdata(left, axis=0)), _standardised(rankdata(right, axis=0))
    return np.abs(left.T @ right) / len(left)


def _weights(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    if not left.shape[1] or not right.shape[1]:
        return np.zeros((left.shape[1], right.shape[1]))
    return np.abs(np.atleast_2d(Lasso(alpha=0.1).fit(left, right).coef_)).T


LIKENESS = {"spearman": _ranks_alike, "lasso": _weights}


def _one_to_one(likeness: np.ndarray) -> float:
    if not likeness.size:
        return 0.0
    strengths = []
    for matrix in (likeness, likeness.T):
        total = matrix.sum(axis=0)
        strengths.append(np.mean(np.where(total > 0, matrix.max(axis=0) ** 2 / np.where(total > 0, total, 1.0), 0.0)))
    return float(np.mean(strengths))
