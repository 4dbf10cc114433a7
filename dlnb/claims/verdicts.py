"""Claims of the paper, each weighed against the table: what it says, what we measured, and a verdict.

``factorization`` weighs question 5.1 within one data set and method; ``weigh`` the claims of ``dlnb.claims``, each a
number of the whole table.
"""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as student

from dlnb.analysis import stats
from dlnb.analysis.grid import Cells
from dlnb.claims.quantities import Numbers

# Section 5.1 and Appendix I.2: column of the table, what it is, where the paper shows it, and by method the sign of the
# trend that it reports; of methods that are not named it says nothing, or that there is none.
_FALLS, _RISES = {"beta_vae": -1, "beta_tc_vae": -1}, {"beta_vae": 1, "beta_tc_vae": 1}
FACTORIZATION = (
    ("tc_sampled", "total correlation of the sampled code", "Figures 1, 8", _FALLS | {"annealed_vae": -1}),
    ("tc_mean", "total correlation of the mean code", "Figures 1, 9", _RISES | {"factor_vae": 1}),
    ("mi_sampled", "mutual information of the sampled code", "Figure 27", _FALLS | {"dip_vae_i": 1}),
    ("mi_mean", "mutual information of the mean code", "Figure 28", _RISES | {"dip_vae_i": 1}),
)
NO_CLAIM, MOVES = "no claim", {-1: " falls", 1: " rises", None: ""}
LEVEL = 0.05  # a trend that random order would give more often than this is no verdict


def verdict(correlation: float, p: float, sign: int | None) -> str:
    """Whether a trend has the sign that the paper reports: agrees, disagrees, or cannot tell; None: no claim."""
    if sign is None:
        return NO_CLAIM
    if np.isnan(correlation) or p > LEVEL:
        return "cannot tell"
    return "agrees" if np.sign(correlation) == sign else "disagrees"


def factorization(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Question 5.1 for each data set and method: does the measure move with the strength as the paper says?

    ``here`` is the rank correlation of the measure with the strength, low, high and p as ``stats.trend`` gives them.
    Of many rows without any trend, one in twenty would get a verdict by chance.
    """
    rows = []
    for column, measure, source, signs in FACTORIZATION:
        for found in stats.trend(table, column, rng).itertuples():
            measured, sign = (found.correlation, found.low, found.high, found.p), signs.get(found.method)
            claim, judged = measure + MOVES[sign], verdict(found.correlation, found.p, sign)
            rows.append((found.data_set, found.method, column, claim, source, *measured, judged))
    names = ["data_set", "method", "column", "claim", "paper", "here", "low", "high", "p", "verdict"]
    return pd.DataFrame(rows, columns=names)


DRAWS, SHUFFLES, LEVEL_OF_INTERVAL = 100, 20, 0.95
ENOUGH = 4  # seeds, for an interval from leaving each out
AGREES, DISAGREES, OPEN = "agrees", "disagrees", "cannot tell"
PRESENCE, ABSENCE = "presence", "absence"
BORNE_OUT = 0.9  # of the shuffles: the threshold of many claims is where chance is, and half of the shuffles beyond it


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


def weigh(
    table: pd.DataFrame, claims: Iterable[Claim], rng: np.random.Generator, draws: int = DRAWS, noise=None
) -> pd.DataFrame:
    """Every claim against a table of any scale: its value here, an interval, and a verdict.

    "agrees" if all of the interval is on the side of the threshold that the paper claims, "disagrees" if all is on the
    other, else "cannot tell". The interval (95 %) is about other seeds on the same data sets. Models of one seed share
    weights, images and sample, so with four complete seeds or more it comes from leaving out each seed (jackknife,
    Student's t). With fewer, from a bootstrap that draws the seeds of each setting anew, widened by the root of
    S / (S - 1) for S seeds; it does not know what all models of a seed share, so that its verdicts are provisional.
    Data sets with one seed are in the value and not in the interval; if all have one, there is none.
    ``attrs["interval"]`` tells which: "jackknife" or "bootstrap"; ``attrs["sets"]`` on how many data sets.

    ``chance`` is the mean value if all scores are shuffled over the models of a data set. Where nine in ten shuffles
    lie on the claimed side, the claim is one of "absence" (``kind``): noise would agree too, and agreement means
    something only if the scores are known to be more than noise. ``noise``: of the scores, as
    ``variance.evaluation_noise`` gives it.

    Columns claim, sentence, where, paper, threshold (such as "> 0"), here, low, high, chance, kind, verdict, caveat. A
    claim about a data set, method or score that the table lacks cannot be told, with NaN.
    """
    claims = tuple(claims)

    def values(tables: Iterable[pd.DataFrame], cells: Cells | None = None) -> np.ndarray:
        """``cells``: where the models of all the tables stand."""
        found = [[_value(claim, numbers) for claim in claims] for numbers in (Numbers(t, noise, cells) for t in tables)]
        return np.array(found).reshape(-1, len(claims))

    table = table.reset_index(drop=True)
    cells = Cells(table)
    here = values([table], cells)[0]
    half, how, sets = _half_widths(table, values, rng, draws)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # claims that cannot be told have nothing but NaN
        shuffled = values((_shuffled(table, cells, rng) for _ in range(SHUFFLES)), cells)
        chance = np.nanmean(shuffled, axis=0)
    rows = []
    for claim, value, width, random, drawn in zip(claims, here, half, chance, shuffled.T, strict=True):
        says = f"{'>' if claim.above else '<'} {claim.threshold:g}"
        beyond = drawn > claim.threshold if claim.above else drawn < claim.threshold  # never, if it is not a number
        kind = ABSENCE if beyond.mean() >= BORNE_OUT else PRESENCE
        low, high = value - width, value + width
        row = claim.name, claim.sentence, claim.where, claim.paper, says, value, low, high, random, kind
        rows.append((*row, judge(claim, low, high), claim.caveat))
    names = ["claim", "sentence", "where", "paper", "threshold", "here", "low", "high", "chance", "kind"]
    found = pd.DataFrame(rows, columns=[*names, "verdict", "caveat"])
    found.attrs |= {"interval": how, "sets": sets, "of": table.data_set.nunique()}
    return found


def shown(weighed: pd.DataFrame) -> pd.DataFrame:
    """The columns of ``weigh`` that a page has room for, the verdict first, since a phone shows only the first ones."""
    pairs = zip(weighed.low, weighed.high, strict=True)
    intervals = ["–" if np.isnan(low) else f"{low:.2f} to {high:.2f}" for low, high in pairs]
    paper = weighed.paper + " (" + weighed["where"] + ")"
    found = weighed.assign(interval=intervals, paper=paper).rename(columns={"threshold": "claimed"})
    return found[["verdict", "sentence", "here", "interval", "claimed", "paper"]]


def describe(weighed: pd.DataFrame) -> str:
    """What ``weigh`` found, in two sentences to stand beside its table: the sides of the values, and the intervals."""
    sides, edges = zip(*(claimed.split() for claimed in weighed.threshold), strict=True)
    beyond = weighed.here - np.array(edges, float)
    claimed = int((np.where(np.array(sides) == ">", beyond, -beyond) > 0).sum())
    told = f"{claimed} of {len(weighed)} numbers lie on the side that the paper claims."
    if weighed.low.isna().all():
        return f"{told} There are no intervals, and so no verdicts, as long as most settings have one seed."
    sets, of = weighed.attrs["sets"], weighed.attrs["of"]
    where = "" if sets == of else f" on the {sets} of {of} data sets that have several"
    if weighed.attrs["interval"] == "jackknife":
        return f"{told} The intervals (95 %) come from leaving out each seed in turn{where}."
    drawn = f"The intervals (95 %) come from drawing the seeds of each setting anew{where}"
    return f"{told} {drawn}; with so few seeds they are provisional."


def _half_widths(table, values, rng: np.random.Generator, draws: int) -> tuple[np.ndarray, str, int]:
    """Half the width of each claim's interval, how it was made, and on how many data sets."""
    try:
        whole = stats.complete(table)
    except ValueError:
        whole = table.iloc[:0]
    seeds = whole.seed.unique()
    if (count := len(seeds)) >= ENOUGH:
        left = values(whole[whole.seed != seed] for seed in seeds)
        error = np.sqrt((count - 1) / count * np.square(left - left.mean(axis=0)).sum(axis=0))
        return student.ppf((1 + LEVEL_OF_INTERVAL) / 2, count - 1) * error, "jackknife", whole.data_set.nunique()
    # A data set with one seed has nothing to draw from and would make the interval of a mean too narrow.
    models = table.groupby(["data_set", "method", "strength"]).size().groupby("data_set").median()
    several = models[models > 1]
    if several.empty:
        return np.full(values([]).shape[1], np.nan), "bootstrap", 0
    part = table[table.data_set.isin(several.index)].reset_index(drop=True)
    cells = Cells(part)
    again = values((_redrawn(part, cells, rng) for _ in range(draws)), cells)
    wider = np.sqrt(several.min() / (several.min() - 1))
    return norm.ppf((1 + LEVEL_OF_INTERVAL) / 2) * again.std(axis=0) * wider, "bootstrap", len(several)


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


def _redrawn(table: pd.DataFrame, cells: Cells, rng: np.random.Generator) -> pd.DataFrame:
    """The table with what is measured of each model, its float columns, drawn anew from its data set and setting."""
    chosen = np.arange(len(table))
    for places in cells.at.reshape(-1, cells.at.shape[-1]):
        seeds = places[places >= 0]
        chosen[seeds] = seeds[rng.integers(len(seeds), size=len(seeds))]
    names = _measured(table)
    return _with(table, names, table[names].to_numpy()[chosen])


def _shuffled(table: pd.DataFrame, cells: Cells, rng: np.random.Generator) -> pd.DataFrame:
    """The table with every measured column shuffled by itself over the models of a data set."""
    names = _measured(table)
    values = table[names].to_numpy(copy=True)
    for rows in cells.rows.values():
        values[rows] = rng.permuted(values[rows], axis=0)
    return _with(table, names, values)


def _measured(table: pd.DataFrame) -> list[str]:
    return [name for name in table.select_dtypes("float") if name != "strength"]


def _with(table: pd.DataFrame, names: list[str], values: np.ndarray) -> pd.DataFrame:
    """The table with other values of some columns: far faster than to replace one column after the other."""
    return pd.concat([table.drop(columns=names), pd.DataFrame(values, table.index, names)], axis=1)
