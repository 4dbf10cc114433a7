"""Storage of a study's results: the files of its runs, its tables, and the merging of tables of several machines.

A table is one Parquet file for each data set; failed.csv in the same folder lists the failed cells with the reason.
"""

import io
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pandas as pd
from filelock import FileLock

from dlnb import checks, storage
from dlnb.results import checksums, factors, table
from dlnb.results.table import A_STUDY, FAILURE, FAILURES, KEY, ROW, check, columns, key, keys, read_json, registered
from dlnb.study import Cell, Study

FAILED = [*KEY, "error", "commit"]  # columns of the list of failures


class Store:
    """The results of a study: models under ``runs``, rows in ``tables``.

    - ``study``: a ``dlnb.study.Study``, registered or not.
    - ``runs``: the folder in which the runner keeps each cell as STUDY/CELL; None to work on tables alone.
    - ``tables``: the folder of the tables of studies, STUDY/DATA_SET.parquet (default: that of the package).

    ``load`` and ``failures`` return what the tables hold, ``collect`` merges runs and tables and writes the
    result. They raise ValueError, naming the file, if one is damaged or of another study.
    """

    def __init__(self, study: Study, runs=None, tables=None):
        self.study = checks.instance(study, Study, *A_STUDY)
        self.runs = None if runs is None else checks.path(runs, "runs") / study.name
        self.home = table.home(study.name, tables)
        self.cells = {key(cell): cell for cell in study.cells()}

    def folder(self, cell: Cell) -> Path:
        """The folder of the run of a cell."""
        if self.runs is None:
            raise ValueError("a Store without runs has tables alone: Store(study, runs) knows the folders of cells")
        return self.runs / str(cell)

    def load(self) -> pd.DataFrame:
        """The rows of the tables in the order of the cells; see ``dlnb.results.load``."""
        parts = self._read(self.home)
        if not parts:
            name = self.study.name
            raise ValueError(f"no rows of the study {name!r} yet: train some with python -m dlnb.run {name}")
        return self._counted(check(pd.concat(parts, ignore_index=True), self.study, f"tables of {self.study.name}"))

    def recorded(self) -> set[Cell]:
        """The cells that have a row in the tables."""
        return {self.cells[row] for part in self._read(self.home) for row in keys(part)}

    def failures(self) -> pd.DataFrame:
        """The list of failures stored with the tables, in the order of the cells; see ``dlnb.results.failures``."""
        path = self.home / FAILURES
        if not path.exists():
            return pd.DataFrame(columns=FAILED)
        content = checksums.read(self.home, FAILURES)
        try:
            found = pd.read_csv(io.BytesIO(content), dtype={"strength": "float64"})[FAILED]
        except Exception as error:  # of pandas, whose kinds depend on what is damaged
            raise ValueError(f"{path} is not a list of failures, or is damaged: {error}") from error
        return self._ordered(found, str(path))

    def failed(self, done: set[Cell] | None = None) -> dict[Cell, str]:
        """The failed cells with their reasons, from the list and from the runs, in the order of the cells.

        A cell with a row, from another machine or another attempt, has not failed. ``done``: the cells with a row
        (default: read from the tables).
        """
        listed, done = self.failures(), self.recorded() if done is None else done
        found = dict(zip(keys(listed), listed.error, strict=True))
        found |= {tuple(one[name] for name in KEY): one["error"] for one in self._failures_of_runs()}
        return {cell: found[row] for row, cell in self.cells.items() if row in found and cell not in done}

    def collect(self, shards: Iterable = (), replace: bool = False, rows: pd.DataFrame | None = None) -> pd.DataFrame:
        """Merge the rows of the runs and of ``shards`` into the tables, write them, and return the whole table.

        ``shards``: folders of tables from other machines; ``rows``: further rows, such as ``run.measure_model`` makes.
        A cell that is in several places must have the same row in all, else ValueError is raised and nothing is
        written; with ``replace``, rows of the runs and ``rows`` replace those of the tables. Failures of the runs are
        listed until the cell has a row; scores of factors go to their own folder (``factors``). The same rows give the
        same bytes. A lock makes concurrent writers wait for each other. The table is empty if there are no rows.
        """
        fresh, failed = self.measured(), self._failures_of_runs()
        given = fresh[:0] if rows is None else check(rows, self.study, "rows")
        shards = (shards,) if isinstance(shards, str | Path) else shards
        others = [self._shard(checks.path(shard, "each of shards")) for shard in shards]
        self.home.mkdir(parents=True, exist_ok=True)
        with FileLock(self.home / checksums.LOCK):
            for folder in (self.home, self.home / factors.FOLDER):
                storage.sweep(folder, *(f"{name}.parquet" for name in self.study.data_sets), FAILURES, checksums.SUMS)
            replaced = {*keys(fresh), *keys(given)} if replace else set()
            places = {str(self.home): self._read(self.home, without=replaced)}
            places |= {str(other.home): other._read(other.home) for other in others}
            places |= {str(self.runs and self.runs.parent): [fresh] if len(fresh) else []}
            places |= {"rows": [given] if len(given) else []}
            failures = [each.failures() for each in (self, *others)] + [pd.DataFrame(failed, columns=FAILED)]
            parts = [part for some in places.values() for part in some] or [fresh]
            found = _filled(pd.concat(parts, ignore_index=True), columns(self.study)).drop_duplicates()
            _refuse_conflicts(found, places)
            found = self._counted(found)
            of_factors = factors.joined(self.study, self.runs, [each.home for each in (self, *others)], replace)
            for name, part in found.groupby("data_set", sort=False):
                part = part.reset_index(drop=True)
                part.attrs = {}  # they count models of all data sets, which must not change the file of one
                table.write(self.home, f"{name}.parquet", part)
            self._write_failures(failures, set(keys(found)))
            factors.save(of_factors, self.home)
        return found

    def measured(self) -> pd.DataFrame:
        """The rows of the runs.

        Raises ValueError, naming the file, for a row that ``check`` rejects or that lies in the folder of another cell.
        """
        paths = sorted(self.runs.rglob(ROW)) if self.runs else []
        rows = [read_json(path) for path in paths]
        if not rows:
            return pd.DataFrame(columns=list(columns(self.study)))
        try:
            found = check(pd.DataFrame(rows), self.study, str(self.runs.parent))
        except ValueError:
            for path, row in zip(paths, rows, strict=True):  # to name the file
                self._at_its_place(path, keys(check(pd.DataFrame([row]), self.study, str(path)))[0])
            raise
        for path, each in zip(paths, keys(found), strict=True):
            self._at_its_place(path, each)
        return found

    def _at_its_place(self, path: Path, row: tuple) -> None:
        """Raise ValueError unless a file of the cell with the key ``row`` is in that cell's folder."""
        if path.parent != (place := self.folder(self.cells[row])):
            raise ValueError(
                f"{path} is of another cell, {self.cells[row]}, whose folder is {place}: move it there, or remove it"
            )

    def _failures_of_runs(self) -> list[dict]:
        """The failures of the runs. Raises ValueError, naming the file, for one that is damaged or of another study."""
        found = []
        for path in sorted(self.runs.rglob(FAILURE)) if self.runs else ():
            one = read_json(path)
            row = tuple(one.get(name) for name in KEY)
            if not {*FAILED} <= one.keys() or any(isinstance(v, list | dict) for v in row) or row not in self.cells:
                raise ValueError(f"{path} is not a failure of the study {self.study.name}; remove it to continue")
            self._at_its_place(path, row)
            found.append(one)
        return found

    def _read(self, home: Path, without=frozenset()) -> list[pd.DataFrame]:
        """The tables in a folder, except for the rows in ``without``. Files that are being written begin with a dot."""
        parts = {}
        for path in sorted(path for path in home.glob("*.parquet") if not path.name.startswith(".")):
            if path.stem not in self.study.data_sets:
                raise ValueError(f"{path} is not of a data set of the study {self.study.name}: remove it, or merge it")
            part = table.read(home, path.name, "a table")
            try:
                parts[str(path)] = part[[row not in without for row in keys(part)]]
            except (TypeError, ValueError) as error:  # TypeError: a cell of the table holds a list
                raise ValueError(f"{path} is not a table, or is damaged: {error}") from error
        return [check(part, self.study, path) for path, part in parts.items() if len(part)]

    def _ordered(self, rows: pd.DataFrame, where: str = "") -> pd.DataFrame:
        """The rows in the order of the cells. Raises ValueError for a row that is not of a cell."""
        order = {row: i for i, row in enumerate(self.cells)}
        if foreign := [row for row in keys(rows) if row not in order]:
            named = dict(zip(KEY, foreign[0], strict=True))
            raise ValueError(f"{where}: {named} is not a cell of the study {self.study.name}")
        places = pd.Series([order[row] for row in keys(rows)], dtype="int64")
        return rows.iloc[places.argsort()].reset_index(drop=True)

    def _counted(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows in the order of the cells, with the numbers of rows and cells in ``attrs``."""
        rows = self._ordered(rows)
        rows.attrs = {"study": self.study.name, "models": len(rows), "cells": len(self.cells)}
        return rows

    def _shard(self, folder: Path) -> "Store":
        """The store of tables in ``folder``, which holds the tables of studies or those of this study alone."""
        other = Store(self.study, tables=folder.parent if folder.name == self.study.name else folder)
        if not folder.is_dir():
            raise ValueError(f"there is no folder {folder}")
        if other.home.resolve() == self.home.resolve():
            raise ValueError(f"{folder} is the folder to merge into")
        if not any(other.home.glob("*.parquet")) and not (other.home / FAILURES).exists():
            raise ValueError(f"no table of the study {self.study.name} in {folder}")
        return other

    def _write_failures(self, lists: list[pd.DataFrame], done: set[tuple]) -> None:
        """Write one list of the failures in ``lists``, without cells that have a row."""
        rows = pd.concat([part for part in lists if len(part)] or lists)
        rows = rows.astype({"strength": "float64", "seed": "int64"}).drop_duplicates(KEY, keep="last")
        rows = rows[[row not in done for row in keys(rows)]]
        if len(rows):
            rows = self._ordered(rows, str(self.home / FAILURES))
            checksums.write(self.home, FAILURES, partial(rows.to_csv, index=False))
        else:
            checksums.remove(self.home, FAILURES)


def _filled(rows: pd.DataFrame, promised: Iterable[str]) -> pd.DataFrame:
    """``rows`` with what only some of the rows of a model have, in columns that the study does not promise."""
    more = [name for name in rows if name not in promised]
    for way in ("ffill", "bfill") if more else ():
        rows[more] = getattr(rows.groupby(KEY, sort=False)[more], way)()
    return rows


def _refuse_conflicts(rows: pd.DataFrame, places: dict[str, list[pd.DataFrame]]) -> None:
    twice = rows[rows.duplicated(KEY)]
    if not len(twice):
        return
    first = keys(twice)[0]
    where = [place for place, some in places.items() if any(first in keys(part) for part in some)]
    cell, more = dict(zip(KEY, first, strict=True)), len(set(keys(twice))) - 1
    others = f", and so do {more} more cells" if more else ""
    raise ValueError(f"{cell} differs between {' and '.join(where)}{others}: leave one of them out")


def load(study: str, folder=None) -> pd.DataFrame:
    """The table of a study: one row for each trained model, in the order of the cells.

    - ``study``: a key of ``dlnb.study.STUDIES``, such as "short".
    - ``folder``: the folder of tables, as in ``--tables`` of the runner (default: that of the package).

    Returns a DataFrame (columns: dlnb/tables/README.md) with the numbers of its models and of the study's cells in
    ``attrs["models"]`` and ``attrs["cells"]``. Raises ValueError for an unknown study, one without rows, and tables
    that ``check`` rejects: missing columns, empty values, duplicate rows or another protocol; and, naming the file,
    for one that is damaged or whose checksum is not that in SHA256SUMS (``renew`` lists it after a change that was
    meant).
    """
    return Store(registered(study), tables=folder).load()


def failures(study: str, folder=None) -> pd.DataFrame:
    """The failed cells of a study, in the order of its cells; ``study`` and ``folder`` are those of ``load``.

    Returns a DataFrame with the columns data_set, method, strength, seed, error and commit, empty without failures.
    Raises ValueError for an unknown study, and a list that is damaged or names a cell that the study does not have.
    """
    return Store(registered(study), tables=folder).failures()
