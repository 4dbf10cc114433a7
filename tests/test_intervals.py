"""Intervals with the data set as the unit, against tables of textbooks, SciPy's tests and simulations."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from test_statements import study

from dlnb.claims import CLAIMS, intervals, verdicts
from dlnb.claims.quantities import ALIKE, FIVE

MEAN = verdicts.Claim("mean", "S.", "5.1", "p", lambda n: n.table.mig.mean(), 0.5)


def test_the_interval_of_a_mean_is_that_of_students_t():
    values = np.array([0.1, 0.4, -0.2, 0.35, 0.6, 0.05, 0.3])
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert intervals.of_sets(values) == pytest.approx((expected.low, expected.high))
    assert np.isnan(intervals.of_sets(values[:1])).all() and np.isnan(intervals.of_sets(values[:0])).all()


@pytest.mark.parametrize(("ones", "n"), [(7, 7), (0, 7), (6, 7), (1, 6), (3, 5)])
def test_the_interval_of_a_share_of_data_sets_has_a_width(ones, n):
    values = np.array([1.0] * ones + [0.0] * (n - ones))
    expected = stats.binomtest(ones, n).proportion_ci(0.95, "exact")
    assert intervals.of_sets(values, share=True) == pytest.approx((expected.low, expected.high))
    low, high = intervals.of_sets(values, share=True)
    assert high - low > 0.3


@pytest.mark.parametrize("value", [-1.0, 0.5, 1.0])
def test_values_that_are_all_alike_tell_no_width(value):
    assert np.isnan(intervals.of_sets(np.full(7, value))).all()


@pytest.mark.parametrize("more", [18, 24, 30])
def test_intervals_of_a_seed_that_is_half_done_hold_as_often_as_of_one_that_is_whole(more):
    rng, held = np.random.default_rng(0), 0
    rows = pd.DataFrame({"data_set": "dsprites", "method": "a", "strength": np.arange(36.0), "seed": 0})
    rows = pd.concat([rows, rows.head(more).assign(seed=1)], ignore_index=True)

    def values(tables, cells=None):
        return np.array([[table.groupby("strength").mig.median().mean()] for table in tables]).reshape(-1, 1)

    for _ in range(100):
        table = rows.assign(mig=rng.normal(size=len(rows)))
        half, sets, seeds = intervals.half_widths(table, values, rng, 50)
        held += abs(values([table])[0, 0]) < half[0]
        assert (sets, seeds) == (1, 2)
    assert held >= 88


def test_a_data_set_whose_second_seed_has_just_begun_is_not_in_the_interval():
    table = study(seeds=1)
    one = table.head(5).assign(seed=1)
    half, sets, _ = intervals.half_widths(
        pd.concat([table, one], ignore_index=True), _none, np.random.default_rng(0), 3
    )
    assert sets == 0 and np.isnan(half).all()


def _none(tables, cells=None):
    return np.empty((len(list(tables)), 2))


def test_two_groups_of_data_sets_are_compared_as_by_welch():
    one, other = np.array([0.8, 0.6, 0.75]), np.array([0.3, 0.5, 0.2, 0.55])
    expected = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    assert intervals.of_groups(one, other) == pytest.approx((expected.low, expected.high))
    assert np.isnan(intervals.of_groups(one[:1], other)).all()


def test_every_data_set_is_weighed_by_itself():
    table = study()
    found = verdicts.weigh(table, [MEAN], np.random.default_rng(0), draws=2).iloc[0]
    values = table.groupby("data_set").mig.mean()
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.sets_low, found.sets_high) == pytest.approx((expected.low, expected.high))
    assert found["rank"] == f"{(values > 0.5).sum()} of 7 data sets"
    assert found.sets_verdict == verdicts.judge(MEAN, expected.low, expected.high)


def test_a_contrast_of_data_sets_is_welch_s_and_its_value_the_difference():
    table = study()
    for score in FIVE:
        table[score] = table[score].where(~table.data_set.isin(ALIKE), table.mig + 0.3 * table[score])
    (claim,) = [claim for claim in CLAIMS if claim.among]
    found = verdicts.weigh(table, [claim], np.random.default_rng(0), draws=2).iloc[0]
    level = {}
    for name, part in table.groupby("data_set"):
        matrix = part[list(FIVE)].corr("spearman").to_numpy()
        level[name] = matrix[np.triu_indices(5, 1)].mean()
    one, other = ([v for n, v in level.items() if (n in ALIKE) == inside] for inside in (True, False))
    assert found.here == pytest.approx(np.mean(one) - np.mean(other))
    expected = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    assert (found.sets_low, found.sets_high) == pytest.approx((expected.low, expected.high))


def test_a_contrast_needs_its_data_sets_and_its_quantity():
    for fields in ({"among": ("dsprites",)}, {"each": lambda n: 0.0}):
        with pytest.raises(ValueError, match="a contrast needs both among and each"):
            verdicts.Claim("a", "s", "5", "p", lambda n: 0.0, 0, **fields)


@pytest.mark.parametrize(("bounds", "half"), [((-9, 9), 3.1766), ((0, 1), 0.5)])
def test_intervals_end_where_the_number_does(bounds, half):
    """Student's interval of the two values 1/4 and 3/4 is 0.5 ± 12.706 * 0.25."""
    table = study()[lambda t: t.data_set.isin(["cars3d", "dsprites"])].assign(mig=0.25)
    table.loc[table.data_set == "dsprites", "mig"] = 0.75
    found = verdicts.weigh(table, [replace(MEAN, threshold=0.4, bounds=bounds)], np.random.default_rng(0), draws=2)
    assert found.loc[0, ["sets_low", "sets_high"]].tolist() == pytest.approx([0.5 - half, 0.5 + half], abs=1e-4)


def test_bounds_hold_the_threshold():
    for bounds in ((0, 1), (2, 1), (0.5,), "ab", (np.nan, 3), None):
        with pytest.raises(ValueError, match="two numbers with the threshold between them"):
            verdicts.Claim("a", "s", "5", "p", lambda n: 0.0, 2, bounds=bounds)


def test_what_was_added_or_changed_later_is_told_beside_the_sentence():
    later = verdicts.Claim("a", "S.", "5", "p", MEAN.quantity, 0, added="Left out.", changed="Too lenient.")
    weighed = verdicts.weigh(study(), [later, MEAN], np.random.default_rng(0), draws=2)
    assert weighed.added.tolist() == ["Left out.", ""] and weighed.changed.tolist() == ["Too lenient.", ""]
    shown = verdicts.shown(weighed)
    assert shown.sentence[0] == "S. (added later: Left out.) (number changed later: Too lenient.)"
    assert shown.sentence[1] == "S."


def test_cells_are_counted_on_both_sides():
    frame = {"a": pd.DataFrame([[0.5, -0.5, 0.1]]), "b": pd.DataFrame([[0.4, np.nan, -0.25]])}
    claim = verdicts.Claim("a", "S.", "5", "p", MEAN.quantity, 0, cells=lambda n: frame)
    found = verdicts.weigh(study(), [claim], np.random.default_rng(0), draws=2)
    assert found.cells[0] == "5 cells: 2 above 0.3, 1 below −0.3, −0.50 to 0.50"
