"""What many tests call."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Timer

import numpy as np
import pytest

LIMIT = 1_200  # seconds, far above what any process of a test takes on a busy machine: a guard, not a timing


def rng(seed=0) -> np.random.Generator:
    return np.random.default_rng(seed)


@contextmanager
def guarded(process: subprocess.Popen, printed: Callable[[], str], limit: float = LIMIT) -> Iterator[None]:
    """End ``process``, with the group it leads, if it outlives the limit, and fail with what it ``printed``.

    Whoever waits for the process in the block then waits no longer.
    """
    late = Event()

    def end():
        late.set()
        _kill(process)

    timer = Timer(limit, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if late.is_set():
            pytest.fail(f"{process.args} did not end within {limit} seconds; it printed:\n{printed()[-10_000:]}")


def finished(command, limit: float = LIMIT, **options) -> subprocess.CompletedProcess:
    """Run a command to its end, guarded: its exit status and what it printed, as text."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:  # a pipe can outlive the process

        def read(file):
            file.seek(0)
            return file.read()

        process = subprocess.Popen(command, stdout=out, stderr=err, start_new_session=True, **options)
        try:
            with guarded(process, lambda: read(out) + read(err), limit):
                process.wait()
        finally:
            _kill(process)
        return subprocess.CompletedProcess(command, process.returncode, read(out), read(err))


def _kill(process: subprocess.Popen) -> None:
    """End a process, if it has not ended, and what it started."""
    with suppress(ProcessLookupError):  # it leads no group, or all have ended
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
