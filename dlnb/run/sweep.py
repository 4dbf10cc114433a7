"""Train, score and record the cells of a study: ``python -m dlnb.run STUDY``.

Cells that are recorded in the table or under ``runs/`` are skipped; a killed run resumes where it stopped, even in the
middle of a model (see ``dlnb.run.worker``). A cell that fails is recorded with the reason, and the sweep continues.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pandas as pd

from dlnb import checks, progress, results
from dlnb.run import cluster, engines, estimate, feasible, status, worker
from dlnb.study import STUDIES, Cell, Study

ELSEWHERE = 75  # exit status without failures while another runner has some of the cells (EX_TEMPFAIL of sysexits.h)
ENDING = ("SIGTERM", "SIGHUP", "SIGQUIT")  # from batch systems at the time limit, closed terminals, and Ctrl-\
TABLE_SECONDS = 300  # between two updates of the table during a sweep
Engine = Callable[[Study, list[Cell], Path, dict], Iterable[worker.Ended]]


def run(study: Study, cells: list[Cell], runs, tables=None, engine: Engine | None = None, retry: bool = False) -> int:
    """Run the cells that are neither under ``runs`` nor in the table; the number of those that other runners have.

    Cells that failed before are skipped, or with ``retry`` run from the start, except that a model whose training was
    finished is only scored. The table is written before training, so that errors in it (ValueError, OSError) are raised
    early, and repeatedly during the sweep; ValueError for data sets that are not registered or do not fit the scores.
    """
    runs, engine = checks.path(runs, "runs").absolute(), engine or partial(engines.local, workers=1)
    store = results.Store(study, runs, tables)
    done = {store.cells[row] for row in results.keys(store.collect())}
    failed = store.failed(done)
    todo = [cell for cell in cells if cell not in done and (retry or cell not in failed)]
    feasible.check(study, dict.fromkeys(cell.data_set for cell in todo))
    worker.sweep(store.runs)
    for cell in todo if retry else ():
        if cell in failed:
            folder = store.folder(cell)
            if not worker.finished(study, cell, folder):
                (folder / worker.CHECKPOINT).unlink(missing_ok=True)
            (folder / results.FAILURE).unlink(missing_ok=True)
    print(f"{study.name}: {len(cells) - len(todo)} of {len(cells)} models done or failed before, {len(todo)} to train")
    made, written = worker.origin(), time.monotonic()
    with progress.sweep(study.name, len(cells), len(cells) - len(todo)) as show:
        while todo:
            busy = []
            for cell, how, why in _recorded(store, engine(study, todo, runs, made)):
                if how == worker.State.RUNNING:
                    busy.append(cell)
                    continue
                show(f"failed: {cell}: {why}" if how == worker.State.FAILED else str(cell))
                if time.monotonic() - written > TABLE_SECONDS:
                    store.collect()
                    written = time.monotonic()
            if len(busy) == len(todo):  # other runners have all that is left
                break
            todo = busy
    return len(todo)


def _recorded(store: results.Store, ended: Iterable[worker.Ended]) -> Iterator[worker.Ended]:
    """What ``ended`` yields; what was done is in the table also when the engine has lost its workers."""
    try:
        yield from ended
    except RuntimeError:
        store.collect()
        raise


def train(
    study: Study,
    runs="runs",
    tables="tables",
    workers: int = 1,
    retry: bool = False,
    engine: str = "local",
    address: str | None = None,
    patience: float | None = None,
) -> pd.DataFrame:
    """Train and score every model of ``study`` that is neither under ``runs`` nor in ``tables``.

    A model that is there is not trained again, even if the code of its method, score or data set has changed since:
    give the study another name then.

    - ``study``: a ``dlnb.study.Study``, registered or not.
    - ``runs``: the folder for models and checkpoints, from which interrupted models resume when this is called again.
    - ``tables``: the folder for the table.
    - ``workers``: number of processes; a single worker is this process.
    - ``retry``: whether to try again what failed before: a model whose training was finished is scored, others are
      trained from the start. The log of a model is in runs/STUDY/CELL/log.txt.
    - ``engine``: "local", processes of this machine, or "dask", the workers of a Dask cluster: that of the scheduler at
      ``address``, such as ``tcp://node1:8786``, or without it one of ``workers`` processes of this machine.
    - ``patience``: hours without any worker of the cluster after which this ends; by default a day, as a queue may be
      long, and two minutes without ``address``.

    Returns the table, a DataFrame with one row for each model (columns: dlnb/tables/README.md). Raises ValueError, with
    the reasons, if models failed, now or before, or if the study cannot be run (an unknown data set, a sample that is
    too small); RuntimeError if workers are killed repeatedly or none is left, and for models that another runner is
    training.
    """
    store, retry = results.Store(study, runs, tables), checks.flag(retry, "retry")
    with _engine(engine, address, checks.whole(workers, "workers"), patience) as begun:
        run(study, study.cells(), runs, tables, begun, retry)
    table = store.collect()
    if failed := store.failed():
        reasons = "".join(f"\n{cell}: {why}" for cell, why in failed.items())
        kept = f" (the rows of the others are in {store.home})" if len(table) else ""
        given = f"{len(failed)} of {len(store.cells)} models failed{kept}"
        raise ValueError(f"{given}; retry=True tries them again:{reasons}")
    if lacking := _lacking(store, table, store.cells.values()):
        raise RuntimeError(
            f"{len(lacking)} models have no row, such as {lacking[0]}: another runner is training them, or its row was "
            "removed; call this again when it has ended"
        )
    return table


def rescore(study: Study, runs="runs", tables="tables") -> pd.DataFrame:
    """Score the models of ``study`` under ``runs`` again, from their codes, and return its table.

    For scores that were added to the study or corrected since; nothing is trained. Raises ValueError, naming the model,
    if its codes are missing or damaged, or if it was trained by another protocol.
    """
    store = results.Store(study, runs, tables)
    worker.rescore(study, list(store.cells.values()), checks.path(runs, "runs"))
    return store.collect(replace=True)


def _lacking(store: results.Store, table: pd.DataFrame, cells: Iterable[Cell], failed=()) -> list[Cell]:
    """The cells without a row, except for those that failed."""
    rows = {store.cells[row] for row in results.keys(table)}
    return [cell for cell in cells if cell not in rows and cell not in failed]


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m dlnb.run",
        description="Train and score the models of a study.",
        epilog="Exit status of a sweep: 0 if all requested models are in the table, 1 if models failed or lack rows or "
        f"after an error, {ELSEWHERE} if another runner is training some of them.",
    )
    made.add_argument("study", help=f"one of {', '.join(STUDIES)}")
    made.add_argument("--only", metavar="PATTERN", help="only matching cells, as in 'color_dsprites/*/beta=4/*'")
    instead = made.add_mutually_exclusive_group()
    instead.add_argument("--status", action="store_true", help="train nothing; report progress and expected end")
    instead.add_argument(
        "--retry", action="store_true", help="try models that failed again: score those trained, retrain the others"
    )
    instead.add_argument("--rescore", action="store_true", help="train nothing; score the models under --runs again")
    instead.add_argument("--merge", metavar="FOLDER", nargs="+", help="train nothing; merge tables of other machines")
    instead.add_argument("--estimate", action="store_true", help="train nothing; estimate the cost on this device")
    made.add_argument("--workers", type=int, help="processes (default: one per GPU, else per available core)")
    made.add_argument("--engine", choices=("local", "dask"), default="local", help="processes here, or a Dask cluster")
    made.add_argument("--address", help="Dask scheduler, such as tcp://node1:8786 (default: a local cluster)")
    ends = f"hours without any Dask worker until a sweep ends (default: {cluster.PATIENCE / 3600:g}, "
    made.add_argument("--patience", metavar="HOURS", type=float, help=ends + "a local cluster's: two minutes)")
    made.add_argument("--runs", type=Path, default=Path("runs"), help="folder of models (default: runs)")
    made.add_argument("--tables", type=Path, help="folder of tables (default: that of the package)")
    return made


def main(arguments=None) -> int:
    options = parser().parse_args(arguments)
    try:
        with _terminated_as_interrupted():
            return _main(options)
    except KeyboardInterrupt:
        sys.exit("dlnb.run: interrupted. Nothing is lost: run it again to resume.")
    except (ValueError, RuntimeError) as error:
        sys.exit(f"dlnb.run: {error}")
    except (OSError, MemoryError, ImportError) as error:
        what = str(error) or type(error).__name__
        sys.exit(f"dlnb.run: {what}\nNothing is lost: fix this and run it again to resume.")


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let the signals in ENDING end the workers too, as Ctrl-C does, unless they are ignored, as after nohup."""

    def interrupt(*_):
        raise KeyboardInterrupt

    known = [getattr(signal, name) for name in ENDING if hasattr(signal, name)]  # Windows has the first only
    heeded = [number for number in known if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _main(options) -> int:
    study = checks.choose(STUDIES, options.study, "study")
    cells = study.cells() if options.only is None else study.select(options.only)
    workers = engines.processes() if options.workers is None else checks.whole(options.workers, "--workers")
    busy = 0
    _check_engine(options.engine, options.address, options.patience)
    if options.estimate:
        print(estimate.report(study, cells))
        return 0
    if options.status:
        print(status.report(results.Store(study, options.runs, options.tables), cells))
        return 0
    if options.rescore:
        if not (options.runs / study.name).is_dir():
            raise ValueError(f"no models of {study.name} under {options.runs}")
        worker.rescore(study, cells, options.runs)
    elif not options.merge:
        with _engine(options.engine, options.address, workers, options.patience) as engine:
            busy = run(study, cells, options.runs, options.tables, engine, options.retry)
    store = results.Store(study, options.runs, options.tables)
    table = store.collect(shards=options.merge or (), replace=options.rescore)
    print(f"{study.name}: {table.attrs['models']} of {table.attrs['cells']} models in {store.home}")
    if busy:
        print(f"{busy} models are being trained by another runner")
    reasons = store.failed()
    failed = {cell: reasons[cell] for cell in cells if cell in reasons}
    for cell, why in failed.items():
        print(f"failed: {cell}: {why} (--retry tries it again)", file=sys.stderr)
    trained = not (options.rescore or options.merge)
    lacking = _lacking(store, table, cells, failed) if trained else []
    if len(lacking) > busy:
        print(f"{len(lacking) - busy} models have no row, such as {lacking[0]}: run it again", file=sys.stderr)
    return 1 if failed or len(lacking) > busy else ELSEWHERE if busy else 0


@contextmanager
def _engine(name: str, address: str | None, workers: int, patience: float | None) -> Iterator[Engine]:
    """The engine ``name``, "local" or "dask", ready to run; ``patience`` in hours, None for the default."""
    _check_engine(name, address, patience)
    if name == "local":
        yield partial(engines.local, workers=workers)
    else:
        default = cluster.AT_HOME if address is None else cluster.PATIENCE
        with cluster.client(address, workers) as client:
            yield partial(cluster.dask, client=client, patience=default if patience is None else 3600 * patience)


def _check_engine(name: str, address: str | None, patience: float | None) -> None:
    checks.choose(dict.fromkeys(("local", "dask")), name, "engine")
    for value, what in ((address, "address"), (patience, "patience")):
        if value is not None and name != "dask":
            add = "add --engine dask, in Python engine='dask'"
            raise ValueError(f"{what} is that of a Dask cluster, but the engine is {name}: {add}")
    if patience is not None:
        checks.number(patience, "patience, in hours,", above=True)
