"""Train, score and record the cells of a study: ``python -m dlnb.run STUDY``.

One folder a model under ``runs/STUDY/CELL``: checkpoint.npz while it is trained, then model.npz, codes.npz, and at
last row.json, whose presence means that the model is done. A killed run goes on where it stopped, in the middle of a
model too. A cell that fails leaves failed.json with the reason, and the others go on.
"""

import argparse
import json
import os
import sys
import time
import traceback
import zipfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config

from dlnb import checks, metrics, provenance, results, storage
from dlnb.representation import Representation
from dlnb.study import STUDIES, Cell, Study

CHECKPOINT = "checkpoint.npz"
SHORT = {  # columns of scores that are had of mean and of sampled codes
    "total_correlation": "tc",
    "average_mutual_information": "mi",
    "wasserstein_correlation": "wasserstein",
    "wasserstein_correlation_norm": "wasserstein_norm",
}


def row(study: Study, cell: Cell, folder: Path) -> dict:
    """Train and score one cell; leave its codes, history and weights in ``folder``; return what was measured."""
    from dlnb import data, training
    from dlnb.backend import device
    from dlnb.methods import METHODS, rescaled

    data_set = data.load(cell.data_set, study.source, study.size)
    options = study.training(cell.method)
    method = rescaled(METHODS[cell.method](**{cell.hyperparameter: cell.strength}), options["steps"])
    options |= {"seed": cell.seed, "name": str(cell), "checkpoint": folder / CHECKPOINT}
    model = training.train(data_set, method, **options)
    trained = time.monotonic()
    rng = training.generator(cell.seed, "evaluation")
    likelihood = training.evaluate(model, data_set, rng, study.evaluation, study.batch)
    codes = training.encode(model, data_set.sample(study.sample, training.generator(cell.seed, "sample")))
    scores = score(study, codes, training.generator(cell.seed, "scores"))
    scored = time.monotonic()

    codes.save(folder / "codes.npz")
    model.save(folder / "model.npz")
    return {
        "objective": str(method),
        **likelihood,
        **scores,
        "seconds_training": model.about["seconds"],
        "seconds_scoring": round(scored - trained, 1),
        "machine": provenance.machine(device()),
    }


def score(study: Study, codes: Representation, rng: np.random.Generator) -> dict[str, float]:
    """Every score of the study's table that is made from codes and factors alone."""
    free = [name for name in study.scores if name in metrics.UNSUPERVISED]
    sampled = codes.draw(rng)
    options = {"boosting": study.boosting, "solver": study.solver, "sizes": study.labels}
    scores = metrics.score(codes.mean, codes.factors, rng, [n for n in study.scores if n not in free], **options)
    for kind, values in (("mean", codes.mean), ("sampled", sampled)):
        active = np.where(codes.active, values, 0)
        for latents, suffix, names in ((values, "", free), (active, "_active", set(free) & {"total_correlation"})):
            found = metrics.score(latents, codes.factors, rng, names)
            scores |= {f"{SHORT[name]}_{kind}{suffix}": value for name, value in found.items()}
    return {name: scores[name] for name in study.columns()} | {"active": int(codes.active.sum())}


def rescore(study: Study, cells: list[Cell], runs: Path) -> None:
    """Score trained cells again from their codes, for scores that were added or mended since they were trained.

    Raises ValueError that names the cell if its codes are missing or damaged; what is done by then is kept.
    """
    from dlnb import training

    for cell in cells:
        folder = runs / study.name / str(cell)
        if (folder / "row.json").exists():
            record = json.loads((folder / "row.json").read_text())
            try:
                codes = Representation.load(folder / "codes.npz")
            except (OSError, ValueError, zipfile.BadZipFile) as error:
                raise ValueError(f"{cell}: its codes cannot be read, so train it again: {error}") from error
            record |= score(study, codes, training.generator(cell.seed, "scores"))
            _write(folder / "row.json", record)


def origin() -> dict:
    """Commit and versions, as every row has them."""
    return {"commit": provenance.commit(), "versions": provenance.versions()}


def run_cell(study: Study, cell: Cell, runs: Path, origin: dict) -> str | None:
    """Do one cell unless it is done, and record it with its ``origin``; None, or the reason why it failed."""
    folder = runs / study.name / str(cell)
    if (folder / "row.json").exists():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    try:
        record = asdict(cell) | row(study, cell, folder) | study.protocol(cell.method) | origin
        results.check(pd.DataFrame([record]), study, "what was measured")
        _write(folder / "row.json", record)
        (folder / "failed.json").unlink(missing_ok=True)
        (folder / CHECKPOINT).unlink(missing_ok=True)
    except Exception as error:
        if isinstance(error, FloatingPointError):  # a second try is to start again; other errors cost no training
            (folder / CHECKPOINT).unlink(missing_ok=True)
        _write(folder / "failed.json", {"error": repr(error), "traceback": traceback.format_exc()})
        return f"{cell}: {error}"
    return None


def failed(study: Study, cells: list[Cell], runs: Path) -> list[str]:
    """The cells that failed, now or in an earlier run, with their reasons."""
    paths = {cell: Path(runs) / study.name / str(cell) / "failed.json" for cell in cells}
    return [f"{cell}: {json.loads(path.read_text())['error']}" for cell, path in paths.items() if path.exists()]


def _write(path: Path, content: dict) -> None:
    storage.write(path, lambda temporary: temporary.write_text(json.dumps(content, indent=1)))


def run(study: Study, cells: list[Cell], runs: Path, tables=None, workers: int = 1, retry: bool = False) -> list[str]:
    """Train the cells that are neither under ``runs`` nor in the table; the reasons of those that failed.

    A cell that failed before is left alone unless ``retry``. Workers are processes with one thread each, which use the
    cores of a CPU better than one process with many; on Linux and macOS they give way to other work (nice 10).
    """
    runs = Path(runs)
    folders = {cell: runs / study.name / str(cell) for cell in cells}
    recorded = results.recorded(study, tables)
    todo = [
        cell
        for cell in cells
        if results.key(cell) not in recorded
        and not (folders[cell] / "row.json").exists()
        and (retry or not (folders[cell] / "failed.json").exists())
    ]
    print(f"{study.name}: {len(cells) - len(todo)} of {len(cells)} models done or failed before, {len(todo)} to train")
    with parallel_config(backend="loky", n_jobs=workers, inner_max_num_threads=1):
        made = origin()
        tasks = [delayed(_worker)(study, cell, runs, made) for cell in todo]
        failures = []
        for number, failure in enumerate(Parallel(return_as="generator")(tasks), start=1):
            print(f"{number}/{len(todo)} " + (f"failed: {failure}" if failure else str(todo[number - 1])), flush=True)
            failures += [failure] if failure else []
    return failures


def _worker(study: Study, cell: Cell, runs: Path, origin: dict) -> str | None:
    from dlnb.backend import tf

    if not getattr(_worker, "ready", False):  # a worker process serves many cells
        with suppress(RuntimeError):  # a single worker is the calling process; if TensorFlow runs there, leave it alone
            tf.config.threading.set_intra_op_parallelism_threads(1)
            tf.config.threading.set_inter_op_parallelism_threads(1)
            if hasattr(os, "nice"):
                os.nice(10)
        _worker.ready = True
    return run_cell(study, cell, runs, origin)


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(prog="python -m dlnb.run", description="Train and score the models of a study.")
    parser.add_argument("study", help=f"one of {', '.join(STUDIES)}")
    parser.add_argument("--only", metavar="PATTERN", help="cells such as 'color_dsprites/*/beta=4/*'")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes (default: one a core)")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where models are kept (default: runs)")
    parser.add_argument("--tables", type=Path, help="where the table is kept (default: in the package)")
    parser.add_argument("--retry", action="store_true", help="train again what failed before")
    parser.add_argument("--rescore", action="store_true", help="train nothing; score what is under --runs again")
    options = parser.parse_args(arguments)
    try:
        study = checks.choose(STUDIES, options.study, "study")
        cells = study.select(options.only) if options.only else study.cells()
        workers = checks.whole(options.workers, "--workers")
        if options.rescore:
            rescore(study, cells, options.runs)
        else:
            run(study, cells, options.runs, options.tables, workers, options.retry)
        failures = failed(study, cells, options.runs)
        table = results.collect(study, options.runs, options.tables, replace=options.rescore)
    except ValueError as error:
        sys.exit(f"dlnb.run: {error}")
    where = options.tables or results.TABLES
    print(f"{study.name}: {table.attrs['models']} of {table.attrs['cells']} models in {where}/{study.name}")
    for failure in failures:
        print(f"failed: {failure} (--retry trains it again)", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
