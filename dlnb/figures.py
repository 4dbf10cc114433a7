"""The forms of the study's figures: one panel a data set or score, one look for each method in all of them.

A method is told by colour and by marker or dashes, so that it can be told in greyscale too. Like ``plots``, nothing is
computed here but positions; a figure of many panels is drawn larger and scrolls sideways on a phone.
"""

import re
import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.ticker import LogLocator, NullLocator
from scipy.stats import gaussian_kde

from dlnb.plots import COLORS, LABELS, STYLE, WIDTH
from dlnb.study import DATA_SETS, SWEEPS

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


def _in_order(values, order) -> list:
    """The values that are there, in the order of the study."""
    there = set(values)
    return [value for value in order if value in there]


def _panels(count: int, columns: int, height: float = ROW, foot: float = 1.0, gap: float = 0.5, **options):
    """A grid of panels. The room for what is written beside them is measured, or given if they are many.

    To measure it takes as long as to draw. ``foot`` and ``gap``, in inches: the room below many panels, and below each.
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


def _logarithmic(axis) -> None:
    """An x or y axis, on which all is drawn already, with few and plain numbers."""
    low, high = axis.get_view_interval()
    subs = (1, 2, 5) if high < 20 * low else (1, 3) if high < 300 * low else (1,)
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())


def _legend(figure: Figure, axis) -> None:
    """The looks of an axis at the foot of the figure."""
    handles, labels = axis.get_legend_handles_labels()
    columns = 3 if figure.get_figwidth() < 9 else 6
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)


def _dots(method: str) -> dict:
    return {"color": COLORS[method], "alpha": 0.75, "markeredgewidth": 0, "label": named(method)}


@plt.rc_context(STYLE)
def medians_by_strength(medians: pd.DataFrame, *, panel: str, ylabel: str, log: bool = False, columns=2) -> Figure:
    """Lines of medians with their intervals over the place of the strength in its sweep, one a method.

    ``medians``: as ``stats.by_strength`` gives them (columns data_set, method, strength, median, low, high), of several
    values of the column ``panel``. Strengths of different methods are no common scale: the axis counts them.
    """
    names = _in_order(medians[panel], dict.fromkeys([*DATA_SETS, *medians[panel]]))
    shared = panel == "code" or (panel == "data_set" and not log)  # one unit and of one size
    figure, axes = _panels(len(names), min(columns, len(names)), gap=0.65, sharey=shared)
    methods = _in_order(medians.method, SWEEPS)
    shifts = dict(zip(methods, np.linspace(-0.15, 0.15, len(methods)), strict=True))
    lowest = axes[-min(columns, len(names)) :]
    for axis, name in zip(axes, names, strict=True):
        mine, intervals, colors = medians[medians[panel] == name], [], []
        for method in _in_order(mine.method, SWEEPS):
            part = mine[mine.method == method]
            places = np.array([SWEEPS[method].strengths.index(s) for s in part.strength]) + shifts[method]
            look = {"color": COLORS[method], "marker": MARKERS[method], "linestyle": DASHES[method], "markersize": 5}
            axis.plot(places, part["median"], label=named(method), **look)
            intervals.extend(np.stack([np.stack([places, places], 1), part[["low", "high"]]], axis=-1))
            colors.extend([COLORS[method]] * len(part))
        axis.add_collection(LineCollection(intervals, colors=colors, linewidths=0.8))
        axis.set(title=named(name), xlim=(-0.5, 5.5))
        axis.set_xticks(range(6) if len(names) <= MANY or axis in lowest else [])
        if log:
            axis.set_yscale("log")
            _logarithmic(axis.yaxis)
    for axis in lowest:
        axis.set_xlabel("place of the strength")
    figure.supylabel(ylabel, fontsize=12)
    _legend(figure, axes[0])
    return figure


@plt.rc_context(STYLE)
def ranges(table: pd.DataFrame, scores: Sequence[str], *, by: str = "method", panel: str = "data_set") -> Figure:
    """How far models of one method (or strength, or setting) reach: each model a dot, over the shape of all of them.

    One row of panels for each value of ``panel``, one column for each score.
    """
    table = table[list(dict.fromkeys([panel, "method", by, *scores]))]
    names = _in_order(table[panel], [*DATA_SETS, *SWEEPS])
    room = {"foot": 1.25, "gap": 0.2} if by == "method" else {"foot": 0.7, "gap": 0.4}
    figure, axes = _panels(len(names) * len(scores), len(scores), **room)
    methods = _in_order(table.method, SWEEPS)
    for axis, (name, score) in zip(axes, ((n, s) for n in names for s in scores), strict=True):
        part = table[table[panel] == name]
        groups = methods if by == "method" else sorted(part[by].unique())
        shown = []
        for group in groups:
            method = group if by == "method" else part.method.iloc[0]
            shown.append((part.loc[part[by] == group, score].to_numpy(), COLORS[method], MARKERS[method]))
        _ranges(axis, range(len(groups)), shown)
        short = [named(group) if by == "method" else f"{group:g}" for group in groups]
        turned = {"rotation": 60, "ha": "right", "rotation_mode": "anchor"} if by == "method" else {}
        axis.set_xlim(-0.6, len(groups) - 0.4)
        if by == "strength" or name == names[-1]:
            axis.set_xticks(range(len(groups)), short, **turned)
        else:  # as at the bottom
            axis.set_xticks([])
        if by == "strength" and name == names[-1]:
            axis.set_xlabel(SWEEPS[name].hyperparameter if len(names) == 1 else "strength")
        if name == names[0]:
            axis.set_title(measured(score))
        if score == scores[0]:
            axis.set_ylabel(named(name))
    return figure


def _ranges(axis, places, shown: list[tuple[np.ndarray, str, str]], width: float = 0.85) -> None:
    """Values with a colour and a marker at each place: dots, a line at the median, and the shape of all behind them.

    Narrow ones have no shape, which dots would hide.
    """
    shapes, shades, medians, dots = [], [], [], {}
    for place, (values, color, marker) in zip(places, shown, strict=True):
        values = values[np.isfinite(values)]
        if not len(values):
            continue
        if width > 0.5 and np.ptp(values) > 0 and len(values) > 2:
            height = np.linspace(values.min(), values.max(), 40)
            density = gaussian_kde(values)(height)
            half = 0.5 * width * density / density.max()
            shapes.append(
                np.column_stack([np.append(place + half, place - half[::-1]), np.append(height, height[::-1])])
            )
            shades.append(color)
        spread = np.linspace(-0.25, 0.25, len(values)) * width if len(values) > 1 else np.zeros(1)
        dots.setdefault((color, marker), []).append((place + spread, values))
        medians.append((place, np.median(values)))
    for (color, marker), some in dots.items():
        axis.plot(*np.hstack(some), marker, color=color, markersize=3.5, alpha=0.7, markeredgewidth=0)
    axis.add_collection(PolyCollection(shapes, facecolors=shades, alpha=0.25, linewidths=0))
    if medians:
        middle, height = np.array(medians).T
        axis.hlines(height, middle - 0.35 * width, middle + 0.35 * width, color="black", linewidth=1.5)


@plt.rc_context(STYLE)
def scatters(
    table: pd.DataFrame, pairs: Sequence[tuple[str, str]], *, panel="data_set", log=False, columns=2
) -> Figure:
    """One dot a model, told by its method: a row of panels for each of ``pairs`` (x, y), or a grid if there is one."""
    table = table[list(dict.fromkeys([panel, "method", *(name for pair in pairs for name in pair)]))]
    names = _in_order(table[panel], [*DATA_SETS, *SWEEPS])
    across = len(names) if len(pairs) > 1 else min(columns, len(names))
    figure, axes = _panels(len(names) * len(pairs), across, gap=0.9)
    for axis, ((x, y), name) in zip(axes, ((pair, n) for pair in pairs for n in names), strict=True):
        part = table[table[panel] == name]
        for method in _in_order(part.method, SWEEPS):
            dots = part[part.method == method]
            axis.plot(dots[x], dots[y], MARKERS[method], markersize=4, **_dots(method))
        axis.set(title=named(name), xlabel=textwrap.fill(measured(x), 22))  # no wider than the panel
        if axis in axes[::across]:
            axis.set_ylabel(textwrap.fill(measured(y), 22))
        if log:
            low, high = part[[x, y]].min().min(), part[[x, y]].max().max()
            axis.plot([low, high], [low, high], color="grey", linestyle="--", linewidth=1, zorder=0)
            axis.set(xscale="log", yscale="log")
            _logarithmic(axis.xaxis)
            _logarithmic(axis.yaxis)
    _legend(figure, axes[0])
    return figure


@plt.rc_context(STYLE)
def scatter_matrix(table: pd.DataFrame, scores: Sequence[str]) -> Figure:
    """Every score against every other, one dot a model, told by its method; names on the diagonal."""
    count, table = len(scores), table[["method", *scores]]
    figure, axes = _panels(count * count, count, 1.5, foot=0.7, gap=0.3)
    for axis, (row, column) in zip(axes, ((r, c) for r in scores for c in scores), strict=True):
        if row == column:
            axis.text(0.5, 0.5, named(row), ha="center", va="center", transform=axis.transAxes)
            axis.axis("off")
            continue
        for method in _in_order(table.method, SWEEPS):
            dots = table[table.method == method]
            axis.plot(dots[column], dots[row], MARKERS[method], markersize=3, **_dots(method))
        axis.locator_params(nbins=3)
        axis.tick_params(labelsize=9)
    _legend(figure, axes[1])
    return figure


@plt.rc_context(STYLE)
def correlations(panels: dict[str, pd.DataFrame], *, columns: int = 2, label: str = "rank correlation") -> Figure:
    """Tables of correlations as coloured cells with their percents, one panel for each title, from -1 to 1."""
    across = min(columns, len(panels))
    rows, wide = (max(frame.shape[i] for frame in panels.values()) for i in (0, 1))
    figure, axes = _panels(len(panels), across, 1.3 + 0.36 * rows)
    figure.set_figwidth(max(WIDTH, across * (1.7 + 0.42 * wide)))
    for axis, (title, frame) in zip(axes, panels.items(), strict=True):
        values = frame.to_numpy(dtype=float)
        drawn = axis.imshow(values, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
        for i, j in np.ndindex(values.shape):
            text = str(round(100 * values[i, j])) if np.isfinite(values[i, j]) else "–"
            color = "white" if abs(values[i, j]) > 0.7 else "black"
            axis.text(j, i, text, ha="center", va="center", color=color, clip_on=True)  # clipped, it needs no room
        turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        axis.set_xticks(range(values.shape[1]), [named(name) for name in frame.columns], **turned)
        # A long name on one line would leave no room for the cells.
        axis.set_yticks(range(values.shape[0]), [textwrap.fill(named(name), 18) for name in frame.index])
        axis.set_title(named(title))
        axis.spines[:].set_visible(False)
        axis.tick_params(length=0, labelsize=10)
    figure.colorbar(drawn, ax=axes, label=label, shrink=0.6)
    return figure


@plt.rc_context(STYLE)
def thirds(table: pd.DataFrame, third: pd.Series, measures: Sequence[str], *, columns: int = 2) -> Figure:
    """Measures of the models in the low, middle and high third by a score: each model a dot, one panel a measure."""
    names, shades = _in_order(table.data_set, DATA_SETS), ("#BBBBBB", "#56B4E9", "#0072B2")
    parts = {name: table.loc[table.data_set == name, [*measures]].assign(third=third) for name in names}
    figure, axes = _panels(len(measures), min(columns, len(measures)), sharex=True)
    for axis, measure in zip(axes, measures, strict=True):
        for group, (shade, marker) in enumerate(zip(shades, "osD", strict=True)):
            shown = [part.loc[part.third == group, measure].to_numpy() for part in parts.values()]
            places = np.arange(len(names)) + 0.28 * (group - 1)
            _ranges(axis, places, [(values, shade, marker) for values in shown], width=0.25)
        turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        axis.set_xticks(range(len(names)), [named(name) for name in names], **turned)
        axis.set_title(named(measure))
    for shade, marker, label in zip(shades, "osD", ("low third", "middle", "high third"), strict=True):
        axes[0].scatter([], [], s=30, color=shade, marker=marker, label=label)
    _legend(figure, axes[0])
    return figure


PARTS = {
    "method": ("#0072B2", ""),
    "strength": ("#56B4E9", "//"),
    "seed": ("#E69F00", ".."),
    "evaluation": ("#BBBBBB", ""),
}


@plt.rc_context(STYLE)
def shares(parts: pd.DataFrame) -> Figure:
    """Bars of a variance in its parts, one row a row of ``parts``: columns method, strength, seed and evaluation.

    An estimate below 0 is drawn as nothing, and the rest is then scaled to 1.
    """
    figure, axes = _panels(1, 1, 0.45 * len(parts))
    drawn = parts[list(PARTS)].clip(lower=0)
    drawn = drawn.div(drawn.sum(axis=1), axis=0)
    places, left = np.arange(len(drawn)), np.zeros(len(drawn))
    for name, (color, hatch) in PARTS.items():
        widths = drawn[name].to_numpy()
        bars = axes[0].barh(places, widths, left=left, color=color, hatch=hatch, edgecolor="white", label=name)
        for bar, width in zip(bars, widths, strict=True):
            if width >= 0.08:
                box = {"facecolor": color, "edgecolor": "none", "pad": 1}
                at = bar.get_x() + width / 2, bar.get_y() + bar.get_height() / 2
                text_color = "white" if name == "method" else "black"
                axes[0].text(*at, f"{width:.0%}", ha="center", va="center", color=text_color, bbox=box)
        left = left + widths
    axes[0].set(xlim=(0, 1), ylim=(len(drawn) - 0.5, -0.5), xlabel="share of the variance")
    axes[0].set_yticks(places, [named(name) for name in drawn.index])
    axes[0].tick_params(axis="y", length=0)
    figure.legend(loc="outside upper center", ncols=4, frameon=False)
    return figure


VERDICTS = {"agrees": ("#0072B2", "o"), "cannot tell": ("#777777", "s"), "disagrees": ("#D55E00", "D")}


@plt.rc_context(STYLE)
def scorecard(weighed: pd.DataFrame) -> Figure:
    """One row a claim (as ``findings.weigh`` gives them): value, interval, chance, threshold, the side that is claimed.

    All numbers of ``dlnb.claims`` are correlations, shares or differences of them, so that they share an axis.
    """
    figure, axes = _panels(1, 1, 0.34 * len(weighed))
    axis, places = axes[0], np.arange(len(weighed))
    reach = 1.02 * max(1, np.nanmax(np.abs(weighed[["low", "high"]].to_numpy()), initial=1))
    for place, claim in zip(places, weighed.itertuples(), strict=True):
        side, value = claim.threshold.split()
        edge = float(value)
        span = (edge, reach) if side == ">" else (-reach, edge)
        axis.fill_betweenx([place - 0.4, place + 0.4], *span, color="#0072B2", alpha=0.1, linewidth=0)
        axis.plot([edge, edge], [place - 0.4, place + 0.4], color="black", linewidth=1)
        color, marker = VERDICTS[claim.verdict]
        axis.plot([claim.low, claim.high], [place, place], color=color, linewidth=2)
        axis.plot(claim.here, place, marker, color=color, markersize=6)
        axis.plot(claim.chance, place, "x", color="black", markersize=4)
    for verdict, (color, marker) in VERDICTS.items():
        axis.plot([], [], marker, color=color, label=verdict)
    axis.plot([], [], "x", color="black", markersize=4, label="chance")
    axis.set(xlim=(-reach, reach), ylim=(len(weighed) - 0.5, -0.5), xlabel="value")
    axis.set_yticks(places, weighed.claim)
    axis.tick_params(axis="y", length=0, labelsize=10)
    figure.legend(loc="outside upper center", ncols=4, frameon=False)
    return figure
