"""One loop trains every method; ``encode``, ``decode`` and ``evaluate`` use the model that it returns.

Nothing depends on hidden random state: data are drawn by NumPy generators seeded with (seed, stream, update), the noise
of an update with (seed, update). The same call on the same machine gives the same weights bit for bit, whether or not
it was interrupted and resumed from a checkpoint.
"""

import dataclasses
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dlnb import checks, progress, provenance, storage
from dlnb.data import DataSet
from dlnb.models import graphs, networks
from dlnb.models.backend import GPUS, tf
from dlnb.models.losses import bernoulli_nll, gaussian_kl
from dlnb.models.methods import Method
from dlnb.models.model import Model, codes_of, described, images_of
from dlnb.representation import Representation
from dlnb.study import PROTOCOL, Training

STREAMS = ("encoder", "decoder", "training", "evaluation", "sample", "scores", "critic")
CHUNK = 10  # updates per call of the graph: enough to hide the call's overhead, and at 64 x 64 x 3 only 31 MB of images
CHECKPOINT = "checkpoint"


def generator(seed: int, stream: str, step: int = 0) -> np.random.Generator:
    """The NumPy generator of the run with this ``seed`` for one purpose, at one update.

    ``stream`` names the purpose, one of STREAMS, and ``step`` the update. Each combination gives its own,
    reproducible random numbers. Raises ValueError for an unknown stream.
    """
    return np.random.default_rng([seed, STREAMS.index(stream), step])


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
    **protocol,
) -> Model:
    """Train a VAE and return it as a Model.

    - ``data_set``: a DataSet with square images of 32, 64 or 128 pixels.
    - ``method``: an instance of a method, such as ``BetaVAE(beta=4)``. Constants counted in updates are used as they
      are; see ``rescaled``.
    - ``training``: the protocol, a ``study.Training``. Its fields may be given instead, ``steps`` at least:
      ``train(sprites, BetaVAE(4), steps=500, seed=0, learning_rate=1e-3)``.
    - ``seed``: a whole number that determines initial weights, images and noise.
    - ``jit``: whether to compile the update with XLA; None does so on a GPU only, since XLA slows these networks down
      on a CPU.
    - ``name``: appears in error messages and before the progress bar; None: data set, method and seed.
    - ``checkpoint``: a file to which the state of the run is saved every ``checkpoint_seconds`` and at the end. If it
      exists, the run resumes from it and ends with the weights of an uninterrupted run; more ``steps`` than before
      train a model further. That hyperparameters and data set are the same is checked, the code of a method of your
      own is not.

    TensorFlow's op determinism is switched on for the process: without it a GPU's sums differ from run to run.
    Raises ValueError for invalid arguments and for a checkpoint that is damaged or of another run; FloatingPointError,
    with name, update and the last finite losses, once a loss is not finite.
    """
    if not isinstance(method, Method) or not dataclasses.is_dataclass(method):
        raise ValueError(f"method must be a dataclass derived from Method, such as BetaVAE(beta=4), not {method!r}")
    training, seed = _protocol(training, protocol), checks.whole(seed, "seed", minimum=0, below=2**63)
    jit, name = bool(GPUS) if jit is None else jit, name or f"{data_set.name}/{method}/seed={seed}"
    steps, batch, latents, kernels, precision = (getattr(training, key) for key in _OF_VAE)
    rates, weight = (training.learning_rate, training.critic_learning_rate), training.reconstruction_weight
    width = training.critic_width
    tf.config.experimental.enable_op_determinism()
    encoder = networks.encoder(data_set.image_shape, latents, generator(seed, "encoder"), kernels=kernels)
    decoder = networks.decoder(data_set.image_shape, latents, generator(seed, "decoder"))
    critics = [networks.critic(latents, generator(seed, "critic"), width=width)] if method.critic else []
    of_run = dataclasses.asdict(training)
    about = described(data_set) | {
        **{"name": name, "method": type(method).__name__, "hyperparameters": dataclasses.asdict(method)},
        **{"seed": seed, "jit": jit},
        **{key: value for key, value in of_run.items() if method.critic or not key.startswith("critic")},
    }

    form = data_set.image_shape, latents, batch, kernels, precision, width if method.critic else None, jit
    with graphs.graph(method, *form) as graph:
        graph.begin([encoder, decoder], critics)
        history, seconds = graph.no_losses, 0.0
        if checkpoint and Path(checkpoint).exists():
            history, seconds = _resume(checkpoint, about, graph)
        parts, kept = [history], time.monotonic()
        began = kept - seconds  # so that the time before an interruption counts
        with tqdm(
            total=steps, initial=len(history), desc=name, unit=" steps", disable=progress.silent(), mininterval=0.5
        ) as bar:
            for start, images in _batches(data_set, batch, seed, len(history), steps):
                parts.append(graph.run(images, start, seed, rates, weight, method))
                _check_losses(name, graph.losses, start, parts)
                bar.update(len(parts[-1]))
                if checkpoint and (time.monotonic() - kept >= checkpoint_seconds or start + CHUNK >= steps):
                    kept = time.monotonic()
                    _keep(checkpoint, about, graph, np.concatenate(parts), kept - began)
        seconds = time.monotonic() - began
        graph.fill([encoder, decoder])
    if not all(np.isfinite(weight).all() for weight in encoder.get_weights() + decoder.get_weights()):
        raise FloatingPointError(f"{name}: the weights are not finite after the last update")
    columns = np.concatenate(parts).T
    about |= {"seconds": round(seconds, 1), "versions": provenance.versions()}
    return Model(encoder, decoder, dict(zip(graph.losses, columns, strict=True)), about)


_OF_VAE = "steps", "batch", "latents", "kernels", "precision"


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


def _batches(data_set, batch, seed, first, steps) -> Iterator[tuple[int, np.ndarray]]:
    """(number of the first update, images [updates, b, h, w, c]), CHUNK updates at a time.

    The next images are drawn in a thread during training on these.
    """

    def draw(start):
        rngs = (generator(seed, "training", step) for step in range(start, min(start + CHUNK, steps)))
        return np.stack([data_set.sample(batch, rng)[1] for rng in rngs])

    with ThreadPoolExecutor(1) as pool:
        starts = range(first, steps, CHUNK)
        ahead = [pool.submit(draw, start) for start in starts[:1]]
        for start in starts:
            images = ahead.pop().result()
            if start + CHUNK < steps:
                ahead.append(pool.submit(draw, start + CHUNK))
            yield start, images


def _check_losses(name, losses, start, parts) -> None:
    """Raise FloatingPointError if a loss in the last part, whose first update is ``start``, is not finite."""
    bad = np.flatnonzero(~np.isfinite(parts[-1]).all(axis=1))
    if not bad.size:
        return
    before = np.concatenate([parts[-2][-1:], parts[-1][: bad[0]]])[-1:]
    finite = [", ".join(f"{n} {v:.6g}" for n, v in zip(losses, row, strict=True)) for row in before]
    last = f"the losses one step before were {finite[0]} nats" if finite else "it is the first step"
    raise FloatingPointError(f"{name}: the loss is not finite at step {start + bad[0]}; {last}")


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


def encode(model: Model, images, batch: int = 500) -> Representation:
    """The codes of images.

    - ``images``: floats [n, h, w, c], or a sample (factors, images) as returned by ``DataSet.sample``.
    - ``batch``: images per call of the encoder, which limits memory.

    Returns a Representation with mean and logvar float32 [n, d] and the factors of the sample, [n, 0] if there are
    none. Raises ValueError for images that are not floats in [0, 1] of the model's shape.
    """
    factors, images = images if isinstance(images, tuple) else (np.empty((len(images), 0), int), images)
    images = images_of(model, images)
    parts = [model.encoder(images[i : i + batch], training=False) for i in range(0, len(images), batch)]
    mean, logvar = (np.concatenate([part[k].numpy() for part in parts]) for k in (0, 1))
    return Representation(factors, mean, logvar)


def decode(model: Model, codes, batch: int = 500) -> np.ndarray:
    """The mean images of codes: float32 [n, h, w, c] in [0, 1].

    - ``codes``: finite numbers [n, d].
    - ``batch``: codes per call of the decoder, which limits memory.

    Raises ValueError for codes that are not finite or not of the model's number of latents.
    """
    codes = codes_of(model, codes)
    parts = [tf.sigmoid(model.decoder(codes[i : i + batch])).numpy() for i in range(0, len(codes), batch)]
    return np.concatenate(parts)


def traverse(model: Model, code, values) -> np.ndarray:
    """Images decoded while one latent takes each of ``values`` [v] and the others keep their value in ``code`` [d].

    Returns float32 [d, v, h, w, c], one row per latent. Raises ValueError unless ``code`` is one code of the model.
    """
    code, values = np.asarray(code, np.float32), np.asarray(values, np.float32)
    if code.ndim != 1:
        raise ValueError(f"one code [d] can be traversed at a time, not an array of shape {code.shape}")
    grid = np.tile(code, (len(code), len(values), 1))
    latents = np.arange(len(code))
    grid[latents, :, latents] = values
    images = decode(model, grid.reshape(-1, len(code)))
    return images.reshape(len(code), len(values), *images.shape[1:])


def evaluate(model: Model, data_set: DataSet, rng: np.random.Generator, batches: int = 1000, batch: int = 64) -> dict:
    """{"reconstruction", "kl", "elbo"} in nats per image, means over fresh images of ``data_set``.

    ``rng`` draws ``batches`` times ``batch`` images and one code for each; the study uses 1000 batches of 64. The ELBO
    is -reconstruction - kl. Raises ValueError for fewer than one batch.
    """
    sums = np.zeros(2)
    for _ in range(checks.whole(batches, "batches")):
        images = data_set.sample(batch, rng)[1]
        q = encode(model, images)
        logits = model.decoder(q.draw(rng), training=False)
        sums += float(bernoulli_nll(images, logits)), float(gaussian_kl(q.mean, q.logvar))
    reconstruction, kl = (float(v) for v in sums / batches)
    return {"reconstruction": reconstruction, "kl": kl, "elbo": -reconstruction - kl}
