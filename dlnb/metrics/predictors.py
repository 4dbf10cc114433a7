"""Scores based on classifiers that predict factors from codes: DCI, SAP and explicitness."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from dlnb import checks
from dlnb.metrics import rows
from dlnb.metrics.information import gaps
from dlnb.metrics.linear import SOLVERS, logistic_regression, support_vectors
from dlnb.metrics.trees import boosted_trees, check_boosting

NOTHING = 1e-11  # added to importances, so that entropies are defined (original code)
SOFT = 0.01  # C of the support vector machines (paper, section C)


@dataclass(frozen=True)
class Fitted:
    """Results of boosted trees: importance [d, k], columns sum to 1 or 0; ``right`` [k], accuracy on the test rows."""

    importance: np.ndarray
    right: np.ndarray


def fit_trees(codes, factors, rng, boosting: str = "exact") -> Fitted:
    """Results of boosted trees for each factor, trained on all training rows; ``dci`` and ``downstream`` share them."""
    check_boosting(boosting, rng)
    x, y, x_test, y_test = rows.split(codes, factors, "boosted trees")
    trees = [boosted_trees(x, labels, rng, boosting) for labels in y.T]
    right = [(each.predict(x_test) == labels).mean() for each, labels in zip(trees, y_test.T, strict=True)]
    return Fitted(np.column_stack([each.importance for each in trees]), np.array(right))


def disentanglement(importance: np.ndarray) -> float:
    """1 - entropy of each latent's importances [d, k] over factors, base k; mean weighted by the latents' shares."""
    return _concentration(_importance(importance, "factors"))


def completeness(importance: np.ndarray) -> float:
    """1 - entropy of each factor's importances [d, k] over latents, base d; mean weighted by the factors' shares."""
    return _concentration(_importance(importance, "latents").T)


def _importance(importance, over: str) -> np.ndarray:
    """``importance`` [d, k] as floats, if it has at least two columns, or rows if ``over`` is "latents"."""
    matrix = checks.finite(importance, "importance", "[d, k]", 2).astype(float, copy=False)
    if matrix.shape[over == "factors"] < 2 or not matrix.size:
        raise ValueError(f"importance must be [d, k] with at least 2 {over}, not {checks.shown(matrix)}")
    return rows.ranged(matrix, "importance")


def _concentration(matrix: np.ndarray) -> float:
    if not matrix.any():
        return 0.0
    share = matrix + NOTHING
    share = share / share.sum(axis=1, keepdims=True)
    entropy = -(share * np.log(share)).sum(axis=1) / np.log(matrix.shape[1])
    return float((1 - entropy) @ (matrix.sum(axis=1) / matrix.sum()))


def dci(codes, factors, rng, *, boosting: str = "exact", trees=None) -> dict[str, float]:
    """{"dci_disentanglement", "dci_completeness", "dci_informativeness"} (Eastwood & Williams 2018), each 0 to 1.

    Boosted trees predict each factor from all latents; the importance of a latent is its share of the gain of their
    splits. Disentanglement: 1 if each latent is important for one factor only; completeness: 1 if each factor needs one
    latent only; both 0 without any split. Informativeness: mean accuracy on the test rows, chance to 1. The study
    reports disentanglement. codes float [n, d], factors int [n, k], d and k at least 2; trains on the first two
    thirds of the rows. ``boosting``: see ``dlnb.metrics.trees``; ``trees``: the result of ``fit_trees``, if already
    computed. Trees see codes in float32, so a latent whose range is below 10^-7, or far below its mean, tells them
    nothing. Raises ValueError for a single latent or factor, and for a factor with a single value.

    >>> import numpy as np
    >>> from dlnb.metrics import dci
    >>> factors = np.array(120 * list(np.ndindex(2, 2)))  # two binary factors
    >>> noise = np.random.default_rng(0).standard_normal((480, 2))
    >>> def values(codes):  # disentanglement, completeness, informativeness
    ...     return [round(value, 2) for value in dci(codes, factors, np.random.default_rng(0)).values()]
    >>> values(factors)  # perfect
    [1.0, 1.0, 1.0]
    >>> values(factors[:, [0, 1, 0]])  # factor 0 twice: incomplete
    [1.0, 0.75, 1.0]
    >>> values(factors @ [[1, 1], [0, 1]])  # latent 1 is the sum of both factors
    [0.42, 0.52, 1.0]
    >>> values(noise)
    [0.01, 0.01, 0.52]
    """
    x, y, _, _ = rows.split(codes, factors, "dci")
    rows.several(x.shape[1], "latents", "dci")
    rows.several(y.shape[1], "factors", "dci")
    trees = fit_trees(codes, factors, rng, boosting) if trees is None else trees
    checks.instance(trees, Fitted, "trees", "the result of predictors.fit_trees")
    return {
        "dci_disentanglement": disentanglement(trees.importance),
        "dci_completeness": completeness(trees.importance),
        "dci_informativeness": float(trees.right.mean()),
    }


def accuracies(codes, factors) -> np.ndarray:
    """Accuracy on the test rows of a linear support vector machine on each latent alone: [d, k]."""
    x, y, x_test, y_test = rows.split(codes, factors, "sap")
    found = [np.unique(labels, return_counts=True) for labels in y.T]
    targets = np.concatenate(
        [labels[:, None] == classes for labels, (classes, _) in zip(y.T, found, strict=True)], axis=1
    )
    weight = np.concatenate([len(x) * SOFT / (len(counts) * counts) for _, counts in found])
    # liblinear weights both of two classes; of more, each class in turn, against rows of weight one.
    rest = np.concatenate(
        [
            (len(x) * SOFT / (2 * counts))[::-1] if len(counts) == 2 else np.full(len(counts), SOFT)
            for _, counts in found
        ]
    )
    ends = np.cumsum([len(classes) for classes, _ in found])
    told = np.empty((x.shape[1], y.shape[1]))
    for latent, (code, test) in enumerate(zip(x.T, x_test.T, strict=True)):
        slope, intercept = support_vectors(code, targets, weight, rest).T
        for factor, ((classes, _), end) in enumerate(zip(found, ends, strict=True)):
            part = slice(end - len(classes), end)
            best = (test[:, None] * slope[part] + intercept[part]).argmax(axis=1)
            told[latent, factor] = (classes[best] == y_test[:, factor]).mean()
    return told


def sap(codes, factors, rng=None) -> dict[str, float]:
    """{"sap"}: separated attribute predictability (Kumar et al. 2018), 0 to 1, with the study's classifiers.

    For each factor, the accuracy on the test rows of a classifier on the best single latent minus that on the second
    best; mean over factors. The second best is rarely below chance, so that a perfect code scores about 1 - chance. 0:
    the two best latents predict equally well. The classifiers are linear in raw codes, so the score depends on their
    scale, and many values along one latent are hardly separable. codes float [n, d] with d at least 2, factors int
    [n, k]. Raises ValueError for a single latent and for a factor with a single value.

    >>> import numpy as np
    >>> from dlnb.metrics import sap
    >>> factors = np.array(120 * list(np.ndindex(2, 2)))  # two binary factors, so chance is 0.5
    >>> noise = np.random.default_rng(0).standard_normal((480, 2))
    >>> round(sap(factors, factors)["sap"], 2)  # perfect: accuracy 1 with one latent, chance with the other
    0.5
    >>> round(sap(factors[:, [0, 1, 0]], factors)["sap"], 2)  # factor 0 twice: its gap is 0
    0.25
    >>> round(sap(noise, factors)["sap"], 2)
    0.04
    """
    told = accuracies(codes, factors)
    rows.several(len(told), "latents", "sap")
    return {"sap": float(np.mean(gaps(told)))}


def explicitness(codes, factors, rng=None, *, solver: str = "one_vs_rest") -> dict[str, float]:
    """{"explicitness"} (Ridgeway & Mozer 2018), 0.5 (chance) to 1: how well a linear classifier predicts factors.

    Area under the ROC curve, on the test rows, of a logistic regression on standardised codes; mean over the classes of
    each factor, then over factors. A constant latent has no effect; a class of none or all of the test rows has no
    curve and is left out. codes float [n, d], factors int [n, k]. ``solver``: see ``linear.logistic_regression``.
    Raises ValueError for a factor with a single value in the training or test rows.

    >>> import numpy as np
    >>> from dlnb.metrics import explicitness
    >>> factors = np.array(120 * list(np.ndindex(2, 2)))  # two binary factors
    >>> noise = np.random.default_rng(0).standard_normal((480, 2))
    >>> round(explicitness(factors, factors)["explicitness"], 2)  # perfect
    1.0
    >>> round(explicitness(factors @ [[1, 1], [0, 1]], factors)["explicitness"], 2)  # mixed: not penalised
    1.0
    >>> round(explicitness(factors + noise, factors)["explicitness"], 2)
    0.78
    >>> round(explicitness(np.zeros((480, 2)), factors)["explicitness"], 2)  # empty
    0.5
    """
    return {"explicitness": float(np.mean(areas(codes, factors, solver=solver)["explicitness"]))}


def areas(codes, factors, rng=None, *, solver: str = "one_vs_rest") -> dict[str, np.ndarray]:
    """``explicitness`` before the mean over factors: {"explicitness": float [k]}."""
    checks.choose(SOLVERS, solver, "solver")
    x, y, x_test, y_test = rows.split(codes, factors, "explicitness")
    mean, deviation = x.mean(axis=0, dtype=float), x.std(axis=0, dtype=float)
    deviation = np.where(np.ptp(x, axis=0) > 0, deviation, np.inf)
    x, x_test = (x - mean) / deviation, (x_test - mean) / deviation
    found = []
    for factor, (labels, truth) in enumerate(zip(y.T, y_test.T, strict=True)):
        model = logistic_regression(x, labels, solver)
        chances = model.predict_proba(x_test)
        is_class = truth[:, None] == model.classes_
        curves = np.flatnonzero(is_class.any(axis=0) & ~is_class.all(axis=0))
        if not curves.size:
            raise ValueError(
                f"explicitness: the test rows have a single value of factor {factor} (counted from 0), or unseen ones"
            )
        found.append(np.mean([roc_auc_score(is_class[:, c], chances[:, c]) for c in curves]))
    return {"explicitness": np.array(found)}
