"""The cost of a study on this device: an update and the scoring are measured, and all models are scheduled."""

import heapq
import time
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from dlnb import data
from dlnb.run import engines, worker
from dlnb.study import Cell, Study

DEVICES = 1, 8, 64


def seconds_an_update(study: Study, data_set: str, method: str) -> float:
    """``models.seconds_an_update`` by the study's protocol, of the first model of a method on a data set."""
    from dlnb import models

    images, first = data.load(data_set, "rendered", study.size), next(c for c in study.cells() if c.method == method)
    made = models.METHODS[method](**{first.hyperparameter: first.strength})
    return models.seconds_an_update(images, made, study.training_of(method))


def seconds_to_score(study: Study, data_set: str) -> float:
    """Seconds to evaluate, encode and score one model, for which it need not be trained."""
    from dlnb import models

    images = data.load(data_set, "rendered", study.size)
    model = models.train(images, models.BetaVAE(beta=1), replace(study.training, steps=2), seed=0)
    start = time.monotonic()
    models.evaluate(model, images, np.random.default_rng(0), study.evaluation, study.training.batch)
    codes = models.encode(model, images.sample(study.sample, np.random.default_rng(0)))
    worker.score(study, codes, np.random.default_rng(0))
    return time.monotonic() - start


def seconds(study: Study, cells: list[Cell]) -> dict[Cell, float]:
    """Seconds of each cell on this device, with the set-up of a worker (on a CPU one thread).

    Updates are measured once for each method and number of channels, scores once for each data set.
    """
    engines.prepare()
    channels = {
        name: data.load(name, "rendered", study.size).image_shape[-1]
        for name in dict.fromkeys(c.data_set for c in cells)
    }
    first = {count: name for name, count in reversed(channels.items())}
    kinds = {(channels[cell.data_set], cell.method) for cell in cells}
    updates = {kind: seconds_an_update(study, first[kind[0]], kind[1]) for kind in sorted(kinds)}
    scores = {name: seconds_to_score(study, name) for name in channels}
    return {
        cell: study.training_of(cell.method).steps * updates[channels[cell.data_set], cell.method]
        + scores[cell.data_set]
        for cell in cells
    }


def schedule(costs: Iterable[float], devices: int) -> float:
    """The total time if each device takes the next cell as soon as it is free."""
    free = [0.0] * devices
    for cost in costs:
        heapq.heapreplace(free, free[0] + cost)
    return max(free)


def report(study: Study, cells: list[Cell]) -> str:
    """Lines for a terminal: device, cost per model by method, and cost of all models on 1, 8 and 64 such devices."""
    from dlnb.models import device

    costs = seconds(replace(study, source="rendered"), cells)
    lines = [f"{study.name}: {len(cells)} models, measured on one {device()}" + (" core" if device() == "CPU" else "")]
    for method in study.methods:
        some = [cost for cell, cost in costs.items() if cell.method == method]
        if some:
            lines.append(f"{method}: {np.mean(some) / 3600:.2f} hours per model")
    for devices in DEVICES:
        hours = schedule(costs.values(), devices) / 3600
        lines.append(f"all on {devices}: {hours:,.1f} hours" + (f" ({hours / 24:,.0f} days)" if hours > 48 else ""))
    return "\n".join(lines)
