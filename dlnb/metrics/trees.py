"""Gradient-boosted trees, as DCI and the downstream task of the study use them: 100 rounds of depth 3 at rate 0.1.

"scikit-learn" is the study's own estimator, GradientBoostingClassifier(). "exact" runs the same rounds and tries the
same thresholds in compiled code, over ten times faster (``dlnb.metrics.exact``). "lightgbm" was used for the
study *short*: LightGBM grows each tree by squared error on codes put into 255 bins, and its leaves then get the values
that scikit-learn would give them. Its DCI is too low for weakly informative codes, since a bin holds several rows. A
table never mixes them; its column ``boosting`` names the one used (``agreement`` in the tables shows the differences).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, softmax
from sklearn.ensemble import GradientBoostingClassifier

from dlnb import checks
from dlnb.metrics import exact
from dlnb.metrics.exact import FLAT, LEAVES, RATE, ROUNDS

BOOSTING = {name: name for name in ("exact", "lightgbm", "scikit-learn")}
FEW = 5  # rounds per prediction: all trees of many classes exceed a processor's cache
LIGHTGBM = {
    "objective": "none",
    "max_depth": 3,
    "num_leaves": LEAVES,
    "learning_rate": 1.0,
    "min_data_in_leaf": 1,
    "min_sum_hessian_in_leaf": 0,
    "min_data_in_bin": 1,
    "feature_pre_filter": False,
    "force_col_wise": True,
    "deterministic": True,
    "num_threads": 1,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Trees:
    """Boosted trees of one factor: its classes, and the importance of each latent, float [d], 0 to 1, sum 1 or 0."""

    classes: np.ndarray
    importance: np.ndarray
    model: Any = None  # None for a single class

    def predict(self, codes) -> np.ndarray:
        """The most likely class: int [n]."""
        if self.model is None:
            return np.full(len(codes), self.classes[0])
        if isinstance(self.model, GradientBoostingClassifier):
            return self.model.predict(codes)
        if isinstance(self.model, exact.Forest):
            return self._likeliest(self.model.raw(codes))
        options = {"raw_score": True, "num_threads": 1, "num_iteration": FEW}
        starts = range(0, self.model.current_iteration(), FEW)
        raw = sum(self.model.predict(codes, start_iteration=start, **options) for start in starts)
        return self._likeliest(raw)

    def _likeliest(self, raw: np.ndarray) -> np.ndarray:
        two = raw.ndim == 1 or raw.shape[1] == 1
        return self.classes[(raw.ravel() > 0).astype(int) if two else raw.argmax(axis=1)]


def check_boosting(boosting: str, rng) -> str:
    """``boosting`` if it is known; all but "lightgbm" draw from ``rng``, which must be a generator then."""
    if checks.choose(BOOSTING, boosting, "boosting") != "lightgbm":
        checks.generator(rng, "boosted trees")
    return boosting


def boosted_trees(codes, labels, rng: np.random.Generator, boosting: str = "exact") -> Trees:
    """Fit trees that predict labels int [n] from codes [n, d]; ``boosting`` is "exact", "lightgbm" or "scikit-learn".

    Among latents that split equally well, "exact" and "scikit-learn" choose one at random, by ``rng``, so that copies
    of a latent share its importance; LightGBM chooses the first. Labels of a single class need no trees.
    """
    name = check_boosting(boosting, rng)
    codes, labels = checks.codes(codes), checks.array(labels, "labels", "[n]", 1)
    if len(labels) != len(codes):
        raise ValueError(f"labels must be [n] with the {len(codes)} rows of codes, not {len(labels)}")
    classes, targets = np.unique(labels, return_inverse=True)
    if len(classes) == 1:
        return Trees(classes, np.zeros(codes.shape[1]))
    if name == "exact":
        model = exact.fit(codes, targets, len(classes), rng)
        return Trees(classes, _shares(model.gain), model)
    if name == "scikit-learn":
        model = GradientBoostingClassifier(random_state=int(rng.integers(2**31))).fit(codes, labels)
        return Trees(classes, np.abs(model.feature_importances_), model)
    # LightGBM rejects latents that are all zero, and takes what is below 1e-35 for zero.
    still = (np.ptp(codes, axis=0) == 0) | (np.abs(codes).max(axis=0) < 1e-34)
    codes = np.where(still, 1.0, np.asarray(codes, np.float64))
    model = _boosted(codes, targets, len(classes))
    return Trees(classes, _shares(model.feature_importance("gain")), model)


def _shares(gain: np.ndarray) -> np.ndarray:
    return gain / gain.sum() if gain.any() else gain


def _boosted(codes: np.ndarray, targets: np.ndarray, count: int):
    """Boost on targets int [n], 0 to count - 1. Each round has one tree per class, or one for two classes."""
    import lightgbm  # here, since it needs the system library libgomp, which no other score does

    share, trees = np.bincount(targets) / len(targets), count if count > 2 else 1
    start = np.log(share) if count > 2 else np.log(share[1:] / share[:1])
    told = np.eye(count)[targets][:, -trees:]  # [n, trees]
    raw = np.tile(start, (len(targets), 1))
    options = LIGHTGBM | {"num_class": trees}
    model = lightgbm.Booster(options, lightgbm.Dataset(codes, targets, params=options))
    for number in range(ROUNDS):
        chance = softmax(raw, axis=1) if count > 2 else expit(raw)
        residual = told - chance
        # With second derivatives of 1, the gain of a split is its reduction of the squared error.
        derivatives = [each.reshape(-1, *[trees] * (trees > 1)) for each in (-residual, np.ones_like(residual))]
        if model.update(fobj=lambda *_, given=derivatives: given) and number:
            break  # nothing is left to split; the first trees are kept, since they predict the class frequencies
        leaf = model.predict(codes, pred_leaf=True, start_iteration=number, num_iteration=1, num_threads=1)
        place = leaf.reshape(raw.shape).astype(int) + LEAVES * np.arange(trees)
        total, curvature = (_summed(each, place, LEAVES * trees) for each in (residual, chance * (1 - chance)))
        step = RATE * np.where(curvature < FLAT, 0, total / np.maximum(curvature, FLAT))
        step *= (count - 1) / count if count > 2 else 1
        raw += step[place]
        for at in np.flatnonzero(np.bincount(place.ravel())):
            tree, which = divmod(int(at), LEAVES)
            model.set_leaf_output(number * trees + tree, which, step[at] + (start[tree] if number == 0 else 0))
    return model


def _summed(values: np.ndarray, places: np.ndarray, count: int) -> np.ndarray:
    return np.bincount(places.ravel(), values.ravel(), count)
