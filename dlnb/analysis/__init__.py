"""From the table to numbers: a DataFrame of results in, a DataFrame out, nothing drawn.

``stats`` describes and compares (medians, trends, rank correlations), ``variance`` decomposes the variance of scores,
``transfer`` computes Table 1, ``selection`` evaluates recipes for choosing a model, ``association`` correlates within a
seed, between seeds, by factor and with something held fixed, ``length`` compares a short study with a longer one, and
``grid`` arranges the models of a table in an array.
"""

from dlnb.analysis.association import by_factor, partial, reliability, with_factors, within_seeds
from dlnb.analysis.grid import Cells, medians
from dlnb.analysis.length import best_of, kept, screened
from dlnb.analysis.selection import at_other_seeds, chosen, elsewhere, recipes, standing
from dlnb.analysis.stats import (
    apart,
    between_data_sets,
    by_strength,
    complete,
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
    "best_of",
    "between_data_sets",
    "by_factor",
    "by_strength",
    "chosen",
    "complete",
    "elsewhere",
    "evaluation_noise",
    "explained",
    "game",
    "kept",
    "medians",
    "partial",
    "parts",
    "ranks_kept",
    "recipes",
    "reliability",
    "screened",
    "setting_medians",
    "spearman",
    "standing",
    "superiority",
    "thirds",
    "trend",
    "with_efficiency",
    "with_factors",
    "within_seeds",
]
