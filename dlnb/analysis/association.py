"""Rank correlations that a plain one mixes up: between seeds, within a seed, with something held fixed, by factor.

Tables have one row for each model, in any order and with any index, and NaN where a score is not measured; anything
else raises ValueError. A correlation is NaN where it is not defined.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from dlnb import checks
from dlnb.analysis import inputs, stats
from dlnb.results import KEY

SETTING = ["method", "strength"]
OF_FACTORS = [*KEY, "factor"]


def reliability(table: pd.DataFrame, scores) -> pd.DataFrame:
    """Do settings (method and strength) rank alike at two seeds? Rank correlation, mean over all pairs of seeds.

    Rows data_set, columns scores. A low number is the ceiling of what can be read off the order of settings: another
    ranking of them will hardly agree more with the score than the score does with itself. NaN where a data set has a
    single seed; settings that one of two seeds lacks are left out.
    """
    table, scores = inputs.models(table, scores, KEY)
    found = {}
    for name, part in table.groupby("data_set", sort=False):
        wide = part.pivot(index=SETTING, columns="seed", values=list(scores))
        found[name] = {score: _between(wide[score]) for score in scores}
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("data_set")


def _between(seeds: pd.DataFrame) -> float:
    """Mean rank correlation of pairs of columns [settings, seeds]."""
    return mean([stats.of_both(seeds[one], seeds[other]) for one, other in combinations(seeds, 2)])


def within_seeds(table: pd.DataFrame, rows, columns) -> pd.DataFrame:
    """Rank correlations of the models of one seed, mean over the seeds of a data set.

    Models of a seed share what was drawn for it, such as the 100 labels of the downstream task. Over several seeds,
    luck with these labels moves all models of a seed at once and blurs the correlation.

    ``rows`` and ``columns``: columns of the table. Returns rows (data_set, row), columns as given.
    """
    table, names = inputs.models(table, dict.fromkeys((*_names(table, rows), *_names(table, columns))), KEY)
    rows, columns = _names(table, rows), _names(table, columns)
    found = {}
    for name, part in table.groupby("data_set", sort=False):
        seeds = [stats.pairwise(one[list(names)].to_numpy(float)) for _, one in part.groupby("seed")]
        found[name] = pd.DataFrame(means(np.array(seeds)), names, names).loc[list(rows), list(columns)]
    return pd.concat(found, names=["data_set"])


def partial(table: pd.DataFrame, rows, columns, given) -> pd.DataFrame:
    """Partial rank correlations: of rows with columns, with the ranks of ``given`` held fixed.

    The correlation of what is left of each measure's ranks when what those of ``given`` tell of them, on a straight
    line, is taken off. Over the models of each data set that have all three; all are columns of the table. Returns
    rows (data_set, row), columns as given.
    """
    given = inputs.column(table, given)
    names = dict.fromkeys((*_names(table, rows), *_names(table, columns), given))
    table, _ = inputs.models(table, names, ["data_set"])
    found = {}
    for name, part in table.groupby("data_set", sort=False):
        cells = [
            [_partial(part, row, column, given) for column in _names(table, columns)] for row in _names(table, rows)
        ]
        found[name] = pd.DataFrame(cells, _names(table, rows), _names(table, columns))
    return pd.concat(found, names=["data_set"])


def _partial(table: pd.DataFrame, one: str, other: str, given: str) -> float:
    values = table[[one, other, given]].dropna()
    matrix = stats.spearman(values.to_numpy(float)) if len(values) else np.full((3, 3), np.nan)
    (_, direct, first), (_, _, second), _ = matrix
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (direct - first * second) / np.sqrt((1 - first**2) * (1 - second**2))
    return float(found) if np.isfinite(found) else np.nan


def by_factor(factors: pd.DataFrame, column: str) -> pd.DataFrame:
    """Medians over seeds of a score of each factor, since a mean over factors hides which one a model does not encode.

    ``factors``: rows of models and factors, as ``results.factors.load`` returns them; ``column``: one of their scores,
    such as "gbt_10000". Returns rows (data_set, method, strength), a column for each factor, NaN for those that a data
    set lacks.
    """
    inputs.column(factors, column)
    factors = inputs.rows(factors, OF_FACTORS, OF_FACTORS, finite=["strength"], holes=[column])
    medians = factors.groupby(["data_set", *SETTING, "factor"], sort=False)[column].median()
    return medians.unstack("factor")[list(dict.fromkeys(factors.factor))]


def with_factors(table: pd.DataFrame, factors: pd.DataFrame, scores, column: str) -> pd.DataFrame:
    """Rank correlations of scores of models with a score of each of their factors.

    ``table``: as ``results.load`` returns it; ``factors`` and ``column``: as for ``by_factor``. Over the models that
    both have. Returns rows (data_set, factor), columns scores.
    """
    table, scores = inputs.models(table, scores, KEY)
    inputs.column(factors, column)
    factors = inputs.rows(factors, OF_FACTORS, OF_FACTORS, finite=["strength"], holes=[column])
    both = (
        factors[[*OF_FACTORS, column]].rename(columns={column: "of the factor"}).merge(table[[*KEY, *scores]], on=KEY)
    )
    if both.empty:
        raise ValueError("no model of the table has scores of factors: give both of the same study")
    key = ["data_set", "factor"]
    found = {
        name: {s: stats.of_both(part[s], part["of the factor"]) for s in scores}
        for name, part in both.groupby(key, sort=False)
    }
    return pd.DataFrame.from_dict(found, orient="index").rename_axis(key)


def mean(values) -> float:
    """Mean of the numbers that are not NaN, NaN if there are none."""
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    return float(known.mean()) if known.size else np.nan


def means(stack: np.ndarray) -> np.ndarray:
    """Mean over the first axis of what is not NaN, NaN where there is nothing else."""
    known = np.isfinite(stack)
    count = known.sum(axis=0)
    return np.where(known, stack, 0).sum(axis=0) / np.where(count, count, np.nan)


def _names(table, names) -> tuple[str, ...]:
    return inputs.columns(names, checks.table(table).columns)
