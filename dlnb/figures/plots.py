"""The simple figures of the chapters: points, images, curves, lines and coloured cells.

Each function draws what it is given and returns the figure; nothing is computed here but positions. NaN in a line or a
table is a gap or a dash; whatever cannot be drawn, such as infinity, text or nothing at all, raises ValueError.
"""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator, ScalarFormatter

from dlnb import checks
from dlnb.analysis.inputs import measurements
from dlnb.figures import inputs, looks
from dlnb.figures.looks import named
from dlnb.figures.panels import STYLE, WIDTH, cells, grid
from dlnb.results import KEY

TALLEST = 50  # inches


@plt.rc_context(STYLE)
def points(panels: dict, color, *, label: str, axes=("first coordinate", "second coordinate"), columns=2) -> Figure:
    """Scatter plots of points [n, 2], one for each title, on common axes and all coloured by ``color`` [n]."""
    panels = inputs.panels(panels, "panels", "array of points")
    panels = {title: checks.finite(xy, f"points of {title}", "[n, 2]", 2) for title, xy in panels.items()}
    color = checks.finite(color, "color", "[n]", 1)
    if bad := [title for title, xy in panels.items() if xy.shape != (len(color), 2) or not len(color)]:
        raise ValueError(f"points of {bad[0]} must be [{len(color)}, 2] as color, not {panels[bad[0]].shape}")
    axes, columns = inputs.pair(axes, "axes"), checks.whole(columns, "columns")
    inputs.text(label, "label")
    height = 5.8 / columns * -(-len(panels) // columns)
    figure, drawn = grid(len(panels), columns, height=height, sharex=True, sharey=True)
    for axis, (title, xy) in zip(drawn, panels.items(), strict=True):
        dots = axis.scatter(*xy.T, c=color, s=7, cmap="viridis", linewidths=0, rasterized=True)
        axis.set(title=title, xlabel=axes[0], aspect="equal")
    for axis in drawn[::columns]:
        axis.set_ylabel(axes[1])
    figure.colorbar(dots, ax=drawn, label=label, shrink=0.8)
    return figure


@plt.rc_context(STYLE)
def image_grid(images, *, rows=(), columns=()) -> Figure:
    """Images [r, c, h, w, 1 or 3] in [0, 1], with a label for each row and column, or none."""
    images = inputs.images(images, "[r, c, h, w, 1 or 3]")
    count, across, tall, wide = images.shape[:4]
    rows = inputs.texts(rows, "rows", count, optional=True)
    columns = inputs.texts(columns, "columns", across, optional=True)
    gap = max(1, round(0.05 * wide))
    # One picture of all of them is drawn far faster than a panel for each.
    sheet = np.ones((count, tall + gap, across, wide + gap, 3))
    sheet[:, :tall, :, :wide] = np.moveaxis(images, 1, 2)
    sheet = sheet.reshape(count * (tall + gap), across * (wide + gap), 3)[:-gap, :-gap]
    beside = 0.15 + 0.09 * max((len(str(name)) for name in rows), default=0)  # inches
    height = (WIDTH - beside) * len(sheet) / sheet.shape[1] + (0.4 if len(columns) else 0.15)
    figure, (axis,) = grid(1, height=height)
    axis.imshow(sheet)
    axis.set_anchor("NW")  # room for the labels is measured from there
    middles = [np.arange(n) * (size + gap) + (size - 1) / 2 for n, size in ((across, wide), (count, tall))]
    axis.xaxis.tick_top()
    axis.set_xticks(middles[0] if len(columns) else [], columns if len(columns) else None)
    axis.set_yticks(middles[1] if len(rows) else [], rows if len(rows) else None)
    axis.tick_params(length=0, labelsize=12)
    axis.spines[:].set_visible(False)
    return figure


@plt.rc_context(STYLE)
def curves(x, lines: dict, *, axes: tuple[str, str], marks: dict | None = None, height: float = 3.6) -> Figure:
    """Lines [n] over a common x [n], one for each label; ``marks`` are labelled points (x, y). ``height`` in inches."""
    x = checks.finite(x, "x", "[n]", 1)
    lines = {
        label: inputs.numbers(y, f"line {label}", len(x)) for label, y in inputs.panels(lines, "lines", "line").items()
    }
    marks = {} if marks is None or (isinstance(marks, dict) and not marks) else inputs.panels(marks, "marks", "point")
    marks = {label: checks.finite(place, f"mark {label}", "[2]", 1) for label, place in marks.items()}
    if bad := [label for label, place in marks.items() if len(place) != 2]:
        raise ValueError(f"mark {bad[0]} must be a point (x, y), not {checks.shown(marks[bad[0]])}")
    axes, height = inputs.pair(axes, "axes"), checks.number(height, "height", above=True, maximum=TALLEST)
    figure, (axis,) = grid(1, height=height)
    for number, (label, y) in enumerate(lines.items()):
        look = looks.line(number)
        axis.plot(x, y, color=look.color, linestyle=look.dashes, label=label, linewidth=2)
    for label, (a, b) in marks.items():
        axis.plot(a, b, "o", color="black")
        axis.annotate(label, (a, b), xytext=(6, 6), textcoords="offset points")
    axis.set(xlabel=axes[0], ylabel=axes[1])
    axis.legend(frameon=False)
    return figure


@plt.rc_context(STYLE)
def losses(updates, lines: dict) -> Figure:
    """Losses of a training [n] against the number of ``updates`` [n], one panel for each with a scale of its own.

    A scale is that of the last nine tenths of the points, so that a steep beginning may leave the panel.
    """
    updates = checks.finite(updates, "updates", "[n]", 1)
    lines = {
        name: inputs.numbers(values, f"line {name}", len(updates))
        for name, values in inputs.panels(lines, "lines", "line").items()
    }
    columns = 2 if len(lines) in (2, 4) else min(3, len(lines))
    figure, axes = grid(len(lines), columns, height=0.3 + 2.1 * -(-len(lines) // columns))
    for number, (axis, (name, values)) in enumerate(zip(axes, lines.items(), strict=True)):
        axis.plot(updates, values, color=looks.line(number).color, linewidth=1.5)
        late = values[len(values) // 10 :]
        late = late[np.isfinite(late)]
        if late.size:
            edge = 0.08 * (np.ptp(late) or 1)
            axis.set_ylim(late.min() - edge, late.max() + edge)
        axis.set(title=named(name), xlabel="updates")
        axis.locator_params(axis="x", nbins=2)
        axis.locator_params(axis="y", nbins=4)
        axis.xaxis.set_major_formatter("{x:,.0f}")
        axis.yaxis.set_major_formatter("{x:g}")
    for axis in axes[::columns]:
        axis.set_ylabel("nats")
    return figure


@plt.rc_context(STYLE)
def heat_map(frame, *, label: str, limits=(0, 1), form: str = "{:.2f}") -> Figure:
    """A table of numbers as coloured cells with the numbers printed; rows and columns named by the frame."""
    inputs.frame(frame, "frame")
    inputs.text(label, "label")
    limits, form = inputs.limits(limits), inputs.form(form)
    figure, (axis,) = grid(1, height=1.2 + (0.75 if len(frame) < 6 else 0.45) * len(frame))
    crowded = sum(len(str(name)) for name in frame.columns) > 30
    rows, turn = [named(name) for name in frame.index], 25 if crowded else 0
    drawn = cells(axis, frame, rows, frame.columns, turn=turn, limits=limits, written=form.format)
    figure.colorbar(drawn, ax=axis, label=label)
    return figure


@plt.rc_context(STYLE)
def matrices(panels: dict, *, label: str, limits=(0, 1), axes=("latent", "latent")) -> Figure:
    """Square matrices [d, d] as coloured cells, one panel for each title, on one scale; indices count from 1."""
    panels, limits = inputs.panels(panels, "panels", "matrix"), inputs.limits(limits)
    panels = {title: checks.array(matrix, f"matrix {title}", "[d, d]", 2) for title, matrix in panels.items()}
    for title, matrix in panels.items():
        if not len(matrix) or len(matrix) != len(matrix.T) or np.isinf(matrix).any():
            raise ValueError(f"matrix {title} must be square, with numbers or NaN, not {checks.shown(matrix)}")
    axes = inputs.pair(axes, "axes")
    inputs.text(label, "label")
    figure, drawn = grid(len(panels), len(panels), height=1.0 + 5.2 / len(panels))
    for axis, (title, matrix) in zip(drawn, panels.items(), strict=True):
        count = len(matrix)
        edges = (0.5, count + 0.5, count + 0.5, 0.5)
        image = cells(axis, matrix, limits=limits, aspect="equal", extent=edges)
        ticks = np.arange(1, count + 1)[:: count // 5 or 1]
        axis.set(title=title, xlabel=axes[0], xticks=ticks, yticks=ticks)
    drawn[0].set_ylabel(axes[1])
    figure.colorbar(image, ax=drawn, label=label, shrink=0.8)
    return figure


@plt.rc_context(STYLE)
def tables(panels: dict, *, columns: int = 3, form: str = "{:.2f}") -> Figure:
    """Small tables of numbers as coloured cells with the numbers printed, one panel for each title.

    Every panel has a scale of its own, from 0 to its largest number, since the panels are in different units.
    """
    panels = inputs.panels(panels, "panels", "table")
    panels = {title: inputs.frame(frame, f"table {title}") for title, frame in panels.items()}
    columns, form = checks.whole(columns, "columns"), inputs.form(form)
    height = 0.9 + 0.42 * max(len(frame) for frame in panels.values())
    figure, drawn = grid(len(panels), columns, height=-(-len(panels) // columns) * height)
    for axis, (title, frame) in zip(drawn, panels.items(), strict=True):
        limits = (
            0,
            1.5 * np.nanmax(frame.to_numpy(float), initial=1e-9),
        )  # no cell is so dark that its number cannot be read
        cells(axis, frame, frame.index, frame.columns, cmap="Blues", limits=limits, written=form.format)
        axis.set_title(title)
        axis.tick_params(length=0)
    return figure


@plt.rc_context(STYLE)
def lines_by_strength(table, panels: dict, *, ylabel: str, log: bool = False, chance: float | None = None) -> Figure:
    """Medians with their intervals and every single model against the strength, one panel for each title.

    ``panels`` maps a title to (column of ``table``, its medians as ``stats.by_strength`` gives them). ``chance`` is the
    value that would be measured if there were nothing to measure, drawn as a line. On a logarithmic axis (``log``)
    numbers of 0 and less have no place.
    """
    found = {}
    for title, panel in inputs.panels(panels, "panels", "(column, medians)").items():
        if not isinstance(panel, tuple | list) or len(panel) != 2:
            raise ValueError(f"panel {title} must be a column and its medians, not {checks.shown(panel)}")
        medians = inputs.rows(panel[1], ["method", "strength"], ["median", "low", "high"], KEY[:3], log=log)
        found[title] = panel[0], checks.table(medians, finite=["strength"])
    models = inputs.rows(table, ["method", "strength"], [column for column, _ in found.values()], KEY, log=log)
    table, panels = checks.table(models, finite=["strength"]), found
    chance = None if chance is None else checks.number(chance, "chance", -np.inf)
    inputs.text(ylabel, "ylabel")
    figure, drawn = grid(len(panels), len(panels), height=3.6, sharey=True)
    for axis, (title, (column, medians)) in zip(drawn, panels.items(), strict=True):
        for method in looks.in_order(medians.method):
            part, models = medians[medians.method == method], table[table.method == method]
            color, errors = looks.look(method).color, [part["median"] - part.low, part.high - part["median"]]
            axis.scatter(models.strength, models[column], s=16, color=color, alpha=0.45, linewidths=0)
            axis.errorbar(
                part.strength, part["median"], errors, color=color, marker="o", capsize=3, label=named(method)
            )
        if chance is not None:
            axis.axhline(chance, color="grey", linestyle=":", label="by chance")
        _strengths(axis, medians.strength)
        axis.xaxis.set_major_formatter(ScalarFormatter())
        axis.xaxis.set_minor_locator(NullLocator())
        axis.set(title=title, xlabel="strength β" if set(medians.method) == {"beta_vae"} else "strength")
        if log:
            axis.set_yscale("log")
            axis.yaxis.set_major_formatter("{x:g}")
            axis.yaxis.set_minor_formatter(NullFormatter())
    drawn[0].set_ylabel(ylabel)
    if chance is not None or table.method.nunique() > 1:
        drawn[-1].legend(frameon=False)
    return figure


def _strengths(axis, strengths) -> None:
    """A logarithmic axis, on which strengths of 0 and less have a place at its end."""
    least = min((s for s in strengths if s > 0), default=1.0)
    scale = {"value": "log"} if min(strengths) > 0 else {"value": "symlog", "linthresh": least}
    axis.set_xscale(**scale, base=2)
    axis.set_xticks(sorted(set(strengths)))


@plt.rc_context(STYLE)
def scatter(table, x: str, y: str, *, axes: tuple[str, str], hue: str = "strength", diagonal: bool = False) -> Figure:
    """One dot per model, coloured by a column; ``diagonal`` adds the line where both are equal. Both axes are log.

    Models without one of the two numbers, or with one of 0 or less, have no dot. ``hue`` is a column of numbers.
    """
    table = checks.table(inputs.rows(table, [hue], [x, y], (*KEY, hue), log=True), finite=[hue])
    axes = inputs.pair(axes, "axes")
    checks.flag(diagonal, "diagonal")
    figure, (axis,) = grid(1, height=4.2)
    order = {value: i for i, value in enumerate(sorted(table[hue].unique()))}
    palette = plt.get_cmap("viridis", len(order))
    for value, i in order.items():
        part = table[table[hue] == value]
        axis.scatter(part[x], part[y], color=palette(i), label=f"{value:g}", s=36, edgecolors="black", linewidths=0.4)
    axis.set(xscale="log", yscale="log", xlabel=axes[0], ylabel=axes[1])
    if diagonal:
        low, high = (f(f(table[x]), f(table[y])) for f in (min, max))
        axis.plot([low, high], [low, high], color="grey", linestyle="--", zorder=0)
    axis.legend(title=hue, frameon=False, bbox_to_anchor=(1, 1), loc="upper left")
    return figure


@plt.rc_context(STYLE)
def agreement(table, x: str, y: str, panel: str, hue: str, *, axes: tuple[str, str], columns: int = 3) -> Figure:
    """Two measurements of the same thing, one dot per row of the table and one panel for each value of ``panel``.

    Dots on the dashed diagonal agree. Values of the column ``hue`` differ in colour and marker.
    """
    table = measurements(inputs.rows(table, [panel, hue], [x, y]), [panel, hue], [x, y])
    axes, columns = inputs.pair(axes, "axes"), checks.whole(columns, "columns")
    names, hues = list(table[panel].unique()), looks.in_order(table[hue])
    wide = 0.09 * (5 + max(len(named(value)) for value in hues))  # inches of an entry of the legend
    beside = min(5, max(1, int(WIDTH / wide)))
    height = 0.2 + 0.2 * -(-len(hues) // beside) + -(-len(names) // columns) * (WIDTH / columns + 0.25)
    figure, drawn = grid(len(names), columns, height=height)
    for axis, name in zip(drawn, names, strict=True):
        part = table[table[panel] == name]
        low, high = part[[x, y]].min().min(), part[[x, y]].max().max()
        edge = 0.05 * (high - low or 1)
        axis.plot([low - edge, high + edge], [low - edge, high + edge], color="grey", linestyle="--", zorder=0)
        for number, value in enumerate(hues):
            dots, look = part[part[hue] == value], looks.line(number)
            shown = {"color": look.color, "marker": look.marker, "label": named(value)}
            axis.scatter(dots[x], dots[y], s=20, alpha=0.8, linewidths=0, **shown)
        axis.set(title=named(name), aspect="equal")
        axis.locator_params(nbins=4)
    for axis in drawn[-columns:]:  # the lowest of each column
        axis.set_xlabel(axes[0])
    for axis in drawn[::columns]:
        axis.set_ylabel(axes[1])
    figure.legend(*drawn[0].get_legend_handles_labels(), loc="outside lower center", ncols=beside, frameon=False)
    return figure
