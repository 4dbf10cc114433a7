"""Quantities of a table with missing models, computed on arrays, against groups of pandas."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from test_statements import study

from dlnb.analysis import stats, transfer, variance
from dlnb.claims import quantities
from dlnb.claims.quantities import Numbers
from dlnb.paper import SCORES


def uneven(seed=0):
    """A growing table: rows in random order, missing models and scores, ties, and a constant score."""
    table = study(seeds=3, seed=seed).sample(frac=0.85, random_state=seed)
    table["mig"] = table.mig.where(np.arange(len(table)) % 40 > 0).round(2)
    return table.assign(sap=table.sap.where(table.data_set != "cars3d", 0.1))


@pytest.fixture(params=[0, 1])
def table(request):
    return uneven(request.param)


def test_a_trend_is_the_correlation_of_strengths_and_medians(table):
    methods, found = ["beta_vae", "factor_vae"], []
    medians = stats.setting_medians(table, ["kl"])
    for _, part in medians[medians.method.isin(methods)].groupby(["data_set", "method"]):
        found.append(spearmanr(part.strength, part.kl).statistic)
    assert quantities.trend(Numbers(table), "kl", methods) == pytest.approx(np.mean(found))


def test_a_method_is_above_the_median_of_others(table):
    medians = table.groupby(["data_set", "method"]).mig.median().unstack("method")
    rest = medians.drop(columns="dip_vae_i").median(axis=1)
    expected = (medians.dip_vae_i > rest).mean()
    assert quantities.above_others(Numbers(table), "dip_vae_i", "mig") == pytest.approx(expected)


def test_winners_are_those_of_the_medians(table):
    medians = table.groupby(["data_set", "method"])[list(SCORES)].median()
    best = medians.eq(medians.groupby("data_set").transform("max"))
    won = (best / best.groupby("data_set").transform("sum")).groupby("method").sum().mean(axis=1)
    assert quantities.winners(Numbers(table)) == pytest.approx(won.max() / table.data_set.nunique())


def test_order_flips_where_both_seeds_have_both_settings(table):
    found = []
    for _, part in table.groupby("data_set"):
        grid = part.pivot(index=["method", "strength"], columns="seed", values="factor_vae_score").to_numpy().T
        for one in range(len(grid)):
            for other in range(one):
                a, b = grid[:, ~np.isnan(grid[[one, other]]).any(axis=0)][[one, other]]
                places = np.triu_indices(len(a), 1)
                orders = [np.sign(x[places[0]] - x[places[1]]) for x in (a, b)]
                found.append((1 - np.mean(orders[0] * orders[1])) / 2)
    assert quantities.flips(Numbers(table)) == pytest.approx(np.mean(found))


def test_the_nearest_data_sets_by_settings_that_all_have(table):
    medians = stats.setting_medians(table, SCORES)
    found = []
    wide = medians.pivot(index=["method", "strength"], columns="data_set", values=list(SCORES)).dropna()
    for score in SCORES:
        matrix = wide[score].corr("spearman")
        pair = matrix.loc["dsprites", "color_dsprites"]
        upper = matrix.to_numpy()[np.triu_indices(len(matrix), 1)]
        upper = upper[np.isfinite(upper)]
        found.append(pair - (upper.sum() - pair) / (len(upper) - 1))
    assert quantities.nearest(Numbers(table)) == pytest.approx(np.mean(found))


def test_shares_and_transfer_are_those_of_the_table(table):
    noise = {("dsprites", "mig"): 1e-3, "kl": 1.0}
    explained = variance.explained(table, SCORES, noise)[["method_corrected", "setting_corrected"]].dropna()
    assert Numbers(table, noise).variances.to_numpy() == pytest.approx(explained.mean().to_numpy())
    table = study(seeds=3).drop(index=[5, 300])
    expected = transfer.game(stats.complete(table), SCORES, ties=0.5)
    assert Numbers(table).transfer.to_numpy() == pytest.approx(expected.to_numpy())
