"""Scores of factors that are measurements, such as positions, angles and sizes, in place of classes.

All are called as ``score(codes float [n, d], values float [n, k], rng, kinds=...) -> {name: float}``. ``kinds`` says
what each factor is; nothing is guessed from a dtype:

- "real": a number, such as a position or a size;
- "angle": a direction in radians, from -2 pi to 2 pi, of which 0 and 2 pi are the same. What looks the same after half
  a turn has half the period: pass twice its angle (modulo 2 pi);
- "class": a whole number that names a class, as in the other scores.

One kind for all, or one for each column. Rows are split as everywhere: what is fitted uses the first two thirds, tests
the last third. Values of factors of different kinds are averaged: 0 is nothing and 1 is all for each of them, but what
lies between differs; score each kind alone where that matters.

>>> import numpy as np
>>> from dlnb.metrics import measured
>>> rng = np.random.default_rng(0)
>>> values = rng.uniform(size=(3_000, 2)) * [1, 2 * np.pi]  # a size and a direction
>>> codes = np.column_stack([values[:, 0], np.cos(values[:, 1]), np.sin(values[:, 1])])  # a direction needs two latents
>>> found = measured.score(codes, values, rng, kinds=["real", "angle"])
>>> {name: round(value, 1) for name, value in found.items()}  # doctest: +NORMALIZE_WHITESPACE
{'mig': 0.5, 'mcc': 1.0, 'sap': 0.5, 'dci_disentanglement': 1.0, 'dci_completeness': 0.7, 'dci_informativeness': 1.0}
"""

from collections.abc import Iterable

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree
from scipy.special import digamma
from scipy.stats import rankdata
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression
from sklearn.linear_model import LassoCV, MultiTaskLassoCV
from sklearn.svm import LinearSVC

from dlnb import checks
from dlnb.metrics import classes, predictors, rows
from dlnb.metrics.information import entropies, gaps

KINDS = dict.fromkeys(("real", "angle", "class"))
TURN = 2 * np.pi
NEIGHBOURS = 3  # of the estimators of mutual information: the default of scikit-learn
TINY = 1e-10  # standard deviations of the noise that breaks ties before neighbours are sought (the same)
ROUNDED = 1e-12  # by which a distance on the circle may be wrong
TREES, LEAF = 30, 5  # of the random forests, and the fewest rows in a leaf
FOLDS = 5  # by which the penalty of the lasso is chosen
CORRELATIONS = dict.fromkeys(("pearson", "spearman"))
MODELS = dict.fromkeys(("forest", "lasso"))
MEASURES = dict.fromkeys(("r2", "nrmse"))


def information(codes, values, rng, *, kinds, neighbours: int = NEIGHBOURS) -> np.ndarray:
    """Mutual information of each latent and factor in nats, estimated by nearest neighbours: float [d, k], at least 0.

    Estimators of Kraskov et al. (2004), for real numbers and, with distances on the circle, for angles, and of Ross
    (2014) for classes. They have no bins, but a bias: what is large is estimated too low, the more so the fewer rows,
    and estimates below 0 are cut off. ``rng`` draws the noise that breaks ties. Uses all rows. Raises ValueError as the
    scores.

    >>> import numpy as np
    >>> from dlnb.metrics import measured
    >>> rng = np.random.default_rng(0)
    >>> values = rng.standard_normal((3_000, 1))
    >>> codes = 0.8 * values + 0.6 * rng.standard_normal((3_000, 1))  # a correlation of 0.8: -log(1 - 0.8 ** 2) / 2
    >>> measured.information(codes, values, rng, kinds="real").round(2).tolist()  # which is 0.51
    [[0.52]]
    """
    codes, columns, kinds = _given(codes, values, kinds, rng, "information", slice(None))
    neighbours = checks.whole(neighbours, "neighbours", below=len(codes))
    return _information(codes, columns, kinds, rng, neighbours)


def _information(codes, columns, kinds, rng, neighbours: int = NEIGHBOURS) -> np.ndarray:
    centred, told = codes - codes.mean(axis=0), []  # and of one size, since estimates break ties by tiny noise
    codes = centred / np.where(np.ptp(codes, axis=0) > 0, centred.std(axis=0), np.inf)
    for column, kind in zip(columns, kinds, strict=True):
        options = {"n_neighbors": neighbours, "random_state": int(rng.integers(2**31)), "discrete_features": False}
        if kind == "class":
            told.append(mutual_info_classif(codes, column, **options))
        elif kind == "real":
            told.append(mutual_info_regression(codes, column, **options))
        else:
            told.append([_around(code, column, rng, neighbours) for code in codes.T])
    return np.stack(told, axis=1)


def _around(code: np.ndarray, angle: np.ndarray, rng, neighbours: int) -> float:
    """Mutual information of a latent [n] and an angle [n] in nats; distances of angles go the shorter way round."""
    n = len(code)
    code = code + TINY * max(1.0, np.abs(code).mean()) * rng.standard_normal(n)
    angle = np.mod(angle, TURN) % TURN  # what a rounding left at a full turn is 0
    both = np.column_stack([code, angle])
    distance = cKDTree(both, boxsize=[0, TURN]).query(both, [neighbours + 1], p=np.inf)[0][:, 0]
    radius = np.maximum(distance - ROUNDED, 0)  # the neighbour at that distance does not count
    near = _within(np.sort(code), code, radius)
    ring = np.sort(angle)
    around = np.where(radius < np.pi, _within(np.concatenate([ring - TURN, ring, ring + TURN]), angle, radius), n)
    return max(0.0, digamma(n) + digamma(neighbours) - np.mean(digamma(near) + digamma(around)))


def _within(ordered: np.ndarray, values: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """How many of ``ordered`` are within the radius of each value, itself among them."""
    return np.searchsorted(ordered, values + radius, "right") - np.searchsorted(ordered, values - radius, "left")


def mig(codes, values, rng, *, kinds) -> dict[str, float]:
    """{"mig"}: the mutual information gap for measurements, 0 to 1.

    A measurement has no finite entropy to divide by. So what a latent tells is 1 - exp(-2 I), which for normal
    distributions is the squared correlation (Linfoot 1957); of classes it is I over their entropy, as in MIG, at most 1
    (from few rows of a class the estimate of I may be above the entropy). The score is the first latent minus the
    second, mean over factors. An angle that needs two latents has no gap. codes float [n, d] with d at least 2, values
    float [n, k]; uses the first two thirds of the rows. Raises ValueError for a single latent, and as all scores of
    this module for factors that do not fit their kind or do not vary.

    >>> import numpy as np
    >>> from dlnb.metrics import measured
    >>> rng = np.random.default_rng(0)
    >>> values = rng.standard_normal((3_000, 2))
    >>> noise = rng.standard_normal((3_000, 2))
    >>> round(measured.mig(0.8 * values + 0.6 * noise, values, rng, kinds="real")["mig"], 1)  # 0.8 squared
    0.6
    >>> round(measured.mig(values @ [[1, -1], [1, 1]], values, rng, kinds="real")["mig"], 1)  # turned by 45 degrees
    0.0
    """
    codes, columns, kinds = _given(codes, values, kinds, rng, "mig")
    rows.several(codes.shape[1], "latents", "mig")
    told = _information(codes, columns, kinds, rng)
    for k, (column, kind) in enumerate(zip(columns, kinds, strict=True)):
        if kind == "class":  # estimates from few rows of a class may exceed the entropy
            told[:, k] = np.minimum(told[:, k] / entropies(column[:, None]), 1)
        else:
            told[:, k] = 1 - np.exp(-2 * told[:, k])
    return {"mig": float(np.mean(gaps(told)))}


def mcc(codes, values, rng=None, *, kinds, correlation: str = "pearson") -> dict[str, float]:
    """{"mcc"}: mean correlation coefficient, 0 to 1, each factor with a latent of its own (Hyvärinen & Morioka 2016).

    Latents are assigned to factors so that the sum of correlations in size is largest; with fewer latents than factors
    those left over count 0. ``correlation``: "pearson", or "spearman" of ranks, which any increasing function leaves
    as they are. For an angle it is the multiple correlation of the latent with cosine and sine, for classes the
    correlation ratio: roots of the shares of the latent's variance that the factor explains, so that a latent with only
    the cosine has 1. A constant latent has none. codes float [n, d], values float [n, k]; uses the first two thirds of
    the rows. Raises ValueError for factors that do not fit their kind or do not vary, and for an unknown correlation.

    >>> import numpy as np
    >>> from dlnb.metrics import measured
    >>> rng = np.random.default_rng(0)
    >>> values = rng.standard_normal((3_000, 2))
    >>> noise = rng.standard_normal((3_000, 2))
    >>> round(measured.mcc(0.8 * values[:, ::-1] - 0.6 * noise, values, kinds="real")["mcc"], 1)  # in any order
    0.8
    >>> round(measured.mcc(np.exp(values), values, kinds="real", correlation="spearman")["mcc"], 2)
    1.0
    """
    checks.choose(CORRELATIONS, correlation, "correlation")
    codes, columns, kinds = _given(codes, values, kinds, rng, "mcc")
    if correlation == "spearman":
        codes = rankdata(codes, axis=0)
        columns = [rankdata(c) if kind == "real" else c for c, kind in zip(columns, kinds, strict=True)]
    found = np.stack([_explained(codes, c, kind) for c, kind in zip(columns, kinds, strict=True)], axis=1) ** 0.5
    latents, factors = linear_sum_assignment(found, maximize=True)
    return {"mcc": float(found[latents, factors].sum() / len(columns))}


def _explained(codes: np.ndarray, column: np.ndarray, kind: str) -> np.ndarray:
    """The share of each latent's variance that a linear function of the factor explains: [d], 0 for constant ones."""
    basis = _basis(column, kind)
    basis = basis - basis.mean(axis=0)
    centred = codes - codes.mean(axis=0)
    fitted = basis @ np.linalg.lstsq(basis, centred, rcond=None)[0]
    whole = (centred**2).sum(axis=0)
    varies = np.ptp(codes, axis=0) > 0
    return np.where(varies, np.minimum((fitted**2).sum(axis=0) / np.where(varies, whole, 1.0), 1), 0.0)


def _basis(column: np.ndarray, kind: str) -> np.ndarray:
    if kind == "real":
        return column[:, None]
    if kind == "angle":
        return np.column_stack([np.cos(column), np.sin(column)])
    return (column[:, None] == np.unique(column)).astype(float)


def sap(codes, values, rng=None, *, kinds) -> dict[str, float]:
    """{"sap"}: separated attribute predictability by R^2, 0 to 1 (Kumar et al. 2018, for continuous attributes).

    For each factor, the R^2 on the test rows of a linear regression on the best single latent minus that on the second
    best; mean over factors. Of an angle cosine and sine are predicted, of classes R^2 is the accuracy of the study's
    classifier, as in SAP. codes float [n, d] with d at least 2, values float [n, k]. Raises ValueError for a single
    latent, and for factors that do not fit their kind or do not vary.

    >>> import numpy as np
    >>> from dlnb.metrics import measured
    >>> rng = np.random.default_rng(0)
    >>> values = rng.standard_normal((3_000, 2))
    >>> noise = rng.standard_normal((3_000, 2))
    >>> round(measured.sap(0.8 * values + 0.6 * noise, values, kinds="real")["sap"], 1)  # 0.64
    0.6
    """
    codes, columns, kinds = _given(codes, values, kinds, rng, "sap", slice(None))
    rows.several(codes.shape[1], "latents", "sap")
    fit, test = rows.fit_rows(len(codes)), rows.test_rows(len(codes))
    told = np.empty((codes.shape[1], len(columns)))
    for k, (column, kind) in enumerate(zip(columns, kinds, strict=True)):
        if kind == "class":
            told[:, k] = predictors.accuracies(codes, column[:, None])[:, 0]
            continue
        basis = _basis(column, kind)
        centre, middle = codes[fit].mean(axis=0), basis[fit].mean(axis=0)
        x, y = codes[fit] - centre, basis[fit] - middle
        square = (x**2).sum(axis=0)
        slopes = (x.T @ y) / np.where(square > 0, square, 1.0)[:, None]  # [d, outputs]
        for latent, code in enumerate((codes[test] - centre).T):
            told[latent, k] = max(0.0, 1 - _unexplained(basis[test], middle + code[:, None] * slopes[latent]))
    return {"sap": float(np.mean(gaps(told)))}


def dci(codes, values, rng, *, kinds, model: str = "forest", informativeness: str = "r2") -> dict[str, float]:
    """{"dci_disentanglement", "dci_completeness", "dci_informativeness"} by regression (Eastwood & Williams 2018).

    A regression predicts each factor from all latents; what is important for what is read from it. The two models are
    those of the authors:

    - "forest": a random forest (30 trees, at least 5 rows a leaf), importance by its reduction of variance;
    - "lasso": a linear one, of standardised latents, whose penalty is chosen by cross-validation; importance is the
      size of a coefficient. What is not linear it does not see.

    Of an angle cosine and sine are predicted by one model; classes are classified (by linear support vector machines
    with that penalty in place of the lasso). ``informativeness``: "r2", mean over factors of R^2 on the test rows, at
    least 0 (of classes: the accuracy); or the authors' "nrmse", root mean squared errors over that of the mean, where 0
    is the best and more than 1 worse than the mean, for factors that are no classes. Disentanglement and completeness
    are 0 to 1, as in ``metrics.dci``. Of one code they may fall as classes get finer, while a regression on
    measurements stays where it is. codes float [n, d], values float [n, k], d and k at least 2. Raises ValueError for a
    single latent or factor, for factors that do not fit their kind or do not vary, and for an unknown option.

    >>> import numpy as np
    >>> from dlnb.metrics import measured
    >>> rng = np.random.default_rng(0)
    >>> values = rng.uniform(size=(1_500, 2))
    >>> def rounded(codes, **options):  # disentanglement, completeness, informativeness
    ...     found = measured.dci(codes, values, np.random.default_rng(0), kinds="real", **options)
    ...     return [round(value, 1) for value in found.values()]
    >>> rounded(values)
    [1.0, 1.0, 1.0]
    >>> rounded(values @ [[1, -1], [1, 1]], model="lasso")  # turned by 45 degrees
    [0.0, 0.0, 1.0]
    >>> rounded(values @ [[1, -1], [1, 1]], model="lasso", informativeness="nrmse")
    [0.0, 0.0, 0.0]
    """
    checks.choose(MODELS, model, "model")
    checks.choose(MEASURES, informativeness, "informativeness")
    codes, columns, kinds = _given(codes, values, kinds, checks.generator(rng, "dci"), "dci", slice(None))
    rows.several(codes.shape[1], "latents", "dci")
    rows.several(len(columns), "factors", "dci")
    if informativeness == "nrmse" and "class" in kinds:
        which = f"factor {kinds.index('class')} (counted from 0)"
        raise ValueError(f"classes have no root mean squared error, and {which} is one: ask for informativeness='r2'")
    fit, test = rows.fit_rows(len(codes)), rows.test_rows(len(codes))
    deviation = codes[fit].std(axis=0)
    codes = (codes - codes[fit].mean(axis=0)) / np.where(np.ptp(codes[fit], axis=0) > 0, deviation, np.inf)
    importance, told = np.empty((codes.shape[1], len(columns))), []
    for k, (column, kind) in enumerate(zip(columns, kinds, strict=True)):
        target = column if kind == "class" else _basis(column, kind)
        if kind != "class":
            target = (target - target[fit].mean(axis=0)) / np.sqrt(target[fit].var(axis=0).mean())
        importance[:, k], predicted = FITS[model](codes[fit], target[fit], codes[test], kind, rng)
        if kind == "class":
            told.append((predicted == target[test]).mean())
        else:
            wrong = _unexplained(target[test], predicted)
            told.append(np.sqrt(wrong) if informativeness == "nrmse" else max(0.0, 1 - wrong))
    return {
        "dci_disentanglement": predictors.disentanglement(importance),
        "dci_completeness": predictors.completeness(importance),
        "dci_informativeness": float(np.mean(told)),
    }


def _forest(x, y, x_test, kind: str, rng) -> tuple[np.ndarray, np.ndarray]:
    """The importance of each latent [d], and predictions for the test rows."""
    made = RandomForestClassifier if kind == "class" else RandomForestRegressor
    options = {"min_samples_leaf": LEAF, "max_features": None}  # all latents at every split, in both
    forest = made(TREES, random_state=int(rng.integers(2**31)), **options)
    forest.fit(x, y[:, 0] if kind == "real" else y)
    found = forest.predict(x_test)
    return forest.feature_importances_, found[:, None] if kind == "real" else found


def _lasso(x, y, x_test, kind: str, rng) -> tuple[np.ndarray, np.ndarray]:
    seed = int(rng.integers(2**31))
    if kind == "class":  # a line for each class against the rest, with the same penalty on its coefficients
        lines = LinearSVC(penalty="l1", dual=False, random_state=seed).fit(x, y)
        return np.abs(lines.coef_).mean(axis=0), lines.predict(x_test)
    made, y = (MultiTaskLassoCV, y) if kind == "angle" else (LassoCV, y[:, 0])
    fitted = made(cv=min(FOLDS, len(x)), random_state=seed).fit(x, y)
    return np.linalg.norm(np.atleast_2d(fitted.coef_), axis=0), fitted.predict(x_test).reshape(len(x_test), -1)


FITS = {"forest": _forest, "lasso": _lasso}
MEASURED = {"mig": mig, "mcc": mcc, "sap": sap, "dci": dci}


def score(codes, values, rng, *, kinds, names=None, **options) -> dict[str, float]:
    """Several scores of this module in one dict: {column: float}.

    names: "mig", "mcc", "sap", "dci", or several (None: all)
    options: passed to the scores that take them: ``correlation`` to mcc, ``model`` and ``informativeness`` to dci

    Each score has its own stream, spawned from ``rng``: it does not depend on the other ``names``, nor on what else was
    drawn from ``rng``, but on its seed and the number of earlier calls. Raises ValueError for
    an unknown name or option, and as the scores.
    """
    checks.generator(rng, "score")
    names = MEASURED if names is None else (names,) if isinstance(names, str) else checks.names(names, "names")
    for name in names:
        checks.choose(MEASURED, name, "score")
    taken = {"mcc": {"correlation"}, "dci": {"model", "informativeness"}}
    for option in options:
        checks.choose(dict.fromkeys(sorted(set().union(*taken.values()))), option, "option")
    streams, found = dict(zip(MEASURED, rng.spawn(len(MEASURED)), strict=True)), {}
    for name in names:
        given = {option: value for option, value in options.items() if option in taken.get(name, ())}
        found |= MEASURED[name](codes, values, streams[name], kinds=kinds, **given)
    return found


def _given(codes, values, kinds, rng, score: str, part: slice | None = None):
    """Codes float64 [n, d], the columns of values, and their kinds; of the fit rows, or of ``part``."""
    if score in ("mig", "information"):
        checks.generator(rng, score)
    codes = rows.upright(rows.coded(codes)).astype(np.float64)
    values = checks.finite(values, "values", "[n, k]")
    if values.ndim != 2 or len(values) != len(codes) or not values.shape[1]:
        hint = ": of a single factor, values[:, None]" if values.shape == (len(codes),) else ""
        raise ValueError(
            f"values must be [n, k] with the {len(codes)} rows of codes, not of shape {values.shape}{hint}"
        )
    kinds = _kinds(kinds, values.shape[1])
    if len(codes) < 3:
        raise ValueError(f"{score} is fitted on two thirds of the rows: {len(codes)} rows are too few")
    if len(codes) < rows.LEAST:
        rows.warn(
            f"scores of {len(codes)} rows tell little: from fewer than {rows.LEAST}, those of noise are high as well"
        )
    fit = rows.fit_rows(len(codes))
    columns = [
        _column(k, column, kind, score, fit) for k, (column, kind) in enumerate(zip(values.T, kinds, strict=True))
    ]
    part = fit if part is None else part
    return codes[part], [column[part] for column in columns], kinds


def _kinds(kinds, count: int) -> tuple[str, ...]:
    """A kind for each of ``count`` factors."""
    if isinstance(kinds, str):
        kinds = (kinds,) * count
    if not isinstance(kinds, Iterable) or len(kinds := tuple(kinds)) != count:
        raise ValueError(
            f"kinds must be one for all, or one for each of the {count} factors, not {checks.shown(kinds)}"
        )
    for kind in kinds:
        checks.choose(KINDS, kind, "kind")
    return kinds


def _column(k: int, column: np.ndarray, kind: str, score: str, fit: slice) -> np.ndarray:
    """A factor as its kind wants it, if it varies in the fit rows."""
    which = f"factor {k} (counted from 0)"
    if kind == "class":
        whole = checks.labelled_codes(np.zeros((len(column), 1)), column[:, None])[1]
        if remark := classes.sampled(whole, score, fit.stop):
            rows.warn(remark)
        return whole[:, 0]
    column = column.astype(np.float64)
    if kind == "angle" and (largest := np.abs(column).max()) > TURN * (1 + 1e-6):
        remedy = "pass numpy.deg2rad of degrees, or numpy.mod(angle, 2 * numpy.pi)"
        raise ValueError(f"{which} is an angle in radians, from -2 pi to 2 pi, but holds {largest:g}: {remedy}")
    seen = np.mod(column[fit], TURN) if kind == "angle" else column[fit]
    if np.ptp(seen) == 0:
        raise ValueError(f"{score}: {which} takes a single value in the {len(seen)} rows; leave it out")
    return column


def _unexplained(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Squared errors over those of the mean, of [n, outputs]: 1 - R^2; 1 for what does not vary."""
    whole = ((truth - truth.mean(axis=0)) ** 2).sum()
    return float(((truth - predicted) ** 2).sum() / whole) if whole else 1.0
