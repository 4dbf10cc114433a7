"""Do fast scores agree with the study's own estimators? Both, on trained models of the study "scores".

    python -m dlnb.run scores
    python benchmarks/agreement.py [--workers N]

Two comparisons: boosted trees by LightGBM and by scikit-learn, for DCI and the downstream task, on 4,500 rows of the
study's sample; and BetaVAE and FactorVAE scores by interventions in the sample and from images that are drawn and
encoded for the score, as in the paper, with the same number of points in both, fewer than in the paper. Scikit-learn
and new images take minutes per model: results are stored in runs/, so that the script can be stopped and resumed, and
--table writes those that exist. Writes dlnb/tables/agreement.csv, one row for each model and score with the fast and
the exact value, and keeps its rows of models that are not under runs/, since both values are of the same model.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config

from dlnb import metrics, results, storage
from dlnb.analysis import stats
from dlnb.metrics.predictors import fit_trees
from dlnb.representation import Representation
from dlnb.study import STUDIES, Cell

STUDY = STUDIES["scores"]
TABLE = results.TABLES / "agreement.csv"
TREES = ("dci_disentanglement", "dci_completeness", "dci_informativeness", "gbt_10", "gbt_100", "gbt_1000")
ROWS, SIZES = 4_500, (10, 100, 1_000)  # for the comparison of trees
INTERVENTIONS = ("beta_vae_score", "factor_vae_score")
POINTS = 2_000, 2_000  # to fit and to test; 768,000 new images per model
FILES = {
    "lightgbm": "lightgbm.json",
    "scikit-learn": "scikit-learn.json",
    "sample": "sample.json",
    "fresh": "fresh.json",
}


def trees(codes: Representation, boosting: str) -> dict:
    """The scores that use boosted trees."""
    rng, arguments = np.random.default_rng(0), (codes.mean[:ROWS], codes.factors[:ROWS])
    grown = fit_trees(*arguments, rng, boosting)
    found = metrics.SCORES["dci"](*arguments, rng, trees=grown)
    return found | metrics.SCORES["downstream"](*arguments, rng, boosting=boosting, sizes=SIZES)


def sample(codes: Representation) -> dict:
    """Scores by interventions in the sample."""
    return metrics.score(codes.mean, codes.factors, np.random.default_rng(1), INTERVENTIONS, points=POINTS)


def fresh(cell: Cell, folder: Path) -> dict:
    """Scores from new images, encoded by the model."""
    from dlnb import data
    from dlnb.metrics.interventions import beta_vae_score_of_encoder, factor_vae_score_of_encoder
    from dlnb.models import training
    from dlnb.models.model import Model

    data_set = data.load(cell.data_set, STUDY.source, STUDY.size)
    model = Model.load(folder / "model.npz", data_set, latents=STUDY.latents)

    def encode(images):
        return training.encode(model, images, batch=1024).mean

    rng = np.random.default_rng(2)
    found = beta_vae_score_of_encoder(data_set, encode, rng, points=POINTS)
    return found | factor_vae_score_of_encoder(data_set, encode, rng, points=POINTS)


def keep(path: Path, make) -> None:
    """Write the result of ``make`` to a file, unless the file exists."""
    if not path.exists():
        content = make()
        storage.write(path, lambda temporary: temporary.write_text(json.dumps(content)))


def measure(cell: Cell, runs: Path) -> None:
    """Store both values of every score of one model."""
    folder = runs / STUDY.name / str(cell)
    codes = Representation.load(folder / "codes.npz")
    keep(folder / FILES["lightgbm"], lambda: trees(codes, "lightgbm"))
    keep(folder / FILES["sample"], lambda: sample(codes))
    keep(folder / FILES["fresh"], lambda: fresh(cell, folder))
    keep(folder / FILES["scikit-learn"], lambda: trees(codes, "scikit-learn"))


def collect(runs: Path) -> pd.DataFrame:
    """One row for each model and score with both values stored, and the other rows of the table."""
    columns, rows = ["data_set", "method", "strength", "score"], []
    for cell in STUDY.cells():
        folder = runs / STUDY.name / str(cell)
        for fast, exact, names in (("lightgbm", "scikit-learn", TREES), ("sample", "fresh", INTERVENTIONS)):
            if all((folder / FILES[kind]).exists() for kind in (fast, exact)):
                a, b = (json.loads((folder / FILES[kind]).read_text()) for kind in (fast, exact))
                key = {"data_set": cell.data_set, "method": cell.method, "strength": cell.strength}
                rows += [key | {"score": name, "fast": round(a[name], 5), "exact": round(b[name], 5)} for name in names]
    table = pd.concat([pd.read_csv(TABLE), pd.DataFrame(rows)]).drop_duplicates(columns, keep="last")
    order = {(cell.data_set, cell.method, cell.strength): i for i, cell in enumerate(STUDY.cells())}
    places = [order[key] for key in table[columns[:3]].itertuples(index=False, name=None)]
    return table.assign(place=places).sort_values("place", kind="stable").drop(columns="place")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--table", action="store_true", help="measure nothing; write the table")
    options = parser.parse_args()
    if not options.table:
        with parallel_config(backend="loky", n_jobs=options.workers, inner_max_num_threads=1):
            Parallel()(delayed(measure)(cell, options.runs) for cell in STUDY.cells())
    table = collect(options.runs)
    table.to_csv(TABLE, index=False)
    print(stats.apart(table, "fast", "exact", "score").round(3).to_string())


if __name__ == "__main__":
    main()
