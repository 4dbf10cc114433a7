"""How does each score answer when perfect codes are broken? What "Break the score" in the book shows.

    python benchmarks/broken.py [--workers N]

Scores codes of dlnb.lessons.examples.broken in every combination of the ways below: one draw of 3,000 rows, of which
fewer are the first. Takes some ten minutes of one core. Writes dlnb/tables/broken.parquet.
"""

import argparse
import os
from functools import partial
from itertools import product

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from dlnb import metrics, results, storage
from dlnb.lessons import examples

TABLE = results.TABLES / "broken.parquet"
ANGLES = 0, 2, 5, 10, 20, 30, 45
NOISES = 0.02, 0.1, 0.3, 1.0
ROWS = 3_000, 1_000, 500
KEPT = (*(name for name in metrics.METRICS if name != "dci"), "dci_disentanglement")


def measure(angle: float, duplicated: bool, collapsed: bool, noise: float, rows: int) -> dict:
    """One row of the table: the ways, the six scores, and what latents tell of factors."""
    ways = {"angle": angle, "duplicated": duplicated, "collapsed": collapsed, "noise": noise}
    codes, factors = examples.broken(max(ROWS), np.random.default_rng(0), **ways)
    names = list(metrics.METRICS)
    found, parts = metrics.measure(codes[:rows], factors[:rows], np.random.default_rng(0), names)
    shares = parts["information"] / parts["entropy"]
    told = {f"share_{j}_{k}": shares[j, k] for j, k in np.ndindex(shares.shape)}
    return ways | {"rows": rows} | {name: found[name] for name in KEPT} | told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    cells = list(product(ANGLES, (False, True), (False, True), NOISES, ROWS))
    found = Parallel(options.workers)(delayed(measure)(*cell) for cell in cells)
    table = pd.DataFrame(found).round(5)
    storage.write(TABLE, partial(table.to_parquet, compression="zstd", index=False))
    results.renew(results.TABLES)


if __name__ == "__main__":
    main()
