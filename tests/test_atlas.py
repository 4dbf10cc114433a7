"""The atlas has every figure and table of the paper, and each can be drawn from a complete table."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from test_looks import extended
from test_statements import study

from dlnb import results
from dlnb.figures import atlas
from dlnb.figures.looks import LOOKS
from dlnb.paper import DATA_SETS, METHODS
from dlnb.results import keepsakes
from dlnb.study import STUDIES, SWEEPS

LABELS = [f"{kind}_{n}" for kind in ("lr", "gbt") for n in (10, 100, 1_000, 10_000)]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(1)
    table = study()
    more = [name for name in (*LABELS, "mi_sampled") if name not in table]
    table = table.assign(**{name: rng.uniform(0.1, 1, len(table)) for name in more})
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


# What shows no methods, or a single data set: correlations, thirds, and what the paper draws of one.
WITHOUT_METHODS = {"2", "3 right", "4 center", "4 right", "5", *map(str, (12, 16, 17, 19, 22, 23, 24))}
OF_ONE_DATA_SET = {"1", "2", "3 left", "3 right", "4 left", "4 center", "5", "6", "11", "14"}


@pytest.mark.parametrize("name", [name for name in atlas.FIGURES if name != "7"])
def test_every_figure_shows_methods_and_data_sets_that_the_paper_does_not_have(name):
    figure = atlas.FIGURES[name](extended(results.load("short")))
    texts = [text.get_text() for text in figure.findobj(Text)]
    assert ("my method" in texts) == (name not in WITHOUT_METHODS)
    sets = [text for text in texts if text.startswith(("Shapes3D", "my set"))]
    assert name in OF_ONE_DATA_SET or sets[-1].startswith("my set")
    for legend in figure.legends:
        labels = [text.get_text() for text in legend.texts]
        assert labels[-1] == ("high third" if name in ("22", "23") else "my method")


def test_figures_without_annealed_vae_have_all_other_methods():
    table = extended(results.load("short"))
    for name in ("1", "8", "9"):
        (legend,) = atlas.FIGURES[name](table).legends
        labels = [text.get_text() for text in legend.texts]
        assert labels == ["β-VAE", "FactorVAE", "β-TCVAE", "DIP-VAE-I", "DIP-VAE-II", "my method"]
    assert atlas.WITHOUT_ANNEALED == METHODS[:5] == tuple(LOOKS)[:5]


def test_figure_7_shows_what_was_kept(table, tmp_path, monkeypatch):
    monkeypatch.setattr("dlnb.results.table.TABLES", tmp_path)
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


def test_strengths_stand_under_the_models_of_their_own_method(table):
    axes = atlas.FIGURES["14"](table).axes
    for row, method in enumerate(METHODS):
        for axis in axes[6 * row : 6 * row + 6]:
            labels = [label.get_text() for label in axis.get_xticklabels()]
            assert labels == [f"{strength:g}" for strength in SWEEPS[method].strengths]


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


def test_figures_of_scores_need_no_accuracies(table):
    few = table.drop(columns=LABELS)
    assert isinstance(atlas.FIGURES["2"](few), Figure)
    with pytest.raises(ValueError, match="unknown column 'lr_100'"):
        atlas.FIGURES["19"](few)


def test_figure_7_needs_the_study_of_the_table(table):
    with pytest.raises(ValueError, match="attrs of the table lack the name of its study"):
        atlas.FIGURES["7"](pd.DataFrame(table.to_dict("list")))


def test_figure_18_needs_another_data_set(table):
    with pytest.raises(ValueError, match="no other data set"):
        atlas.FIGURES["18"](table[table.data_set == "dsprites"])
