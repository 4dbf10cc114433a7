"""Every figure and table of the paper, drawn from a table of results of any scale: ``FIGURES`` and ``TABLES``.

Each entry is a function of a table as ``results.load`` gives it. A figure of one data set draws that of the paper, the
others draw all that the table has; methods and data sets that the paper does not have come last. Medians carry an
interval over seeds, which the paper's figures do not.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dlnb.analysis import stats
from dlnb.analysis.inputs import rows as rows_of
from dlnb.figures import forms, inputs, plots
from dlnb.figures.atlas_tables import table_1, table_2, table_3, table_4, table_5
from dlnb.figures.looks import LOOKS, in_order, named
from dlnb.paper import SCORES, UNSUPERVISED
from dlnb.results import KEY, keepsakes

SETTING = KEY[:3]  # data set, method and strength

ACCURACIES = tuple(f"{kind}_{n}" for kind in ("lr", "gbt") for n in (10, 100, 1_000, 10_000))
EFFICIENCIES = ("lr_efficiency", "gbt_efficiency")
WITHOUT_ANNEALED = tuple(name for name in LOOKS if name != "annealed_vae")  # of the paper's methods


def part(table: pd.DataFrame, **columns) -> pd.DataFrame:
    """The rows with these values, one or a tuple for each column. Raises ValueError, naming them, if there are none."""
    if not columns:
        raise ValueError("no columns are given: select rows by the values of one, such as data_set")
    known = inputs.rows(table, columns, key=KEY)
    rows = np.ones(len(table), dtype=bool)
    for name, values in columns.items():
        single = isinstance(values, str) or not isinstance(values, Iterable)
        try:
            rows &= known[name].isin([values] if single else list(values)).to_numpy()
        except (TypeError, ValueError) as error:
            raise ValueError(f"values of {name} must be names or numbers: {error}") from error
    if not rows.any():
        held = ", ".join(f"{name} {', '.join(map(str, known[name].unique()[:8]))}" for name in columns)
        raise ValueError(f"the table has no models with {columns}, but {held}")
    return table[rows]


def _medians(table: pd.DataFrame, column: str) -> pd.DataFrame:
    return stats.by_strength(table, column, np.random.default_rng(0)).assign(measure=column)


def _against_strength(table: pd.DataFrame, column: str, log: bool = True) -> Figure:
    medians = _medians(table, column)
    return forms.medians_by_strength(medians, panel="data_set", ylabel=f"{named(column)}, nats", log=log)


def _without_annealed(table: pd.DataFrame) -> pd.DataFrame:
    methods = inputs.rows(table, ["method"], key=KEY).method
    return part(table, method=[name for name in in_order(methods) if name != "annealed_vae"])


def correlations(table: pd.DataFrame, rows, columns) -> dict[str, pd.DataFrame]:
    """Rank correlations over the models of each data set, in the order of the paper; NaN where one is not defined.

    ``rows`` and ``columns``: names of columns of the table, or of the efficiencies that follow from its accuracies.
    """
    rows, columns = inputs.columns(rows, "rows"), inputs.columns(columns, "columns")
    table, found = inputs.rows(table, ["data_set"], key=KEY), {}
    if {*EFFICIENCIES} & {*rows, *columns}:
        table = stats.with_efficiency(table)
    table = rows_of(table, ["data_set"], KEY, holes=[*rows, *columns])
    for name in in_order(table.data_set):
        matrix = table.loc[table.data_set == name, [*rows, *(c for c in columns if c not in rows)]].corr("spearman")
        found[name] = matrix.loc[list(rows), list(columns)]
    return found


def _between(table: pd.DataFrame, scores) -> dict[str, pd.DataFrame]:
    """Rank correlations over the settings between every two data sets, in the order of the paper."""
    names = in_order(inputs.rows(table, SETTING, key=KEY).data_set)
    return {score: stats.between_data_sets(table, score).loc[names, names] for score in scores}


def figure_1(table):
    """Total correlation of sampled and mean code against the strength, Color-dSprites."""
    models = _without_annealed(part(table, data_set="color_dsprites"))
    codes = {"sampled code": "tc_sampled", "mean code": "tc_mean"}
    medians = pd.concat([_medians(models, column).assign(code=code) for code, column in codes.items()])
    return forms.medians_by_strength(medians, panel="code", ylabel="total correlation, nats", log=True)


def figure_2(table):
    """How far the scores agree, Noisy-dSprites."""
    return forms.correlations(correlations(part(table, data_set="noisy_dsprites"), SCORES, SCORES))


def figure_3_left(table):
    """FactorVAE score of each method, Cars3D."""
    return forms.ranges(part(table, data_set="cars3d"), ["factor_vae_score"])


def figure_3_right(table):
    """FactorVAE score of each strength of FactorVAE, Cars3D."""
    models = part(table, data_set="cars3d", method="factor_vae")
    return forms.ranges(models, ["factor_vae_score"], by="strength", panel="method")


def figure_4_left(table):
    """FactorVAE score against the strength, Cars3D."""
    medians = _medians(part(table, data_set="cars3d"), "factor_vae_score")
    return forms.medians_by_strength(medians, panel="data_set", ylabel="FactorVAE score")


def figure_4_center(table):
    """Unsupervised scores beside the scores, Shapes3D."""
    return forms.correlations(correlations(part(table, data_set="shapes3d"), UNSUPERVISED, SCORES))


def figure_4_right(table):
    """Do settings rank alike on two data sets, by DCI?"""
    return forms.correlations(_between(table, ["dci_disentanglement"]))


def figure_5(table):
    """Scores beside downstream accuracy and efficiency, dSprites."""
    return forms.correlations(
        correlations(part(table, data_set="dsprites"), SCORES, (*ACCURACIES, *EFFICIENCIES)), columns=1
    )


def figure_6(table):
    """Statistical efficiency of boosted trees against FactorVAE score, dSprites."""
    models = stats.with_efficiency(part(table, data_set="dsprites"))
    return forms.scatters(models, [("factor_vae_score", "gbt_efficiency")])


def figure_7(table, tables=None):
    """Images and their reconstructions side by side, one model for each data set.

    ``tables``: the folder of tables beside which the reconstructions of a study of one's own were kept.
    """
    if "study" not in inputs.rows(table, ["data_set"], key=KEY).attrs:
        raise ValueError("attrs of the table lack the name of its study: give a table as results.load returns it")
    pairs = keepsakes.reconstructions(table.attrs["study"], tables)
    images = np.stack([np.broadcast_to(some[:5], (5, 2, *some.shape[2:4], 3)) for some in pairs.values()])
    return plots.image_grid(images.reshape(len(pairs), 10, *images.shape[3:]), rows=[*map(named, pairs)])


def figure_8(table):
    """Total correlation of the sampled code against the strength, without AnnealedVAE."""
    return _against_strength(_without_annealed(table), "tc_sampled")


def figure_9(table):
    """Total correlation of the mean code against the strength, without AnnealedVAE."""
    return _against_strength(_without_annealed(table), "tc_mean")


def figure_10(table):
    """Total correlation of the mean code against that of the sampled code, every model."""
    return forms.scatters(table, [("tc_sampled", "tc_mean")], log=True)


def figure_11(table):
    """Every score against every other, dSprites."""
    return forms.scatter_matrix(part(table, data_set="dsprites"), SCORES)


def figure_12(table):
    """How far the scores agree, every data set."""
    return forms.correlations(correlations(table, SCORES, SCORES))


def figure_13(table):
    """Each score of each method, every data set."""
    return forms.ranges(table, SCORES)


def figure_14(table):
    """Each score of each method and strength, Cars3D."""
    return forms.ranges(part(table, data_set="cars3d"), SCORES, by="strength", panel="method")


def figure_15(table):
    """Medians of each score against the strength, every data set."""
    medians = pd.concat([_medians(table, score) for score in SCORES])
    medians = pd.concat([medians[medians.data_set == name] for name in in_order(medians.data_set)])
    names = medians.data_set.map(named) + "\n" + medians.measure.map(named)
    return forms.medians_by_strength(medians.assign(panel=names), panel="panel", ylabel="median", columns=6)


def figure_16(table):
    """Unsupervised scores beside the scores, every data set."""
    return forms.correlations(correlations(table, UNSUPERVISED, SCORES))


def figure_17(table):
    """Do settings rank alike on two data sets, by each score?"""
    return forms.correlations(_between(table, SCORES))


def figure_18(table):
    """Medians of settings on dSprites against those on every other data set, each score."""
    medians, key = stats.setting_medians(table, SCORES), ["method", "strength"]
    first = part(medians, data_set="dsprites").drop(columns="data_set")
    first = first.rename(columns={score: f"{named(score)} on dSprites" for score in SCORES})
    both = medians[medians.data_set != "dsprites"].merge(first, on=key)
    if both.empty:
        raise ValueError("no other data set of the table has a setting of dSprites, with which it is compared")
    return forms.scatters(both, [(f"{named(score)} on dSprites", score) for score in SCORES])


def figure_19(table):
    """Scores beside downstream accuracy and efficiency, every data set."""
    return forms.correlations(correlations(table, SCORES, (*ACCURACIES, *EFFICIENCIES)), columns=1)


def figure_20(table):
    """Statistical efficiency of logistic regression against each score, every data set."""
    return forms.scatters(stats.with_efficiency(table), [(score, "lr_efficiency") for score in SCORES])


def figure_21(table):
    """Statistical efficiency of boosted trees against each score, every data set."""
    return forms.scatters(stats.with_efficiency(table), [(score, "gbt_efficiency") for score in SCORES])


def figure_22(table):
    """Downstream accuracy of models with low, middle and high DCI."""
    return forms.thirds(table, stats.thirds(table, "dci_disentanglement"), ACCURACIES)


def figure_23(table):
    """Downstream accuracy of models with low, middle and high MIG."""
    return forms.thirds(table, stats.thirds(table, "mig"), ACCURACIES)


def figure_24(table):
    """Unsupervised scores, total correlations of both codes, beside downstream accuracy and efficiency."""
    rows = (*UNSUPERVISED, "tc_mean")
    return forms.correlations(correlations(table, rows, (*ACCURACIES, *EFFICIENCIES)), columns=1)


def figure_25(table):
    """Total correlation of the sampled code against the strength, all methods."""
    return _against_strength(table, "tc_sampled")


def figure_26(table):
    """Total correlation of the mean code against the strength, all methods."""
    return _against_strength(table, "tc_mean")


def figure_27(table):
    """Average mutual information of the sampled code against the strength."""
    return _against_strength(table, "mi_sampled", log=False)


def figure_28(table):
    """Average mutual information of the mean code against the strength."""
    return _against_strength(table, "mi_mean", log=False)


FIGURES = {  # by number
    "1": figure_1,
    "2": figure_2,
    "3 left": figure_3_left,
    "3 right": figure_3_right,
    "4 left": figure_4_left,
    "4 center": figure_4_center,
    "4 right": figure_4_right,
    "5": figure_5,
    "6": figure_6,
    "7": figure_7,
    "8": figure_8,
    "9": figure_9,
    "10": figure_10,
    "11": figure_11,
    "12": figure_12,
    "13": figure_13,
    "14": figure_14,
    "15": figure_15,
    "16": figure_16,
    "17": figure_17,
    "18": figure_18,
    "19": figure_19,
    "20": figure_20,
    "21": figure_21,
    "22": figure_22,
    "23": figure_23,
    "24": figure_24,
    "25": figure_25,
    "26": figure_26,
    "27": figure_27,
    "28": figure_28,
}
TABLES = {"1": table_1, "2": table_2, "3": table_3, "4": table_4, "5": table_5, "6": table_1}
