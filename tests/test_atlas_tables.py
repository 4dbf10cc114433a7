"""The tables of the paper beside ours."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from test_looks import extended
from test_statements import study

from dlnb import paper
from dlnb.analysis import transfer, variance
from dlnb.figures import atlas_tables
from dlnb.models import networks
from dlnb.paper import METHODS, SCORES
from dlnb.study import STUDIES, SWEEPS, Sweep


@pytest.fixture(scope="module")
def table():
    return study().assign(**asdict(STUDIES["short"].training))


def test_table_1_is_the_game_of_the_seeds_that_are_complete(table):
    more = pd.concat([table, table[(table.data_set == "cars3d") & (table.seed == 0)].assign(seed=9)])
    pd.testing.assert_frame_equal(atlas_tables.table_1(more)["here"], transfer.game(table, SCORES))
    pd.testing.assert_frame_equal(atlas_tables.table_1(more)["paper"], paper.TRANSFER)
    assert atlas_tables.table_1(table[table.seed == 0])["here"].isna().all(axis=None)


def test_the_network_of_the_paper_is_ours_with_its_kernels():
    rng = np.random.default_rng(0)
    parts = {
        "encoder": networks.encoder((64, 64, 1), 10, rng, kernels="paper"),
        "decoder": networks.decoder((64, 64, 1), 10, rng),
    }
    for name, network in parts.items():
        layers = [layer for layer in network.layers if layer.weights and layer.name != "logvar"]
        assert len(layers) == len(paper.NETWORKS)
        for layer, text in zip(layers, paper.NETWORKS[name], strict=True):
            assert ("convolution" in text) == (layer.kernel.ndim == 4)
            if layer.kernel.ndim == 4:
                assert text.startswith("4 x 4") and layer.kernel.shape[:2] == (4, 4) and layer.strides == (2, 2)
                assert ("transposed" in text) == ("Transpose" in type(layer).__name__)
            assert ("ReLU" in text) <= (layer.activation.__name__ == "relu")


def test_the_strengths_are_those_of_the_sweeps(table):
    found = atlas_tables.table_3(table)
    assert found.loc["AnnealedVAE"].tolist() == ["capacity", 5, 10, 25, 50, 75, 100]
    assert len(found) == len(METHODS)


def test_table_4_tells_what_differs(table):
    found = atlas_tables.table_4(table)
    assert found.paper["steps"] == 300_000 and found.here["steps"] == STUDIES["short"].training.steps
    assert found.here["batch"] == found.paper["batch"] == 64


def test_table_5_sets_ours_beside_the_paper_s(table):
    found = atlas_tables.table_5(table)
    assert found.loc[("method", "paper", "cars3d"), "mig"] == 0.34
    ours = variance.explained(table, SCORES).set_index(["data_set", "score"])
    assert found.loc[("setting", "here", "cars3d"), "mig"] == ours.setting["cars3d", "mig"]
    assert found.loc[("setting", "here, corrected", "cars3d"), "mig"] == ours.setting_corrected["cars3d", "mig"]
    assert found.shape == (42, 6) and found.notna().all(axis=None)
    noisy = atlas_tables.table_5(table, {("cars3d", "mig"): 1.0})  # more than the whole variance
    corrected = noisy.xs("here, corrected", level=1)
    assert corrected.xs("cars3d", level=1).mig.isna().all() and corrected.isna().to_numpy().sum() == 2


def test_what_the_paper_does_not_have_comes_last(table, monkeypatch):
    more = extended(table)
    strengths = atlas_tables.table_3(more)
    assert strengths.index[-1] == "my method" and len(strengths) == len(METHODS) + 1
    assert strengths.loc["my method"].tolist() == ["strength", 1, 2, 4, 6, 8, 16]
    assert atlas_tables.table_5(more).xs("method").xs("here").index[-1] == "my_set"
    monkeypatch.setitem(SWEEPS, "my_method", Sweep("My-VAE", "weight", (1, 2, 4, 6, 8, 16, 32)))
    assert atlas_tables.table_3(more).loc["My-VAE"].tolist() == ["weight", 1, 2, 4, 6, 8, 16, 32]


def test_constants_of_models_that_were_trained_in_different_ways_are_refused(table):
    halved = table.assign(steps=table.steps.where(table.method != "factor_vae", table.steps // 2))
    pd.testing.assert_frame_equal(atlas_tables.table_4(halved), atlas_tables.table_4(table))
    mixed = table.assign(steps=table.steps.where(table.seed == 0, 10_000))
    with pytest.raises(ValueError, match="models of the table differ in steps, such as 2000 and 10000"):
        atlas_tables.table_4(mixed)


def test_a_table_that_is_wrong_is_not_one_that_is_incomplete(table):
    assert atlas_tables.table_1(table.assign(mig=np.nan))["here"].isna().all(axis=None)
    with pytest.raises(ValueError, match="several rows for"):
        atlas_tables.table_1(pd.concat([table, table]))


def test_constants_that_the_table_does_not_tell_are_not_taken_from_the_paper(table):
    found = atlas_tables.table_4(table[["data_set", "method", "strength", "seed", "mig"]])
    assert found.here[["steps", "batch", "critic_width", "annealed_gamma"]].isna().all()
    assert found.here["beta_2"] == 0.999 and found.index.tolist() == atlas_tables.table_4(table).index.tolist()
