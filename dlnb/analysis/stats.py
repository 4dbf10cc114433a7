"""From the table of results to statistics: a DataFrame in, a DataFrame out, nothing drawn.

An interval of a median is made of bootstrap percentiles over seeds. With few seeds it is too narrow: for three it is
their range, which holds the true median in three cases of four only.
"""

import warnings

import numpy as np
import pandas as pd
from scipy.stats import rankdata, spearmanr

from dlnb import checks

DRAWS = 10_000


def by_strength(table: pd.DataFrame, column: str, rng: np.random.Generator, level: float = 0.95) -> pd.DataFrame:
    """Median of ``column`` over seeds for each data set, method and strength.

    Columns data_set, method, strength, median, low, high (the interval of the median) and models. Of up to five seeds
    every draw is counted, of more 10,000 are drawn by ``rng``.
    """
    checks.choose(dict.fromkeys(table.columns), column, "column")
    key = ["data_set", "method", "strength"]
    numbers, settings = pd.MultiIndex.from_frame(table[key]).factorize()
    values, counts = table[column].to_numpy(float), np.bincount(numbers)
    places = np.split(np.argsort(numbers, kind="stable"), np.cumsum(counts)[:-1])
    found = np.empty((len(settings), 3))
    for count in map(int, np.unique(counts)):  # NumPy's own would overflow in the next line but one
        which = np.flatnonzero(counts == count)
        if count**count <= DRAWS:
            again = np.indices([count] * count).reshape(count, -1).T
        else:
            again = rng.integers(count, size=(DRAWS, count))
        pieces = min(len(which), -(-len(which) * again.size // 10**7))  # of 80 MB, if a setting does not need more
        for some in np.array_split(which, pieces):
            mine = values[np.stack([places[i] for i in some])]
            drawn = np.median(mine[:, again], axis=2)
            bounds = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=1)
            found[some] = np.column_stack([np.median(mine, axis=1), *bounds])
    columns = dict(zip(("median", "low", "high"), found.T, strict=True))
    return settings.to_frame(index=False, name=key).assign(**columns, models=counts)


def trend(table: pd.DataFrame, column: str, rng: np.random.Generator) -> pd.DataFrame:
    """How ``column`` moves with the strength: Spearman's rank correlation within each seed, for a data set and method.

    Columns data_set, method, correlation (mean over seeds), low and high (the lowest and highest seed), p (of the mean
    under random order of the strengths within every seed, two-sided) and seeds. Models of one seed share their initial
    weights and their data, so that only an order within a seed can be called random when the strength has no effect.
    """
    checks.choose(dict.fromkeys(table.columns), column, "column")
    rows = []
    for key, part in table.groupby(["data_set", "method"], sort=False):
        grid = part.pivot(index="seed", columns="strength", values=column)
        if grid.isna().any(axis=None):
            raise ValueError(f"{key}: every seed must have every strength for a trend to be compared over seeds")
        order = np.arange(grid.shape[1])
        seeds = np.array([spearmanr(order, values).statistic for values in grid.to_numpy()])
        ranks = [rankdata(values) for values in grid.to_numpy()]
        shuffled = [rng.permuted(np.tile(r, (DRAWS, 1)), axis=1) for r in ranks]
        chance = np.mean([_correlation(order, r) for r in shuffled], axis=0)
        p = (1 + (np.abs(chance) >= abs(seeds.mean()) - 1e-12).sum()) / (1 + DRAWS)
        rows.append((*key, seeds.mean(), seeds.min(), seeds.max(), p, len(seeds)))
    return pd.DataFrame(rows, columns=["data_set", "method", "correlation", "low", "high", "p", "seeds"])


def ranks_kept(table: pd.DataFrame) -> pd.DataFrame:
    """Does a score from few rows put models in the order that it gives them from many? Spearman's correlation.

    ``table``: columns data_set, method, strength, score, rows, order (of the rows) and value. Within each data set and
    order, the ranks of the models by each number of rows are compared with those by the largest; means over the orders.
    Rows (data_set, score), a column for each number of rows. NaN where a score has not been had of every model.
    """
    key, most = ["method", "strength"], table.rows.max()
    kept = {}
    for name, part in table.groupby(["data_set", "score"], sort=False):
        wide = part.pivot(index=key, columns=["rows", "order"], values="value")
        against = wide[most].iloc[:, 0]
        found = wide.corrwith(against, method="spearman").where(wide.notna().all())
        kept[name] = found.groupby("rows").mean()
    return pd.DataFrame(kept).T


def _correlation(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Pearson's correlation of x [n] with each row [m, n]."""
    left, right = x - x.mean(), rows - rows.mean(axis=1, keepdims=True)
    return right @ left / np.sqrt((left @ left) * np.square(right).sum(axis=1))


def with_efficiency(table: pd.DataFrame) -> pd.DataFrame:
    """The table with lr_efficiency and gbt_efficiency: accuracy with 100 labels by that with 10,000 (section 5.5)."""
    return table.assign(
        **{f"{kind}_efficiency": table[f"{kind}_100"] / table[f"{kind}_10000"] for kind in ("lr", "gbt")}
    )


def rank_correlations(
    table: pd.DataFrame, rows, columns, rng: np.random.Generator, *, over: str = "models", draws=1000, level=0.95
) -> pd.DataFrame:
    """Spearman's rank correlation of each of ``rows`` with each of ``columns`` over the models of a data set.

    Columns data_set, row, column, correlation, low, high and models. The interval is made of bootstrap percentiles, of
    the models or of the seeds (``over``); with few seeds the latter is rough. NaN where a score is the same for all.
    """
    names = list(dict.fromkeys([*rows, *columns]))
    for name in names:
        checks.choose(dict.fromkeys(table.columns), name, "column")
    found = []
    for data_set, part in table.groupby("data_set", sort=False):
        values = part[names].to_numpy(float)
        whole = spearman(values)
        again = [spearman(values[chosen]) for chosen in _resampled(part, over, rng, draws)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # nothing but NaN, where a score is the same for all
            low, high = np.nanquantile(again, [(1 - level) / 2, (1 + level) / 2], axis=0)
        for row in rows:
            for column in columns:
                at = names.index(row), names.index(column)
                found.append((data_set, row, column, whole[at], low[at], high[at], len(part)))
    return pd.DataFrame(found, columns=["data_set", "row", "column", "correlation", "low", "high", "models"])


def _resampled(part: pd.DataFrame, over: str, rng: np.random.Generator, draws: int):
    """Positions of rows, drawn with replacement: single ones, or all of a seed together."""
    checks.choose(dict.fromkeys(("models", "seeds")), over, "over")
    seeds = part.seed.to_numpy() if over == "seeds" else np.arange(len(part))
    groups = [np.flatnonzero(seeds == seed) for seed in np.unique(seeds)]
    for _ in range(draws):
        yield np.concatenate([groups[i] for i in rng.integers(len(groups), size=len(groups))])


def spearman(values: np.ndarray) -> np.ndarray:
    """Rank correlations [c, c] of the columns of values [n, c]."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.atleast_2d(np.corrcoef(rankdata(values, axis=0), rowvar=False))


def superiority(table: pd.DataFrame, score: str) -> pd.DataFrame:
    """How often a random model of one method scores higher than one of another, ties half, 0 to 1 [methods, methods].

    0.5 if methods overlap wholly. Rows beat columns; means over data sets.
    """
    methods = list(dict.fromkeys(table.method))
    found = []
    for _, part in table.groupby("data_set", sort=False):
        values = {method: rows.to_numpy() for method, rows in part.groupby("method")[score]}
        found.append([[beats(values[a][:, None], values[b], 0.5).mean() for b in methods] for a in methods])
    return pd.DataFrame(np.mean(found, axis=0), methods, methods)


def beats(one: np.ndarray, other: np.ndarray, ties: float) -> np.ndarray:
    """1 where one value is higher than the other, ``ties`` where they are equal, 0 else; shapes broadcast."""
    return (one > other) + ties * (one == other)


def setting_medians(table: pd.DataFrame, scores) -> pd.DataFrame:
    """Medians of scores over seeds, one row a data set, method and strength."""
    key = ["data_set", "method", "strength"]
    return table.groupby(key, sort=False)[list(scores)].median().reset_index()


def between_data_sets(table: pd.DataFrame, score: str) -> pd.DataFrame:
    """Rank correlation of the settings' medians between data sets [D, D] (section 5.4, Figures 4 and 17)."""
    medians = setting_medians(table, [score])
    wide = medians.pivot(index=["method", "strength"], columns="data_set", values=score)
    return wide[medians.data_set.unique()].corr("spearman")


def complete(table: pd.DataFrame) -> pd.DataFrame:
    """The largest part with every setting at every seed of every data set: some of these three are left out.

    A study that grows is further on one data set than on another, and a cell may have failed. Left out are the seeds
    that lack a model, or the settings that do, or the data sets that lack one of another's seeds (and the seeds beyond
    those), whichever loses fewest models; what has two seeds and two data sets, without which nothing can be compared,
    goes before what has not. Raises ValueError if nothing is left.
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
        raise ValueError("no seed has every setting, and no setting every seed, on all data sets of the table")
    return best


def thirds(table: pd.DataFrame, by: str) -> pd.Series:
    """For each model 0, 1 or 2: is its score in the low, middle or high third of its data set? (Figures 22, 23)"""
    ranks = table.groupby("data_set", sort=False)[by].rank(method="first")
    counts = table.groupby("data_set", sort=False)[by].transform("size")
    return ((ranks - 1) * 3 // counts).astype(int).rename("third")


def apart(table: pd.DataFrame, one: str, other: str, by: str) -> pd.DataFrame:
    """How far two measurements of the same models are apart, for each value of the column ``by``.

    Columns models; bias and spread (mean and standard deviation of one less other) and largest (the largest absolute
    difference); ranks and lowest: their rank correlation over the models of a data set, mean and lowest of the sets.
    """
    rows = {}
    for name, part in table.groupby(by, sort=False):
        difference = part[one] - part[other]
        within = [p[[one, other]].corr("spearman").iloc[0, 1] for _, p in part.groupby("data_set")]
        measured = len(part), difference.mean(), difference.std(), difference.abs().max()
        rows[name] = (*measured, np.mean(within), np.min(within))
    return pd.DataFrame.from_dict(rows, "index", columns=["models", "bias", "spread", "largest", "ranks", "lowest"])
