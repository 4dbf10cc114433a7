"""The quantities that the paper's claims are about, computed from a table of results.

A number about all data sets is a mean over those of the table. What the table lacks raises ValueError.
"""

from collections.abc import Callable
from functools import cached_property

import numpy as np
import pandas as pd

from dlnb import checks
from dlnb.analysis import association, inputs, stats, transfer, variance
from dlnb.analysis.grid import Cells, medians
from dlnb.paper import SCORES, UNSUPERVISED
from dlnb.results import KEY

FIVE = tuple(name for name in SCORES if name != "modularity")
MEASURES = (*SCORES, *UNSUPERVISED, "tc_mean", "mi_mean", "mi_sampled", "lr_10000", "gbt_10000")
EFFICIENCIES = ("lr_efficiency", "gbt_efficiency")
ALIKE = ("dsprites", "color_dsprites", "scream_dsprites")  # where scores agree strongly in the paper
BOUND = 0.3  # of a rank correlation: weaker ones count as none
VARIANTS = (*ALIKE, "noisy_dsprites")
TIGHT = ("beta_vae_score", "factor_vae_score"), ("mig", "dci_disentanglement")  # the closest pairs of the paper


class Numbers:
    """A table and the statistics that several claims share, each computed once, on first use.

    ``table``: one row for each model, with the columns of KEY. Its measures are numbers or NaN; infinite ones raise
    ValueError. ``noise``: the variance of scores over samples of images, from ``variance.evaluation_noise``. ``cells``:
    the grid of the table, if it has been built for another table with the same rows, which has been checked.
    """

    def __init__(self, table: pd.DataFrame, noise: dict | None = None, cells: Cells | None = None):
        self.noise = inputs.noises(noise)
        if cells is None:
            table, cells = measured(table), Cells(table)
        checks.instance(cells, Cells, "cells", "the Cells of the table")
        if not checks.table(table, KEY)[KEY].equals(cells.keys):
            raise ValueError("cells must be the grid of a table with the same models in the same order: leave it out")
        self.table, self.cells = table, cells

    def grid(self, columns) -> np.ndarray:
        """Columns of the table on the grid [data sets, settings, seeds, columns], NaN where there is no model."""
        return self.cells.spread(self._values(columns))

    def _values(self, columns) -> np.ndarray:
        if missing := [name for name in columns if name not in self.table]:
            raise ValueError(f"the table has no column {missing[0]!r}")
        return self.table[list(columns)].to_numpy(float)

    @cached_property
    def correlations(self) -> dict[str, pd.DataFrame]:
        """Rank correlations of all measures, by data set."""
        names = [name for name in MEASURES if name in self.table]
        values = self.table[names].to_numpy(float)
        matrices = {name: stats.pairwise(values[rows]) for name, rows in self.cells.rows.items()}
        return {name: pd.DataFrame(matrix, names, names) for name, matrix in matrices.items()}

    @cached_property
    def of_efficiency(self) -> dict[str, pd.DataFrame]:
        """Rank correlations of scores and efficiencies of the models of one seed, mean over seeds, by data set.

        Models of a seed share their 100 labels, luck with which moves them all at once.
        """
        lacks = [name for name in ("lr_100", "lr_10000", "gbt_100", "gbt_10000") if name not in self.table]
        if lacks:
            raise ValueError(f"the table has no column {lacks[0]!r}")
        names = [*(name for name in SCORES if name in self.table), *EFFICIENCIES]
        values, found = self.table.assign(**stats.efficiencies(self.table))[names].to_numpy(float), {}
        for name, settings in zip(self.cells.sets, self.cells.at, strict=True):
            seeds = [column[column >= 0] for column in settings.T]
            matrices = [stats.pairwise(values[rows]) for rows in seeds if len(rows)]
            found[name] = pd.DataFrame(association.means(np.array(matrices)), names, names)
        return found

    @cached_property
    def medians(self) -> dict[str, np.ndarray]:
        """Medians over seeds [data sets, settings] of all measures."""
        names = [name for name in MEASURES if name in self.table]
        return dict(zip(names, np.moveaxis(medians(self.grid(names).swapaxes(2, 3)), -1, 0), strict=True))

    def median(self, name: str) -> np.ndarray:
        """Medians over seeds [data sets, settings] of one measure."""
        return checks.choose(self.medians, name, "measure")

    def of_methods(self, columns) -> tuple[list[str], np.ndarray]:
        """The methods, and medians over all models of each [data sets, methods, columns]."""
        names, grid = list(dict.fromkeys(self.cells.methods)), self.grid(columns)
        parts = [grid[:, self.cells.methods == name].reshape(len(grid), -1, grid.shape[-1]) for name in names]
        return names, np.stack([medians(part.swapaxes(1, 2)) for part in parts], axis=1)

    @cached_property
    def variances(self) -> pd.Series:
        """Shares of variance explained by method and setting, means over data sets and scores (of several seeds)."""
        if len(set(self.cells.methods)) < 2:
            raise ValueError("a single method explains no variance: the table needs several")
        found = variance.of_cells(self._values(SCORES), self.cells, SCORES, self.noise)
        return found[["method_corrected", "setting_corrected"]].mean()

    @cached_property
    def transfer(self) -> pd.DataFrame:
        """Table 1 with ties counted half, so that saturated scores do not raise chance above 0.5."""
        grid = self.grid(SCORES)[self.cells.whole].transpose(0, 3, 2, 1)
        if np.isnan(grid).any():
            raise ValueError("every model must have every score for the transfer game")
        return transfer.of_grid(grid, ties=0.5)


def measured(table: pd.DataFrame) -> pd.DataFrame:
    """``table`` with the index 0, 1, 2, … and the columns that claims are about as floats, which may be NaN.

    A score whose values are all whole, such as 1, may have been read as integers, and would not be shuffled. Raises
    ValueError for a table without the columns of KEY, with several rows for one model, or with an infinite measure.
    """
    known = {*MEASURES, "mi_sampled", *(f"{kind}_{n}" for kind in ("lr", "gbt") for n in (10, 100, 1_000, 10_000))}
    table = inputs.keyed(table)
    measures = [name for name in table if name in known or (table[name].dtype.kind == "f" and name != "strength")]
    table = checks.table(table, holes=measures)
    others = [name for name in measures if table[name].dtype != float]
    return table.assign(**{name: table[name].to_numpy(float, na_value=np.nan) for name in others}) if others else table


def trend(of: Numbers, column, methods, data_sets=None) -> float:
    """Rank correlation of the strength with the median over seeds, mean over data sets and ``methods``."""
    found, inside = [], [data_sets is None or name in data_sets for name in of.cells.sets]
    for method in methods:
        checks.choose(dict.fromkeys(of.cells.methods), method, "method")
        mine = of.cells.methods == method
        strengths, at = of.cells.strengths[mine], of.cells.at[:, mine][inside]
        for values, there in zip(of.median(column)[:, mine][inside], (at >= 0).any(axis=2), strict=True):
            if there.any():
                found.append(stats.spearman(np.stack([strengths, values], axis=1)[there])[0, 1])
    return _mean(found, methods)


def above_others(of: Numbers, method, column, others=None) -> float:
    """The share of data sets where the median of ``method`` exceeds the median of the other methods' medians.

    Of those data sets that have both.
    """
    names, values = of.of_methods([column])
    places = {name: i for i, name in enumerate(names)}
    for name in (method, *(others or ())):
        checks.choose(places, name, "method")
    rest = [places[name] for name in others or names if name != method]
    mine, theirs = values[:, places[method], 0], medians(values[:, rest, 0])
    return _mean(np.where(np.isfinite(mine) & np.isfinite(theirs), mine > theirs, np.nan), method)


def _mean(values: list, of_what) -> float:
    """Mean of the finite values; NaN if there are none."""
    if not len(values):
        raise ValueError(f"no models of {of_what}")
    return association.mean(values)


def block(matrix: pd.DataFrame, rows, columns) -> np.ndarray:
    """``matrix.loc[rows, columns]`` as an array, for a matrix with the same names of rows and columns.

    It is called tens of thousands of times, for which pandas is slow.
    """
    places = {name: place for place, name in enumerate(matrix.columns)}
    if missing := [name for name in (*rows, *columns) if name not in places]:
        raise ValueError(f"there are no correlations of {missing[0]!r}, only of {', '.join(places)}")
    return matrix.to_numpy()[np.ix_([places[name] for name in rows], [places[name] for name in columns])]


def mean_pair(matrix: pd.DataFrame, names) -> float:
    """Mean of the correlations of pairs of ``names``; constant scores have none."""
    return _mean(block(matrix, names, names)[np.triu_indices(len(names), 1)], names)


def mean_with(matrix: pd.DataFrame, name, names) -> float:
    """Mean of the correlations of ``name`` with each of ``names``."""
    return _mean(block(matrix, [name], names)[0], names)


def over_sets(of: Numbers, quantity: Callable[[pd.DataFrame], float], data_sets=None) -> float:
    """Mean over data sets of a ``quantity`` of their rank correlations."""
    found = [quantity(matrix) for name, matrix in of.correlations.items() if data_sets is None or name in data_sets]
    return _mean(found, data_sets)


def tight(matrix: pd.DataFrame) -> float:
    """Mean correlation of the two pairs that are close in the paper minus the mean of the other pairs of the five."""
    rest = block(matrix, FIVE, FIVE)
    for pair in TIGHT:
        rest[tuple(sorted(map(FIVE.index, pair)))] = np.nan
    near = [block(matrix, [one], [other]).item() for one, other in TIGHT]
    return _mean(near, "pairs") - _mean(rest[np.triu_indices(len(FIVE), 1)], "others")


def cells_of(matrices: dict[str, pd.DataFrame], rows, columns, data_sets=None) -> dict[str, pd.DataFrame]:
    """The rank correlations of rows with columns, by data set."""
    return {
        name: pd.DataFrame(block(matrix, rows, columns), list(rows), list(columns))
        for name, matrix in matrices.items()
        if data_sets is None or name in data_sets
    }


def beyond(cells: dict[str, pd.DataFrame], side: int = 0) -> float:
    """The share of cells whose correlation is beyond BOUND: above it (``side`` 1), below -BOUND (-1), or either (0).

    Opposite signs do not cancel, as they do in a mean. Constant measures have no correlation, and do not count.
    """
    values = np.concatenate([each.to_numpy().ravel() for each in cells.values()]) if cells else np.empty(0)
    signed = side * values if side else np.abs(values)
    return _mean(np.where(np.isnan(values), np.nan, signed > BOUND), "these data sets")


def across(of: Numbers, rows, columns, data_sets=None) -> float:
    """Mean over data sets of the rank correlations of rows with columns; constant scores have none."""
    found = [each.to_numpy() for each in cells_of(of.correlations, rows, columns, data_sets).values()]
    return _mean(np.ravel(found), data_sets)


def contrast(of: Numbers, quantity: Callable[[pd.DataFrame], float], data_sets) -> float:
    """Mean over ``data_sets`` of a ``quantity`` of their rank correlations, minus its mean over all others."""
    return over_sets(of, quantity, data_sets) - over_sets(of, quantity, {*of.cells.sets} - {*data_sets})


def flips(of: Numbers) -> float:
    """The share of pairs of settings whose order by FactorVAE score flips between two seeds: 0 to 1, chance 1/2.

    Mean over data sets and pairs of seeds; a tie counts half.
    """
    found, one, other = [], *np.triu_indices(of.cells.at.shape[1], 1)
    for grid in of.grid(["factor_vae_score"])[..., 0]:  # [settings, seeds]
        seeds = grid.T[np.isfinite(grid).any(axis=0)]
        signs = np.sign(seeds[:, one] - seeds[:, other])  # [seeds, pairs]
        known = np.isfinite(signs)
        signs = np.where(known, signs, 0)
        # Sums over the pairs of settings that both seeds have.
        agreement, count = signs @ signs.T, known.astype(float) @ known.T
        pairs = np.tril_indices(len(seeds), -1)
        found.extend((1 - agreement[pairs] / np.where(count[pairs], count[pairs], np.nan)) / 2)
    return _mean(found, "several seeds")


def winners(of: Numbers) -> float:
    """The share of data sets and scores on which the most frequent winner has the best median; ties are shared."""
    names, values = of.of_methods(SCORES)  # [data sets, methods, scores]
    if len(names) < 2:
        raise ValueError(f"the table has a single method, {names[0]}, which wins everywhere")
    values = np.where(np.isnan(values), -np.inf, values)
    best = (values == values.max(axis=1, keepdims=True)) & np.isfinite(values)
    return (best / np.maximum(best.sum(axis=1, keepdims=True), 1)).sum(axis=0).mean(axis=-1).max() / len(values)


def gain_elsewhere(of: Numbers) -> float:
    """What choosing by another score on another data set gains, minus half of what its ceiling does.

    The ceiling is the same score on the same data set at another seed; a gain is the probability to beat a random model
    less 0.5. Below 0, less than half of what could be gained carries over.
    """
    ceiling, far = of.transfer.loc["same score", "same data set"], of.transfer.loc["other score", "other data set"]
    return (far - 0.5) - (ceiling - 0.5) / 2


def with_accuracy(of: Numbers, data_sets) -> float:
    """Mean rank correlation of the five scores with the accuracy of boosted trees from 10,000 labels."""
    return across(of, FIVE, ["gbt_10000"], data_sets)
