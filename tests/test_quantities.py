"""Quantities of a table with missing models, computed on arrays, against groups of pandas."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from test_statements import study

from dlnb.analysis import stats, transfer, variance
from dlnb.claims import places, practice, quantities
from dlnb.claims.quantities import FIVE, Numbers
from dlnb.paper import SCORES, UNSUPERVISED


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


def between(table):
    """Rank correlations of medians for each score and pair of data sets, of settings that all have."""
    medians = stats.setting_medians(table, SCORES)
    wide = medians.pivot(index=["method", "strength"], columns="data_set", values=list(SCORES)).dropna()
    matrices = {score: wide[score].corr("spearman") for score in SCORES}
    pairs = list(combinations(wide["mig"].columns, 2))
    return pd.DataFrame({score: [m.loc[pair] for pair in pairs] for score, m in matrices.items()}, _index(pairs))


def _index(pairs):
    return pd.MultiIndex.from_tuples(pairs)


def test_the_nearest_data_sets_by_settings_that_all_have(table):
    found = between(table)
    here = np.array([{*pair} == {"dsprites", "color_dsprites"} for pair in found.index])
    expected = (found[here].iloc[0] - found[~here].max()).mean()
    assert places.nearest(Numbers(table)) == pytest.approx(expected)
    place = found.mean(axis=1).rank(ascending=False)[here].iloc[0]
    assert places.rank_of_pair(Numbers(table)) == (place, 21, "pairs of data sets")


def test_places_of_scores_and_data_sets(table):
    table = table.assign(mig=table.mig.fillna(0.5))
    matrices = {name: part[list(FIVE)].corr("spearman") for name, part in table.groupby("data_set")}
    pairs = list(combinations(FIVE, 2))
    by_set = pd.DataFrame({name: [m.loc[pair] for pair in pairs] for name, m in matrices.items()}, _index(pairs))
    place = by_set.mean(axis=1).rank(ascending=False)
    tight = max(place["beta_vae_score", "factor_vae_score"], place["mig", "dci_disentanglement"])
    assert places.rank_of_tight(Numbers(table)) == (tight, 10, "pairs of scores (best: 2)")
    level = by_set.mean().rank(ascending=False)
    lowest = level[["dsprites", "color_dsprites", "scream_dsprites"]].max()
    assert places.rank_of_alike(Numbers(table)) == (lowest, 7, "data sets (best: 3)")


def test_correlations_beyond_a_bound_are_counted_on_either_side(table):
    table = table.assign(mig=table.mig.fillna(0.5))
    cells = practice.losses(Numbers(table))
    assert list(cells) == list(table.data_set.unique())
    found = []
    for name, part in table.groupby("data_set"):
        expected = part.corr("spearman", numeric_only=True).loc[list(UNSUPERVISED), list(FIVE)]
        pd.testing.assert_frame_equal(cells[name], expected)
        found.extend(expected.to_numpy().ravel())
    values = {"a": pd.DataFrame([[0.31, -0.5, 0.3, np.nan], [0.9, 0.2, -0.31, -0.29]])}
    assert quantities.beyond(values, 1) == 2 / 7 and quantities.beyond(values, -1) == 2 / 7
    assert quantities.beyond(values) == 4 / 7 and np.isnan(quantities.beyond({"a": pd.DataFrame([[np.nan]])}))
    share = np.mean([abs(value) > 0.3 for value in found if np.isfinite(value)])
    assert quantities.beyond(cells) == pytest.approx(share)


def test_efficiency_is_compared_within_a_seed(table):
    ratios = table.assign(lr=table.lr_100 / table.lr_10000, gbt=table.gbt_100 / table.gbt_10000)
    cells = practice.saving(Numbers(table))
    four = [score for score in FIVE if score != "mig"]  # which some models lack
    for name, part in ratios.groupby("data_set"):
        seeds = [one.corr("spearman", numeric_only=True).loc[four, ["lr", "gbt"]] for _, one in part.groupby("seed")]
        np.testing.assert_allclose(cells[name].loc[four], np.mean(seeds, axis=0))
    lucky = table.assign(lr_100=table.lr_100 * (1 + table.seed))  # labels that help all models of a seed
    for name, before in cells.items():
        pd.testing.assert_frame_equal(practice.saving(Numbers(lucky))[name], before)


def test_what_carries_over_is_set_against_its_ceiling(table):
    table = study(seeds=3)
    game = transfer.game(table, SCORES, ties=0.5)
    expected = game.iloc[0, 0] - 0.5 - (game.iloc[1, 1] - 0.5) / 2
    assert quantities.gain_elsewhere(Numbers(table)) == pytest.approx(expected)


def test_shares_and_transfer_are_those_of_the_table(table):
    noise = {("dsprites", "mig"): 1e-3, "kl": 1.0}
    explained = variance.explained(table, SCORES, noise)[["method_corrected", "setting_corrected"]].dropna()
    assert Numbers(table, noise).variances.to_numpy() == pytest.approx(explained.mean().to_numpy())
    table = study(seeds=3).drop(index=[5, 300])
    expected = transfer.game(stats.complete(table), SCORES, ties=0.5)
    assert Numbers(table).transfer.to_numpy() == pytest.approx(expected.to_numpy())
