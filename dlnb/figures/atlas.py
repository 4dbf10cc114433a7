"""Every figure and table of the paper, drawn from a table of results of any scale: ``FIGURES`` and ``TABLES``.

Each entry is a function of a table as ``results.load`` gives it. A figure of one data set draws that of the paper; of
several, all that the table holds. Medians carry an interval over seeds, which the paper's figures do not.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dlnb import paper
from dlnb.analysis import stats, transfer, variance
from dlnb.figures import forms, plots
from dlnb.paper import SCORES, UNSUPERVISED
from dlnb.results import keepsakes
from dlnb.study import DATA_SETS, SWEEPS

ACCURACIES = tuple(f"{kind}_{n}" for kind in ("lr", "gbt") for n in (10, 100, 1_000, 10_000))
EFFICIENCIES = ("lr_efficiency", "gbt_efficiency")
WITHOUT_ANNEALED = tuple(name for name in SWEEPS if name != "annealed_vae")


def part(table: pd.DataFrame, **columns) -> pd.DataFrame:
    """The rows with these values, one or a tuple a column. Raises ValueError, naming them, if there is none."""
    rows = np.ones(len(table), dtype=bool)
    for name, values in columns.items():
        rows &= table[name].isin([values] if isinstance(values, str) else values)
    if not rows.any():
        raise ValueError(f"the table has no models with {columns}")
    return table[rows]


def _medians(table: pd.DataFrame, column: str) -> pd.DataFrame:
    return stats.by_strength(table, column, np.random.default_rng(0)).assign(measure=column)


def _against_strength(table: pd.DataFrame, column: str, methods=tuple(SWEEPS), log=True) -> Figure:
    medians = _medians(part(table, method=methods), column)
    return forms.medians_by_strength(medians, panel="data_set", ylabel=f"{forms.named(column)}, nats", log=log)


def correlations(table: pd.DataFrame, rows, columns) -> dict[str, pd.DataFrame]:
    """Rank correlations over the models of each data set, in the order of the study."""
    table, found = stats.with_efficiency(table), {}
    for name in (name for name in DATA_SETS if name in set(table.data_set)):
        matrix = table.loc[table.data_set == name, [*rows, *(c for c in columns if c not in rows)]].corr("spearman")
        found[name] = matrix.loc[list(rows), list(columns)]
    return found


def figure_1(table):
    """Total correlation of sampled and mean code against the strength, Color-dSprites."""
    models = part(table, data_set="color_dsprites", method=WITHOUT_ANNEALED)
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
    return forms.correlations({"dci_disentanglement": stats.between_data_sets(table, "dci_disentanglement")})


def figure_5(table):
    """Scores beside downstream accuracy and efficiency, dSprites."""
    return forms.correlations(
        correlations(part(table, data_set="dsprites"), SCORES, (*ACCURACIES, *EFFICIENCIES)), columns=1
    )


def figure_6(table):
    """Statistical efficiency of boosted trees against FactorVAE score, dSprites."""
    models = stats.with_efficiency(part(table, data_set="dsprites"))
    return forms.scatters(models, [("factor_vae_score", "gbt_efficiency")])


def figure_7(table):
    """Images and their reconstructions side by side, one model a data set."""
    pairs = keepsakes.reconstructions(table.attrs["study"])
    images = np.stack([np.broadcast_to(some[:5], (5, 2, *some.shape[2:4], 3)) for some in pairs.values()])
    return plots.image_grid(images.reshape(len(pairs), 10, *images.shape[3:]), rows=[*map(forms.named, pairs)])


def figure_8(table):
    """Total correlation of the sampled code against the strength, without AnnealedVAE."""
    return _against_strength(table, "tc_sampled", WITHOUT_ANNEALED)


def figure_9(table):
    """Total correlation of the mean code against the strength, without AnnealedVAE."""
    return _against_strength(table, "tc_mean", WITHOUT_ANNEALED)


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
    places = {name: i for i, name in enumerate(DATA_SETS)}
    medians = medians.sort_values("data_set", key=lambda names: names.map(places), kind="stable")
    names = medians.data_set.map(forms.named) + "\n" + medians.measure.map(forms.named)
    return forms.medians_by_strength(medians.assign(panel=names), panel="panel", ylabel="median", columns=6)


def figure_16(table):
    """Unsupervised scores beside the scores, every data set."""
    return forms.correlations(correlations(table, UNSUPERVISED, SCORES))


def figure_17(table):
    """Do settings rank alike on two data sets, by each score?"""
    return forms.correlations({score: stats.between_data_sets(table, score) for score in SCORES})


def figure_18(table):
    """Medians of settings on dSprites against those on every other data set, each score."""
    medians, key = stats.setting_medians(table, SCORES), ["method", "strength"]
    first = part(medians, data_set="dsprites").drop(columns="data_set")
    first = first.rename(columns={score: f"{forms.named(score)} on dSprites" for score in SCORES})
    both = medians[medians.data_set != "dsprites"].merge(first, on=key)
    return forms.scatters(both, [(f"{forms.named(score)} on dSprites", score) for score in SCORES])


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


def table_1(table):
    """Is the best setting elsewhere at least as good as a random model? (again as Table 6)

    The paper's numbers and ours, which are missing while no two seeds are complete on two data sets.
    """
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
    rows = {sweep.label: {"": sweep.hyperparameter, **dict(enumerate(sweep.strengths, 1))} for sweep in SWEEPS.values()}
    return pd.DataFrame.from_dict(rows, orient="index")


def table_4(table):
    """Constants of the training, and two that the paper has elsewhere or by default: the paper's and ours."""
    theirs = pd.concat([paper.PROTOCOL, pd.Series({"annealed_gamma": 1_000, "reconstruction_weight": 1})])
    ours = {name: table[name].iloc[0] for name in theirs.index if name in table}
    return pd.DataFrame({"paper": theirs, "here": {**theirs, **ours}})


def table_5(table, noise=None):
    """The share of each score's variance that the method, and method and strength, explain: the paper's and ours.

    With few seeds, many settings explain much of mere noise: "corrected" allows for it, and for the ``noise`` of the
    evaluation if it is given, as ``variance.evaluation_noise`` does.
    """
    found = variance.explained(table, SCORES, noise)
    theirs, tables = {"method": paper.VARIANCE_BY_METHOD, "setting": paper.VARIANCE_BY_SETTING}, {}
    for name, published in theirs.items():
        tables[name, "paper"] = published
        for who, column in (("here", name), ("here, corrected", f"{name}_corrected")):
            tables[name, who] = found.pivot(index="data_set", columns="score", values=column)
    return pd.concat({key: table.reindex(columns=SCORES) for key, table in tables.items()})


def _numbered(kind: str) -> dict[str, Callable]:
    return {
        name.removeprefix(f"{kind}_").replace("_", " "): function
        for name, function in globals().items()
        if name.startswith(f"{kind}_")
    }


FIGURES, TABLES = _numbered("figure"), _numbered("table") | {"6": table_1}  # by number, such as "4 left"
