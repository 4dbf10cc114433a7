"""Linear one-vs-rest classifiers of the study: all classes at once, by Newton's method.

Each is the unique minimum of a convex function, so a faster solver gives the same estimator: logistic regression and
support vector machines with scikit-learn's defaults when the study ran (before version 0.22), for tens of classes,
folds and penalties in the time of one. Weights are [classes, d + 1]; the last column is the intercept.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import KFold

from dlnb import checks

STRENGTHS = np.logspace(-4, 4, 10)  # C of scikit-learn's LogisticRegressionCV(Cs=10)
FOLDS = 5
CONVERGED = 1e-12  # expected gain of another Newton step, in nats per row
STEPS = 100
SOLVERS = {name: name for name in ("one_vs_rest", "multinomial")}
SURE = 40.0  # log odds of the only class, and minus those of an absent one


@dataclass(frozen=True)
class OneVsRest:
    """A fitted classifier, called as scikit-learn's: ``classes_`` [c] and ``weights`` [c, d + 1] of their log odds."""

    classes_: np.ndarray
    weights: np.ndarray

    def decision_function(self, codes) -> np.ndarray:
        """Log odds of each class against the rest: [n, c]."""
        return with_ones(codes) @ self.weights.T

    def predict(self, codes) -> np.ndarray:
        """The class with the highest odds: int [n]."""
        return self.classes_[self.decision_function(codes).argmax(axis=1)]

    def predict_proba(self, codes) -> np.ndarray:
        """Probabilities of the classes, normalised to sum to one: [n, c]."""
        chance = expit(self.decision_function(codes))
        return chance / chance.sum(axis=1, keepdims=True)


def logistic_regression(codes, labels, solver: str = "one_vs_rest"):
    """scikit-learn's LogisticRegression() of labels int [n] on codes [n, d], with its old or new default solver.

    "one_vs_rest" is the default up to version 0.21 (liblinear), which also penalises intercepts; "multinomial" is the
    default since 0.22. Returns an object with ``classes_``, ``predict`` and ``predict_proba``.
    """
    solver, codes, labels = _given(codes, labels, solver)
    if solver == "multinomial":
        return LogisticRegression(max_iter=1_000).fit(codes, labels)
    classes = np.unique(labels)
    inputs = with_ones(codes)
    return OneVsRest(classes, logistic(inputs, labels[:, None] == classes, 1.0, np.ones(inputs.shape[1])))


def logistic_regression_cv(codes, labels, solver: str = "one_vs_rest"):
    """scikit-learn's LogisticRegressionCV(Cs=10, cv=KFold(5)), as above; neither solver penalises intercepts.

    "one_vs_rest" chooses a penalty for each class by the accuracy of its binary classifier, as version 0.20 did;
    "multinomial" chooses one for all classes, and raises ValueError if the installed scikit-learn cannot handle folds
    that lack a class. A single class is always predicted.
    """
    solver, codes, labels = _given(codes, labels, solver)
    if len(codes) < FOLDS:
        raise ValueError(f"cross-validation has {FOLDS} folds, so {len(codes)} rows are too few")
    classes, inputs = np.unique(labels), with_ones(codes)
    if solver == "multinomial" and len(classes) > 1:
        with warnings.catch_warnings():  # about arguments renamed in scikit-learn 1.8
            warnings.simplefilter("ignore", FutureWarning)
            model = LogisticRegressionCV(Cs=STRENGTHS, cv=KFold(FOLDS), scoring="accuracy", max_iter=1_000)
            return model.fit(codes, labels)
    targets, penalty = labels[:, None] == classes, np.append(np.ones(inputs.shape[1] - 1), 0.0)
    right = np.zeros((len(STRENGTHS), len(classes)))
    for fit, test in KFold(FOLDS).split(inputs):
        x, y, weights = inputs[fit], targets[fit], None
        pairs = products(x)
        for i, strength in enumerate(STRENGTHS):
            weights = logistic(x, y, strength, penalty, start=weights, pairs=pairs)
            right[i] += ((inputs[test] @ weights.T > 0) == targets[test]).mean(axis=0)
    best = STRENGTHS[right.argmax(axis=0)]
    return OneVsRest(classes, logistic(inputs, targets, best, penalty))


def _given(codes, labels, solver: str) -> tuple[str, np.ndarray, np.ndarray]:
    solver = checks.choose(SOLVERS, solver, "solver")
    codes, labels = checks.codes(codes), checks.array(labels, "labels", "[n]", 1)
    if len(labels) != len(codes):
        raise ValueError(f"labels must be [n] with the {len(codes)} rows of codes, not {len(labels)}")
    return solver, codes, labels


def with_ones(codes: np.ndarray) -> np.ndarray:
    """Codes [n, d] with a column of ones appended: float64 [n, d + 1]."""
    return np.column_stack([codes, np.ones(len(codes))]).astype(np.float64)


def products(inputs: np.ndarray) -> np.ndarray:
    """Products of all pairs of columns of inputs [n, p]: [n, p (p + 1) / 2]."""
    row, column = np.triu_indices(inputs.shape[1])
    return inputs[:, row] * inputs[:, column]


def logistic(inputs, targets, strength, penalty, *, start=None, pairs=None) -> np.ndarray:
    """Weights [m, p] that minimise penalty · w² / 2 + strength · (sum over rows of log(1 + exp(-y inputs · w))).

    inputs [n, p]; targets bool [n, m], y = 1 where true and -1 elsewhere, for m problems that share their inputs;
    strength a number or [m]; penalty [p]. A ``start`` [m, p] near the solution saves steps; ``pairs``: the
    ``products`` of inputs, if already computed. A problem whose targets are all equal, whose minimum may lie at
    infinity, gets weights 0 and an intercept of SURE or -SURE.
    """
    (n, p), count = inputs.shape, targets.shape[1]
    prior = penalty / np.broadcast_to(np.asarray(strength, float), count)[:, None]
    ridge = np.diag(np.where(penalty > 0, 0.0, 1e-9 * n))  # at probabilities 0 and 1 a free intercept has no curvature
    (row, column), diagonal = np.triu_indices(p), np.arange(p)
    pairs, reached = products(inputs) if pairs is None else pairs, targets.T.astype(float) @ inputs

    def slope(problems, weights):
        chance = expit(weights @ inputs.T)
        return chance, chance @ inputs - reached[problems] + prior[problems] * weights

    weights = np.zeros((count, p)) if start is None else start.copy()
    same = targets.all(axis=0) | ~targets.any(axis=0)
    weights[same] = 0.0
    weights[same, -1] = np.where(targets[0, same], SURE, -SURE)
    left = np.flatnonzero(~same)
    chance, gradient = slope(left, weights[left])
    for _ in range(STEPS):
        hessian = np.zeros((len(left), p, p))
        chance *= 1 - chance
        hessian[:, row, column] = hessian[:, column, row] = chance @ pairs
        hessian += ridge + prior[left, :, None] * np.eye(p)
        hessian[:, diagonal, diagonal] *= 1 + 1e-10  # for duplicate latents of large scale
        step = -np.linalg.solve(hessian, gradient[..., None])[..., 0]
        gain = -(gradient * step).sum(axis=1)
        going = gain > CONVERGED * n
        if not going.any():
            break
        left, step, gain = left[going], step[going], gain[going]
        # A convex function that decreases at the end of a step, or increases little, has decreased along it.
        scale = np.ones(len(left))
        chance, gradient = slope(left, weights[left] + step)
        while (far := np.flatnonzero((gradient * step).sum(axis=1) > gain / 2)).size and scale.min() > 1e-6:
            scale[far] /= 4
            chance[far], gradient[far] = slope(left[far], weights[left[far]] + scale[far, None] * step[far])
        weights[left] += scale[:, None] * step
    return weights


def support_vectors(code: np.ndarray, targets: np.ndarray, weight: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Weights [m, 2] of m linear support vector machines on one latent [n]: slope and intercept, both penalised.

    Each minimises (slope² + intercept²) / 2 + the sum over rows of c max(0, 1 - y (slope code + intercept))², with
    c = weight [m] and y = 1 where targets bool [n, m] is true, c = rest [m] and y = -1 elsewhere (scikit-learn's
    LinearSVC with its squared hinge). In a sorted code the rows that violate the margin are those on one side of a
    threshold, so cumulative sums give their totals.
    """
    order = np.argsort(code, kind="stable")
    x, y = code[order].astype(np.float64), targets[order]
    powers = np.stack([np.ones_like(x), x, x * x])  # [3, n]
    start = np.zeros((3, 1))
    everything = np.concatenate([start, np.cumsum(powers, axis=1)], axis=1)
    positive = np.zeros((3, len(x) + 1, y.shape[1]))
    for power, total in zip(powers, positive, strict=True):
        np.cumsum(power[:, None] * y, axis=0, out=total[1:])
    problems = np.arange(y.shape[1])

    def below(some, slope, intercept, bound):
        """Sums of powers over the positive and over all rows with slope x + intercept < bound: two arrays [3, some]."""
        with np.errstate(divide="ignore", invalid="ignore"):
            point = (bound - intercept) / slope
        flat = slope == 0
        low = np.where(slope > 0, 0, np.searchsorted(x, point, side="right"))
        high = np.where(slope > 0, np.searchsorted(x, point, side="left"), len(x))
        low, high = np.where(flat, 0, low), np.where(flat, np.where(intercept < bound, len(x), 0), high)
        return positive[:, high, some] - positive[:, low, some], everything[:, high] - everything[:, low]

    def terms(some, w):
        slope, intercept = w.T
        near = weight[some] * below(some, slope, intercept, 1.0)[0]
        inside, all_inside = below(some, -slope, -intercept, 1.0)
        far = rest[some] * (all_inside - inside)
        (n1, x1, s1), (n2, x2, s2) = near, far
        up, down = 1 - intercept, 1 + intercept
        loss = n1 * up**2 - 2 * up * slope * x1 + slope**2 * s1 + n2 * down**2 + 2 * down * slope * x2 + slope**2 * s2
        gradient = np.stack(
            [
                slope + 2 * (slope * (s1 + s2) - up * x1 + down * x2),
                intercept + 2 * (slope * (x1 + x2) - up * n1 + down * n2),
            ]
        )
        hessian = 1 + 2 * (s1 + s2), 2 * (x1 + x2), 1 + 2 * (n1 + n2)
        return (slope**2 + intercept**2) / 2 + loss, gradient, hessian

    weights = np.zeros((y.shape[1], 2))
    left = problems
    loss, gradient, hessian = terms(left, weights)
    for _ in range(STEPS):
        (a, b, d), (g, h) = hessian, gradient
        step = -np.stack([d * g - b * h, a * h - b * g], axis=1) / (a * d - b * b)[:, None]
        gain = -(gradient.T * step).sum(axis=1)
        going = gain > CONVERGED * len(x)
        if not going.any():
            break
        left, loss, step, gain = left[going], loss[going], step[going], gain[going]
        # Full steps have always sufficed so far; the loss is only piecewise quadratic, so this is not proven.
        scale = np.ones(len(left))
        while True:
            new = terms(left, weights[left] + scale[:, None] * step)
            too_far = new[0] > loss - 1e-4 * scale * gain + 1e-12 * (1 + loss)
            if not too_far.any() or scale.min() < 1e-6:
                break
            scale[too_far] /= 2
        weights[left] += scale[:, None] * step
        loss, gradient, hessian = new
    return weights
