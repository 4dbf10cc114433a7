"""From the table to numbers: a DataFrame of results in, a DataFrame out, nothing drawn.

``stats`` describes and compares (medians, trends, rank correlations), ``variance`` says what a score depends on,
``transfer`` plays the game of Table 1, ``selection`` follows a recipe to the model it chooses, and ``grid`` holds the
places of a table's models as arrays.
"""

from dlnb.analysis.grid import Cells, medians
from dlnb.analysis.selection import at_other_seeds, chosen, elsewhere, recipes, standing
from dlnb.analysis.stats import (
    apart,
    between_data_sets,
    by_strength,
    complete,
    rank_correlations,
    ranks_kept,
    setting_medians,
    spearman,
    superiority,
    thirds,
    trend,
    with_efficiency,
)
from dlnb.analysis.transfer import READINGS, game
from dlnb.analysis.variance import evaluation_noise, explained, parts

__all__ = [
    "READINGS",
    "Cells",
    "apart",
    "at_other_seeds",
    "between_data_sets",
    "by_strength",
    "chosen",
    "complete",
    "elsewhere",
    "evaluation_noise",
    "explained",
    "game",
    "medians",
    "parts",
    "rank_correlations",
    "ranks_kept",
    "recipes",
    "setting_medians",
    "spearman",
    "standing",
    "superiority",
    "thirds",
    "trend",
    "with_efficiency",
]
