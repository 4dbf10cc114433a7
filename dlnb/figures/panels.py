"""What figures are made of: grids of panels, cells coloured by their value, axes, legends. Sizes are in inches."""

import re

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.ticker import LogLocator, NullLocator

WIDTH = 6.2  # text of 12 points is then readable on a phone, where the figure is as wide as the screen
PANEL = 2.6  # wide and high
MANY = 20  # panels
MOST, CELLS = 400, 20_000  # panels of a figure, and cells of a panel with numbers, that can be drawn within a minute
STYLE = {
    "font.size": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 12,
    "axes.titley": 1.0,  # there is nothing above the panels that titles would have to make way for
    "legend.fontsize": 11,
    "figure.dpi": 200,  # of pictures and dots inside an SVG
}
DARK = {  # where on a colour map, which goes from 0 to 1, white text is easier to read than black
    "viridis": lambda place: place < 0.6,
    "RdBu_r": lambda place: abs(place - 0.5) > 0.35,
    "Blues": lambda place: place > 0.7,
}


def grid(count: int, columns: int = 1, panel=(PANEL, PANEL), *, height=None, foot=1.0, gap=0.5, **options):
    """A grid of panels. Returns the figure and its ``count`` axes, row by row.

    The figure grows with its panels of the size ``panel`` (width, height), and is at least WIDTH wide; or it is WIDTH
    wide and ``height`` high, and filled to its edges. The room for what is written beside the panels is measured, which
    takes as long as drawing them; of more than MANY it is given: ``foot`` below all of them, and ``gap`` below each.
    """
    if not 1 <= count <= -(-count // columns) * columns <= MOST:
        raise ValueError(f"a figure has 1 to {MOST} panels, not {count} in {columns} columns: draw a part of the table")
    rows, many = -(-count // columns), height is None and count > MANY
    wide, tall = size = (WIDTH, height) if height else (max(WIDTH, panel[0] * columns), 0.8 + panel[1] * rows)
    layout = PlaceHolderLayoutEngine(adjust_compatible=True, colorbar_gridspec=True) if many else "constrained"
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout=layout, **options)
    plt.close(figure)  # the caller shows it; pyplot would show it a second time
    if many:
        left, right, top, across = 0.9, 0.15, 0.6, 0.65
        width = (wide - left - right - across * (columns - 1)) / columns
        high = (tall - top - foot - gap * (rows - 1)) / rows
        edges = {"left": left / wide, "right": 1 - right / wide, "bottom": foot / tall, "top": 1 - top / tall}
        figure.subplots_adjust(wspace=across / width, hspace=gap / high, **edges)
        for axis in axes.flat:
            axis.locator_params(nbins=3)
            axis.xaxis.set_major_formatter(short)
            axis.yaxis.set_major_formatter(short)
    elif height is None:  # a title is nearer to its own panel than to the one above
        figure.get_layout_engine().set(h_pad=0.1)
    for axis in axes.flat[count:]:
        axis.remove()
    return figure, list(axes.flat[:count])


def short(value: float, position=None) -> str:
    """A tick's number, without a zero before the point."""
    return re.sub(r"^(-?)0\.", r"\1.", f"{value:g}")


def cells(axis, values, rows=None, columns=None, *, turn=0, cmap="viridis", limits=(0, 1), written=None, **options):
    """Numbers [r, c] as coloured cells with the names of ``rows`` and of ``columns``, the latter turned by degrees.

    ``written`` turns a number into the text on its cell; NaN becomes a dash. Returns the image.
    """
    values = np.asarray(values, dtype=float)
    low, high = limits
    if written and values.size > CELLS:
        raise ValueError(
            f"at most {CELLS:,} numbers can be written on a figure, not {values.size:,}: draw a part of it"
        )
    drawn = axis.imshow(values, cmap=cmap, vmin=low, vmax=high, **{"aspect": "auto"} | options)
    if written:
        dark = DARK[cmap]((values - low) / (high - low))
        for i, j in np.ndindex(values.shape):
            text = written(values[i, j]) if np.isfinite(values[i, j]) else "–"
            color = "white" if dark[i, j] else "black"
            axis.text(j, i, text, ha="center", va="center", color=color, clip_on=True)  # clipped, it needs no room
    if rows is not None:
        axis.set_yticks(range(len(rows)), rows)
    if columns is not None:
        axis.set_xticks(range(len(columns)), columns, **turned(turn))
    axis.spines[:].set_visible(False)
    return drawn


def turned(degrees: float) -> dict:
    """How the names below an x axis are turned so that each ends under its tick."""
    return {"rotation": degrees, "ha": "right", "rotation_mode": "anchor"} if degrees else {}


def logarithmic(axis) -> None:
    """Few and plain numbers for an x or y axis on which everything is drawn already."""
    low, high = axis.get_view_interval()
    subs = (1, 2, 5) if high < 20 * low else (1, 3) if high < 300 * low else (1,)
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())


def legend(figure: Figure, axes, labels) -> None:
    """The looks that axes have for ``labels``, in this order, at the foot of the figure."""
    looks = {label: handle for axis in axes for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    columns = 3 if figure.get_figwidth() < 9 else int(figure.get_figwidth() / 1.5)
    figure.legend([looks[label] for label in labels], labels, loc="outside lower center", ncols=columns, frameon=False)
    more = -(-len(labels) // columns) - 1
    if more > 0 and figure.get_layout_engine().adjust_compatible:  # below many panels there is room for one line
        figure.subplots_adjust(bottom=figure.subplotpars.bottom + 0.25 * more / figure.get_figheight())
