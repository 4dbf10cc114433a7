"""Claims of the paper tested on a table: each is a number with a threshold, intervals and a verdict."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dlnb import checks
from dlnb.analysis import inputs
from dlnb.analysis.grid import Cells
from dlnb.claims import caveats, intervals
from dlnb.claims.quantities import BOUND, Numbers, measured

DRAWS, SHUFFLES = 100, 20
AGREES, DISAGREES, OPEN = "agrees", "disagrees", "cannot tell"
PRESENCE, ABSENCE = "presence", "absence"
BY_CHANCE = 0.9  # of shuffles; many thresholds are at chance level, where half of the shuffles are on the claimed side


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper as a number: it holds if ``quantity`` of a table is above ``threshold`` (or below).

    ``quantity`` of ``Numbers`` returns a number, and raises ValueError or KeyError for what a table lacks. Unless
    ``whole``, its value is the mean of its values on tables of one data set each; or, for data sets ``among`` which are
    contrasted with all others, a difference of two means of ``each``. Raises ValueError if a field is of another type,
    the threshold is not finite, or it is not between the ``bounds``.
    """

    name: str
    sentence: str
    where: str  # in the paper
    paper: str  # the paper's value, or what it says of it
    quantity: Callable[[Numbers], float]
    threshold: float
    above: bool = True
    caveat: str = ""  # why a small study may differ, such as those of ``caveats``, which are told where they are true
    added: str = ""  # why the claim was added after the models had been looked at; empty: it was there before
    changed: str = ""  # why its number was changed then
    whole: bool = False  # whether the number is one of all data sets together, such as a comparison of two of them
    among: tuple[str, ...] = ()
    each: Callable[[Numbers], float] | None = None
    cells: Callable[[Numbers], dict[str, pd.DataFrame]] | None = None  # the correlations of which it is a share
    rank: Callable[[Numbers], tuple[int, int, str]] | None = None  # place, number and kind of what it competes with
    bounds: tuple[float, float] = (-np.inf, np.inf)  # what the number can be; intervals end there

    def __post_init__(self):
        for name in ("name", "sentence", "where", "paper", "caveat", "added", "changed"):
            checks.instance(getattr(self, name), str, f"{name} of a claim", "a text")
        checks.function(self.quantity, "quantity of a claim", "a function of Numbers that returns a number")
        for name in ("each", "cells", "rank"):
            if getattr(self, name) is not None:
                checks.function(getattr(self, name), f"{name} of a claim", "a function of Numbers")
        object.__setattr__(self, "threshold", checks.number(self.threshold, "threshold of a claim", -np.inf))
        bounds = tuple(self.bounds) if isinstance(self.bounds, tuple | list) else ()
        if len(bounds) != 2 or not all(map(_numeric, bounds)) or not bounds[0] < self.threshold < bounds[1]:
            given = f"{checks.shown(self.bounds)} with the threshold {self.threshold:g}"
            raise ValueError(f"bounds of a claim must be two numbers with the threshold between them, not {given}")
        checks.flag(self.above, "above")
        checks.flag(self.whole, "whole")
        object.__setattr__(self, "among", checks.names(self.among, "data sets among which a claim is made"))
        if bool(self.among) != (self.each is not None):
            raise ValueError(f"a contrast needs both among and each, but the claim {self.name!r} has one of them")


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
    """Every claim tested on a table of any size: its value here, two intervals and a verdict by each.

    "agrees" if the whole interval is on the side of the threshold that the paper claims, "disagrees" if it is on the
    other, else "cannot tell". Both are of 95%.

    - low, high and ``verdict``: other seeds on the same data sets. A bootstrap of the seeds within each setting, at
      every number S of seeds, widened by sqrt(S / (S - 1)). It is about the value that studies of S seeds have on
      average; with more seeds the value itself may be another, as a median of few models is noisy. It ignores what
      models of a seed share. ``benchmarks/interval_coverage.py`` measures how often it holds. Settings with one seed
      enter the value but not the interval, nor does a data set of which these are more than half; if all are, there is
      none.
    - sets_low, sets_high and ``sets_verdict``: other data sets. The claim is evaluated on a table of each data set, and
      the interval is that of a mean of these values (``intervals.of_sets``), or of a difference of two such means. NaN,
      and "cannot tell", for claims that are ``whole``, and where all values are equal, unless they are shares of 0 or
      1. Data sets that are variants of one are no independent draws, so that it is rather too narrow.

    ``rank``: the place of what a claim singles out among what it competes with, or the number of data sets on the
    claimed side. ``cells``: of a share of correlations, how many are beyond the bound on either side, and their range.

    ``chance`` is the mean value with every score shuffled over the models of a data set. If nine in ten shuffles are on
    the claimed side, ``kind`` is "absence": noise would agree too, and agreement is informative only if the scores are
    known to be more than noise. ``noise``: that of the scores, from ``variance.evaluation_noise``.

    Columns claim, sentence, where, paper, threshold (such as "> 0"), here, low, high, chance, kind, verdict, sets_low,
    sets_high, sets_verdict, rank, cells, caveat, added, changed. A claim about a data set, method or score that the
    table lacks has the value NaN and the verdict "cannot tell". ``attrs["sets"]`` is the number of data sets in the
    interval over seeds, of ``attrs["of"]``, and ``attrs["seeds"]`` how many seeds each has at least.

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
        found = [[value(claim, numbers) for claim in claims] for numbers in (Numbers(t, noise, cells) for t in tables)]
        return np.array(found).reshape(-1, len(claims))

    numbers = Numbers(table, noise)
    half, sets, seeds = intervals.half_widths(table, values, rng, draws)
    shuffled = values((intervals.shuffled(table, numbers.cells, rng) for _ in range(SHUFFLES)), numbers.cells)
    alone = {name: Numbers(part, noise) for name, part in table.groupby("data_set", sort=False)}
    rows = [_row(claim, numbers, alone, *each) for claim, *each in zip(claims, half, shuffled.T, strict=True)]
    found = pd.DataFrame(rows)
    found.attrs |= {"sets": sets, "of": len(alone), "seeds": seeds}
    return found


def _row(claim: Claim, numbers: Numbers, alone: dict[str, Numbers], width: float, shuffled: np.ndarray) -> dict:
    """The row of ``weigh`` of a claim. ``alone``: the numbers of each data set; ``width``: half of the interval."""
    here, known = value(claim, numbers), shuffled[~np.isnan(shuffled)]
    beyond = shuffled > claim.threshold if claim.above else shuffled < claim.threshold  # False for NaN
    ends = _within(claim, here - width, here + width)
    one, other = _by_set(claim, alone)
    share = claim.bounds == (0, 1)
    sets = _within(claim, *(intervals.of_groups(one, other) if claim.among else intervals.of_sets(one, share)))
    texts = {"caveat": caveats.of(claim.caveat, numbers.table), "added": claim.added, "changed": claim.changed}
    return {
        **{"claim": claim.name, "sentence": claim.sentence, "where": claim.where, "paper": claim.paper},
        **{"threshold": f"{'>' if claim.above else '<'} {claim.threshold:g}", "here": here},
        **{"low": ends[0], "high": ends[1], "chance": known.mean() if known.size else np.nan},
        **{"kind": ABSENCE if beyond.mean() >= BY_CHANCE else PRESENCE, "verdict": judge(claim, *ends)},
        **{"sets_low": sets[0], "sets_high": sets[1], "sets_verdict": judge(claim, *sets)},
        **{"rank": _rank(claim, numbers, one), "cells": _cells(claim, numbers), **texts},
    }


def _within(claim: Claim, low: float, high: float) -> tuple[float, float]:
    """An interval without what the claim's number cannot be: those of a normal distribution know no bounds."""
    return float(np.maximum(low, claim.bounds[0])), float(np.minimum(high, claim.bounds[1]))


def _by_set(claim: Claim, alone: dict[str, Numbers]) -> tuple[np.ndarray, np.ndarray]:
    """The claim's values on single data sets: on those ``among`` which it is made (or all), and on the others."""
    if claim.whole:
        return np.empty(0), np.empty(0)
    found = {name: value(claim, numbers, claim.each or claim.quantity) for name, numbers in alone.items()}
    known = {name: value for name, value in found.items() if not np.isnan(value)}
    inside = [not claim.among or name in claim.among for name in known]
    values = np.array(list(known.values()), float)
    return values[np.array(inside, bool)], values[~np.array(inside, bool)]


def _rank(claim: Claim, numbers: Numbers, values: np.ndarray) -> str:
    if claim.rank:
        try:
            place, count, what = claim.rank(numbers)
        except (KeyError, ValueError):
            return ""
        return f"place {place} of {count} {what}"
    if not len(values) or claim.among:
        return ""
    claimed = values > claim.threshold if claim.above else values < claim.threshold
    return f"{int(claimed.sum())} of {len(values)} data sets"


def _cells(claim: Claim, numbers: Numbers) -> str:
    try:
        found = [cells.to_numpy().ravel() for cells in claim.cells(numbers).values()] if claim.cells else []
    except (KeyError, ValueError):
        return ""
    values = np.concatenate([*found, np.empty(0)])
    values = values[~np.isnan(values)]
    if not values.size:
        return ""
    above, below = int((values > BOUND).sum()), int((values < -BOUND).sum())
    span = f"{values.min():.2f} to {values.max():.2f}".replace("-", "−")
    return f"{values.size} cells: {above} above {BOUND:g}, {below} below −{BOUND:g}, {span}"


def shown(weighed: pd.DataFrame) -> pd.DataFrame:
    """The verdict over seeds of each claim, with its value, what is claimed, the sentence and the paper's value.

    The sentence says what was added or changed later. The verdict comes first, since a phone shows only the first
    columns; ``evidence`` has the intervals. ``weighed``: as ``weigh`` returns it, or some of its rows. Raises
    ValueError for another table.
    """
    checks.table(weighed, ("verdict", "sentence", "threshold", "where", "paper", "added", "changed"), holes=("here",))
    said = [
        " ".join([each.sentence, *(f"({what}: {why})" for what, why in _later(each) if why)])
        for each in weighed.itertuples()
    ]
    found = {"verdict": weighed.verdict, "here": weighed.here, "claimed": weighed.threshold, "sentence": said}
    return pd.DataFrame(found | {"paper": weighed.paper + " (" + weighed["where"] + ")"}, weighed.index)


def evidence(weighed: pd.DataFrame) -> pd.DataFrame:
    """How far the value of each claim can be trusted: both intervals with their verdicts, and the single values.

    "in detail": on how many data sets the value is on the claimed side, or the place of what the claim singles out, and
    the single correlations of a share. ``weighed``: as ``weigh`` returns it, or some of its rows. Raises ValueError for
    another table.
    """
    texts = "verdict", "sets_verdict", "rank", "cells"
    checks.table(weighed, texts, holes=("here", "low", "high", "sets_low", "sets_high"))
    details = [", ".join(filter(None, pair)) for pair in zip(weighed["rank"], weighed.cells, strict=True)]
    found = {
        "here": weighed.here,
        "over seeds": _intervals(weighed.low, weighed.high),
        "verdict": weighed.verdict,
        "over data sets": _intervals(weighed.sets_low, weighed.sets_high),
        "in general": weighed.sets_verdict.where(weighed.sets_low.notna(), "–"),
        "in detail": [text or "–" for text in details],
    }
    return pd.DataFrame(found, weighed.index)


def _later(row) -> tuple[tuple[str, str], ...]:
    return ("added later", row.added), ("number changed later", row.changed)


def _intervals(lows: pd.Series, highs: pd.Series) -> list[str]:
    pairs = zip(lows, highs, strict=True)
    return ["–" if np.isnan(low) else f"{low:.2f} to {high:.2f}".replace("-", "−") for low, high in pairs]


def describe(weighed: pd.DataFrame) -> str:
    """Sentences to accompany the table of ``weigh``: on which side the values are, and what the intervals mean.

    ``weighed``: as ``weigh`` returns it, with its ``attrs``. Raises ValueError for another table.
    """
    edges = np.array([edge for _, edge in thresholds(weighed)])
    if lost := {"seeds", "sets", "of"} - weighed.attrs.keys():
        raise ValueError(f"attrs of the table lack {', '.join(sorted(lost))}: give the table as weigh returned it")
    beyond = weighed.here - edges
    above = np.array([side == ">" for side, _ in thresholds(weighed)])
    claimed = int((np.where(above, beyond, -beyond) > 0).sum())
    values = f"{claimed} of {len(weighed)} values are on the side of the threshold that the paper claims."
    if weighed.low.isna().all():
        return f"{values} As most settings have one seed, there are no intervals over seeds and no verdicts by them."
    sets, of = weighed.attrs["sets"], weighed.attrs["of"]
    where = "" if sets == of else f" on the {sets} of {of} data sets that have several"
    resampled = f"The intervals over seeds (95%) come from resampling the seeds of each setting{where}"
    seeds = (
        f"they are about studies of {weighed.attrs['seeds']} seeds, as this one is: with more, the value may be another"
    )
    return f"{values} {resampled}; {seeds}."


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


def value(claim: Claim, numbers: Numbers, quantity: Callable[[Numbers], float] | None = None) -> float:
    """The claim's number, or another ``quantity`` of its; NaN if the table lacks what it is about."""
    try:
        value = (quantity or claim.quantity)(numbers)
    except (KeyError, ValueError):  # the table lacks the data set, method, column or grid
        return np.nan
    if np.ndim(value) or np.asarray(value).dtype.kind not in "biuf" or np.isinf(value):
        raise ValueError(f"the quantity of the claim {claim.name!r} must be a number, not {checks.shown(value)}")
    return float(value)
