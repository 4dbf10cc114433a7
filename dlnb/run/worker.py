"""One cell, from images to its row: trained, encoded, scored and recorded in its own folder.

``runs/STUDY/CELL`` holds checkpoint.npz during training, then model.npz, codes.npz, factors.json and finally row.json,
whose presence means that the model is done; failed.json with the reason if it failed; log.txt with the output. The
process that works on a cell locks its folder; the lock ends with the process.
"""

import json
import re
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

from dlnb import checks, metrics, progress, provenance, results, storage
from dlnb.representation import Representation
from dlnb.results import factors
from dlnb.run import feasible
from dlnb.study import Cell, Study

CHECKPOINT = "checkpoint.npz"
SHORT = {  # in columns of scores that are computed for mean and for sampled codes
    "total_correlation": "tc",
    "average_mutual_information": "mi",
    "wasserstein_correlation": "wasserstein",
    "wasserstein_correlation_norm": "wasserstein_norm",
}


OF_LIBRARIES = re.compile(r"\b(cuda|cudnn|cublas|cusolver)|CUDA_ERROR|DNN library|No algorithm worked", re.IGNORECASE)


class State(StrEnum):
    """The state of a cell."""

    DONE = "done"
    RUNNING = "running"  # a process works on it
    INTERRUPTED = "interrupted"  # it has a checkpoint, but no process works on it
    FAILED = "failed"
    MISSING = "missing"


Ended = tuple[Cell, State, str]  # a cell, its state after a run, and the reason of a failure


def method_of(study: Study, cell: Cell):
    """The method of a cell, such as BetaVAE(beta=4): with the constants of the study, scaled to the length of the run.

    Raises ValueError for what is no study and no cell of it.
    """
    from dlnb import models

    checks.instance(study, Study, "study", "a Study such as dlnb.study.STUDIES['smoke']")
    if checks.instance(cell, Cell, "cell", "a Cell such as study.cells() lists") not in study.cells():
        raise ValueError(f"{cell} is not a cell of the study {study.name}: choose one of study.cells()")
    kind = checks.choose(models.METHODS, cell.method, "method")
    method = kind(**{cell.hyperparameter: cell.strength}, **study.constants(cell.method))
    return models.rescaled(method, study.training_of(cell.method).steps)


def row(study: Study, cell: Cell, folder: Path) -> dict:
    """Train and score one cell, write its codes and model to ``folder``, and return the measured columns of its row."""
    from dlnb import data, models

    data_set, training = data.load(cell.data_set, study.source, study.size), study.training_of(cell.method)
    known = data_set.sample_factors(study.sample, models.generator(cell.seed, "sample"))
    feasible.check_sample(study, data_set, known)  # before the training, not after it
    options = {"seed": cell.seed, "name": str(cell), "checkpoint": folder / CHECKPOINT}
    model = models.train(data_set, method_of(study, cell), training, **options)
    last = {name: values[-1] for name, values in model.history.items()}
    print(f"trained in {model.about['seconds']:.0f} s:", _listed(last), flush=True)
    found, codes, parts = measured(study, cell, model, data_set)
    numbers = {name: value for name, value in found.items() if not isinstance(value, str)}
    print(f"scored in {found['seconds_scoring']:.0f} s:", _listed(numbers), flush=True)

    codes.save(folder / "codes.npz")
    model.save(folder / "model.npz")
    factors.record(folder, data_set.factor_names, parts)
    return found


def measured(study: Study, cell: Cell, model, data_set) -> tuple[dict, Representation, dict[str, np.ndarray]]:
    """Evaluate and score the model of a cell: the measured columns of its row, its codes, and the scores by factor."""
    from dlnb import models

    began, batch = time.monotonic(), study.training_of(cell.method).batch
    rng = models.generator(cell.seed, "evaluation")
    likelihood = models.evaluate(model, data_set, rng, study.evaluation, batch)
    codes = models.encode(model, data_set.sample(study.sample, models.generator(cell.seed, "sample")))
    scores, parts = measure(study, codes, models.generator(cell.seed, "scores"))
    found = {
        "objective": str(method_of(study, cell)),
        **likelihood,
        **scores,
        "seconds_training": model.about["seconds"],
        "seconds_scoring": round(time.monotonic() - began, 1),
        "machine": provenance.machine(models.device()),
    }
    return found, codes, parts


def score(study: Study, codes: Representation, rng: np.random.Generator) -> dict[str, float]:
    """The columns of the study's table that are computed from codes and factors alone."""
    return measure(study, codes, rng)[0]


def measure(study: Study, codes: Representation, rng: np.random.Generator) -> tuple[dict, dict[str, np.ndarray]]:
    """The result of ``score``, and the scores of each factor from ``metrics.measure``."""
    free = [name for name in study.scores if name in metrics.UNSUPERVISED]
    sampled = codes.draw(rng)
    options = {"boosting": study.boosting, "solver": study.solver, "sizes": study.labels}
    names = [name for name in study.scores if name not in free]
    with warnings.catch_warnings():  # the unit of a VAE's codes is right, so that it has collapsed if all are small
        warnings.filterwarnings("ignore", "no latent has a standard deviation")
        scores, parts = metrics.measure(codes.mean, codes.factors, rng, names, **options)
    for kind, values in (("mean", codes.mean), ("sampled", sampled)):
        active = np.where(codes.active, values, 0)
        for latents, suffix, names in ((values, "", free), (active, "_active", set(free) & {"total_correlation"})):
            found = metrics.score(latents, codes.factors, rng, names)
            scores |= {f"{SHORT.get(name, name)}_{kind}{suffix}": value for name, value in found.items()}
    if missing := [name for name in study.columns() if name not in scores]:
        raise ValueError(f"no score of {study.name} returned {', '.join(missing)}, only {', '.join(scores)}")
    return {name: scores[name] for name in study.columns()} | {"active": int(codes.active.sum())}, parts


def rescore(study: Study, cells: list[Cell], runs: Path) -> None:
    """Score trained cells again from their codes, for scores that were added or corrected since they were trained.

    Raises ValueError, naming the cell, if its codes are missing or damaged; cells scored before that are kept.
    """
    from dlnb import data, models

    for cell in cells:
        folder = runs / study.name / str(cell)
        if (folder / results.ROW).exists():
            record = results.read_json(folder / results.ROW)
            other = {n for n, value in study.protocol(cell.method).items() if record.get(n) != value}
            if other:
                raise ValueError(f"{folder}: trained by another protocol than that of {study.name}: {', '.join(other)}")
            try:
                codes = Representation.load(folder / "codes.npz")
            except (OSError, ValueError) as error:
                raise ValueError(f"{cell}: its codes cannot be read, so train it again: {error}") from error
            with FileLock(folder / "lock"):
                storage.sweep(folder)
                scores, parts = measure(study, codes, models.generator(cell.seed, "scores"))
                record |= scores
                results.check(pd.DataFrame([record]), study, str(folder))
                names = data.load(cell.data_set, study.source, study.size).factor_names
                factors.record(folder, names, parts)
                _write(folder / results.ROW, record)


def origin() -> dict:
    """Commit and versions, columns of every row."""
    return {"commit": provenance.commit(), "versions": provenance.versions()}


def do(study: Study, cell: Cell, runs: Path, origin: dict) -> Ended:
    """Run one cell unless it is done, failed before or is locked: (cell, state, reason of a failure).

    Errors of the model are recorded as its failure. Errors of the machine (OSError, MemoryError, ImportError) are
    raised, those of a device as OSError; the model resumes from its checkpoint when the cell is run again. Nothing is
    tried again here: after an error of CUDA a process cannot use its GPU any more.
    """
    folder = runs / study.name / str(cell)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "lock", timeout=1):  # --status holds the lock for a moment
            storage.sweep(folder)
            if (folder / results.ROW).exists():
                return cell, State.DONE, ""
            if (folder / results.FAILURE).exists():
                return cell, State.FAILED, str(results.read_json(folder / results.FAILURE).get("error", "unknown"))
            with _logged(folder / "log.txt"), progress.hidden():
                return _record(study, cell, folder, origin)
    except Timeout:
        return cell, State.RUNNING, ""
    except OSError as error:
        if error.errno is not None and error.filename is None:  # as of a full disk while the log is written
            error.filename = str(folder)
        raise


def finished(study: Study, cell: Cell, folder: Path) -> bool:
    """Whether the checkpoint in ``folder`` is that of the cell after its last update, so that it can be scored."""
    training = study.training_of(cell.method)
    try:
        about, arrays = storage.load(folder / CHECKPOINT, "checkpoint")
        run, losses = about["run"], arrays["history"]
        asked = {"name": str(cell), "data_set": cell.data_set, "source": study.source, "seed": cell.seed}
        asked |= {name: value for name, value in asdict(training).items() if name in run}  # all but another's critic
        asked["hyperparameters"] = run["hyperparameters"] | {cell.hyperparameter: cell.strength}
        asked["hyperparameters"] |= study.constants(cell.method)
        same = {name: run.get(name) for name in asked} == asked and run["image_shape"][:2] == [study.size] * 2
        return bool(same and len(losses) == training.steps and np.isfinite(losses).all())
    except (OSError, ValueError, KeyError, TypeError):
        return False


def sweep(folder: Path) -> None:
    """Remove what killed processes left half-written in the folders of cells, except of cells that have a process."""
    for path in {left.parent for left in folder.rglob(".*") if storage.TEMPORARY.fullmatch(left.name)}:
        try:
            with FileLock(path / "lock", timeout=0):
                storage.sweep(path)
        except (Timeout, OSError):  # another runner's
            continue


def _record(study: Study, cell: Cell, folder: Path, origin: dict) -> Ended:
    try:
        record = asdict(cell) | row(study, cell, folder) | study.protocol(cell.method) | origin
        results.check(pd.DataFrame([record]), study, "the new row")
        _write(folder / results.ROW, record)
    except (OSError, MemoryError, ImportError):
        raise
    except Exception as error:
        if type(error).__name__ == "ResourceExhaustedError":  # TensorFlow's, for the memory of a GPU
            raise MemoryError(str(error).splitlines()[0]) from None
        traceback.print_exc()
        if _of_device(error):  # a plain error, since TensorFlow's own may not travel from process to process
            why = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
            raise OSError(
                f"the device failed, not the model {cell}, which resumes from its checkpoint: {why}"
            ) from None
        if isinstance(error, FloatingPointError):  # must start afresh; other errors do not spoil the training
            (folder / CHECKPOINT).unlink(missing_ok=True)
        why = _reason(error)
        failure = {"error": why, "traceback": traceback.format_exc()}
        _write(folder / results.FAILURE, asdict(cell) | failure | origin)
        return cell, State.FAILED, why
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return cell, State.DONE, ""


def _of_device(error: Exception) -> bool:
    """Whether an error is TensorFlow's for a device, a driver or a library such as cuDNN that failed.

    What Python code in a graph raises is UnknownError too, but names its operation, PyFunc.
    """
    kind, text = type(error), str(error)
    if not kind.__module__.startswith("tensorflow") or "PyFunc" in text:
        return False
    return kind.__name__ in ("InternalError", "UnknownError") or OF_LIBRARIES.search(text) is not None


def _reason(error: Exception) -> str:
    """The error in one line: TensorFlow puts the traceback of a regularizer of one's own before what went wrong."""
    lines = str(error).strip().splitlines()
    return repr(error) if len(lines) < 2 else f"{type(error).__name__}: {lines[-1].strip()}"


def give_up(study: Study, cell: Cell, runs: Path, origin: dict, why: str) -> None:
    """Record the failure of a cell whose own process could not record it."""
    failure = {"error": why, "traceback": ""}
    _write(Path(runs) / study.name / str(cell) / results.FAILURE, asdict(cell) | failure | origin)


def held(folder: Path) -> bool:
    """Whether a process works on the cell of this folder."""
    if not (folder / "lock").exists():
        return False
    try:
        with FileLock(folder / "lock", timeout=0):
            return False
    except Timeout:
        return True
    except PermissionError:  # of another user: unknown
        return False


@contextmanager
def _logged(path: Path) -> Iterator[None]:
    """Redirect the output to a file."""
    with open(path, "a") as log, redirect_stdout(log), redirect_stderr(log):
        print(time.strftime("%Y-%m-%d %H:%M:%S"), flush=True)
        yield


def _listed(numbers: dict[str, float]) -> str:
    return ", ".join(f"{name} {number:.4g}" for name, number in numbers.items())


def _write(path: Path, content: dict) -> None:
    storage.write(path, lambda temporary: temporary.write_text(json.dumps(content, indent=1)))
