"""Shares of variance against sums worked out by hand and simulations with a known answer."""

import numpy as np
import pandas as pd
import pytest
from grids import grid

from dlnb.analysis import variance


def test_variance_explained_worked_out_by_hand():
    # Means 1 and 5 of the methods, 0, 2 and 4, 6 of the settings; within a setting 1 to either side.
    values = {("m0", 1): (-1, 1), ("m0", 2): (1, 3), ("m1", 1): (3, 5), ("m1", 2): (5, 7)}
    rows = [
        {"data_set": "d", "method": m, "strength": s, "seed": i, "a": float(v)}
        for (m, s), pair in values.items()
        for i, v in enumerate(pair)
    ]
    found = variance.explained(pd.DataFrame(rows), ["a"]).iloc[0]
    # Squares: 48 in all about 3; 16 about the methods' means; 8 about the settings'.
    assert found.method == pytest.approx(1 - 16 / 48) and found.setting == pytest.approx(1 - 8 / 48)
    # The mean square within settings is 8 / 4 = 2; noise gives it to each of 1 and of 3 degrees of freedom.
    assert found.method_corrected == pytest.approx((32 - 1 * 2) / (48 + 2))
    assert found.setting_corrected == pytest.approx((40 - 3 * 2) / (48 + 2))
    less = variance.explained(pd.DataFrame(rows), ["a"], noise={"a": 1.0}).iloc[0]
    assert less.setting_corrected == pytest.approx((40 - 3 * 2) / (48 + 2 - 8 * 1))
    assert found.models == 8


def test_correction_takes_away_what_chance_is_credited_with():
    rng = np.random.default_rng(0)
    settings = tuple(tuple(range(6)) for _ in range(6))
    found = pd.concat([variance.explained(grid(rng, 1, 2, settings), ["a"]) for _ in range(200)])
    assert found.setting.mean() == pytest.approx(35 / 71, abs=0.02)  # 36 categories on 72 models
    assert found.method.mean() == pytest.approx(5 / 71, abs=0.01)
    assert found[["method_corrected", "setting_corrected"]].mean().to_numpy() == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(("seeds", "sigma"), [(2, 1.0), (2, 0.4), (5, 1.0)])
def test_shares_of_a_fixed_design_by_brute_force(seeds, sigma):
    """The same 36 settings at other seeds again and again: their shares are on average those of a million models."""
    rng = np.random.default_rng(0)
    settings = tuple(tuple(range(6)) for _ in range(6))
    table = grid(rng, 1, seeds, settings)
    method, strength = table.method.str[1:].astype(int).to_numpy(), table.strength.astype(int).to_numpy()
    effect = np.repeat([0.0, 0.5, 0.0, -0.3, 0.2, 0.1], 6).reshape(6, 6) + rng.normal(scale=0.6, size=(6, 6))
    many = effect.ravel()[rng.integers(36, size=1_000_000)]
    total = (many + sigma * rng.normal(size=len(many))).var()
    expected = effect.mean(axis=1).var() / total, effect.var() / total
    drawn = [table.assign(a=effect[method, strength] + sigma * rng.normal(size=len(table))) for _ in range(400)]
    found = pd.concat([variance.explained(each, ["a"]) for each in drawn])[["method_corrected", "setting_corrected"]]
    error = found.std() / np.sqrt(len(drawn))
    # A ratio of two unbiased numbers is biased by little; strengths taken as drawn at random are off by far more.
    assert found.mean().to_numpy() == pytest.approx(np.array(expected), abs=0.012)
    assert error.max() < 0.008
    if (seeds, sigma) == (2, 0.4):
        as_drawn = [1 - _mean_square(each, "method") / each.a.var() for each in drawn]
        assert np.mean(as_drawn) < expected[0] - 0.03


def _mean_square(table, by):
    """The variance about the means of groups, for degrees of freedom of models within them."""
    rest = table.a - table.groupby(by).a.transform("mean")
    return np.square(rest).sum() / (len(table) - table[by].nunique())


def test_variance_explained_recovers_known_shares():
    rng = np.random.default_rng(2)
    settings = tuple(tuple(range(6)) for _ in range(6))
    table = grid(rng, 1, 200, settings)
    method = table.method.str[1:].astype(int)
    shift = (method * 7 + table.strength * 3) % 5  # some effect of each setting
    noise, seeds = 0.5 * rng.normal(size=len(table)), rng.normal(size=len(table))
    table["a"] = method + 0.5 * shift + seeds + noise
    effect = (method + 0.5 * shift).var()
    found = variance.explained(table, ["a"], noise={"a": 0.25}).iloc[0]
    assert found.setting == pytest.approx(effect / (effect + 1.25), abs=0.02)
    assert found.setting_corrected == pytest.approx(effect / (effect + 1), abs=0.02)


def test_variance_of_what_does_not_vary_and_of_single_models_is_none():
    table = grid(np.random.default_rng(0), 1, 3)
    for constant in np.arange(0.01, 1, 0.01):  # few of them add up without a rounding error
        assert variance.explained(table.assign(c=constant), ["c"]).filter(regex="method|setting").isna().all(axis=None)
    table = grid(np.random.default_rng(0), 1, 1).assign(c=2.0)
    found = variance.explained(table, ["a", "c"])
    assert np.isfinite(found.method[0]) and found[["setting", "setting_corrected"]].isna().all(axis=None)


def test_evaluation_noise_is_the_variance_of_a_model_s_score():
    rng = np.random.default_rng(0)
    true = rng.uniform(size=4_000)
    twice = [true + rng.normal(scale=0.03, size=4_000) for _ in range(2)]
    scored = pd.DataFrame({"data_set": "a", "score": "mig", "value": twice[0], "again": twice[1]})
    steady = pd.DataFrame({"data_set": "b", "score": ["mig"], "value": [0.5], "again": [0.5]})
    found = variance.evaluation_noise(pd.concat([scored, steady]))
    assert found["a", "mig"] == pytest.approx(0.03**2, rel=0.1)
    assert found["b", "mig"] == 0


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
    found = variance.parts(table, ["s"], {("a", "s"): 0.25}).iloc[0]
    parts = pd.Series({"method": method.var(), "strength": strength.var(), "seed": 0.49, "evaluation": 0.25})
    names = list(parts.index)
    assert found[names].sum() == pytest.approx(1)
    assert found[names].astype(float).to_numpy() == pytest.approx((parts / parts.sum()).to_numpy(), abs=0.03)
    single = variance.parts(table[table.seed == 0], ["s"], {("a", "s"): 0.25}).iloc[0]
    assert np.isnan(single[names].astype(float)).all()  # nothing tells the seed from the strength


def test_noise_that_is_most_of_a_variance_leaves_nothing_to_explain():
    table = grid(np.random.default_rng(0), 1, 4)
    most = 0.6 * table.a.var()
    assert variance.explained(table, ["a"], {"a": most}).method_corrected.isna().all()
    assert variance.explained(table, ["a"], {("d0", "a"): most}).setting_corrected.isna().all()
    assert variance.explained(table, ["a"], {("d1", "a"): most}).setting_corrected.notna().all()


def test_noise_of_a_score_alone_is_known_for_every_data_set():
    table = grid(np.random.default_rng(0), 2, 4)
    noise = {"a": 0.1 * table.a.var()}
    both = {(name, "a"): noise["a"] for name in ("d0", "d1")}
    pd.testing.assert_frame_equal(variance.parts(table, ["a"], noise), variance.parts(table, ["a"], both))


@pytest.mark.parametrize("noise", [{"a": -0.1}, {"a": "x"}, {"a": None}, {"a": float("inf")}, ["a"], "a", 0.1])
@pytest.mark.parametrize("call", [variance.explained, variance.parts])
def test_noise_is_a_dict_of_variances(call, noise):
    with pytest.raises(ValueError, match=r"noise (of a )?must be"):
        call(grid(np.random.default_rng(0)), ["a"], noise)


def test_repeated_models_would_take_the_seed_s_share_away():
    table = grid(np.random.default_rng(0), 1, 4)
    with pytest.raises(ValueError, match="several rows for"):
        variance.explained(pd.concat([table, table]), ["a"])
    scored = table[["data_set", "method", "strength", "seed"]].assign(score="a", value=table.a, again=table.b)
    with pytest.raises(ValueError, match="several rows for"):
        variance.evaluation_noise(pd.concat([scored, scored]))
    with pytest.raises(ValueError, match="no rows"):  # unknown noise would count as none
        variance.evaluation_noise(scored[:0])
