"""What the paper's claims are about, as numbers of a table of results (``dlnb.claims`` says which is which).

A number about all data sets is a mean over those of the table. What the table lacks raises KeyError or ValueError.
"""

from collections.abc import Callable
from functools import cached_property

import numpy as np
import pandas as pd

from dlnb import stats, transfer, variance
from dlnb.paper import SCORES, UNSUPERVISED

FIVE = tuple(name for name in SCORES if name != "modularity")
MEASURES = (*SCORES, *UNSUPERVISED, "tc_mean", "mi_mean", "gbt_10000")
EFFICIENCIES = ("lr_efficiency", "gbt_efficiency")
ALIKE = ("dsprites", "color_dsprites", "scream_dsprites")  # where the paper finds scores to agree strongly
VARIANTS = (*ALIKE, "noisy_dsprites")


class Numbers:
    """A table and what several claims ask of it, computed once, when first asked for.

    ``noise``: the variance of scores over samples of images, as ``variance.evaluation_noise`` gives it.
    """

    def __init__(self, table: pd.DataFrame, noise: dict | None = None):
        self.table, self.noise = table, noise

    @cached_property
    def correlations(self) -> dict[str, pd.DataFrame]:
        """Rank correlations of all that is measured, by data set."""
        table, names = self.table, [name for name in MEASURES if name in self.table]
        if {"gbt_100", "gbt_10000", "lr_100", "lr_10000"} <= {*table}:
            table, names = stats.with_efficiency(table), [*names, *EFFICIENCIES]
        parts = table.groupby("data_set", sort=False)[names]
        return {name: pd.DataFrame(stats.spearman(part.to_numpy(float)), names, names) for name, part in parts}

    @cached_property
    def medians(self) -> pd.DataFrame:
        return stats.setting_medians(self.table, [name for name in MEASURES if name in self.table])

    @cached_property
    def sweeps(self) -> dict[tuple, np.ndarray]:
        """Where the medians of each data set and method stand."""
        return self.medians.groupby(["data_set", "method"]).indices

    @cached_property
    def variances(self) -> pd.Series:
        """Shares of variance that method and setting explain, means over data sets and scores.

        Of those that have both, if there are any: data sets with one seed have the first alone.
        """
        found = variance.explained(self.table, SCORES, self.noise)[["method_corrected", "setting_corrected"]]
        both = found.dropna()
        return (both if len(both) else found).mean()

    @cached_property
    def transfer(self) -> pd.DataFrame:
        """With half a win for a tie, so that saturated scores do not lift chance above a half."""
        return transfer.game(stats.complete(self.table), SCORES, ties=0.5)


def trend(of: Numbers, column, methods) -> float:
    """Mean over data sets and ``methods`` of the rank correlation of the strength with the median over seeds."""
    values = of.medians[["strength", column]].to_numpy()
    found = [stats.spearman(values[places])[0, 1] for (_, method), places in of.sweeps.items() if method in methods]
    return _mean(found, methods)


def above_others(of: Numbers, method, column, others=None) -> float:
    """The share of data sets where the median of ``method`` is above the median of the other methods' medians."""
    medians = of.table.groupby(["data_set", "method"])[column].median().unstack("method")
    rest = medians[list(others)] if others else medians.drop(columns=method)
    return (medians[method] > rest.median(axis=1)).mean()


def _mean(values: list, of_what) -> float:
    """The mean of what there is; not a number if there is nothing but that."""
    if not len(values):
        raise ValueError(f"no models of {of_what}")
    finite = np.asarray(values, float)
    finite = finite[np.isfinite(finite)]
    return finite.mean() if finite.size else np.nan


def _block(matrix: pd.DataFrame, rows, columns) -> np.ndarray:
    """``matrix.loc[rows, columns]`` as an array: it is asked for tens of thousands of times, where pandas is slow."""
    places = {name: place for place, name in enumerate(matrix.columns)}
    return matrix.to_numpy()[np.ix_([places[name] for name in rows], [places[name] for name in columns])]


def mean_pair(matrix: pd.DataFrame, names) -> float:
    """Mean of the correlations of different ones of ``names``; a score that does not vary has none."""
    return _mean(_block(matrix, names, names)[np.triu_indices(len(names), 1)], names)


def over_sets(of: Numbers, quantity: Callable[[pd.DataFrame], float], data_sets=None) -> float:
    """Mean over data sets of a number made of the rank correlations of one."""
    found = [quantity(matrix) for name, matrix in of.correlations.items() if data_sets is None or name in data_sets]
    return _mean(found, data_sets)


def tight(matrix: pd.DataFrame) -> float:
    """Mean of the paper's two tight pairs, less the mean of the other pairs of the five."""
    pairs = ("beta_vae_score", "factor_vae_score"), ("mig", "dci_disentanglement")
    rest = _block(matrix, FIVE, FIVE)
    for pair in pairs:
        rest[tuple(sorted(map(FIVE.index, pair)))] = np.nan
    return _mean([matrix.loc[pair] for pair in pairs], "pairs") - _mean(rest[np.triu_indices(len(FIVE), 1)], "others")


def across(of: Numbers, rows, columns, data_sets=None) -> float:
    """Mean of the rank correlations of rows with columns over data sets; a score that does not vary has none."""
    found = [
        _block(matrix, rows, columns)
        for name, matrix in of.correlations.items()
        if data_sets is None or name in data_sets
    ]
    return _mean(np.ravel(found), data_sets)


def flips(of: Numbers) -> float:
    """The share of pairs of settings whose order by FactorVAE score flips from one seed to another: 0 to 1, chance 1/2.

    Mean over data sets and pairs of seeds; a tie is half a flip.
    """
    found = []
    for _, part in of.table.groupby("data_set", sort=False):
        grid = part.pivot(index="seed", columns=["method", "strength"], values="factor_vae_score").to_numpy()
        signs = np.sign(grid[:, :, None] - grid[:, None, :])[:, *np.triu_indices(grid.shape[1], 1)]  # [S, pairs]
        for one in range(len(signs)):
            for other in range(one):
                agreement = signs[one] * signs[other]
                found.append((1 - np.nanmean(agreement)) / 2)
    return _mean(found, "several seeds")


def winners(of: Numbers) -> float:
    """The share of data sets and scores that the most frequent winner has the best median at; ties are shared."""
    medians = of.table.groupby(["data_set", "method"])[list(SCORES)].median()
    best = medians.eq(medians.groupby("data_set").transform("max"))
    won = best / best.groupby("data_set").transform("sum")
    return won.groupby("method").sum().mean(axis=1).max() / medians.index.unique("data_set").size


def nearest(of: Numbers) -> float:
    """Correlation of dSprites with Color-dSprites less the mean of other pairs, mean over scores (by medians)."""
    wide = of.medians.pivot(index=["method", "strength"], columns="data_set", values=list(SCORES)).dropna()
    sets = list(wide.columns.unique("data_set"))
    if not {"dsprites", "color_dsprites"} < {*sets}:
        raise ValueError(f"the two sets and others are needed, not {sets}")
    pair, found = sorted(map(sets.index, ("dsprites", "color_dsprites"))), []
    for score in SCORES:
        matrix = stats.spearman(wide[score].to_numpy())
        others = np.triu(np.ones(matrix.shape, bool), 1)
        others[*pair] = False
        found.append(matrix[*pair] - _mean(matrix[others], "other pairs"))
    return _mean(found, "scores")


def with_accuracy(of: Numbers, data_sets) -> float:
    """Mean rank correlation of the five scores with accuracy of boosted trees from 10,000 labels."""
    return across(of, FIVE, ["gbt_10000"], data_sets)


def with_efficiency(of: Numbers) -> float:
    """Mean rank correlation of the five scores with statistical efficiency, of both learners."""
    return across(of, FIVE, EFFICIENCIES)
