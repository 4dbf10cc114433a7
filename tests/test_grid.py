"""The grid of a table's models against the table itself, and statistics on it against pandas."""

import numpy as np
import pandas as pd
import pytest
from grids import grid

from dlnb.analysis import stats
from dlnb.analysis.grid import Cells, medians
from dlnb.results import KEY


def uneven(seed=0):
    """A table with missing models, in random order."""
    table = grid(np.random.default_rng(seed), sets=3, seeds=4)
    return table.sample(frac=0.8, random_state=seed)


def test_every_model_has_its_place():
    table = uneven()
    cells = Cells(table)
    assert sorted(cells.at[cells.at >= 0]) == list(range(len(table)))
    for (d, g, s), row in np.ndenumerate(cells.at):
        key = cells.sets[d], cells.methods[g], cells.strengths[g], cells.seeds[s]
        found = table[(table[KEY] == pd.Series(key, KEY)).all(axis=1)]
        assert len(found) == (row >= 0) and (row < 0 or found.index[0] == table.index[row])
    for name, rows in cells.rows.items():
        assert sorted(table.index[rows]) == sorted(table.index[table.data_set == name])


def test_values_are_spread_over_the_grid():
    table = uneven()
    cells = Cells(table)
    found = cells.spread(table[["a", "b"]].to_numpy())
    assert found.shape == (*cells.at.shape, 2) and np.isnan(found[cells.at < 0]).all()
    assert np.nansum(found, axis=(0, 1, 2)) == pytest.approx(table[["a", "b"]].sum().to_numpy())


def test_labels_tell_methods_and_settings_apart():
    table = uneven()
    cells = Cells(table)
    for name, rows in cells.rows.items():
        part, labels = table.iloc[rows], cells.labels(name)
        for key, columns in (("method", ["method"]), ("setting", ["method", "strength"])):
            assert len(set(labels[key])) == labels[key].max() + 1 == len(part[columns].drop_duplicates())
            groups = part.assign(label=labels[key]).groupby(columns).label.nunique()
            assert (groups == 1).all()


@pytest.mark.parametrize("holes", [False, True])
def test_the_whole_part_is_that_of_stats_complete(holes):
    table = grid(np.random.default_rng(0), sets=3, seeds=4)
    if holes:
        table = table.drop(table.index[[3, 20]])
    cells = Cells(table)
    rows = cells.at[cells.whole]
    assert (rows >= 0).all()
    assert sorted(table.index[rows.ravel()]) == sorted(stats.complete(table).index)


def test_a_model_with_two_rows_is_refused():
    table = grid(np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"several rows for \{'data_set': 'd0', 'method': 'm0', 'strength': 2\.0"):
        Cells(pd.concat([table, table[(table.strength == 2) & (table.method == "m0")].iloc[:1]]))


def test_medians_skip_what_is_not_a_number():
    rng = np.random.default_rng(0)
    values = np.where(rng.uniform(size=(50, 7)) < 0.4, np.nan, rng.standard_normal((50, 7)))
    values[0] = np.nan
    assert np.isnan(medians(values)[0])
    np.testing.assert_array_equal(medians(values)[1:], pd.DataFrame(values[1:]).median(axis=1))
