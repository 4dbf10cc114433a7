"""Figures that sum up a study: where the variance of its scores comes from, and how the paper's claims fare."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from dlnb import checks
from dlnb.claims.verdicts import thresholds
from dlnb.figures.looks import named
from dlnb.figures.panels import PANEL, STYLE, grid

PARTS = {  # of a variance: colour and hatching
    "method": ("#0072B2", ""),
    "strength": ("#56B4E9", "//"),
    "seed": ("#E69F00", ".."),
    "evaluation": ("#BBBBBB", ""),
}
VERDICTS = {"agrees": ("#0072B2", "o"), "cannot tell": ("#777777", "s"), "disagrees": ("#D55E00", "D")}


@plt.rc_context(STYLE)
def shares(parts: pd.DataFrame) -> Figure:
    """Bars of a variance in its parts, one for each row of ``parts``: columns method, strength, seed and evaluation.

    An estimate below 0 is not drawn, and the rest is then scaled to 1. Raises ValueError for a row that lacks a part
    (is NaN), which would be scaled too, or has none above 0.
    """
    if not len(checks.table(parts, finite=PARTS)):
        raise ValueError("parts have no rows: there is nothing to draw")
    if (bad := parts[list(PARTS)].max(axis=1) <= 0).any():
        raise ValueError(f"row {checks.shown(parts.index[bad][0])} has no part above 0: leave it out")
    figure, (axis,) = grid(1, panel=(PANEL, 0.45 * len(parts)))
    drawn = parts[list(PARTS)].clip(lower=0)
    drawn = drawn.div(drawn.sum(axis=1), axis=0)
    places, left = np.arange(len(drawn)), np.zeros(len(drawn))
    for name, (color, hatch) in PARTS.items():
        widths = drawn[name].to_numpy()
        bars = axis.barh(places, widths, left=left, color=color, hatch=hatch, edgecolor="white", label=name)
        for bar, width in zip(bars, widths, strict=True):
            if width >= 0.08:
                box = {"facecolor": color, "edgecolor": "none", "pad": 1}
                at = bar.get_x() + width / 2, bar.get_y() + bar.get_height() / 2
                text_color = "white" if name == "method" else "black"
                axis.text(*at, f"{width:.0%}", ha="center", va="center", color=text_color, bbox=box)
        left = left + widths
    axis.set(xlim=(0, 1), ylim=(len(drawn) - 0.5, -0.5), xlabel="share of the variance")
    axis.set_yticks(places, [named(name) for name in drawn.index])
    axis.tick_params(axis="y", length=0)
    figure.legend(loc="outside upper center", ncols=4, frameon=False)
    return figure


@plt.rc_context(STYLE)
def scorecard(weighed: pd.DataFrame) -> Figure:
    """One row per claim (as ``claims.weigh`` gives them): value, intervals, chance, threshold and the side claimed.

    The interval over seeds is thick, in the colour of the verdict; that over data sets is thin, and may reach beyond
    the axis. A star marks claims that were added or changed later. All numbers of ``dlnb.claims`` are correlations,
    shares or differences of them, so that they share an axis. Raises ValueError for a table that lacks its columns, and
    for other verdicts.
    """
    wide = "sets_low", "sets_high"
    edges = thresholds(checks.table(weighed, ("claim", "verdict", "added", "changed"), holes=wide))
    for verdict in weighed.verdict:
        checks.choose(VERDICTS, verdict, "verdict")
    figure, (axis,) = grid(1, panel=(PANEL, 0.34 * len(weighed)))
    places = np.arange(len(weighed))
    shown = np.column_stack([weighed[["low", "high", "here", "chance"]].to_numpy(float), [edge for _, edge in edges]])
    reach = 1.02 * np.nanmax(np.abs(shown), initial=1)
    for place, claim, (side, edge) in zip(places, weighed.itertuples(), edges, strict=True):
        span = (edge, reach) if side == ">" else (-reach, edge)
        axis.fill_betweenx([place - 0.4, place + 0.4], *span, color="#0072B2", alpha=0.1, linewidth=0)
        axis.plot([edge, edge], [place - 0.4, place + 0.4], color="black", linewidth=1)
        color, marker = VERDICTS[claim.verdict]
        axis.plot([claim.low, claim.high], [place, place], color=color, linewidth=2)
        axis.plot(claim.here, place, marker, color=color, markersize=6)
        axis.plot(claim.chance, place, "x", color="black", markersize=4)
        axis.plot([claim.sets_low, claim.sets_high], [place + 0.27] * 2, color="black", linewidth=0.8)
    for verdict, (color, marker) in VERDICTS.items():
        axis.plot([], [], marker, color=color, label=verdict)
    axis.plot([], [], "x", color="black", markersize=4, label="chance")
    axis.plot([], [], color="black", linewidth=0.8, label="over data sets")
    axis.set(xlim=(-reach, reach), ylim=(len(weighed) - 0.5, -0.5), xlabel="value")
    later = [bool(added or changed) for added, changed in zip(weighed.added, weighed.changed, strict=True)]
    axis.set_yticks(places, [f"{claim} *" if star else claim for claim, star in zip(weighed.claim, later, strict=True)])
    axis.tick_params(axis="y", length=0, labelsize=10)
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return figure
