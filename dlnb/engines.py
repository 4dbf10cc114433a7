"""Where cells are done: in processes of this machine, or on the workers of a Dask cluster, both through joblib."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import current_process
from pathlib import Path
from threading import Thread

from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError

from dlnb import work
from dlnb.study import Cell, Study

DEATHS = 3  # in a row, without a cell done between them, and it is no accident


def local(study: Study, cells: list[Cell], runs: Path, origin: dict, workers: int) -> Iterator[tuple[Cell, str, str]]:
    """Do cells in processes of one thread each, which use a CPU's cores better than one process with many.

    A worker that is killed is replaced, and its cell goes on from its checkpoint. Raises RuntimeError if workers keep
    dying.
    """
    left, deaths = list(cells), 0
    while left:
        try:
            with parallel_config(backend="loky", n_jobs=workers, inner_max_num_threads=1):
                for ended in _each(study, tuple(left), runs, origin):
                    left.remove(ended[0])
                    deaths = 0
                    yield ended
        except TerminatedWorkerError as error:
            deaths += 1
            if deaths == DEATHS:
                message = f"workers were killed {DEATHS} times in a row, with {left[0]} or one of the next {workers}"
                raise RuntimeError(f"{message}: is there memory for {workers} of them?") from error


def dask(study: Study, cells: list[Cell], runs: Path, origin: dict, client) -> Iterator[tuple[Cell, str, str]]:
    """Do cells on the workers of a Dask client, one at a time on each; Dask replaces what it loses.

    Raises ValueError for workers with several threads, whose models would share the state of one TensorFlow.
    """
    threads = client.nthreads()
    if any(count > 1 for count in threads.values()):
        raise ValueError("each Dask worker must have one thread: start it with --nthreads 1 (and --nworkers for more)")
    with parallel_config(backend="dask", client=client, wait_for_workers_timeout=3600):
        yield from _each(study, cells, runs, origin)


def _each(study, cells, runs, origin) -> Iterator[tuple[Cell, str, str]]:
    tasks = (delayed(_worker)(study, cell, runs, origin) for cell in cells)
    yield from Parallel(return_as="generator_unordered", batch_size=1)(tasks)


@contextmanager
def client(address: str | None, workers: int, timeout: float = 30):
    """A Dask client of the scheduler at ``address``, or of ``workers`` local processes."""
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ValueError("the engine dask needs a package: pip install 'dlnb[dask]'") from error
    if address:
        try:
            with Client(address, timeout=timeout) as found:
                yield found
        except OSError as error:
            raise ValueError(f"no Dask scheduler answers at {address}: {error}") from error
    else:
        with (
            LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
            Client(cluster) as found,
        ):
            yield found


def _worker(study: Study, cell: Cell, runs: Path, origin: dict) -> tuple[Cell, str, str]:
    if not getattr(_worker, "ready", False):  # a worker process serves many cells
        end_with_parent()
        prepare()
        _worker.ready = True
    return work.do(study, cell, runs, origin)


def end_with_parent() -> None:
    """End this process, if it is a worker, soon after the runner was killed, which could not tell it.

    It would go on until its cell is done, and then wait for more for ever.
    """
    if current_process().name == "MainProcess":
        return
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def prepare() -> None:
    """One thread on a CPU, politely; on GPUs one a worker, in turn, and no more memory than is needed."""
    from dlnb.backend import GPUS, tf

    with suppress(RuntimeError):  # where TensorFlow runs already, in the calling process, leave it as it is
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        if GPUS:
            number = (current_process()._identity or (1,))[0] - 1
            tf.config.set_visible_devices(GPUS[number % len(GPUS)], "GPU")
            tf.config.experimental.set_memory_growth(GPUS[number % len(GPUS)], True)
        if hasattr(os, "nice"):
            os.nice(10)
