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


def variance_explained(table: pd.DataFrame, scores, noise: dict | None = None) -> pd.DataFrame:
    """The share of a score's variance that method, and method and strength, explain (section 5.3, Table 5).

    Columns data_set, score, method and setting: R squared of least squares on 6 and 36 categories, as in the paper;
    method_corrected and setting_corrected: with as many parameters as categories allowed for, which chance would
    otherwise be credited with, and without the variance that another draw of the evaluation would add (``noise``, by
    data set and score or by score; 0 if not given); models. NaN where a score does not vary, every setting has one
    model only, or noise is more than half of the variance.
    """
    rows, noise = [], noise or {}
    grouped = {"method": ["method"], "setting": ["method", "strength"]}
    numbered = pd.DataFrame({name: table.groupby(columns).ngroup() for name, columns in grouped.items()})
    for data_set, places in table.groupby("data_set", sort=False).indices.items():
        part = table.iloc[places]
        labels = {name: np.unique(numbered[name].iloc[places], return_inverse=True)[1] for name in grouped}
        for score in scores:
            values, row = part[score].to_numpy(float), {"data_set": data_set, "score": score}
            added = noise.get((data_set, score), noise.get(score, 0.0))
            for name in grouped:
                row[name], row[f"{name}_corrected"] = _explained(values, labels[name], added)
            rows.append(row | {"models": len(part)})
    return pd.DataFrame(rows)


def _explained(values: np.ndarray, labels: np.ndarray, noise: float) -> tuple[float, float]:
    """R squared of group means, and its corrected estimate."""
    count, groups = len(values), labels.max() + 1
    means = np.bincount(labels, values) / np.bincount(labels)
    within, total = np.square(values - means[labels]).sum(), np.square(values - values.mean()).sum()
    if total == 0 or groups == count:
        return np.nan, np.nan
    inner, outer = within / (count - groups), total / (count - 1)
    if noise > outer / 2:
        return 1 - within / total, np.nan
    # Evaluation noise is within groups; a share of a variance cannot exceed 1.
    return 1 - within / total, float(np.clip((outer - inner) / (outer - noise), -1, 1))


def evaluation_noise(scored: pd.DataFrame) -> dict[tuple[str, str], float]:
    """The variance of a score of one model over samples of images, by data set and score, from models scored twice.

    ``scored``: columns data_set, score, value and again (tables/README.md, noise.csv). Half the mean squared
    difference.
    """
    half = (scored.value - scored.again).pow(2) / 2
    return half.groupby([scored.data_set, scored.score]).mean().to_dict()


def superiority(table: pd.DataFrame, score: str) -> pd.DataFrame:
    """How often a random model of one method scores higher than one of another, ties half, 0 to 1 [methods, methods].

    0.5 if methods overlap wholly. Rows beat columns; means over data sets.
    """
    methods = list(dict.fromkeys(table.method))
    found = []
    for _, part in table.groupby("data_set", sort=False):
        values = {method: rows.to_numpy() for method, rows in part.groupby("method")[score]}
        found.append([[_beats(values[a][:, None], values[b], 0.5).mean() for b in methods] for a in methods])
    return pd.DataFrame(np.mean(found, axis=0), methods, methods)


def variance_parts(table: pd.DataFrame, scores, noise: dict) -> pd.DataFrame:
    """A score's variance in four parts that add up to 1: method, strength, seed, and the draw of the evaluation.

    By the corrected estimates of ``variance_explained``: the method's share, what the strength adds to it, the share of
    evaluation noise in the whole variance (``noise``, a variance by data set and score), and the rest, which is the
    seed's. An estimate of a small share may be below 0. Columns data_set, score and the four; NaN as there, and where
    the noise is not known.
    """
    found = variance_explained(table, scores, noise)
    variances = table.groupby("data_set")[list(scores)].var()
    drawn = np.array(
        [noise.get(key, np.nan) / variances.loc[key] for key in zip(found.data_set, found.score, strict=True)]
    )
    method, setting = found.method_corrected, found.setting_corrected
    parts = {"method": method, "strength": setting - method, "seed": 1 - setting}
    shares = {name: share * (1 - drawn) for name, share in parts.items()} | {"evaluation": drawn + 0 * setting}
    return found[["data_set", "score"]].assign(**shares)


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


READINGS = {  # the text leaves open which seed the random model has, and whether it may be the chosen setting again
    "as drawn": (False, False),
    "same seed": (True, False),
    "another setting": (False, True),
    "same seed, another setting": (True, True),
}


def transfer_game(table: pd.DataFrame, scores, reading: str = "as drawn", ties: float = 1.0) -> pd.DataFrame:
    """How often a setting that is the best elsewhere beats a random model, exactly (section 5.4, Table 1).

    Draw a data set, a score and a seed, and take the setting with the highest score there; then compare it, at another
    seed, with a random model, by the same or another score, on the same or another data set. Better counts as a win,
    equal too in the paper (``ties`` 1; with 0.5 chance is a half whatever the scores); equally good best settings share
    the draw. Every possible draw is enumerated. ``reading``: one of READINGS.

    Returns the probabilities [2, 2]: rows "other score", "same score", columns "other data set", "same data set".
    Raises ValueError unless the table is a complete grid of at least two seeds, scores and data sets.
    """
    same_seed, other_setting = checks.choose(READINGS, reading, "reading")
    grid = _grid(table, list(scores))  # [D, K, S, settings]
    sets, kinds, seeds = grid.shape[:3]
    if min(sets, kinds, seeds) < 2:
        raise ValueError(f"the game needs two data sets, scores and seeds, not {sets}, {kinds} and {seeds}")
    best = grid == grid.max(axis=-1, keepdims=True)
    chosen = best / best.sum(axis=-1, keepdims=True)  # probabilities
    wins = _wins(grid, same_seed, other_setting, ties)
    # The mean over seeds other than the one of the choice.
    apart = (wins.sum(axis=2, keepdims=True) - wins) / (seeds - 1)  # [D, K, S, settings]
    table = np.einsum("dksa,elsa->dkel", chosen, apart) / seeds
    same_set, same_kind = np.eye(sets, dtype=bool)[:, None, :, None], np.eye(kinds, dtype=bool)[None, :, None, :]
    cells = [
        [table[np.broadcast_to((k == same_kind) & (d == same_set), table.shape)].mean() for d in (0, 1)] for k in (0, 1)
    ]
    return pd.DataFrame(cells, index=["other score", "same score"], columns=["other data set", "same data set"])


def _grid(table: pd.DataFrame, scores: list[str]) -> np.ndarray:
    """Scores [data sets, scores, seeds, settings]."""
    wide = table.pivot(index=["data_set", "seed"], columns=["method", "strength"], values=scores)
    sets, seeds = (wide.index.unique(level) for level in (0, 1))
    if wide.isna().any(axis=None) or len(wide) != len(sets) * len(seeds):
        raise ValueError("every data set must have a model of every setting and seed for the transfer game")
    values = wide.to_numpy().reshape(len(sets), len(seeds), len(scores), -1)
    return values.transpose(0, 2, 1, 3)


def _wins(grid: np.ndarray, same_seed: bool, other_setting: bool, ties: float) -> np.ndarray:
    """The probability that each model beats a random one of its data set and score."""
    settings, found = grid.shape[-1], np.empty(grid.shape)
    for at in np.ndindex(grid.shape[:2]):
        scores = grid[at]  # [S, settings]
        if same_seed:
            beaten = _beats(scores[:, :, None], scores[:, None, :], ties).sum(-1)
            count, own, others = settings, ties, 1
        else:
            beaten = _beats(scores[:, :, None, None], scores[None, None], ties).sum((2, 3))
            count, own, others = scores.size, _beats(scores[:, :, None], scores.T[None], ties).sum(-1), len(scores)
        found[at] = (beaten - own) / (count - others) if other_setting else beaten / count
    return found


def _beats(one: np.ndarray, other: np.ndarray, ties: float) -> np.ndarray:
    return (one > other) + ties * (one == other)


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
