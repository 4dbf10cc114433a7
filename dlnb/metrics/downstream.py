"""The downstream task of the study (section 5.5): predict each factor from the codes, with few labels and with many."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dlnb import checks
from dlnb.metrics import rows
from dlnb.metrics.linear import FOLDS, SOLVERS, logistic_regression_cv
from dlnb.metrics.predictors import Fitted
from dlnb.metrics.trees import boosted_trees, check_boosting

SIZES = (10, 100, 1_000, 10_000)  # numbers of labelled rows (paper, section C)


def downstream(
    codes, factors, rng, *, sizes=SIZES, boosting: str = "exact", solver: str = "one_vs_rest", trees=None
) -> dict[str, float]:
    """{"lr_10", ..., "gbt_10000"}: accuracy on the test rows, mean over factors, from chance to 1.

    For each of ``sizes`` and each factor, a logistic regression (penalty chosen by cross-validation) and boosted trees
    are trained on that many of the first rows and tested on the last third. codes float [n, d], factors int [n, k].
    ``boosting``: see ``dlnb.metrics.trees``; ``solver``: see ``dlnb.metrics.linear``; ``trees``: the result of
    ``predictors.fit_trees``, if already computed. Raises ValueError for a size below 5 or above two thirds of the rows,
    and for a factor with a single value in the training rows; if the rows of a small size have a single value of a
    factor, that value is predicted.

    >>> import numpy as np
    >>> from dlnb.metrics import downstream
    >>> factors = np.array(120 * list(np.ndindex(2, 2)))  # two binary factors, so chance is 0.5
    >>> noise = np.random.default_rng(0).standard_normal((480, 2))
    >>> def accuracy(codes):
    ...     found = downstream(codes, factors, np.random.default_rng(0), sizes=(10, 100))
    ...     return {name: round(value, 2) for name, value in found.items()}
    >>> accuracy(factors)  # perfect
    {'lr_10': 1.0, 'lr_100': 1.0, 'gbt_10': 1.0, 'gbt_100': 1.0}
    >>> accuracy(factors + noise)
    {'lr_10': 0.61, 'lr_100': 0.71, 'gbt_10': 0.62, 'gbt_100': 0.62}
    >>> accuracy(np.zeros((480, 2)))  # empty
    {'lr_10': 0.5, 'lr_100': 0.5, 'gbt_10': 0.5, 'gbt_100': 0.5}
    """
    found = accuracies(codes, factors, rng, sizes=sizes, boosting=boosting, solver=solver, trees=trees)
    return {name: float(np.mean(each)) for name, each in found.items()}


def accuracies(
    codes, factors, rng, *, sizes=SIZES, boosting: str = "exact", solver: str = "one_vs_rest", trees=None
) -> dict[str, np.ndarray]:
    """``downstream`` before the mean over factors: {"lr_10": float [k], ...}."""
    check_boosting(boosting, rng)
    checks.choose(SOLVERS, solver, "solver")
    if trees is not None:
        checks.instance(trees, Fitted, "trees", "the result of predictors.fit_trees")
    x, y, x_test, y_test = rows.split(codes, factors, "downstream")
    sizes, scores = check_sizes(sizes, len(x) + len(x_test)), {}
    for size in sizes:
        linear = [_linear(x[:size], labels[:size], solver, f) for f, labels in enumerate(y.T)]
        scores[f"lr_{size}"] = _right(linear, x_test, y_test)
    for size in sizes:
        if size == len(x) and trees is not None:
            scores[f"gbt_{size}"] = trees.right
        else:
            grown = [boosted_trees(x[:size], labels[:size], rng, boosting) for labels in y.T]
            scores[f"gbt_{size}"] = _right(grown, x_test, y_test)
    return scores


def check_sizes(sizes, n: int) -> list[int]:
    """``sizes`` as a list, if n rows suffice for the largest."""
    sizes = [checks.whole(size, "each of sizes", FOLDS) for size in (sizes if np.iterable(sizes) else [sizes])]
    if not sizes:
        raise ValueError(f"downstream needs sizes, numbers of labelled rows such as {SIZES}")
    if max(sizes) > (most := rows.fit_rows(n).stop):
        given = f"downstream fits {max(sizes)} rows, two thirds of the sample, but was given {n} in all"
        fitting = tuple(size for size in SIZES if size <= most) or (most,)
        raise ValueError(f"{given}: pass more rows, or smaller sizes such as sizes={fitting}")
    return sizes


def _linear(x, labels, solver: str, factor: int):
    if solver == "one_vs_rest":
        return logistic_regression_cv(x, labels, solver)
    try:
        return logistic_regression_cv(x, labels, solver)
    except ValueError as error:  # scikit-learn's message suggests no remedy
        what = f"factor {factor} (counted from 0) with {len(x)} rows, where folds lack classes"
        reason = f"solver={solver!r} cannot be fitted to {what}"
        raise ValueError(f"downstream: {reason}; use solver='one_vs_rest' or larger sizes ({error})") from error


def _right(models, x_test, y_test) -> np.ndarray:
    return np.array([(model.predict(x_test) == labels).mean() for model, labels in zip(models, y_test.T, strict=True)])


def statistical_efficiency(scores) -> dict:
    """{"lr_efficiency", "gbt_efficiency"}: accuracy with 100 labels divided by that with 10,000 (section 5.5).

    ``scores``: the result of ``downstream``, or the table of results, which gives a column each. 1: 100 labels suffice;
    useless codes, at chance with any number of labels, get it too. The paper notes that this is not the sample
    complexity of learning theory. Raises ValueError if one of these accuracies is missing, or not above 0.

    >>> import numpy as np
    >>> from dlnb.metrics import downstream, statistical_efficiency
    >>> factors = np.array(7_500 * list(np.ndindex(2)))  # one binary factor
    >>> noise = np.random.default_rng(0).standard_normal((15_000, 1))
    >>> def efficiency(codes):
    ...     found = downstream(codes, factors, np.random.default_rng(0), sizes=(100, 10_000))
    ...     return {name: round(value, 2) for name, value in statistical_efficiency(found).items()}
    >>> efficiency(factors)  # perfect
    {'lr_efficiency': 1.0, 'gbt_efficiency': 1.0}
    >>> efficiency(factors + noise)  # the trees overfit 100 labels
    {'lr_efficiency': 1.0, 'gbt_efficiency': 0.89}
    >>> efficiency(np.zeros((15_000, 1)))  # empty: at chance with both
    {'lr_efficiency': 1.0, 'gbt_efficiency': 1.0}
    """
    such = "the result of downstream, or a table with its columns"
    checks.instance(scores, (Mapping, pd.DataFrame, pd.Series), "scores", such)
    found = {}
    for name in ("lr_100", "lr_10000", "gbt_100", "gbt_10000"):
        if name not in scores:
            raise ValueError(f"statistical_efficiency needs {name}: score with sizes that include 100 and 10_000")
        found[name] = scores[name]
        if not isinstance(found[name], pd.Series | np.ndarray):
            found[name] = checks.number(found[name], name, above=True)
        elif (checks.finite(found[name], name) <= 0).any():
            raise ValueError(f"{name} must be accuracies above 0, not {checks.shown(found[name])}")
    return {f"{kind}_efficiency": found[f"{kind}_100"] / found[f"{kind}_10000"] for kind in ("lr", "gbt")}
