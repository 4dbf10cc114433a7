"""Gradient-boosted trees, as DCI and the downstream task of the study use them: 100 rounds of depth 3 at rate 0.1.

"scikit-learn" is the study's own estimator, GradientBoostingClassifier(). "lightgbm" is another way to the same model,
dozens of times faster: it puts codes into 255 bins and chooses splits by their second-order gain, which moves scores a
little. One table never mixes the two (``agreement`` in the tables shows how far they are apart).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier

from dlnb import checks

BOOSTING = {name: name for name in ("lightgbm", "scikit-learn")}
ROUNDS = 100
LIGHTGBM = {  # what scikit-learn's defaults mean there; a leaf may hold a single row
    "max_depth": 3,
    "num_leaves": 8,
    "learning_rate": 0.1,
    "min_data_in_leaf": 1,
    "min_sum_hessian_in_leaf": 1e-9,
    "min_data_in_bin": 1,
    "feature_pre_filter": False,
    "force_col_wise": True,
    "deterministic": True,
    "num_threads": 1,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Trees:
    """Boosted trees of one factor: its classes, and the importance of each latent, 0 to 1, float [d], sum 1 or 0."""

    classes: np.ndarray
    importance: np.ndarray
    model: Any = None  # none for a single class

    def predict(self, codes) -> np.ndarray:
        """The most likely class: int [n]."""
        if self.model is None:
            return np.full(len(codes), self.classes[0])
        if isinstance(self.model, GradientBoostingClassifier):
            return self.model.predict(codes)
        chance = self.model.predict(codes, num_threads=1)
        return self.classes[chance.argmax(axis=1) if chance.ndim > 1 else (chance > 0.5).astype(int)]


def boosted_trees(codes, labels, rng: np.random.Generator, boosting: str = "lightgbm") -> Trees:
    """Fit trees that tell labels int [n] from codes [n, d].

    Of latents that split equally well scikit-learn takes one at random, by ``rng``, and LightGBM the first, so that
    copies of a latent share its importance in the one and get none in the other. Labels of a single class are told
    without trees.
    """
    name = checks.choose(BOOSTING, boosting, "boosting")
    classes, targets = np.unique(labels, return_inverse=True)
    if len(classes) == 1:
        return Trees(classes, np.zeros(codes.shape[1]))
    if name == "scikit-learn":
        rng = checks.generator(rng, "boosted_trees")
        model = GradientBoostingClassifier(random_state=int(rng.integers(2**31))).fit(codes, labels)
        return Trees(classes, np.abs(model.feature_importances_), model)
    import lightgbm  # here, since it needs a library of the system, libgomp, that all other scores do without

    several = {"objective": "multiclass", "num_class": len(classes)} if len(classes) > 2 else {"objective": "binary"}
    data = lightgbm.Dataset(np.asarray(codes, np.float64), targets, params=LIGHTGBM)
    model = lightgbm.train(LIGHTGBM | several, data, ROUNDS)
    gain = model.feature_importance("gain")
    return Trees(classes, gain / gain.sum() if gain.any() else gain, model)
