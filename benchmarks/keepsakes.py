"""What must be had of trained models while they are there: UDR, and a few of them for figures.

    python benchmarks/keepsakes.py STUDY [--runs runs]

UDR compares what models of one data set, method and strength say of the same 1,000 images, so that it needs them at
once: each setting of which several seeds are under runs/ has rows in dlnb/tables/STUDY/udr.csv. And for each data set
one model, with weights as float16, goes to dlnb/tables/STUDY/models, beside what it makes of ten random images: of the
method that Figure 7 of the paper shows for that data set, the strength whose DCI disentanglement is the third of six,
seed 0.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from dlnb import data, kept, metrics, results, storage, training
from dlnb.models import Model
from dlnb.study import STUDIES, SWEEPS, Cell, Study

IMAGES = 1_000
SHOWN = 10  # images whose reconstructions are kept
UDR = "udr.csv"


def model(study: Study, cell: Cell, runs: Path) -> Model:
    return Model.load(runs / study.name / str(cell) / "model.npz")


def udr(study: Study, runs: Path) -> pd.DataFrame:
    """One row a model and kind of the settings of which several seeds are under ``runs``."""
    there = [cell for cell in study.cells() if (runs / study.name / str(cell) / results.ROW).exists()]
    settings, rows, images = {}, [], {}
    for cell in there:
        settings.setdefault((cell.data_set, cell.method, cell.strength), []).append(cell)
    for key, cells in settings.items():
        if len(cells) < 2:
            continue
        if key[0] not in images:
            data_set = data.load(key[0], study.source, study.size)
            images = {key[0]: data_set.sample(IMAGES, np.random.default_rng(0))}
        codes = [training.encode(model(study, cell, runs), images[key[0]]) for cell in cells]
        for kind in ("spearman", "lasso"):
            found = metrics.udr(codes, kind)
            rows += [
                {
                    **dict(zip(results.KEY, (*key, cell.seed), strict=True)),
                    "kind": kind,
                    "seeds": len(cells),
                    "udr": value,
                }
                for cell, value in zip(cells, found, strict=True)
            ]
    return pd.DataFrame(rows)


def keep(study: Study, runs: Path, tables: Path) -> list[Path]:
    """Copies of the chosen models that are under ``runs``, and their reconstructions."""
    table, paths = results.load(study.name, tables), []
    for data_set, method in kept.FIGURE_7.items():
        some = table[(table.data_set == data_set) & (table.method == method) & (table.seed == 0)]
        if len(some) < len(SWEEPS[method].strengths):
            continue
        strength = some.sort_values("dci_disentanglement").strength.iloc[2]
        cell = next(c for c in study.cells() if results.key(c) == (data_set, method, strength, 0))
        if (runs / study.name / str(cell) / "model.npz").exists():
            path = tables / study.name / "models" / f"{data_set}.npz"
            model(study, cell, runs).save(path, half=True)
            _, images = data.load(data_set, study.source, study.size).sample(SHOWN, np.random.default_rng(0))
            halved = Model.load(path)
            again = training.decode(halved, training.encode(halved, images).mean)
            paths += [path, kept.save(study.name, cell, images, again, tables)]
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--tables", type=Path, default=results.TABLES)
    options = parser.parse_args()
    study, path = STUDIES[options.study], options.tables / options.study / UDR
    fresh = udr(study, options.runs).round(4)
    old = pd.read_csv(path) if path.exists() else pd.DataFrame()
    table = pd.concat([part for part in (old, fresh) if len(part)] or [fresh])
    if len(table):
        table = table.drop_duplicates([*results.KEY, "kind"], keep="last")
        table = table.sort_values([*results.KEY, "kind"])
        storage.write(path, lambda temporary: table.to_csv(temporary, index=False))
    print(f"{len(fresh)} values of UDR, {len(table)} in {path}")
    for path in keep(study, options.runs, options.tables):
        print(f"kept {path}, {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
