"""How the runner scales: models an hour, overhead, and resuming and loading at the size of the paper's study.

    python benchmarks/study.py

Trains six models of the study "short" with one worker and again with two, in new folders, invents 12,600 rows of the
study "paper", and times updates of one batch and of two batches at once. Run it on an otherwise idle machine; on two
cores it takes a quarter of an hour. Prints a table for benchmarks/README.md and writes dlnb/tables/scale.csv.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd

from dlnb import paper, results, storage
from dlnb.run import estimate
from dlnb.study import STUDIES, Study

TABLE = results.TABLES / "scale.csv"
STUDY, CELLS = STUDIES["short"], "dsprites/beta_vae/*/seed=0"  # six cells
PAPER_HOURS = paper.GPU_YEARS * 365.25 * 24 / paper.MODELS  # per model on a P100, perhaps including scores


def command(study: str, folder: Path, *options: str) -> float:
    """Seconds of a run of ``python -m dlnb.run``."""
    start, where = time.monotonic(), ["--runs", str(folder / "runs"), "--tables", str(folder / "tables")]
    subprocess.run([sys.executable, "-m", "dlnb.run", study, *where, *options], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - start


def sweep(folder: Path, workers: int) -> tuple[float, float]:
    """Wall-clock seconds per model once all workers are busy, and seconds of training and scoring by its row."""
    command(STUDY.name, folder, "--only", CELLS, "--workers", str(workers))
    paths = sorted((folder / "runs").rglob(results.ROW), key=lambda path: path.stat().st_mtime)
    ends = [path.stat().st_mtime for path in paths]
    rows = [results.read_json(path) for path in paths[workers:]]
    reported = np.mean([row["seconds_training"] + row["seconds_scoring"] for row in rows])
    return (ends[-1] - ends[workers - 1]) / (len(ends) - workers), reported


def made_up(study: Study) -> pd.DataFrame:
    """A complete table of random scores."""
    rng, columns = np.random.default_rng(0), results.columns(study)
    fixed = {
        "objective": "BetaVAE(beta=4)",
        "commit": "0123456789ab",
        "versions": "dlnb 0.1.0, numpy 2.3",
        "machine": "?",
    }
    rows = []
    for cell in study.cells():
        known = asdict(cell) | study.protocol(cell.method) | fixed
        rows.append({n: known.get(n, rng.uniform() if kind == "float64" else 5) for n, kind in columns.items()})
    return pd.DataFrame(rows)


def big(folder: Path) -> dict[str, float]:
    """Seconds to write, resume and load with all 12,600 models of the paper recorded, and the size of the table."""
    study, found = STUDIES["paper"], {}
    table = made_up(study)
    for row, cell in zip(table.to_dict("records"), study.cells(), strict=True):
        path = folder / "runs" / study.name / str(cell) / results.ROW
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(row))
    found["writing the table from 12,600 rows, s"] = command(study.name, folder)
    shutil.rmtree(folder / "runs")
    found["resuming with 12,600 models in the table, s"] = command(study.name, folder)
    start = time.monotonic()
    assert len(results.load(study.name, folder / "tables")) == len(table)
    found["loading 12,600 rows, s"] = time.monotonic() - start
    found["size of 12,600 rows, MB"] = sum(path.stat().st_size for path in folder.rglob("*.parquet")) / 1e6
    return found


def side_by_side() -> float:
    """Best case of two models in one graph: the time of an update of two batches divided by two updates of one."""
    once = estimate.seconds_an_update(STUDY, "dsprites", "beta_vae")
    twice = estimate.seconds_an_update(
        replace(STUDY, training=replace(STUDY.training, batch=2 * STUDY.training.batch)), "dsprites", "beta_vae"
    )
    return twice / (2 * once)


def main() -> None:
    found = {}
    with tempfile.TemporaryDirectory() as name:
        one, reported = sweep(Path(name, "one"), 1)
        two, _ = sweep(Path(name, "two"), 2)
        found["models an hour, 1 worker"] = 3600 / one
        found["models an hour, 2 workers"] = 3600 / two
        found["efficiency of 2 workers"] = one / (2 * two)
        found["overhead of a model, s"] = one - reported
        found |= big(Path(name, "big"))
    from dlnb.run import engines

    engines.prepare()
    found["a double update by two single ones"] = side_by_side()
    for devices in estimate.DEVICES:
        hours = estimate.schedule([PAPER_HOURS * 3600] * len(STUDIES["paper"].cells()), devices) / 3600
        found[f"the paper's models on {devices} P100, days"] = hours / 24
    table = pd.DataFrame({"what": found.keys(), "value": [float(f"{value:.3g}") for value in found.values()]})
    storage.write(TABLE, lambda temporary: table.to_csv(temporary, index=False))
    for what, value in found.items():
        print(f"| {what} | {value:.3g} |")


if __name__ == "__main__":
    main()
