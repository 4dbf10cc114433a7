"""What an update costs on this device, measured before a long run is begun."""

from dataclasses import replace

from dlnb import checks
from dlnb.data import DataSet
from dlnb.models import training
from dlnb.models.methods import Method
from dlnb.models.snapshot import Snapshot
from dlnb.study import Training

ENDLESS = 2**31 - 1  # updates


class _Enough(Exception):
    """Ends the run that is measured."""


def seconds_an_update(data_set: DataSet, method: Method, protocol: Training, *, seconds: float = 3.0) -> float:
    """Seconds per update of training on this device: a positive number, measured over ``seconds`` of training.

    - ``data_set``, ``method``, ``protocol``: as ``train`` takes them; the number of updates does not matter.
    - ``seconds``: above 0, of updates that are timed.

    The first two calls of the graph are not timed: the first builds it, and the images of the second are drawn
    meanwhile. The time of a long run is an extrapolation: it changes with what else the device does, and a notebook may
    be throttled. The graph is kept for that run. Raises ValueError for what ``train`` refuses.
    """
    checks.instance(protocol, Training, "protocol", "a Training, such as Training(steps=10_000)")
    seconds, times = checks.number(seconds, "seconds", above=True), []

    def watch(run: Snapshot) -> None:
        times.append((run.updates, run.seconds))
        if len(times) > 2 and run.seconds - times[1][1] >= seconds:
            raise _Enough

    try:
        training.train(data_set, method, replace(protocol, steps=ENDLESS), seed=0, watch=watch, watch_every=1)
    except _Enough:
        pass
    (first, begun), (last, ended) = times[1], times[-1]
    return (ended - begun) / (last - first)
