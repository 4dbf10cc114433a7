"""Scores based on mutual information between binned codes and factors."""

import numpy as np
from sklearn.metrics import mutual_info_score

from dlnb import checks
from dlnb.metrics import rows

BINS = 20  # of equal width, from the smallest to the largest code of a latent (paper, section C)
FULL, HALF = 0.99, 2 / 3  # shares of the rows in two bins, or in one, by which a latent counts as squeezed
STILL = 0.05  # a latent with a smaller standard deviation has collapsed; what it holds is no matter


def binned(codes) -> np.ndarray:
    """Bin indices from 1 to BINS, int [n, d]. A constant latent falls into a single bin.

    Warns if outliers, or a scale such as that of exp(z), squeeze nearly all rows of a latent into one or two bins, so
    that little of what it tells is seen.
    """
    codes = rows.coded(codes)
    found = np.stack([np.digitize(c, _edges(c)[:-1]) for c in codes.T], axis=1)
    if squeezed := [j for j in range(codes.shape[1]) if _squeezed(codes[:, j], found[:, j])]:
        most = np.bincount(found[:, squeezed[0]]).max() / len(codes)
        given = f"latents {squeezed} (counted from 0) have most rows in one or two of {BINS} bins of equal width"
        share = f"{most:.2%} of those of latent {squeezed[0]} in one), so that little of what they tell is seen"
        remedy = "leave outliers out, clip them, or score ranks, scipy.stats.rankdata(codes, axis=0), as well"
        rows.warn(f"{given} ({share}: {remedy}")
    return found


def _squeezed(code: np.ndarray, bins: np.ndarray) -> bool:
    """Whether the bins of a latent that varies are too wide to see what most rows hold.

    Either two neighbours hold all but 1 % of the rows, as with outliers; or one holds most, all over its width, as with
    exponentials (where a binary latent with noise fills little of a bin). A collapsed latent is not squeezed.
    """
    counts = np.bincount(bins, minlength=BINS + 2)
    pairs = counts[:-1] + counts[1:]
    pair, one = pairs.argmax(), counts.argmax()
    if pairs[pair] < HALF * len(code) or code.std(dtype=float) < STILL:
        return False
    if pairs[pair] >= FULL * len(code):
        return len(np.unique(code[(bins == pair) | (bins == pair + 1)])) > 2
    inside = code[bins == one]
    width = (float(code.max()) - float(code.min())) / BINS
    return counts[one] >= HALF * len(code) and np.ptp(inside) > width / 2


def _edges(code: np.ndarray) -> np.ndarray:
    """The edges of np.histogram, which rejects latents that vary only in their last digits, as collapsed ones may."""
    low, high = code.min(), code.max()
    low, high = (low, high) if low < high else (low - 0.5, high + 0.5)
    return np.linspace(low, high, BINS + 1, dtype=code.dtype)


def mutual_information(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Mutual information in nats of every pair of columns of two integer arrays, [n, a] and [n, b]: float [a, b]."""
    left, right = (checks.array(each, "columns", "[n, a]", 2) for each in (left, right))
    if len(left) != len(right) or not len(left) or "f" in (left.dtype.kind, right.dtype.kind):
        given = f"{left.dtype} of shape {left.shape} and {right.dtype} of shape {right.shape}"
        raise ValueError(f"mutual information is that of integers [n, a] and [n, b] of the same rows, not {given}")
    return np.array([[mutual_info_score(x, y) for y in right.T] for x in left.T])


def shares(codes, factors) -> np.ndarray:
    """Mutual information of each latent and factor, divided by the factor's entropy: [d, k], 0 to 1.

    1: the latent determines the factor. codes float [n, d], factors int [n, k]; uses all rows. Raises ValueError for a
    factor with a single value.
    """
    return _shares(*rows.sampled(codes, factors, "mutual information"))


def _shares(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    return mutual_information(binned(codes), factors) / entropies(factors)


def entropies(labels: np.ndarray) -> np.ndarray:
    """The entropy of each column of classes [n, k] in nats: [k]."""
    return np.array([mutual_info_score(column, column) for column in labels.T])


def gaps(told: np.ndarray) -> np.ndarray:
    """The largest of each column of [a, b] minus the second: [b]."""
    second, first = np.sort(told, axis=0)[-2:]
    return first - second


def mig(codes, factors, rng=None) -> dict[str, float]:
    """{"mig"}: mutual information gap (Chen et al. 2018), 0 to 1, with the study's bins (section C).

    For each factor, the mutual information with its most informative latent minus that with the second, divided by the
    factor's entropy; mean over factors. 1: each factor is determined by one latent, and all others are independent of
    it. 0: the two best latents are equally informative. codes float [n, d] with d at least 2, factors int [n, k]; uses
    the first two thirds of the rows. Raises ValueError for a single latent and for a factor with a single value.

    >>> import numpy as np
    >>> from dlnb.metrics import mig
    >>> factors = np.array(120 * list(np.ndindex(2, 2)))  # two binary factors
    >>> noise = np.random.default_rng(0).standard_normal((480, 2))
    >>> round(mig(factors, factors)["mig"], 2)  # perfect
    1.0
    >>> round(mig(factors[:, [0, 1, 0]], factors)["mig"], 2)  # factor 0 twice: its gap is 0
    0.5
    >>> round(mig(noise, factors)["mig"], 2)
    0.02
    """
    codes, factors = rows.fitted(codes, factors, "mig")
    rows.several(codes.shape[1], "latents", "mig")
    return {"mig": float(np.mean(gaps(_shares(codes, factors))))}


def modularity(codes, factors, rng=None) -> dict[str, float]:
    """{"modularity"} (Ridgeway & Mozer 2018), 0 to 1, with the study's bins (section C).

    For each latent, 1 - the sum of its squared mutual information with all factors but the best, divided by (k - 1)
    times that with the best; unweighted mean over latents. 1: each latent is informative about one factor only, though
    several may share a factor. A latent with exactly no information scores 0; one with almost none is scored on its
    estimation noise. codes float [n, d], factors int [n, k] with k at least 2; uses the first two thirds of the rows.
    Raises ValueError for a single factor and for a factor with a single value.

    >>> import numpy as np
    >>> from dlnb.metrics import modularity
    >>> factors = np.array(120 * list(np.ndindex(2, 2)))  # two binary factors
    >>> noise = np.random.default_rng(0).standard_normal((480, 2))
    >>> round(modularity(factors, factors)["modularity"], 2)  # perfect
    1.0
    >>> round(modularity(factors @ [[1, 1], [0, 1]], factors)["modularity"], 2)  # latent 1 is the sum of both
    0.5
    >>> round(modularity(np.zeros((480, 2)), factors)["modularity"], 2)  # empty
    0.0
    >>> round(modularity(noise, factors)["modularity"], 2)  # a ratio of estimation errors
    0.37
    """
    codes, factors = rows.fitted(codes, factors, "modularity")
    rows.several(factors.shape[1], "factors", "modularity")
    return {"modularity": float(np.mean(modularities(mutual_information(binned(codes), factors))))}


def modularities(information: np.ndarray) -> np.ndarray:
    """Modularity of each latent [d] from mutual information [d, k] in any unit, with k at least 2."""
    information = checks.finite(information, "information", "[d, k]", 2).astype(float, copy=False)
    if not information.size:
        raise ValueError(f"information must be [d, k] with a row and two columns, not {checks.shown(information)}")
    information = rows.ranged(information, "information")
    rows.several(information.shape[1], "factors", "modularities")
    squares = information**2
    best = squares.max(axis=1)
    others = squares.sum(axis=1) - best
    return np.where(best > 0, 1 - others / np.where(best > 0, best, 1.0) / (squares.shape[1] - 1), 0.0)
