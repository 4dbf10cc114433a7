"""Scores made of classifiers that tell factors from codes: DCI, SAP and explicitness."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from dlnb.metrics import rows
from dlnb.metrics.linear import logistic_regression, support_vectors
from dlnb.metrics.trees import boosted_trees

NOTHING = 1e-11  # added to importances, so that entropies are defined (the original code)
SOFT = 0.01  # C of the support vector machines (paper section C)


@dataclass(frozen=True)
class Fitted:
    """What boosted trees found: importance [d, k], columns sum to 1 or 0, and the share of test rows told right [k]."""

    importance: np.ndarray
    right: np.ndarray


def fit_trees(codes, factors, rng, boosting: str = "exact") -> Fitted:
    """Boosted trees of every factor on the fit rows, which ``dci`` and ``downstream`` share."""
    x, y, x_test, y_test = rows.split(codes, factors, "boosted trees")
    trees = [boosted_trees(x, labels, rng, boosting) for labels in y.T]
    right = [(each.predict(x_test) == labels).mean() for each, labels in zip(trees, y_test.T, strict=True)]
    return Fitted(np.column_stack([each.importance for each in trees]), np.array(right))


def disentanglement(importance: np.ndarray) -> float:
    """1 - entropy of each latent's importances [d, k] over factors, base k; mean weighted by the latents' shares."""
    return _concentration(importance)


def completeness(importance: np.ndarray) -> float:
    """1 - entropy of each factor's importances [d, k] over latents, base d; mean weighted by the factors' shares."""
    return _concentration(importance.T)


def _concentration(matrix: np.ndarray) -> float:
    if not matrix.any():
        return 0.0
    share = matrix + NOTHING
    share = share / share.sum(axis=1, keepdims=True)
    entropy = -(share * np.log(share)).sum(axis=1) / np.log(matrix.shape[1])
    return float((1 - entropy) @ (matrix.sum(axis=1) / matrix.sum()))


def dci(codes, factors, rng, *, boosting: str = "exact", trees=None) -> dict[str, float]:
    """{"dci_disentanglement", "dci_completeness", "dci_informativeness"} (Eastwood & Williams 2018), each 0 to 1.

    Boosted trees tell each factor from all latents and say how important each latent was to them. Disentanglement: each
    latent is important for one factor only; completeness: each factor needs one latent only; informativeness: mean
    share of test rows told right (the study reports the first). codes float [n, d], factors int [n, k], d and k at
    least 2; fits on the first two thirds of the rows. ``boosting``: see ``trees``. ``trees``: what ``fit_trees`` found,
    if it is known. Raises ValueError for a factor with a single value.
    """
    x, y, _, _ = rows.split(codes, factors, "dci")
    rows.several(x.shape[1], "latents", "dci")
    rows.several(y.shape[1], "factors", "dci")
    trees = fit_trees(codes, factors, rng, boosting) if trees is None else trees
    return {
        "dci_disentanglement": disentanglement(trees.importance),
        "dci_completeness": completeness(trees.importance),
        "dci_informativeness": float(trees.right.mean()),
    }


def accuracies(codes, factors) -> np.ndarray:
    """Share of test rows told right by a linear support vector machine on each latent alone: [d, k]."""
    x, y, x_test, y_test = rows.split(codes, factors, "sap")
    found = [np.unique(labels, return_counts=True) for labels in y.T]
    targets = np.concatenate(
        [labels[:, None] == classes for labels, (classes, _) in zip(y.T, found, strict=True)], axis=1
    )
    weight = np.concatenate([len(x) * SOFT / (len(counts) * counts) for _, counts in found])
    # The library balances the classes of a pair; of more classes it weighs each against rows of weight one.
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
    """{"sap"}: the separated attribute predictability (Kumar et al. 2018), 0 to 1, with the study's classifiers.

    For each factor, how many more test rows the best single latent tells right than the second best; mean over
    factors. codes float [n, d] with d at least 2, factors int [n, k]. Its classifiers are linear on raw codes, so it
    depends on their scale: a factor with many values along one latent is hardly told. Raises ValueError for a single
    latent and for a factor with a single value.
    """
    told = accuracies(codes, factors)
    rows.several(len(told), "latents", "sap")
    second, first = np.sort(told, axis=0)[-2:]
    return {"sap": float(np.mean(first - second))}


def explicitness(codes, factors, rng=None, *, solver: str = "one_vs_rest") -> dict[str, float]:
    """{"explicitness"} (Ridgeway & Mozer 2018), 0.5 (chance) to 1: how well a linear classifier predicts factors.

    Mean over factors, and over the classes of each, of the area under the ROC curve of a logistic regression on
    standardised codes, on the test rows. A constant latent predicts nothing; a class that no test row has, or all have,
    has no curve and is left out. ``solver``: see ``linear.logistic_regression``.
    """
    return {"explicitness": float(np.mean(areas(codes, factors, solver=solver)["explicitness"]))}


def areas(codes, factors, rng=None, *, solver: str = "one_vs_rest") -> dict[str, np.ndarray]:
    """What ``explicitness`` takes the mean of: {"explicitness": float [k]}, one area for each factor."""
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
                f"explicitness: the test rows have one value of factor {factor} (counted from 0), or none of the fit's"
            )
        found.append(np.mean([roc_auc_score(is_class[:, c], chances[:, c]) for c in curves]))
    return {"explicitness": np.array(found)}
