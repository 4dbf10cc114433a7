"""The progress of a study: which cells are done, running, interrupted, failed or missing, and the expected end."""

from collections import Counter
from itertools import groupby
from pathlib import Path

import numpy as np

from dlnb import progress, results, storage
from dlnb.run import worker
from dlnb.run.worker import State
from dlnb.study import Cell

RECENT = 20  # latest models, whose mean time is the speed


def states(store: results.Store, cells: list[Cell]) -> dict[Cell, State]:
    """The state of each cell, from the table and the folders of the runs."""
    recorded = store.recorded() | {store.cells[row] for row in results.keys(store.measured())}
    failed = store.failed(recorded)
    return {cell: _state(cell, store.folder(cell), recorded, failed) for cell in cells}


def _state(cell: Cell, folder: Path, recorded, failed) -> State:
    if cell in recorded:
        return State.DONE
    if worker.held(folder):
        return State.RUNNING
    if cell in failed:
        return State.FAILED
    return State.INTERRUPTED if (folder / worker.CHECKPOINT).exists() else State.MISSING


def seconds_a_model(store: results.Store) -> float:
    """Mean seconds of training and scoring of the most recent models of the runs; NaN if there are none."""
    paths = sorted(store.runs.rglob(results.ROW), key=lambda path: path.stat().st_mtime)[-RECENT:]
    rows = [results.read_json(path) for path in paths]
    spent = [row.get("seconds_training", np.nan) + row.get("seconds_scoring", np.nan) for row in rows]
    return float(np.mean(spent)) if spent else np.nan


def by_seed(found: dict[Cell, State]) -> str:
    """The number of done cells by seed, equal ones grouped: "seed 0: 9 of 36; seeds 1 to 4, 7: 0 of 36"."""
    seeds = Counter(cell.seed for cell in found)
    done = Counter(cell.seed for cell, state in found.items() if state == State.DONE)
    parts = []
    for (some, whole), group in groupby(sorted(seeds), key=lambda seed: (done[seed], seeds[seed])):
        group = list(group)
        name = f"{'seeds' if len(group) > 1 else 'seed'} {_spans(group)}"
        parts.append(f"{name}: {some} of {whole}")
    return "; ".join(parts)


def _spans(numbers: list[int]) -> str:
    """Rising whole numbers, with "to" for those in a row: "0, 3 to 5"."""
    spans = []
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        run = [number for _, number in run]
        spans += [f"{run[0]} to {run[-1]}"] if len(run) > 1 else map(str, run)
    return ", ".join(spans)


def report(store: results.Store, cells: list[Cell]) -> str:
    """Lines for a terminal: counts, speed, expected end, and failures with their reasons."""
    found = states(store, cells)
    count = Counter(found.values())
    counts = ", ".join(f"{count[state]} {state}" for state in State)
    lines = [f"{store.study.name}: {counts} of {len(cells)} models"]
    lines += [by_seed(found)] if len({cell.seed for cell in cells}) > 1 else []
    seconds, left = seconds_a_model(store), count[State.RUNNING] + count[State.INTERRUPTED] + count[State.MISSING]
    if left and np.isfinite(seconds):
        line = f"{seconds:.0f} s per model recently"
        if count[State.RUNNING]:
            line += f", {progress.pace(count[State.RUNNING] * 3600 / seconds, left)}"
        lines.append(line)
    lines += [f"running: {cell}{_updates(store, cell)}" for cell, state in found.items() if state == State.RUNNING]
    reasons = store.failed()
    lines += [f"failed: {cell}: {reasons[cell]}" for cell, state in found.items() if state == State.FAILED]
    return "\n".join(lines)


def _updates(store: results.Store, cell: Cell) -> str:
    """The progress of a running cell at its last checkpoint."""
    try:
        done = len(storage.load(store.folder(cell) / worker.CHECKPOINT, "checkpoint")[1]["history"])
    except (OSError, KeyError, TypeError, ValueError):  # no checkpoint yet
        return ""
    return f", {done:,} of {store.study.training_of(cell.method).steps:,} updates"
