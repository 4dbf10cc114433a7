"""The forms of the study's figures: one panel a data set or score, one look for each method in all of them.

A method is told by colour and by marker or dashes, so that it can be told in greyscale too. Like ``plots``, nothing is
computed here but positions; a figure of many panels is drawn larger and scrolls sideways on a phone.
"""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from scipy.stats import gaussian_kde

from dlnb.figures import panels
from dlnb.figures.panels import measured, named
from dlnb.figures.plots import COLORS, STYLE, WIDTH
from dlnb.study import DATA_SETS, SWEEPS


@plt.rc_context(STYLE)
def medians_by_strength(medians: pd.DataFrame, *, panel: str, ylabel: str, log: bool = False, columns=2) -> Figure:
    """Lines of medians with their intervals over the place of the strength in its sweep, one a method.

    ``medians``: as ``stats.by_strength`` gives them (columns data_set, method, strength, median, low, high), of several
    values of the column ``panel``. Strengths of different methods are no common scale: the axis counts them.
    """
    names = panels.in_order(medians[panel], dict.fromkeys([*DATA_SETS, *medians[panel]]))
    shared = panel == "code" or (panel == "data_set" and not log)  # one unit and of one size
    figure, axes = panels.grid(len(names), min(columns, len(names)), gap=0.65, sharey=shared)
    methods = panels.in_order(medians.method, SWEEPS)
    shifts = dict(zip(methods, np.linspace(-0.15, 0.15, len(methods)), strict=True))
    lowest = axes[-min(columns, len(names)) :]
    for axis, name in zip(axes, names, strict=True):
        mine, intervals, colors = medians[medians[panel] == name], [], []
        for method in panels.in_order(mine.method, SWEEPS):
            part = mine[mine.method == method]
            places = np.array([SWEEPS[method].strengths.index(s) for s in part.strength]) + shifts[method]
            look = {"color": COLORS[method], "linestyle": panels.DASHES[method], "label": named(method)}
            axis.plot(places, part["median"], marker=panels.MARKERS[method], markersize=5, **look)
            intervals.extend(np.stack([np.stack([places, places], 1), part[["low", "high"]]], axis=-1))
            colors.extend([COLORS[method]] * len(part))
        axis.add_collection(LineCollection(intervals, colors=colors, linewidths=0.8))
        axis.set(title=named(name), xlim=(-0.5, 5.5))
        axis.set_xticks(range(6) if len(names) <= panels.MANY or axis in lowest else [])
        if log:
            axis.set_yscale("log")
            panels.logarithmic(axis.yaxis)
    for axis in lowest:
        axis.set_xlabel("place of the strength")
    figure.supylabel(ylabel, fontsize=12)
    panels.legend(figure, axes[0])
    return figure


@plt.rc_context(STYLE)
def ranges(table: pd.DataFrame, scores: Sequence[str], *, by: str = "method", panel: str = "data_set") -> Figure:
    """How far models of one method (or strength, or setting) reach: each model a dot, over the shape of all of them.

    One row of panels for each value of ``panel``, one column for each score.
    """
    table = table[list(dict.fromkeys([panel, "method", by, *scores]))]
    names = panels.in_order(table[panel], [*DATA_SETS, *SWEEPS])
    room = {"foot": 1.25, "gap": 0.2} if by == "method" else {"foot": 0.7, "gap": 0.4}
    figure, axes = panels.grid(len(names) * len(scores), len(scores), **room)
    methods = panels.in_order(table.method, SWEEPS)
    for axis, (name, score) in zip(axes, ((n, s) for n in names for s in scores), strict=True):
        part = table[table[panel] == name]
        groups = methods if by == "method" else sorted(part[by].unique())
        shown = []
        for group in groups:
            method = group if by == "method" else part.method.iloc[0]
            shown.append((part.loc[part[by] == group, score].to_numpy(), COLORS[method], panels.MARKERS[method]))
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
    names = panels.in_order(table[panel], [*DATA_SETS, *SWEEPS])
    across = len(names) if len(pairs) > 1 else min(columns, len(names))
    figure, axes = panels.grid(len(names) * len(pairs), across, gap=0.9)
    for axis, ((x, y), name) in zip(axes, ((pair, n) for pair in pairs for n in names), strict=True):
        part = table[table[panel] == name]
        for method in panels.in_order(part.method, SWEEPS):
            dots = part[part.method == method]
            axis.plot(dots[x], dots[y], panels.MARKERS[method], markersize=4, **panels.dots(method))
        axis.set(title=named(name), xlabel=textwrap.fill(measured(x), 22))  # no wider than the panel
        if axis in axes[::across]:
            axis.set_ylabel(textwrap.fill(measured(y), 22))
        if log:
            low, high = part[[x, y]].min().min(), part[[x, y]].max().max()
            axis.plot([low, high], [low, high], color="grey", linestyle="--", linewidth=1, zorder=0)
            axis.set(xscale="log", yscale="log")
            panels.logarithmic(axis.xaxis)
            panels.logarithmic(axis.yaxis)
    panels.legend(figure, axes[0])
    return figure


@plt.rc_context(STYLE)
def scatter_matrix(table: pd.DataFrame, scores: Sequence[str]) -> Figure:
    """Every score against every other, one dot a model, told by its method; names on the diagonal."""
    count, table = len(scores), table[["method", *scores]]
    figure, axes = panels.grid(count * count, count, 1.5, foot=0.7, gap=0.3)
    for axis, (row, column) in zip(axes, ((r, c) for r in scores for c in scores), strict=True):
        if row == column:
            axis.text(0.5, 0.5, named(row), ha="center", va="center", transform=axis.transAxes)
            axis.axis("off")
            continue
        for method in panels.in_order(table.method, SWEEPS):
            dots = table[table.method == method]
            axis.plot(dots[column], dots[row], panels.MARKERS[method], markersize=3, **panels.dots(method))
        axis.locator_params(nbins=3)
        axis.tick_params(labelsize=9)
    panels.legend(figure, axes[1])
    return figure


@plt.rc_context(STYLE)
def correlations(frames: dict[str, pd.DataFrame], *, columns: int = 2, label: str = "rank correlation") -> Figure:
    """Tables of correlations as coloured cells with their percents, one panel for each title, from -1 to 1."""
    across = min(columns, len(frames))
    rows, wide = (max(frame.shape[i] for frame in frames.values()) for i in (0, 1))
    figure, axes = panels.grid(len(frames), across, 1.3 + 0.36 * rows)
    figure.set_figwidth(max(WIDTH, across * (1.7 + 0.42 * wide)))
    for axis, (title, frame) in zip(axes, frames.items(), strict=True):
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
    names, shades = panels.in_order(table.data_set, DATA_SETS), ("#BBBBBB", "#56B4E9", "#0072B2")
    parts = {name: table.loc[table.data_set == name, [*measures]].assign(third=third) for name in names}
    figure, axes = panels.grid(len(measures), min(columns, len(measures)), sharex=True)
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
    panels.legend(figure, axes[0])
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
    figure, axes = panels.grid(1, 1, 0.45 * len(parts))
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
    """One row a claim (as ``claims.weigh`` gives them): value, interval, chance, threshold, the side that is claimed.

    All numbers of ``dlnb.claims`` are correlations, shares or differences of them, so that they share an axis.
    """
    figure, axes = panels.grid(1, 1, 0.34 * len(weighed))
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
