"""The variance of a score and where it comes from: method, strength, seed, evaluation (section 5.3)."""

import numpy as np
import pandas as pd

from dlnb.cells import Cells


def explained(table: pd.DataFrame, scores, noise: dict | None = None) -> pd.DataFrame:
    """The share of a score's variance that method, and method and strength, explain (section 5.3, Table 5).

    Columns data_set, score, method and setting: R squared of least squares on 6 and 36 categories, as in the paper;
    method_corrected and setting_corrected: with as many parameters as categories allowed for, which chance would
    otherwise be credited with, and without the variance that another draw of the evaluation would add (``noise``, by
    data set and score or by score; 0 if not given); models. NaN where a score does not vary, every setting has one
    model only, or noise is more than half of the variance.
    """
    rows, cells = [], Cells(table)
    values = table[list(scores)].to_numpy(float)
    for data_set, places in cells.rows.items():
        added = [(noise or {}).get((data_set, score), (noise or {}).get(score, 0.0)) for score in scores]
        found = {}
        for name, labels in cells.labels(data_set).items():
            found[name], found[f"{name}_corrected"] = shares(values[places], labels, np.array(added))
        rows.append(pd.DataFrame({"data_set": data_set, "score": list(scores), **found, "models": len(places)}))
    return pd.concat(rows, ignore_index=True)


def shares(values: np.ndarray, labels: np.ndarray, noise) -> tuple[np.ndarray, np.ndarray]:
    """R squared of the means of the groups ``labels`` [n] of values [n, k], and its corrected estimate, [k] each.

    ``noise`` [k] or a number; NaN as in ``explained``.
    """
    count, groups = len(values), labels.max() + 1
    member = labels == np.arange(groups)[:, None]
    means = member @ values / member.sum(axis=1, keepdims=True)
    within, total = np.square(values - means[labels]).sum(axis=0), np.square(values - values.mean(axis=0)).sum(axis=0)
    if groups == count:
        return np.full((2, values.shape[1]), np.nan)
    varies = np.ptp(values, axis=0) > 0  # of what does not, the squares may add up to a rounding error
    with np.errstate(invalid="ignore", divide="ignore"):
        plain = np.where(varies, 1 - within / total, np.nan)
        inner, outer = within / (count - groups), total / (count - 1)
        # Evaluation noise is within groups; a share of a variance cannot exceed 1.
        corrected = np.clip((outer - inner) / (outer - noise), -1, 1)
    return plain, np.where(varies & (noise <= outer / 2), corrected, np.nan)


def evaluation_noise(scored: pd.DataFrame) -> dict[tuple[str, str], float]:
    """The variance of a score of one model over samples of images, by data set and score, from models scored twice.

    ``scored``: columns data_set, score, value and again (tables/README.md, noise.csv). Half the mean squared
    difference.
    """
    half = (scored.value - scored.again).pow(2) / 2
    return half.groupby([scored.data_set, scored.score]).mean().to_dict()


def parts(table: pd.DataFrame, scores, noise: dict) -> pd.DataFrame:
    """A score's variance in four parts that add up to 1: method, strength, seed, and the draw of the evaluation.

    By the corrected estimates of ``explained``: the method's share, what the strength adds to it, the share of
    evaluation noise in the whole variance (``noise``, a variance by data set and score), and the rest, which is the
    seed's. An estimate of a small share may be below 0. Columns data_set, score and the four; NaN as there, and where
    the noise is not known.
    """
    found = explained(table, scores, noise)
    variances = table.groupby("data_set")[list(scores)].var()
    drawn = np.array(
        [noise.get(key, np.nan) / variances.loc[key] for key in zip(found.data_set, found.score, strict=True)]
    )
    method, setting = found.method_corrected, found.setting_corrected
    whole = {"method": method, "strength": setting - method, "seed": 1 - setting}
    shares = {name: share * (1 - drawn) for name, share in whole.items()} | {"evaluation": drawn + 0 * setting}
    return found[["data_set", "score"]].assign(**shares)
