"""What a recipe for choosing a model buys: how high the chosen one stands by a score (section 5.4, and beyond it).

A recipe puts a number on every model; the user trains one model of each setting and takes the one with the highest
number. It is judged by where that model stands among all of its data set by a score: the share of them that it beats,
equal ones half, so that 0.5 is chance. Tables are as ``results.load`` gives them, with a unique index.
"""

import pandas as pd

from dlnb.paper import UNSUPERVISED

SETTING = ["method", "strength"]
SIGNS = {"reconstruction": -1, "kl": -1, "elbo": 1, "tc_sampled": -1}  # the way in which each is meant to be good


def standing(table: pd.DataFrame, scores) -> pd.DataFrame:
    """For each model and score the share of the models of its data set that it beats, 0 to 1, equal ones half."""
    grouped = table.groupby("data_set", sort=False)[list(scores)]
    return (grouped.rank() - 0.5) / grouped.transform("count")


def chosen(table: pd.DataFrame, numbers: pd.DataFrame, scores) -> pd.DataFrame:
    """Mean standing of the model with the highest number among those of one seed; equal ones share the choice.

    ``numbers``: a column for each score by which the recipe would be judged (or one, "any", for all), with the index of
    ``table``. Returns rows data_set, columns scores, means over seeds; seeds without numbers do not count.
    """
    place, found = standing(table, scores), {}
    for score in scores:
        column = numbers["any"] if "any" in numbers else numbers[score]
        known = column.dropna().index
        groups = [table.data_set[known], table.seed[known]]
        best = column[known].eq(column[known].groupby(groups).transform("max"))
        found[score] = place.loc[known, score].where(best).groupby(groups).mean().groupby("data_set", sort=False).mean()
    return pd.DataFrame(found)


def elsewhere(table: pd.DataFrame, scores) -> pd.DataFrame:
    """For each model how high its setting stands on the other data sets by a score: a mean of the standings there."""
    place = standing(table, scores).join(table[["data_set", *SETTING]])
    means = place.groupby(["data_set", *SETTING])[list(scores)].mean()
    return _without_own(table, means, "data_set")


def at_other_seeds(table: pd.DataFrame, scores) -> pd.DataFrame:
    """For each model how high its setting stands at the other seeds of its data set by a score; NaN with one seed."""
    place = standing(table, scores).join(table[["data_set", "seed", *SETTING]])
    parts = [
        _without_own(table.loc[part.index], part.set_index(["seed", *SETTING])[list(scores)], "seed")
        for _, part in place.groupby("data_set", sort=False)
    ]
    return pd.concat(parts).loc[table.index]


def _without_own(table: pd.DataFrame, values: pd.DataFrame, own: str) -> pd.DataFrame:
    """Means of values [own x setting] over all but the own one, for every model of the table; NaN if there is none."""
    grouped = values.groupby(SETTING)
    rest = (grouped.transform("sum") - values) / (grouped.transform("count") - 1)
    return rest.loc[pd.MultiIndex.from_frame(table[[own, *SETTING]])].set_axis(table.index)


def recipes(table: pd.DataFrame, scores, udr: pd.Series | None = None) -> pd.DataFrame:
    """What each recipe buys: rows (recipe, data_set), columns scores, as ``chosen`` gives them.

    Without labels: the lowest loss, KL divergence or total correlation of the sampled code, the highest ELBO, and UDR
    (``udr``: a number for each model, with the index of the table). With labels elsewhere: the setting that stands
    highest on the other data sets by the same score. With labels here: the model that is best by another score (mean
    over them), and the setting that is best by the same score at the other seeds.
    """
    found = {name: chosen(table, (SIGNS[name] * table[name]).to_frame("any"), scores) for name in UNSUPERVISED}
    if udr is not None:
        found["udr"] = chosen(table, udr.to_frame("any"), scores)
    found["other data sets"] = chosen(table, elsewhere(table, scores), scores)
    by_others = {}
    for score in scores:
        others = (table[[other]].set_axis(["any"], axis=1) for other in scores if other != score)
        by_others[score] = pd.concat([chosen(table, other, [score])[score] for other in others], axis=1).mean(axis=1)
    found["another score"] = pd.DataFrame(by_others)
    found["other seeds"] = chosen(table, at_other_seeds(table, scores), scores)
    return pd.concat(found, names=["recipe"])
