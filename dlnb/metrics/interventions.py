"""Scores from interventions: how do codes vary when one factor is held fixed? BetaVAE and FactorVAE scores.

Rows of a sample that share the value of a factor are distributed as images drawn with that factor fixed, so both scores
can be computed from one encoded sample: the functions that take codes and factors. The paper draws and encodes new
images for every point, 1.92 and 0.97 million per model: the functions that take a data set and an encoder.

Training and test points are drawn from the same rows. With the study's 15,000 rows the effect is not noticeable; with
few rows the scores are too high: for noise and 4 factors, the BetaVAE score is 0.25 (chance) from 15,000 rows, but 0.4
to 0.55 from 150, and increases with the number of values per factor.
"""

from collections.abc import Callable, Sequence

import numpy as np

from dlnb import checks
from dlnb.data.dataset import DataSet, rendered
from dlnb.metrics import rows
from dlnb.metrics.linear import SOLVERS, logistic_regression

POINTS = 10_000, 5_000  # to train and to test the classifier (paper, section C)
BATCH = 64  # images, or pairs of images, per point
ACTIVE = 0.05  # a latent with a smaller standard deviation has collapsed; the paper says variance, its code tests this
CHUNK = 16  # points drawn and encoded at a time
MOST = 10**8  # codes, or pairs, of all points; the study draws a million, and each takes 100 bytes or more


def beta_vae_score(codes, factors, rng, *, points=POINTS, batch: int = BATCH, solver: str = "one_vs_rest"):
    """{"beta_vae_score"} (Higgins et al. 2017), 1 / k (chance) to 1.

    A point is the mean absolute difference of ``batch`` pairs of codes, float [d]; a factor is drawn for each point,
    and the two codes of each pair share its value. A linear classifier is trained to predict the factor from the point;
    the score is its accuracy on the test points. codes float [n, d], factors int [n, k] with k at least 2; ``points``:
    numbers of training and test points. A pair is two different rows, drawn from all rows. The classifier is penalised,
    so that codes in another unit than a VAE's, much smaller ones, score lower. Raises ValueError for a single factor, a
    factor with a single value, a value with a single row, and more than 10^8 pairs in all. ``solver``: see
    ``linear.logistic_regression``.

    >>> import numpy as np
    >>> from dlnb.metrics import beta_vae_score
    >>> factors = np.array(120 * list(np.ndindex(2, 2)))  # two binary factors, so chance is 0.5
    >>> noise = np.random.default_rng(0).standard_normal((480, 2))
    >>> def value(codes):
    ...     return beta_vae_score(codes, factors, np.random.default_rng(0), points=(300, 200), batch=16)
    >>> value(factors)  # perfect
    {'beta_vae_score': 1.0}
    >>> value(factors @ [[1, 1], [0, 1]])  # latent 1 is the sum of both factors: not penalised
    {'beta_vae_score': 1.0}
    >>> value(factors + noise)
    {'beta_vae_score': 0.72}
    >>> value(np.zeros((480, 2)))  # empty
    {'beta_vae_score': 0.52}
    """
    points, batch = _asked(points, batch, 1)
    checks.choose(SOLVERS, solver, "solver")
    codes, groups = _groups(codes, factors, rng, "beta_vae_score", 2)
    fit, test = (_differences(codes, groups, count, batch, rng) for count in points)
    return {"beta_vae_score": _told(fit, test, solver)}


def differences(codes, factors, rng, *, points: int = POINTS[0], batch: int = BATCH):
    """Points of the BetaVAE score: mean absolute differences float [points, d], and the fixed factor int [points]."""
    (points,), batch = _asked([points], batch, 1, 1)
    codes, groups = _groups(codes, factors, rng, "differences", 2)
    return _differences(codes, groups, points, batch, rng)


def factor_vae_score(codes, factors, rng, *, points=POINTS, batch: int = BATCH):
    """{"factor_vae_score"} (Kim & Mnih 2018), about 1 / k (chance) to 1; 0 if no latent is active.

    A point is a vote: in a batch of codes that share the value of one factor, the latent with the smallest variance
    relative to its variance in the sample. For each latent the factor with most training votes is predicted; the score
    is the accuracy on the test votes. A latent is active if its standard deviation is at least 0.05, in the unit of the
    codes; one of a VAE that is used has about 1. codes float [n, d], factors int [n, k] with k at least 2; ``points``:
    numbers of training and test votes. Batches are drawn from all rows, each without replacement; a value with fewer
    than ``batch`` rows contributes all of them. Raises ValueError for a single factor, a factor with a single value,
    and a value with fewer than ``batch`` / 2 rows.

    >>> import numpy as np
    >>> from dlnb.metrics import factor_vae_score
    >>> factors = np.array(120 * list(np.ndindex(2, 2)))  # two binary factors, so chance is 0.5
    >>> noise = np.random.default_rng(0).standard_normal((480, 2))
    >>> def value(codes):
    ...     return factor_vae_score(codes, factors, np.random.default_rng(0), points=(300, 200), batch=16)
    >>> value(factors)  # perfect
    {'factor_vae_score': 1.0}
    >>> value(factors @ [[1, 1], [0, 1]])  # latent 1 is the sum of both factors: not penalised
    {'factor_vae_score': 1.0}
    >>> value(factors + noise)
    {'factor_vae_score': 0.66}
    >>> value(noise)
    {'factor_vae_score': 0.55}
    >>> value(np.zeros((480, 2)))  # empty: no latent is active
    {'factor_vae_score': 0.0}
    """
    points, batch = _asked(points, batch, 2)
    codes, groups = _groups(codes, factors, rng, "factor_vae_score", max(2, batch // 2))
    deviation = codes.std(axis=0, ddof=1)
    fit, test = (_variances(codes, groups, count, batch, rng) for count in points)
    return {"factor_vae_score": _voted(fit, test, deviation, len(groups))}


def votes(codes, factors, rng, *, points: int = POINTS[0], batch: int = BATCH) -> np.ndarray:
    """Training votes of the FactorVAE score, int [d, k]: how often each latent varied least with each factor fixed."""
    (points,), batch = _asked([points], batch, 2, 1)
    codes, groups = _groups(codes, factors, rng, "votes", max(2, batch // 2))
    return _ballots(*_variances(codes, groups, points, batch, rng), codes.std(axis=0, ddof=1), len(groups))


def beta_vae_score_of_encoder(
    data_set: DataSet, encode: Callable, rng, *, points=POINTS, batch: int = BATCH, solver: str = "one_vs_rest"
):
    """{"beta_vae_score"} from new images, as in the paper: they are drawn and encoded for every pair (128 per point).

    ``encode`` takes images float32 [n, h, w, c] and returns codes float [n, d]: ``lambda images:
    training.encode(model, images).mean``.
    """

    def point_batches(count):
        for start in range(0, count, CHUNK):
            fixed = rng.integers(len(data_set.sizes), size=min(CHUNK, count - start))
            left, right = (data_set.sample_factors(len(fixed) * batch, rng) for _ in range(2))
            column = fixed.repeat(batch)
            right[np.arange(len(column)), column] = left[np.arange(len(column)), column]
            apart = np.abs(_encoded(data_set, encode, left, rng) - _encoded(data_set, encode, right, rng))
            yield apart.reshape(len(fixed), batch, -1).mean(axis=1), fixed

    _drawn(data_set, encode, rng, "beta_vae_score_of_encoder")
    points, batch = _asked(points, batch, 1)
    checks.choose(SOLVERS, solver, "solver")
    rows.several(len(data_set.sizes), "factors", "beta_vae_score_of_encoder")
    fit, test = (_joined(point_batches(count)) for count in points)
    return {"beta_vae_score": _told(fit, test, solver)}


def factor_vae_score_of_encoder(data_set: DataSet, encode: Callable, rng, *, points=POINTS, batch: int = BATCH):
    """{"factor_vae_score"} from new images, as in the paper: they are drawn and encoded for every batch (64 per point).

    The latents' variances are estimated from as many images as there are training points, and at least ``batch``.
    ``encode``: as above.
    """

    def point_batches(count):
        for start in range(0, count, CHUNK):
            fixed = rng.integers(len(data_set.sizes), size=min(CHUNK, count - start))
            drawn = data_set.sample_factors(len(fixed) * batch, rng).reshape(len(fixed), batch, -1)
            for each, factor in zip(drawn, fixed, strict=True):
                each[:, factor] = each[0, factor]
            codes = _encoded(data_set, encode, drawn.reshape(len(fixed) * batch, -1), rng)
            yield codes.reshape(len(fixed), batch, -1).var(axis=1, ddof=1), fixed

    _drawn(data_set, encode, rng, "factor_vae_score_of_encoder")
    points, batch = _asked(points, batch, 2)
    rows.several(len(data_set.sizes), "factors", "factor_vae_score_of_encoder")
    count = max(points[0], batch)  # a variance of one image there is none
    starts = range(0, count, CHUNK * batch)
    sample = [
        _encoded(data_set, encode, data_set.sample_factors(min(CHUNK * batch, count - s), rng), rng) for s in starts
    ]
    fit, test = (_joined(point_batches(count)) for count in points)
    return {"factor_vae_score": _voted(fit, test, np.concatenate(sample).std(axis=0, ddof=1), len(data_set.sizes))}


def _drawn(data_set, encode, rng, score: str) -> None:
    checks.instance(data_set, DataSet, "data_set", "a DataSet such as data.load returns")
    checks.function(encode, "encode", "a function that takes images and returns codes [n, d]")
    checks.generator(rng, score)


def _encoded(data_set, encode, factors, rng) -> np.ndarray:
    codes = checks.codes(encode(rendered(data_set, factors, rng)))
    if len(codes) != len(factors):
        raise ValueError(f"the encoder must return a code for each of {len(factors)} images, not {len(codes)} codes")
    return codes.astype(np.float64)


def _joined(batches) -> tuple[np.ndarray, np.ndarray]:
    points, labels = zip(*batches, strict=True)
    return np.concatenate(points), np.concatenate(labels)


def _asked(points, batch: int, least: int, numbers: int = 2) -> tuple[list[int], int]:
    """Validate ``points``, one or two numbers, and ``batch``, of at least ``least``: 1 for pairs, 2 for a variance."""
    if not isinstance(points, Sequence | np.ndarray) or isinstance(points, str) or len(points) != numbers:
        given = checks.shown(points)
        raise ValueError(f"points must be the numbers to train and to test, such as {POINTS}, not {given}")
    each = "points" if numbers == 1 else "each of points"
    points, batch = [checks.whole(count, each) for count in points], checks.whole(batch, "batch", least)
    if sum(points) * batch > MOST:
        given = f"{sum(points):,} points of {batch:,} codes"
        raise ValueError(f"points times batch must be at most {MOST:,}, not {given}: pass fewer")
    return points, batch


def _groups(codes, factors, rng, score: str, least: int) -> tuple[np.ndarray, list[list[np.ndarray]]]:
    """Codes float64, and for each factor the rows of each of its values."""
    checks.generator(rng, score)
    codes, factors = rows.sampled(codes, factors, score)
    rows.several(factors.shape[1], "factors", score)
    groups = []
    for factor, labels in enumerate(factors.T):
        order = np.argsort(labels, kind="stable")
        values, starts = np.unique(labels[order], return_index=True)
        parts = np.split(order, starts[1:])
        if few := [v for v, part in zip(values, parts, strict=True) if len(part) < least]:
            count = int((labels == few[0]).sum())
            given = f"value {few[0]} of factor {factor} (counted from 0) has {count} of the {len(codes)} rows"
            given += f", and {least} are needed"
            ways = ", leave the factor out, or pass a smaller batch" if least > 2 else " or leave the factor out"
            raise ValueError(f"{score}: {given}; encode more images{ways}")
        groups.append(parts)
    return codes.astype(np.float64), groups


def _differences(codes, groups, points: int, batch: int, rng) -> tuple[np.ndarray, np.ndarray]:
    """Mean absolute differences [points, d] of pairs that share the value of a factor, and these factors [points]."""
    fixed = rng.integers(len(groups), size=points)
    apart = np.empty((points, codes.shape[1]))
    for factor, parts in enumerate(groups):
        places = np.flatnonzero(fixed == factor)
        counts = np.array([len(part) for part in parts])
        starts, order = np.cumsum(counts) - counts, np.concatenate(parts)
        value = rng.integers(len(parts), size=(len(places), batch))
        left = rng.integers(counts[value])
        right = (left + rng.integers(1, counts[value])) % counts[value]
        left, right = order[starts[value] + left], order[starts[value] + right]
        apart[places] = np.abs(codes[left] - codes[right]).mean(axis=1)
    return apart, fixed


def _variances(codes, groups, points: int, batch: int, rng) -> tuple[np.ndarray, np.ndarray]:
    """Variances [points, d] of batches that share the value of a factor, and these factors [points]."""
    fixed = rng.integers(len(groups), size=points)
    variances = np.empty((points, codes.shape[1]))
    for factor, parts in enumerate(groups):
        places = np.flatnonzero(fixed == factor)
        value = rng.integers(len(parts), size=len(places))
        for i, part in enumerate(parts):
            here = places[value == i]
            take = min(batch, len(part))
            for some in np.array_split(here, max(1, len(here) * len(part) // 1_000_000)):
                chosen = rng.random((len(some), len(part))).argpartition(take - 1, axis=1)[:, :take]
                variances[some] = codes[part[chosen]].var(axis=1, ddof=1)
    return variances, fixed


def _told(fit, test, solver: str) -> float:
    model = logistic_regression(*fit, solver)
    return float((model.predict(test[0]) == test[1]).mean())


def _votes(variances, deviation: np.ndarray) -> np.ndarray:
    """The latent that each point votes for, int [points]; collapsed latents get no votes."""
    relative = np.full_like(variances, np.inf)
    active = deviation >= ACTIVE
    relative[:, active] = variances[:, active] / deviation[active] ** 2
    return relative.argmin(axis=1)


def _ballots(variances, fixed, deviation: np.ndarray, factors: int) -> np.ndarray:
    counts = np.zeros((len(deviation), factors), int)
    if (deviation >= ACTIVE).any():
        np.add.at(counts, (_votes(variances, deviation), fixed), 1)
    return counts


def _voted(fit, test, deviation: np.ndarray, factors: int) -> float:
    ballots = _ballots(*fit, deviation, factors)
    if not ballots.any():
        if (most := deviation.max()) > 0:
            why = f"no latent has a standard deviation of {ACTIVE} or more, the largest being {most:.2g}"
            rows.warn(f"{why}: factor_vae_score is 0; multiply codes that are in another unit by a constant")
        return 0.0
    return float((ballots.argmax(axis=1)[_votes(test[0], deviation)] == test[1]).mean())
