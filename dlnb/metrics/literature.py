"""Scores of the literature that are not in the study: IRS, JEMMIG, DCIMIG, MIG-sup, InfoM and InfoC.

``mig``, ``modularity``, ``dci`` and ``sap`` ask the same questions in other words; page *more_scores* of the book
compares them all. Mutual information is that of 20 bins of equal width, as for MIG, unless a score says otherwise.
"""

import numpy as np
from sklearn.feature_selection import mutual_info_classif

from dlnb import checks
from dlnb.metrics import rows
from dlnb.metrics.information import BINS, binned, entropies, gaps, mutual_information

QUANTILE = 99.0  # percentile of the deviations (original code; the paper takes the largest)
NEIGHBOURS = 10  # of the estimator of InfoM and InfoC (its authors' code)
PRUNED = 20  # a latent is left out if its range is not above a twentieth of the largest (the same)


def irs(codes, factors, rng=None) -> dict[str, float]:
    """{"irs"}: interventional robustness score (Suter et al. 2019), 0 to 1.

    As in ``disentanglement_lib``, but factors with more than 20 values are not put into 20 bins first.

    Of all rows that share the value of a factor, how far does a latent stray from its mean there (99th percentile, mean
    over the values), relative to the farthest that it strays from its overall mean? A latent's robustness is 1 minus
    that for the factor that binds it most; the score is the mean over latents, weighted by how far they stray. 1: each
    latent is a function of one factor. A latent that never changes is left out; 0 if all are. codes float [n, d],
    factors int [n, k]; uses the first two thirds of the rows. Raises ValueError for a factor with a single value.

    >>> import numpy as np
    >>> from dlnb.metrics import irs
    >>> factors = np.array(120 * list(np.ndindex(2, 2)))  # two binary factors
    >>> noise = np.random.default_rng(0).standard_normal((480, 2))
    >>> round(irs(factors, factors)["irs"], 2)  # perfect
    1.0
    >>> round(irs(factors @ [[1, 1], [0, 1]], factors)["irs"], 2)  # latent 1 is the sum of both: 0 to 2
    0.67
    >>> round(irs(noise, factors)["irs"], 2)  # few rows: their largest deviations differ
    0.35
    """
    codes, factors = rows.fitted(codes, factors, "irs")
    codes = codes.astype(float)[:, np.ptp(codes, axis=0) > 0]
    if not codes.size:
        return {"irs": 0.0}
    farthest = np.abs(codes - codes.mean(axis=0)).max(axis=0)
    strays = np.stack([_strays(codes, labels) for labels in factors.T], axis=1)  # [d, k]
    robust = np.maximum(1 - strays / farthest[:, None], 0).max(axis=1)
    return {"irs": float(np.average(robust, weights=farthest))}


def _strays(codes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How far each latent strays from its mean over the rows of one value: [d], mean over the values."""
    groups = [codes[labels == value] for value in np.unique(labels)]
    return np.mean([np.percentile(np.abs(g - g.mean(axis=0)), QUANTILE, axis=0) for g in groups], axis=0)


def jemmig(codes, factors, rng=None) -> dict[str, float]:
    """{"jemmig"}: joint entropy minus mutual information gap (Do & Tran 2020), 0 to 1, 1 the best.

    For each factor, the joint entropy of it and its most informative latent, minus the gap that MIG measures; over the
    largest value possible, the factor's entropy plus that of 20 equally filled bins; 1 minus the mean over factors
    (normalized as in the review of Carbonneau et al. 2022). 1: one latent tells the factor, no other does, and this one
    tells nothing else, for which MIG does not ask. Codes that never change have a low entropy and score well above 0.
    codes float [n, d] with d at least 2, factors int [n, k]; uses the first two thirds of the rows. Raises ValueError
    for a single latent and for a factor with a single value.

    >>> import numpy as np
    >>> from dlnb.metrics import jemmig
    >>> factors = np.array(120 * list(np.ndindex(2, 2)))  # two binary factors
    >>> noise = np.random.default_rng(0).standard_normal((480, 2))
    >>> round(jemmig(factors, factors)["jemmig"], 2)  # perfect
    1.0
    >>> round(jemmig(2 * factors + factors[:, ::-1], factors)["jemmig"], 2)  # each tells the other factor as well
    0.62
    >>> round(jemmig(noise, factors)["jemmig"], 2)
    0.16
    >>> round(jemmig(np.zeros((480, 2)), factors)["jemmig"], 2)  # empty
    0.81
    """
    codes, factors = rows.fitted(codes, factors, "jemmig")
    rows.several(codes.shape[1], "latents", "jemmig")
    bins = binned(codes)
    information, whole = mutual_information(bins, factors), entropies(factors)
    order = np.argsort(information, axis=0)
    each = np.arange(factors.shape[1])
    first, second = information[order[-1], each], information[order[-2], each]
    joint = entropies(bins)[order[-1]] + whole - first
    return {"jemmig": float(1 - np.mean((joint - first + second) / (whole + np.log(BINS))))}


def dcimig(codes, factors, rng=None) -> dict[str, float]:
    """{"dcimig"} (Sepliarskaia et al. 2019), 0 to 1: what latents tell of one factor and of no other.

    A latent's gap is its mutual information with its first factor minus that with its second. Each factor is given the
    largest gap of the latents whose first it is (0 if there is none); the score is the sum over the sum of the factors'
    entropies. 1: every factor is determined by a latent that tells nothing of the others. Where MIG asks for one latent
    for each factor, this asks for one factor for each latent. codes float [n, d], factors int [n, k] with k at least 2;
    uses the first two thirds of the rows. Raises ValueError for a single factor and for a factor with a single value.

    >>> import numpy as np
    >>> from dlnb.metrics import dcimig
    >>> factors = np.array(120 * list(np.ndindex(2, 2)))  # two binary factors
    >>> noise = np.random.default_rng(0).standard_normal((480, 2))
    >>> round(dcimig(factors, factors)["dcimig"], 2)  # perfect
    1.0
    >>> round(dcimig(factors[:, [0, 1, 0]], factors)["dcimig"], 2)  # factor 0 twice
    1.0
    >>> round(dcimig(factors @ [[1, 1], [0, 1]], factors)["dcimig"], 2)  # latent 1 is the sum of both
    0.5
    >>> round(dcimig(noise, factors)["dcimig"], 2)
    0.01
    """
    codes, factors = rows.fitted(codes, factors, "dcimig")
    rows.several(factors.shape[1], "factors", "dcimig")
    information = mutual_information(binned(codes), factors)
    lead = gaps(information.T)
    first = information.argmax(axis=1)
    best = [lead[first == k].max(initial=0) for k in range(factors.shape[1])]
    return {"dcimig": float(np.sum(best) / entropies(factors).sum())}


def mig_sup(codes, factors, rng=None) -> dict[str, float]:
    """{"mig_sup"} (Li et al. 2020), 0 to 1: MIG of latents in place of factors.

    For each latent, the share that it tells of a factor's entropy, of the first factor minus that of the second; mean
    over latents. 1: every latent determines one factor and tells nothing of the others. A latent that tells nothing
    counts as 0, so that ten latents of which five are passive score .5 at most. codes float [n, d], factors int [n, k]
    with k at least 2; uses the first two thirds of the rows. Raises ValueError for a single factor and for a factor
    with a single value.

    >>> import numpy as np
    >>> from dlnb.metrics import mig_sup
    >>> factors = np.array(120 * list(np.ndindex(2, 2)))  # two binary factors
    >>> noise = np.random.default_rng(0).standard_normal((480, 2))
    >>> round(mig_sup(factors, factors)["mig_sup"], 2)  # perfect
    1.0
    >>> round(mig_sup(np.column_stack([factors, noise]), factors)["mig_sup"], 2)  # and two latents more
    0.51
    >>> round(mig_sup(factors @ [[1, 1], [0, 1]], factors)["mig_sup"], 2)  # latent 1 is the sum of both
    0.5
    """
    codes, factors = rows.fitted(codes, factors, "mig_sup")
    rows.several(factors.shape[1], "factors", "mig_sup")
    return {"mig_sup": float(np.mean(gaps((mutual_information(binned(codes), factors) / entropies(factors)).T)))}


def info(codes, factors, rng) -> dict[str, float]:
    """{"info_modularity", "info_compactness"}: InfoM and InfoC (Hsu et al. 2023), 0 to 1.

    Of all that a latent tells of the factors (shares of their entropies), the part about its first factor; mean over
    latents, stretched so that equal parts are 0. Compactness is the same of factors: the part of what all latents tell
    that its first latent tells. Both are ratios: latents that tell next to nothing have the ratio of their estimation
    errors, up to 1, since half of these are cut off at 0. Latents are left out whose range is not above a twentieth of
    the largest. Mutual information is estimated by 10 neighbours (Ross 2014), not by bins. codes
    float [n, d] with d at least 2, factors int [n, k] with k at least 2; uses the first two thirds of the rows. With a
    single latent in use compactness is 1, if that tells anything. Raises ValueError for a single latent or factor, and
    for a factor with a single value.

    >>> import numpy as np
    >>> from dlnb.metrics import info
    >>> factors = np.array(120 * list(np.ndindex(2, 2)))  # two binary factors
    >>> noise = np.random.default_rng(0).standard_normal((480, 2))
    >>> def values(codes):  # modularity, compactness
    ...     return [round(value, 1) for value in info(codes, factors, np.random.default_rng(0)).values()]
    >>> values(factors + 0.01 * noise)  # perfect
    [1.0, 1.0]
    >>> values(factors[:, [0, 1, 0]] + 0.01 * noise[:, [0, 1, 1]])  # factor 0 twice: not compact
    [1.0, 0.6]
    >>> values(noise)  # of four estimates all but one are cut off
    [1.0, 0.5]
    """
    checks.generator(rng, "info")
    codes, factors = rows.fitted(codes, factors, "info")
    rows.several(codes.shape[1], "latents", "info")
    rows.several(factors.shape[1], "factors", "info")
    codes = codes.astype(float)
    width = np.ptp(codes, axis=0)
    used = codes[:, (width > 0) & (width > width.max() / PRUNED)]
    if not used.size:
        return {"info_modularity": 0.0, "info_compactness": 0.0}
    used = (used - used.mean(axis=0)) / used.std(axis=0)
    options = {"discrete_features": False, "n_neighbors": NEIGHBOURS}
    for factor, labels in enumerate(factors.T):
        if np.unique(labels, return_counts=True)[1].max() == 1:
            raise ValueError(f"info: no two rows share a value of factor {factor} (counted from 0): give it more rows")
    told = [mutual_info_classif(used, labels, random_state=int(rng.integers(2**31)), **options) for labels in factors.T]
    shares = np.stack(told, axis=1) / entropies(factors)  # [d, k]
    return {"info_modularity": _ratio(shares), "info_compactness": _ratio(shares.T)}


def _ratio(shares: np.ndarray) -> float:
    """Of each row the part of its largest share, mean over rows; 0 for equal parts, 1 for a single one."""
    columns, whole = shares.shape[1], shares.sum(axis=1)
    parts = np.where(whole > 0, shares.max(axis=1) / np.where(whole > 0, whole, 1.0), 1 / columns)
    return float(np.mean(whole > 0) if columns == 1 else np.mean((parts - 1 / columns) / (1 - 1 / columns)))
