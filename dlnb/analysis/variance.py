"""The variance of a score by source: method, strength, seed and evaluation (section 5.3)."""

import numpy as np
import pandas as pd

from dlnb.analysis import inputs
from dlnb.analysis.grid import Cells
from dlnb.results import KEY


def explained(table: pd.DataFrame, scores, noise: dict | None = None) -> pd.DataFrame:
    """The shares of a score's variance explained by method, and by method and strength (section 5.3, Table 5).

    Columns data_set, score, method and setting: R squared of least squares on 6 and 36 categories, as in the paper;
    method_corrected and setting_corrected: less what as many categories explain of pure noise, as shares of the
    variance without evaluation noise (``noise``, its variance by data set and score or by score; 0 if not given);
    models, their number. NaN where a score is constant, a model lacks it (is NaN), or noise exceeds half of the
    variance or is NaN; where every setting has a single model, all but the first.

    Strengths are fixed by the design, seeds are drawn. With W the mean square within settings, the sum of squares
    between g categories, be they methods or settings, is on average that of their true means plus (g - 1) W; and that
    of all n models, plus W, is on average n times the variance of a model of a random setting. So a share is
    (between - (g - 1) W) / (all + W - n noise), whose numerator and denominator are unbiased.

    Raises ValueError for a table without the columns of KEY or with several rows for a model, infinite scores, and
    noise that is no dict of numbers of at least 0.
    """
    table, scores = inputs.models(table, scores, KEY)
    return of_cells(table[list(scores)].to_numpy(float), Cells(table), scores, inputs.noises(noise))


def of_cells(values: np.ndarray, cells: Cells, scores, noise: dict) -> pd.DataFrame:
    """``explained`` from the scores [models, scores] of a table with this grid."""
    found = []
    for data_set, places in cells.rows.items():
        added = np.array([noise.get((data_set, score), noise.get(score, 0.0)) for score in scores])
        labels = cells.labels(data_set)
        found.append([shares(values[places], labels[name], labels["setting"], added) for name in ("method", "setting")])
    method, setting = np.concatenate(found, axis=-1)  # [plain and corrected, data sets x scores] each
    keys = [(data_set, score) for data_set in cells.rows for score in scores]
    return pd.DataFrame(keys, columns=["data_set", "score"]).assign(
        method=method[0],
        method_corrected=method[1],
        setting=setting[0],
        setting_corrected=setting[1],
        models=[len(places) for places in cells.rows.values() for _ in scores],
    )


def shares(values: np.ndarray, labels: np.ndarray, settings: np.ndarray, noise) -> tuple[np.ndarray, np.ndarray]:
    """R squared of group means, by ``labels`` [n], for values [n, k], and its corrected estimate, [k] each.

    ``settings`` [n]: the finest groups, each within one of ``labels``, in which models differ by their seed alone.
    ``noise`` [k] or a number. Both are NaN as in ``explained``, but R squared only if every group has a single model.
    """
    count, total = len(values), np.square(values - values.mean(axis=0)).sum(axis=0)
    (groups, within), (cells, inner) = (_within(values, each) for each in (labels, settings))
    nothing = np.full(values.shape[1], np.nan)
    varies = np.ptp(values, axis=0) > 0  # squares of constants may sum to a rounding error
    with np.errstate(invalid="ignore", divide="ignore"):
        plain = np.where(varies, 1 - within / total, np.nan) if groups < count else nothing
        if cells == count:
            return plain, nothing
        inner = inner / (count - cells)
        # Evaluation noise is within settings; a share cannot exceed 1.
        corrected = np.clip((total - within - (groups - 1) * inner) / (total + inner - count * noise), -1, 1)
    return plain, np.where(varies & (noise <= total / (count - 1) / 2), corrected, np.nan)


def _within(values: np.ndarray, labels: np.ndarray) -> tuple[int, np.ndarray]:
    """The number of groups, and the sum of squares of values [n, k] about the means of their groups, [k]."""
    groups = labels.max() + 1
    member = labels == np.arange(groups)[:, None]
    means = member @ values / member.sum(axis=1, keepdims=True)
    return groups, np.square(values - means[labels]).sum(axis=0)


def evaluation_noise(scored: pd.DataFrame) -> dict[tuple[str, str], float]:
    """The variance of a model's score over samples of images, by data set and score, from models scored twice.

    ``scored``: columns data_set, score, value and again (tables/README.md, noise.csv). Half the mean squared
    difference; NaN where no model has both numbers.
    """
    scored = inputs.measurements(scored, ("data_set", "score"), ("value", "again"))
    half = (scored.value - scored.again).pow(2) / 2
    return half.groupby([scored.data_set, scored.score]).mean().to_dict()


def parts(table: pd.DataFrame, scores, noise: dict) -> pd.DataFrame:
    """The shares of a score's variance due to method, strength, seed and evaluation; they sum to 1.

    From the corrected estimates of ``explained``: the method's share, what the strength adds to it, the share of
    evaluation noise in the total variance (``noise`` as for ``explained``), and the remainder, that of the
    seed. Estimates of small shares may be negative. Columns data_set, score and the four; NaN as in ``explained``, and
    where the noise is unknown. Raises ValueError as ``explained`` does.
    """
    found, noise = explained(table, scores, noise), inputs.noises(noise)
    table, scores = inputs.models(table, scores, KEY)
    variances = table.groupby("data_set")[list(scores)].var()
    keys = list(zip(found.data_set, found.score, strict=True))
    drawn = np.array([noise.get(key, noise.get(key[1], np.nan)) for key in keys], float)
    with np.errstate(divide="ignore", invalid="ignore"):  # a constant score has no variance
        drawn = drawn / np.array([variances.loc[key] for key in keys])
    method, setting = found.method_corrected, found.setting_corrected
    whole = {"method": method, "strength": setting - method, "seed": 1 - setting}
    shares = {name: share * (1 - drawn) for name, share in whole.items()} | {"evaluation": drawn + 0 * setting}
    return found[["data_set", "score"]].assign(**shares)
