"""Recipes for choosing a model, judged by the standing of the model they choose (section 5.4 and beyond).

A recipe assigns a number to every model; the user trains one model of each setting and takes the one with the highest
number. The standing of that model by a score is the share of the models of its data set that it beats, ties counted
half, so that chance is 0.5. Tables are as ``results.load`` returns them, with one row for each model and any index;
``scores`` are their columns, in which NaN stands for what was not measured. Anything else raises ValueError.
"""

import pandas as pd

from dlnb import checks
from dlnb.analysis import inputs
from dlnb.paper import UNSUPERVISED
from dlnb.results import KEY

SETTING = ["method", "strength"]
SIGNS = {"reconstruction": -1, "kl": -1, "elbo": 1, "tc_sampled": -1}  # 1: higher is better


def standing(table: pd.DataFrame, scores) -> pd.DataFrame:
    """For each model and score, the share of the models of its data set that it beats, 0 to 1, ties counted half.

    A DataFrame with the index of ``table`` and a column for each score, NaN for models without it. Needs the column
    data_set.
    """
    found, scores = inputs.models(table, scores)
    return _standing(found, scores).set_axis(table.index)


def _standing(table: pd.DataFrame, scores) -> pd.DataFrame:
    grouped = table.groupby("data_set", sort=False)[list(scores)]
    return (grouped.rank() - 0.5) / grouped.transform("count")


def chosen(table: pd.DataFrame, numbers: pd.DataFrame, scores) -> pd.DataFrame:
    """Mean standing of the model with the highest number among those of one seed; ties share the choice.

    ``numbers``: a column for each score by which the recipe is judged (or a single one, "any", for all), with the index
    of ``table``. Returns rows data_set, columns scores, means over seeds; seeds without numbers are skipped, and so are
    data sets without any, and seeds that have just begun, with fewer than half of the models of another. Needs the
    columns data_set and seed.
    """
    found, scores = inputs.models(table, scores, ("data_set", "seed"))
    numbers = checks.table(inputs.beside(numbers, table, "numbers"))
    return _chosen(inputs.settled(found), checks.table(numbers, holes=["any"] if "any" in numbers else scores), scores)


def _chosen(table: pd.DataFrame, numbers: pd.DataFrame, scores) -> pd.DataFrame:
    place, found = _standing(table, scores), {}
    for score in scores:
        column = numbers["any"] if "any" in numbers else numbers[score]
        known = column.loc[table.index].dropna().index
        groups = [table.data_set[known], table.seed[known]]
        best = column[known].eq(column[known].groupby(groups).transform("max"))
        found[score] = place.loc[known, score].where(best).groupby(groups).mean().groupby("data_set", sort=False).mean()
    return pd.DataFrame(found)


def elsewhere(table: pd.DataFrame, scores) -> pd.DataFrame:
    """For each model and score, the mean standing of its setting on the other data sets, which count equally.

    A DataFrame with the index of ``table``; NaN if no other data set has the setting. Needs the columns of KEY.
    """
    found, scores = inputs.models(table, scores, KEY)
    return _elsewhere(found, scores).set_axis(table.index)


def _elsewhere(table: pd.DataFrame, scores) -> pd.DataFrame:
    place = _standing(table, scores).join(table[["data_set", *SETTING]])
    means = place.groupby(["data_set", *SETTING])[list(scores)].mean()
    return _without_own(table, means, "data_set")


def at_other_seeds(table: pd.DataFrame, scores) -> pd.DataFrame:
    """For each model and score, the mean standing of its setting at the other seeds of its data set; NaN if none.

    A DataFrame with the index of ``table``. Needs the columns of KEY.
    """
    found, scores = inputs.models(table, scores, KEY)
    return _at_other_seeds(found, scores).set_axis(table.index)


def _at_other_seeds(table: pd.DataFrame, scores) -> pd.DataFrame:
    place = _standing(table, scores).join(table[["data_set", "seed", *SETTING]])
    parts = [
        _without_own(table.loc[part.index], part.set_index(["seed", *SETTING])[list(scores)], "seed")
        for _, part in place.groupby("data_set", sort=False)
    ]
    return pd.concat(parts).loc[table.index]


def _without_own(table: pd.DataFrame, values: pd.DataFrame, own: str) -> pd.DataFrame:
    """For each model, the mean of values [own x setting] of its setting without its own; NaN if none is left."""
    grouped = values.groupby(SETTING)
    # 0 / 0, and so NaN, where nothing else is left.
    rest = (grouped.transform("sum") - values) / (grouped.transform("count") - 1)
    return rest.loc[pd.MultiIndex.from_frame(table[[own, *SETTING]])].set_axis(table.index)


def recipes(table: pd.DataFrame, scores, udr: pd.Series | None = None) -> pd.DataFrame:
    """Standing of the choice of each recipe: rows (recipe, data_set), columns scores, as ``chosen`` returns them.

    Without labels: the lowest reconstruction loss, KL divergence or total correlation of the sampled code, the highest
    ELBO, and UDR (``udr``: a Series with a number for each model, NaN if it has none, and the index of the table). With
    labels of other data sets: the setting with the highest standing there by the same score. With labels of this data
    set: the best model by another score (mean over them), and the best setting by the same score at the other seeds.

    A recipe that a table gives no numbers for has no rows: "other data sets" of a single one, "other seeds" of a single
    one, and "another score" of a single one. Seeds that have just begun, with fewer than half of the models of another
    seed of their data set, are left out.
    """
    measured, _ = inputs.models(table, UNSUPERVISED, KEY)
    models, scores = inputs.models(measured, scores, KEY)
    models = inputs.settled(models)
    found = {name: _chosen(models, (SIGNS[name] * models[name]).to_frame("any"), scores) for name in UNSUPERVISED}
    if udr is not None:
        checks.instance(udr, pd.Series, "udr", "a Series with a number for each model and the index of the table")
        numbers = inputs.beside(udr, table, "udr").to_frame("any")
        found["udr"] = _chosen(models, checks.table(numbers, holes=["any"]), scores)
    found["other data sets"] = _chosen(models, _elsewhere(models, scores), scores)
    by_others = {}
    for score in scores if len(scores) > 1 else ():
        others = (models[[other]].set_axis(["any"], axis=1) for other in scores if other != score)
        by_others[score] = pd.concat([_chosen(models, other, [score])[score] for other in others], axis=1).mean(axis=1)
    if by_others:
        found["another score"] = pd.DataFrame(by_others)
    found["other seeds"] = _chosen(models, _at_other_seeds(models, scores), scores)
    return pd.concat(found, names=["recipe"])
