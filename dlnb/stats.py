"""From the table of results to statistics: a DataFrame in, a DataFrame out, nothing drawn.

An interval of a median is made of bootstrap percentiles over seeds. With few seeds it is too narrow: for three it is
their range, which holds the true median in three cases of four only.
"""

import numpy as np
import pandas as pd
from scipy.stats import rankdata, spearmanr

from dlnb import checks

DRAWS = 10_000


def by_strength(table: pd.DataFrame, column: str, rng: np.random.Generator, level: float = 0.95) -> pd.DataFrame:
    """Median of ``column`` over seeds for each data set, method and strength.

    Columns data_set, method, strength, median, low, high (the interval of the median) and models.
    """
    checks.choose(dict.fromkeys(table.columns), column, "column")
    rows = []
    for key, part in table.groupby(["data_set", "method", "strength"], sort=False):
        values = part[column].to_numpy()
        medians = np.median(rng.choice(values, (DRAWS, len(values))), axis=1)
        low, high = np.quantile(medians, [(1 - level) / 2, (1 + level) / 2])
        rows.append((*key, np.median(values), low, high, len(values)))
    return pd.DataFrame(rows, columns=["data_set", "method", "strength", "median", "low", "high", "models"])


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
    """Does a score from few rows put models in the order that it gives them from many? Spearman's correlation, [s, r].

    ``table``: columns data_set, method, strength, score, rows, order (of the rows) and value. Within each data set and
    order, the ranks of the models by each number of rows are compared with those by the largest; means over both. NaN
    where a score has not been had of every model.
    """
    key, most = ["method", "strength"], table.rows.max()
    kept = {}
    for (data_set, score), part in table.groupby(["data_set", "score"], sort=False):
        wide = part.pivot(index=key, columns=["rows", "order"], values="value")
        against = wide[most].iloc[:, 0]
        found = wide.corrwith(against, method="spearman").where(wide.notna().all())
        kept[score, data_set] = found.groupby("rows").mean()
    return pd.DataFrame(kept).T.groupby(level=0, sort=False).mean()


def _correlation(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Pearson's correlation of x [n] with each row [m, n]."""
    left, right = x - x.mean(), rows - rows.mean(axis=1, keepdims=True)
    return right @ left / np.sqrt((left @ left) * np.square(right).sum(axis=1))
