"""What an update costs on this device, measured before a long run is begun."""

from contextlib import suppress
from dataclasses import replace

from dlnb import checks
from dlnb.data import DataSet
from dlnb.models import training
from dlnb.models.methods import Method
from dlnb.models.snapshot import Snapshot
from dlnb.study import Training

ENDLESS = 10_000_000  # updates


class _Enough(Exception):
    """Ends the run that is measured."""


def seconds_an_update(data_set: DataSet, method: Method, protocol: Training, *, seconds: float = 3.0) -> float:
    """Seconds per update of training on this device: a positive number, measured over ``seconds`` of training.

    - ``data_set``, ``method``, ``protocol``: as ``train`` takes them; the number of updates does not matter.
    - ``seconds``: above 0, of updates that are timed.

    The first call, which builds the graph, is not timed, nor are the updates of the next ``seconds / 2``, whose images
    may have been drawn meanwhile. The time of a long run is an extrapolation: it changes with what else the device
    does. The graph is kept for that run. Raises ValueError for what ``train`` refuses.
    """
    checks.instance(protocol, Training, "protocol", "a Training, such as Training(steps=10_000)")
    seconds = checks.number(seconds, "seconds", above=True)
    times, timed = [], []  # (updates, seconds of training) after each call of the graph

    def watch(run: Snapshot) -> None:
        times.append((run.updates, run.seconds))
        timed[:] = [each for each in times[1:] if each[1] - times[0][1] >= seconds / 2]
        if len(timed) > 1 and timed[-1][1] - timed[0][1] >= seconds:
            raise _Enough

    with suppress(_Enough):
        training.train(data_set, method, replace(protocol, steps=ENDLESS), seed=0, watch=watch, watch_every=1)
    (first, begun), (last, ended) = timed[0], timed[-1]
    return (ended - begun) / (last - first)
