"""Do our exact boosted trees give the DCI of scikit-learn's? Both, on codes of trained models.

    python benchmarks/trees.py STUDY [--only PATTERN] [--every N]

The codes are those that the repository keeps for UDR, of 1,000 images a model (benchmarks/codes): with so few rows for
many classes trees split on little, which is where they may differ. Both are grown from two seeds, since latents that
split equally well are drawn: what each differs from itself is the measure for the difference between them. Takes some
ten seconds a model. Every ``N``-th model is measured, unless the table has it. Writes dlnb/tables/trees.csv after each
model: it can be stopped and resumed. The rows of Cars3D are of models that were trained again since, and could not be
trained to the same bits on another processor; their codes are in benchmarks/codes/earlier.
"""

import argparse
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pandas as pd

from dlnb import metrics, results, storage
from dlnb.representation import Representation
from dlnb.study import STUDIES

TABLE = results.TABLES / "trees.csv"
CODES = Path(__file__).parent / "codes"
KINDS = {
    **{"exact": ("exact", 0), "exact_again": ("exact", 1)},
    **{"scikit_learn": ("scikit-learn", 0), "scikit_learn_again": ("scikit-learn", 1)},
}
COLUMNS = [*results.KEY, "score", *KINDS]


def measure(path: Path) -> dict[str, dict[str, float]]:
    """The three scores of DCI by column of the table, from the codes in a file."""
    codes = Representation.load(path)
    x, y = codes.mean.astype(np.float32), codes.factors.astype(np.int64)
    return {
        column: metrics.SCORES["dci"](x, y, np.random.default_rng(seed), boosting=boosting)
        for column, (boosting, seed) in KINDS.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--only", default="*", help="pattern of cells, such as 'shapes3d/*'")
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    table = pd.read_csv(TABLE) if TABLE.exists() else pd.DataFrame(columns=COLUMNS)
    cells = [cell for cell in STUDIES[options.study].cells() if fnmatchcase(str(cell), options.only)]
    kept = [cell for cell in cells if (CODES / options.study / f"{cell}.npz").exists()]
    for cell in kept[:: options.every]:
        if results.key(cell) in set(results.keys(table)):
            continue
        found = pd.DataFrame(measure(CODES / options.study / f"{cell}.npz")).rename_axis("score").reset_index()
        row = dict(zip(results.KEY, results.key(cell), strict=True))
        table = pd.concat([part for part in (table, found.assign(**row)[COLUMNS]) if len(part)])
        storage.write(TABLE, lambda temporary, table=table: table.round(5).to_csv(temporary, index=False))
        print(cell, found.round(4).to_dict("records")[0], flush=True)
    pairs = {"between": ("exact", "scikit_learn"), "ours": ("exact", "exact_again")}
    pairs["theirs"] = "scikit_learn", "scikit_learn_again"
    moved = table.assign(**{name: (table[one] - table[other]).abs() for name, (one, other) in pairs.items()})
    print(moved.groupby("score")[list(pairs)].agg(["mean", "max"]).round(4).to_string(), len(table) // 3, "models")


if __name__ == "__main__":
    main()
