"""What the forms of the study's figures share: names, looks of the methods, grids of panels, their axes and legend."""

import re

from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.ticker import LogLocator, NullLocator

from dlnb.figures.plots import COLORS, LABELS, WIDTH
from dlnb.study import SWEEPS

MARKERS = dict(zip(SWEEPS, "osD^vP", strict=True))
DASHES = dict(zip(SWEEPS, ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3))), strict=True))
NAMES = {  # of the data sets
    "dsprites": "dSprites",
    "color_dsprites": "Color-dSprites",
    "noisy_dsprites": "Noisy-dSprites",
    "scream_dsprites": "Scream-dSprites",
    "smallnorb": "SmallNORB",
    "cars3d": "Cars3D",
    "shapes3d": "Shapes3D",
}
MEASURES = (
    LABELS
    | {
        "tc_sampled": "total correlation, sampled code",
        "tc_mean": "total correlation, mean code",
        "mi_sampled": "mutual information, sampled code",
        "mi_mean": "mutual information, mean code",
        "reconstruction": "reconstruction loss",
        "kl": "KL",
        "elbo": "ELBO",
        "lr_efficiency": "efficiency LR",
        "gbt_efficiency": "efficiency GBT",
    }
    | {f"{kind}_{n}": f"{kind.upper()} {n:,}" for kind in ("lr", "gbt") for n in (10, 100, 1_000, 10_000)}
)
ROW = 2.6  # inches
MANY = 20  # panels


def named(name) -> str:
    """What a figure calls a data set, method or measure."""
    return NAMES.get(name) or (SWEEPS[name].label if name in SWEEPS else MEASURES.get(name, str(name)))


def measured(name) -> str:
    """The same where methods are named too, some of which are called like a score."""
    return f"{named(name)} score" if name in ("beta_vae_score", "factor_vae_score") else named(name)


def in_order(values, order) -> list:
    """The values that are there, in the order of the study."""
    there = set(values)
    return [value for value in order if value in there]


def grid(count: int, columns: int, height: float = ROW, foot: float = 1.0, gap: float = 0.5, **options):
    """A grid of panels. The room for what is written beside them is measured, or given if they are many.

    To measure it takes as long as to draw. ``foot`` and ``gap``, in inches: the room below many panels, and below each.
    Returns the figure and its ``count`` axes, row by row.
    """
    rows, many = -(-count // columns), count > MANY
    wide, tall = size = max(WIDTH, 2.6 * columns), 0.8 + height * rows
    layout = PlaceHolderLayoutEngine(adjust_compatible=True, colorbar_gridspec=True) if many else "constrained"
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout=layout, **options)
    plt.close(figure)  # the caller shows it; pyplot would show it a second time
    if many:
        left, right, top, across = 0.9, 0.15, 0.6, 0.65
        width = (wide - left - right - across * (columns - 1)) / columns
        height = (tall - top - foot - gap * (rows - 1)) / rows
        edges = {"left": left / wide, "right": 1 - right / wide, "bottom": foot / tall, "top": 1 - top / tall}
        figure.subplots_adjust(wspace=across / width, hspace=gap / height, **edges)
        for axis in axes.flat:
            axis.locator_params(nbins=3)
            axis.xaxis.set_major_formatter(_short)
            axis.yaxis.set_major_formatter(_short)
    else:  # a title is nearer to its own panel than to the one above
        figure.get_layout_engine().set(h_pad=0.1)
    for axis in axes.flat[count:]:
        axis.remove()
    return figure, list(axes.flat[:count])


def _short(value: float, _) -> str:
    """A tick's number, without a zero before the point."""
    return re.sub(r"^(-?)0\.", r"\1.", f"{value:g}")


def logarithmic(axis) -> None:
    """An x or y axis, on which all is drawn already, with few and plain numbers."""
    low, high = axis.get_view_interval()
    subs = (1, 2, 5) if high < 20 * low else (1, 3) if high < 300 * low else (1,)
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())


def legend(figure: Figure, axis) -> None:
    """The looks of an axis at the foot of the figure."""
    handles, labels = axis.get_legend_handles_labels()
    columns = 3 if figure.get_figwidth() < 9 else 6
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)


def dots(method: str) -> dict:
    """How ``Axes.plot`` draws the dots of a method, but for their marker and size."""
    return {"color": COLORS[method], "alpha": 0.75, "markeredgewidth": 0, "label": named(method)}
