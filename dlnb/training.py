"""One loop trains every method; ``encode``, ``decode`` and ``evaluate`` use what it returns.

Nothing depends on hidden random state: data come from NumPy generators made of (seed, stream, update), the noise of an
update from (seed, update). The same call on the same machine gives the same weights bit for bit.
"""

from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from dlnb import checks, networks, progress
from dlnb.backend import GPUS, keras, tf
from dlnb.data import DataSet
from dlnb.losses import bernoulli_nll, gaussian_kl
from dlnb.methods import Method, Posterior
from dlnb.representation import Representation

STREAMS = ("encoder", "decoder", "training", "evaluation", "sample", "scores")
CHUNK = 20  # updates per call of the graph: long enough to hide the call, short enough for the batches to stay in cache


@dataclass(frozen=True)
class Model:
    """A trained model. ``history`` maps reconstruction, kl and regularizer to float32 [steps], nats per image."""

    encoder: keras.Model  # images [b, h, w, c] -> mean, logvar [b, d]
    decoder: keras.Model  # codes [b, d] -> logits [b, h, w, c]
    history: dict[str, np.ndarray]


def generator(seed: int, stream: str, step: int = 0) -> np.random.Generator:
    """The random numbers of one purpose (one of STREAMS), at one update, in the run with this seed."""
    return np.random.default_rng([seed, STREAMS.index(stream), step])


def train(
    data_set: DataSet,
    method: Method,
    *,
    steps: int,
    seed: int,
    batch: int = 64,
    latents: int = 10,
    learning_rate: float = 1e-4,
    kernels: str = "code",
    jit: bool | None = None,
    name: str | None = None,
) -> Model:
    """Train a VAE with ``method`` for ``steps`` updates of Adam on fresh samples (paper section 4, Table 4).

    ``kernels`` is "code" or "paper" (see ``networks``). ``jit`` compiles the update with XLA; None does so on a GPU
    only, since XLA slows these networks down on a CPU. ``name`` stands in error messages and before the progress bar.
    TensorFlow's op determinism is switched on for the process: without it a GPU's sums differ from run to run.
    Raises ValueError for bad arguments and FloatingPointError, with name and update, once a loss is not finite.
    """
    steps, batch, latents = (checks.whole(v, w) for v, w in ((steps, "steps"), (batch, "batch"), (latents, "latents")))
    checks.number(learning_rate, "learning_rate", above=True)
    seed, name = checks.whole(seed, "seed", minimum=0), name or f"{data_set.name}/{method}/seed={seed}"
    tf.config.experimental.enable_op_determinism()
    encoder = networks.encoder(data_set.image_shape, latents, generator(seed, "encoder"), kernels=kernels)
    decoder = networks.decoder(data_set.image_shape, latents, generator(seed, "decoder"))
    update = _updates(encoder, decoder, method, seed, learning_rate, bool(GPUS) if jit is None else jit)

    history = []
    with tqdm(total=steps, desc=name, unit=" steps", disable=progress.silent(), mininterval=0.5) as bar:
        for start in range(0, steps, CHUNK):
            count = min(CHUNK, steps - start)
            rngs = (generator(seed, "training", step) for step in range(start, start + count))
            images = np.stack([data_set.sample(batch, rng)[1] for rng in rngs])
            losses = update(tf.constant(images), tf.constant(start)).numpy()  # [count, 3]
            bad = np.flatnonzero(~np.isfinite(losses).all(axis=1))
            if bad.size:
                raise FloatingPointError(f"{name}: the loss is not finite at step {start + bad[0]}")
            history.append(losses)
            bar.update(count)
    columns = np.concatenate(history).T
    return Model(encoder, decoder, dict(zip(("reconstruction", "kl", "regularizer"), columns, strict=True)))


def _updates(encoder, decoder, method, seed, learning_rate, jit):
    """A graph that makes one update for each batch of images [updates, b, h, w, c] and returns losses [updates, 3]."""
    weights = encoder.trainable_variables + decoder.trainable_variables
    adam = keras.optimizers.Adam(learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8)  # paper Table 4
    adam.build(weights)

    @tf.function(jit_compile=jit)
    def update(images, noise, step):
        with tf.GradientTape() as tape:
            mean, logvar = encoder(images, training=True)
            q = Posterior(mean, logvar, mean + tf.exp(logvar / 2) * noise)
            reconstruction = bernoulli_nll(images, decoder(q.z, training=True))
            regularizer = method.regularizer(q, step, critic=None)
            loss = reconstruction + regularizer
        adam.apply(tape.gradient(loss, weights), weights)
        return tf.stack([reconstruction, gaussian_kl(mean, logvar), regularizer])

    @tf.function(reduce_retracing=True)
    def updates(images, start):
        losses = tf.TensorArray(tf.float32, tf.shape(images)[0])
        for i in tf.range(tf.shape(images)[0]):
            # Drawn out here, since XLA would draw other numbers from the same seed.
            noise = tf.random.stateless_normal((tf.shape(images)[1], *decoder.input_shape[1:]), [seed, start + i])
            losses = losses.write(i, update(images[i], noise, start + i))
        return losses.stack()

    return updates


def encode(model: Model, images, batch: int = 500) -> Representation:
    """Codes of images [n, h, w, c], or of a sample (factors, images) as ``DataSet.sample`` gives it."""
    factors, images = images if isinstance(images, tuple) else (np.empty((len(images), 0), int), images)
    if np.ndim(images) != 4 or not len(images):
        raise ValueError(f"images must be [n, height, width, channels] with n above 0, not {np.shape(images)}")
    parts = [model.encoder(images[i : i + batch], training=False) for i in range(0, len(images), batch)]
    mean, logvar = (np.concatenate([part[k].numpy() for part in parts]) for k in (0, 1))
    return Representation(factors, mean, logvar)


def decode(model: Model, codes, batch: int = 500) -> np.ndarray:
    """Mean images in [0, 1] of codes [n, d]: float32 [n, h, w, c]."""
    codes = np.asarray(codes, np.float32)
    parts = [tf.sigmoid(model.decoder(codes[i : i + batch])).numpy() for i in range(0, len(codes), batch)]
    return np.concatenate(parts)


def traverse(model: Model, code, values) -> np.ndarray:
    """Images decoded while one latent takes each of ``values`` [v] and the others keep their code.

    float32 [d, v, h, w, c] for one code [d].
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
    """{"reconstruction", "kl", "elbo"}: means over fresh batches with one code drawn for each image (study: 1000)."""
    sums = np.zeros(2)
    for _ in range(checks.whole(batches, "batches")):
        images = data_set.sample(batch, rng)[1]
        q = encode(model, images)
        logits = model.decoder(q.draw(rng), training=False)
        sums += float(bernoulli_nll(images, logits)), float(gaussian_kl(q.mean, q.logvar))
    reconstruction, kl = (float(v) for v in sums / batches)
    return {"reconstruction": reconstruction, "kl": kl, "elbo": -reconstruction - kl}
