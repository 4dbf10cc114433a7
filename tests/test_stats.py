"""Statistics of the table against SciPy and numbers worked out by hand."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from dlnb import stats


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


def grid(rng, sets=3, seeds=3, settings=((1, 2, 3), (1, 2)), scores=("a", "b"), ties=False):
    """A complete table of random scores: method m0 with three strengths, m1 with two."""
    rows = [
        {"data_set": f"d{d}", "method": f"m{m}", "strength": float(s), "seed": seed}
        | {score: float(rng.integers(3)) if ties else rng.normal() for score in scores}
        for d, (m, strengths), seed in product(range(sets), enumerate(settings), range(seeds))
        for s in strengths
    ]
    return pd.DataFrame(rows)


def test_efficiency_is_accuracy_with_few_labels_by_accuracy_with_many():
    table = pd.DataFrame({"lr_100": [0.3], "lr_10000": [0.6], "gbt_100": [0.2], "gbt_10000": [0.8]})
    found = stats.with_efficiency(table)
    assert (found.lr_efficiency[0], found.gbt_efficiency[0]) == (0.5, 0.25)
    assert "lr_efficiency" not in table


@pytest.mark.parametrize("over", ["models", "seeds"])
def test_rank_correlations_are_spearman_s_with_intervals_around_them(over):
    rng = np.random.default_rng(0)
    table = grid(rng, seeds=6)
    table["c"] = table.a**3  # the same ranks
    table["d"] = -table.b
    found = stats.rank_correlations(table, ["a", "b"], ["b", "c", "d"], rng, over=over, draws=300)
    assert len(found) == 3 * 2 * 3 and set(found.models) == {30}
    for row in found.itertuples():
        part = table[table.data_set == row.data_set]
        expected = spearmanr(part[row.row], part[row.column]).statistic
        assert row.correlation == pytest.approx(expected)
        assert row.low <= row.correlation + 1e-12 and row.high >= row.correlation - 1e-12
    alike = found[(found.row == "a") & (found.column == "c")]
    assert np.allclose(alike[["correlation", "low", "high"]], 1)
    assert np.allclose(found[(found.row == "b") & (found.column == "d")].correlation, -1)


def test_the_interval_of_a_rank_correlation_holds_the_truth_as_often_as_it_says():
    rng, hits, rho = np.random.default_rng(1), 0, 0.6
    truth = 6 / np.pi * np.arcsin(rho / 2)  # Spearman's correlation of a normal law with correlation rho
    for _ in range(100):
        x, noise = rng.normal(size=(2, 80))
        table = pd.DataFrame({"data_set": "d", "seed": range(80), "x": x, "y": rho * x + np.sqrt(1 - rho**2) * noise})
        found = stats.rank_correlations(table, ["x"], ["y"], rng, draws=300)
        hits += found.low[0] <= truth <= found.high[0]
    assert 85 <= hits <= 100


def test_a_constant_score_has_no_rank_correlation_and_unknown_columns_are_named():
    rng = np.random.default_rng(0)
    table = grid(rng).assign(c=1.0)
    assert stats.rank_correlations(table, ["a"], ["c"], rng, draws=5).correlation.isna().all()
    with pytest.raises(ValueError, match="unknown column 'z'"):
        stats.rank_correlations(table, ["z"], ["a"], rng)
    with pytest.raises(ValueError, match="unknown over 'weeks'"):
        stats.rank_correlations(table, ["a"], ["b"], rng, over="weeks")


def test_variance_explained_worked_out_by_hand():
    # Means 1 and 5 of the methods, 0, 2 and 4, 6 of the settings; within a setting 1 to either side.
    values = {("m0", 1): (-1, 1), ("m0", 2): (1, 3), ("m1", 1): (3, 5), ("m1", 2): (5, 7)}
    rows = [
        {"data_set": "d", "method": m, "strength": s, "seed": i, "a": float(v)}
        for (m, s), pair in values.items()
        for i, v in enumerate(pair)
    ]
    found = stats.variance_explained(pd.DataFrame(rows), ["a"]).iloc[0]
    # Squares: 48 in all about 3; 16 about the methods' means; 8 about the settings'.
    assert found.method == pytest.approx(1 - 16 / 48) and found.setting == pytest.approx(1 - 8 / 48)
    assert found.method_corrected == pytest.approx(1 - (16 / 6) / (48 / 7))
    assert found.setting_corrected == pytest.approx(1 - (8 / 4) / (48 / 7))
    less = stats.variance_explained(pd.DataFrame(rows), ["a"], noise={"a": 1.0}).iloc[0]
    assert less.setting_corrected == pytest.approx((48 / 7 - 2) / (48 / 7 - 1))
    assert found.models == 8


def test_correction_takes_away_what_chance_is_credited_with():
    rng = np.random.default_rng(0)
    settings = tuple(tuple(range(6)) for _ in range(6))
    found = pd.concat([stats.variance_explained(grid(rng, 1, 2, settings), ["a"]) for _ in range(200)])
    assert found.setting.mean() == pytest.approx(35 / 71, abs=0.02)  # 36 categories on 72 models
    assert found.method.mean() == pytest.approx(5 / 71, abs=0.01)
    assert found[["method_corrected", "setting_corrected"]].mean().to_numpy() == pytest.approx(0, abs=0.02)


def test_variance_explained_recovers_known_shares():
    rng = np.random.default_rng(2)
    settings = tuple(tuple(range(6)) for _ in range(6))
    table = grid(rng, 1, 200, settings)
    method = table.method.str[1:].astype(int)
    shift = (method * 7 + table.strength * 3) % 5  # some effect of each setting
    noise, seeds = 0.5 * rng.normal(size=len(table)), rng.normal(size=len(table))
    table["a"] = method + 0.5 * shift + seeds + noise
    effect = (method + 0.5 * shift).var()
    found = stats.variance_explained(table, ["a"], noise={"a": 0.25}).iloc[0]
    assert found.setting == pytest.approx(effect / (effect + 1.25), abs=0.02)
    assert found.setting_corrected == pytest.approx(effect / (effect + 1), abs=0.02)


def test_variance_of_what_does_not_vary_and_of_single_models_is_none():
    table = grid(np.random.default_rng(0), 1, 1).assign(c=2.0)
    found = stats.variance_explained(table, ["a", "c"])
    assert np.isfinite(found.method[0]) and found[["setting", "setting_corrected"]].isna().all(axis=None)


def test_rank_correlation_between_data_sets_is_that_of_the_settings_medians():
    table = grid(np.random.default_rng(3))
    found = stats.between_data_sets(table, "a")
    medians = table.groupby(["data_set", "method", "strength"]).a.median().unstack("data_set")
    assert found.loc["d0", "d2"] == pytest.approx(spearmanr(medians.d0, medians.d2).statistic)
    assert np.allclose(np.diag(found), 1) and list(found) == ["d0", "d1", "d2"]


def play(table, scores, same_set, same_score, same_seed, other_setting):
    """The transfer game by loops over everything that can be drawn."""
    sets, seeds = table.data_set.unique(), table.seed.unique()
    models = {key: part.set_index(["method", "strength"]) for key, part in table.groupby(["data_set", "seed"])}
    wins, weights = 0.0, 0.0
    for d, k, s in product(sets, scores, seeds):
        source = models[d, s][k]
        best = source.index[source == source.max()]
        for e, m, t in product(sets, scores, seeds):
            if (d == e) != same_set or (k == m) != same_score or s == t:
                continue
            for setting in best:
                mine = models[e, t][m][setting]
                others = [
                    value
                    for u in ([t] if same_seed else seeds)
                    for index, value in models[e, u][m].items()
                    if not (other_setting and index == setting)
                ]
                wins += np.mean([mine >= other for other in others]) / len(best)
                weights += 1 / len(best)
    return wins / weights


@pytest.mark.parametrize("reading", stats.READINGS)
@pytest.mark.parametrize("ties", [False, True])
def test_the_transfer_game_is_what_loops_over_all_draws_give(reading, ties):
    table = grid(np.random.default_rng(4), scores=("a", "b", "c"), ties=ties).sample(frac=1, random_state=0)
    found = stats.transfer_game(table, ["a", "b", "c"], reading)
    for i, same_score in enumerate((False, True)):
        for j, same_set in enumerate((False, True)):
            expected = play(table, ["a", "b", "c"], same_set, same_score, *stats.READINGS[reading])
            assert found.iloc[i, j] == pytest.approx(expected), (same_score, same_set)
    assert list(found.index) == ["other score", "same score"] and list(found) == ["other data set", "same data set"]


def test_the_transfer_game_at_its_ends():
    rng = np.random.default_rng(5)
    settings = tuple(tuple(range(6)) for _ in range(6))
    chance = stats.transfer_game(grid(rng, 7, 8, settings, tuple("abcdef")), list("abcdef"), "another setting")
    assert chance.to_numpy() == pytest.approx(0.5, abs=0.03)
    table = grid(rng, 3, 4, settings)
    table["a"] = table["b"] = table.method.str[1:].astype(int) * 10 + table.strength  # the setting decides
    assert (stats.transfer_game(table, ["a", "b"]) == 1).all(axis=None)
    table["b"] = -table.a
    found = stats.transfer_game(table, ["a", "b"], "another setting")
    assert (found.loc["same score"] == 1).all() and (found.loc["other score"] == 0).all()


def test_an_incomplete_grid_is_no_game():
    table = grid(np.random.default_rng(0))
    with pytest.raises(ValueError, match="must have a model of every setting and seed"):
        stats.transfer_game(table.iloc[1:], ["a", "b"])
    with pytest.raises(ValueError, match="needs two data sets, scores and seeds, not 3, 1 and 3"):
        stats.transfer_game(table, ["a"])
    with pytest.raises(ValueError, match="unknown reading 'mine'"):
        stats.transfer_game(table, ["a", "b"], "mine")


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


def test_evaluation_noise_is_the_variance_of_a_model_s_score():
    rng = np.random.default_rng(0)
    true = rng.uniform(size=4_000)
    twice = [true + rng.normal(scale=0.03, size=4_000) for _ in range(2)]
    scored = pd.DataFrame({"data_set": "a", "score": "mig", "value": twice[0], "again": twice[1]})
    steady = pd.DataFrame({"data_set": "b", "score": ["mig"], "value": [0.5], "again": [0.5]})
    found = stats.evaluation_noise(pd.concat([scored, steady]))
    assert found["a", "mig"] == pytest.approx(0.03**2, rel=0.1)
    assert found["b", "mig"] == 0


def test_how_often_one_method_beats_another():
    table = pd.DataFrame({"data_set": list("xxxxyyy"), "method": list("aabbaab"), "s": [1, 3, 2, 3, 5, 5, 4.0]})
    found = stats.superiority(table, "s")
    # x: of 1, 3 against 2, 3: one win and one tie of four; y: both win.
    assert found.loc["a", "b"] == pytest.approx((1.5 / 4 + 1) / 2) and found.loc["b", "a"] == pytest.approx(2.5 / 8)
    assert found.loc["a", "a"] == found.loc["b", "b"] == 0.5


def test_the_four_parts_of_a_variance():
    rng = np.random.default_rng(3)
    rows = [("a", f"m{m}", s, seed) for m in range(30) for s in range(30) for seed in range(4)]
    table = pd.DataFrame(rows, columns=["data_set", "method", "strength", "seed"])
    cell = table.groupby(["method", "strength"]).ngroup()
    method, strength, seed, drawn = (
        scale * rng.standard_normal(count)[index]
        for scale, count, index in (
            (2.0, 30, table.groupby("method").ngroup()),
            (1.0, 900, cell),
            (0.7, len(table), np.arange(len(table))),
            (0.5, len(table), np.arange(len(table))),
        )
    )
    table["s"] = method + strength + seed + drawn
    found = stats.variance_parts(table, ["s"], {("a", "s"): 0.25}).iloc[0]
    parts = pd.Series({"method": method.var(), "strength": strength.var(), "seed": 0.49, "evaluation": 0.25})
    names = list(parts.index)
    assert found[names].sum() == pytest.approx(1)
    assert found[names].astype(float).to_numpy() == pytest.approx((parts / parts.sum()).to_numpy(), abs=0.03)
    single = stats.variance_parts(table[table.seed == 0], ["s"], {("a", "s"): 0.25}).iloc[0]
    assert np.isfinite(single.method) and np.isnan(single[["strength", "seed", "evaluation"]].astype(float)).all()


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
    with pytest.raises(ValueError, match="no seed has every setting, and no setting every seed"):
        stats.complete(table[(table.strength + table.seed) % 3 > 0])


@pytest.mark.parametrize("reading", stats.READINGS)
def test_with_half_a_win_for_a_tie_chance_is_a_half(reading):
    rng = np.random.default_rng(0)
    table = grid(rng, 4, 6, (range(30), range(10)))
    table["b"] = (table.b > 0.8).astype(float)  # nearly all tied
    found = stats.transfer_game(table, ["a", "b"], reading, ties=0.5)
    assert found.loc["other score", "other data set"] == pytest.approx(0.5, abs=0.06)
    same = stats.transfer_game(table.assign(a=1.0, b=1.0), ["a", "b"], reading, ties=0.5)
    np.testing.assert_allclose(same, 0.5)
    assert (stats.transfer_game(table, ["a", "b"], reading) > found).all(axis=None)


def test_noise_that_is_most_of_a_variance_leaves_nothing_to_explain():
    table = grid(np.random.default_rng(0), 1, 4)
    most = 0.6 * table.a.var()
    assert stats.variance_explained(table, ["a"], {"a": most}).method_corrected.isna().all()
    assert stats.variance_explained(table, ["a"], {("d0", "a"): most}).setting_corrected.isna().all()
    assert stats.variance_explained(table, ["a"], {("d1", "a"): most}).setting_corrected.notna().all()
