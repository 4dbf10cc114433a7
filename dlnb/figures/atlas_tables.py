"""The tables of the paper from a table of results; ``atlas`` numbers them.

Each is a function of a table as ``results.load`` gives it. What the paper does not have comes last.
"""

import numpy as np
import pandas as pd

from dlnb import paper
from dlnb.analysis import inputs, stats, transfer, variance
from dlnb.figures import looks
from dlnb.paper import SCORES
from dlnb.results import KEY
from dlnb.results.table import PROTOCOL
from dlnb.study import SWEEPS


def table_1(table):
    """Is the best setting elsewhere at least as good as a random model? (also Table 6)

    The paper's numbers and ours, which are missing as long as no two seeds are complete on two data sets.
    """
    table = inputs.rows(table, KEY, KEY, finite=["strength"], holes=SCORES)
    try:
        ours = transfer.game(stats.complete(table), SCORES)
    except ValueError:
        ours = paper.TRANSFER * np.nan
    return pd.concat({"paper": paper.TRANSFER, "here": ours}, axis=1)


def table_2(table):
    """The networks of the paper. Ours differ in the kernels of the encoder's last two convolutions and, at 32 x 32, by
    one stage less (chapter *protocol*, 1 and 2)."""
    return paper.NETWORKS


def table_3(table):
    """The strengths of each method."""
    table, rows = inputs.rows(table, ["method", "strength"], KEY, finite=["strength"]), {}
    for method in looks.in_order([*paper.METHODS, *table.method]):
        strengths = looks.strengths(method, table.strength[table.method == method])
        hyperparameter = SWEEPS[method].hyperparameter if method in SWEEPS else "strength"
        rows[looks.named(method)] = {"": hyperparameter, **dict(enumerate(strengths, 1))}
    return pd.DataFrame.from_dict(rows, orient="index")


def table_4(table):
    """Constants of training, two of which the paper states elsewhere or leaves at a default: the paper's and ours.

    Those that rows of tables tell are NaN if this table does not.
    Raises ValueError for a table of models that were trained in different ways. Those of FactorVAE count only if there
    are no others, since a study may train them for half of the updates.
    """
    table = inputs.rows(table, ["method"], KEY)
    table = table[table.method != "factor_vae"] if (table.method != "factor_vae").any() else table
    theirs = pd.concat([paper.PROTOCOL, pd.Series({"annealed_gamma": 1_000, "reconstruction_weight": 1})])
    ours = {name: table[name].iloc[0] for name in theirs.index if name in table}
    for name in ours:
        if (different := table[name].dropna().unique()).size > 1:
            given = " and ".join(f"{value:g}" for value in different[:2])
            raise ValueError(f"models of the table differ in {name}, such as {given}: draw those of one study")
    fixed = {name: value for name, value in theirs.items() if name not in PROTOCOL}  # by the package
    return pd.DataFrame({"paper": theirs, "here": pd.Series({**fixed, **ours}, dtype=object)}, theirs.index)


def table_5(table, noise=None):
    """The share of each score's variance that the method, and method and strength, explain: the paper's and ours.

    With few seeds, so many settings explain much of what is only noise: "corrected" allows for that, and for the
    ``noise`` of the evaluation if it is given, as ``variance.evaluation_noise`` gives it.
    """
    found = variance.explained(table, SCORES, noise)
    theirs, tables = {"method": paper.VARIANCE_BY_METHOD, "setting": paper.VARIANCE_BY_SETTING}, {}
    for name, published in theirs.items():
        tables[name, "paper"] = published
        for who, column in (("here", name), ("here, corrected", f"{name}_corrected")):
            ours = found.pivot(index="data_set", columns="score", values=column)
            tables[name, who] = ours.loc[sorted(ours.index, key=lambda data_set: data_set not in looks.NAMES)]
    return pd.concat({key: table.reindex(columns=SCORES) for key, table in tables.items()})
