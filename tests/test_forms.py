"""The forms of the study's figures show what they are given, with one look for each method."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.transforms import Bbox
from test_looks import extended
from test_statements import study

from dlnb import results
from dlnb.analysis import stats
from dlnb.figures import atlas, forms
from dlnb.figures.looks import LABELS, LOOKS, NAMES, look, named
from dlnb.paper import DATA_SETS, SCORES

TABLE = study()
RNG = np.random.default_rng(0)


def panels(figure):
    return [axis for axis in figure.axes if axis.get_title() or axis.collections or axis.lines]


def test_lines_stand_at_their_medians_and_every_method_keeps_its_look():
    medians = stats.by_strength(TABLE, "tc_sampled", RNG)
    figure = forms.medians_by_strength(medians, panel="data_set", ylabel="nats", columns=3)
    drawn = panels(figure)
    assert [axis.get_title() for axis in drawn] == [NAMES[name] for name in DATA_SETS]
    expected = medians[(medians.data_set == "cars3d") & (medians.method == "factor_vae")]
    axis = drawn[list(DATA_SETS).index("cars3d")]
    lines = {to_hex(line.get_color()): line for line in axis.lines if line.get_marker() not in ("", "None", "|", "_")}
    line = lines[LOOKS["factor_vae"].color.lower()]
    assert len(lines) == 6 and line.get_marker() == LOOKS["factor_vae"].marker
    np.testing.assert_allclose(np.asarray(line.get_ydata(), float), expected["median"])
    reach = {tuple(path.vertices[:, 1]) for path in axis.collections[0].get_paths()}
    assert set(zip(expected.low, expected.high, strict=True)) <= reach and len(reach) == 36
    assert np.abs(line.get_xdata() - np.arange(6)).max() < 0.2


def test_every_model_is_a_dot_in_its_range():
    figure = forms.ranges(TABLE, SCORES[:2])
    drawn = panels(figure)
    assert len(drawn) == 7 * 2
    dots = {to_hex(line.get_color()): line for line in drawn[1].lines}
    models = TABLE[TABLE.data_set == "dsprites"]
    for place, (method, look_of) in enumerate(LOOKS.items()):
        line = dots[look_of.color.lower()]
        assert line.get_marker() == look_of.marker and np.abs(line.get_xdata() - place).max() < 0.5
        np.testing.assert_array_equal(line.get_ydata(), models[models.method == method].factor_vae_score)
    shapes, middles = drawn[1].collections
    assert len(shapes.get_paths()) == len(middles.get_paths()) == 6
    for method, shape, middle in zip(LOOKS, shapes.get_paths(), middles.get_paths(), strict=True):
        values = models[models.method == method].factor_vae_score
        ends = shape.vertices[:, 1].min(), shape.vertices[:, 1].max()
        assert ends == pytest.approx((values.min(), values.max()))
        assert middle.vertices[:, 1] == pytest.approx(values.median())


@pytest.mark.parametrize("count", [1, 2])
def test_scatters_have_a_panel_for_each_pair_and_data_set(count):
    figure = forms.scatters(TABLE, [("mig", "gbt_100"), ("sap", "gbt_100")][:count], columns=3)
    drawn = panels(figure)
    assert len(drawn) == 7 * count
    dots = np.concatenate([line.get_xydata() for line in drawn[0].lines])
    models = TABLE[TABLE.data_set == "dsprites"]
    assert sorted(map(tuple, dots)) == sorted(zip(models.mig, models.gbt_100, strict=True))
    assert drawn[-1].get_xlabel() == named("sap" if count == 2 else "mig")


def test_the_dots_of_one_method_may_be_larger_and_lie_on_top():
    figure = forms.scatters(TABLE, [("mig", "sap")], large="beta_vae")
    for axis in panels(figure):
        *others, mine = [line for line in axis.lines if len(line.get_xdata())]
        assert mine.get_label() == named("beta_vae") and len(others) == 5
        assert {line.get_markersize() * 3 for line in others} == {mine.get_markersize()}
    with pytest.raises(ValueError, match="unknown method in the table 'mine'"):
        forms.scatters(TABLE, [("mig", "sap")], large="mine")


def test_a_scatter_matrix_names_its_diagonal():
    figure = forms.scatter_matrix(TABLE[TABLE.data_set == "dsprites"], SCORES)
    assert len(figure.axes) == 36
    names = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert names == [LABELS[name] for name in SCORES]


def test_correlations_are_printed_in_percent():
    frames = {name: part[list(SCORES)].corr("spearman") for name, part in TABLE.groupby("data_set", sort=False)}
    frames["dsprites"].iloc[0, 1] = np.nan
    frames["dsprites"].iloc[0, 3] = -0.004
    figure = forms.correlations(frames)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts[0] == "100" and texts[1] == "–" and texts[2] == f"{100 * frames['dsprites'].iloc[0, 2]:.0f}"
    assert texts[3] == "0"
    assert len(panels(figure)) >= 7


def test_thirds_are_drawn_by_data_set():
    figure = forms.thirds(TABLE, stats.thirds(TABLE, "mig"), ["gbt_100", "gbt_10000"])
    assert [axis.get_title() for axis in figure.axes] == ["GBT 100", "GBT 10,000"]
    assert len(figure.axes[0].get_xticklabels()) == 7


def _inside(figure):
    """Is all that is written on a figure within it, but for a hundredth of an inch?"""
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    return box.x0 > -0.01 and box.y0 > -0.01 and box.x1 < width + 0.01 and box.y1 < height + 0.01


SHORT = results.load("short")
FEW = SHORT[SHORT.data_set.isin(["dsprites", "noisy_dsprites", "cars3d"])]
WIDE = ("10", "13", "15", "18", "20")
ONE_OF_EACH_FORM = ("1", "2", "3 left", "4 left", "6", "11", "12", "22", *WIDE)


def marks(name):
    return [] if name in ONE_OF_EACH_FORM else [pytest.mark.slow]


@pytest.mark.parametrize(
    ("table", "name"),
    [
        *[pytest.param(SHORT, name, id=f"short-{name}", marks=marks(name)) for name in atlas.FIGURES if name != "7"],
        *[pytest.param(FEW, name, id=f"few-{name}") for name in WIDE],
        *[pytest.param(extended(SHORT), name, id=f"more-{name}") for name in ("13", "15", "20")],
    ],
)
def test_nothing_is_cut_off_or_written_over(table, name):
    figure = atlas.FIGURES[name](table)
    figure.draw_without_rendering()
    assert _inside(figure)
    boxes = [each.get_tightbbox() for each in (*figure.axes, *figure.legends)]
    for number, one in enumerate(boxes):
        for other in boxes[:number]:
            common = Bbox.intersection(one, other)
            assert common is None or min(common.width, common.height) < 0.02 * figure.dpi


def test_a_method_of_one_data_set_only_is_in_the_legend():
    table = extended(SHORT)
    table = table[(table.method != "my_method") | (table.data_set == "my_set")]
    medians = stats.by_strength(table, "mig", RNG)
    for figure in (
        forms.medians_by_strength(medians, panel="data_set", ylabel="MIG"),
        forms.scatters(table, [("mig", "sap")]),
    ):
        (legend,) = figure.legends
        assert [text.get_text() for text in legend.texts] == [*map(named, LOOKS), "my method"]
        assert panels(figure)[-1].get_title() == "my set"
        colors = {to_hex(line.get_color()) for line in panels(figure)[-1].lines}
        assert look("my_method").color.lower() in colors


def test_strengths_beyond_the_sweep_are_drawn_after_it():
    table = TABLE[TABLE.method == "beta_vae"]
    table = pd.concat([table[table.strength == 16].assign(strength=32.0), table])
    axis = panels(forms.medians_by_strength(stats.by_strength(table, "mig", RNG), panel="data_set", ylabel="MIG"))[0]
    (line,) = (line for line in axis.lines if line.get_marker() == "o")
    assert sorted(line.get_xdata().round()) == [0, 1, 2, 3, 4, 5, 6] and axis.get_xlim() == (-0.5, 6.5)


def test_what_is_no_correlation_is_not_printed_as_one():
    for value in (1.01, -55, np.inf):
        with pytest.raises(ValueError, match="table a must hold"):
            forms.correlations({"a": pd.DataFrame([[0.5, value]])})


def test_thirds_are_those_of_the_rows_whatever_their_index():
    part = TABLE[TABLE.data_set == "dsprites"]
    again = part.set_axis([0] * len(part))
    one, other = (forms.thirds(t, stats.thirds(t, "mig"), ["gbt_100"]).axes[0] for t in (part, again))
    for a, b in zip(one.lines, other.lines, strict=True):
        np.testing.assert_array_equal(a.get_xydata(), b.get_xydata())
    for wrong in (stats.thirds(part, "mig") + 1, stats.thirds(part, "mig")[:5]):
        with pytest.raises(ValueError, match="third must be 0, 1 or 2 for each model"):
            forms.thirds(part, wrong, ["gbt_100"])


def test_repeated_models_would_be_drawn_twice():
    with pytest.raises(ValueError, match="several rows for"):
        forms.ranges(pd.concat([TABLE, TABLE]), ["mig"])
    medians = stats.by_strength(TABLE, "mig", RNG)
    with pytest.raises(ValueError, match="several rows for"):
        forms.medians_by_strength(pd.concat([medians, medians]), panel="data_set", ylabel="MIG")
