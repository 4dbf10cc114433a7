"""Are the fast scores those of the study's own estimators? Both, on the trained models of the study "scores".

    python -m dlnb.run scores
    python benchmarks/agreement.py [--workers N]

Boosted trees of LightGBM beside scikit-learn's, in DCI and in the downstream task, and scores by interventions in the
sample beside those by fresh renderings (the paper's way). Scikit-learn needs minutes a model: what is done is kept in
runs/, so that the script can be stopped and started again. Writes dlnb/tables/agreement.csv.
"""

import json
from pathlib import Path

import numpy as np

from dlnb import storage
from dlnb.metrics.downstream import downstream
from dlnb.metrics.predictors import dci, fit_trees
from dlnb.metrics.trees import BOOSTING
from dlnb.representation import Representation


def scores(codes: Representation, boosting: str) -> dict:
    """What boosted trees have a part in, and the importances behind it."""
    rng = np.random.default_rng(0)
    arguments = (codes.mean, codes.factors, rng)
    trees = fit_trees(*arguments, boosting)
    found = dci(*arguments, trees=trees) | downstream(*arguments, boosting=boosting, trees=trees)
    return found | {"importance": np.column_stack([each.importance for each in trees]).tolist()}


def keep(path: Path, make) -> dict:
    """What the file holds, or else what ``make`` gives, which is then kept."""
    if not path.exists():
        content = make()
        storage.write(path, lambda temporary: temporary.write_text(json.dumps(content)))
    return json.loads(path.read_text())


def model(folder: Path) -> None:
    codes = Representation.load(folder / "codes.npz")
    for boosting in BOOSTING:
        keep(folder / f"{boosting}.json", lambda boosting=boosting: scores(codes, boosting))
