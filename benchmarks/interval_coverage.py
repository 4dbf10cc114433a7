"""How often the intervals of claims hold: simulated studies of 7 data sets x 36 settings x S seeds, without TensorFlow.

    python benchmarks/interval_coverage.py [--studies 40] [--draws 25] [--seeds 2 3 5] [--workers N]

Writes dlnb/tables/coverage.csv.

A simulated model is the mean of its setting plus an error. Both are those of the table "short", so that its measures
have their sizes, shapes and correlations. The means of settings are drawn together until they vary as much as the true
ones do (what the errors add to the variance of means of two models is taken off); an error is that of a random setting
of the same data set, with either sign. With ``shared`` all models of a data set and seed also have an error in common,
of the size that the table shows, which the bootstrap does not know of.

For each number of seeds S and claim: the mean ``value`` of the studies, and the share of studies whose interval over
seeds (nominal 95 %) holds that mean, ``coverage``, and the mean of studies with 50 seeds, ``coverage_50``.
"""

import argparse
import os

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config

from dlnb import claims, results, storage
from dlnb.analysis.grid import Cells
from dlnb.claims import intervals
from dlnb.claims.quantities import MEASURES, Numbers, measured
from dlnb.claims.verdicts import value

TABLE = results.TABLES / "coverage.csv"
MANY, FEW_STUDIES = 50, 6  # seeds, and studies of that many
COLUMNS = [*dict.fromkeys((*MEASURES, "lr_100", "gbt_100"))]


class Truth:
    """Means of settings [data sets, settings, measures], and what models of a setting and of a seed differ by."""

    def __init__(self, table: pd.DataFrame):
        self.cells = Cells(table)
        grid = self.cells.spread(table[COLUMNS].to_numpy(float))  # [data sets, settings, seeds, measures]
        seeds = grid.shape[2]
        common = grid.mean(axis=1, keepdims=True) - grid.mean(axis=(1, 2), keepdims=True)
        errors = grid - grid.mean(axis=2, keepdims=True) - common
        self.errors = errors.reshape(len(grid), -1, len(COLUMNS)) * np.sqrt(seeds / (seeds - 1))
        within = np.square(self.errors).mean(axis=1)  # the variance of models of a setting
        among = np.square(common).sum(axis=2)[:, 0] / (seeds - 1) - within / grid.shape[1]
        self.shared = np.sqrt(np.maximum(among, 0))
        means = grid.mean(axis=2)
        middle, spread = means.mean(axis=1, keepdims=True), means.var(axis=1, ddof=1)
        kept = np.sqrt(np.maximum(1 - within / seeds / np.where(spread, spread, 1), 0))
        self.means = middle + kept[:, None] * (means - middle)

    def study(self, seeds: int, rng: np.random.Generator, shared: bool) -> pd.DataFrame:
        """A simulated table of results."""
        sets, settings, _ = self.means.shape
        which = rng.integers(self.errors.shape[1], size=(sets, settings, seeds))
        signs = rng.choice([-1, 1], size=which.shape)[..., None]
        found = self.means[:, :, None] + signs * self.errors[np.arange(sets)[:, None, None], which]
        if shared:
            found = found + (rng.normal(size=(sets, 1, seeds, len(COLUMNS))) * self.shared[:, None, None])
        names, methods, strengths = self.cells.sets, self.cells.methods, self.cells.strengths
        key = [(d, methods[s], strengths[s], seed) for d in names for s in range(settings) for seed in range(seeds)]
        frame = pd.DataFrame(key, columns=results.KEY)
        return pd.concat([frame, pd.DataFrame(found.reshape(-1, len(COLUMNS)), columns=COLUMNS)], axis=1)


def values(tables, cells: Cells | None = None) -> np.ndarray:
    """The claims' values [tables, claims]."""
    found = [[value(claim, numbers) for claim in claims.CLAIMS] for numbers in (Numbers(t, {}, cells) for t in tables)]
    return np.array(found).reshape(-1, len(claims.CLAIMS))


def covered(seeds: int, shared: bool, studies: int, draws: int) -> pd.DataFrame:
    """One row for each claim: simulated studies of so many seeds, and a few of many seeds."""
    rng, truth = np.random.default_rng([seeds, shared]), Truth(results.load("short"))
    many = values(truth.study(MANY, rng, shared) for _ in range(FEW_STUDIES)).mean(axis=0)
    here, half = [], []
    for _ in range(studies):
        table = measured(truth.study(seeds, rng, shared))
        here.append(values([table])[0])
        half.append(intervals.half_widths(table, values, rng, draws)[0])
    here, half = np.array(here), np.array(half)
    expected = here.mean(axis=0)
    hits = [(np.abs(here - at) <= half).mean(axis=0) for at in (expected, many)]
    names = {"shared": shared, "seeds": seeds, "studies": studies, "claim": [claim.name for claim in claims.CLAIMS]}
    found = {"value": expected, "value_50": many, "half_width": half.mean(axis=0)}
    return pd.DataFrame(names | found | {"coverage": hits[0], "coverage_50": hits[1]})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--draws", type=int, default=25)
    parser.add_argument("--seeds", type=int, nargs="+", default=[2, 3, 5])
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    kinds = [(seeds, shared) for shared in (False, True) for seeds in options.seeds]
    with parallel_config(backend="loky", n_jobs=options.workers, inner_max_num_threads=1):
        parts = Parallel()(delayed(covered)(*kind, options.studies, options.draws) for kind in kinds)
    table = pd.concat(parts).round(4)
    storage.write(TABLE, lambda temporary: table.to_csv(temporary, index=False))
    print(table.groupby(["shared", "seeds"])[["coverage", "coverage_50"]].agg(["mean", "min"]).round(3).to_string())


if __name__ == "__main__":
    main()
