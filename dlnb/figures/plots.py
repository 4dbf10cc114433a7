"""Figures: each function draws what it is given and returns the figure; nothing is computed here but positions.

A method has one label, place and colour in the whole book. Text is large enough to be read on a phone.
"""

import base64
import io
from dataclasses import dataclass

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator, ScalarFormatter
from PIL import Image, ImageDraw, ImageFont

from dlnb.study import SWEEPS

WIDTH = 6.2  # inches; text of 12 points is then readable on a phone, where the figure is as wide as the screen
COLORS = dict(zip(SWEEPS, ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"), strict=False))
LABELS = {  # of the scores
    "beta_vae_score": "BetaVAE",
    "factor_vae_score": "FactorVAE",
    "mig": "MIG",
    "modularity": "Modularity",
    "dci_disentanglement": "DCI",
    "sap": "SAP",
    "dci_completeness": "completeness",
    "dci_informativeness": "informativeness",
    "explicitness": "Explicitness",
    "total_correlation": "total correlation",
    "average_mutual_information": "mutual information",
}
STYLE = {
    "font.size": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 12,
    "axes.titley": 1.0,  # there is nothing above the panels that titles would have to make way for
    "legend.fontsize": 11,
    "figure.dpi": 200,  # of pictures and dots inside an SVG
}


def _figure(rows: int, columns: int, height: float, **options):
    figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, height), squeeze=False, layout="constrained", **options)
    plt.close(figure)  # the caller shows it; pyplot would show it a second time
    return figure, axes


@plt.rc_context(STYLE)
def points(panels: dict, color, *, label: str, axes=("first coordinate", "second coordinate"), columns=2) -> Figure:
    """Scatter plots of points [n, 2], one for each title, on common axes and all coloured by ``color`` [n]."""
    rows = -(-len(panels) // columns)
    figure, grid = _figure(rows, columns, 5.8 / columns * rows, sharex=True, sharey=True)
    for axis, (title, xy) in zip(grid.flat, panels.items(), strict=False):
        drawn = axis.scatter(*np.asarray(xy).T, c=color, s=7, cmap="viridis", linewidths=0, rasterized=True)
        axis.set(title=title, xlabel=axes[0], aspect="equal")
    for axis in grid[:, 0]:
        axis.set_ylabel(axes[1])
    for axis in grid.flat[len(panels) :]:
        axis.remove()
    figure.colorbar(drawn, ax=grid, label=label, shrink=0.8)
    return figure


@plt.rc_context(STYLE)
def image_grid(images, *, rows=(), columns=()) -> Figure:
    """Images [r, c, h, w, 1 or 3] in [0, 1], with labels for rows and columns."""
    images = np.asarray(images)
    count, across, tall, wide = images.shape[:4]
    gap = max(1, round(0.05 * wide))
    # One picture of all is drawn far faster than a panel for each.
    sheet = np.ones((count, tall + gap, across, wide + gap, 3))
    sheet[:, :tall, :, :wide] = np.moveaxis(np.clip(images, 0, 1), 1, 2)
    sheet = sheet.reshape(count * (tall + gap), across * (wide + gap), 3)[:-gap, :-gap]
    beside = 0.15 + 0.09 * max((len(str(name)) for name in rows), default=0)  # inches
    figure, grid = _figure(1, 1, (WIDTH - beside) * len(sheet) / sheet.shape[1] + (0.4 if len(columns) else 0.15))
    axis = grid[0, 0]
    axis.imshow(sheet)
    axis.set_anchor("NW")  # room for the labels is measured from there
    middles = [np.arange(n) * (size + gap) + (size - 1) / 2 for n, size in ((across, wide), (count, tall))]
    axis.xaxis.tick_top()
    axis.set_xticks(middles[0] if len(columns) else [], columns if len(columns) else None)
    axis.set_yticks(middles[1] if len(rows) else [], rows if len(rows) else None)
    axis.tick_params(length=0, labelsize=12)
    axis.spines[:].set_visible(False)
    return figure


@dataclass(frozen=True)
class Animation:
    """A GIF that notebooks show as a moving picture."""

    gif: bytes

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"image/gif": base64.b64encode(self.gif).decode()}


def animation(images, labels, *, columns: int = 3, side: int = 160, milliseconds: int = 350) -> Animation:
    """One moving tile, ``side`` pixels wide, for each label, from images [tiles, frames, h, w, 1 or 3] in [0, 1]."""
    images = (np.clip(images, 0, 1) * 255).round().astype(np.uint8)
    tiles, length = images.shape[:2]
    space, line, font = 12, 26, ImageFont.load_default(16)
    rows, columns = -(-tiles // columns), min(columns, tiles)
    frames = []
    for t in range(length):
        frame = Image.new("RGB", (columns * (side + space) - space, rows * (side + line + space) - space), "white")
        for i, label in enumerate(labels):
            corner = i % columns * (side + space), i // columns * (side + line + space)
            tile = Image.fromarray(np.broadcast_to(images[i, t], (*images.shape[2:4], 3)))
            frame.paste(tile.resize((side, side), Image.Resampling.NEAREST), (corner[0], corner[1] + line))
            ImageDraw.Draw(frame).text((corner[0], corner[1] + 4), label, fill="black", font=font)
        frames.append(frame)
    # One palette of colours for all frames, so that what does not move does not flicker.
    strip = Image.fromarray(np.concatenate([np.asarray(frame) for frame in frames]))
    palette = strip.quantize(255, method=Image.Quantize.MEDIANCUT)
    first, *others = (frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others, duration=milliseconds, loop=0, optimize=False)
    return Animation(file.getvalue())


@plt.rc_context(STYLE)
def curves(x, lines: dict, *, axes: tuple[str, str], marks: dict | None = None, height: float = 3.6) -> Figure:
    """Lines over a common x, one for each label; ``marks`` are labelled points (x, y)."""
    figure, grid = _figure(1, 1, height)
    axis = grid[0, 0]
    for color, style, (label, y) in zip(COLORS_OF_LINES, STYLES_OF_LINES, lines.items(), strict=False):
        axis.plot(x, y, color=color, linestyle=style, label=label, linewidth=2)
    for label, (a, b) in (marks or {}).items():
        axis.plot(a, b, "o", color="black")
        axis.annotate(label, (a, b), xytext=(6, 6), textcoords="offset points")
    axis.set(xlabel=axes[0], ylabel=axes[1])
    axis.legend(frameon=False)
    return figure


COLORS_OF_LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "black")
STYLES_OF_LINES = ("-", "--", "-.", ":", "-")


@plt.rc_context(STYLE)
def heat_map(frame, *, label: str, limits=(0, 1), form: str = "{:.2f}") -> Figure:
    """A table of numbers as coloured cells with the numbers printed; rows and columns named by the frame."""
    values = frame.to_numpy()
    figure, grid = _figure(1, 1, 1.2 + (0.75 if len(values) < 6 else 0.45) * len(values))
    axis = grid[0, 0]
    drawn = axis.imshow(values, cmap="viridis", vmin=limits[0], vmax=limits[1], aspect="auto")
    for i, j in np.ndindex(values.shape):
        dark = (values[i, j] - limits[0]) / (limits[1] - limits[0]) < 0.6
        text = form.format(values[i, j]) if np.isfinite(values[i, j]) else "–"
        axis.text(j, i, text, ha="center", va="center", color="white" if dark else "black", clip_on=True)
    crowded = sum(len(str(name)) for name in frame.columns) > 30
    turned = {"rotation": 25, "ha": "right", "rotation_mode": "anchor"} if crowded else {}
    axis.set_xticks(range(values.shape[1]), frame.columns, **turned)
    axis.set_yticks(range(values.shape[0]), [LABELS.get(name, name) for name in frame.index])
    axis.spines[:].set_visible(False)
    figure.colorbar(drawn, ax=axis, label=label)
    return figure


@plt.rc_context(STYLE)
def lines_by_strength(table, panels: dict, *, ylabel: str, log: bool = False, chance: float | None = None) -> Figure:
    """Medians with their intervals and every single model against the strength, one panel for each title.

    ``panels`` maps a title to (column of ``table``, its medians as ``stats.by_strength`` gives them). ``chance`` is the
    value that would be measured if there were nothing to measure, drawn as a line.
    """
    figure, grid = _figure(1, len(panels), 3.6, sharey=True)
    for axis, (title, (column, medians)) in zip(grid.flat, panels.items(), strict=True):
        for method, part in medians.groupby("method", sort=False):
            models, color = table[table.method == method], COLORS[method]
            axis.scatter(models.strength, models[column], s=16, color=color, alpha=0.45, linewidths=0)
            errors = [part["median"] - part.low, part.high - part["median"]]
            axis.errorbar(
                part.strength, part["median"], errors, color=color, marker="o", capsize=3, label=SWEEPS[method].label
            )
        if chance is not None:
            axis.axhline(chance, color="grey", linestyle=":", label="by chance")
        axis.set_xscale("log", base=2)
        axis.set_xticks(sorted(medians.strength.unique()))
        axis.xaxis.set_major_formatter(ScalarFormatter())
        axis.xaxis.set_minor_locator(NullLocator())
        axis.set(title=title, xlabel="strength β" if set(medians.method) == {"beta_vae"} else "strength")
        if log:
            axis.set_yscale("log")
            axis.yaxis.set_major_formatter(ScalarFormatter())
            axis.yaxis.set_minor_formatter(NullFormatter())
    grid[0, 0].set_ylabel(ylabel)
    if chance is not None or table.method.nunique() > 1:
        grid[0, -1].legend(frameon=False)
    return figure


@plt.rc_context(STYLE)
def scatter(table, x: str, y: str, *, axes: tuple[str, str], hue: str = "strength", diagonal: bool = False) -> Figure:
    """One dot a model, coloured by a column; ``diagonal`` adds the line on which both are equal. Both axes are log."""
    figure, grid = _figure(1, 1, 4.2)
    axis = grid[0, 0]
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
def matrices(panels: dict, *, label: str, limits=(0, 1), axes=("latent", "latent")) -> Figure:
    """Square matrices [d, d] as coloured cells, one panel for each title, on one scale; indices count from 1."""
    figure, grid = _figure(1, len(panels), 1.0 + 5.2 / len(panels))
    for axis, (title, matrix) in zip(grid.flat, panels.items(), strict=True):
        ticks = np.arange(1, len(matrix) + 1)
        edges = (0.5, len(matrix) + 0.5, len(matrix) + 0.5, 0.5)
        drawn = axis.imshow(matrix, cmap="viridis", vmin=limits[0], vmax=limits[1], extent=edges)
        axis.set(
            title=title, xlabel=axes[0], xticks=ticks[:: len(ticks) // 5 or 1], yticks=ticks[:: len(ticks) // 5 or 1]
        )
        axis.spines[:].set_visible(False)
    grid[0, 0].set_ylabel(axes[1])
    figure.colorbar(drawn, ax=grid, label=label, shrink=0.8)
    return figure


@plt.rc_context(STYLE)
def tables(panels: dict, *, columns: int = 3, form: str = "{:.2f}") -> Figure:
    """Small tables of numbers as coloured cells with the numbers printed, one panel for each title.

    Every panel has a scale of its own, from 0 to its largest number, since the panels are in different units.
    """
    rows = -(-len(panels) // columns)
    height = 0.9 + 0.42 * max(len(frame) for frame in panels.values())
    figure, grid = _figure(rows, columns, rows * height)
    for axis, (title, frame) in zip(grid.flat, panels.items(), strict=False):
        values = frame.to_numpy(dtype=float)
        axis.imshow(values, cmap="Blues", vmin=0, vmax=1.5 * max(values.max(), 1e-9), aspect="auto")
        for i, j in np.ndindex(values.shape):
            axis.text(j, i, form.format(values[i, j]), ha="center", va="center", clip_on=True)
        axis.set_xticks(range(values.shape[1]), frame.columns)
        axis.set_yticks(range(values.shape[0]), frame.index)
        axis.tick_params(length=0)
        axis.set_title(title)
        axis.spines[:].set_visible(False)
    for axis in grid.flat[len(panels) :]:
        axis.remove()
    return figure


@plt.rc_context(STYLE)
def agreement(table, x: str, y: str, panel: str, hue: str, *, axes: tuple[str, str], columns: int = 3) -> Figure:
    """Two measurements of the same thing, one dot a row of the table and one panel for each value of ``panel``.

    Dots on the dashed diagonal agree. ``hue`` is a column with at most five values, told apart by colour and marker.
    """
    names = list(table[panel].unique())
    rows = -(-len(names) // columns)
    figure, grid = _figure(rows, columns, 0.4 + rows * (WIDTH / columns + 0.25))
    for axis, name in zip(grid.flat, names, strict=False):
        part = table[table[panel] == name]
        low, high = part[[x, y]].min().min(), part[[x, y]].max().max()
        edge = 0.05 * (high - low or 1)
        axis.plot([low - edge, high + edge], [low - edge, high + edge], color="grey", linestyle="--", zorder=0)
        for color, marker, value in zip(COLORS_OF_LINES, "o^sDv", table[hue].unique(), strict=False):
            dots = part[part[hue] == value]
            axis.scatter(dots[x], dots[y], s=20, color=color, marker=marker, alpha=0.8, linewidths=0, label=value)
        axis.set(title=LABELS.get(name, name.replace("_", " ")), aspect="equal")
        axis.locator_params(nbins=4)
    for axis in grid[-1]:
        axis.set_xlabel(axes[0])
    for axis in grid[:, 0]:
        axis.set_ylabel(axes[1])
    for axis in grid.flat[len(names) :]:
        axis.remove()
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
    return figure
