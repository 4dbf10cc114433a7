"""How does each score depend on the number of labelled rows? On trained models of the study "scores".

    python -m dlnb.run scores
    python benchmarks/sample_size.py [--workers N]

Scores the first rows of random orders of each model's 15,000 codes. A score that cannot be computed from so few rows
(BetaVAE and FactorVAE scores need several of every value of every factor) has no row in the table. Writes
dlnb/tables/sample_size.parquet.
"""

import argparse
import os
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config

from dlnb import metrics, results, storage
from dlnb.representation import Representation
from dlnb.study import STUDIES, Cell

STUDY = STUDIES["scores"]
TABLE = results.TABLES / "sample_size.parquet"
ROWS = 150, 500, 1_500, 5_000, 15_000
ORDERS = 2  # random orders of the rows of each model
NAMES = (*metrics.METRICS, "explicitness", "total_correlation", "average_mutual_information")
KEPT = {"dci": ("dci_disentanglement",)}


def measure(cell: Cell, runs: Path) -> list[dict]:
    """One row for each number of rows, order and score that can be computed."""
    codes = Representation.load(runs / STUDY.name / str(cell) / "codes.npz")
    found = []
    for order in range(ORDERS):
        chosen = np.random.default_rng(order).permutation(len(codes.mean))
        for rows in ROWS[: -1 if order else None]:  # all rows in another order are only another split
            some = chosen[:rows]
            for name in NAMES:
                try:
                    rng = np.random.default_rng([order, rows])
                    values = metrics.score(codes.mean[some], codes.factors[some], rng, [name])
                except ValueError:
                    continue
                key = {"data_set": cell.data_set, "method": cell.method, "strength": cell.strength}
                key |= {"rows": rows, "order": order}
                found += [key | {"score": s, "value": values[s]} for s in KEPT.get(name, values)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    with parallel_config(backend="loky", n_jobs=options.workers, inner_max_num_threads=1):
        trained = [c for c in STUDY.cells() if (options.runs / STUDY.name / str(c) / "codes.npz").exists()]
        parts = Parallel()(delayed(measure)(cell, options.runs) for cell in trained)
    table = pd.DataFrame([row for part in parts for row in part])
    storage.write(TABLE, partial(table.to_parquet, compression="zstd", index=False))
    results.renew(results.TABLES)
    print(table.groupby(["score", "rows"]).value.agg(["size", "mean", "std"]).round(3).to_string())


if __name__ == "__main__":
    main()
