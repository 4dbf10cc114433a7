"""What the statistics take, checked where it comes in: tables of results, noise, and numbers beside a table."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from dlnb import checks
from dlnb.results import KEY


def models(
    table, scores, needs: Iterable[str] = ("data_set",), *, whole: bool = False
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """A table of results with the index 0, 1, 2, …, and ``scores``, one or several of its columns, as a tuple of names.

    - ``needs``: further columns that it must have. Those of KEY must be known in every row, the strength as a number.
    - ``whole``: whether scores must be finite in every row. Otherwise NaN stands for a score that a model lacks, such
      as UDR of a method without it.

    Raises ValueError for anything but a table with rows, a column that is missing or that holds text or infinities, and
    for two rows of one model, if the table has the four columns of KEY, which tell models apart.
    """
    scores, needs = columns(scores, checks.table(table, needs).columns), tuple(needs)
    strength = [name for name in needs if name == "strength"]
    kinds = {"finite": [*scores, *strength]} if whole else {"finite": strength, "holes": scores}
    return rows(table, needs, KEY, **kinds), scores


def keyed(table, needs: Iterable[str] = KEY) -> pd.DataFrame:
    """``models`` for what needs no scores."""
    return rows(table, needs, KEY, finite=[name for name in needs if name == "strength"])


def settled(table: pd.DataFrame) -> pd.DataFrame:
    """Without seeds that have just begun, which would count as much as whole ones: their index is kept.

    They have fewer than half of the models that another seed of their data set has.
    """
    counts = table.groupby(["data_set", "seed"]).seed.transform("size")
    return table[2 * counts >= counts.groupby(table.data_set).transform("max")]


def rows(table, needs: Iterable[str], key: Iterable[str] = (), *, finite=(), holes=()) -> pd.DataFrame:
    """A table with at least one row, and the index 0, 1, 2, …, whose columns ``needs`` are known in every row.

    ``finite`` are columns of finite numbers, ``holes`` of those that may be NaN. If the table has all columns of
    ``key``, these tell its rows apart.
    """
    needs, known = tuple(needs), checks.table(table, needs).columns
    found = checks.table(table, needs, key if {*key} <= {*known} else (), finite, holes)
    if not len(found):
        raise ValueError("the table has no rows: there is nothing to compute or to draw")
    for name in needs:
        if (missing := found[name].isna()).any():
            raise ValueError(f"column {name} must be known in every row, but is missing in row {int(missing.argmax())}")
    numbers = [name for name in (*finite, *holes) if not isinstance(found[name].dtype, np.dtype)]
    plain = {name: found[name].to_numpy(float, na_value=np.nan) for name in numbers}
    return found.assign(**plain) if plain else found


def columns(scores, known: Iterable[str]) -> tuple[str, ...]:
    """``scores``, the names of one or several columns of measurements among ``known``, as a tuple."""
    scores = checks.names(scores, "column", known)
    if not scores:
        raise ValueError("no scores are given: name at least one column of the table")
    if keys := [name for name in scores if name in KEY]:
        raise ValueError(f"{keys[0]} tells models apart and is no score: name a column of measurements")
    return scores


def column(table, name) -> str:
    """``name``, if it is one column of the table."""
    checks.choose(dict.fromkeys(checks.table(table).columns), name, "column")
    return name


def beside(values, table: pd.DataFrame, what: str):
    """``values``, a Series or DataFrame, row by row beside those of ``table``, with the index 0, 1, 2, ….

    Its index must be that of the table. If no label of either is repeated, it may be in another order or lack some of
    the labels, whose rows are then NaN.
    """
    checks.instance(values, (pd.Series, pd.DataFrame), what, "a Series or DataFrame with the index of the table")
    if values.index.equals(table.index):
        return values.reset_index(drop=True)
    if values.index.is_unique and table.index.is_unique and values.index.isin(table.index).all():
        return values.reindex(table.index).reset_index(drop=True)
    raise ValueError(f"{what} must have the index of the table, with a value for each row: give it index=table.index")


def noises(noise) -> dict:
    """``noise``, variances by (data set, score) or by score, as a dict; empty for None. NaN stands for unknown ones."""
    such = "a dict of variances by (data set, score), such as evaluation_noise returns"
    noise = checks.instance({} if noise is None else noise, Mapping, "noise", such)
    for name, value in noise.items():
        if not (isinstance(value, float | np.floating) and np.isnan(value)):
            checks.number(value, f"the noise of {name}")
    return dict(noise)


def measurements(table, needs: Iterable[str], holes: Iterable[str]) -> pd.DataFrame:
    """A table of measurements of models with the index 0, 1, 2, …, which has the columns ``needs`` and ``holes``.

    ``holes`` are numbers or NaN. If the table tells methods and strengths apart, no rows may be alike in all columns.
    """
    found = rows(table, needs, holes=holes)
    if {"method", "strength"} <= {*found.columns} and (twice := found.duplicated()).any():
        row = found.loc[twice].iloc[0].to_dict()
        raise ValueError(f"the table has several rows for {row}, {int(twice.sum())} too many in all: keep one of each")
    return found
