"""The forms of the study's figures show what they are given, with one look for each method."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.transforms import Bbox
from test_statements import study

from dlnb import results
from dlnb.analysis import stats
from dlnb.claims import verdicts
from dlnb.claims.statements import CLAIMS
from dlnb.figures import atlas, forms, plots
from dlnb.figures import panels as looks
from dlnb.paper import SCORES
from dlnb.study import DATA_SETS, SWEEPS

TABLE = study()
RNG = np.random.default_rng(0)


def panels(figure):
    return [axis for axis in figure.axes if axis.get_title() or axis.collections or axis.lines]


def test_lines_stand_at_their_medians_and_every_method_keeps_its_look():
    medians = stats.by_strength(TABLE, "tc_sampled", RNG)
    figure = forms.medians_by_strength(medians, panel="data_set", ylabel="nats", columns=3)
    drawn = panels(figure)
    assert [axis.get_title() for axis in drawn] == [looks.NAMES[name] for name in DATA_SETS]
    expected = medians[(medians.data_set == "cars3d") & (medians.method == "factor_vae")]
    axis = drawn[list(DATA_SETS).index("cars3d")]
    lines = {to_hex(line.get_color()): line for line in axis.lines if line.get_marker() not in ("", "None", "|", "_")}
    line = lines[plots.COLORS["factor_vae"].lower()]
    assert len(lines) == 6 and line.get_marker() == looks.MARKERS["factor_vae"]
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
    for place, (method, color) in enumerate(plots.COLORS.items()):
        line = dots[color.lower()]
        assert line.get_marker() == looks.MARKERS[method] and np.abs(line.get_xdata() - place).max() < 0.5
        np.testing.assert_array_equal(line.get_ydata(), models[models.method == method].factor_vae_score)
    shapes, middles = drawn[1].collections
    assert len(shapes.get_paths()) == len(middles.get_paths()) == 6
    for method, shape, middle in zip(plots.COLORS, shapes.get_paths(), middles.get_paths(), strict=True):
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
    assert drawn[-1].get_xlabel() == forms.named("sap" if count == 2 else "mig")


def test_a_scatter_matrix_names_its_diagonal():
    figure = forms.scatter_matrix(TABLE[TABLE.data_set == "dsprites"], SCORES)
    assert len(figure.axes) == 36
    names = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert names == [plots.LABELS[name] for name in SCORES]


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


@pytest.mark.parametrize(
    ("value", "written"), [(0.05, ".05"), (-0.5, "-.5"), (10.5, "10.5"), (0.0, "0"), (1.0, "1"), (0.1 + 0.2, ".3")]
)
def test_ticks_of_many_panels_are_short(value, written):
    assert looks._short(value, None) == written


def _inside(figure):
    """Is all that is written on a figure within it, but for a hundredth of an inch?"""
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    return box.x0 > -0.01 and box.y0 > -0.01 and box.x1 < width + 0.01 and box.y1 < height + 0.01


SHORT = results.load("short")
FEW = SHORT[SHORT.data_set.isin(["dsprites", "noisy_dsprites", "cars3d"])]
WIDE = ("10", "13", "15", "18", "20")


@pytest.mark.parametrize(
    ("table", "name"),
    [
        *[pytest.param(SHORT, name, id=f"short-{name}") for name in atlas.FIGURES if name != "7"],
        *[pytest.param(FEW, name, id=f"few-{name}") for name in WIDE],
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


def test_looks_differ_between_methods_in_more_than_colour():
    assert len(set(looks.MARKERS.values())) == len(set(map(str, looks.DASHES.values()))) == len(SWEEPS)
    assert set(looks.NAMES) == set(DATA_SETS)


def test_shares_fill_their_row_in_the_order_of_the_parts():
    parts = pd.DataFrame(
        {"method": [0.5, -0.1], "strength": [0.3, 0.4], "seed": [0.15, 0.6], "evaluation": [0.05, 0.1]},
        index=["mig", "shapes3d"],
    )
    (axis,) = forms.shares(parts).axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["MIG", "Shapes3D"]
    widths = np.array([[bar.get_width() for bar in bars] for bars in axis.containers])
    assert widths.T[0] == pytest.approx([0.5, 0.3, 0.15, 0.05])
    assert widths.T[1] == pytest.approx(np.array([0, 0.4, 0.6, 0.1]) / 1.1)
    starts = np.array([[bar.get_x() for bar in bars] for bars in axis.containers])
    assert starts[1:] == pytest.approx(np.cumsum(widths, axis=0)[:-1])
    assert {text.get_text() for text in axis.texts} == {"50%", "30%", "15%", "36%", "55%", "9%"}


def test_the_scorecard_shows_value_interval_threshold_and_verdict():
    weighed = verdicts.weigh(TABLE, CLAIMS, np.random.default_rng(0), draws=5)
    (axis,) = forms.scorecard(weighed).axes
    assert [label.get_text() for label in axis.get_yticklabels()] == list(weighed.claim)
    for place, claim in enumerate(weighed.itertuples()):
        threshold, interval, dot, chance = axis.lines[4 * place : 4 * place + 4]
        assert float(chance.get_xdata()[0]) == claim.chance
        assert set(threshold.get_xdata()) == {float(claim.threshold.split()[1])}
        assert list(interval.get_xdata()) == [claim.low, claim.high]
        assert float(dot.get_xdata()[0]) == claim.here and dot.get_ydata()[0] == place
        assert dot.get_color() == forms.VERDICTS[claim.verdict][0]
        shaded = axis.collections[place].get_paths()[0].vertices[:, 0]
        end = axis.get_xlim()[1]
        assert (shaded.max() == end) == claim.threshold.startswith(">") and max(abs(shaded)) == end
