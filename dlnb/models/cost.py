"""What an update costs on this device, by a few of them."""

import time
from dataclasses import replace

from dlnb import checks, progress
from dlnb.models.methods import Method
from dlnb.models.training import CHUNK, train
from dlnb.study import Training

STRETCH = 2.0  # seconds of updates, at least, that the result is taken from
FEW = 4 * CHUNK  # updates that are tried first
GROWTH, TRIES = 16, 6  # times as many updates at most at the next try; tries


@progress.hidden()
def seconds_an_update(data_set, method: Method, training: Training, *, jit: bool | None = None) -> float:
    """Seconds per update of ``train(data_set, method, training, jit=jit)`` on this device: above 0.

    Two runs are timed, which differ by their updates alone; building and compiling the graph, drawing what is drawn
    once and the set-up of a run do not count. Each length is run once before it is timed, and the longer run is
    lengthened until the difference takes STRETCH seconds, so it takes about 5 seconds, on a slow device more.

    Raises what ``train`` raises, ValueError for a ``training`` that is none, and RuntimeError if no length could be
    timed, as on a device that others use at the same time.
    """
    checks.instance(training, Training, "training", "a Training, such as Training(steps=10_000)")

    def timed(steps: int) -> float:
        begun = time.monotonic()
        train(data_set, method, replace(training, steps=steps), seed=0, jit=jit)
        return time.monotonic() - begun

    timed(CHUNK)
    short, more = timed(CHUNK), FEW
    for _ in range(TRIES):
        timed(CHUNK + more)
        stretch = timed(CHUNK + more) - short
        if stretch >= STRETCH:
            return stretch / more
        tried, wanted = more, more * 1.5 * STRETCH / max(stretch, STRETCH / GROWTH)
        more = CHUNK * -(-int(min(wanted, more * GROWTH)) // CHUNK)
    raise RuntimeError(
        f"an update could not be timed: {tried:,} of them took {stretch:.3f} s more than none. "
        "End what else uses this device and try again"
    )
