"""Statistics of the table against SciPy and numbers worked out by hand."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from grids import grid
from scipy.stats import spearmanr

from dlnb.analysis import stats
from dlnb.metrics import statistical_efficiency


def table(values, seeds=3, strengths=(1, 2, 4)):
    """Rows in the order of strengths within seeds; ``values`` [seeds, strengths]."""
    rows = [("a", "m", s, seed) for seed in range(seeds) for s in strengths]
    frame = pd.DataFrame(rows, columns=["data_set", "method", "strength", "seed"])
    return frame.assign(score=np.asarray(values, float).ravel())


def test_medians_and_intervals_of_few_seeds():
    found = stats.by_strength(table([[1, 10, 5], [2, 30, 5], [9, 20, 5]]), "score", np.random.default_rng(0))
    assert found["median"].tolist() == [2, 20, 5] and found.models.tolist() == [3, 3, 3]
    # With three seeds a resampled median is the smallest one in 7 of 27 draws, so the interval is the range.
    assert found.low.tolist() == [1, 10, 5] and found.high.tolist() == [9, 30, 5]


@pytest.mark.parametrize("seeds", [2, 3, 4, 5])
def test_intervals_of_few_seeds_count_every_draw(seeds):
    values = np.random.default_rng(seeds).standard_normal((seeds, 2))
    found = stats.by_strength(table(values, seeds, (1, 2)), "score", np.random.default_rng(0), level=0.9)
    for own, row in zip(values.T, found.itertuples(), strict=True):
        medians = [np.median(drawn) for drawn in product(own, repeat=seeds)]
        assert (row.low, row.high) == pytest.approx(tuple(np.quantile(medians, [0.05, 0.95])))


def test_medians_of_settings_with_different_numbers_of_seeds():
    frame = table(np.random.default_rng(0).standard_normal((6, 3)), seeds=6)
    frame = frame[(frame.strength > 1) | (frame.seed < 4)].sample(frac=1, random_state=0)
    found = stats.by_strength(frame, "score", np.random.default_rng(0)).set_index("strength")
    medians = frame.groupby("strength").score.median()
    assert found["median"].to_dict() == medians.to_dict() and found.models.to_dict() == {1: 4, 2: 6, 4: 6}
    assert (found.low <= found["median"]).all() and (found["median"] <= found.high).all()


@pytest.mark.parametrize("seeds", [16, 50, 1001])
def test_intervals_of_many_seeds_hold_the_median(seeds):
    frame = table(np.random.default_rng(0).standard_normal((seeds, 1)), seeds, (1,))
    row = stats.by_strength(frame, "score", np.random.default_rng(0)).iloc[0]
    assert row["median"] == frame.score.median() and row.low < row["median"] < row.high
    # The median of a normal sample has a standard deviation of 1.25 / sqrt(n).
    assert 0.5 < (row.high - row.low) / (2 * 1.96 * 1.25 / np.sqrt(seeds)) < 1.7


def test_interval_of_many_seeds_covers_the_true_median_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(100):
        frame = table(rng.standard_normal((30, 1)), seeds=30, strengths=(1,))
        row = stats.by_strength(frame, "score", rng).iloc[0]
        hits += row.low <= 0 <= row.high
    assert 86 <= hits <= 99  # 95 expected; three standard deviations are 6.5


def test_trend_is_the_mean_over_seeds_of_spearmans_rank_correlation_with_ties():
    values = [[3, 2, 2], [5, 4, 1], [2, 6, 1]]
    found = stats.trend(table(values), "score", np.random.default_rng(0)).iloc[0]
    # Ranks 3, 1.5, 1.5 against 1, 2, 3: -1.5 / sqrt(2 * 1.5); 3, 2, 1: -1; 2, 3, 1: -.5
    by_hand = [-np.sqrt(0.75), -1.0, -0.5]
    assert found.correlation == pytest.approx(np.mean(by_hand))
    assert (found.low, found.high) == (pytest.approx(min(by_hand)), pytest.approx(max(by_hand)))
    assert [spearmanr([1, 2, 4], row).statistic for row in values] == pytest.approx(by_hand)
    assert found.seeds == 3


def test_p_is_the_share_of_orders_that_are_as_extreme():
    # Three strengths in the same order in each of two seeds: of 6 x 6 orders only two (all up, all down) reach 1.
    found = stats.trend(table([[1, 2, 3]] * 2, seeds=2), "score", np.random.default_rng(0)).iloc[0]
    assert found.correlation == pytest.approx(1)
    assert found.p == pytest.approx(2 / 36, abs=0.01)


def test_p_is_uniform_when_strength_has_no_effect_even_if_seeds_differ():
    rng = np.random.default_rng(0)
    values = [rng.standard_normal((3, 6)) + 10 * rng.standard_normal((3, 1)) for _ in range(200)]
    frames = [table(v, strengths=range(6)) for v in values]
    p = np.array([stats.trend(frame, "score", rng).p[0] for frame in frames])
    assert 0.01 <= (p <= 0.05).mean() <= 0.10  # .05 expected; three standard errors of 200 draws are .046


def test_order_of_rows_does_not_matter():
    frame = table([[3, 2, 2], [5, 4, 1], [2, 6, 1]])
    shuffled = frame.sample(frac=1, random_state=0)
    one, two = (stats.trend(f, "score", np.random.default_rng(0)).iloc[0] for f in (frame, shuffled))
    assert one.correlation == pytest.approx(two.correlation)


def test_errors_name_what_is_wrong():
    with pytest.raises(ValueError, match="unknown column 'nothing'"):
        stats.by_strength(table(np.ones((3, 3))), "nothing", np.random.default_rng(0))
    with pytest.raises(ValueError, match="every seed must have every strength"):
        stats.trend(table(np.ones((3, 3))).iloc[:-1], "score", np.random.default_rng(0))


def sizes(values, score="s", data_set="a"):
    """A table of sample sizes; ``values`` (rows, order) -> one value a model."""
    rows = [
        {"data_set": data_set, "method": "m", "strength": i, "score": score, "rows": n, "order": order, "value": value}
        for (n, order), models in values.items()
        for i, value in enumerate(models)
        if value is not None
    ]
    return pd.DataFrame(rows)


def test_ranks_kept_compares_orders_of_models_with_those_from_the_most_rows():
    # From 10 rows, two orders: 1 2 3 against 1 2 3 is 1; 2 1 3 against it is 1 - 6 (1 + 1) / (3 · 8) = .5.
    table = sizes({(10, 0): [0.1, 0.2, 0.9], (10, 1): [0.5, 0.3, 0.8], (99, 0): [7, 8, 9]})
    kept = stats.ranks_kept(table)
    assert kept.index.tolist() == [("a", "s")] and kept.columns.tolist() == [10, 99]
    np.testing.assert_allclose(kept.loc["a", "s"], [0.75, 1.0])


def test_ranks_are_kept_within_data_sets_and_nan_where_a_model_is_missing():
    first = sizes({(10, 0): [1, 2, 3], (99, 0): [1, 2, 3]})
    second = sizes({(10, 0): [3, 2, 1], (99, 0): [1, 2, 3]}, data_set="b")
    kept = stats.ranks_kept(pd.concat([first, second]))
    np.testing.assert_allclose(kept.loc["a", "s"], [1.0, 1.0])
    np.testing.assert_allclose(kept.loc["b", "s"], [-1.0, 1.0])
    missing = sizes({(10, 0): [1, 2, None], (20, 0): [1, 2, 3], (99, 0): [1, 2, 3]}, score="t")
    kept = stats.ranks_kept(missing).loc["a", "t"]
    assert np.isnan(kept[10]) and kept[20] == kept[99] == 1


# The study's statistics, on tables that can be worked out by hand or by brute force


def test_efficiency_is_accuracy_with_few_labels_by_accuracy_with_many():
    table = pd.DataFrame({"lr_100": [0.3], "lr_10000": [0.6], "gbt_100": [0.2], "gbt_10000": [0.8]})
    found = stats.with_efficiency(table)
    assert (found.lr_efficiency[0], found.gbt_efficiency[0]) == (0.5, 0.25)
    assert "lr_efficiency" not in table


def test_rank_correlations_are_those_of_scipy_and_nan_where_a_column_has_no_order():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 4)).round(1)  # with ties
    values = np.column_stack([values, values[:, 0] ** 3, -values[:, 1]])
    found = stats.spearman(values)
    assert found == pytest.approx(spearmanr(values).statistic)
    assert found[0, 4] == 1 and found[1, 5] == -1 and 0 < abs(found[0, 1]) < 0.5
    values[:, 2], values[3, 3] = 1.0, np.nan
    lacks = np.isin(np.arange(6), [2, 3])
    np.testing.assert_array_equal(np.isnan(stats.spearman(values)), lacks | lacks[:, None])


def test_rank_correlation_between_data_sets_is_that_of_the_settings_medians():
    table = grid(np.random.default_rng(3))
    found = stats.between_data_sets(table, "a")
    medians = table.groupby(["data_set", "method", "strength"]).a.median().unstack("data_set")
    assert found.loc["d0", "d2"] == pytest.approx(spearmanr(medians.d0, medians.d2).statistic)
    assert np.allclose(np.diag(found), 1) and list(found) == ["d0", "d1", "d2"]
    some = table[(table.data_set != "d2") | (table.method != "m0")]
    both = medians.drop("m0")  # the settings of both data sets
    assert stats.between_data_sets(some, "a").loc["d0", "d2"] == pytest.approx(spearmanr(both.d0, both.d2).statistic)


def test_thirds_are_as_large_as_can_be_and_by_data_set():
    table = pd.DataFrame({"data_set": ["x"] * 7 + ["y"] * 3, "a": [5, 1, 3, 7, 2, 6, 4, 30, 10, 20.0]})
    assert list(stats.thirds(table, "a")) == [1, 0, 0, 2, 0, 2, 1, 2, 0, 1]


def test_how_far_two_measurements_are_apart():
    table = pd.DataFrame(
        {
            "data_set": list("xxxyyy"),
            "score": ["a"] * 6,
            "fast": [0.1, 0.2, 0.3, 5.0, 5.1, 5.2],
            "exact": [0.1, 0.1, 0.5, 5.2, 5.1, 5.0],
        }
    )
    found = stats.apart(table, "fast", "exact", "score").loc["a"]
    assert found.models == 6 and found.bias == pytest.approx(-0.1 / 6) and found.largest == pytest.approx(0.2)
    assert found.spread == pytest.approx(np.std([0, 0.1, -0.2, -0.2, 0, 0.2], ddof=1))
    # Within x: ranks 1 2 3 against 1.5 1.5 3; within y reversed. Pooled they would agree.
    assert found.lowest == pytest.approx(-1) and found.ranks == pytest.approx((np.sqrt(0.75) - 1) / 2)


def test_how_often_one_method_beats_another():
    table = pd.DataFrame({"data_set": list("xxxxyyy"), "method": list("aabbaab"), "s": [1, 3, 2, 3, 5, 5, 4.0]})
    found = stats.superiority(table, "s")
    # x: of 1, 3 against 2, 3: one win and one tie of four; y: both win.
    assert found.loc["a", "b"] == pytest.approx((1.5 / 4 + 1) / 2) and found.loc["b", "a"] == pytest.approx(2.5 / 8)
    assert found.loc["a", "a"] == found.loc["b", "b"] == 0.5


def test_the_largest_complete_part_leaves_out_seeds_settings_or_data_sets():
    cells = [(d, "m", s, seed) for d in "ab" for s in range(5) for seed in range(3)]
    table = pd.DataFrame(cells, columns=["data_set", "method", "strength", "seed"])
    assert len(stats.complete(table)) == 30
    one = stats.complete(table[~((table.data_set == "a") & (table.strength == 1) & (table.seed == 2))])
    assert len(one) == 24 and 1 not in set(one.strength)  # without the seed 20
    grown = stats.complete(table[(table.seed < 2) | (table.data_set == "a")])
    assert len(grown) == 20 and set(grown.seed) == {0, 1}
    third = table.assign(data_set=table.data_set.replace("a", "c"))
    growing = pd.concat([table, third[(third.data_set == "c") & (third.seed == 0)]])
    assert len(stats.complete(growing)) == 30 and set(stats.complete(growing).data_set) == {"a", "b"}
    alone = pd.concat([growing, table[(table.data_set == "a") & (table.seed == 0)].assign(seed=9)])
    many = pd.concat(
        [alone] + [table[(table.data_set == "a") & (table.seed == 0)].assign(seed=n) for n in range(10, 30)]
    )
    assert len(stats.complete(many)) == 30, "two data sets with three seeds before one with 24"
    with pytest.raises(ValueError, match="no seed has every setting and no setting has every seed"):
        stats.complete(table[(table.strength + table.seed) % 3 > 0])


# Tables that are not what they seem


def twice(frame):
    return pd.concat([frame, frame])


@pytest.mark.parametrize(
    "call",
    [
        lambda t: stats.by_strength(t, "a", np.random.default_rng(0)),
        lambda t: stats.trend(t, "a", np.random.default_rng(0)),
        lambda t: stats.superiority(t, "a"),
        lambda t: stats.setting_medians(t, ["a"]),
        lambda t: stats.between_data_sets(t, "a"),
        lambda t: stats.thirds(t, "a"),
        stats.complete,
    ],
)
def test_rows_that_are_repeated_would_count_as_models(call):
    frame = grid(np.random.default_rng(0))
    call(frame)
    with pytest.raises(ValueError, match=r"several rows for \{'data_set': 'd0', .* 45 too many in all: keep"):
        call(twice(frame))


def test_repeated_measurements_are_refused():
    frame = sizes({(10, 0): [0.1, 0.2, 0.9], (99, 0): [7, 8, 9]}).assign(other=1.0)
    for call in (stats.ranks_kept, lambda t: stats.apart(t, "value", "other", "rows")):
        call(frame)
        with pytest.raises(ValueError, match=r"several rows for .* keep one of each"):
            call(twice(frame))


def test_scores_from_few_rows_are_compared_with_the_most_where_there_are_any():
    both = pd.concat([sizes({(10, 0): [1, 2], (99, 0): [1, 2]}), sizes({(10, 0): [1, 2]}, data_set="b")])
    kept = stats.ranks_kept(both)
    assert kept.loc["a", "s"].tolist() == [1, 1] and kept.loc["b", "s"].isna().all()


@pytest.mark.parametrize(
    ("values", "strengths"),
    [([[5, 5, 5]] * 3, (1, 2, 4)), ([[5, 5, 5], [1, 2, 3], [3, 2, 1]], (1, 2, 4)), ([[1], [2], [3]], (1,))],
)
def test_what_does_not_vary_has_no_trend_and_no_significance(values, strengths):
    found = stats.trend(table(values, strengths=strengths), "score", np.random.default_rng(0)).iloc[0]
    assert found[["correlation", "low", "high", "p"]].isna().all() and found.seeds == 3


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_trend_needs_every_value(value):
    frame = table(np.arange(9.0).reshape(3, 3))
    frame.loc[4, "score"] = value
    with pytest.raises(ValueError, match=f"column score must be finite, but holds {value} in row 4"):
        stats.trend(frame, "score", np.random.default_rng(0))


def test_superiority_leaves_out_what_was_not_measured():
    frame = pd.DataFrame({"data_set": list("xxxxyyy"), "method": list("aabbaab"), "s": [1, 3, 2, 3, 5, 5, 4.0]})
    whole = stats.superiority(frame, "s")
    found = stats.superiority(pd.concat([frame, frame.assign(s=np.nan), frame.assign(method="c", s=np.nan)]), "s")
    pd.testing.assert_frame_equal(found.loc[["a", "b"], ["a", "b"]], whole)
    assert found.c.isna().all() and found.loc["c"].isna().all()
    # A method that one data set lacks is compared on the other: 1 and 3 against 2 and 3.
    assert stats.superiority(frame[(frame.data_set == "x") | (frame.method == "a")], "s").loc["a", "b"] == 1.5 / 4


@pytest.mark.parametrize("level", [0, 1, 95, -0.5, float("nan"), "0.95", None])
def test_the_level_of_an_interval_is_between_0_and_1(level):
    with pytest.raises(ValueError, match="level must be"):
        stats.by_strength(table(np.ones((3, 3))), "score", np.random.default_rng(0), level)


@pytest.mark.parametrize("rng", [None, 0, np.random.RandomState(0)])
@pytest.mark.parametrize("call", [stats.by_strength, stats.trend])
def test_chance_needs_a_generator(call, rng):
    with pytest.raises(ValueError, match=r"needs rng, a numpy.random.Generator such as np.random.default_rng\(0\)"):
        call(table(np.ones((3, 3))), "score", rng)


def test_an_accuracy_that_is_0_or_missing_gives_no_efficiency():
    frame = pd.DataFrame(
        {"lr_100": [0.3, 0, 0.2, np.nan], "lr_10000": [0.6, 0, 0, 0.5], "gbt_100": 0.2, "gbt_10000": 0.8}
    )
    found = stats.with_efficiency(frame)
    assert found.lr_efficiency.tolist() == pytest.approx([0.5, np.nan, np.nan, np.nan], nan_ok=True)
    assert found.gbt_efficiency.tolist() == [0.25] * 4
    known = statistical_efficiency(frame.loc[0])
    assert known == {"lr_efficiency": 0.5, "gbt_efficiency": 0.25}


def test_nullable_numbers_are_numbers():
    frame = grid(np.random.default_rng(0))
    same = frame.astype({"a": "Float64"})
    same.loc[0, "a"] = pd.NA
    expected = stats.superiority(frame.assign(a=frame.a.where(frame.index > 0)), "a")
    pd.testing.assert_frame_equal(stats.superiority(same, "a"), expected)


@pytest.mark.parametrize("values", [[[1, np.inf], [2, 3]], [1, 2, 3], np.empty((3, 0)), None, [["a", "b"]]])
def test_spearman_takes_only_numbers_that_have_an_order(values):
    with pytest.raises(ValueError, match=r"^values must be"):
        stats.spearman(values)


@pytest.mark.parametrize("index", [None, 0, "shuffled"])
def test_the_largest_complete_part_keeps_its_rows_whatever_the_index(index):
    frame = grid(np.random.default_rng(0), seeds=4).drop(index=3)
    again = frame.sample(frac=1, random_state=1) if index == "shuffled" else frame
    again = again.set_axis([0] * len(frame)) if index == 0 else again
    part, right = stats.complete(again), stats.complete(frame)
    assert sorted(part.a) == sorted(right.a) and 0 < len(right) < len(frame)
    assert set(part.index) <= set(again.index)


def test_columns_with_holes_are_compared_over_the_rows_that_both_have():
    values = np.random.default_rng(0).normal(size=(30, 3))
    values[:5, 0], values[3:9, 1] = np.nan, np.nan
    found = stats.pairwise(values)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        known = ~np.isnan(values[:, [one, other]]).any(axis=1)
        expected = spearmanr(values[known, one], values[known, other]).statistic
        assert found[one, other] == found[other, one] == pytest.approx(expected)
    assert np.diag(found) == pytest.approx(1)


def test_a_trend_says_which_model_is_missing_and_what_to_do():
    rows = pd.DataFrame({"data_set": "a", "method": "m", "strength": [1.0, 2, 1], "seed": [0, 0, 1], "x": [1.0, 2, 3]})
    with pytest.raises(ValueError, match=r"seed 1 lacks 2: analysis.complete\(table\) leaves such"):
        stats.trend(rows, "x", np.random.default_rng(0))
