"""Is it settled early, and by the seed, what a latent tells? Kept codes of *short* and *desk* beside each other.

    python benchmarks/length.py [--runs runs]

Codes of 1,000 images of the models of *short* under ``runs`` are added to those that are kept (see ``keepsakes.py``).
All comparisons are absolute rank correlations of the latents of two models; numbers are those of the latents.

- dlnb/tables/latents_kept.csv: *short* beside *desk*, same setting, the same seed and others: every pair of latents.
- dlnb/tables/latents_shared.csv: any two settings of *desk* with one seed of a data set: means over pairs of latents
  that are active in both models, of the same number and of different numbers.
"""

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))  # beside a training

import argparse
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas as pd
from keepsakes import CODES, keep_codes

from dlnb import analysis, results, storage
from dlnb.representation import Representation
from dlnb.study import STUDIES, Cell

KEPT, SHARED = results.TABLES / "latents_kept.csv", results.TABLES / "latents_shared.csv"
SETTING = ["method", "strength"]


def compared(early: Representation, late: Representation) -> pd.DataFrame:
    """Columns early and late (numbers of latents), correlation, and whether both are active."""
    width = early.mean.shape[1]
    ranks = np.abs(analysis.spearman(np.hstack([early.mean, late.mean]).astype(float))[:width, width:])
    active = early.active[:, None] & late.active
    numbers = np.indices(ranks.shape).reshape(2, -1)
    columns = {"early": numbers[0], "late": numbers[1], "correlation": ranks.ravel(), "active": active.ravel()}
    return pd.DataFrame(columns)


def kept(early: dict[Cell, Representation], late: dict[Cell, Representation]) -> pd.DataFrame:
    """Every pair of latents of an early and a late model of one setting."""
    found = {}
    for one, other in product(early, late):
        if (one.data_set, one.method, one.strength) == (other.data_set, other.method, other.strength):
            if (early[one].factors != late[other].factors).any():
                raise ValueError(f"kept codes of {one} in short and in desk are of other images: keep them anew")
            key = one.data_set, one.method, one.strength, one.seed, other.seed
            found[key] = compared(early[one], late[other])
    names = ["data_set", *SETTING, "seed_early", "seed_late"]
    return pd.concat(found, names=names).reset_index(level=names)


def shared(late: dict[Cell, Representation]) -> pd.DataFrame:
    """Columns same and different for any two settings with one seed of a data set."""
    rows = []
    for one, other in combinations(late, 2):
        if (one.data_set, one.seed) != (other.data_set, other.seed):
            continue
        pairs = compared(late[one], late[other]).query("active")
        means = pairs.groupby(pairs.early == pairs.late).correlation.mean()
        settings = [one.method, one.strength, other.method, other.strength]
        rows.append((one.data_set, one.seed, *settings, means.get(True), means.get(False)))
    names = ["data_set", "seed", *SETTING, "other_method", "other_strength", "same", "different"]
    return pd.DataFrame(rows, columns=names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    options = parser.parse_args()
    keep_codes(STUDIES["short"], options.runs, CODES)
    paths = {name: {c: CODES / name / f"{c}.npz" for c in STUDIES[name].cells()} for name in ("short", "desk")}
    early, late = ({c: Representation.load(p) for c, p in each.items() if p.exists()} for each in paths.values())
    for path, table in {KEPT: kept(early, late), SHARED: shared(late)}.items():
        storage.write(path, lambda temporary, table=table: table.round(3).to_csv(temporary, index=False))
        print(f"{path}: {len(table)} rows")


if __name__ == "__main__":
    main()
