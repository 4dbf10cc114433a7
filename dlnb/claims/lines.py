"""What the verdicts say of each figure and table of the paper, as a line to stand beside it."""

import re

import pandas as pd

from dlnb import checks

PLACES = re.compile(r"(Figure|Table)s? (\d+(?:, \d+)*)")


def by_place(weighed: pd.DataFrame) -> dict[str, str]:
    """For each figure and table of the paper on which a claim rests: the claims, what the paper says, and ours.

    ``weighed``: as ``weigh`` returns it, or some of its rows. Returns, by names such as "Figure 12", a text that has
    for each claim its name, the paper's value, the value here, the threshold and the verdict over seeds; claims without
    a value are left out. Raises ValueError for another table.
    """
    checks.table(weighed, ("claim", "where", "paper", "threshold", "verdict"), holes=("here",))
    found: dict[str, list[str]] = {}
    for row in weighed.dropna(subset="here").itertuples():
        line = f"{row.claim}: paper {row.paper}, here {row.here:.2f} (claimed {row.threshold}), {row.verdict}"
        for kind, numbers in PLACES.findall(row.where):
            for number in numbers.split(", "):
                found.setdefault(f"{kind} {number}", []).append(line)
    return {place: "; ".join(lines) + "." for place, lines in found.items()}
