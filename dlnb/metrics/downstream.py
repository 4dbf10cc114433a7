"""The downstream task of the study (section 5.5): tell every factor from the codes, with few labels and with many."""

import numpy as np

from dlnb import checks
from dlnb.metrics import rows
from dlnb.metrics.linear import FOLDS, SOLVERS, logistic_regression_cv
from dlnb.metrics.trees import boosted_trees

SIZES = (10, 100, 1_000, 10_000)  # labelled rows (paper section C)


def downstream(
    codes, factors, rng, *, sizes=SIZES, boosting: str = "exact", solver: str = "one_vs_rest", trees=None
) -> dict[str, float]:
    """{"lr_10", ..., "gbt_10000"}: share of test rows classified correctly, mean over factors, 0 to 1.

    For each of ``sizes``, a logistic regression (its penalty chosen by cross-validation) and boosted trees are fitted
    to that many of the first rows, one for each factor, and tested on the last third. codes float [n, d], factors int
    [n, k]. ``boosting``: see ``trees``; ``solver``: see ``linear``; ``trees``: what ``predictors.fit_trees`` found on
    all fit rows, if it is known. Raises ValueError for fewer rows than a size needs, and for a factor with a single
    value in the fit rows; where a small size happens to have a single value of a factor, that value is predicted.
    """
    found = accuracies(codes, factors, rng, sizes=sizes, boosting=boosting, solver=solver, trees=trees)
    return {name: float(np.mean(each)) for name, each in found.items()}


def accuracies(
    codes, factors, rng, *, sizes=SIZES, boosting: str = "exact", solver: str = "one_vs_rest", trees=None
) -> dict[str, np.ndarray]:
    """What ``downstream`` takes the means of: {"lr_10": float [k], ...}, one accuracy for each factor."""
    x, y, x_test, y_test = rows.split(codes, factors, "downstream")
    checks.choose(SOLVERS, solver, "solver")
    sizes = [checks.whole(size, "each of sizes", FOLDS) for size in (sizes if np.iterable(sizes) else [sizes])]
    if not sizes:
        raise ValueError(f"downstream needs sizes, numbers of labelled rows such as {SIZES}")
    if max(sizes) > len(x):
        given = f"downstream fits {max(sizes)} rows, two thirds of the sample, but was given {len(codes)} in all"
        fitting = tuple(size for size in SIZES if size <= len(x)) or (len(x),)
        raise ValueError(f"{given}: score more, or pass smaller sizes, such as sizes={fitting}")
    scores = {}
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


def _linear(x, labels, solver: str, factor: int):
    if solver == "one_vs_rest":
        return logistic_regression_cv(x, labels, solver)
    try:
        return logistic_regression_cv(x, labels, solver)
    except ValueError as error:  # of scikit-learn, which does not say what to do about it
        what = f"factor {factor} (counted from 0) from {len(x)} rows, where folds lack classes"
        reason = f"solver={solver!r} cannot tell {what}"
        raise ValueError(f"downstream: {reason}; take solver='one_vs_rest' or larger sizes ({error})") from error


def _right(models, x_test, y_test) -> np.ndarray:
    return np.array([(model.predict(x_test) == labels).mean() for model, labels in zip(models, y_test.T, strict=True)])


def statistical_efficiency(scores) -> dict:
    """{"lr_efficiency", "gbt_efficiency"}: accuracy with 100 labels by accuracy with 10,000 (section 5.5).

    ``scores``: what ``downstream`` returned, or the table of results. The paper remarks that this is not the sample
    complexity of learning theory.
    """
    return {f"{kind}_efficiency": scores[f"{kind}_100"] / scores[f"{kind}_10000"] for kind in ("lr", "gbt")}
