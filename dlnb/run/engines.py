"""Where cells are run: in processes of this machine, through joblib, or on the workers of a Dask cluster.

Dask is not used through joblib's backend, which runs all cells in the runner itself if it starts with one worker, never
uses more workers than it started with, and waits forever for a task that Dask gave up.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import current_process
from pathlib import Path
from threading import Thread

from joblib import Parallel, cpu_count, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError

from dlnb import registry, results
from dlnb.run import worker
from dlnb.study import Cell, Study

SOME, MANY = 3, 10  # deaths of workers in a row, with no model done in between, that are not an accident


def processes() -> int:
    """The number of GPUs of the machine, or without any, of the cores that this job may use."""
    if shutil.which("nvidia-smi"):  # asking TensorFlow would take seconds and a GPU's memory
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True).stdout.splitlines()
        if gpus := sum(line.startswith("GPU ") for line in listed):
            return gpus
    return cpu_count()


def local(study: Study, cells: list[Cell], runs: Path, origin: dict, workers: int) -> Iterator[worker.Ended]:
    """Run cells in processes of one thread each, which use a CPU's cores better than one process with many threads.

    A worker that is killed is replaced, and its cell resumes from its checkpoint. If workers keep dying, the cells that
    can be run nevertheless are finished, then RuntimeError is raised.
    """
    left, deaths = list(cells), 0
    while left:
        # A death ends the cells of all workers. Those that had begun are retried last, and then one by one.
        alone = deaths > 0 and len(left) <= workers
        try:
            for ended in _each(study, tuple(left[:1] if alone else left), runs, origin, workers):
                left.remove(ended[0])
                deaths = 0
                yield ended
        except TerminatedWorkerError as error:
            deaths += 1
            if deaths == (max(SOME, len(left) + 1) if alone else MANY):
                message = f"workers were killed {deaths} times in a row, at {left[0]} or another of {len(left)} cells"
                raise RuntimeError(f"{message}: is there enough memory for {workers} workers?") from error
            turned = 1 if alone else workers
            left = left[turned:] + left[:turned]


def _each(study, cells, runs, origin, workers: int) -> Iterator[worker.Ended]:
    """Results in order of completion. A single worker is this process."""
    added = registry.additions()
    tasks = (delayed(_worker)(study, cell, runs, origin, added) for cell in cells)
    options = {"inner_max_num_threads": 1, "initializer": end_with, "initargs": (os.getpid(),)}
    with parallel_config(backend="loky", n_jobs=workers, **options):
        yield from Parallel(return_as="generator_unordered", batch_size=1)(tasks)


def dask(study: Study, cells: list[Cell], runs: Path, origin: dict, client) -> Iterator[worker.Ended]:
    """Run cells on the workers of a Dask client, one at a time on each, including workers that join later.

    Dask moves the cell of a lost worker to another. A cell whose workers are lost repeatedly, because of it or of one
    that waited on the same worker, is retried last and alone, and recorded as failed if that ends its workers too.
    Raises ValueError for workers with several threads, whose models would share the state of one TensorFlow, and for
    workers that do not share the folder of runs.
    """
    from distributed import as_completed
    from distributed.scheduler import KilledWorker

    if any(count > 1 for count in client.nthreads().values()):
        raise ValueError("each Dask worker must have one thread: start it with --nthreads 1 (and --nworkers for more)")
    added = registry.additions()
    runs = Path(runs).absolute()  # a worker may have another working directory

    def submit(cell):
        return client.submit(_worker, study, cell, runs, origin, added, pure=False)

    cell_of, suspects = {submit(cell): cell for cell in cells}, []
    try:
        for future in as_completed(cell_of):
            try:
                yield _seen(study, runs, future.result())
            except KilledWorker:
                suspects.append(cell_of[future])
        for cell in suspects:
            try:
                yield _seen(study, runs, submit(cell).result())
            except KilledWorker as error:
                why = f"{type(error).__name__}: workers that ran it were lost repeatedly"
                worker.give_up(study, cell, runs, origin, why)
                yield cell, worker.State.FAILED, why
    finally:
        client.cancel(list(cell_of))


def _seen(study: Study, runs: Path, ended: worker.Ended) -> worker.Ended:
    if ended[1] == worker.State.DONE and not (runs / study.name / str(ended[0]) / results.ROW).exists():
        raise ValueError(f"a worker has finished {ended[0]}, but {runs} lacks its row: all must share that folder")
    return ended


@contextmanager
def client(address: str | None, workers: int, timeout: float = 30):
    """A Dask client of the scheduler at ``address``, or of ``workers`` local processes."""
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ValueError("the engine dask needs a package: pip install 'dlnb[dask]'") from error
    with ExitStack() as stack:
        if address:
            try:
                found = Client(address, timeout=timeout)
            except OSError as error:
                raise ValueError(f"no Dask scheduler answers at {address}: {error}") from error
        else:
            options = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
            found = Client(stack.enter_context(LocalCluster(**options)))
        yield stack.enter_context(found)


def _worker(study: Study, cell: Cell, runs: Path, origin: dict, added=()) -> worker.Ended:
    """Run one cell in a worker process; ``added``: the additions to the registries of the runner's process."""
    if not getattr(_worker, "ready", False):  # a worker process serves many cells
        prepare()
        _worker.ready = True
    registry.repeat(added)
    return worker.do(study, cell, runs, origin)


def end_with(runner: int) -> None:
    """End this process, a worker, soon after the process ``runner`` was killed, which cannot end it itself.

    Otherwise it would finish its cell and then wait forever for the next one, as it does on Windows, where a process
    does not learn that its parent has ended.
    """

    if os.name == "nt":
        return

    def watch():
        while os.getppid() == runner:
            time.sleep(1)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def prepare() -> None:
    """Set up a worker: one thread and low priority; one GPU per worker, in turn, with only the memory it needs."""
    from dlnb.models.backend import GPUS, tf

    with suppress(RuntimeError):  # in the calling process TensorFlow may have started, and is left unchanged
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        if GPUS:
            number = (current_process()._identity or (1,))[0] - 1
            tf.config.set_visible_devices(GPUS[number % len(GPUS)], "GPU")
            tf.config.experimental.set_memory_growth(GPUS[number % len(GPUS)], True)
        if hasattr(os, "nice"):
            os.nice(10)
