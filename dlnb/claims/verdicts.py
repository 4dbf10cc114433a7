"""Claims of the paper tested on a table: each is a number with a threshold, an interval over seeds and a verdict."""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as student

from dlnb import checks
from dlnb.analysis import inputs, stats
from dlnb.analysis.grid import Cells
from dlnb.claims.quantities import Numbers, measured

DRAWS, SHUFFLES, CONFIDENCE = 100, 20, 0.95
ENOUGH = 4  # seeds for a jackknife
AGREES, DISAGREES, OPEN = "agrees", "disagrees", "cannot tell"
PRESENCE, ABSENCE = "presence", "absence"
BY_CHANCE = 0.9  # of shuffles; many thresholds are at chance level, where half of the shuffles are on the claimed side


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper as a number: it holds if ``quantity`` of a table is above ``threshold`` (or below).

    ``quantity`` of ``Numbers`` returns a number, and raises ValueError or KeyError for what a table lacks. Raises
    ValueError if a field is of another type, or the threshold is not finite.
    """

    name: str
    sentence: str
    where: str  # in the paper
    paper: str  # the paper's value, or what it says of it
    quantity: Callable[[Numbers], float]
    threshold: float
    above: bool = True
    caveat: str = ""  # why a small study may differ

    def __post_init__(self):
        for name in ("name", "sentence", "where", "paper", "caveat"):
            checks.instance(getattr(self, name), str, f"{name} of a claim", "a text")
        checks.function(self.quantity, "quantity of a claim", "a function of Numbers that returns a number")
        object.__setattr__(self, "threshold", checks.number(self.threshold, "threshold of a claim", -np.inf))
        checks.flag(self.above, "above")


def judge(claim: Claim, low: float, high: float) -> str:
    """The verdict on a claim from the interval of its value, which is open if an end is NaN.

    ``low`` and ``high`` are numbers, infinite or NaN ones among them, the first at most as high as the second.
    """
    checks.instance(claim, Claim, "the claim", "a Claim, such as those of CLAIMS")
    for name, value in {"low": low, "high": high}.items():
        if not _numeric(value):
            raise ValueError(f"{name} must be a number or NaN, not {checks.shown(value)}")
    if low > high:
        raise ValueError(f"low must be at most high, not {low} and {high}")
    if np.isnan(low) or np.isnan(high):
        return OPEN
    if low > claim.threshold:
        return AGREES if claim.above else DISAGREES
    if high < claim.threshold:
        return DISAGREES if claim.above else AGREES
    return OPEN


def weigh(
    table: pd.DataFrame, claims: Iterable[Claim], rng: np.random.Generator, draws: int = DRAWS, noise=None
) -> pd.DataFrame:
    """Every claim tested on a table of any size: its value here, an interval and a verdict.

    "agrees" if the whole interval is on the side of the threshold that the paper claims, "disagrees" if it is on the
    other, else "cannot tell". The interval (95 %) reflects the choice of seeds, not of data sets. Models of one seed
    share initial weights, images and sample, so with at least four complete seeds it is a jackknife over seeds
    (Student's t). With fewer it is a bootstrap of the seeds within each setting, widened by sqrt(S / (S - 1)) for S
    seeds; this ignores what models of a seed share, so its verdicts are provisional. Data sets with one seed enter the
    value but not the interval; if all have one, there is none. ``attrs["interval"]`` is "jackknife" or "bootstrap",
    ``attrs["sets"]`` the number of data sets in it, of ``attrs["of"]``.

    ``chance`` is the mean value with every score shuffled over the models of a data set. If nine in ten shuffles are on
    the claimed side, ``kind`` is "absence": noise would agree too, and agreement is informative only if the scores are
    known to be more than noise. ``noise``: that of the scores, from ``variance.evaluation_noise``.

    Columns claim, sentence, where, paper, threshold (such as "> 0"), here, low, high, chance, kind, verdict, caveat. A
    claim about a data set, method or score that the table lacks has the value NaN and the verdict "cannot tell".

    What is redrawn and shuffled are the columns of floats but the strength, and those that the paper's claims are
    about; give a measure of your own as floats. ``draws`` of the bootstrap are at least 2. Raises ValueError for a
    table without the columns of KEY, with several rows for one model or with infinite measures, and for claims that are
    none or whose quantity is not a number.
    """
    claims = _several(claims)
    checks.generator(rng, "weighing claims")
    checks.whole(draws, "draws", minimum=2)
    noise, table = inputs.noises(noise), measured(table)

    def values(tables: Iterable[pd.DataFrame], cells: Cells | None = None) -> np.ndarray:
        """Values [tables, claims]; ``cells``: the grid that all the tables share."""
        found = [[_value(claim, numbers) for claim in claims] for numbers in (Numbers(t, noise, cells) for t in tables)]
        return np.array(found).reshape(-1, len(claims))

    cells = Cells(table)
    here = values([table], cells)[0]
    half, how, sets = _half_widths(table, values, rng, draws)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # claims without a value have only NaN
        shuffled = values((_shuffled(table, cells, rng) for _ in range(SHUFFLES)), cells)
        chance = np.nanmean(shuffled, axis=0)
    rows = []
    for claim, value, width, random, drawn in zip(claims, here, half, chance, shuffled.T, strict=True):
        claimed = f"{'>' if claim.above else '<'} {claim.threshold:g}"
        beyond = drawn > claim.threshold if claim.above else drawn < claim.threshold  # False for NaN
        kind = ABSENCE if beyond.mean() >= BY_CHANCE else PRESENCE
        low, high = value - width, value + width
        row = claim.name, claim.sentence, claim.where, claim.paper, claimed, value, low, high, random, kind
        rows.append((*row, judge(claim, low, high), claim.caveat))
    names = ["claim", "sentence", "where", "paper", "threshold", "here", "low", "high", "chance", "kind"]
    found = pd.DataFrame(rows, columns=[*names, "verdict", "caveat"])
    found.attrs |= {"interval": how, "sets": sets, "of": table.data_set.nunique()}
    return found


def shown(weighed: pd.DataFrame) -> pd.DataFrame:
    """The columns of ``weigh`` that fit on a page, the verdict first, since a phone shows only the first columns.

    ``weighed``: as ``weigh`` returns it, or some of its rows. Raises ValueError for another table.
    """
    checks.table(weighed, ("verdict", "sentence", "threshold", "where", "paper"), holes=("here", "low", "high"))
    pairs = zip(weighed.low, weighed.high, strict=True)
    intervals = ["–" if np.isnan(low) else f"{low:.2f} to {high:.2f}" for low, high in pairs]
    paper = weighed.paper + " (" + weighed["where"] + ")"
    found = weighed.assign(interval=intervals, paper=paper).rename(columns={"threshold": "claimed"})
    return found[["verdict", "sentence", "here", "interval", "claimed", "paper"]]


def describe(weighed: pd.DataFrame) -> str:
    """Two sentences to accompany the table of ``weigh``: on which side the values are, and what the intervals mean.

    ``weighed``: as ``weigh`` returns it, with its ``attrs``. Raises ValueError for another table.
    """
    edges = np.array([edge for _, edge in thresholds(weighed)])
    if lost := {"interval", "sets", "of"} - weighed.attrs.keys():
        raise ValueError(f"attrs of the table lack {', '.join(sorted(lost))}: give the table as weigh returned it")
    beyond = weighed.here - edges
    above = np.array([side == ">" for side, _ in thresholds(weighed)])
    claimed = int((np.where(above, beyond, -beyond) > 0).sum())
    values = f"{claimed} of {len(weighed)} values are on the side of the threshold that the paper claims."
    if weighed.low.isna().all():
        return f"{values} As most settings have one seed, there are no intervals and no verdicts."
    sets, of = weighed.attrs["sets"], weighed.attrs["of"]
    where = "" if sets == of else f" on the {sets} of {of} data sets that have several"
    if weighed.attrs["interval"] == "jackknife":
        return f"{values} The intervals (95 %) come from leaving out each seed in turn{where}."
    resampled = f"The intervals (95 %) come from resampling the seeds of each setting{where}"
    return f"{values} {resampled}; with so few seeds they are provisional."


def thresholds(weighed: pd.DataFrame) -> list[tuple[str, float]]:
    """Side, ">" or "<", and number of the threshold of each claim that is ``weighed``; raises ValueError if unclear."""
    checks.table(weighed, ("threshold",), holes=("here", "low", "high", "chance"))
    if not len(weighed):
        raise ValueError("the table has no claims: weigh at least one")
    found = []
    for threshold in weighed.threshold:
        side, _, edge = threshold.partition(" ") if isinstance(threshold, str) else ("", "", "")
        try:
            found.append((str(checks.choose({">": ">", "<": "<"}, side, "side")), float(edge)))
        except ValueError as error:
            given = checks.shown(threshold)
            raise ValueError(f'a threshold must be such as "> 0.5", as weigh writes it, not {given}') from error
    return found


def _several(claims) -> tuple[Claim, ...]:
    claims = tuple(claims) if isinstance(claims, Iterable) else (claims,)
    if not claims or not all(isinstance(claim, Claim) for claim in claims):
        other = next((checks.shown(claim) for claim in claims if not isinstance(claim, Claim)), "none")
        raise ValueError(f"claims must be one or more of class Claim, such as CLAIMS, not {other}")
    return claims


def _numeric(value) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _half_widths(table, values, rng: np.random.Generator, draws: int) -> tuple[np.ndarray, str, int]:
    """Half the width of each claim's interval, the method, and the number of data sets used."""
    try:
        whole = stats.complete(table)
    except ValueError:
        whole = table.iloc[:0]
    seeds = whole.seed.unique()
    if (count := len(seeds)) >= ENOUGH:
        left = values(whole[whole.seed != seed] for seed in seeds)
        error = np.sqrt((count - 1) / count * np.square(left - left.mean(axis=0)).sum(axis=0))
        return student.ppf((1 + CONFIDENCE) / 2, count - 1) * error, "jackknife", whole.data_set.nunique()
    # A data set with one seed has nothing to resample and would make the interval of a mean too narrow.
    models = table.groupby(["data_set", "method", "strength"]).size().groupby("data_set").median()
    several = models[models > 1]
    if several.empty:
        return np.full(values([]).shape[1], np.nan), "bootstrap", 0
    part = table[table.data_set.isin(several.index)].reset_index(drop=True)
    cells = Cells(part)
    again = values((_redrawn(part, cells, rng) for _ in range(draws)), cells)
    wider = np.sqrt(several.min() / (several.min() - 1))
    return norm.ppf((1 + CONFIDENCE) / 2) * again.std(axis=0) * wider, "bootstrap", len(several)


def _value(claim: Claim, numbers: Numbers) -> float:
    try:
        value = claim.quantity(numbers)
    except (KeyError, ValueError):  # the table lacks the data set, method, column or grid
        return np.nan
    if np.ndim(value) or np.asarray(value).dtype.kind not in "biuf" or np.isinf(value):
        raise ValueError(f"the quantity of the claim {claim.name!r} must be a number, not {checks.shown(value)}")
    return float(value)


def _redrawn(table: pd.DataFrame, cells: Cells, rng: np.random.Generator) -> pd.DataFrame:
    """The table with the measured columns of each model from a seed drawn at random within its data set and setting."""
    chosen = np.arange(len(table))
    for places in cells.at.reshape(-1, cells.at.shape[-1]):
        seeds = places[places >= 0]
        chosen[seeds] = seeds[rng.integers(len(seeds), size=len(seeds))]
    names = _measured(table)
    return _with(table, names, table[names].to_numpy()[chosen])


def _shuffled(table: pd.DataFrame, cells: Cells, rng: np.random.Generator) -> pd.DataFrame:
    """The table with every measured column shuffled independently over the models of a data set."""
    names = _measured(table)
    values = table[names].to_numpy(copy=True)
    for rows in cells.rows.values():
        values[rows] = rng.permuted(values[rows], axis=0)
    return _with(table, names, values)


def _measured(table: pd.DataFrame) -> list[str]:
    """The measured columns: all of floats but the strength."""
    return [name for name in table.select_dtypes("float") if name != "strength"]


def _with(table: pd.DataFrame, names: list[str], values: np.ndarray) -> pd.DataFrame:
    """The table with new values in some columns: far faster than replacing one column at a time."""
    return pd.concat([table.drop(columns=names), pd.DataFrame(values, table.index, names)], axis=1)
