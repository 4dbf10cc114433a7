"""The claims of the paper, tested: each is a number of the table with a threshold, an interval and a verdict.

From the table of a study ``weigh(table, CLAIMS, rng)`` returns a verdict on each claim, ``factorization`` one on each
data set and method of question 5.1. ``statements`` lists the claims, ``quantities`` computes their numbers, ``places``
what they compete with, ``intervals`` how far they could move; ``verdicts`` judges them, ``trends`` question 5.1, and
``lines`` says them beside a figure.
"""

from dlnb.claims.lines import by_place
from dlnb.claims.quantities import Numbers
from dlnb.claims.statements import CLAIMS, of
from dlnb.claims.trends import LEVEL, factorization
from dlnb.claims.verdicts import (
    ABSENCE,
    AGREES,
    DISAGREES,
    OPEN,
    SHUFFLES,
    Claim,
    describe,
    evidence,
    judge,
    shown,
    weigh,
)

__all__ = [
    "ABSENCE",
    "AGREES",
    "CLAIMS",
    "DISAGREES",
    "LEVEL",
    "OPEN",
    "SHUFFLES",
    "Claim",
    "Numbers",
    "by_place",
    "describe",
    "evidence",
    "factorization",
    "judge",
    "of",
    "shown",
    "weigh",
]
