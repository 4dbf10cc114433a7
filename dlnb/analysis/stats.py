"""Medians, trends, rank correlations and comparisons: a DataFrame of results in, a DataFrame out, nothing drawn.

Intervals of medians are bootstrap percentiles over seeds. With few seeds they are too narrow: for three seeds the
interval is their range, which contains the true median with probability 3/4 only.
"""

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from dlnb import checks
from dlnb.metrics import statistical_efficiency

DRAWS = 10_000


def by_strength(table: pd.DataFrame, column: str, rng: np.random.Generator, level: float = 0.95) -> pd.DataFrame:
    """Median of ``column`` over seeds for each data set, method and strength.

    Columns data_set, method, strength, median, low, high (the interval of the median) and models, their number. The
    bootstrap enumerates all resamples of up to five seeds and draws 10,000 of more.
    """
    checks.choose(dict.fromkeys(table.columns), column, "column")
    key = ["data_set", "method", "strength"]
    numbers, settings = pd.MultiIndex.from_frame(table[key]).factorize()
    values, counts = table[column].to_numpy(float), np.bincount(numbers)
    places = np.split(np.argsort(numbers, kind="stable"), np.cumsum(counts)[:-1])
    found = np.empty((len(settings), 3))
    for count in map(int, np.unique(counts)):  # int, since count**count overflows NumPy's
        which = np.flatnonzero(counts == count)
        if count**count <= DRAWS:
            again = np.indices([count] * count).reshape(count, -1).T
        else:
            again = rng.integers(count, size=(DRAWS, count))
        pieces = min(len(which), -(-len(which) * again.size // 10**7))  # 80 MB each, unless one setting needs more
        for some in np.array_split(which, pieces):
            mine = values[np.stack([places[i] for i in some])]
            drawn = np.median(mine[:, again], axis=2)
            bounds = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=1)
            found[some] = np.column_stack([np.median(mine, axis=1), *bounds])
    columns = dict(zip(("median", "low", "high"), found.T, strict=True))
    return settings.to_frame(index=False, name=key).assign(**columns, models=counts)


def trend(table: pd.DataFrame, column: str, rng: np.random.Generator) -> pd.DataFrame:
    """Spearman's rank correlation of ``column`` with the strength within each seed, by data set and method.

    Columns data_set, method, correlation (mean over seeds), low and high (the lowest and highest seed), p (two-sided
    permutation test of the mean, strengths permuted within each seed) and seeds, their number. Models of one seed share
    initial weights and data, so strengths are exchangeable only within a seed if they have no effect. NaN where
    ``column`` is constant.
    """
    checks.choose(dict.fromkeys(table.columns), column, "column")
    rows = []
    for key, part in table.groupby(["data_set", "method"], sort=False):
        grid = part.pivot(index="strength", columns="seed", values=column)
        if grid.isna().any(axis=None):
            raise ValueError(f"{key}: every seed must have every strength, so that trends can be averaged over seeds")
        order, ranks = np.arange(1, len(grid) + 1)[:, None], rankdata(grid.to_numpy(), axis=0)
        seeds = _of_ranks(order, ranks)[0]
        permuted = [rng.permuted(np.tile(each, (DRAWS, 1)), axis=1).T for each in ranks.T]
        chance = np.mean([_of_ranks(order, each)[0] for each in permuted], axis=0)
        p = (1 + (np.abs(chance) >= abs(seeds.mean()) - 1e-12).sum()) / (1 + DRAWS)
        rows.append((*key, seeds.mean(), seeds.min(), seeds.max(), p, len(seeds)))
    return pd.DataFrame(rows, columns=["data_set", "method", "correlation", "low", "high", "p", "seeds"])


def ranks_kept(table: pd.DataFrame) -> pd.DataFrame:
    """Does a score computed from few rows rank models as it does from many? Spearman's correlation.

    ``table``: columns data_set, method, strength, score, rows, order (of the rows) and value. Within each data set and
    order, scores from each number of rows are compared with those from the largest; means over the orders. Rows
    (data_set, score), a column for each number of rows. NaN where a model has no score.
    """
    key, most = ["method", "strength"], table.rows.max()
    kept = {}
    for name, part in table.groupby(["data_set", "score"], sort=False):
        wide = part.pivot(index=key, columns=["rows", "order"], values="value")
        against = wide[most].iloc[:, 0]
        found = wide.apply(_of_both, other=against).where(wide.notna().all())
        kept[name] = found.groupby("rows").mean()
    return pd.DataFrame(kept).T


def with_efficiency(table: pd.DataFrame) -> pd.DataFrame:
    """The table with lr_efficiency and gbt_efficiency: accuracy with 100 labels over that with 10,000 (section 5.5)."""
    return table.assign(**statistical_efficiency(table))


def spearman(values: np.ndarray) -> np.ndarray:
    """Rank correlations [c, c] of the columns of values [n, c]; NaN for a column that is constant or contains NaN."""
    ranks = rankdata(values, axis=0)
    return _of_ranks(ranks, ranks)


def _of_ranks(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Correlations [c, d] of the columns of ranks [n, c] with those of ranks [n, d]."""
    left, right = (ranks - (len(ranks) + 1) / 2 for ranks in (left, right))  # centred exactly
    with np.errstate(invalid="ignore", divide="ignore"):
        return left.T @ right / np.sqrt(np.outer(np.square(left).sum(axis=0), np.square(right).sum(axis=0)))


def _of_both(one: pd.Series, other: pd.Series) -> float:
    """Rank correlation of two columns over the rows in which neither is NaN."""
    values = np.stack([one, other], axis=1)
    return spearman(values[~np.isnan(values).any(axis=1)])[0, 1]


def superiority(table: pd.DataFrame, score: str) -> pd.DataFrame:
    """Probability that a random model of the row's method scores higher than one of the column's [methods, methods].

    Ties count half; 0.5 if the methods do not differ. Means over data sets.
    """
    methods = list(dict.fromkeys(table.method))
    found = []
    for _, part in table.groupby("data_set", sort=False):
        values = {method: rows.to_numpy() for method, rows in part.groupby("method")[score]}
        found.append([[beats(values[a][:, None], values[b], 0.5).mean() for b in methods] for a in methods])
    return pd.DataFrame(np.mean(found, axis=0), methods, methods)


def beats(one: np.ndarray, other: np.ndarray, ties: float) -> np.ndarray:
    """1 where ``one`` is higher than ``other``, ``ties`` where they are equal, otherwise 0; shapes broadcast."""
    return (one > other) + ties * (one == other)


def setting_medians(table: pd.DataFrame, scores) -> pd.DataFrame:
    """Medians of scores over seeds, one row for each data set, method and strength."""
    key = ["data_set", "method", "strength"]
    return table.groupby(key, sort=False)[list(scores)].median().reset_index()


def between_data_sets(table: pd.DataFrame, score: str) -> pd.DataFrame:
    """Rank correlations of the settings' medians between data sets [D, D] (section 5.4, Figures 4 and 17)."""
    medians = setting_medians(table, [score])
    wide = medians.pivot(index=["method", "strength"], columns="data_set", values=score)[medians.data_set.unique()]
    return pd.DataFrame([[_of_both(wide[a], wide[b]) for b in wide] for a in wide], wide.columns, wide.columns)


def complete(table: pd.DataFrame) -> pd.DataFrame:
    """The largest part of the table with every setting at every seed of every data set.

    A growing study has more models of one data set than of another, and a run may have failed. Dropped are the seeds
    with a missing model, or the settings with one, or the data sets without all the seeds of another (and seeds that
    this one lacks): the choice that loses the fewest models. Parts with at least two seeds and two data sets, which
    comparisons need, take precedence. Raises ValueError if nothing is left.
    """
    wide = table.assign(model=1.0).pivot(index=["data_set", "method", "strength"], columns="seed", values="model")
    settings = wide.unstack("data_set").notna()  # [method x strength, seed x data set]
    full = settings.all().unstack("data_set")  # [seed, data set]
    whole = settings.index[settings.all(axis=1)]
    kept = [
        table[table.seed.isin(full.index[full.all(axis=1)])],
        table[table.set_index(["method", "strength"]).index.isin(whole)],
    ]
    for _, there in full.items():
        alike = full.columns[full[there].all()]
        kept.append(
            table[table.seed.isin(full.index[there]) & table.data_set.isin(alike)] if there.any() else table[:0]
        )
    best = max(kept, key=lambda part: (part.seed.nunique() > 1 and part.data_set.nunique() > 1, len(part)))
    if not len(best):
        raise ValueError("no seed has every setting and no setting has every seed on all data sets of the table")
    return best


def thirds(table: pd.DataFrame, by: str) -> pd.Series:
    """For each model, the third of its data set that its score is in: low 0, middle 1, high 2 (Figures 22, 23)."""
    ranks = table.groupby("data_set", sort=False)[by].rank(method="first")
    counts = table.groupby("data_set", sort=False)[by].transform("size")
    return ((ranks - 1) * 3 // counts).astype(int).rename("third")


def apart(table: pd.DataFrame, one: str, other: str, by: str) -> pd.DataFrame:
    """Differences between two measurements of the same models, for each value of the column ``by``.

    Columns models, their number; bias and spread (mean and standard deviation of one minus other); largest (the largest
    absolute difference); ranks and lowest (mean and minimum over data sets of the rank correlation over models).
    """
    rows = {}
    for name, part in table.groupby(by, sort=False):
        difference = part[one] - part[other]
        within = [_of_both(p[one], p[other]) for _, p in part.groupby("data_set")]
        measured = len(part), difference.mean(), difference.std(), difference.abs().max()
        rows[name] = (*measured, np.mean(within), np.min(within))
    return pd.DataFrame.from_dict(rows, "index", columns=["models", "bias", "spread", "largest", "ranks", "lowest"])
