"""The atlas has every figure and table of the paper, and each can be drawn from a complete table."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from test_statements import study

from dlnb import paper
from dlnb.analysis import transfer, variance
from dlnb.figures import atlas
from dlnb.models import networks
from dlnb.paper import DATA_SETS, SCORES
from dlnb.results import keepsakes
from dlnb.study import STUDIES, SWEEPS

LABELS = [f"{kind}_{n}" for kind in ("lr", "gbt") for n in (10, 100, 1_000, 10_000)]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(1)
    table = study()
    more = [name for name in (*LABELS, "mi_sampled") if name not in table]
    table = table.assign(**{name: rng.uniform(0.1, 1, len(table)) for name in more})
    table = table.assign(**asdict(STUDIES["short"].training))
    table.attrs["study"] = "short"
    return table


def test_nothing_is_missing():
    assert {int(name.split()[0]) for name in atlas.FIGURES} == set(range(1, 29))
    assert {int(name) for name in atlas.TABLES} == set(range(1, 7))
    parts = {name for name in atlas.FIGURES if " " in name}
    assert parts == {"3 left", "3 right", "4 left", "4 center", "4 right"}
    for name, function in (atlas.FIGURES | atlas.TABLES).items():
        assert function.__doc__
        assert name == "6" or name.split()[0] in function.__name__


@pytest.mark.parametrize("name", [name for name in atlas.FIGURES if name != "7"])
def test_every_figure_can_be_drawn(table, name):
    figure = atlas.FIGURES[name](table)
    assert isinstance(figure, Figure)
    assert any(axis.lines or axis.collections or axis.images for axis in figure.axes)


def test_figure_7_shows_what_was_kept(table, tmp_path, monkeypatch):
    monkeypatch.setattr(keepsakes, "TABLES", tmp_path)
    cells = {c.data_set: c for c in STUDIES["short"].cells() if c.method == keepsakes.FIGURE_7[c.data_set]}
    images = np.random.default_rng(0).uniform(size=(6, 8, 8, 1))
    with pytest.raises(ValueError, match="no reconstructions of the study short"):
        atlas.FIGURES["7"](table)
    keepsakes.save("short", cells["cars3d"], images.repeat(3, -1), images.repeat(3, -1) / 2)
    keepsakes.save("short", cells["dsprites"], images, images / 2)
    (axis,) = atlas.FIGURES["7"](table).axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["dSprites", "Cars3D"]
    shown = np.asarray(axis.images[0].get_array())
    assert shown.shape == (8 + 1 + 8, 10 * 8 + 9, 3)
    np.testing.assert_allclose(shown[:8, 18:26], images[1].repeat(3, -1), atol=0.003)
    np.testing.assert_allclose(shown[9:, 27:35], images[1].repeat(3, -1) / 2, atol=0.003)


def test_table_5_sets_ours_beside_the_paper_s(table):
    found = atlas.TABLES["5"](table)
    assert found.loc[("method", "paper", "cars3d"), "mig"] == 0.34
    ours = variance.explained(table, SCORES).set_index(["data_set", "score"])
    assert found.loc[("setting", "here", "cars3d"), "mig"] == ours.setting["cars3d", "mig"]
    assert found.loc[("setting", "here, corrected", "cars3d"), "mig"] == ours.setting_corrected["cars3d", "mig"]
    assert found.shape == (42, 6) and found.notna().all(axis=None)
    noisy = atlas.TABLES["5"](table, {("cars3d", "mig"): 1.0})  # more than the whole variance
    corrected = noisy.xs("here, corrected", level=1)
    assert corrected.xs("cars3d", level=1).mig.isna().all() and corrected.isna().sum(axis=None) == 2


def test_strengths_stand_under_the_models_of_their_own_method(table):
    axes = atlas.FIGURES["14"](table).axes
    for row, method in enumerate(SWEEPS):
        for axis in axes[6 * row : 6 * row + 6]:
            labels = [label.get_text() for label in axis.get_xticklabels()]
            assert labels == [f"{strength:g}" for strength in SWEEPS[method].strengths]


def test_table_1_is_the_game_of_the_seeds_that_are_complete(table):
    more = pd.concat([table, table[(table.data_set == "cars3d") & (table.seed == 0)].assign(seed=9)])
    pd.testing.assert_frame_equal(atlas.TABLES["1"](more)["here"], transfer.game(table, SCORES))
    pd.testing.assert_frame_equal(atlas.TABLES["1"](more)["paper"], paper.TRANSFER)
    assert atlas.TABLES["1"](table[table.seed == 0])["here"].isna().all(axis=None)


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
    found = atlas.TABLES["3"](table)
    assert found.loc["AnnealedVAE"].tolist() == ["capacity", 5, 10, 25, 50, 75, 100]
    assert len(found) == len(SWEEPS)


def test_table_4_tells_what_differs(table):
    found = atlas.TABLES["4"](table)
    assert found.paper["steps"] == 300_000 and found.here["steps"] == STUDIES["short"].training.steps
    assert found.here["batch"] == found.paper["batch"] == 64


def test_a_table_without_the_data_set_of_a_figure_is_refused(table):
    with pytest.raises(ValueError, match=r"no models with .*cars3d"):
        atlas.FIGURES["14"](table[table.data_set != "cars3d"])


def test_correlations_are_those_of_each_data_set(table):
    found = atlas.correlations(table, ("mig",), ("sap", "gbt_efficiency"))
    assert list(found) == list(DATA_SETS)
    part = table[table.data_set == "smallnorb"]
    assert found["smallnorb"].loc["mig", "sap"] == pytest.approx(part.mig.corr(part.sap, method="spearman"))
    efficiency = part.gbt_100 / part.gbt_10000
    assert found["smallnorb"].loc["mig", "gbt_efficiency"] == pytest.approx(
        part.mig.corr(efficiency, method="spearman")
    )
