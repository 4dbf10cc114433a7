"""Correlations within a seed, between seeds, by factor and with a measure held fixed, against NumPy and pandas."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata
from test_statements import study

from dlnb import analysis, results
from dlnb.paper import SCORES
from dlnb.results import factors


@pytest.mark.parametrize("seeds", [2, 4])
def test_reliability_is_the_agreement_of_settings_at_two_seeds(seeds):
    table = study(seeds)
    found = analysis.reliability(table, SCORES)
    for name, part in table.groupby("data_set"):
        for score in SCORES:
            wide = part.pivot(index=["method", "strength"], columns="seed", values=score).corr("spearman").to_numpy()
            expected = np.mean([wide[pair] for pair in combinations(range(seeds), 2)])
            assert found.loc[name, score] == pytest.approx(expected)
    same = table.assign(mig=table.strength * table.method.str.len())
    assert analysis.reliability(same, ["mig"]).to_numpy() == pytest.approx(1)
    assert analysis.reliability(table[table.seed == 0], ["mig"]).isna().all(axis=None)


def test_labels_that_all_models_of_a_seed_share_are_no_noise_within_it():
    table = study(4)
    table["lr_100"] = table.mig
    assert analysis.within_seeds(table, ["mig"], ["lr_100"]).to_numpy() == pytest.approx(1)
    table["lr_100"] = table.mig + 10 * table.seed
    assert analysis.within_seeds(table, ["mig"], ["lr_100"]).to_numpy() == pytest.approx(1)
    found = analysis.within_seeds(table, ["sap", "kl"], ["lr_100", "mig"])
    part = table[table.data_set == "cars3d"]
    seeds = [one[["sap", "kl", "lr_100", "mig"]].corr("spearman") for _, one in part.groupby("seed")]
    expected = np.mean(seeds, axis=0)[:2, 2:]
    np.testing.assert_allclose(found.loc["cars3d"], expected)


def test_a_partial_correlation_is_that_of_what_regression_leaves():
    rng = np.random.default_rng(0)
    table = study()
    table["kl"] = table.mig + 0.3 * rng.normal(size=len(table))
    table["lr_100"] = -table.mig + 0.5 * rng.normal(size=len(table))
    found = analysis.partial(table, ["mig", "sap"], ["lr_100"], "kl")
    for name, part in table.groupby("data_set"):
        ranks = {column: rankdata(part[column]) for column in ("mig", "sap", "lr_100", "kl")}
        design = np.column_stack([np.ones(len(part)), ranks["kl"]])
        left = {c: r - design @ np.linalg.lstsq(design, r, rcond=None)[0] for c, r in ranks.items()}
        for score in ("mig", "sap"):
            expected = np.corrcoef(left[score], left["lr_100"])[0, 1]
            assert found.loc[(name, score), "lr_100"] == pytest.approx(expected)
    assert analysis.partial(table, ["kl"], ["mig"], "kl").isna().all(axis=None)


def test_partial_correlations_leave_out_models_without_a_number():
    table = study()
    holes = table.assign(mig=table.mig.where(table.index % 5 > 0))
    found = analysis.partial(holes, ["mig"], ["sap"], "kl")
    expected = analysis.partial(table[table.index % 5 > 0], ["mig"], ["sap"], "kl")
    pd.testing.assert_frame_equal(found, expected)


@pytest.fixture(scope="module")
def desk():
    """Models and factors of the committed table that has rows by factor."""
    return results.load("desk"), factors.load("desk")


def test_medians_by_factor_are_those_of_its_rows(desk):
    rows = desk[1]
    found = analysis.by_factor(rows, "gbt_10000")
    for name, part in rows.groupby("data_set"):
        assert {*found.loc[name].dropna(axis=1, how="all").columns} == {*part.factor}
    for at in (0, 7, 40):
        key = rows.iloc[at][["data_set", "method", "strength", "factor"]].to_dict()
        mine = rows[(rows[list(key)] == pd.Series(key)).all(axis=1)]
        here = found.loc[tuple(key[name] for name in ("data_set", "method", "strength")), key["factor"]]
        assert here == pytest.approx(np.median(mine.gbt_10000))


def test_the_mean_over_factors_is_the_score_of_the_table(desk):
    table, rows = desk
    means = rows.groupby(results.KEY)[["gbt_10000", "lr_10000"]].mean()
    both = table.set_index(results.KEY)[["gbt_10000", "lr_10000"]].loc[means.index]
    np.testing.assert_allclose(means, both, atol=1e-6)


def test_scores_and_single_factors(desk):
    table, rows = desk
    found = analysis.with_factors(table, rows, ["mig", "sap"], "gbt_10000")
    for (name, factor), part in rows.groupby(["data_set", "factor"]):
        both = part.merge(table, on=results.KEY, suffixes=("_factor", ""))
        expected = both[["mig", "sap", "gbt_10000_factor"]].corr("spearman").gbt_10000_factor[:2]
        np.testing.assert_allclose(found.loc[(name, factor)], expected)
    with pytest.raises(ValueError, match="no model of the table has scores of factors"):
        analysis.with_factors(study(), rows.assign(seed=rows.seed + 90), ["mig"], "gbt_10000")
