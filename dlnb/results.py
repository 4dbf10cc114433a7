"""The table of results: one row for each trained model, in small Parquet files that install with the package."""

import json
from functools import partial
from importlib.resources import files
from pathlib import Path

import pandas as pd

from dlnb import checks, storage
from dlnb.study import STUDIES, Cell, Study

KEY = ["data_set", "method", "strength", "seed"]
CELL = {**{name: "str" for name in ("data_set", "method", "hyperparameter")}, "strength": "float64", "seed": "int64"}
LIKELIHOOD = dict.fromkeys(("reconstruction", "kl", "elbo"), "float64")
PROTOCOL = {
    **{"protocol": "str", "source": "str", "size": "int64", "steps": "int64", "batch": "int64", "latents": "int64"},
    **{"learning_rate": "float64", "kernels": "str", "precision": "str", "objective": "str"},
    **{"critic_width": "int64", "critic_learning_rate": "float64", "sample": "int64", "evaluation": "int64"},
}
FITTED = {"boosting": "str", "solver": "str"}
ORIGIN = {
    **{"seconds_training": "float64", "seconds_scoring": "float64", "commit": "str", "versions": "str"},
    **{"machine": "str"},
}
TABLES = Path(str(files("dlnb"))) / "tables"


def columns(study: Study) -> dict[str, str]:
    """Names and dtypes of the columns of a study's table, in order; they differ in the scores alone."""
    fitted = FITTED if FITTED.keys() <= study.protocol(study.methods[0]).keys() else {}
    scores = dict.fromkeys(study.columns(), "float64")
    return CELL | LIKELIHOOD | scores | {"active": "int64"} | PROTOCOL | fitted | ORIGIN


def key(cell: Cell) -> tuple:
    """What tells a row from all others of its study."""
    return cell.data_set, cell.method, float(cell.strength), cell.seed


def keys(table: pd.DataFrame) -> list[tuple]:
    """The keys of the rows of a table, in order."""
    return list(table[KEY].itertuples(index=False, name=None))


def check(table: pd.DataFrame, study: Study, where: str) -> pd.DataFrame:
    """``table`` with its ``columns`` in order, if every row is a cell of ``study`` trained by its protocol.

    Raises ValueError, saying ``where`` it stands, for missing or unknown columns, empty or infinite values, two rows of
    one cell, and rows that the study does not have.
    """
    names = columns(study)
    if missing := [name for name in names if name not in table]:
        raise ValueError(f"{where}: columns {', '.join(missing)} are missing")
    if unknown := [name for name in table if name not in names]:
        raise ValueError(f"{where}: columns {', '.join(unknown)} are not in the table of results")
    if (bad := (table.isna() | table.isin([float("inf"), -float("inf")])).any()).any():
        raise ValueError(f"{where}: column {table.columns[bad][0]} has empty or infinite values")
    if (twice := table.duplicated(KEY)).any():
        raise ValueError(f"{where}: two rows for {_first(table[twice])}")
    for method, rows in table.groupby("method", sort=False):
        for name, value in study.protocol(method).items():
            if (other := rows.loc[rows[name] != value, name]).size:
                given = f"{other.iloc[0]!r} in a row of {method}"
                raise ValueError(f"{where}: {name} is {given} and {value!r} in the study {study.name}")
    cells, named = {(*key(cell), cell.hyperparameter) for cell in study.cells()}, [*KEY, "hyperparameter"]
    if foreign := [row for row in table[named].itertuples(index=False, name=None) if row not in cells]:
        raise ValueError(f"{where}: {dict(zip(named, foreign[0], strict=True))} is no cell of the study {study.name}")
    return table[list(names)].astype(names)


def load(study: str, folder=None) -> pd.DataFrame:
    """The committed rows of a study, one for each trained model (columns: tables/README.md), in order of the cells.

    ``table.attrs["models"]`` and ``["cells"]`` tell how many of the study's cells are there. Raises ValueError for an
    unknown study, one without rows, and for whatever ``check`` refuses.
    """
    definition = checks.choose(STUDIES, study, "study")
    parts = _read(definition, folder)
    if not parts:
        raise ValueError(f"no rows of the study {study!r} yet: train some with python -m dlnb.run {study}")
    return _ordered(check(pd.concat(parts, ignore_index=True), definition, f"tables of {study}"), definition)


def recorded(study: Study, folder=None) -> set[tuple]:
    """The keys of the cells that the table holds."""
    return {row for part in _read(study, folder) for row in keys(part)}


def _first(table: pd.DataFrame) -> dict:
    return dict(zip(KEY, keys(table)[0], strict=True))


def _read(study: Study, folder, without=frozenset()) -> list[pd.DataFrame]:
    parts = {
        str(path): pd.read_parquet(path) for path in sorted((Path(folder or TABLES) / study.name).glob("*.parquet"))
    }
    parts = {path: part[[key not in without for key in keys(part)]] for path, part in parts.items()}
    return [check(part, study, path) for path, part in parts.items() if len(part)]


def _ordered(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    order = {key(cell): i for i, cell in enumerate(study.cells())}
    table = table.iloc[pd.Series([order[row] for row in keys(table)]).argsort()].reset_index(drop=True)
    table.attrs = {"study": study.name, "models": len(table), "cells": len(order)}
    return table


def collect(study: Study, runs, folder=None, *, replace: bool = False) -> pd.DataFrame:
    """Join the rows under ``runs`` with the committed ones and write one Parquet file for each data set.

    A cell that is in both must have the same row in both, and nothing is written otherwise; with ``replace`` the row
    under ``runs`` takes the place of the other.
    """
    paths = sorted((Path(runs) / study.name).rglob("row.json"))
    rows = [check(pd.DataFrame([json.loads(p.read_text())]), study, str(p)) for p in paths]
    fresh = {key for row in rows for key in keys(row)} if replace else set()
    kept = _read(study, folder, without=fresh)
    folder = Path(folder or TABLES) / study.name
    if not rows and not kept:
        raise ValueError(f"no trained model of the study {study.name} under {runs}")
    table = pd.concat([*kept, *rows], ignore_index=True).drop_duplicates()
    if (twice := table.duplicated(KEY)).any():
        raise ValueError(f"{_first(table[twice])} differs between {runs} and {folder}: remove the one that is wrong")
    table = _ordered(table, study)
    for name, part in table.groupby("data_set", sort=False):
        part = part.reset_index(drop=True)
        part.attrs = {}  # they count the models of other data sets, and a file would change with those
        storage.write(folder / f"{name}.parquet", partial(part.to_parquet, compression="zstd", index=False))
    return table
