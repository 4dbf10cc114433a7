"""One loop trains every method; ``encode``, ``decode`` and ``evaluate`` (``inference``) use the model that it returns.

Nothing depends on hidden random state: data are drawn by NumPy generators seeded with (seed, stream, update), the noise
of an update with (seed, update). The same call on the same machine gives the same weights bit for bit, whether or not
it was interrupted and resumed from a checkpoint.
"""

import dataclasses
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np

from dlnb import checks, progress, provenance, storage
from dlnb.data import DataSet
from dlnb.models import devices, graphs, networks
from dlnb.models.inference import decode, encode, evaluate, traverse
from dlnb.models.methods import Method, checked, warn_of_length
from dlnb.models.model import Model, described
from dlnb.models.snapshot import Snapshot
from dlnb.study import PROTOCOL, Training

__all__ = ["CHECKPOINT", "CHUNK", "STREAMS", "Model", "decode", "encode", "evaluate", "generator", "train", "traverse"]
STREAMS = ("encoder", "decoder", "training", "evaluation", "sample", "scores", "critic")
_NUMBERS = {name: i for i, name in enumerate(STREAMS)}
CHUNK = 10  # updates per call of the graph: enough to hide the call's overhead, and at 64 x 64 x 3 only 31 MB of images
CHECKPOINT = "checkpoint"


def generator(seed: int, stream: str, step: int = 0) -> np.random.Generator:
    """The NumPy generator of the run with this ``seed`` for one purpose, at one update.

    ``stream`` names the purpose, one of STREAMS, and ``step`` the update. Each combination gives its own,
    reproducible random numbers. Raises ValueError for an unknown stream, and unless ``seed`` and ``step`` are whole
    numbers of at least 0.
    """
    number = checks.choose(_NUMBERS, stream, "stream")
    return np.random.default_rng([checks.whole(seed, "seed", minimum=0), number, checks.whole(step, "step", minimum=0)])


@devices.deterministic()
def train(
    data_set: DataSet,
    method: Method,
    training: Training | None = None,
    *,
    seed: int,
    jit: bool | None = None,
    name: str | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_seconds: float = 60.0,
    watch: Callable[[Snapshot], object] | None = None,
    watch_every: int = 100,
    **protocol,
) -> Model:
    """Train a VAE and return it as a Model.

    - ``data_set``: a DataSet with square images of 32, 64 or 128 pixels. All images that are drawn are checked, so that
      none outside [0, 1] is learned from (``data.images`` says what is let through).
    - ``method``: an instance of a method, such as ``BetaVAE(beta=4)``. Constants counted in updates are used as they
      are; a UserWarning says if one exceeds ``steps``, and ``rescaled`` scales them as studies do.
    - ``training``: the protocol, a ``study.Training``. Its fields may be given instead, ``steps`` at least:
      ``train(sprites, BetaVAE(4), steps=500, seed=0, learning_rate=1e-3)``.
    - ``seed``: a whole number that determines initial weights, images and noise.
    - ``jit``: whether to compile the update with XLA; None does so on a GPU only, since XLA slows these networks down
      on a CPU (or as ``dlnb.switches`` say).
    - ``name``: appears in error messages and before the progress bar; None: data set, method and seed.
    - ``checkpoint``: a file to which the state of the run is saved every ``checkpoint_seconds`` and at the end. If it
      exists, the run resumes from it and ends with the weights of an uninterrupted run; more ``steps`` than before
      train a model further. That hyperparameters and data set are the same is checked, the code of a method of your
      own is not.
    - ``watch``: a function that is called with a Snapshot of the run (losses so far, and the model if it asks for it)
      about every ``watch_every`` updates and after the last, in place of the progress bar. It changes nothing in the
      run; if it raises an exception, that of an interruption included, the checkpoint is saved first.

    TensorFlow's op determinism is on until training ends: without it a GPU's sums differ from run to run.
    Raises ValueError for invalid arguments, images that are not as ``DataSet`` promises, and a checkpoint that is
    damaged or of another run; FloatingPointError, with name, update, the terms of the loss that are not finite and the
    last finite losses, once one is not; OSError, with ways out, on a device for which XLA is known to fail.
    """
    method, training = checked(method), _protocol(training, protocol)
    checks.instance(data_set, DataSet, "data_set", "a DataSet such as data.load('dsprites')")
    seed = checks.whole(seed, "seed", minimum=0, below=2**63)
    jit = devices.compiled(jit if jit is None else checks.flag(jit, "jit"))
    name = checks.instance(name or f"{data_set.name}/{method}/seed={seed}", str, "name", "text")
    checkpoint, checkpoint_seconds = _checkpointing(checkpoint, checkpoint_seconds)
    watch = watch if watch is None else checks.function(watch, "watch", "a function of one argument, a Snapshot")
    watch_every = checks.whole(watch_every, "watch_every")
    warn_of_length(method, training.steps)
    steps, batch, latents, kernels, precision = (getattr(training, key) for key in _OF_VAE)
    rates, weight = (training.learning_rate, training.critic_learning_rate), training.reconstruction_weight
    width = training.critic_width
    made = data_set.image_shape, latents, kernels
    vae = _vae(*made, generator(seed, "encoder"), generator(seed, "decoder"))
    critics = [networks.critic(latents, generator(seed, "critic"), width=width)] if method.critic else []
    of_run = dataclasses.asdict(training)
    about = described(data_set) | {
        **{"name": name, "method": type(method).__name__, "hyperparameters": dataclasses.asdict(method)},
        **{"seed": seed, "jit": jit},
        **{key: value for key, value in of_run.items() if method.critic or not key.startswith("critic")},
    }

    form = data_set.image_shape, latents, batch, kernels, precision, width if method.critic else None, jit
    with graphs.graph(method, *form) as graph:
        graph.begin(vae, critics)
        history, seconds = graph.no_losses, 0.0
        if checkpoint and checkpoint.exists():
            history, seconds = _resume(checkpoint, about, graph)
        parts, kept = [history], time.monotonic()
        began = kept - seconds  # so that the time before an interruption counts
        look = {"hide": watch is not None, "mininterval": 0.5}
        with progress.bar(total=steps, initial=len(history), desc=name, unit=" steps", **look) as bar:
            for start, images in _batches(data_set, method, batch, seed, len(history), steps):
                parts.append(graph.run(images, start, seed, rates, weight, method))
                _check_losses(name, graph.losses, start, parts)
                bar.update(len(parts[-1]))
                if checkpoint and (time.monotonic() - kept >= checkpoint_seconds or start + CHUNK >= steps):
                    kept = time.monotonic()
                    _keep(checkpoint, about, graph, np.concatenate(parts), kept - began)
                done = start + len(parts[-1])
                if watch and (done == steps or done // watch_every > start // watch_every):
                    losses, paused = np.concatenate(parts), time.monotonic()
                    try:
                        _show(watch, graph, made, about, losses, paused - began)
                    except BaseException:
                        if checkpoint:
                            _keep(checkpoint, about, graph, losses, paused - began)
                        raise
                    began += time.monotonic() - paused  # what is drawn meanwhile is no training
        seconds = time.monotonic() - began
        model = _model(graph, vae, about, np.concatenate(parts), seconds)
    if not all(np.isfinite(weight).all() for network in vae for weight in network.get_weights()):
        raise FloatingPointError(f"{name}: the weights are not finite after the last update")
    return model


_OF_VAE = "steps", "batch", "latents", "kernels", "precision"


def _vae(image_shape, latents: int, kernels: str, *rngs) -> list:
    """An encoder and a decoder, whose weights the two generators draw."""
    encoder = networks.encoder(image_shape, latents, rngs[0], kernels=kernels)
    return [encoder, networks.decoder(image_shape, latents, rngs[1])]


def _model(graph, vae, about, losses, seconds) -> Model:
    """The networks ``vae`` with the weights of the graph after these losses float32 [updates, losses], as a Model."""
    graph.fill(vae)
    of_run = {"steps": len(losses), "seconds": round(seconds, 1), "versions": provenance.versions()}
    return Model(*vae, dict(zip(graph.losses, losses.T, strict=True)), about | of_run)


def _show(watch, graph, made, about, losses, seconds) -> None:
    """Call ``watch`` with a snapshot of the run, whose networks have the shapes ``made``."""

    def model():
        rngs = np.random.default_rng(0), np.random.default_rng(0)  # the weights are replaced
        return _model(graph, _vae(*made, *rngs), about, losses.copy(), seconds)

    history = dict(zip(graph.losses, losses.T.copy(), strict=True))
    snapshot = Snapshot(len(losses), about["steps"], seconds, history, model)
    try:
        watch(snapshot)
    finally:
        snapshot.close()


def _protocol(training, fields: dict) -> Training:
    """``training``, or a Training made of the fields that were given instead."""
    if training is None:
        for name in fields:
            checks.choose(dict.fromkeys(PROTOCOL), name, "argument of train")
        if "steps" not in fields:
            raise ValueError("train needs the number of updates: steps=10_000, or a Training")
        return Training(**fields)
    if not isinstance(training, Training):
        raise ValueError(f"training must be a Training, such as Training(steps=10_000), not {training!r}")
    if fields:
        raise ValueError(f"give either a Training or its fields, not both: {', '.join(fields)}")
    return training


def _checkpointing(path, seconds) -> tuple[Path | None, float]:
    """The file of checkpoints, if there is one, and the seconds between them, which may be infinite."""
    path = path if path is None else checks.path(path, "checkpoint")
    if path is not None and path.is_dir():
        raise ValueError(f"checkpoint must be a file, not the folder {path}: add a name such as run.npz")
    endless = isinstance(seconds, float) and seconds == np.inf
    return path, seconds if endless else checks.number(seconds, "checkpoint_seconds")


def _batches(data_set, method, batch, seed, first, steps) -> Iterator[tuple[int, np.ndarray]]:
    """(number of the first update, images [updates, b, h, w, c]), CHUNK updates at a time.

    The next images are drawn in threads during training on these. Each update has a generator of its own, so neither
    the number of threads nor their order affects an image; memory is that of one chunk for each thread, and of these.
    """

    def draw(start):
        rngs = (generator(seed, "training", step) for step in range(start, min(start + CHUNK, steps)))
        return np.stack([_drawn(method, data_set, batch, rng) for rng in rngs])

    threads, starts = devices.drawing_threads(), range(first, steps, CHUNK)
    pool, later = ThreadPoolExecutor(threads), iter(starts)
    try:
        # The first images are drawn alone: what a data set draws once, for all images, it draws then.
        ahead = deque(pool.submit(draw, start) for start in islice(later, 1))
        for start in starts:
            images = ahead.popleft().result()
            ahead.extend(pool.submit(draw, start) for start in islice(later, threads - len(ahead)))
            yield start, images
    finally:
        pool.shutdown(cancel_futures=True)


def _drawn(method, data_set, batch, rng) -> np.ndarray:
    """The images of an update, if a method draws what it promises."""
    images = method.draw(data_set, batch, rng)
    if getattr(images, "shape", None) != (batch, *data_set.image_shape):
        wanted = f"images [{', '.join(map(str, (batch, *data_set.image_shape)))}]"
        raise ValueError(f"{type(method).__name__}.draw must return {wanted}, not {checks.shown(images)}")
    return images


def _check_losses(name, losses, start, parts) -> None:
    """Raise FloatingPointError if a loss in the last part, whose first update is ``start``, is not finite."""
    bad = np.flatnonzero(~np.isfinite(parts[-1]).all(axis=1))
    if not bad.size:
        return
    before = np.concatenate([parts[-2][-1:], parts[-1][: bad[0]]])[-1:]
    finite = [", ".join(f"{n} {v:.6g}" for n, v in zip(losses, row, strict=True)) for row in before]
    last = f"the losses one step before were {finite[0]} nats" if finite else "it is the first step"
    row = zip(losses, parts[-1][bad[0]], strict=True)
    terms = ", ".join(f"{n} {v}" for n, v in row if not np.isfinite(v))
    raise FloatingPointError(f"{name}: the loss ({terms}) is not finite at step {start + bad[0]}; {last}")


def _keep(path, about, graph, history, seconds) -> None:
    kept = {"kind": CHECKPOINT, "run": about, "seconds": seconds, "updates": len(history)}
    storage.save(path, kept, graph.state | {"history": history})


def _resume(path, about, graph) -> tuple[np.ndarray, float]:
    """Set ``graph`` to the state in a checkpoint of the run in ``about``; return its losses and seconds so far."""
    found, state = storage.load(path, CHECKPOINT)
    run = found.get("run") if isinstance(found.get("run"), dict) else {}
    for what, value in storage.plain(about).items():
        if what != "steps" and run.get(what) != value:
            raise ValueError(
                f"{path} is the checkpoint of another run, with {what} {run.get(what)!r}, not {value!r}: "
                "choose another file, or delete it to start over"
            )
    try:
        seconds = checks.number(found.get("seconds"), "seconds")
        history = checks.finite(state.pop("history"), "its losses")
        expected = {"losses": graph.no_losses.shape[1:]} | {name: v.shape for name, v in graph.state.items()}
        given = {"losses": history.shape[1:]} | {name: values.shape for name, values in state.items()}
        if given != expected:
            raise ValueError(f"it holds {given}, not {expected}")
        if len(history) != found.get("updates", len(history)):  # checkpoints of earlier versions do not tell
            raise ValueError(f"it has the losses of {len(history)} updates and the weights of {found['updates']}")
        for name in ("vae/vector", "critic/vector"):
            checks.finite(state.get(name, 0.0), "its weights")
    except (KeyError, ValueError) as error:
        raise storage.damaged(path, CHECKPOINT, error) from error
    if len(history) > about["steps"]:
        raise ValueError(f"{path} is the checkpoint of {len(history)} updates, more than steps={about['steps']}")
    graph.state = state
    return history, seconds
