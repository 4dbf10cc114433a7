"""Where cells are run: on the workers of a Dask cluster, of this machine or of many.

Dask is not used through joblib's backend, which runs all cells in the runner itself if it starts with one worker, never
uses more workers than it started with, and waits forever for a task that Dask gave up. Dask itself waits forever for
workers that do not come: whoever waits here looks for them now and then.
"""

import pickle
import platform
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from dlnb import checks, progress, provenance, registry, results
from dlnb.run import engines, worker
from dlnb.study import Cell, Study

# Seconds without any worker after which a sweep ends: on a cluster, whose queue may be long, and on this machine.
PATIENCE, AT_HOME = 24 * 3600, 120
TOLD, LOOK, STEP = 60, 5, 0.1  # seconds without workers until that is told; between two looks for workers; of one wait
ANSWER, CLOSING = 30, 30  # seconds that a scheduler may take to answer, and a cluster to close


def dask(study: Study, cells: list[Cell], runs: Path, origin: dict, client, patience: float = PATIENCE):
    """Run cells on the workers of a Dask client, one at a time on each, including workers that join later.

    An iterator of ``worker.Ended``. Dask moves the cell of a lost worker to another. A cell whose workers are lost
    repeatedly, because of it or of one that waited on the same worker, is retried last and alone, and recorded as
    failed if that ends its workers too, while others can be run. Raises

    - RuntimeError after ``patience`` seconds without any worker that takes cells, if the scheduler is lost, or if
      workers are lost at cell after cell;
    - ValueError for workers with several threads, whose models would share the state of one TensorFlow, with other
      versions than the runner's, which rows name, or without the same folder of runs;
    - ImportError for workers that lack a package.
    """
    import cloudpickle  # which Dask needs
    from distributed.scheduler import KilledWorker

    look, runs = watch(client, patience), Path(runs).absolute()  # a worker may have another working directory
    versions, added = _versions(), registry.additions()
    cell_of, suspects, lost, able = {}, [], 0, False

    def submit(cell):
        inner = cloudpickle.dumps((engines.work, study, cell, runs, origin, added))
        call = _Call(_hosted, (versions, inner))
        future = client.submit(pickle.loads, cloudpickle.dumps(call), key=f"{cell}, {uuid4()}")
        cell_of[future] = cell
        return future

    def ended(future) -> worker.Ended | None:
        """None if its workers were lost repeatedly."""
        cell = cell_of.pop(future)
        try:
            return _seen(study, runs, _result(future, look))
        except KilledWorker:
            return None
        except CancelledError as error:
            raise RuntimeError(f"the Dask scheduler was lost, and with it {cell}: {error}") from error
        except ImportError as error:
            raise ImportError(
                f"a Dask worker cannot import what it needs, so install the same everywhere: {error}"
            ) from error

    try:
        for cell in cells:
            submit(cell)
        for future in _completed(list(cell_of), look):
            cell, lost = cell_of[future], lost + 1
            if found := ended(future):
                lost, able = 0, True
                yield found
            elif lost == engines.MANY:
                raise RuntimeError(_lost(lost, cell))
            else:
                suspects.append(cell)
        blamed = []  # in a row: if no cell can be run any longer, it is not theirs
        for cell in suspects:
            if found := ended(submit(cell)):
                able = True
                yield from _failed(study, blamed, runs, origin)
                yield found
            else:
                blamed.append(cell)
            if len(blamed) > engines.SOME:
                break
        if len(blamed) > (engines.SOME if able else 0):
            raise RuntimeError(_lost(len(blamed), blamed[0]))
        yield from _failed(study, blamed, runs, origin)
    finally:
        if client.status == "running":
            client.cancel(list(cell_of))


class _Call:
    """What calls a function when it is read. A worker without this package can read bytes, and then says what it lacks:
    sent the function itself, it would end, as if it had been killed."""

    def __init__(self, function: Callable, arguments: tuple):
        self.parts = function, arguments

    def __reduce__(self):
        return self.parts


def _lost(count: int, cell: Cell) -> str:
    lost = f"workers were lost repeatedly at {count} models in a row, {cell} among them"
    return f"{lost}: see what they printed; is there enough memory for each, and does TensorFlow start there?"


def _failed(study, cells: list[Cell], runs, origin) -> Iterator[worker.Ended]:
    why = "KilledWorker: workers that ran it were lost repeatedly"
    while cells:
        cell = cells.pop(0)
        worker.give_up(study, cell, runs, origin, why)
        yield cell, worker.State.FAILED, why


def _hosted(expected: str, inner: bytes) -> worker.Ended:
    """Run one cell in a worker, if it has what the runner has: ``expected``, which is recorded as that of the row.

    ``inner``, a function and its arguments, is read after that: another Python might not be able to.
    """
    mine, others = _versions().split(", "), expected.split(", ")
    if mine != others:
        here = ", ".join(each for each in mine if each not in others)
        there = ", ".join(each for each in others if each not in mine)
        raise ValueError(f"the Dask worker on {platform.node()} has {here}, the runner {there}: install the same there")
    work, *arguments = pickle.loads(inner)
    return work(*arguments)


def _versions() -> str:
    return f"Python {'.'.join(platform.python_version_tuple()[:2])}, {provenance.versions()}"


def _seen(study: Study, runs: Path, ended: worker.Ended) -> worker.Ended:
    if ended[1] == worker.State.DONE and not (runs / study.name / str(ended[0]) / results.ROW).exists():
        raise ValueError(f"a worker has finished {ended[0]}, but {runs} lacks its row: all must share that folder")
    return ended


def _completed(futures: list, look: Callable[[], None]) -> Iterator:
    """Futures in order of completion."""
    from distributed import as_completed

    waiting = as_completed(futures)
    del futures  # a future that someone holds is computed again if the worker is lost that has its result
    while not waiting.is_empty():
        if waiting.has_ready():
            yield next(waiting)
        else:
            time.sleep(STEP)
            look()


def _result(future, look: Callable[[], None]):
    """The result of a future, which may have to be computed again if it was lost with its worker."""
    while True:
        try:
            return future.result(timeout=LOOK)
        except TimeoutError:
            if future.status == "error":  # the cell's own, or one that came just now
                raise future.exception() from None
            look()


def watch(client, patience: float) -> Callable[[], None]:
    """A function to call again and again while cells are waited for; the first call is made here.

    It tells on the progress line for how long there has been no worker that takes cells, lets a cluster of this machine
    start lost workers again, and raises RuntimeError after ``patience`` seconds, ValueError for a worker of several
    threads. Workers that end at once, between two looks, are no absence: Dask counts them against their cells.
    """
    looked, missed, tell, last = -LOOK, None, TOLD, 0

    def look() -> None:
        nonlocal looked, missed, tell, last
        if time.monotonic() < looked + LOOK:
            return
        found, why = _workers(client)
        looked = now = time.monotonic()
        if client.cluster is not None and len(found) < len(client.cluster.worker_spec):
            client.cluster.scale(len(client.cluster.worker_spec))  # its nannies give up a worker that is lost too often
        if found:
            if tell > TOLD:
                progress.note("there are workers again")
            missed, tell = None, TOLD
            return
        before, last = last, _last_came(client, last)
        missed = now if missed is None or last > before else missed
        gone = now - missed
        if gone >= patience:
            raise RuntimeError(_absent(why, patience, client.cluster is not None))
        if gone >= tell:
            progress.note(f"{why} for {_spoken(gone)}; the sweep ends after {_spoken(patience)} of that")
            tell *= 2

    look()
    return look


def _workers(client) -> tuple[list[str], str]:
    """The addresses of workers that take cells, and what to say if there are none."""
    where = client.scheduler.address if client.scheduler else "the address given"
    try:
        known = client.sync(client.scheduler.identity, callback_timeout=ANSWER)["workers"]
    except (OSError, AttributeError) as error:  # the latter: the client has closed
        return [], f"the Dask scheduler at {where} does not answer ({str(error) or type(error).__name__})"
    if any(about["nthreads"] > 1 for about in known.values()):
        raise ValueError("each Dask worker must have one thread: start it with --nthreads 1 (and --nworkers for more)")
    found = [name for name, about in known.items() if about["status"] == "running" or _busy(about)]
    paused = f"all {len(known)} workers of {where} are paused, which Dask does when their memory is nearly full"
    return found, paused if known else f"no worker at {where}"


def _last_came(client, default: float) -> float:
    """When the scheduler last saw a worker come, by its own clock, or ``default`` if it does not tell."""
    try:
        events = client.sync(client.scheduler.events, topic="all", callback_timeout=ANSWER)
    except (OSError, AttributeError):
        return default
    return max((when for when, what in events if what.get("action") == "add-worker"), default=default)


def _busy(about: dict) -> bool:
    return about.get("metrics", {}).get("task_counts", {}).get("executing", 0) > 0


def _absent(why: str, patience: float, at_home: bool) -> str:
    if at_home:
        do = "its workers end and do not come back: see what they printed; is there enough memory for each?"
    else:
        do = "start workers, or wait longer (--patience HOURS, in run.train patience=HOURS)."
    return f"{why} for {_spoken(patience)}: {do} What is done is recorded: run it again to resume"


def _spoken(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


@contextmanager
def client(address: str | None, workers: int, timeout: float = 30):
    """A Dask client of the scheduler at ``address``, or of ``workers`` local processes.

    Raises ValueError if there is no package distributed, no such address, or nobody there after ``timeout`` seconds.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ValueError("the engine dask needs a package: pip install 'dlnb[dask]'") from error
    with ExitStack() as stack:
        if address is None:
            options = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
            cluster = LocalCluster(**options)
            stack.callback(_close, cluster)
            found = Client(cluster)
        else:
            checks.instance(address, str, "the address of a Dask scheduler", "text such as 'tcp://node1:8786'")
            try:
                found = Client(address, timeout=timeout)
            except (OSError, ValueError) as error:
                such = "give an address such as tcp://node1:8786, which `dask scheduler` prints"
                raise ValueError(
                    f"no Dask scheduler answers at {address or 'an empty address'}: {error}; {such}"
                ) from error
        stack.callback(_close, found)
        yield found


def _close(thing) -> None:
    """Close a client or cluster; one that is stuck is left to the end of this process, which ends its workers."""
    with suppress(TimeoutError):
        thing.close(timeout=CLOSING)
