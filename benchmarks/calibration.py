"""After how many updates does the order of settings stop changing? The basis of the studies "short" and "desk".

    python benchmarks/calibration.py [--workers N] [--only 'dsprites/*/weight=4/*'] [--train | --score | --table]

Trains some settings at 32 x 32, keeps the model at several numbers of updates, and scores the models kept. An image has
a quarter of the pixels of the paper's, and the sum over them a quarter of the weight, so the reconstruction is
multiplied by 4, and in the first trials on dSprites also by 1. The first trials have up to 4,000 updates. The pilot of
"desk" has up to 30,000, at whose learning rate of 1e-3 the weights can move as far as in the paper's 300,000 at 1e-4.
AnnealedVAE, whose capacity grows with the updates, is trained separately for each number. FactorVAE has a narrow critic
with a high learning rate, and in the pilot also the paper's.

Results are stored under --runs, so that the script can be stopped and resumed; --train postpones the scores, --table
writes the existing results to dlnb/tables/calibration.csv, whose settings are not measured again.
"""

import argparse
import json
import os
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config

from dlnb import metrics, results, storage
from dlnb.run import engines
from dlnb.study import SWEEPS

TABLE = results.TABLES / "calibration.csv"
FIRST, PILOT = (500, 1_000, 1_500, 2_000, 3_000, 4_000), (2_000, 5_000, 10_000, 20_000, 30_000)
GAMMA = 1_000  # AnnealedVAE's, in the paper
FAST, PAPER = (256, 1e-3), (1_000, 1e-4)  # width and learning rate of FactorVAE's critic
BATCHES = 100
FIRST_STRENGTHS = {"beta_vae": (0, 2, 4, 5), "factor_vae": (0, 2, 5), "annealed_vae": (0, 2, 5)}
SCORES = (
    *("factor_vae_score", "mig", "dci", "sap"),
    *("total_correlation", "average_mutual_information"),
)
KEY = ["data_set", "method", "strength", "weight", "gamma", "critic_width", "sample"]


@dataclass(frozen=True)
class Setting:
    """A model to train and keep at several numbers of updates."""

    data_set: str
    method: str
    strength: float
    weight: float = 4
    gamma: float = GAMMA  # of AnnealedVAE
    critic: tuple[int, float] = FAST
    budgets: tuple[int, ...] = PILOT
    sample: int = 15_000  # number of images for the scores

    @property
    def key(self) -> tuple:
        return self.data_set, self.method, self.strength, self.weight, self.gamma, self.critic[0], self.sample

    def __str__(self):
        parts = f"weight={self.weight:g}", f"gamma={self.gamma:g}", f"critic={self.critic[0]}", f"sample={self.sample}"
        return "/".join([self.data_set, self.method, f"strength={self.strength:g}", *parts])


def strengths(method: str, *positions: int) -> list[float]:
    return [SWEEPS[method].strengths[i] for i in positions]


def settings() -> list[Setting]:
    """The first trials, then the pilot, its most informative models first."""
    betas, gammas, capacities = (strengths(method, *places) for method, places in FIRST_STRENGTHS.items())
    found = [Setting("dsprites", "beta_vae", s, weight, budgets=FIRST) for weight in (1, 4) for s in betas]
    growing = {(1, GAMMA): (1_000, 2_000, 4_000), (4, GAMMA): (1_000, 2_000, 4_000)}
    growing |= dict.fromkeys([(4, 100), (4, 30), (4, 10)], (2_000,))
    for (weight, gamma), budgets in growing.items():
        found += [Setting("dsprites", "annealed_vae", s, weight, gamma, budgets=budgets) for s in capacities]
    found += [Setting("dsprites", "factor_vae", s, budgets=FIRST) for s in gammas]
    found += [Setting("shapes3d", "beta_vae", s, budgets=FIRST) for s in betas]
    found += [Setting("shapes3d", "factor_vae", s, budgets=FIRST) for s in gammas]
    found = [replace(each, sample=7_500) for each in found]
    sets = "dsprites", "scream_dsprites", "shapes3d"
    for method, strength in (("beta_vae", 1), ("beta_vae", 16), ("beta_vae", 4), ("factor_vae", 30), ("dip_vae_i", 5)):
        found += [Setting(data_set, method, strength) for data_set in sets]
    capacity = ("annealed_vae", 25, 4)
    found += [Setting(data_set, *capacity, budgets=(10_000,)) for data_set in sets[:2]]
    found += [Setting("dsprites", *capacity, 30, budgets=(10_000, 30_000))]
    found += [Setting(data_set, "factor_vae", 30, critic=PAPER) for data_set in sets]
    return found


def train(setting: Setting, runs: Path) -> None:
    """Train, and save the model at each number of updates."""
    from dlnb import data
    from dlnb.models import training
    from dlnb.models.methods import METHODS, rescaled

    engines.prepare()
    folder, growing = runs / "calibration" / str(setting), setting.method == "annealed_vae"
    images = data.load(setting.data_set, size=32)
    for updates in setting.budgets:
        if (folder / f"{updates}.npz").exists():
            continue
        constants = {"gamma": setting.gamma} if growing else {}
        strength = {SWEEPS[setting.method].hyperparameter: setting.strength}
        model = training.train(
            images,
            rescaled(METHODS[setting.method](**strength, **constants), updates),
            steps=updates,
            seed=0,
            learning_rate=1e-3,
            critic_width=setting.critic[0],
            critic_learning_rate=setting.critic[1],
            reconstruction_weight=setting.weight,
            checkpoint=folder / (f"state.{updates}.npz" if growing else "state.npz"),
            name=str(setting),
        )
        model.save(folder / f"{updates}.npz")


def score(setting: Setting, runs: Path) -> None:
    """Write a row for each saved model."""
    from dlnb import data
    from dlnb.models import training
    from dlnb.models.model import Model

    engines.prepare()
    folder, images = runs / "calibration" / str(setting), data.load(setting.data_set, size=32)
    for updates in setting.budgets:
        path, row = folder / f"{updates}.npz", folder / f"{updates}.json"
        if row.exists() or not path.exists():
            continue
        model, rng = Model.load(path), np.random.default_rng
        found = training.evaluate(model, images, rng(1), BATCHES)
        codes = training.encode(model, images.sample(setting.sample, rng(2)))
        found |= {"active": int(codes.active.sum())} | metrics.score(codes.mean, codes.factors, rng(3), SCORES)
        sampled = metrics.score(codes.draw(rng(4)), codes.factors, rng(3), SCORES[-2:])
        found |= {f"{name}_sampled": value for name, value in sampled.items()}
        made = dict(zip(KEY, setting.key, strict=True)) | {"updates": updates, "boosting": "exact"}
        made |= found | {"seconds": model.about["seconds"]}
        storage.write(row, lambda temporary, made=made: temporary.write_text(json.dumps(made)))


def old() -> pd.DataFrame:
    return pd.read_csv(TABLE) if TABLE.exists() else pd.DataFrame(columns=[*KEY, "updates"])


def missing(setting: Setting, table: pd.DataFrame) -> bool:
    """Whether the table lacks a number of updates of the setting."""
    rows = table[(table[KEY] == list(setting.key)).all(axis=1)]
    return bool(set(setting.budgets) - set(rows.updates))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--only", default="*", help="settings such as 'dsprites/*/weight=4/*'")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--train", action="store_true", help="train only; score nothing")
    instead.add_argument("--score", action="store_true", help="train nothing; score the saved models")
    instead.add_argument("--table", action="store_true", help="measure nothing; write the table")
    options = parser.parse_args()
    table = old()
    todo = [each for each in settings() if fnmatch(str(each), options.only) and missing(each, table)]
    with parallel_config(backend="loky", n_jobs=options.workers, inner_max_num_threads=1):
        if not (options.score or options.table):
            Parallel(batch_size=1)(delayed(train)(setting, options.runs) for setting in todo)
        if not (options.train or options.table):
            Parallel(batch_size=1)(delayed(score)(setting, options.runs) for setting in todo)
    paths = sorted((options.runs / "calibration").rglob("*.json"))
    table = pd.concat([table, pd.DataFrame([json.loads(path.read_text()) for path in paths])])
    table = table.drop_duplicates([*KEY, "updates"], keep="last")
    order = ["data_set", "method", "weight", "gamma", "critic_width", "strength", "sample", "updates"]
    table = table.sort_values(order).round(5)
    storage.write(TABLE, lambda temporary: table.to_csv(temporary, index=False))
    print(table.drop(columns=["elbo"]).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
