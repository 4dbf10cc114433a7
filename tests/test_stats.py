"""Statistics of the table against SciPy and numbers worked out by hand."""

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
    assert kept.index.tolist() == ["s"] and kept.columns.tolist() == [10, 99]
    np.testing.assert_allclose(kept.loc["s"], [0.75, 1.0])


def test_ranks_kept_is_the_mean_over_data_sets_and_nan_where_a_model_is_missing():
    first = sizes({(10, 0): [1, 2, 3], (99, 0): [1, 2, 3]})
    second = sizes({(10, 0): [3, 2, 1], (99, 0): [1, 2, 3]}, data_set="b")
    np.testing.assert_allclose(stats.ranks_kept(pd.concat([first, second])).loc["s"], [0.0, 1.0], atol=1e-12)
    missing = sizes({(10, 0): [1, 2, None], (20, 0): [1, 2, 3], (99, 0): [1, 2, 3]}, score="t")
    kept = stats.ranks_kept(missing).loc["t"]
    assert np.isnan(kept[10]) and kept[20] == kept[99] == 1
