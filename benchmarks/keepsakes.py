"""Compute what needs trained models, while they exist: UDR, the noise of the scores, and a few models for figures.

    python benchmarks/keepsakes.py STUDY [--runs runs]

UDR compares models of several seeds, which may be trained months apart and on other machines: so codes of the same
1,000 images are kept of every model, as float16 and without passive latents (30 KB a model), in benchmarks/codes/STUDY.
The rest is written to dlnb/tables/STUDY; what noise.csv, gap.csv and latents.csv already have is not computed again:

- udr.csv: UDR of the settings with kept codes of several seeds.
- noise.csv: two models of each data set and method (second and fifth strength, seed 0), scored on another sample.
- gap.csv: total correlation of the mean and the sampled code of every model, using only latents whose KL divergence
  exceeds a threshold, for several thresholds.
- latents.csv: KL divergence and standard deviation of every latent of every model.
- models: for each data set one model with weights as float16, and its reconstructions of ten random images. Its method
  is that of Figure 7 of the paper, its strength the one with the third lowest DCI disentanglement of six, its seed 0.
- weights, weights.csv: every setting of one data set, with weights of a byte each (``results.load_model``), 0.6 MB a
  model; --weights '*' writes all that are under runs.
"""

import os

# Before NumPy is imported: beside a training, threads that wait for each other make scores ten times slower.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import argparse
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pandas as pd

from dlnb import data, metrics, results, storage
from dlnb.models import training
from dlnb.models.model import Model
from dlnb.representation import Representation
from dlnb.results import keepsakes, weights
from dlnb.run import worker
from dlnb.study import STUDIES, SWEEPS, Cell, Study

IMAGES = 1_000
SHOWN = 10  # images whose reconstructions are kept
SHARED = "color_dsprites/*/seed=0"  # whose weights are kept: with all methods and strengths, 22 MB
CODES = Path(__file__).parent / "codes"
UDR, NOISE, GAP, LATENTS = "udr.csv", "noise.csv", "gap.csv", "latents.csv"
SCORED_TWICE = 1, 4  # positions of the strengths in their sweep
ABOVE = 0.0, 0.01, 0.03, 0.1, 0.3, 1.0  # nats


def model(study: Study, cell: Cell, runs: Path) -> Model:
    return Model.load(runs / study.name / str(cell) / "model.npz")


def keep_codes(study: Study, runs: Path, home: Path) -> list[Path]:
    """Write codes of the models under ``runs`` that have none in ``home``; the paths."""
    paths, images = [], {}
    for cell in study.cells():
        path = home / study.name / f"{cell}.npz"
        if path.exists() or not (runs / study.name / str(cell) / results.ROW).exists():
            continue
        if cell.data_set not in images:
            images = {cell.data_set: data.load(cell.data_set, study.source, study.size).sample(IMAGES, _rng())}
        codes = training.encode(model(study, cell, runs), images[cell.data_set])
        path.parent.mkdir(parents=True, exist_ok=True)
        slim(codes).save(path)
        paths.append(path)
    return paths


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def slim(codes: Representation) -> Representation:
    """The same codes in a third of the bytes: float16, logvar in steps of 1/8, passive latents equal to the prior.

    UDR needs the order of the means, and of the variances only which latents are active, which must not change.
    """
    mean, logvar = (np.where(codes.active, values, 0) for values in (codes.mean, codes.logvar))
    found = Representation(
        codes.factors.astype(np.int16), mean.astype(np.float16), np.float16(np.round(8 * logvar) / 8)
    )
    return found if np.array_equal(found.active, codes.active) else replace(found, logvar=logvar.astype(np.float16))


def kept_codes(path: Path) -> Representation:
    codes = Representation.load(path)
    return Representation(codes.factors, codes.mean.astype(np.float32), codes.logvar.astype(np.float32))


def udr(study: Study, home: Path) -> pd.DataFrame:
    """One row for each model and kind, of the settings with codes of several seeds in ``home``."""
    settings, rows = {}, []
    for cell in study.cells():
        if (path := home / study.name / f"{cell}.npz").exists():
            settings.setdefault((cell.data_set, cell.method, cell.strength), {})[cell.seed] = kept_codes(path)
    for key, seeds in settings.items():
        if len(seeds) < 2:
            continue
        for kind in ("spearman", "lasso"):
            found = metrics.udr(list(seeds.values()), kind)
            rows += [
                dict(zip(results.KEY, (*key, seed), strict=True)) | {"kind": kind, "seeds": len(seeds), "udr": value}
                for seed, value in zip(seeds, found, strict=True)
            ]
    return pd.DataFrame(rows, columns=[*results.KEY, "kind", "seeds", "udr"])


def noise(study: Study, runs: Path, done: set[tuple]) -> pd.DataFrame:
    """Scores of a few models, except those in ``done``, from the sample of the table and from another one."""
    rows = []
    for cell in study.cells():
        chosen = [SWEEPS[cell.method].strengths[i] for i in SCORED_TWICE]
        path, key = runs / study.name / str(cell) / results.ROW, results.key(cell)
        if cell.strength in chosen and cell.seed == 0 and key not in done and path.exists():
            data_set, first = data.load(cell.data_set, study.source, study.size), results.read_json(path)
            another = data_set.sample(study.sample, training.generator(cell.seed, "sample", 1))
            codes = training.encode(model(study, cell, runs), another)
            again = worker.score(study, codes, training.generator(cell.seed, "scores", 1))
            found = dict(zip(results.KEY, key, strict=True))
            rows += [found | {"score": name, "value": first[name], "again": again[name]} for name in study.columns()]
    return pd.DataFrame(rows)


def gap(study: Study, runs: Path, done: set[tuple]) -> pd.DataFrame:
    """Total correlation of both codes of every model not in ``done``, by the KL divergence that latents must exceed."""
    rows = []
    for cell in study.cells():
        path = runs / study.name / str(cell) / "codes.npz"
        if results.key(cell) in done or not path.exists():
            continue
        codes = Representation.load(path)
        sampled = codes.draw(training.generator(cell.seed, "scores"))  # the same draw as in the table
        for above in ABOVE:
            kept = codes.kl > above
            row = dict(zip(results.KEY, results.key(cell), strict=True)) | {"above": above, "latents": int(kept.sum())}
            for name, values in {"tc_mean": codes.mean, "tc_sampled": sampled}.items():
                row[name] = metrics.SCORES["total_correlation"](np.where(kept, values, 0))["total_correlation"]
            rows.append(row)
    return pd.DataFrame(rows)


def latents(study: Study, runs: Path, done: set[tuple]) -> pd.DataFrame:
    """Mean KL divergence and standard deviation of the mean code of every latent, of models not in ``done``."""
    parts = [pd.DataFrame(columns=[*results.KEY, "latent"])]
    for cell in study.cells():
        path = runs / study.name / str(cell) / "codes.npz"
        if results.key(cell) not in done and path.exists():
            codes = Representation.load(path)
            found = {"latent": range(codes.mean.shape[1]), "kl": codes.kl, "deviation": codes.mean.std(axis=0)}
            parts.append(pd.DataFrame(dict(zip(results.KEY, results.key(cell), strict=True)) | found))
    return pd.concat([part for part in parts if len(part)] or parts)


def joined(path: Path, fresh: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """A table in which new rows replace old ones; written unless it is empty."""
    table = pd.concat([part for part in (old(path), fresh) if len(part)] or [fresh])
    if len(table):
        table = table.drop_duplicates(key, keep="last").sort_values(key)
        storage.write(path, lambda temporary: table.to_csv(temporary, index=False))
    return table


def old(path: Path) -> pd.DataFrame:
    return pd.read_csv(path) if path.exists() else pd.DataFrame(columns=results.KEY)


def keep(study: Study, runs: Path, tables: Path) -> list[Path]:
    """Write the chosen models, if they are under ``runs``, and their reconstructions; the paths."""
    table, paths = results.load(study.name, tables), []
    for data_set, method in keepsakes.FIGURE_7.items():
        some = table[(table.data_set == data_set) & (table.method == method) & (table.seed == 0)]
        if len(some) < len(SWEEPS[method].strengths):
            continue
        strength = some.sort_values("dci_disentanglement").strength.iloc[2]
        cell = next(c for c in study.cells() if results.key(c) == (data_set, method, strength, 0))
        if (runs / study.name / str(cell) / "model.npz").exists():
            path = tables / study.name / "models" / f"{data_set}.npz"
            model(study, cell, runs).save(path, "float16")
            _, images = data.load(data_set, study.source, study.size).sample(SHOWN, np.random.default_rng(0))
            halved = Model.load(path)
            again = training.decode(halved, training.encode(halved, images).mean)
            paths += [path, keepsakes.save(study.name, cell, images, again, tables)]
    return paths


def keep_weights(study: Study, runs: Path, tables: Path, pattern: str) -> pd.DataFrame:
    """Keep the models under ``runs`` whose row is that of the table, unless they are kept; the whole list."""
    table = results.load(study.name, tables).set_index(results.KEY)
    done, found = set(results.keys(results.kept_models(study.name, tables))), {}
    for cell in (each for each in study.cells() if fnmatchcase(str(each), pattern)):
        path, key = runs / study.name / str(cell) / results.ROW, results.key(cell)
        if key in done or key not in table.index or not path.exists():
            continue
        row = results.read_json(path)
        if all(row[name] == table.loc[key, name] for name in ("elbo", "mig", "seconds_training")):
            found[cell] = model(study, cell, runs)
    return weights.keep(study.name, found, tables)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--tables", type=Path, default=results.TABLES)
    parser.add_argument("--codes", type=Path, default=CODES)
    parser.add_argument("--weights", default=SHARED, metavar="PATTERN", help="of the cells whose weights are kept")
    options = parser.parse_args()
    study, home = STUDIES[options.study], options.tables / options.study
    print(f"{len(keep_codes(study, options.runs, options.codes))} models' codes are new in {options.codes}")
    table = joined(home / UDR, udr(study, options.codes).round(4), [*results.KEY, "kind"])
    print(f"{len(table)} values of UDR in {home / UDR}")
    fresh = noise(study, options.runs, set(results.keys(old(home / NOISE)))).round(6)
    table = joined(home / NOISE, fresh, [*results.KEY, "score"])
    print(f"{len(table)} scores of two samples in {home / NOISE}")
    fresh = gap(study, options.runs, set(results.keys(old(home / GAP)))).round(5)
    table = joined(home / GAP, fresh, [*results.KEY, "above"])
    print(f"{len(table)} rows of total correlations in {home / GAP}")
    fresh = latents(study, options.runs, set(results.keys(old(home / LATENTS)))).round(5)
    table = joined(home / LATENTS, fresh, [*results.KEY, "latent"])
    print(f"{len(table)} latents in {home / LATENTS}")
    kept = keep_weights(study, options.runs, options.tables, options.weights)
    print(f"{len(kept)} models in {home / weights.FOLDER}, {kept.bytes.sum() / 1e6:.1f} MB")
    for path in keep(study, options.runs, options.tables):
        print(f"wrote {path}, {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
