"""Claims of the paper, each weighed against the table: what it says, what we measured, and a verdict.

``factorization`` weighs question 5.1 within one data set and method; ``weigh`` the claims of ``dlnb.claims``, each a
number of the whole table.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dlnb import stats
from dlnb.quantities import Numbers

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


DRAWS, INTERVAL = 200, (0.025, 0.975)
AGREES, DISAGREES, OPEN = "agrees", "disagrees", "cannot tell"


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper as a number: it holds if ``quantity`` of a table is above ``threshold`` (or below)."""

    name: str
    sentence: str
    where: str  # in the paper
    paper: str  # the paper's value, or what it says of it
    quantity: Callable[[Numbers], float]
    threshold: float
    above: bool = True
    caveat: str = ""  # why a small study might differ


def weigh(table: pd.DataFrame, claims: Iterable[Claim], rng: np.random.Generator, draws: int = DRAWS) -> pd.DataFrame:
    """Every claim against a table of any scale: its value here, an interval, and a verdict.

    The interval comes from a bootstrap: within each data set and setting, seeds are drawn anew with replacement. Few
    seeds drawn with replacement vary too little and look more alike than they are; so what was found is laid around the
    value of the table, and widened by the root of S / (S - 1) for S seeds; with one seed there is none. "agrees" if all
    of it is on the side of the threshold that the paper claims, "disagrees" if all is on the other, else "cannot tell".

    Columns claim, sentence, where, paper, threshold (such as "> 0"), here, low, high, verdict, caveat. A claim about a
    data set, method or score that the table lacks cannot be told, with NaN.
    """
    claims = tuple(claims)
    tables = (table, *(_redrawn(table, rng) for _ in range(draws)))
    values = [[_value(claim, numbers) for claim in claims] for numbers in map(Numbers, tables)]
    seeds = table.groupby(["data_set", "method", "strength"]).size().min()
    wider, rows = np.sqrt(seeds / (seeds - 1)) if seeds > 1 else np.nan, []
    for claim, (here, *again) in zip(claims, zip(*values, strict=True), strict=True):
        finite = np.array(again)[np.isfinite(again)]
        around = here + (finite - np.median(finite)) * wider if finite.size else np.array([np.nan])
        low, high = np.quantile(around, INTERVAL)
        says = f"{'>' if claim.above else '<'} {claim.threshold:g}"
        row = claim.name, claim.sentence, claim.where, claim.paper, says, here, low, high, judge(claim, low, high)
        rows.append((*row, claim.caveat))
    names = ["claim", "sentence", "where", "paper", "threshold", "here", "low", "high", "verdict", "caveat"]
    return pd.DataFrame(rows, columns=names)


def judge(claim: Claim, low: float, high: float) -> str:
    """The verdict of an interval."""
    if low > claim.threshold:
        return AGREES if claim.above else DISAGREES
    if high < claim.threshold:
        return DISAGREES if claim.above else AGREES
    return OPEN


def _value(claim: Claim, numbers: Numbers) -> float:
    try:
        return float(claim.quantity(numbers))
    except (KeyError, ValueError):  # the table has no such data set, method, column or grid
        return np.nan


def _redrawn(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The table with the seeds of each data set and setting drawn anew; seeds are numbered as before."""
    groups = table.groupby(["data_set", "method", "strength"], sort=False).indices.values()
    chosen = np.concatenate([rng.choice(places, len(places)) for places in groups])
    seeds = np.concatenate([table.seed.to_numpy()[places] for places in groups])
    return table.iloc[chosen].assign(seed=seeds).reset_index(drop=True)
