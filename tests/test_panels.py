"""Grids have the panels that are asked for, cells their numbers, and ticks and legends their place."""

import numpy as np
import pytest
from matplotlib import pyplot

from dlnb.figures import panels


@pytest.mark.parametrize("count", [1, 5, panels.MANY + 1])
def test_a_grid_has_its_panels_row_by_row_and_grows_with_them(count):
    figure, axes = panels.grid(count, 3, (3.0, 2.0))
    assert figure.axes == axes and len(axes) == count
    places = [(axis.get_subplotspec().rowspan.start, axis.get_subplotspec().colspan.start) for axis in axes]
    assert places == [divmod(number, 3) for number in range(count)]
    assert tuple(figure.get_size_inches()) == pytest.approx((9.0, 0.8 + 2.0 * -(-count // 3)))
    assert not pyplot.get_fignums()


def test_a_grid_of_a_height_is_as_wide_as_the_page():
    figure, axes = panels.grid(4, 4, height=3.0)
    assert len(axes) == 4 and tuple(figure.get_size_inches()) == (panels.WIDTH, 3.0)


@pytest.mark.parametrize(
    ("value", "written"), [(0.05, ".05"), (-0.5, "-.5"), (10.5, "10.5"), (0.0, "0"), (1.0, "1"), (0.1 + 0.2, ".3")]
)
def test_ticks_of_many_panels_are_short(value, written):
    assert panels.short(value) == written


@pytest.mark.parametrize(
    ("cmap", "limits", "colors"),
    [
        ("viridis", (0, 1), ["white", "white", "black"]),
        ("RdBu_r", (-1, 1), ["black", "black", "white"]),
        ("Blues", (0, 2), ["black", "black", "black"]),
    ],
)
def test_cells_write_their_numbers_in_a_colour_that_can_be_read(cmap, limits, colors):
    _, (axis,) = panels.grid(1, height=2.0)
    written = "{:.1f}".format
    image = panels.cells(
        axis, [[0.2, 0.5, 0.9, np.nan]], ["r"], list("abcd"), cmap=cmap, limits=limits, written=written
    )
    assert [text.get_text() for text in axis.texts] == ["0.2", "0.5", "0.9", "–"]
    assert [text.get_color() for text in axis.texts] == [*colors, "black"]
    assert image.get_clim() == limits and image.get_cmap().name == cmap
    assert [label.get_text() for label in axis.get_xticklabels()] == list("abcd")
    assert [label.get_text() for label in axis.get_yticklabels()] == ["r"]


@pytest.mark.parametrize("count", [1, panels.MANY + 2])
@pytest.mark.parametrize("methods", [6, 16])
def test_a_legend_shows_all_in_order_and_covers_nothing(count, methods):
    figure, axes = panels.grid(count, 2)
    labels = [f"method {i}" for i in range(methods)]
    for axis in axes[-2:]:
        axis.set_xlabel("strength")
    axes[0].plot([0, 1], [0, 1], label=labels[-1])
    for label in labels[:-1]:
        axes[-1].plot([0, 1], [0, 1], label=label)
    panels.legend(figure, axes, labels)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.texts] == labels
    figure.draw_without_rendering()
    assert legend.get_window_extent().y1 < min(axis.get_tightbbox().y0 for axis in axes)
    assert legend.get_window_extent().y0 >= 0


def test_logarithmic_axes_have_few_and_plain_numbers():
    _, (axis,) = panels.grid(1, height=2.0)
    axis.plot([1, 2], [0.02, 3])
    axis.set_yscale("log")
    panels.logarithmic(axis.yaxis)
    low, high = axis.get_ylim()
    ticks = [tick for tick in axis.get_yticks() if low <= tick <= high]
    assert ticks == pytest.approx([0.03, 0.1, 0.3, 1, 3])
    assert axis.yaxis.get_major_formatter()(0.03) == "0.03" and not len(axis.get_yticks(minor=True))
