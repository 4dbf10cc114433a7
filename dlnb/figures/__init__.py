"""Ink: from numbers to figures. Nothing is computed here but places on the page.

In come tables of results, statistics of them, images and arrays; out go figures of Matplotlib, animations, and the
paper's tables beside ours. ``atlas`` draws every figure and table of the paper from a table of results, in ``forms``
that several of them share; ``plots``, ``animations``, ``explorables`` and ``summaries`` are the other figures of the
chapters, and ``panels`` is what all are made of; ``play`` and ``board`` have what explorables show. ``looks`` says what
methods, data sets and scores are called, in which order they come and how they are drawn, your own among them.
"""

from dlnb.figures.animations import animation
from dlnb.figures.explorables import explorable
from dlnb.figures.forms import correlations, medians_by_strength, ranges, scatter_matrix, scatters, thirds
from dlnb.figures.looks import LABELS, Look, in_order, look, measured, named
from dlnb.figures.panels import STYLE
from dlnb.figures.plots import (
    agreement,
    curves,
    heat_map,
    image_grid,
    lines_by_strength,
    losses,
    matrices,
    points,
    scatter,
    tables,
)
from dlnb.figures.summaries import VERDICTS, scorecard, shares

__all__ = [
    "LABELS",
    "STYLE",
    "VERDICTS",
    "Look",
    "agreement",
    "animation",
    "correlations",
    "curves",
    "explorable",
    "heat_map",
    "image_grid",
    "in_order",
    "lines_by_strength",
    "look",
    "losses",
    "matrices",
    "measured",
    "medians_by_strength",
    "named",
    "points",
    "ranges",
    "scatter",
    "scatter_matrix",
    "scatters",
    "scorecard",
    "shares",
    "tables",
    "thirds",
]
