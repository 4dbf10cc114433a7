"""Train, score and record the cells of a study: ``python -m dlnb.run STUDY``.

What is recorded in the table or under ``runs/`` is not done again; a killed run goes on where it stopped, in the middle
of a model too (see ``dlnb.run.worker``). A cell that fails is recorded with the reason, and the others go on.
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
from dlnb.run import engines, estimate, status, worker
from dlnb.study import STUDIES, Cell, Study

ELSEWHERE = 75  # exit status if all is well, but another runner has some of the cells (sysexits.h: try again)
TABLE_SECONDS = 300  # between two writings of the table while cells are done
Engine = Callable[[Study, list[Cell], Path, dict], Iterable[worker.Ended]]


def run(study: Study, cells: list[Cell], runs, tables=None, engine: Engine | None = None, retry: bool = False) -> int:
    """Do the cells that are neither under ``runs`` nor in the table; the number of those that others are at.

    A cell that failed before is left alone unless ``retry``, which also begins it anew. The table is written before
    anything is trained, so that whatever is wrong with it is told then (ValueError, OSError), and now and then.
    """
    runs, engine = Path(runs).absolute(), engine or partial(engines.local, workers=1)
    store = results.Store(study, runs, tables)
    done = {store.cells[row] for row in results.keys(store.collect())}
    failed = store.failed(done)
    todo = [cell for cell in cells if cell not in done and (retry or cell not in failed)]
    for cell in todo if retry else ():
        if cell in failed:
            for name in (results.FAILURE, worker.CHECKPOINT):
                (store.folder(cell) / name).unlink(missing_ok=True)
    print(f"{study.name}: {len(cells) - len(todo)} of {len(cells)} models done or failed before, {len(todo)} to train")
    made, written = worker.origin(), time.monotonic()
    with progress.sweep(study.name, len(cells), len(cells) - len(todo)) as show:
        while todo:
            busy = []
            for cell, how, why in engine(study, todo, runs, made):
                if how == worker.State.RUNNING:
                    busy.append(cell)
                    continue
                show(f"failed: {cell}: {why}" if how == worker.State.FAILED else str(cell))
                if time.monotonic() - written > TABLE_SECONDS:
                    store.collect()
                    written = time.monotonic()
            if len(busy) == len(todo):  # nothing to be had
                break
            todo = busy
    return len(todo)


def train(study: Study, runs="runs", tables="tables", workers: int = 1) -> pd.DataFrame:
    """Train and score every model of ``study`` that is neither under ``runs`` nor in ``tables``; its table.

    What is interrupted goes on from its last checkpoint when this is called again. With one worker it is this process.
    Raises ValueError, with the reasons, if models failed.
    """
    run(study, study.cells(), runs, tables, partial(engines.local, workers=checks.whole(workers, "workers")))
    store = results.Store(study, runs, tables)
    table = store.collect()
    if failed := store.failed():
        raise ValueError(f"{len(failed)} models failed: " + "; ".join(f"{cell}: {why}" for cell, why in failed.items()))
    return table


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m dlnb.run",
        description="Train and score the models of a study.",
        epilog="Exit status of a sweep: 0 if all models asked for are in the table, 1 if some failed or something is "
        f"wrong, {ELSEWHERE} if another runner has some of them.",
    )
    made.add_argument("study", help=f"one of {', '.join(STUDIES)}")
    made.add_argument("--only", metavar="PATTERN", help="cells such as 'color_dsprites/*/beta=4/*'")
    instead = made.add_mutually_exclusive_group()
    instead.add_argument("--status", action="store_true", help="train nothing; tell how far it is and when it may end")
    instead.add_argument("--retry", action="store_true", help="train again what failed before, from the start")
    instead.add_argument("--rescore", action="store_true", help="train nothing; score what is under --runs again")
    instead.add_argument("--merge", metavar="FOLDER", nargs="+", help="train nothing; join tables of other machines")
    instead.add_argument("--estimate", action="store_true", help="train nothing; measure what the study costs here")
    made.add_argument("--workers", type=int, help="processes (default: one a core that the job may use, or a GPU)")
    made.add_argument("--engine", choices=("local", "dask"), default="local", help="who works: processes here, or Dask")
    made.add_argument("--address", help="of a Dask scheduler, such as tcp://node1:8786 (default: a local cluster)")
    made.add_argument("--runs", type=Path, default=Path("runs"), help="where models are kept (default: runs)")
    made.add_argument("--tables", type=Path, help="where the table is kept (default: in the package)")
    return made


def main(arguments=None) -> int:
    options = parser().parse_args(arguments)
    try:
        with _terminated_as_interrupted():
            return _main(options)
    except KeyboardInterrupt:
        sys.exit("dlnb.run: interrupted. Nothing is lost: start again to go on.")
    except (ValueError, RuntimeError) as error:
        sys.exit(f"dlnb.run: {error}")
    except (OSError, MemoryError, ImportError) as error:
        what = str(error) or type(error).__name__
        sys.exit(f"dlnb.run: {what}\nNothing is lost: start again when this is mended.")


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM, of a batch system whose time is over, end the workers too, as Ctrl-C does."""

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _main(options) -> int:
    study = checks.choose(STUDIES, options.study, "study")
    cells = study.cells() if options.only is None else study.select(options.only)
    workers = engines.processes() if options.workers is None else checks.whole(options.workers, "--workers")
    busy = 0
    if options.address and options.engine != "dask":
        raise ValueError("--address is that of a Dask scheduler: say --engine dask as well")
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
        with _engine(options, workers) as engine:
            busy = run(study, cells, options.runs, options.tables, engine, options.retry)
    store = results.Store(study, options.runs, options.tables)
    table = store.collect(shards=options.merge or (), replace=options.rescore)
    print(f"{study.name}: {table.attrs['models']} of {table.attrs['cells']} models in {store.home}")
    if busy:
        print(f"{busy} models are in the hands of another runner")
    reasons = store.failed()
    failed = {cell: reasons[cell] for cell in cells if cell in reasons}
    for cell, why in failed.items():
        print(f"failed: {cell}: {why} (--retry trains it again)", file=sys.stderr)
    return 1 if failed else ELSEWHERE if busy else 0


@contextmanager
def _engine(options, workers: int) -> Iterator[Engine]:
    if options.engine == "local":
        yield partial(engines.local, workers=workers)
    else:
        with engines.client(options.address, workers) as client:
            yield partial(engines.dask, client=client)
