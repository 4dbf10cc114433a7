"""The table of results: one row for each trained model, in small Parquet files that install with the package.

Beside them failed.csv lists the cells of which no model can be had, with the reason.
"""

import json
from collections.abc import Iterable
from dataclasses import fields
from functools import partial
from importlib.resources import files
from pathlib import Path

import pandas as pd
from filelock import FileLock

from dlnb import checks, storage
from dlnb.study import STUDIES, Cell, Study, Training

KEY = ["data_set", "method", "strength", "seed"]
CELL = {**{name: "str" for name in ("data_set", "method", "hyperparameter")}, "strength": "float64", "seed": "int64"}
LIKELIHOOD = dict.fromkeys(("reconstruction", "kl", "elbo"), "float64")
KINDS = {int: "int64", float: "float64", str: "str"}
PROTOCOL = {
    **{"protocol": "str", "source": "str", "size": "int64"},
    **{field.name: KINDS[field.type] for field in fields(Training)},
    **{"objective": "str", "annealed_gamma": "float64", "sample": "int64", "evaluation": "int64"},
}
FITTED = {"boosting": "str", "solver": "str"}
ORIGIN = {
    **{"seconds_training": "float64", "seconds_scoring": "float64", "commit": "str", "versions": "str"},
    **{"machine": "str"},
}
ROW, FAILURE = "row.json", "failed.json"  # of one cell, in its folder under runs/
FAILURES = "failed.csv"  # of all cells, in the folder of the table
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

    Columns that the study does not promise come last, as they are. Raises ValueError, saying ``where`` it stands, for
    missing columns, empty or infinite values, two rows of one cell, and rows that the study does not have.
    """
    names = columns(study)
    if missing := [name for name in names if name not in table]:
        raise ValueError(f"{where}: columns {', '.join(missing)} are missing")
    promised, more = table[list(names)], [name for name in table if name not in names]
    if (bad := (promised.isna() | promised.isin([float("inf"), -float("inf")])).any()).any():
        raise ValueError(f"{where}: column {promised.columns[bad][0]} has empty or infinite values")
    for name, kind in names.items():
        try:
            whole = table[name].astype(kind)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{where}: column {name} does not hold {kind}: {error}") from error
        if kind == "int64" and (whole != table[name]).any():
            raise ValueError(
                f"{where}: column {name} holds {table[name][whole != table[name]].iloc[0]}, no whole number"
            )
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
    return table[[*names, *more]].astype(names)


def load(study: str, folder=None) -> pd.DataFrame:
    """The committed rows of a study, one for each trained model (columns: tables/README.md), in order of the cells.

    ``table.attrs["models"]`` and ``["cells"]`` tell how many of the study's cells are there. Raises ValueError for an
    unknown study, one without rows, and for whatever ``check`` refuses.
    """
    definition = checks.choose(STUDIES, study, "study")
    parts = _read(definition, home_of(definition, folder))
    if not parts:
        raise ValueError(f"no rows of the study {study!r} yet: train some with python -m dlnb.run {study}")
    return _counted(check(pd.concat(parts, ignore_index=True), definition, f"tables of {study}"), definition)


def recorded(study: Study, folder=None) -> set[tuple]:
    """The keys of the cells that the table holds."""
    return {row for part in _read(study, home_of(study, folder)) for row in keys(part)}


def failures(study: str, folder=None) -> pd.DataFrame:
    """The cells of a study that failed: key columns and the ``error`` of each, in order of the cells.

    Raises ValueError for an unknown study and for a list that is damaged or names a cell that the study does not have.
    """
    definition = checks.choose(STUDIES, study, "study")
    return _failures(definition, home_of(definition, folder) / FAILURES)


def failed(study: Study, runs=None, folder=None, done: set[tuple] | None = None) -> dict[tuple, str]:
    """Key and reason of each cell that failed, by the list and by what is under ``runs``, in order of the cells.

    A cell that has a row in the table, from elsewhere or from another try, has not failed; ``done`` are the keys of
    these rows, read from the table unless they are given.
    """
    table = _failures(study, home_of(study, folder) / FAILURES)
    found = dict(zip(keys(table), table.error, strict=True))
    found |= {tuple(one[name] for name in KEY): one["error"] for one in _failures_under(study, runs)}
    done = recorded(study, folder) if done is None else done
    return {key(c): found[key(c)] for c in study.cells() if key(c) in found and key(c) not in done}


def _failures_under(study: Study, runs) -> list[dict]:
    """What failed under ``runs``. Raises ValueError that names a file that is damaged or of another study."""
    cells, found = {key(cell) for cell in study.cells()}, []
    for path in sorted((Path(runs) / study.name).rglob(FAILURE)) if runs else ():
        one = read_json(path)
        if not {*KEY, "error", "commit"} <= one.keys() or tuple(one[name] for name in KEY) not in cells:
            raise ValueError(f"{path} is no failure of the study {study.name}; remove it to go on")
        found.append(one)
    return found


def read_json(path) -> dict:
    """What the runner left about a cell. Raises ValueError that names a damaged or foreign file."""
    try:
        found = json.loads(Path(path).read_text())
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}; remove it to do its cell again") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} is not of this package; remove it to do its cell again")
    return found


def home_of(study: Study, folder=None) -> Path:
    """The folder of a study's tables, in a folder of tables or in the package."""
    return Path(folder or TABLES) / study.name


def _first(table: pd.DataFrame) -> dict:
    return dict(zip(KEY, keys(table)[0], strict=True))


def _read(study: Study, home: Path, without=frozenset()) -> list[pd.DataFrame]:
    """The tables in a folder, but for rows that are to be replaced. Files that are being written begin with a dot."""
    parts = {}
    for path in sorted(path for path in home.glob("*.parquet") if not path.name.startswith(".")):
        if path.stem not in study.data_sets:
            raise ValueError(f"{path} is not of a data set of the study {study.name}: remove it, or merge it")
        try:
            part = pd.read_parquet(path)
            parts[str(path)] = part[[key not in without for key in keys(part)]]
        except (KeyError, OSError, ValueError) as error:
            raise ValueError(f"{path} is no table, or is damaged: {error}") from error
    return [check(part, study, path) for path, part in parts.items() if len(part)]


def _ordered(table: pd.DataFrame, study: Study, where: str = "") -> pd.DataFrame:
    """The rows in order of the cells; ValueError for a key that is none."""
    order = {key(cell): i for i, cell in enumerate(study.cells())}
    if foreign := [row for row in keys(table) if row not in order]:
        raise ValueError(f"{where}: {dict(zip(KEY, foreign[0], strict=True))} is no cell of the study {study.name}")
    places = pd.Series([order[row] for row in keys(table)], dtype="int64")
    return table.iloc[places.argsort()].reset_index(drop=True)


def _counted(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The rows in order of the cells, with the number of both."""
    table = _ordered(table, study)
    table.attrs = {"study": study.name, "models": len(table), "cells": len(study.cells())}
    return table


def _failures(study: Study, path: Path) -> pd.DataFrame:
    names = [*KEY, "error", "commit"]
    if not path.exists():
        return pd.DataFrame(columns=names)
    try:
        table = pd.read_csv(path, dtype={"strength": "float64"})[names]
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path} is no list of failures, or is damaged: {error}") from error
    return _ordered(table, study, str(path))


def gathered(study: Study, runs) -> pd.DataFrame | None:
    """The rows under ``runs``, or None. Raises ValueError, naming the file, for one that ``check`` refuses."""
    paths = sorted((Path(runs) / study.name).rglob(ROW))
    rows = [read_json(path) for path in paths]
    if not rows:
        return None
    try:
        return check(pd.DataFrame(rows), study, str(runs))
    except ValueError:
        for path, row in zip(paths, rows, strict=True):  # which one?
            check(pd.DataFrame([row]), study, str(path))
        raise


def collect(study: Study, runs=None, folder=None, *, shards: Iterable = (), replace: bool = False) -> pd.DataFrame:
    """Join the rows under ``runs`` and of other tables with the committed ones; one Parquet file for each data set.

    ``shards`` are folders of tables that other machines wrote. A cell that is in several must have the same row in all,
    and nothing is written otherwise; with ``replace`` the row under ``runs`` takes the place of the others. Failures
    under ``runs`` are listed beside the tables until the cell has a row. The same rows give the same bytes. Others
    that write to the folder are waited for. Returns the whole table, which is empty if there is no row anywhere.
    """
    home = home_of(study, folder)
    fresh, failed = (gathered(study, runs) if runs else None), _failures_under(study, runs)
    homes = [home_of_shard(study, Path(shard), home) for shard in shards]
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / ".lock"):
        replaced = set(keys(fresh)) if replace and fresh is not None else set()
        places = {str(home): _read(study, home, without=replaced)}
        places |= {str(shard): _read(study, shard) for shard in homes}
        places |= {str(runs): [] if fresh is None else [fresh]}
        failures = [_failures(study, each / FAILURES) for each in (home, *homes)]
        failures.append(pd.DataFrame(failed, columns=[*KEY, "error", "commit"]))
        parts = [part for some in places.values() for part in some] or [pd.DataFrame(columns=list(columns(study)))]
        table = pd.concat(parts, ignore_index=True).drop_duplicates()
        _refuse_conflicts(table, places)
        table = _counted(table, study)
        for name, part in table.groupby("data_set", sort=False):
            part = part.reset_index(drop=True)
            part.attrs = {}  # they count the models of other data sets, and a file would change with those
            write(home / f"{name}.parquet", part)
        _write_failures(study, home / FAILURES, failures, set(keys(table)))
    return table


def _refuse_conflicts(table: pd.DataFrame, places: dict[str, list[pd.DataFrame]]) -> None:
    twice = table[table.duplicated(KEY)]
    if not len(twice):
        return
    first = keys(twice)[0]
    where = [place for place, some in places.items() if any(first in keys(part) for part in some)]
    cell, more = dict(zip(KEY, first, strict=True)), len(set(keys(twice))) - 1
    others = f", and {more} more cells do" if more else ""
    raise ValueError(f"{cell} differs between {' and '.join(where)}{others}: leave one of them out")


def write(path: Path, part: pd.DataFrame) -> None:
    """Write a Parquet file, unless it has these rows: other versions of pandas would write other bytes."""
    if path.exists() and pd.read_parquet(path).equals(part):
        return
    storage.write(path, partial(part.to_parquet, compression="zstd", index=False))


def home_of_shard(study: Study, folder: Path, home: Path) -> Path:
    """Where the tables of the study are in a folder of tables, which may be that of the study itself."""
    found = folder if folder.name == study.name else folder / study.name
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}")
    if found.resolve() == home.resolve():
        raise ValueError(f"{folder} is the folder to merge into")
    if not any(found.glob("*.parquet")) and not (found / FAILURES).exists():
        raise ValueError(f"no table of the study {study.name} in {folder}")
    return found


def _write_failures(study: Study, path: Path, lists: list[pd.DataFrame], done: set[tuple]) -> None:
    """List what failed, here, before or elsewhere, and has no row."""
    table = pd.concat([part for part in lists if len(part)] or lists)
    table = table.astype({"strength": "float64", "seed": "int64"}).drop_duplicates(KEY, keep="last")
    table = table[[key not in done for key in keys(table)]]
    if len(table):
        table = _ordered(table, study, str(path))
        storage.write(path, partial(table.to_csv, index=False))
    else:
        path.unlink(missing_ok=True)
