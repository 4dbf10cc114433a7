"""What explorables of several chapters show, from tables of results: their ``data``, with the names that are read."""

import pandas as pd

from dlnb import checks
from dlnb.analysis import inputs
from dlnb.figures.looks import in_order, named
from dlnb.paper import SCORES, TRANSFER
from dlnb.results import KEY

DIGITS = 5
RULES = "elbo", "kl", "udr"  # by which one may choose without labels
PAPER = {  # Table 1: how often a setting that was the best is at least as good as a random model
    "paper, labels of this set and score": TRANSFER.loc["same score", "same data set"],
    "paper, labels of another set and score": TRANSFER.loc["other score", "other data set"],
}


def _names(values) -> dict[str, str]:
    return {name: named(name) for name in in_order(set(values))}


def lottery(table: pd.DataFrame, udr: pd.DataFrame) -> dict:
    """Data of "seed-lottery": ``models`` {column: values}, the paper's percentages, and what is read for each name.

    ``table`` is one of results with the six scores, the ELBO and the KL divergence; ``udr`` has a row for each model
    that has one, with the columns of KEY and udr. Raises ValueError for other tables.
    """
    scored = checks.table(table, SCORES, KEY, finite=[*SCORES, "elbo", "kl"])
    likeness = checks.table(udr, ["udr"], KEY, finite=["udr"])[[*KEY, "udr"]]
    models = scored.merge(likeness, on=KEY, how="left")[["data_set", "method", *SCORES, *RULES]].round(DIGITS)
    sets, methods = _names(models.data_set), _names(models.method)
    scores = {name: f"{named(name)} score" if name.endswith("vae_score") else named(name) for name in SCORES}
    return {"models": models, "sets": sets, "methods": methods, "scores": scores, "paper": PAPER}


def passive(gaps: pd.DataFrame) -> dict:
    """Data of "cut-the-passive": ``models`` with values [model][threshold], the thresholds, and names.

    ``gaps`` has a row for each model and threshold ``above``, as gap.csv of a study, in any order: total correlation of
    ``tc_mean`` and ``tc_sampled`` code with only the ``latents`` above it. Raises ValueError for other tables, and
    unless every model has every threshold.
    """
    measures = {"mean": "tc_mean", "sampled": "tc_sampled", "latents": "latents"}
    found = inputs.rows(gaps, KEY, [*KEY, "above"], finite=["above", *measures.values()])
    wide = found.pivot(index=KEY, columns="above", values=list(measures.values()))
    if wide.isna().any(axis=None):
        raise ValueError("every model must have every threshold, but some row of the table is missing")
    keys = wide.index.to_frame()
    models = {name: wide[column].round(DIGITS).to_numpy() for name, column in measures.items()}
    models |= {name: keys[name].tolist() for name in ("data_set", "method")}
    sets, methods = _names(keys.data_set), _names(keys.method)
    return {"models": models, "above": sorted(set(found.above)), "sets": sets, "methods": methods}
