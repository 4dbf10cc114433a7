"""What a claim competes with that singles out a pair of data sets or of scores, and its place there."""

import numpy as np

from dlnb.analysis import association, stats
from dlnb.claims.quantities import ALIKE, FIVE, TIGHT, Numbers, block, mean_pair
from dlnb.paper import SCORES


def between_sets(of: Numbers) -> tuple[list[tuple[str, str]], np.ndarray]:
    """Pairs of data sets, and the rank correlation of the settings' medians on both by each score [pairs, scores]."""
    sets, (one, other) = of.cells.sets, np.triu_indices(len(of.cells.sets), 1)
    values = np.stack([of.median(score) for score in SCORES])  # [scores, data sets, settings]
    values = values[..., np.isfinite(values).all(axis=(0, 1))]
    found = [stats.spearman(score.T)[one, other] for score in values]
    return [(sets[i], sets[j]) for i, j in zip(one, other, strict=True)], np.stack(found, axis=1)


def _pair(of: Numbers) -> tuple[np.ndarray, np.ndarray]:
    """The correlation of dSprites and Color-dSprites by each score, and those of all other pairs [pairs, scores]."""
    pairs, values = between_sets(of)
    here = np.array([{*pair} == {"dsprites", "color_dsprites"} for pair in pairs], dtype=bool)
    if not here.any() or here.all():
        raise ValueError(f"dsprites, color_dsprites and another data set are needed, not {of.cells.sets}")
    return values[here][0], values[~here]


def nearest(of: Numbers) -> float:
    """How much more alike settings rank on dSprites and Color-dSprites than on the closest other pair by that score.

    The difference of the rank correlations of medians, mean over scores. The closest of many pairs is close by luck
    too, so that unrelated settings give a value below 0.
    """
    mine, others = _pair(of)
    known = np.isfinite(others).any(axis=0)
    return association.mean(mine[known] - np.nanmax(others[:, known], axis=0))


def rank_of_pair(of: Numbers) -> tuple[int, int, str]:
    """The place of dSprites with Color-dSprites among all pairs of data sets, by the mean over scores; their number."""
    mine, others = _pair(of)
    levels = association.means(others.T)
    return 1 + int((levels > association.mean(mine)).sum()), 1 + len(others), "pairs of data sets"


def rank_of_tight(of: Numbers) -> tuple[int, int, str]:
    """The place of the looser of the two pairs of scores that are close in the paper, among all pairs of the five.

    The other takes the first place at best, so that 2 is the best place.
    """
    level = association.means(np.stack([block(m, FIVE, FIVE) for m in of.correlations.values()]))
    pairs = level[np.triu_indices(len(FIVE), 1)]
    tight = [level[FIVE.index(one), FIVE.index(other)] for one, other in TIGHT]
    return 1 + int((pairs > min(tight)).sum()), len(pairs), f"pairs of scores (best: {len(tight)})"


def rank_of_alike(of: Numbers) -> tuple[int, int, str]:
    """The place of the lowest of the three data sets on which scores agree strongly in the paper, by their agreement.

    The other two take the first places at best, so that 3 is the best place.
    """
    level = {name: mean_pair(matrix, FIVE) for name, matrix in of.correlations.items()}
    lowest = min(level[name] for name in ALIKE)
    place = 1 + sum(value > lowest for value in level.values())
    return place, len(level), f"data sets (best: {len(ALIKE)})"
