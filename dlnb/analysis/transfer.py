"""The transfer game: how often the best setting elsewhere beats a random model (section 5.4, Table 1)."""

import numpy as np
import pandas as pd

from dlnb import checks
from dlnb.analysis import inputs, stats
from dlnb.results import KEY

READINGS = {  # the paper does not say which seed the random model has, nor whether it may have the chosen setting
    "as drawn": (False, False),
    "same seed": (True, False),
    "another setting": (False, True),
    "same seed, another setting": (True, True),
}


def game(table: pd.DataFrame, scores, reading: str = "as drawn", ties: float = 1.0) -> pd.DataFrame:
    """The exact probability that the best setting elsewhere beats a random model (section 5.4, Table 1).

    Draw a data set, a score and a seed, and take the setting with the highest score there (ties share the draw); then
    compare it, at another seed, with a random model, by the same or another score, on the same or another data set. The
    higher score wins; a tie counts ``ties``: 1 as in the paper, or 0.5, so that chance is 0.5 for all scores. Every
    possible draw is enumerated. ``reading``: one of READINGS.

    Returns the probabilities [2, 2]: rows "other score", "same score", columns "other data set", "same data set".
    Raises ValueError unless the table is a complete grid of at least two seeds, scores, data sets and settings, with
    one row for each model and finite scores, and ``ties`` is from 0 to 1.
    """
    table, scores = inputs.models(table, scores, KEY, whole=True)
    return of_grid(_grid(table, list(scores)), reading, ties)


def of_grid(grid: np.ndarray, reading: str = "as drawn", ties: float = 1.0) -> pd.DataFrame:
    """``game`` from scores [data sets, scores, seeds, settings] without NaN; raises the same errors."""
    same_seed, other_setting = checks.choose(READINGS, reading, "reading")
    ties = checks.number(ties, "ties", maximum=1)
    sets, kinds, seeds, settings = grid.shape
    if min(sets, kinds, seeds) < 2:
        raise ValueError(f"the game needs at least two data sets, scores and seeds, not {sets}, {kinds} and {seeds}")
    if settings < 2:
        raise ValueError("the game needs at least two settings (method and strength) to choose from, not 1")
    best = grid == grid.max(axis=-1, keepdims=True)
    chosen = best / best.sum(axis=-1, keepdims=True)  # probabilities
    wins = _wins(grid, same_seed, other_setting, ties)
    # Mean over the seeds other than that of the choice.
    apart = (wins.sum(axis=2, keepdims=True) - wins) / (seeds - 1)  # [D, K, S, settings]
    odds = np.einsum("dksa,elsa->dkel", chosen, apart) / seeds
    same_set, same_kind = np.eye(sets, dtype=bool)[:, None, :, None], np.eye(kinds, dtype=bool)[None, :, None, :]
    cells = [
        [odds[np.broadcast_to((k == same_kind) & (d == same_set), odds.shape)].mean() for d in (0, 1)] for k in (0, 1)
    ]
    return pd.DataFrame(cells, index=["other score", "same score"], columns=["other data set", "same data set"])


def _grid(table: pd.DataFrame, scores: list[str]) -> np.ndarray:
    """Scores [data sets, scores, seeds, settings]."""
    wide = table.pivot(index=["data_set", "seed"], columns=["method", "strength"], values=scores)
    sets, seeds = (wide.index.unique(level) for level in (0, 1))
    if wide.isna().any(axis=None) or len(wide) != len(sets) * len(seeds):
        raise ValueError("every data set must have a model of every setting and seed for the transfer game")
    values = wide.to_numpy().reshape(len(sets), len(seeds), len(scores), -1)
    return values.transpose(0, 2, 1, 3)


def _wins(grid: np.ndarray, same_seed: bool, other_setting: bool, ties: float) -> np.ndarray:
    """Probability that each model beats a random one of its data set, by the same score."""
    settings, found = grid.shape[-1], np.empty(grid.shape)
    for at in np.ndindex(grid.shape[:2]):
        scores = grid[at]  # [S, settings]
        if same_seed:
            beaten = stats.beats(scores[:, :, None], scores[:, None, :], ties).sum(-1)
            count, own, others = settings, ties, 1
        else:
            beaten = stats.beats(scores[:, :, None, None], scores[None, None], ties).sum((2, 3))
            count, own, others = scores.size, stats.beats(scores[:, :, None], scores.T[None], ties).sum(-1), len(scores)
        found[at] = (beaten - own) / (count - others) if other_setting else beaten / count
    return found
