"""Scores without factors: how far latents are from independence (paper, section C), and UDR."""

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.stats import rankdata
from sklearn.linear_model import Lasso

from dlnb import checks
from dlnb.metrics import rows
from dlnb.metrics.information import STILL, binned, mutual_information
from dlnb.representation import ACTIVE, Representation

ROUNDING = 1e-5  # relative, of covariances that were computed in float32
DEPENDENT = 1e-12  # smallest eigenvalue of a correlation matrix that counts as positive


def gaussian_total_correlation(matrix: np.ndarray) -> float:
    """Total correlation in nats of a Gaussian with this covariance matrix [d, d]: (sum log diagonal - log det) / 2.

    0 if and only if it is diagonal. A latent without variance is independent of all others and is left out. Raises
    ValueError if a latent is a linear function of others, since the value is infinite, and for a matrix that is no
    covariance: not finite, not symmetric, or with a negative variance or eigenvalue.
    """
    matrix = checks.finite(matrix, "a covariance", "[d, d]", 2).astype(float, copy=False)
    if not matrix.size or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"a covariance must be [d, d], not of shape {matrix.shape}")
    # Products of standard deviations, which no covariance exceeds: the unit in which entries are compared.
    unit = np.sqrt(np.abs(np.diag(matrix)))
    unit = np.outer(unit, unit)
    if (np.diag(matrix) < 0).any() or (np.abs(matrix - matrix.T) > ROUNDING * unit).any():
        raise ValueError("a covariance must be symmetric, with variances of at least 0 on its diagonal")
    if (np.abs(matrix) > (1 + ROUNDING) * unit).any():
        raise ValueError(
            "a covariance must not exceed the product of two standard deviations, whose square is a variance"
        )
    varies = np.diag(matrix) > 0
    if not varies.any():
        return 0.0
    matrix = matrix[varies][:, varies]
    deviation = np.sqrt(np.diag(matrix))
    values, vectors = np.linalg.eigh(matrix / np.outer(deviation, deviation))
    if values[0] < -ROUNDING * len(values):
        raise ValueError(f"a covariance must have no negative eigenvalue, but that of correlations is {values[0]:.3g}")
    if values[0] < DEPENDENT:
        involved = (np.abs(vectors[:, values < DEPENDENT]) > 0.01).any(axis=1)
        latents = np.flatnonzero(varies)[involved].tolist()
        several = f"{len(latents)} of them" if len(latents) > 10 else f"{latents} (counted from 0)"
        raise ValueError(f"some latents, {several}, are linear functions of others: total correlation is infinite")
    return float(max(0.0, -0.5 * np.log(values).sum()))


def covariance(codes) -> np.ndarray:
    """Covariance float64 [d, d] of the first two thirds of codes [n, d]; exactly 0 for a constant latent."""
    return _covariance(_fitted(codes, "a covariance"))


def _covariance(codes: np.ndarray) -> np.ndarray:
    found = np.atleast_2d(np.cov(codes, rowvar=False, dtype=float))
    constant = np.ptp(codes, axis=0) == 0  # whose variance would be the rounding error of the mean
    found[constant] = found[:, constant] = 0.0
    return found


def _fitted(codes, what: str) -> np.ndarray:
    codes = rows.coded(codes)
    n = len(codes)
    codes = codes[rows.fit_rows(n)]
    if len(codes) < 2:
        raise ValueError(f"{what} needs at least 2 rows of codes, not {len(codes)}")
    if codes.shape[1] > n:
        given = f"{codes.shape[1]} latents in {n} rows"
        raise ValueError(
            f"{what} needs at least as many rows as latents, not {given}: are codes transposed? A row is an image"
        )
    return codes


def total_correlation(codes, factors=None, rng=None) -> dict[str, float]:
    """{"total_correlation"}: that of a Gaussian fitted to the codes float [n, d], in nats, from 0 (uncorrelated).

    The study's measure of dependence (section 5.1): a high value is strong evidence against independent latents, but a
    low one is no evidence for independence. Invariant to the scale of each latent. Uses the first two thirds of the
    rows. Raises ValueError for fewer than 2 of them, and if a latent is a linear function of others (infinite value).

    >>> import numpy as np
    >>> from dlnb.metrics import total_correlation
    >>> factors = np.array(120 * list(np.ndindex(2, 2)))  # two independent binary factors
    >>> round(total_correlation(factors)["total_correlation"], 2)  # perfect
    0.0
    >>> round(total_correlation(factors @ [[1, 1], [0, 1]])["total_correlation"], 2)  # mixed: log(2) / 2
    0.35
    >>> round(total_correlation(np.zeros((480, 2)))["total_correlation"], 2)  # empty, yet independent
    0.0
    """
    codes = _fitted(codes, "a covariance")
    if (varying := int((np.ptp(codes, axis=0) > 0).sum())) >= len(codes):
        given = f"{varying} latents vary in {len(codes)} rows, so that some are linear functions of others"
        raise ValueError(f"{given}: total correlation is infinite; give more rows (a row is an image)")
    return {"total_correlation": gaussian_total_correlation(_covariance(codes))}


def wasserstein_correlation(codes, factors=None, rng=None) -> dict[str, float]:
    """{"wasserstein_correlation", "wasserstein_correlation_norm"}: distance of a Gaussian from independent latents.

    The squared 2-Wasserstein distance, in squared units of the codes, between the Gaussian fitted to the codes float
    [n, d], with covariance S, and the one with the same variances and no correlation, 2 tr S - 2 tr (S diag S)^(1/2),
    from 0 (uncorrelated); and that divided by tr S, 0 to 2, invariant to a common scale of all codes. Finite for
    latents that are functions of others; 0 for constant codes. In the study's code, not in its text. Uses the first two
    thirds of the rows; raises ValueError for fewer than 2 of them.

    >>> import numpy as np
    >>> from dlnb.metrics import wasserstein_correlation
    >>> factors = np.array(120 * list(np.ndindex(2, 2)))  # two independent binary factors
    >>> def values(codes):
    ...     return [round(value, 2) for value in wasserstein_correlation(codes).values()]
    >>> values(factors)  # perfect
    [0.0, 0.0]
    >>> values(factors @ [[1, 1], [0, 1]])  # latent 1 is the sum of both factors
    [0.1, 0.13]
    >>> values(np.zeros((480, 2)))  # empty, yet independent
    [0.0, 0.0]
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
    """{"average_mutual_information"}: mean over pairs of latents of the mutual information of their bins, in nats.

    0 (independent; finite samples of continuous codes lie above) to log 20 (one determines the other). codes float
    [n, d], d at least 2; uses the first two thirds of the rows. Raises ValueError for a single latent and for fewer
    than 2 of those rows.

    >>> import numpy as np
    >>> from dlnb.metrics import average_mutual_information
    >>> factors = np.array(120 * list(np.ndindex(2, 2)))  # two independent binary factors
    >>> noise = np.random.default_rng(0).standard_normal((480, 2))
    >>> def value(codes):
    ...     return round(average_mutual_information(codes)["average_mutual_information"], 2)
    >>> value(factors)  # perfect
    0.0
    >>> value(factors @ [[1, 1], [0, 1]])  # latent 1 is the sum of both factors: log(2) / 2
    0.35
    >>> value(np.zeros((480, 2)))  # empty, yet independent
    0.0
    >>> value(noise)  # independent too: the bias of 20 bins and 320 rows
    0.33
    """
    codes = _fitted(codes, "mutual information")
    rows.several(codes.shape[1], "latents", "average_mutual_information")
    bins = binned(codes)
    pairs = [mutual_information(bins[:, [i]], bins[:, i + 1 :])[0] for i in range(bins.shape[1] - 1)]
    return {"average_mutual_information": float(np.concatenate(pairs).mean())}


def udr(representations: Sequence[Representation | np.ndarray], kind: str = "spearman") -> np.ndarray:
    """Unsupervised disentanglement ranking (Duan et al. 2020): how well m models agree with each other, [m], 0 to 1.

    ``representations``: those of the same images by at least 2 models, which may have different numbers of latents;
    codes float [n, d] without variances will do, of any model, and no factors are needed.
    Each pair of models has a similarity matrix of their latents: "spearman", absolute rank correlations, or "lasso",
    absolute weights of a regression (penalty 0.1) of one model's standardised latents on the other's. Latents whose
    mean KL divergence is at most 0.01 nats are left out; of codes alone, latents with a standard deviation below 0.05,
    by which the FactorVAE score tells collapsed ones. The pair's score is high if each latent has one counterpart:
    the largest entry squared divided by the sum, mean over the latents of each model, then of both models. A model's
    score is the median over all others; 0 without active latents. 1 (0.9 for "lasso"): uncorrelated latents that agree
    up to their order and a monotonic (linear) function of each. Raises ValueError for a single model, different
    factors or numbers of rows, fewer than 3 rows, non-finite values, codes that all have collapsed (since codes alone
    do not say whether that is their unit) and an unknown ``kind``.

    >>> import numpy as np
    >>> from dlnb.metrics import udr
    >>> from dlnb.representation import Representation
    >>> factors = np.array(list(np.ndindex(5, 5)))
    >>> def model(mean, logvar=-2.0):
    ...     return Representation(factors, mean, np.full(mean.shape, logvar))
    >>> one, same = model(factors), model(-factors[:, ::-1])  # up to order and sign
    >>> rotated = model(factors @ [[1, 1], [1, -1]])  # by 45 degrees
    >>> empty = model(np.zeros((25, 2)), logvar=0.0)  # equal to the prior: no active latents
    >>> udr([one, same]).round(2).tolist()
    [1.0, 1.0]
    >>> udr([one, rotated]).round(2).tolist()
    [0.35, 0.35]
    >>> udr([one, same, empty]).round(2).tolist()
    [0.5, 0.5, 0.0]
    """
    likeness = checks.choose(LIKENESS, kind, "kind")
    alone = isinstance(representations, str | Representation) or getattr(representations, "ndim", 3) != 3
    if alone or not isinstance(representations, Iterable):
        given = checks.shown(representations)
        raise ValueError(f"udr compares models: give a list of representations, or of codes [n, d], not {given}")
    codes = _models(representations)
    count = len(codes)
    scores = np.array(
        [[_one_to_one(likeness(a, b)) if i != j else np.nan for j, b in enumerate(codes)] for i, a in enumerate(codes)]
    )
    return np.array([np.median(np.delete(scores[:, i], i)) for i in range(count)])


def _models(representations) -> list[np.ndarray]:
    """The standardised codes of the latents that count, of each model."""
    codes, counting, labels = [], [], []
    for number, given in enumerate(representations):
        known = isinstance(given, Representation)
        try:
            codes.append(checks.codes(given.mean) if known else rows.upright(rows.coded(given)))
        except ValueError as error:
            raise ValueError(f"udr: codes of model {number} (counted from 0): {error}") from error
        counting.append(given.kl > ACTIVE if known else codes[-1].std(axis=0, dtype=float) >= STILL)
        if known:
            labels.append(given.factors)
        if known and not np.isfinite(given.kl).all():
            raise ValueError(f"udr: variances of model {number} (counted from 0) hold nan or infinity")
        if not known and not counting[-1].any():
            low = f"no latent of model {number} (counted from 0) has a standard deviation of at least {STILL}"
            raise ValueError(
                f"udr: {low}: leave a collapsed model out, or multiply codes of another unit by a constant"
            )
    if len(codes) < 2:
        raise ValueError(f"udr compares models with each other: it needs at least 2, not {len(codes)}")
    if not all(np.array_equal(labels[0], other) for other in labels):
        raise ValueError("udr compares representations of the same images: their factors differ")
    if len({len(each) for each in codes}) > 1:
        counts = ", ".join(str(len(each)) for each in codes)
        raise ValueError(f"udr compares codes of the same images: models have {counts} rows")
    if len(codes[0]) < 3:
        raise ValueError(f"udr needs at least 3 rows of codes, not {len(codes[0])}")
    return [_standardised(each[:, those]) for each, those in zip(codes, counting, strict=True)]


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
