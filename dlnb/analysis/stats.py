"""Medians, trends, rank correlations and comparisons: a DataFrame of results in, a DataFrame out, nothing drawn.

Tables have one row for each model, in any order and with any index, and NaN where a score is not measured; anything
else raises ValueError. Intervals of medians are bootstrap percentiles over seeds. With few seeds they are too narrow:
for three seeds the interval is their range, which contains the true median with probability 3/4 only.
"""

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from dlnb import checks
from dlnb.analysis import inputs
from dlnb.results import KEY

DRAWS = 10_000


def by_strength(table: pd.DataFrame, column: str, rng: np.random.Generator, level: float = 0.95) -> pd.DataFrame:
    """Median of ``column`` over seeds for each data set, method and strength.

    Columns data_set, method, strength, median, low, high (the interval of the median) and models, their number. The
    bootstrap enumerates all resamples of up to five seeds and draws 10,000 of more. Median and interval are NaN where a
    model of the setting has none; of a single model the interval is its value, which says nothing of other seeds.
    ``level`` of the interval is between 0 and 1, both excluded.
    """
    table, _ = inputs.models(table, inputs.column(table, column), KEY)
    checks.generator(rng, "the bootstrap")
    if checks.number(level, "level", above=True, maximum=1) == 1:
        raise ValueError("level must be below 1, such as 0.95: no interval is certain")
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
    initial weights and data, so strengths are exchangeable only within a seed if they have no effect. All four are NaN
    where ``column`` is constant within a seed, or the method has a single strength. Raises ValueError if a model has no
    value, and if a seed of a data set and method lacks a strength that another has.
    """
    table, _ = inputs.models(table, inputs.column(table, column), KEY, whole=True)
    checks.generator(rng, "the permutation test")
    rows = []
    for key, part in table.groupby(["data_set", "method"], sort=False):
        grid = part.pivot(index="strength", columns="seed", values=column)
        if grid.isna().any(axis=None):
            strength, seed = next((s, n) for n in grid for s in grid.index if pd.isna(grid.loc[s, n]))
            why = f"every seed must have every strength, so that trends can be averaged over seeds; seed {seed} lacks"
            raise ValueError(f"{key}: {why} {strength:g}: analysis.complete(table) leaves such seeds or settings out")
        order, ranks = np.arange(1, len(grid) + 1)[:, None], rankdata(grid.to_numpy(), axis=0)
        seeds = _of_ranks(order, ranks)[0]
        permuted = [rng.permuted(np.tile(each, (DRAWS, 1)), axis=1).T for each in ranks.T]
        chance = np.mean([_of_ranks(order, each)[0] for each in permuted], axis=0)
        # No comparison with NaN holds, which would give the smallest p.
        extreme = np.nan if np.isnan(seeds.mean()) else (np.abs(chance) >= abs(seeds.mean()) - 1e-12).sum()
        p = (1 + extreme) / (1 + DRAWS)
        rows.append((*key, seeds.mean(), seeds.min(), seeds.max(), p, len(seeds)))
    return pd.DataFrame(rows, columns=["data_set", "method", "correlation", "low", "high", "p", "seeds"])


def ranks_kept(table: pd.DataFrame) -> pd.DataFrame:
    """Does a score computed from few rows rank models as it does from many? Spearman's correlation.

    ``table``: columns data_set, method, strength, score, rows, order (of the rows) and value. Within each data set and
    order, scores from each number of rows are compared with those from the largest; means over the orders. Rows
    (data_set, score), a column for each number of rows. NaN where a model has no score, all have the same, or there are
    none from the largest number. Raises ValueError for several rows of one model, score, number of rows and order.
    """
    names = ["data_set", "method", "strength", "score", "rows", "order"]
    table = checks.table(inputs.measurements(table, names, ["value"]), key=names, finite=["rows"])
    key, most = ["method", "strength"], table.rows.max()
    kept = {}
    for name, part in table.groupby(["data_set", "score"], sort=False):
        wide = part.pivot(index=key, columns=["rows", "order"], values="value")
        against = wide[most].iloc[:, 0] if most in wide else pd.Series(np.nan, wide.index)
        found = wide.apply(of_both, other=against).where(wide.notna().all())
        kept[name] = found.groupby("rows").mean()
    return pd.DataFrame(kept).T


def with_efficiency(table: pd.DataFrame) -> pd.DataFrame:
    """The table with lr_efficiency and gbt_efficiency: accuracy with 100 labels over that with 10,000 (section 5.5).

    NaN where the latter is 0 or one of them is missing. Needs the four columns of accuracies, such as gbt_100.
    """
    found = inputs.models(table, [f"{kind}_{n}" for kind in ("lr", "gbt") for n in (100, 10_000)], ())[0]
    return table.assign(**{name: values.to_numpy() for name, values in efficiencies(found).items()})


def efficiencies(table: pd.DataFrame) -> dict[str, pd.Series]:
    """The columns that ``with_efficiency`` adds: ``metrics.statistical_efficiency``, for models that may lack some."""
    few, many = ({kind: table[f"{kind}_{n}"] for kind in ("lr", "gbt")} for n in (100, 10_000))
    return {f"{kind}_efficiency": few[kind] / many[kind].where(many[kind] > 0) for kind in few}


def spearman(values: np.ndarray) -> np.ndarray:
    """Rank correlations [c, c] of the columns of values [n, c]; NaN for a column that is constant or contains NaN.

    Raises ValueError for anything but an array of numbers of this shape, and for infinities.
    """
    values = checks.array(values, "values", "[n, c]", 2)
    if not values.shape[1]:
        raise ValueError(f"values must be [n, c] with at least one column, not of shape {values.shape}")
    if np.isinf(values).any():
        raise ValueError("values must be finite or NaN, but hold infinity: leave their rows or columns out")
    ranks = rankdata(values, axis=0)
    return _of_ranks(ranks, ranks)


def pairwise(values: np.ndarray) -> np.ndarray:
    """``spearman``, in which two columns that contain NaN are compared over the rows in which neither is."""
    found, holes = spearman(values), np.isnan(values).any(axis=0)
    for one in np.flatnonzero(holes):
        for other in range(values.shape[1]):
            found[one, other] = found[other, one] = of_both(values[:, one], values[:, other])
    return found


def _of_ranks(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Correlations [c, d] of the columns of ranks [n, c] with those of ranks [n, d]."""
    left, right = (ranks - (len(ranks) + 1) / 2 for ranks in (left, right))  # centred exactly
    with np.errstate(invalid="ignore", divide="ignore"):
        return left.T @ right / np.sqrt(np.outer(np.square(left).sum(axis=0), np.square(right).sum(axis=0)))


def of_both(one: pd.Series, other: pd.Series) -> float:
    """Rank correlation of two columns over the rows in which neither is NaN."""
    values = np.stack([one, other], axis=1)
    return spearman(values[~np.isnan(values).any(axis=1)])[0, 1]


def superiority(table: pd.DataFrame, score: str) -> pd.DataFrame:
    """Probability that a random model of the row's method scores higher than one of the column's [methods, methods].

    Ties count half; 0.5 if the methods do not differ. Models without the score (NaN) are left out. Means over the data
    sets where both methods have it, NaN if there is none.
    """
    table, _ = inputs.models(table, inputs.column(table, score), ("data_set", "method"))
    methods = list(dict.fromkeys(table.method))
    table, none, found = table.dropna(subset=score), np.empty(0), []
    for _, part in table.groupby("data_set", sort=False):
        values = {method: rows.to_numpy() for method, rows in part.groupby("method")[score]}
        pairs = [[(values.get(a, none), values.get(b, none)) for b in methods] for a in methods]
        found.append([[_superior(*pair) for pair in row] for row in pairs])
    found = np.reshape(found, (len(found), len(methods), len(methods)))
    known = (~np.isnan(found)).sum(axis=0)
    means = np.nansum(found, axis=0) / np.where(known, known, np.nan)
    return pd.DataFrame(means, methods, methods)


def _superior(one: np.ndarray, other: np.ndarray) -> float:
    """The probability that a random one of ``one`` is higher than one of ``other``; NaN if either is empty."""
    return beats(one[:, None], other, 0.5).mean() if one.size and other.size else np.nan


def beats(one: np.ndarray, other: np.ndarray, ties: float) -> np.ndarray:
    """1 where ``one`` is higher than ``other``, ``ties`` where they are equal, otherwise 0; shapes broadcast."""
    return (one > other) + ties * (one == other)


def setting_medians(table: pd.DataFrame, scores) -> pd.DataFrame:
    """Medians of scores over seeds, one row for each data set, method and strength.

    Columns data_set, method, strength and the scores. Models without a score are left out; NaN where no seed has it.
    """
    table, scores = inputs.models(table, scores, ("data_set", "method", "strength"))
    key = ["data_set", "method", "strength"]
    return table.groupby(key, sort=False)[list(scores)].median().reset_index()


def between_data_sets(table: pd.DataFrame, score: str) -> pd.DataFrame:
    """Rank correlations of the settings' medians between data sets [D, D] (section 5.4, Figures 4 and 17).

    Over the settings that both data sets have; NaN if these are fewer than two or have all the same median.
    """
    inputs.column(table, score)
    medians = setting_medians(table, [score])
    wide = medians.pivot(index=["method", "strength"], columns="data_set", values=score)[medians.data_set.unique()]
    return pd.DataFrame([[of_both(wide[a], wide[b]) for b in wide] for a in wide], wide.columns, wide.columns)


def complete(table: pd.DataFrame) -> pd.DataFrame:
    """The largest part of the table with every setting at every seed of every data set.

    A growing study has more models of one data set than of another, and a run may have failed. Dropped are the seeds
    with a missing model, or the settings with one, or the data sets without all the seeds of another (and seeds that
    this one lacks): the choice that loses the fewest models. Parts with at least two seeds and two data sets, which
    comparisons need, take precedence. Its rows keep their index. Raises ValueError if nothing is left.
    """
    found = inputs.keyed(table)
    best = _complete(found)
    if not len(best):
        raise ValueError("no seed has every setting and no setting has every seed on all data sets of the table")
    return table.iloc[best.index]


def _complete(table: pd.DataFrame) -> pd.DataFrame:
    wide = table[KEY].assign(model=1.0).pivot(index=["data_set", "method", "strength"], columns="seed", values="model")
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
    return max(kept, key=lambda part: (part.seed.nunique() > 1 and part.data_set.nunique() > 1, len(part)))


def thirds(table: pd.DataFrame, by: str) -> pd.Series:
    """For each model, the third of its data set that its score is in: low 0, middle 1, high 2 (Figures 22, 23).

    Integers with the index of ``table``; models of the same score stay in its order. Every model must have the score.
    """
    found, _ = inputs.models(table, inputs.column(table, by), whole=True)
    ranks = found.groupby("data_set", sort=False)[by].rank(method="first")
    counts = found.groupby("data_set", sort=False)[by].transform("size")
    return ((ranks - 1) * 3 // counts).astype(int).rename("third").set_axis(table.index)


def apart(table: pd.DataFrame, one: str, other: str, by: str) -> pd.DataFrame:
    """Differences between two measurements of the same models, for each value of the column ``by``.

    Columns models, their number; bias and spread (mean and standard deviation of one minus other); largest (the largest
    absolute difference); ranks and lowest (mean and minimum over data sets of the rank correlation over models). Models
    without one of the measurements (NaN) are left out; NaN where a number is not defined, as a spread of one model.
    """
    for name in (one, other):
        inputs.column(table, name)
    table = inputs.measurements(table, ["data_set", by], [one, other]).dropna(subset=[one, other])
    rows = {}
    for name, part in table.groupby(by, sort=False):
        difference = part[one] - part[other]
        within = [of_both(p[one], p[other]) for _, p in part.groupby("data_set")]
        measured = len(part), difference.mean(), difference.std(), difference.abs().max()
        rows[name] = (*measured, np.mean(within), np.min(within))
    return pd.DataFrame.from_dict(rows, "index", columns=["models", "bias", "spread", "largest", "ranks", "lowest"])
