"""Made tables of results."""

from itertools import product

import pandas as pd


def grid(rng, sets=3, seeds=3, settings=((1, 2, 3), (1, 2)), scores=("a", "b"), ties=False):
    """A complete table of random scores: method m0 with three strengths, m1 with two."""
    rows = [
        {"data_set": f"d{d}", "method": f"m{m}", "strength": float(s), "seed": seed}
        | {score: float(rng.integers(3)) if ties else rng.normal() for score in scores}
        for d, (m, strengths), seed in product(range(sets), enumerate(settings), range(seeds))
        for s in strengths
    ]
    return pd.DataFrame(rows)
