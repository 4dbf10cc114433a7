"""The committed table of the study "short" looks as trained models must look, whatever it says about the paper."""

import numpy as np
import pandas as pd
import pytest

from dlnb import results
from dlnb.models import methods
from dlnb.models.methods import METHODS, rescaled
from dlnb.study import STUDIES

SHORT = STUDIES["short"]
SHARES = (  # columns between 0 and 1
    *("beta_vae_score", "factor_vae_score", "mig", "modularity", "sap", "explicitness"),
    *("dci_disentanglement", "dci_completeness", "dci_informativeness"),
    *(f"{kind}_{n}" for kind in ("lr", "gbt") for n in SHORT.labels),
)
DISTANCES = ("tc_mean", "tc_sampled", "tc_mean_active", "tc_sampled_active", "mi_mean", "mi_sampled", "kl")


@pytest.fixture(scope="module")
def table():
    return results.load("short")


def trends(table, method, column):
    """Rank correlation of the strength with a column, one for each data set and seed."""
    parts = table[table.method == method].groupby(["data_set", "seed"])
    return np.array([part[["strength", column]].corr("spearman").iloc[0, 1] for _, part in parts])


def test_every_seed_of_a_data_set_is_complete(table):
    failed = results.Store(SHORT).failed()
    for (data_set, seed), part in table.groupby(["data_set", "seed"]):
        missing = 36 - len(part) - sum((key[0], key[3]) == (data_set, seed) for key in failed)
        assert missing == 0, (data_set, seed)


def test_scores_are_in_their_ranges(table):
    for name in SHARES:
        assert table[name].between(0, 1).all(), name
    for name in DISTANCES:
        assert (table[name] >= -1e-9).all(), name
    assert table.active.between(0, 10).all()
    np.testing.assert_allclose(table.elbo, -table.reconstruction - table.kl, rtol=1e-5)


def test_every_row_says_what_was_trained(table):
    for row in table.itertuples():
        made = METHODS[row.method](**{row.hyperparameter: row.strength}, **SHORT.constants(row.method))
        assert eval(row.objective, vars(methods)) == rescaled(made, SHORT.training.steps)


@pytest.mark.parametrize("method", ["beta_vae", "beta_tc_vae"])
def test_kl_falls_with_beta(table, method):
    found = trends(table, method, "kl")
    assert found.mean() < -0.9
    # β-TCVAE weighs one part of the KL divergence only, so that a step of a sweep may go up.
    assert (found < (-0.9 if method == "beta_vae" else -0.7)).mean() > 0.9


@pytest.mark.parametrize("method", ["beta_vae", "beta_tc_vae"])
def test_the_total_correlation_of_the_sample_falls_with_beta(table, method):
    found = trends(table, method, "tc_sampled")
    assert found.mean() < -0.5 and (found < 0).mean() > 0.8


def test_kl_follows_the_capacity_of_annealed_vae(table):
    part = table[table.method == "annealed_vae"]
    assert (trends(table, "annealed_vae", "kl") > 0.9).mean() > 0.9
    assert ((part.kl - part.strength).abs() < 0.15 * part.strength + 0.5).mean() > 0.9


def test_the_beta_vae_score_saturates_on_cars3d(table):
    scores = table.beta_vae_score[table.data_set == "cars3d"]
    assert scores.median() > 0.97 and (scores > 0.9).mean() > 0.9


def test_both_methods_at_beta_1_are_the_plain_vae(table):
    plain = table[(table.strength == 1) & table.method.isin(["beta_vae", "beta_tc_vae"])]
    both = plain.pivot(index=["data_set", "seed"], columns="method", values=["reconstruction", "kl", "mig", "tc_mean"])
    one, other = (both.xs(method, axis=1, level="method") for method in ("beta_vae", "beta_tc_vae"))
    assert len(both) > 0
    # The same seed gives both the same weights and images; their graphs differ, and with them rounding.
    np.testing.assert_allclose(one.kl, other.kl, rtol=0.05)
    np.testing.assert_allclose(one.reconstruction, other.reconstruction, rtol=0.02)
    assert (one.mig - other.mig).abs().median() < 0.02


def test_what_was_kept_beside_the_table_is_of_its_models(table):
    """A table that is scored again leaves the files beside it behind, unless they are made again too."""
    noise, gap = (pd.read_csv(results.TABLES / "short" / f"{name}.csv") for name in ("noise", "gap"))
    of_table = table.melt(results.KEY, list(noise.score.unique()), var_name="score", value_name="there")
    both = noise.merge(of_table, on=[*results.KEY, "score"], how="left")
    np.testing.assert_allclose(both.value, both.there, atol=2e-6)
    for above, mean, sampled in ((0, "tc_mean", "tc_sampled"), (0.01, "tc_mean_active", "tc_sampled_active")):
        both = gap[gap.above == above].merge(table, on=results.KEY, how="outer", suffixes=("_kept", ""))
        np.testing.assert_allclose(both.tc_mean_kept, both[mean], atol=1e-5)
        np.testing.assert_allclose(both.tc_sampled_kept, both[sampled], atol=1e-5)
    shrinking = gap.sort_values("above").groupby(results.KEY).latents.agg(list)
    assert shrinking.map(lambda counts: counts[0] == 10 and counts == sorted(counts, reverse=True)).all()
