"""One flat table for teaching: a row for each model, the columns a student needs, and what each of them means.

    python -m dlnb.results.flat FOLDER

writes ``models.csv``, which any program reads, and the dictionary of its columns as ``dictionary.csv`` and
``dictionary.md``, into FOLDER. ``COLUMNS`` is the one place that says what the columns are; measured numbers have six
digits.
"""

import argparse
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from dlnb import checks, storage
from dlnb.paper import DATA_SETS, METHODS
from dlnb.results.store import load
from dlnb.results.table import KEY, TABLES
from dlnb.study import SWEEPS

STUDY = "short"
DIGITS = "%.6g"
TEXT, WHOLE, NUMBER = "text", "whole number", "number"
NEVER = "never"


@dataclass(frozen=True)
class Column:
    """A column: what it means, its unit, and the least and the largest value that it can have (None: no bound)."""

    name: str
    meaning: str
    kind: str = NUMBER
    unit: str = ""
    low: float | None = None
    high: float | None = None
    values: tuple = ()  # all that there are, of a text
    missing: str = NEVER  # when a cell is empty


def _share(name: str, meaning: str, **others) -> Column:
    return Column(name, meaning, low=0, high=1, **others)


def _nats(name: str, meaning: str, low: float | None = 0, high: float | None = None) -> Column:
    return Column(name, meaning, unit="nats", low=low, high=high)


COLUMNS = (
    Column("data_set", "the images on which the model was trained", TEXT, values=DATA_SETS),
    Column("method", "the method of the model, which says what its loss adds to that of a VAE", TEXT, values=METHODS),
    Column(
        "hyperparameter",
        "the constant of the method that the study varies",
        TEXT,
        values=tuple(dict.fromkeys(sweep.hyperparameter for sweep in SWEEPS.values())),
    ),
    Column("strength", "the value of that constant, on a scale of the method's own", low=0),
    Column("position", "the place of the strength among those of the method, 1 the smallest", WHOLE, low=1, high=6),
    Column(
        "seed",
        "the run; models of one data set and seed share initial weights, training images and scored images",
        WHOLE,
        low=0,
    ),
    _share("beta_vae_score", "BetaVAE score: can a linear classifier tell from codes which factor was held fixed?"),
    _share("factor_vae_score", "FactorVAE score: the same by a majority vote on the latent that varies least"),
    _share("mig", "mutual information gap: how much more the best latent tells of a factor than the second best"),
    _share("dci_disentanglement", "DCI disentanglement: is each latent important for one factor only?"),
    _share("modularity", "modularity: does each latent carry information about one factor only?"),
    _share(
        "sap",
        "separated attribute predictability: how much better the best latent predicts a factor than the second best",
    ),
    _nats("reconstruction", "reconstruction loss of an image, lower is better"),
    _nats("kl", "KL divergence of the code of an image from the prior"),
    _nats("elbo", "evidence lower bound of an image: minus the sum of the two columns before", low=None, high=0),
    _nats("tc_mean", "total correlation of the mean code: how dependent its latents are, 0 if not at all"),
    _nats("tc_sampled", "total correlation of the sampled code"),
    Column("active", "latents, of 10, with a KL divergence above 0.01 nats", WHOLE, "latents", 0, 10),
    _share("lr_10000", "accuracy of a logistic regression that predicts the factors from the code, 10,000 labels"),
    _share("gbt_10000", "accuracy of boosted trees that do the same"),
    _share(
        "udr",
        "unsupervised disentanglement ranking: how alike the latents of the seeds of a setting are",
        missing="for models whose setting has no other seed to be compared with, trained on a machine of the same kind",
    ),
    Column("seconds_training", "time of the training on one processor core", unit="seconds", low=0),
)
ABOUT = """\
# The columns of models.csv

Each row is a trained model: a variational autoencoder (VAE) that learned a code of {latents} latents from the images
of a data set. There are {models:,} models: {data_sets} data sets, {methods} methods, {strengths} strengths of each
method, {seeds} seeds of each strength. They are the study *{study}* of the book "Unsupervised disentanglement, rerun",
with images of {size} x {size} pixels drawn by its package and {steps:,} updates a model. Scores and accuracies are
those of the mean code; higher is better. An empty cell means that the number is missing; the dictionary says when.
Commas separate the columns, numbers have a decimal point, and the first line names the columns.

CC BY 4.0, the dlnb authors, https://github.com/dlnb/dlnb
"""


def flat(table: pd.DataFrame, udr: pd.DataFrame | None = None) -> pd.DataFrame:
    """The columns COLUMNS of a table of results such as ``results.load`` returns, in its order.

    - ``udr``: a table with KEY, ``kind`` and ``udr`` (udr.csv in tables/README.md); models that it lacks have NaN.

    Raises ValueError if a measured column is not in the table, and for a strength that is not in the method's sweep.
    """
    computed = {"position", "udr"}
    table = checks.table(table, [column.name for column in COLUMNS if column.name not in computed], KEY)
    found = table.assign(position=[_position(*pair) for pair in zip(table.method, table.strength, strict=True)])
    found = found.assign(udr=float("nan"))
    if udr is not None:
        alike = checks.table(udr, [*KEY, "kind", "udr"]).query("kind == 'spearman'")
        found["udr"] = table[KEY].merge(alike, on=KEY, how="left", validate="one_to_one").udr.to_numpy()
    return found[[column.name for column in COLUMNS]].reset_index(drop=True)


def _position(method: str, strength: float) -> int:
    strengths = sorted(checks.choose(SWEEPS, method, "method").strengths)
    if strength not in strengths:
        raise ValueError(f"{method} has the strengths {', '.join(f'{s:g}' for s in strengths)}, not {strength:g}")
    return strengths.index(strength) + 1


def dictionary(models: pd.DataFrame) -> pd.DataFrame:
    """What the columns of ``models``, which ``flat`` returned, mean: a row for each.

    Columns: column, meaning, kind, unit, lowest and highest (possible values; empty if there is no bound), values (of a
    text), missing ("never", or when and for how many models the cell is empty).
    """
    rows = []
    for column in COLUMNS:
        empty = int(models[column.name].isna().sum())
        missing = f"empty {column.missing}: {empty} models" if empty else NEVER
        bounds = ["" if bound is None else f"{bound:g}" for bound in (column.low, column.high)]
        rows.append((column.name, column.meaning, column.kind, column.unit, *bounds, " ".join(column.values), missing))
    names = ["column", "meaning", "kind", "unit", "lowest", "highest", "values", "missing"]
    return pd.DataFrame(rows, columns=names)


def markdown(rows: pd.DataFrame) -> str:
    """The dictionary as a table of Markdown with three columns, so that it fits a page."""
    lines = ["| column | meaning | range |", "|---|---|---|"]
    for row in rows.itertuples():
        values = ": " + ", ".join(f"`{value}`" for value in row.values.split()) if row.values else ""
        missing = "" if row.missing == NEVER else f"; {row.missing}"
        between = f"{row.lowest} to {row.highest}" if row.lowest and row.highest else ""
        half = f"{row.lowest} or more" if row.lowest else f"{row.highest} or less" if row.highest else TEXT
        kind = f" {row.unit}" if row.unit else ", whole" if row.kind == WHOLE else ""
        lines.append(f"| `{row.column}` | {row.meaning}{values}{missing} | {between or half}{kind} |")
    return "\n".join(lines) + "\n"


def made(study: str = STUDY) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """The flat table of a committed study, its dictionary, and the dictionary as a page of Markdown."""
    table, path = load(study), TABLES / study / "udr.csv"
    models = flat(table, pd.read_csv(path) if path.is_file() else None)
    rows = dictionary(models)
    counted = {"data_sets": "data_set", "methods": "method", "strengths": "position", "seeds": "seed"}
    known = {name: models[column].nunique() for name, column in counted.items()}
    known |= {"models": len(models), "study": study}
    same = {name: int(table[name].iloc[0]) for name in ("latents", "size", "steps")}
    return models, rows, f"{ABOUT.format(**known, **same)}\n{markdown(rows)}"


def write(folder, study: str = STUDY) -> list[Path]:
    """Write models.csv, dictionary.csv and dictionary.md into ``folder``, which is made if need be: their paths."""
    folder = checks.path(folder, "folder")
    models, rows, text = made(study)
    files = {
        folder / "models.csv": partial(models.to_csv, index=False, float_format=DIGITS, lineterminator="\n"),
        folder / "dictionary.csv": partial(rows.to_csv, index=False, lineterminator="\n"),
        folder / "dictionary.md": partial(Path.write_text, data=text, encoding="utf-8"),
    }
    for path, fill in files.items():
        storage.write(path, fill)
    return list(files)


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(prog="python -m dlnb.results.flat", description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="where to write models.csv, dictionary.csv and dictionary.md")
    parser.add_argument("--study", default=STUDY, help=f"whose models (default: {STUDY})")
    options = parser.parse_args(arguments)
    try:
        paths = write(options.folder, options.study)
    except (OSError, ValueError) as error:
        sys.exit(f"dlnb.results.flat: {error}")
    for path in paths:
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
