"""What the paper says, weighed: each claim as a number of the table with a threshold, an interval and a verdict.

In goes the table of a study; ``weigh(table, CLAIMS, rng)`` gives a verdict for each claim, ``factorization`` one for
each data set and method of question 5.1. ``statements`` lists the claims, ``quantities`` has what they are about,
``verdicts`` judges.
"""

from dlnb.claims.quantities import Numbers
from dlnb.claims.statements import CLAIMS, of
from dlnb.claims.verdicts import (
    ABSENCE,
    AGREES,
    DISAGREES,
    LEVEL,
    OPEN,
    SHUFFLES,
    Claim,
    describe,
    factorization,
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
    "describe",
    "factorization",
    "judge",
    "of",
    "shown",
    "weigh",
]
