"""Where cells are run: in processes of this machine, through joblib (``dlnb.run.cluster``: on a Dask cluster)."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import current_process
from pathlib import Path
from threading import Thread

from joblib import Parallel, cpu_count, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError

from dlnb import registry, switches
from dlnb.run import worker
from dlnb.study import Cell, Study

SOME, MANY = 3, 10  # deaths of workers in a row, with no model done in between, that are not an accident


def processes() -> int:
    """How many processes the GPUs of the machine take, or without any, the cores that this job may use."""
    if shutil.which("nvidia-smi"):  # asking TensorFlow would take seconds and a GPU's memory
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True).stdout.splitlines()
        if gpus := sum(line.startswith("GPU ") for line in listed):
            return gpus * switches.processes_a_gpu()
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
    tasks = (delayed(work)(study, cell, runs, origin, added) for cell in cells)
    options = {"inner_max_num_threads": 1, "initializer": end_with, "initargs": (os.getpid(),)}
    with parallel_config(backend="loky", n_jobs=workers, **options):
        yield from Parallel(return_as="generator_unordered", batch_size=1)(tasks)


def work(study: Study, cell: Cell, runs: Path, origin: dict, added=()) -> worker.Ended:
    """Run one cell in a worker process; ``added``: the additions to the registries of the runner's process."""
    if not getattr(work, "ready", False):  # a worker process serves many cells
        prepare()
        work.ready = True
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
    """Set up a worker: one thread and low priority; one GPU per worker, in turn (its memory: ``models.devices``)."""
    from dlnb.models.backend import GPUS, tf

    with suppress(RuntimeError):  # in the calling process TensorFlow may have started, and is left unchanged
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        if GPUS:
            number = (current_process()._identity or (1,))[0] - 1
            tf.config.set_visible_devices(GPUS[number % len(GPUS)], "GPU")
        if hasattr(os, "nice"):
            os.nice(10)
