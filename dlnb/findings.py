"""Claims of the paper, each weighed against the table: what it says, what we measured, and a verdict."""

import numpy as np
import pandas as pd

from dlnb import stats

# Section 5.1 and Appendix I.2: column of the table, claim, where the paper shows it, sign of the trend it reports.
FACTORIZATION = (
    ("tc_sampled", "total correlation of the sampled code falls", "Figures 1, 8", -1),
    ("tc_mean", "total correlation of the mean code rises", "Figures 1, 9", 1),
    ("mi_sampled", "mutual information of the sampled code falls", "Figure 27", -1),
    ("mi_mean", "mutual information of the mean code rises", "Figure 28", 1),
)


LEVEL = 0.05  # a trend that random order would give more often than this is no verdict


def verdict(correlation: float, p: float, sign: int) -> str:
    """Whether a trend has the sign that the paper reports: agrees, disagrees, or cannot tell."""
    if p > LEVEL:
        return "cannot tell"
    return "agrees" if np.sign(correlation) == sign else "disagrees"


def factorization(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Question 5.1 for each data set and method: does the measure move with the strength as the paper says?

    ``here`` is the rank correlation of the measure with the strength, low, high and p as ``stats.trend`` gives them.
    """
    rows = []
    for column, claim, source, sign in FACTORIZATION:
        for found in stats.trend(table, column, rng).itertuples():
            measured = found.correlation, found.low, found.high, found.p, verdict(found.correlation, found.p, sign)
            rows.append((found.data_set, found.method, column, claim, source, *measured))
    names = ["data_set", "method", "column", "claim", "paper", "here", "low", "high", "p", "verdict"]
    return pd.DataFrame(rows, columns=names)
