"""What a trained model is used for: codes of images, images of codes, and the ELBO.

The arithmetic is that of training, op determinism included; nothing is learned.
"""

import numpy as np

from dlnb import checks
from dlnb.data.dataset import DataSet
from dlnb.models import devices
from dlnb.models.backend import tf
from dlnb.models.losses import bernoulli_nll, gaussian_kl
from dlnb.models.model import Model, codes_of, images_of, model_of
from dlnb.representation import Representation


@devices.deterministic()
def encode(model: Model, images, batch: int = 500) -> Representation:
    """The codes of images.

    - ``images``: floats [n, h, w, c], or a sample (factors, images) as returned by ``DataSet.sample``.
    - ``batch``: images per call of the encoder, which limits memory.

    Returns a Representation with mean and logvar float32 [n, d] and the factors of the sample, [n, 0] if there are
    none. Raises ValueError for images that are not floats in [0, 1] of the model's shape, by the rule of training
    (``data.images``), for factors that are not one row for each, and for a ``batch`` that is no whole number of at
    least 1; FloatingPointError if codes are not finite.
    """
    factors, images = _sample(images)
    images, batch = images_of(model, images), checks.whole(batch, "batch")
    factors = np.empty((len(images), 0), int) if factors is None else checks.array(factors, "factors", "[n, k]", 2)
    if len(factors) != len(images):
        raise ValueError(f"a sample must have one row of factors for each image, not {len(factors)} for {len(images)}")
    parts = [model.encoder(images[i : i + batch], training=False) for i in range(0, len(images), batch)]
    mean, logvar = (np.concatenate([part[k].numpy() for part in parts]) for k in (0, 1))
    if not (np.isfinite(mean).all() and np.isfinite(logvar).all()):
        raise FloatingPointError("the codes are not finite: are the weights of the model?")
    return Representation(factors, mean, logvar)


def _sample(given):
    """(factors or None, images) of a sample or of images alone."""
    if not isinstance(given, tuple):
        return None, given
    if len(given) != 2:
        raise ValueError(f"a sample must be (factors, images), not {checks.shown(given)}")
    return given


@devices.deterministic()
def decode(model: Model, codes, batch: int = 500) -> np.ndarray:
    """The mean images of codes: float32 [n, h, w, c] in [0, 1].

    - ``codes``: finite numbers [n, d].
    - ``batch``: codes per call of the decoder, which limits memory.

    Raises ValueError for codes that are not finite, not of the model's number of latents, or so large that their images
    are not finite, and for a ``batch`` that is no whole number of at least 1.
    """
    codes, batch = codes_of(model, codes), checks.whole(batch, "batch")
    parts = [tf.sigmoid(model.decoder(codes[i : i + batch])).numpy() for i in range(0, len(codes), batch)]
    images = np.concatenate(parts)
    if not np.isfinite(images).all():
        largest = f"{np.abs(codes).max():.3g}"
        raise ValueError(f"these codes, of up to {largest}, give images that are not finite: give smaller ones")
    return images


def traverse(model: Model, code, values) -> np.ndarray:
    """Images decoded while one latent takes each of ``values`` [v] and the others keep their value in ``code`` [d].

    Returns float32 [d, v, h, w, c], one row per latent. Raises ValueError unless ``code`` is one code of the model and
    ``values`` are finite numbers, at least one.
    """
    code, values = checks.finite(code, "code", "[d]").astype(float), checks.finite(values, "values", "[v]", 1)
    if code.ndim != 1:
        raise ValueError(f"one code [d] can be traversed at a time, not an array of shape {code.shape}")
    if not len(values):
        raise ValueError("values must hold at least one number")
    codes_of(model, code[None])
    grid = np.tile(code, (len(code), len(values), 1))
    latents = np.arange(len(code))
    grid[latents, :, latents] = values
    images = decode(model, grid.reshape(-1, len(code)))
    return images.reshape(len(code), len(values), *images.shape[1:])


@devices.deterministic()
def evaluate(model: Model, data_set: DataSet, rng: np.random.Generator, batches: int = 1000, batch: int = 64) -> dict:
    """{"reconstruction", "kl", "elbo"} in nats per image, means over fresh images of ``data_set``.

    ``rng`` draws ``batches`` times ``batch`` images and one code for each; the study uses 1000 batches of 64. The ELBO
    is -reconstruction - kl. Raises ValueError for fewer than one batch or image, without ``rng``, and for images that
    ``encode`` refuses; FloatingPointError if a mean is not finite.
    """
    model_of(model), checks.instance(data_set, DataSet, "data_set", "a DataSet such as data.load('dsprites')")
    rng, batch, sums = checks.generator(rng, "evaluate"), checks.whole(batch, "batch"), np.zeros(2)
    for _ in range(checks.whole(batches, "batches")):
        images = data_set.sample(batch, rng)[1]
        q = encode(model, images)
        logits = model.decoder(q.draw(rng), training=False)
        sums += float(bernoulli_nll(images, logits)), float(gaussian_kl(q.mean, q.logvar))
    reconstruction, kl = (float(v) for v in sums / batches)
    if not np.isfinite(sums).all():
        raise FloatingPointError(f"not finite: reconstruction {reconstruction}, kl {kl}; are the weights of the model?")
    return {"reconstruction": reconstruction, "kl": kl, "elbo": -reconstruction - kl}
