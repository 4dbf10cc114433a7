"""Ink: from the table, images and numbers to figures; nothing is computed here but places on the page.

``atlas`` draws every figure and table of the paper from a table of results, in the ``forms`` that several figures
share; ``plots`` has the simple forms of the chapters, ``panels`` the looks of methods, data sets and scores.
"""

from dlnb.figures.forms import (
    VERDICTS,
    correlations,
    medians_by_strength,
    ranges,
    scatter_matrix,
    scatters,
    scorecard,
    shares,
    thirds,
)
from dlnb.figures.panels import in_order, measured, named
from dlnb.figures.plots import (
    COLORS,
    LABELS,
    STYLE,
    agreement,
    animation,
    curves,
    heat_map,
    image_grid,
    lines_by_strength,
    matrices,
    points,
    scatter,
    tables,
)

__all__ = [
    "COLORS",
    "LABELS",
    "STYLE",
    "VERDICTS",
    "agreement",
    "animation",
    "correlations",
    "curves",
    "heat_map",
    "image_grid",
    "in_order",
    "lines_by_strength",
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
