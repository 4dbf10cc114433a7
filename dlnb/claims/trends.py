"""Question 5.1 for each data set and method: the trend of a measure with the strength against that of the paper."""

import numpy as np
import pandas as pd

from dlnb.analysis import inputs, stats
from dlnb.claims.verdicts import AGREES, DISAGREES, OPEN
from dlnb.results import KEY

# Section 5.1 and Appendix I.2: column of the table, what it measures, where the paper shows it, and the sign of the
# trend that it reports by method; for methods not listed it reports none, or that there is none.
_FALLS, _RISES = {"beta_vae": -1, "beta_tc_vae": -1}, {"beta_vae": 1, "beta_tc_vae": 1}
FACTORIZATION = (
    ("tc_sampled", "total correlation of the sampled code", "Figures 1, 8", _FALLS | {"annealed_vae": -1}),
    ("tc_mean", "total correlation of the mean code", "Figures 1, 9", _RISES | {"factor_vae": 1}),
    ("mi_sampled", "mutual information of the sampled code", "Figure 27", _FALLS | {"dip_vae_i": 1}),
    ("mi_mean", "mutual information of the mean code", "Figure 28", _RISES | {"dip_vae_i": 1}),
)
# Measure, method and data set for which the paper reports no trend, though it does for the method elsewhere.
EXCEPTIONS = {("tc_sampled", "annealed_vae", "scream_dsprites")}
NO_CLAIM, MOVES = "no claim", {-1: " falls", 1: " rises", None: ""}
LEVEL = 0.05  # significance level: no verdict if p is above it


def verdict(correlation: float, p: float, sign: int | None) -> str:
    """Whether a trend has the ``sign`` that the paper reports; "no claim" if that is None."""
    if sign is None:
        return NO_CLAIM
    if np.isnan(correlation) or p > LEVEL:
        return OPEN
    return AGREES if np.sign(correlation) == sign else DISAGREES


def factorization(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A verdict on each measure, data set and method: does it rise or fall with the strength as the paper says?

    ``here`` is the rank correlation of the measure with the strength; low, high and p are those of ``stats.trend``.
    Without any trend, one row in twenty would still get a verdict by chance. Raises ValueError as ``stats.trend`` does,
    for each of the four columns of measures.
    """
    inputs.models(table, [column for column, *_ in FACTORIZATION], KEY, whole=True)
    rows = []
    for column, measure, source, signs in FACTORIZATION:
        for found in stats.trend(table, column, rng).itertuples():
            measured, cell = (found.correlation, found.low, found.high, found.p), (found.method, found.data_set)
            sign = None if (column, *cell) in EXCEPTIONS else signs.get(found.method)
            claim, judged = measure + MOVES[sign], verdict(found.correlation, found.p, sign)
            rows.append((found.data_set, found.method, column, claim, source, *measured, judged))
    names = ["data_set", "method", "column", "claim", "paper", "here", "low", "high", "p", "verdict"]
    return pd.DataFrame(rows, columns=names)
