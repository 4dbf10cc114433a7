"""What the paper's claims are about, as numbers of a table of results (``dlnb.claims`` says which is which).

A number about all data sets is a mean over those of the table. What the table lacks raises KeyError or ValueError.
"""

from collections.abc import Callable
from functools import cached_property

import numpy as np
import pandas as pd

from dlnb import stats
from dlnb.paper import SCORES, UNSUPERVISED

FIVE = tuple(name for name in SCORES if name != "modularity")
MEASURES = (*SCORES, *UNSUPERVISED, "tc_mean", "mi_mean", "gbt_10000")
EFFICIENCIES = ("lr_efficiency", "gbt_efficiency")
ALIKE = ("dsprites", "color_dsprites", "scream_dsprites")  # where the paper finds scores to agree strongly
VARIANTS = (*ALIKE, "noisy_dsprites")


class Numbers:
    """A table and what several claims ask of it, computed once, when first asked for."""

    def __init__(self, table: pd.DataFrame):
        self.table = table

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
        """Shares of variance that method and setting explain, means over data sets and scores."""
        return stats.variance_explained(self.table, SCORES)[["method_corrected", "setting_corrected"]].mean()

    @cached_property
    def transfer(self) -> pd.DataFrame:
        return stats.transfer_game(self.table, SCORES)


def trend(of: Numbers, column, methods) -> float:
    """Mean over data sets and ``methods`` of the rank correlation of the strength with the median over seeds."""
    values = of.medians[["strength", column]].to_numpy()
    found = [stats.spearman(values[places])[0, 1] for (_, method), places in of.sweeps.items() if method in methods]
    if not found:
        raise ValueError(f"no models of {methods}")
    return np.nanmean(found)


def share(of: Numbers, better: Callable[[pd.DataFrame], bool], data_sets=None) -> float:
    """The share of data sets of which something is true."""
    parts = [p for name, p in of.table.groupby("data_set", sort=False) if data_sets is None or name in data_sets]
    if not parts:
        raise ValueError(f"no models of {data_sets}")
    return np.mean([better(part) for part in parts])


def median_of(part, method, column) -> float:
    return part.loc[part.method == method, column].median()


def mean_pair(matrix: pd.DataFrame, names) -> float:
    """Mean of the correlations of different ones of ``names``."""
    return matrix.loc[list(names), list(names)].to_numpy()[np.triu_indices(len(names), 1)].mean()


def over_sets(of: Numbers, quantity: Callable[[pd.DataFrame], float], data_sets=None) -> float:
    """Mean over data sets of a number made of the rank correlations of one."""
    found = [quantity(matrix) for name, matrix in of.correlations.items() if data_sets is None or name in data_sets]
    if not found:
        raise ValueError(f"no models of {data_sets}")
    return np.nanmean(found)


def tight(matrix: pd.DataFrame) -> float:
    """Mean of the paper's two tight pairs, less the mean of the other pairs of the five."""
    tight = [matrix.loc["beta_vae_score", "factor_vae_score"], matrix.loc["mig", "dci_disentanglement"]]
    count = len(FIVE) * (len(FIVE) - 1) // 2
    return np.mean(tight) - (mean_pair(matrix, FIVE) * count - sum(tight)) / (count - 2)


def across(of: Numbers, rows, columns, data_sets=None) -> pd.DataFrame:
    """Rank correlations of rows with columns, mean over data sets, [r, c]."""
    found = [
        matrix.loc[list(rows), list(columns)].fillna(0)
        for name, matrix in of.correlations.items()
        if data_sets is None or name in data_sets
    ]
    if not found:
        raise ValueError(f"no models of {data_sets}")
    return sum(found) / len(found)


def overlap(of: Numbers) -> float:
    """P(a model of a setting with a lower median beats one of a higher), FactorVAE score, mean over data sets."""
    found = []
    for _, part in of.table.groupby("data_set", sort=False):
        groups = [group.to_numpy() for _, group in part.groupby(["method", "strength"]).factor_vae_score]
        groups.sort(key=np.median)
        values, place = np.concatenate(groups), np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        sizes, first = np.bincount(place), np.flatnonzero(np.diff(place, prepend=-1))
        beats = (values[:, None] > values).astype(int)
        beats = np.add.reduceat(np.add.reduceat(beats, first, axis=0), first, axis=1)  # [settings, settings]
        found.append((beats / np.outer(sizes, sizes))[np.triu_indices(len(groups), 1)].mean())
    return np.mean(found)


def winners(of: Numbers) -> float:
    """The share of data sets and scores at which the most frequent winner has the best median of all methods."""
    medians = of.table.groupby(["data_set", "method"])[list(SCORES)].median()
    return medians.groupby("data_set").idxmax().map(lambda key: key[1]).stack().value_counts(normalize=True).iloc[0]


def nearest(of: Numbers) -> float:
    """Correlation of dSprites with Color-dSprites less the highest other, mean over scores (settings' medians)."""
    wide = of.medians.pivot(index=["method", "strength"], columns="data_set", values=list(SCORES))
    sets = list(wide.columns.unique("data_set"))
    if not {"dsprites", "color_dsprites"} < {*sets}:
        raise ValueError(f"the two sets and others are needed, not {sets}")
    one, other, found = sets.index("dsprites"), sets.index("color_dsprites"), []
    for score in SCORES:
        matrix = stats.spearman(wide[score].to_numpy())
        pair, matrix[one, other], matrix[other, one] = matrix[one, other], -np.inf, -np.inf
        found.append(pair - matrix[np.triu_indices(len(sets), 1)].max())
    return np.mean(found)


def with_accuracy(of: Numbers, data_sets) -> float:
    """Mean rank correlation of the five scores with accuracy of boosted trees from 10,000 labels."""
    return across(of, FIVE, ["gbt_10000"], data_sets).to_numpy().mean()


def with_efficiency(of: Numbers) -> float:
    """Mean rank correlation of the five scores with statistical efficiency, of both learners."""
    return across(of, FIVE, EFFICIENCIES).to_numpy().mean()
