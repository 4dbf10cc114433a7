"""Intervals of claims: from resampling the seeds of each setting, and from the data sets as the unit.

The first says how far a value would move with other seeds, as many as the table has, on the same data sets. The second
says how far it would move with other data sets of the same kind.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import beta, norm
from scipy.stats import t as student

from dlnb.analysis.grid import Cells

CONFIDENCE = 0.95
TAIL = (1 + CONFIDENCE) / 2

Values = Callable[..., np.ndarray]  # of several tables with one grid: [tables, claims]


def half_widths(
    table: pd.DataFrame, values: Values, rng: np.random.Generator, draws: int
) -> tuple[np.ndarray, int, int]:
    """Half the width of each claim's interval over seeds, the number of data sets in it, and of seeds.

    The standard deviation over bootstrap samples of the seeds within each setting, which is too small by sqrt((S - 1) /
    S) for S seeds, for a normal distribution. NaN if no data set has several seeds.
    """
    # A setting with one seed has nothing to resample, and would make the interval of a mean too narrow.
    setting = ["data_set", "method", "strength"]
    counts = table.groupby(setting).size()
    resampled = (counts > 1).groupby("data_set").mean() >= 0.5
    counts = counts[(counts > 1) & counts.index.get_level_values("data_set").map(resampled)]
    if counts.empty:
        return np.full(values([]).shape[1], np.nan), 0, 1
    several = pd.MultiIndex.from_frame(table[setting]).isin(counts.index)
    part, seeds = table[several].reset_index(drop=True), int(counts.min())
    cells = Cells(part)
    again = values((redrawn(part, cells, rng) for _ in range(draws)), cells)
    wider = np.sqrt(seeds / (seeds - 1))
    return norm.ppf(TAIL) * again.std(axis=0) * wider, int(resampled.sum()), seeds


def of_sets(values: np.ndarray, share: bool = False) -> tuple[float, float]:
    """The interval of a mean of one value for each data set [n], which are taken as drawn at random.

    Student's t. If the values are each a ``share``, and all are 0 or 1, it is that of a probability (Clopper and
    Pearson), which has a width even if all are alike. NaN for fewer than two values, and for others that are all equal.
    """
    n, mean = len(values), values.mean() if len(values) else np.nan
    if n < 2:
        return np.nan, np.nan
    if share and np.isin(values, (0, 1)).all():
        ones = values.sum()
        low = beta.ppf(1 - TAIL, ones, n - ones + 1) if ones else 0.0
        return float(low), float(beta.ppf(TAIL, ones + 1, n - ones)) if ones < n else 1.0
    if not np.ptp(values):
        return np.nan, np.nan
    half = student.ppf(TAIL, n - 1) * values.std(ddof=1) / np.sqrt(n)
    return float(mean - half), float(mean + half)


def of_groups(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """The interval of the difference of the means of two groups of data sets (Welch); NaN if one has fewer than two."""
    if min(len(one), len(other)) < 2:
        return np.nan, np.nan
    parts = np.array([each.var(ddof=1) / len(each) for each in (one, other)])
    if not parts.sum():
        return np.nan, np.nan
    freedom = parts.sum() ** 2 / sum(part**2 / (len(each) - 1) for part, each in zip(parts, (one, other), strict=True))
    half = student.ppf(TAIL, freedom) * np.sqrt(parts.sum())
    return float(one.mean() - other.mean() - half), float(one.mean() - other.mean() + half)


def redrawn(table: pd.DataFrame, cells: Cells, rng: np.random.Generator) -> pd.DataFrame:
    """The table with the measured columns of each model from a seed drawn at random within its data set and setting."""
    chosen = np.arange(len(table))
    for places in cells.at.reshape(-1, cells.at.shape[-1]):
        seeds = places[places >= 0]
        chosen[seeds] = seeds[rng.integers(len(seeds), size=len(seeds))]
    names = _measured(table)
    return _with(table, names, table[names].to_numpy()[chosen])


def shuffled(table: pd.DataFrame, cells: Cells, rng: np.random.Generator) -> pd.DataFrame:
    """The table with every measured column shuffled independently over the models of a data set."""
    names = _measured(table)
    values = table[names].to_numpy(copy=True)
    for rows in cells.rows.values():
        values[rows] = rng.permuted(values[rows], axis=0)
    return _with(table, names, values)


def _measured(table: pd.DataFrame) -> list[str]:
    """The measured columns: all of floats but the strength."""
    return [name for name in table.select_dtypes("float") if name != "strength"]


def _with(table: pd.DataFrame, names: list[str], values: np.ndarray) -> pd.DataFrame:
    """The table with new values in some columns: far faster than replacing one column at a time."""
    return pd.concat([table.drop(columns=names), pd.DataFrame(values, table.index, names)], axis=1)
