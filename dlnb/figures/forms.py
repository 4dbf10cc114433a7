"""The forms that the study's figures share: a panel for each data set or score, one look for each method.

As in ``plots``, nothing is computed here but positions, and what cannot be drawn raises ValueError. NaN stands for what
was not measured, and has no dot; on logarithmic axes numbers of 0 and less have no place either. A figure of many
panels is drawn larger and scrolls sideways on a phone.
"""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from scipy.stats import gaussian_kde

from dlnb import checks
from dlnb.analysis.inputs import beside
from dlnb.figures import inputs, looks
from dlnb.figures.looks import in_order, measured, named
from dlnb.figures.panels import MANY, PANEL, STYLE, cells, grid, legend, logarithmic, turned
from dlnb.results import KEY
from dlnb.study import SWEEPS

THIRDS = {"low third": ("#BBBBBB", "o"), "middle": ("#56B4E9", "s"), "high third": ("#0072B2", "D")}


@plt.rc_context(STYLE)
def medians_by_strength(medians: pd.DataFrame, *, panel: str, ylabel: str, log: bool = False, columns=2) -> Figure:
    """Lines of medians with their intervals over the place of the strength in its sweep, one for each method.

    ``medians``: as ``stats.by_strength`` gives them (columns data_set, method, strength, median, low, high), of several
    values of the column ``panel``. Strengths of different methods have no common scale: the axis numbers them, and has
    the strengths themselves if there is one method.
    """
    needs, measures = [panel, "method", "strength"], ["median", "low", "high"]
    medians = checks.table(inputs.rows(medians, needs, measures, needs, log=log), finite=["strength"])
    columns = checks.whole(columns, "columns")
    inputs.text(ylabel, "ylabel")
    names, methods = in_order(medians[panel]), in_order(medians.method)
    shared = panel == "code" or (panel == "data_set" and not log)  # one unit and of one size
    across = min(columns, len(names))
    figure, axes = grid(len(names), across, gap=0.65, sharey=shared)
    shifts = dict(zip(methods, np.linspace(-0.15, 0.15, len(methods)), strict=True))
    sweeps = {method: looks.strengths(method, medians.strength[medians.method == method]) for method in methods}
    longest = max(map(len, sweeps.values()))
    lowest = axes[-across:]
    for axis, name in zip(axes, names, strict=True):
        mine, intervals, colors = medians[medians[panel] == name], [], []
        for method in in_order(mine.method):
            part, look = mine[mine.method == method], looks.look(method)
            places = np.array([sweeps[method].index(strength) for strength in part.strength]) + shifts[method]
            shown = {"color": look.color, "linestyle": look.dashes, "marker": look.marker, "label": named(method)}
            axis.plot(places, part["median"], markersize=5, **shown)
            intervals.extend(np.stack([np.stack([places, places], 1), part[["low", "high"]]], axis=-1))
            colors.extend([look.color] * len(part))
        axis.add_collection(LineCollection(intervals, colors=colors, linewidths=0.8))
        axis.set(title=named(name), xlim=(-0.5, longest - 0.5))
        ticks = range(longest) if len(names) <= MANY or axis in lowest else []
        axis.set_xticks(ticks, [f"{s:g}" for s in sweeps[methods[0]]] if len(methods) == 1 and ticks else None)
        if log:
            axis.set_yscale("log")
            logarithmic(axis.yaxis)
    for axis in lowest:
        axis.set_xlabel("strength" if len(methods) == 1 else "place of the strength")
    figure.supylabel(ylabel, fontsize=12)
    legend(figure, axes, [named(method) for method in methods])
    return figure


@plt.rc_context(STYLE)
def ranges(table: pd.DataFrame, scores: Sequence[str], *, by: str = "method", panel: str = "data_set") -> Figure:
    """The range of scores over the models of each method or strength (``by``), as dots on the shape of all of them.

    One row of panels for each value of ``panel``, one column for each score.
    """
    scores = inputs.columns(scores)
    table = inputs.rows(table, [panel, "method", by], scores, (*KEY, panel))
    table = checks.table(
        table[list(dict.fromkeys([panel, "method", by, *scores]))], finite=[] if by == "method" else [by]
    )
    names, methods = in_order(table[panel]), in_order(table.method)
    longest = max(len(named(method)) for method in methods)
    room = {"foot": max(1.25, 0.25 + 0.09 * longest), "gap": 0.2} if by == "method" else {"foot": 0.7, "gap": 0.4}
    figure, axes = grid(len(names) * len(scores), len(scores), **room)
    for axis, (name, score) in zip(axes, ((n, s) for n in names for s in scores), strict=True):
        part = table[table[panel] == name]
        groups = methods if by == "method" else sorted(part[by].unique())
        shown = []
        for group in groups:
            look = looks.look(group if by == "method" else part.method.iloc[0])
            shown.append((part.loc[part[by] == group, score].to_numpy(), look.color, look.marker))
        _ranges(axis, range(len(groups)), shown)
        texts = [named(group) if by == "method" else f"{group:g}" for group in groups]
        axis.set_xlim(-0.6, len(groups) - 0.4)
        if by == "strength" or name == names[-1]:
            axis.set_xticks(range(len(groups)), texts, **turned(60 if by == "method" else 0))
        else:  # as at the bottom
            axis.set_xticks([])
        if by == "strength" and name == names[-1]:
            axis.set_xlabel(SWEEPS[name].hyperparameter if len(names) == 1 and name in SWEEPS else "strength")
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
    table: pd.DataFrame, pairs: Sequence[tuple[str, str]], *, panel="data_set", log=False, columns=2, large=None
) -> Figure:
    """One dot per model, in the look of its method: a row of panels for each of ``pairs`` (x, y), or a grid for one.

    The dots of the method ``large``, if one is named, are three times as wide and drawn last.
    """
    if isinstance(pairs, str) or not isinstance(pairs, Sequence) or not pairs:
        raise ValueError(f'pairs must be one or more of columns, such as [("mig", "sap")], not {checks.shown(pairs)}')
    pairs = [tuple(inputs.pair(pair, "a pair")) for pair in pairs]
    measures = list(dict.fromkeys(name for pair in pairs for name in pair))
    table = inputs.rows(table, [panel, "method"], measures, (*KEY, panel), log=log)
    table = table[list(dict.fromkeys([panel, "method", *measures]))]
    columns = checks.whole(columns, "columns")
    if large is not None:
        checks.choose(dict.fromkeys(table.method), large, "method in the table")
    names = in_order(table[panel])
    across = len(names) if len(pairs) > 1 else min(columns, len(names))
    figure, axes = grid(len(names) * len(pairs), across, gap=0.9)
    for axis, ((x, y), name) in zip(axes, ((pair, n) for pair in pairs for n in names), strict=True):
        part = table[table[panel] == name]
        _dots(axis, part[part.method != large], x, y, size=4)
        _dots(axis, part[part.method == large], x, y, size=12)
        axis.set(title=named(name), xlabel=textwrap.fill(measured(x), 22))  # no wider than the panel
        if axis in axes[::across]:
            axis.set_ylabel(textwrap.fill(measured(y), 22))
        if log:
            low, high = part[[x, y]].min().min(), part[[x, y]].max().max()
            axis.plot([low, high], [low, high], color="grey", linestyle="--", linewidth=1, zorder=0)
            axis.set(xscale="log", yscale="log")
            logarithmic(axis.xaxis)
            logarithmic(axis.yaxis)
    legend(figure, axes, [named(method) for method in in_order(table.method)])
    return figure


@plt.rc_context(STYLE)
def scatter_matrix(table: pd.DataFrame, scores: Sequence[str]) -> Figure:
    """Every score against every other, one dot per model in the look of its method; names on the diagonal."""
    scores = inputs.columns(scores)
    count, table = len(scores), inputs.rows(table, ["method"], scores, KEY)[["method", *scores]]
    figure, axes = grid(count * count, count, panel=(PANEL, 1.5), foot=0.7, gap=0.3)
    for axis, (row, column) in zip(axes, ((r, c) for r in scores for c in scores), strict=True):
        if row == column:
            axis.text(0.5, 0.5, named(row), ha="center", va="center", transform=axis.transAxes)
            axis.axis("off")
            continue
        _dots(axis, table, column, row, size=3)
        axis.locator_params(nbins=3)
        axis.tick_params(labelsize=9)
    legend(figure, axes, [named(method) for method in in_order(table.method)])
    return figure


def _dots(axis, table: pd.DataFrame, x: str, y: str, size: float) -> None:
    for method in in_order(table.method):
        part, look = table[table.method == method], looks.look(method)
        shown = {"color": look.color, "label": named(method), "alpha": 0.75, "markeredgewidth": 0}
        axis.plot(part[x], part[y], look.marker, markersize=size, **shown)


@plt.rc_context(STYLE)
def correlations(frames: dict[str, pd.DataFrame], *, columns: int = 2, label: str = "rank correlation") -> Figure:
    """Tables of correlations as coloured cells with their percentages, one panel for each title, from -1 to 1."""
    frames = inputs.panels(frames, "frames", "table of correlations")
    for title, frame in frames.items():
        if (inputs.frame(frame, f"table {title}").abs() > 1 + 1e-9).any(axis=None):
            raise ValueError(f"table {title} must hold correlations, from -1 to 1, not {frame.abs().max(axis=None):g}")
    columns = checks.whole(columns, "columns")
    inputs.text(label, "label")
    across = min(columns, len(frames))
    rows, wide = (max(frame.shape[i] for frame in frames.values()) for i in (0, 1))
    figure, axes = grid(len(frames), across, panel=(1.7 + 0.42 * wide, 1.3 + 0.36 * rows))
    for axis, (title, frame) in zip(axes, frames.items(), strict=True):
        # A long name on one line would leave no room for the cells.
        names = [textwrap.fill(named(name), 18) for name in frame.index], [named(name) for name in frame.columns]
        drawn = cells(axis, frame, *names, turn=45, cmap="RdBu_r", limits=(-1, 1), written=_percent)
        axis.set_title(named(title))
        axis.tick_params(length=0, labelsize=10)
    # In percent, as the cells are
    figure.colorbar(drawn, ax=axes, label=f"{label}, %", shrink=0.6, format=lambda value, _: _percent(value))
    return figure


def _percent(value: float) -> str:
    return str(round(100 * value))


@plt.rc_context(STYLE)
def thirds(table: pd.DataFrame, third: pd.Series, measures: Sequence[str], *, columns: int = 2) -> Figure:
    """Measures of the models in the low, middle and high third by a score, one panel for each; a dot is a model.

    ``third``: 0, 1 or 2 for each model, with the index of ``table``, as ``stats.thirds`` gives it.
    """
    measures, columns = inputs.columns(measures, "measures"), checks.whole(columns, "columns")
    found = inputs.rows(table, ["data_set"], measures, KEY)
    third = beside(checks.instance(third, pd.Series, "third", "the Series of stats.thirds"), table, "third")
    if not third.isin([0, 1, 2]).all():
        raise ValueError("third must be 0, 1 or 2 for each model of the table, as stats.thirds gives it")
    table = found
    names = in_order(table.data_set)
    parts = {name: table.loc[table.data_set == name, [*measures]].assign(third=third) for name in names}
    figure, axes = grid(len(measures), min(columns, len(measures)), sharex=True)
    for axis, measure in zip(axes, measures, strict=True):
        for group, look in enumerate(THIRDS.values()):
            shown = [(part.loc[part.third == group, measure].to_numpy(), *look) for part in parts.values()]
            _ranges(axis, np.arange(len(names)) + 0.28 * (group - 1), shown, width=0.25)
        axis.set_xticks(range(len(names)), [named(name) for name in names], **turned(45))
        axis.set_title(named(measure))
    for label, (shade, marker) in THIRDS.items():
        axes[0].scatter([], [], s=30, color=shade, marker=marker, label=label)
    legend(figure, axes[:1], list(THIRDS))
    return figure
