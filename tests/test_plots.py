"""Figures show what they are given; looks are judged by eye, contents here."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from dlnb.analysis import stats
from dlnb.figures import plots


def table():
    rows = [("d", "beta_vae", s, seed) for seed in range(3) for s in (1.0, 2.0, 4.0)]
    frame = pd.DataFrame(rows, columns=["data_set", "method", "strength", "seed"])
    return frame.assign(score=0.5 + frame.strength + frame.seed / 10, other=1 + frame.seed)


def test_no_figure_stays_open():
    plots.curves(np.arange(3), {"a": np.arange(3)}, axes=("x", "y"))
    assert not pyplot.get_fignums()


def test_points_keep_their_panels_and_colours():
    left, right = np.arange(6).reshape(3, 2), np.arange(6).reshape(3, 2) + 10
    figure = plots.points({"left": left, "right": right}, np.array([3, 1, 2]), label="value")
    panels = [axis for axis in figure.axes if axis.get_title()]
    assert [axis.get_title() for axis in panels] == ["left", "right"]
    for axis, expected in zip(panels, (left, right), strict=True):
        drawn = axis.collections[0]
        assert np.array_equal(drawn.get_offsets(), expected) and drawn.get_array().tolist() == [3, 1, 2]


@pytest.mark.parametrize("channels", [1, 3])
def test_image_grid_shows_every_image_at_its_place(channels):
    images = np.random.default_rng(0).uniform(size=(2, 3, 8, 8, channels))
    figure = plots.image_grid(images, rows=["a", "b"], columns=["1", "2", "3"])
    (axis,) = figure.axes
    sheet = np.asarray(axis.images[0].get_array())
    across, down = (
        dict(zip([label.get_text() for label in side.get_ticklabels()], side.get_ticklocs(), strict=True))
        for side in (axis.xaxis, axis.yaxis)
    )
    assert [*across] == ["1", "2", "3"] and [*down] == ["a", "b"]
    for (y, x), image in zip(product(down.values(), across.values()), images.reshape(6, 8, 8, channels), strict=True):
        left, top = round(x - 3.5), round(y - 3.5)  # a label stands at the middle of its images
        assert np.array_equal(sheet[top : top + 8, left : left + 8], np.broadcast_to(image, (8, 8, 3)))
    assert (sheet == 1).all(axis=(1, 2)).sum() == 1 and (sheet == 1).all(axis=(0, 2)).sum() == 2  # white between them


@pytest.mark.parametrize("rows", [(), ("a", "b"), ("a name that is long", "x")])
@pytest.mark.parametrize("columns", [(), "123"])
def test_image_grid_fills_its_figure(rows, columns):
    figure = plots.image_grid(np.zeros((2, 3, 8, 8, 1)), rows=rows, columns=columns)
    figure.draw_without_rendering()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert min(box.x0, box.y0) > 0 and width - 0.3 < box.x1 < width and height - 0.3 < box.y1 < height


def test_curves_share_x_and_are_named():
    figure = plots.curves([1, 2], {"up": [0, 1], "down": [1, 0]}, axes=("x", "y"), marks={"here": (1, 0.5)})
    lines = {line.get_label(): line.get_ydata().tolist() for line in figure.axes[0].lines}
    assert lines["up"] == [0, 1] and lines["down"] == [1, 0]
    assert [text.get_text() for text in figure.axes[0].texts] == ["here"]


def test_curves_of_any_number_are_all_drawn():
    figure = plots.curves([1, 2], {str(i): [i, i] for i in range(9)}, axes=("x", "y"))
    looks = {(line.get_color(), str(line.get_linestyle())) for line in figure.axes[0].lines}
    assert len(figure.axes[0].lines) == 9 == len(looks)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_every_loss_has_a_panel_on_the_scale_of_what_follows_a_steep_beginning(count):
    updates = np.arange(1, 101)
    lines = {f"loss {i}": np.where(updates <= 10, 1_000, np.linspace(0, i + 1, 100)) for i in range(count)}
    figure = plots.losses(updates, lines)
    axes = [axis for axis in figure.axes if axis.get_title()]
    assert [axis.get_title() for axis in axes] == list(lines)
    for axis, values in zip(axes, lines.values(), strict=True):
        (line,) = axis.lines
        assert np.array_equal(line.get_xdata(), updates) and np.array_equal(line.get_ydata(), values)
        low, high = axis.get_ylim()
        assert low < values[10:].min() <= values[10:].max() < high < 1_000
    assert len({line.get_color() for axis in axes for line in axis.lines}) == count


@pytest.mark.parametrize(
    ("updates", "lines", "message"),
    [
        ([1, 2], {"kl": [1, 2, 3]}, "line kl must be 2 numbers"),
        ([1, np.nan], {"kl": [1, 2]}, "updates must be finite"),
        ([1, 2], {}, "lines must be a dict of at least one line"),
        ([1, 2], {"kl": [np.inf, 1]}, "line kl must be 2 numbers"),
    ],
)
def test_losses_that_cannot_be_drawn_are_named(updates, lines, message):
    with pytest.raises(ValueError, match=message):
        plots.losses(updates, lines)


def test_losses_that_stay_the_same_or_begin_late_are_drawn():
    late = np.r_[np.ones(1), np.full(9, np.nan)]
    assert len(plots.losses(np.arange(10), {"same": np.zeros(10), "late": late}).axes) == 2


def test_heat_map_prints_its_numbers():
    frame = pd.DataFrame([[0.25, 0.5], [0.75, 1.0]], index=["a", "b"], columns=["c", "d"])
    axis = plots.heat_map(frame, label="share").axes[0]
    assert [text.get_text() for text in axis.texts] == ["0.25", "0.50", "0.75", "1.00"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["c", "d"]


def test_lines_by_strength_shows_every_model_and_the_medians():
    rng = np.random.default_rng(0)
    panels = {"one": ("score", stats.by_strength(table(), "score", rng))}
    axis = plots.lines_by_strength(table(), panels, ylabel="score", log=True).axes[0]
    models = table()[["strength", "score"]].itertuples(index=False, name=None)
    assert sorted(map(tuple, axis.collections[0].get_offsets())) == sorted(models)
    medians = axis.containers[0].lines[0]
    assert medians.get_xdata().tolist() == [1, 2, 4] and np.allclose(medians.get_ydata(), [1.6, 2.6, 4.6])


def test_a_strength_of_0_leaves_room_for_the_others():
    models = pd.concat([table(), table().query("strength == 1").assign(strength=0.0)], ignore_index=True)
    panels = {"one": ("score", stats.by_strength(models, "score", np.random.default_rng(0)))}
    axis = plots.lines_by_strength(models, panels, ylabel="score").axes[0]
    places = [axis.transData.transform((strength, 1))[0] for strength in (0, 1, 2, 4)]
    assert np.diff(places).min() > 0.15 * (places[-1] - places[0])


def test_lines_by_strength_shows_methods_that_are_not_the_paper_s():
    both = pd.concat([table().assign(method="my_method"), table()])
    panels = {"one": ("score", stats.by_strength(both, "score", np.random.default_rng(0)))}
    axis = plots.lines_by_strength(both, panels, ylabel="score").axes[0]
    assert [text.get_text() for text in axis.get_legend().texts] == ["β-VAE", "my method"]


def test_scatter_has_a_dot_for_each_model():
    axis = plots.scatter(table(), "score", "other", axes=("x", "y"), diagonal=True).axes[0]
    dots = np.concatenate([collection.get_offsets() for collection in axis.collections])
    models = table()[["score", "other"]].itertuples(index=False, name=None)
    assert sorted(map(tuple, dots)) == sorted(models)


def test_matrices_share_a_scale_and_count_from_one():
    left, right = np.eye(3), np.arange(9).reshape(3, 3) / 9
    figure = plots.matrices({"left": left, "right": right}, label="size", limits=(0, 2))
    panels = [axis for axis in figure.axes if axis.get_title()]
    assert [axis.get_title() for axis in panels] == ["left", "right"]
    for axis, matrix in zip(panels, (left, right), strict=True):
        (image,) = axis.images
        assert np.array_equal(image.get_array(), matrix) and image.get_clim() == (0, 2)
        assert axis.get_xticks().tolist() == [1, 2, 3]
        assert axis.get_xlim() == (0.5, 3.5) and axis.get_ylim() == (3.5, 0.5)  # the first row at the top


def test_tables_print_every_number_of_every_panel():
    panels = {"a": pd.DataFrame([[0.0, 0.25]], ["z"], ["x", "y"]), "b": pd.DataFrame([[3.0], [1.5]], ["z", "w"], ["x"])}
    figure = plots.tables(panels, columns=2)
    for axis, (title, frame) in zip(figure.axes, panels.items(), strict=True):
        assert axis.get_title() == title
        assert [text.get_text() for text in axis.texts] == [f"{value:.2f}" for value in frame.to_numpy().flat]
        assert [label.get_text() for label in axis.get_yticklabels()] == list(frame.index)


def test_agreement_has_a_panel_for_each_value_with_its_dots_and_a_diagonal():
    frame = pd.DataFrame(
        {"x": [0.1, 0.2, 0.5], "y": [0.2, 0.1, 0.6], "score": ["mig", "mig", "sap"], "set": list("aba")}
    )
    figure = plots.agreement(frame, "x", "y", "score", "set", axes=("there", "here"), columns=2)
    assert [axis.get_title() for axis in figure.axes] == ["MIG", "SAP"]
    dots = [np.concatenate([d.get_offsets() for d in axis.collections if len(d.get_offsets())]) for axis in figure.axes]
    assert dots[0].tolist() == [[0.1, 0.2], [0.2, 0.1]] and dots[1].tolist() == [[0.5, 0.6]]
    for axis in figure.axes:
        assert np.array_equal(*axis.lines[0].get_data()) and axis.get_xlabel() == "there"
    assert [text.get_text() for text in figure.legends[0].texts] == ["a", "b"]


def test_agreement_shows_any_number_of_values_and_names_the_axis_of_every_column():
    frame = pd.DataFrame({"x": range(8), "y": range(8), "score": list("abcd") * 2, "set": list("stuvwxyz")})
    figure = plots.agreement(frame, "x", "y", "score", "set", axes=("there", "here"))
    assert [text.get_text() for text in figure.legends[0].texts] == list("stuvwxyz")
    assert [axis.get_xlabel() for axis in figure.axes] == ["", "there", "there", "there"]


def test_a_heat_map_leaves_empty_what_was_not_measured():
    figure = plots.heat_map(pd.DataFrame([[0.5, np.nan]], ["mig"], ["few", "many"]), label="score")
    assert [text.get_text() for text in figure.axes[0].texts] == ["0.50", "–"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["MIG"]


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.full((1, 1, 4, 4, 1), 255, np.uint8), r"in \[0, 1\], not from 255 to 255: divide bytes by 255"),
        (np.full((1, 1, 4, 4, 1), -1.0), r"in \[0, 1\], not from -1 to -1"),
        (np.full((1, 1, 4, 4, 1), np.nan), "must be finite"),
        (np.zeros((1, 1, 4, 4)), r"must be \[r, c, h, w, 1 or 3\], not of shape \(1, 1, 4, 4\)"),
        (np.zeros((1, 1, 4, 4, 2)), r"not of shape \(1, 1, 4, 4, 2\)"),
        (np.zeros((0, 1, 4, 4, 1)), r"not of shape \(0, 1, 4, 4, 1\)"),
    ],
)
def test_images_out_of_range_would_be_all_white(images, message):
    with pytest.raises(ValueError, match=message):
        plots.image_grid(images)


def test_the_overshoot_of_a_reduction_is_cut_off():
    images = np.linspace(-0.05, 1.05, 16).reshape(1, 1, 4, 4, 1)
    shown = np.asarray(plots.image_grid(images).axes[0].images[0].get_array())
    assert shown.min() == 0 and shown.max() == 1


def test_every_image_has_its_label_or_none_has():
    for labels in (["a"], list("abc")):
        with pytest.raises(ValueError, match=f"rows must be 2, one for each, not {len(labels)}"):
            plots.image_grid(np.zeros((2, 1, 4, 4, 1)), rows=labels)


def test_numbers_that_belong_together_are_equally_many():
    with pytest.raises(ValueError, match=r"line b must be 3 numbers.* not an array of int64 of shape \(2,\)"):
        plots.curves([1, 2, 3], {"a": [1, 2, 3], "b": [1, 2]}, axes=("x", "y"))
    with pytest.raises(ValueError, match=r"points of a must be \[2, 2\] as color, not \(3, 2\)"):
        plots.points({"a": np.zeros((3, 2))}, [1, 2], label="x")
    with pytest.raises(ValueError, match="matrix a must be square"):
        plots.matrices({"a": np.zeros((2, 3))}, label="x")


@pytest.mark.parametrize("limits", [(1, 0), (0, 0), (0, np.nan), (0,), (0, 1, 2), "01", None])
def test_a_scale_has_a_lower_and_a_higher_end(limits):
    with pytest.raises(ValueError, match="limits must be"):
        plots.heat_map(pd.DataFrame({"a": [0.5]}), label="x", limits=limits)


@pytest.mark.parametrize("form", ["", "percent", "{", "{:d}", "{0} {1}", "{name}", None, 2])
def test_a_format_is_one_of_a_number(form):
    with pytest.raises(ValueError, match="form must be"):
        plots.heat_map(pd.DataFrame({"a": [0.5]}), label="x", form=form)


def test_a_figure_that_would_take_for_ever_is_refused():
    frame = pd.DataFrame({"x": range(500), "y": range(500), "score": range(500), "set": "a"})
    with pytest.raises(ValueError, match="1 to 400 panels, not 500 in 3 columns"):
        plots.agreement(frame, "x", "y", "score", "set", axes=("x", "y"))
    with pytest.raises(ValueError, match="panels, not 1 in 1000000 columns"):
        plots.points({"a": np.zeros((2, 2))}, [1, 2], label="x", columns=10**6)
    with pytest.raises(ValueError, match="at most 20,000 numbers"):
        plots.heat_map(pd.DataFrame(np.zeros((201, 100))), label="x")


def test_what_was_not_measured_is_left_out_but_not_everything():
    frame = table().assign(score=lambda t: t.score.where(t.seed > 0))
    axis = plots.scatter(frame, "score", "other", axes=("x", "y")).axes[0]
    drawn = np.concatenate([collection.get_offsets().compressed() for collection in axis.collections])
    assert len(drawn) == 2 * 6
    with pytest.raises(ValueError, match="column score has nothing to draw: it is NaN in every row"):
        plots.scatter(frame.assign(score=np.nan), "score", "other", axes=("x", "y"))
    with pytest.raises(ValueError, match="nothing to draw on a logarithmic axis: no number is above 0"):
        plots.scatter(frame.assign(score=-frame.score), "score", "other", axes=("x", "y"))


def test_the_legend_of_many_data_sets_is_as_wide_as_the_figure_at_most():
    sets = ["dsprites", "color_dsprites", "noisy_dsprites", "scream_dsprites", "smallnorb", "cars3d", "shapes3d"]
    frame = pd.DataFrame({"x": np.linspace(0, 1, 14), "y": np.linspace(1, 0, 14), "p": ["a", "b"] * 7, "set": sets * 2})
    figure = plots.agreement(frame, "x", "y", "p", "set", axes=("there", "here"), columns=2)
    figure.draw_without_rendering()
    box, whole = figure.legends[0].get_window_extent(), figure.bbox
    assert whole.x0 <= box.x0 and box.x1 <= whole.x1
    titles = [axis.title.get_window_extent() for axis in figure.axes]
    assert max(title.y1 for title in titles) <= whole.y1
