"""The models of a table of results as an array over data sets, settings (method and strength) and seeds.

Intervals repeat a statistic many times on the same models with other values: the grid is then built only once.
"""

from functools import cached_property

import numpy as np
import pandas as pd

from dlnb import checks
from dlnb.analysis import inputs, stats
from dlnb.results import KEY


class Cells:
    """The positions of a table's rows on the grid, from its columns data_set, method, strength and seed.

    ``sets`` and ``seeds``, ``methods`` and ``strengths`` (of settings), in the order of the table; ``at`` [data sets,
    settings, seeds], the position of the model's row or -1; ``rows``, those of each data set in the order of ``at``;
    ``keys``, the four columns.
    The index of the table does not matter. Raises ValueError for anything but a table with these columns and rows, if
    one of them is unknown in a row, and if two rows have the same key.
    """

    def __init__(self, table: pd.DataFrame):
        table = inputs.keyed(table)
        self.keys = table[KEY]
        numbers, sets = table.data_set.factorize()
        settings, pairs = pd.MultiIndex.from_frame(table[["method", "strength"]]).factorize()
        seeds, self.seeds = table.seed.factorize()
        self.sets, self.methods = list(sets), pairs.get_level_values(0).to_numpy(object)
        self.strengths = pairs.get_level_values(1).to_numpy(float)
        self.at = np.full((len(self.sets), len(pairs), len(self.seeds)), -1)
        self.at[numbers, settings, seeds] = np.arange(len(table))
        self.rows = {name: places[places >= 0] for name, places in zip(self.sets, self.at, strict=True)}

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Values [models, ...] on the grid [data sets, settings, seeds, ...], NaN where there is no model."""
        values = checks.array(values, "values", "[models, ...]")
        if not values.ndim or len(values) != len(self.keys):
            raise ValueError(f"values must be of the {len(self.keys)} models of the table, not {checks.shown(values)}")
        found = values[self.at].astype(float, copy=False)
        found[self.at < 0] = np.nan
        return found

    def labels(self, name: str) -> dict[str, np.ndarray]:
        """Integer labels of the method and of the setting of each model of a data set."""
        place = checks.choose({each: i for i, each in enumerate(self.sets)}, name, "data set")
        setting = np.nonzero(self.at[place] >= 0)[0]
        return {
            key: np.unique(values, return_inverse=True)[1]
            for key, values in (("method", self.methods[setting].astype(str)), ("setting", setting))
        }

    @cached_property
    def whole(self) -> tuple[np.ndarray, ...]:
        """Index of the part of the grid that ``stats.complete`` keeps, by data sets, settings and seeds."""
        if (self.at >= 0).all():
            return np.ix_(*map(np.arange, self.at.shape))
        inside = np.isin(self.at, stats.complete(self.keys).index)
        return np.ix_(*(np.flatnonzero(inside.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))))


def medians(values: np.ndarray) -> np.ndarray:
    """Medians of numbers [..., n] over the last axis [...], ignoring NaN; NaN where all values are. n is at least 1."""
    values = checks.array(values, "values", "[..., n]")
    if not values.ndim or not values.shape[-1]:
        raise ValueError(f"values must be [..., n] with n of at least 1, not {checks.shown(values)}")
    ordered = np.sort(values, axis=-1)  # NaN comes last
    count = (~np.isnan(ordered)).sum(axis=-1, keepdims=True)
    low, high = (np.take_along_axis(ordered, np.maximum(place, 0), -1) for place in ((count - 1) // 2, count // 2))
    return ((low + high) / 2)[..., 0]
