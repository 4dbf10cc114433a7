"""The paper's claims on what scores are good for: to choose a model (section 5.4), and to use its code (5.5).

``statements`` has the others. What the paper finds absent is judged by the share of correlations beyond a bound, in
which opposite signs do not cancel; ``losses`` and the like return these correlations.
"""

import pandas as pd

from dlnb import paper
from dlnb.claims.caveats import DRAWN, FEW, SHORT
from dlnb.claims.places import nearest, rank_of_pair
from dlnb.claims.quantities import (
    EFFICIENCIES,
    FIVE,
    VARIANTS,
    Numbers,
    beyond,
    cells_of,
    gain_elsewhere,
    with_accuracy,
)
from dlnb.claims.verdicts import Claim
from dlnb.paper import UNSUPERVISED

LEFT_OUT = "The paper says it, and the list had left it out."
CORRELATION, DIFFERENCE, SHARE = (-1, 1), (-2, 2), (0, 1)  # what these can be
CANCELLED = "It was a mean over data sets, in which opposite signs cancel."


def losses(of: Numbers) -> dict[str, pd.DataFrame]:
    """Rank correlations of unsupervised scores with the five scores, by data set."""
    return cells_of(of.correlations, UNSUPERVISED, FIVE)


def read_elsewhere(of: Numbers) -> dict[str, pd.DataFrame]:
    """Rank correlations of the five scores with accuracy where the paper finds little, by data set."""
    return cells_of(of.correlations, FIVE, ["gbt_10000"], ("cars3d", "smallnorb"))


def saving(of: Numbers) -> dict[str, pd.DataFrame]:
    """Rank correlations of the five scores with statistical efficiency within a seed, by data set."""
    return cells_of(of.of_efficiency, FIVE, EFFICIENCIES)


def dependence(of: Numbers) -> dict[str, pd.DataFrame]:
    """Rank correlations of the total correlation of both codes with accuracy from 10,000 labels, by data set."""
    return cells_of(of.correlations, ["tc_sampled", "tc_mean"], ["lr_10000", "gbt_10000"])


PRACTICE = (
    Claim(
        "unsupervised scores do not select",
        "No unsupervised score tracks the disentanglement scores: share of cells (data set, unsupervised score, score) "
        "with a rank correlation beyond ±0.3.",
        "5.4, Figure 16",
        "no clear pattern",
        lambda n: beyond(losses(n)),
        0.5,
        above=False,
        changed=CANCELLED,
        cells=losses,
        bounds=SHARE,
    ),
    Claim(
        "dSprites and Color-dSprites are alike",
        "Only on dSprites and Color-dSprites do settings rank consistently alike: difference from the closest other "
        "pair by the same score, mean over scores.",
        "5.4, Figure 17",
        "only this pair, consistently",
        nearest,
        0,
        caveat=FEW,
        changed="It competed with the mean of the other pairs; the paper says that only this pair is.",
        whole=True,
        rank=rank_of_pair,
        bounds=DIFFERENCE,
    ),
    Claim(
        "transfer within data set and score",
        "The best setting at one seed beats a random model at another seed, by the same score (ties count half).",
        "5.4, Table 1",
        f"{paper.TRANSFER.loc['same score', 'same data set']:.1%}",
        lambda n: n.transfer.loc["same score", "same data set"],
        0.6,
        caveat=FEW,
        whole=True,
        bounds=SHARE,
    ),
    Claim(
        "transfer to another data set and score",
        "Chosen by another score on another data set, a setting is hardly better than a random model: gain over 0.5, "
        "minus half the gain of its ceiling, the same score on the same data set at another seed.",
        "5.4, Table 1",
        f"{(far := paper.TRANSFER.loc['other score', 'other data set']):.1%}, ceiling "
        f"{(near := paper.TRANSFER.loc['same score', 'same data set']):.1%}: {far - 0.5 - (near - 0.5) / 2:.2f}",
        gain_elsewhere,
        0,
        above=False,
        changed="It was compared with 0.6, whatever could be reached at all.",
        whole=True,
    ),
    Claim(
        "scores follow accuracy on some data sets",
        "Scores other than Modularity correlate with downstream accuracy (boosted trees, 10,000 labels) on the "
        "variants of dSprites and on Shapes3D.",
        "5.5, Figure 19",
        "correlated there",
        lambda n: with_accuracy(n, (*VARIANTS, "shapes3d")),
        0.3,
        caveat=SHORT,
        bounds=CORRELATION,
    ),
    Claim(
        "and little on others",
        "They correlate with it weakly or not at all on Cars3D and SmallNORB: share of cells (data set, score) beyond "
        "±0.3.",
        "5.5, Figure 19",
        "weak or none",
        lambda n: beyond(read_elsewhere(n)),
        0.5,
        above=False,
        caveat=DRAWN,
        changed=CANCELLED,
        cells=read_elsewhere,
        bounds=SHARE,
    ),
    Claim(
        "no statistical efficiency",
        "Higher scores do not reliably mean that fewer labels suffice: share of cells (data set, score, classifier) "
        "with a rank correlation with efficiency above 0.3, within a seed.",
        "5.5, Figures 20, 21",
        "not reliably",
        lambda n: beyond(saving(n), 1),
        0.5,
        above=False,
        changed=CANCELLED + " It was over all seeds, which differ in their 100 labels.",
        cells=saving,
        bounds=SHARE,
    ),
    Claim(
        "lower TC does not help downstream",
        "A lower total correlation does not mean a higher accuracy: share of cells (data set, code, classifier, 10,000 "
        "labels) with a rank correlation below −0.3.",
        "5.5, Figure 24",
        "no support that it helps",
        lambda n: beyond(dependence(n), -1),
        0.5,
        above=False,
        caveat=SHORT,
        added=LEFT_OUT,
        cells=dependence,
        bounds=SHARE,
    ),
)
