"""Classes of factors: made from measurements, and what a sample must have of them."""

import numpy as np

from dlnb import checks

SEVERAL = 5  # rows of a class, on average, below which a sample says little of it
MANY = 20  # classes; of fewer, a few rows each are a small sample like any other
CHANCE = 1e-6  # rows are in an order if a random one would leave out as many classes less often than this
SHUFFLE = "rows are in an order, so shuffle: order = rng.permutation(len(codes)); codes[order], factors[order]"
APART = (
    "where nearly every row is a class of its own, any code tells it. Make classes of measurements by "
    "metrics.quantile_classes(values), or leave the factor out"
)


def quantile_classes(values, classes: int = 10) -> np.ndarray:
    """Class indices of measurements: int64, 0 to at most ``classes`` - 1, of the shape of ``values``, [n] or [n, k].

    Each column is cut at its quantiles, so that the classes have nearly equally many rows and are ordered as the
    values. Equal values share a class, so ties may leave fewer classes; a column of at most ``classes`` different
    values has a class for each. Scores of factors with a class for every value say nothing: each row is then the only
    one of its kind, and any latent that never repeats a code tells it. Raises ValueError for values that are not finite
    numbers, and for ``classes`` below 2.

    >>> import numpy as np
    >>> from dlnb.metrics import mig, quantile_classes
    >>> quantile_classes([0.1, 7.5, 0.2, 0.4, 0.3, 0.9], classes=3).tolist()
    [0, 2, 0, 1, 1, 2]
    >>> measured = np.random.default_rng(0).uniform(size=(3_000, 3))
    >>> round(mig(measured, quantile_classes(measured))["mig"], 2)  # codes that are the factors themselves
    0.91
    """
    found = checks.finite(values, "values", "[n] or [n, k]")
    if found.ndim not in (1, 2) or not found.size:
        raise ValueError(f"values must be [n] or [n, k] with at least one row and column, not of shape {found.shape}")
    classes = checks.whole(classes, "classes", 2)
    columns = [_cut(column, classes) for column in found.reshape(len(found), -1).T]
    return np.stack(columns, axis=1).reshape(found.shape)


def _cut(column: np.ndarray, classes: int) -> np.ndarray:
    different, place = np.unique(column, return_inverse=True)
    if len(different) > classes:
        # Values of the sample, never between two of them: their order needs no arithmetic, which could overflow.
        inner = np.sort(column)[np.arange(1, classes) * len(column) // classes - 1]
        place = np.unique(np.searchsorted(inner, column, side="left"), return_inverse=True)[1]
    return place.astype(np.int64)


def sampled(factors: np.ndarray, score: str, fit: int | None = None) -> str:
    """Check that factors int [n, k] have enough rows of each class in the first ``fit`` rows (None: in all).

    Raises ValueError for a factor with a single value in these rows, for one with nearly as many classes as rows, and
    for classes missing from these rows where a random order would have some. Returns a remark on a factor with few rows
    for each of many classes, or "".
    """
    n, remark = len(factors), ""
    fit = n if fit is None else fit
    for factor, labels in enumerate(factors.T):
        which = f"factor {factor} (counted from 0)"
        values, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
        seen = np.bincount(place[:fit], minlength=len(values)) > 0
        here = int(seen.sum())
        if here == 1:
            remedy = "; leave it out" if len(values) == 1 else f", but not in all {n}: {SHUFFLE}"
            raise ValueError(f"{score}: {which} takes a single value in the {fit} rows{remedy}")
        if here > 2 and 2 * here > fit:
            raise ValueError(f"{score}: {which} has {here} classes in {fit} rows: {APART}")
        if here < len(values) and _ordered(counts, len(values) - here, 1 - fit / n):
            given = f"{len(values) - here} of the {len(values)} classes of {which}, such as {values[~seen][0]}"
            raise ValueError(f"{score}: {given}, are in the last third of the rows only: {SHUFFLE}")
        if not remark and here > MANY and fit < SEVERAL * here:
            remark = f"{which} has {here} classes in {fit} rows, few of each: scores may say little of it"
    return remark


def _ordered(counts: np.ndarray, missing: int, share: float) -> bool:
    """Whether a random order would hardly leave as many classes, of ``counts`` rows, to a ``share`` of the rows."""
    expected = max((share**counts).sum(), 1e-300)
    chance = missing - expected + missing * np.log(expected / missing)  # logarithm of Chernoff's bound
    return missing > expected and chance < np.log(CHANCE)
