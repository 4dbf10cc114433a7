"""What longer training changes: the order of models of a short study beside that of the same models trained longer.

Both tables have one row for each model, in any order and with any index, and NaN where a score is not measured;
anything else raises ValueError. Models of one setting (data set, method and strength) and one seed had the same initial
weights and first images in both studies.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import special

from dlnb import checks
from dlnb.analysis import inputs, stats
from dlnb.analysis.association import SETTING, mean
from dlnb.analysis.selection import standing
from dlnb.results import KEY


def kept(early: pd.DataFrame, late: pd.DataFrame, scores) -> pd.DataFrame:
    """Do settings rank after long training as they did after short training, at the same seed and at another?

    Rows (data_set, score); columns, the first three rank correlations of settings:

    - same, another: ``early`` beside ``late``, at the same seed and at another one, means over pairs of seeds;
    - before: two seeds of ``early``, mean over pairs;
    - luck: (same - another) / (1 - another). If a score is its setting's plus luck, and both vary as much later, it is
      the correlation of a model's luck after the short training with its luck after the long one.

    - settings: their number, of those that have a score at every seed of both. Seeds that have just begun, with fewer
      than half of the models of another seed of their data set, are left out.

    NaN where there are no such pairs of seeds, or where all
    settings have one score. With two seeds of ``early`` and one of ``late``, exchanging the former changes the sign of
    same - another, so that data sets can be counted by it (a sign test). Within a data set nothing can be exchanged:
    all models of a seed share initial weights, images and noise, whatever their method.
    """
    early, late, scores = _both(early, late, scores)
    found = {}
    for name, part in late.groupby("data_set", sort=False):
        tables = {"early": early[early.data_set == name], "late": part}
        for score in scores:
            wide = {when: table.pivot(index=SETTING, columns="seed", values=score) for when, table in tables.items()}
            found[name, score] = _kept(pd.concat(wide, axis=1).dropna())
    return pd.DataFrame.from_dict(found, orient="index").rename_axis(["data_set", "score"])


def _kept(scores: pd.DataFrame) -> dict[str, float]:
    """The row of ``kept`` of scores [settings, (early or late, seed)]."""
    early, late = scores["early"], scores["late"]
    together, count = stats.spearman(scores.to_numpy(float)), early.shape[1]
    across, between = together[:count, count:], together[:count, :count][np.triu_indices(count, 1)]
    pairs = early.columns.to_numpy()[:, None] == late.columns.to_numpy()
    same, another = mean(across[pairs]), mean(across[~pairs])
    luck = (same - another) / (1 - another) if another < 1 else np.nan
    return {"same": same, "another": another, "before": mean(between), "luck": luck, "settings": len(scores)}


def screened(early: pd.DataFrame, late: pd.DataFrame, scores, keep) -> pd.DataFrame:
    """Train all models a little, go on with the best ``keep`` of each seed: how good is the best of these at the end?

    Standing of that model by the score (the share of the long models of its data set and seed that it beats, ties
    counted half), which also chose who goes on; mean over seeds. ``keep``: whole numbers of at least 1. Rows (data_set,
    score), a column for each number. Over the models that both tables have, without seeds that have just begun, with
    fewer than half of the models of another; NaN where a seed has fewer, or where models have no score. Models that are
    equal after the short training keep the order of ``early``.
    """
    such = "a list of whole numbers of models, such as [1, 12]"
    keep = [checks.whole(each, "each of keep") for each in checks.instance(keep, Iterable, "keep", such)]
    if not keep:
        raise ValueError(f"keep is empty: give {such}")
    early, late, scores = _both(early, late, scores)
    both = early[KEY].assign(early=range(len(early))).merge(late[KEY].assign(late=range(len(late))), on=KEY)
    found = {}
    for name, part in both.groupby("data_set", sort=False):
        for score in scores:
            seeds = []
            for _, models in part.groupby("seed"):
                first = early[score].to_numpy(float)[models.early]
                last = standing(late.iloc[models.late], score)[score].to_numpy()
                order = np.argsort(-first, kind="stable")
                known = not (np.isnan(first).any() or np.isnan(last).any())
                seeds.append([last[order[:n]].max() if known and n <= len(last) else np.nan for n in keep])
            found[name, score] = dict(zip(keep, np.mean(seeds, axis=0), strict=True))
    return pd.DataFrame.from_dict(found, orient="index").rename_axis(["data_set", "score"])


def best_of(late: pd.DataFrame, scores, counts) -> pd.DataFrame:
    """What ``screened`` is to be compared with: the expected standing of the best of some random models of a seed.

    ``counts``: numbers of models of at least 1; between two whole numbers the standing is on the line between theirs.
    Rows (data_set, score), a column for each number, means over seeds but those that have just begun, with fewer than
    half of the models of another; NaN where a seed has fewer models, or models without the score.
    """
    such = "a list of numbers of models, such as [1, 7.2]"
    counts = [checks.number(each, "each of counts", 1) for each in checks.instance(counts, Iterable, "counts", such)]
    if not counts:
        raise ValueError(f"counts is empty: give {such}")
    late, scores = inputs.models(late, scores, KEY)
    found = {}
    for name, part in inputs.settled(late).groupby("data_set", sort=False):
        for score in scores:
            ends = [np.sort(standing(models, score)[score].to_numpy()) for _, models in part.groupby("seed")]
            seeds = [[_best_of(each, count) for count in counts] for each in ends]
            found[name, score] = dict(zip(counts, np.mean(seeds, axis=0), strict=True))
    return pd.DataFrame.from_dict(found, orient="index").rename_axis(["data_set", "score"])


def _best_of(ends: np.ndarray, count: float) -> float:
    """Of standings in rising order, NaN last: that at place i is the best if all others drawn are before it."""
    low, high, places = int(np.floor(count)), int(np.ceil(count)), np.arange(len(ends))
    if high > len(ends) or np.isnan(ends).any():
        return np.nan
    lower, upper = (ends @ (special.binom(places, k - 1) / special.binom(len(ends), k)) for k in (low, high))
    return float(lower + (count - low) * (upper - lower))


def _both(early, late, scores) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """Both tables, checked, of the data sets that both have, without seeds that have just begun."""
    early, scores = inputs.models(early, scores, KEY)
    early, late = (inputs.settled(table) for table in (early, inputs.models(late, scores, KEY)[0]))
    shared = set(early.data_set) & set(late.data_set)
    if not shared:
        names = [", ".join(map(str, table.data_set.unique())) for table in (early, late)]
        raise ValueError(f"early and late have no data set in common: {names[0]} and {names[1]}")
    return *(table[table.data_set.isin(shared)].reset_index(drop=True) for table in (early, late)), scores
