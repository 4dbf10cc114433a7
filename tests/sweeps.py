"""A tiny study whose models are made up, so that sweeps can be run, killed and joined in seconds.

``python tests/sweeps.py --runs R --tables T --workers N [--engine dask ...]`` runs it as ``python -m dlnb.run`` would.
Its worker travels to other processes by value. What is made up depends on the cell alone, and takes a while in small
steps; each is noted in the folder of the cell, so that a test can see who worked on it when. The environment variable
POISON names a cell that ends its worker.
"""

import hashlib
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

from dlnb import results
from dlnb.run import engines, sweep, worker
from dlnb.study import STUDIES, Study, Training

TINY = Study(
    name="tiny",
    data_sets=("dsprites",),
    methods=("beta_vae",),
    seeds=(0, 1),
    size=32,
    training=Training(steps=3, learning_rate=1e-3, batch=16),
    strengths=(0, 3),
    sample=300,
    evaluation=1,
    scores=("mig", "total_correlation", "average_mutual_information"),
)
MANY = replace(TINY, name="many", data_sets=("dsprites", "cars3d"), seeds=tuple(range(6)))
ORIGIN = {"commit": "abc123", "versions": "dlnb 0"}
STEPS, HASHES = 10, 40_000  # of a model that is made up; some hundredths of a second each


def made_up(study, cell, folder) -> dict:
    """A row as ``worker.row`` would return it."""
    number = hashlib.sha256(str(cell).encode()).digest()
    if str(cell) == os.environ.get("POISON"):
        os._exit(1)
    with open(Path(folder) / "notes.txt", "a") as notes:
        for step in range(STEPS):
            print(os.getpid(), step, file=notes, flush=True)
            for _ in range(HASHES):
                number = hashlib.sha256(number).digest()
        if cell.seed == 5 and cell.strength == 1:
            print(os.getpid(), "fails", file=notes, flush=True)
            raise FloatingPointError("the loss is not finite at step 7")
        print(os.getpid(), "done", file=notes, flush=True)
    return measured(study, cell, number)


def measured(study, cell, number: bytes) -> dict:
    """The measured columns of a row, made of the digits of a number."""
    known = asdict(cell) | study.protocol(cell.method) | ORIGIN
    names = [name for name in results.columns(study) if name not in known]
    values = {name: number[i % 32] / 256 if i else 0 for i, name in enumerate(names)}
    return values | {"active": number[0] % 10, "machine": "some", "objective": "BetaVAE()"}


def made_up_row(study, cell) -> dict:
    """A whole row, at once."""
    number = hashlib.sha256(str(cell).encode()).digest()
    return measured(study, cell, number) | asdict(cell) | study.protocol(cell.method) | ORIGIN


def pretend(study, cell, runs, origin, added):
    worker.row = made_up
    return worker.do(study, cell, runs, origin)


if __name__ == "__main__":
    STUDIES["many"] = MANY
    engines.work = pretend
    worker.origin = lambda: ORIGIN
    sys.exit(sweep.main(["many", *sys.argv[1:]]))
