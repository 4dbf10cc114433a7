"""From how many updates on does the order of settings stop changing? The protocol of the study "short" is chosen by it.

    python benchmarks/calibration.py [--workers N] [--only 'dsprites/*/weight=4/*']

Trains some settings at 32 x 32 and scores them on the way, at several numbers of updates. A 32 x 32 image has a quarter
of the pixels of the paper's, and the sum over them a quarter of the weight, so that the reconstruction is taken times
four, and on dSprites also as it is. AnnealedVAE, whose capacity grows with the updates, is trained anew for each
number, and for 2,000 updates with smaller values of its constant gamma too. What is done is kept under --runs, so that
the script can be stopped and started again; --table writes what there is to dlnb/tables/calibration.csv, whose settings
are not measured again.
"""

import argparse
import json
import os
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config

from dlnb import engines, metrics, results, storage
from dlnb.study import SWEEPS

TABLE = results.TABLES / "calibration.csv"
BUDGETS = 500, 1_000, 1_500, 2_000, 3_000, 4_000
GROWING = 1_000, 2_000, 4_000  # budgets of AnnealedVAE
SMALLER = (2_000,)  # and with another gamma
GAMMA = 1_000  # AnnealedVAE's, in the paper
BOTH = ((1, GAMMA), (4, GAMMA))
SETTINGS = {  # data set, method: positions in the sweep; weights of the reconstruction and gammas of AnnealedVAE
    ("dsprites", "beta_vae"): ((0, 2, 4, 5), BOTH),
    ("dsprites", "annealed_vae"): ((0, 2, 5), (*BOTH, (4, 100), (4, 30), (4, 10))),
    ("dsprites", "factor_vae"): ((0, 2, 5), BOTH[1:]),
    ("shapes3d", "beta_vae"): ((0, 2, 4, 5), BOTH[1:]),
    ("shapes3d", "factor_vae"): ((0, 2, 5), BOTH[1:]),
}
SAMPLE, BATCHES = 7_500, 50
SCORES = "factor_vae_score", "mig", "dci", "total_correlation"
KEPT = "factor_vae_score", "mig", "dci_disentanglement", "total_correlation"
KEY = ["data_set", "method", "strength", "weight", "gamma"]
OPTIONS = {"seed": 0, "learning_rate": 1e-3, "critic_width": 256, "critic_learning_rate": 1e-3}


def measure(data_set: str, method: str, strength: float, weight: float, gamma: float, runs: Path) -> None:
    """Leave a file of rows, one for each number of updates."""
    path = runs / "calibration" / f"{data_set}-{method}-{strength:g}-{weight:g}-{gamma:g}.json"
    if path.exists():
        return
    from dlnb import data, training
    from dlnb.methods import METHODS, rescaled

    growing = method == "annealed_vae"
    budgets = BUDGETS if not growing else GROWING if gamma == GAMMA else SMALLER
    engines.prepare()
    path.parent.mkdir(parents=True, exist_ok=True)
    images, rows = data.load(data_set, size=32), []
    for updates in budgets:
        constants = {"gamma": gamma} if growing else {}
        made = rescaled(METHODS[method](**{SWEEPS[method].hyperparameter: strength}, **constants), updates)
        state = path.with_suffix(f".{updates if growing else 'all'}.npz")
        options = OPTIONS | {"steps": updates, "reconstruction_weight": weight, "checkpoint": state}
        model = training.train(images, made, **options)
        found = training.evaluate(model, images, np.random.default_rng(1), BATCHES)
        codes = training.encode(model, images.sample(SAMPLE, np.random.default_rng(2)))
        scores = metrics.score(codes.mean, codes.factors, np.random.default_rng(3), SCORES)
        key = dict(zip(KEY, (data_set, method, strength, weight, gamma), strict=True)) | {"updates": updates}
        found |= {"active": int(codes.active.sum())} | {name: scores[name] for name in KEPT}
        rows.append(key | found | {"seconds": model.about["seconds"]})
    storage.write(path, lambda temporary: temporary.write_text(json.dumps(rows)))
    for state in path.parent.glob(f"{path.stem}.*.npz"):
        state.unlink()


def cells(pattern: str) -> list[tuple]:
    found, done = [], set(old()[KEY].itertuples(index=False, name=None)) if len(old()) else set()
    for (data_set, method), (positions, variants) in SETTINGS.items():
        strengths = [SWEEPS[method].strengths[i] for i in positions]
        for weight, gamma in variants:
            if fnmatch(f"{data_set}/{method}/weight={weight:g}/gamma={gamma:g}", pattern):
                found += [(data_set, method, strength, weight, gamma) for strength in strengths]
    return [cell for cell in found if cell not in done]


def old() -> pd.DataFrame:
    return pd.read_csv(TABLE) if TABLE.exists() else pd.DataFrame()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--only", default="*", help="settings such as 'dsprites/*/weight=4/*'")
    parser.add_argument("--table", action="store_true", help="measure nothing more; write the table")
    options = parser.parse_args()
    if not options.table:
        with parallel_config(backend="loky", n_jobs=options.workers, inner_max_num_threads=1):
            Parallel(batch_size=1)(delayed(measure)(*cell, options.runs) for cell in cells(options.only))
    paths = sorted((options.runs / "calibration").glob("*.json"))
    table = pd.concat([old(), pd.DataFrame([row for path in paths for row in json.loads(path.read_text())])])
    table = table.drop_duplicates([*KEY, "updates"], keep="last")
    table = table.sort_values(["data_set", "method", "weight", "gamma", "strength", "updates"]).round(5)
    storage.write(TABLE, lambda temporary: table.to_csv(temporary, index=False))
    print(table.drop(columns=["elbo"]).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
