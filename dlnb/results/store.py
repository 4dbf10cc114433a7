"""Where the results of a study are kept: what its runs left, its tables, and how the rows of machines come together.

A table is one Parquet file for each data set. Beside them failed.csv lists the cells without a model, with the reason.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pandas as pd
from filelock import FileLock

from dlnb import checks, storage
from dlnb.results import factors
from dlnb.results.table import FAILURE, FAILURES, KEY, ROW, TABLES, check, columns, key, keys, read_json, write
from dlnb.study import STUDIES, Cell, Study

FAILED = [*KEY, "error", "commit"]  # columns of the list of failures


class Store:
    """The results of ``study``: models under ``runs``, rows in a folder of ``tables`` (default: in the package)."""

    def __init__(self, study: Study, runs=None, tables=None):
        self.study, self.runs = study, Path(runs) / study.name if runs else None
        self.home = Path(tables or TABLES) / study.name
        self.cells = {key(cell): cell for cell in study.cells()}

    def folder(self, cell: Cell) -> Path:
        """Where a runner works on a cell."""
        return self.runs / str(cell)

    def load(self) -> pd.DataFrame:
        """The rows of the tables in order of the cells; see ``load``."""
        parts = self._read(self.home)
        if not parts:
            name = self.study.name
            raise ValueError(f"no rows of the study {name!r} yet: train some with python -m dlnb.run {name}")
        return self._counted(check(pd.concat(parts, ignore_index=True), self.study, f"tables of {self.study.name}"))

    def recorded(self) -> set[Cell]:
        """The cells that have a row in the tables."""
        return {self.cells[row] for part in self._read(self.home) for row in keys(part)}

    def failures(self) -> pd.DataFrame:
        """The list of failures beside the tables, in order of the cells."""
        path = self.home / FAILURES
        if not path.exists():
            return pd.DataFrame(columns=FAILED)
        try:
            table = pd.read_csv(path, dtype={"strength": "float64"})[FAILED]
        except (KeyError, ValueError) as error:
            raise ValueError(f"{path} is no list of failures, or is damaged: {error}") from error
        return self._ordered(table, str(path))

    def failed(self, done: set[Cell] | None = None) -> dict[Cell, str]:
        """Each cell that failed with its reason, by the list and by what is under the runs, in order of the cells.

        A cell that has a row, from elsewhere or from another try, has not failed; ``done`` are the cells with a row,
        read from the tables unless they are given.
        """
        table, done = self.failures(), self.recorded() if done is None else done
        found = dict(zip(keys(table), table.error, strict=True))
        found |= {tuple(one[name] for name in KEY): one["error"] for one in self._failures_of_runs()}
        return {cell: found[row] for row, cell in self.cells.items() if row in found and cell not in done}

    def collect(self, shards: Iterable = (), replace: bool = False) -> pd.DataFrame:
        """Join the rows of the runs and of other tables with the recorded ones, and write them; the whole table.

        ``shards`` are folders of tables that other machines wrote. A cell that is in several must have the same row in
        all, and nothing is written otherwise; with ``replace`` the row of the runs takes the place of the others.
        Failures of the runs are listed beside the tables until the cell has a row; scores of factors go to a folder of
        their own (``factors``). The same rows give the same bytes. Others that write to the folder are waited for. The
        table is empty if there is no row anywhere.
        """
        fresh, failed = self._gathered(), self._failures_of_runs()
        others = [self._shard(Path(shard)) for shard in shards]
        self.home.mkdir(parents=True, exist_ok=True)
        with FileLock(self.home / ".lock"):
            replaced = set(keys(fresh)) if replace else set()
            places = {str(self.home): self._read(self.home, without=replaced)}
            places |= {str(other.home): other._read(other.home) for other in others}
            places |= {str(self.runs and self.runs.parent): [fresh] if len(fresh) else []}
            failures = [each.failures() for each in (self, *others)] + [pd.DataFrame(failed, columns=FAILED)]
            parts = [part for some in places.values() for part in some] or [fresh]
            table = pd.concat(parts, ignore_index=True).drop_duplicates()
            _refuse_conflicts(table, places)
            table = self._counted(table)
            of_factors = factors.joined(self.study, self.runs, [each.home for each in (self, *others)], replace)
            for name, part in table.groupby("data_set", sort=False):
                part = part.reset_index(drop=True)
                part.attrs = {}  # they count the models of other data sets, and a file would change with those
                write(self.home / f"{name}.parquet", part)
            self._write_failures(failures, set(keys(table)))
            factors.save(of_factors, self.home)
        return table

    def _gathered(self) -> pd.DataFrame:
        """The rows of the runs. Raises ValueError, naming the file, for one that ``check`` refuses."""
        paths = sorted(self.runs.rglob(ROW)) if self.runs else []
        rows = [read_json(path) for path in paths]
        if not rows:
            return pd.DataFrame(columns=list(columns(self.study)))
        try:
            return check(pd.DataFrame(rows), self.study, str(self.runs.parent))
        except ValueError:
            for path, row in zip(paths, rows, strict=True):  # which one?
                check(pd.DataFrame([row]), self.study, str(path))
            raise

    def _failures_of_runs(self) -> list[dict]:
        """Raises ValueError that names a file that is damaged or of another study."""
        found = []
        for path in sorted(self.runs.rglob(FAILURE)) if self.runs else ():
            one = read_json(path)
            if not {*FAILED} <= one.keys() or tuple(one[name] for name in KEY) not in self.cells:
                raise ValueError(f"{path} is no failure of the study {self.study.name}; remove it to go on")
            found.append(one)
        return found

    def _read(self, home: Path, without=frozenset()) -> list[pd.DataFrame]:
        """The tables in a folder, without rows to be replaced. Files that are being written begin with a dot."""
        parts = {}
        for path in sorted(path for path in home.glob("*.parquet") if not path.name.startswith(".")):
            if path.stem not in self.study.data_sets:
                raise ValueError(f"{path} is not of a data set of the study {self.study.name}: remove it, or merge it")
            try:
                part = pd.read_parquet(path)
                parts[str(path)] = part[[row not in without for row in keys(part)]]
            except (KeyError, OSError, ValueError) as error:
                raise ValueError(f"{path} is no table, or is damaged: {error}") from error
        return [check(part, self.study, path) for path, part in parts.items() if len(part)]

    def _ordered(self, table: pd.DataFrame, where: str = "") -> pd.DataFrame:
        """The rows in order of the cells; ValueError for a row of no cell."""
        order = {row: i for i, row in enumerate(self.cells)}
        if foreign := [row for row in keys(table) if row not in order]:
            named = dict(zip(KEY, foreign[0], strict=True))
            raise ValueError(f"{where}: {named} is no cell of the study {self.study.name}")
        places = pd.Series([order[row] for row in keys(table)], dtype="int64")
        return table.iloc[places.argsort()].reset_index(drop=True)

    def _counted(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows in order of the cells, with the number of both."""
        table = self._ordered(table)
        table.attrs = {"study": self.study.name, "models": len(table), "cells": len(self.cells)}
        return table

    def _shard(self, folder: Path) -> "Store":
        """Of the tables of the study in a folder of tables, or in a folder that is the study's own."""
        other = Store(self.study, tables=folder.parent if folder.name == self.study.name else folder)
        if not folder.is_dir():
            raise ValueError(f"there is no folder {folder}")
        if other.home.resolve() == self.home.resolve():
            raise ValueError(f"{folder} is the folder to merge into")
        if not any(other.home.glob("*.parquet")) and not (other.home / FAILURES).exists():
            raise ValueError(f"no table of the study {self.study.name} in {folder}")
        return other

    def _write_failures(self, lists: list[pd.DataFrame], done: set[tuple]) -> None:
        """List what failed, here, before or elsewhere, and has no row."""
        path = self.home / FAILURES
        table = pd.concat([part for part in lists if len(part)] or lists)
        table = table.astype({"strength": "float64", "seed": "int64"}).drop_duplicates(KEY, keep="last")
        table = table[[row not in done for row in keys(table)]]
        if len(table):
            table = self._ordered(table, str(path))
            storage.write(path, partial(table.to_csv, index=False))
        else:
            path.unlink(missing_ok=True)


def _refuse_conflicts(table: pd.DataFrame, places: dict[str, list[pd.DataFrame]]) -> None:
    twice = table[table.duplicated(KEY)]
    if not len(twice):
        return
    first = keys(twice)[0]
    where = [place for place, some in places.items() if any(first in keys(part) for part in some)]
    cell, more = dict(zip(KEY, first, strict=True)), len(set(keys(twice))) - 1
    others = f", and {more} more cells do" if more else ""
    raise ValueError(f"{cell} differs between {' and '.join(where)}{others}: leave one of them out")


def load(study: str, folder=None) -> pd.DataFrame:
    """The rows of a study, one for each trained model (columns: tables/README.md), in order of the cells.

    ``folder`` holds tables (default: those of the package). ``table.attrs["models"]`` and ``["cells"]`` say how many of
    the study's cells are there. Raises ValueError for an unknown study, one without rows, and for whatever ``check``
    refuses.
    """
    return Store(checks.choose(STUDIES, study, "study"), tables=folder).load()


def failures(study: str, folder=None) -> pd.DataFrame:
    """The cells of a study that failed: key columns, ``error`` and ``commit``, in order of the cells.

    Raises ValueError for an unknown study and for a list that is damaged or names a cell that the study does not have.
    """
    return Store(checks.choose(STUDIES, study, "study"), tables=folder).failures()
