"""Terms of the objectives, in nats per image.

Every function reduces the last axes of a batch of images [..., b, h, w, c] or codes [..., b, d] and returns the mean
over the batch [...], so that models stacked along leading axes need no other code. Arguments are arrays or tensors of
one float dtype and one shape, where broadcasting would hide a mistake; ValueError if they are not. Their values are not
looked at, since these functions are traced: nan gives nan, and training checks every loss.
"""

import math
from numbers import Real

from dlnb import checks
from dlnb.models.backend import tf

LOG_2_PI = math.log(2 * math.pi)


def _batches(form: str, axes: int, **values) -> list:
    """``values`` as float tensors of one dtype and shape, with at least ``axes`` axes, none of them empty."""
    found = {}
    for name, value in values.items():
        try:
            found[name] = tf.convert_to_tensor(value)
        except Exception as error:  # TensorFlow's and other libraries' own kinds
            raise ValueError(f"{name} must be floats {form}, not {checks.shown(value)}") from error
    first, *others = found.values()
    for name, tensor in found.items():
        if not tensor.dtype.is_floating:
            raise ValueError(f"{name} must be floats {form}, not {tensor.dtype.name}")
        if tensor.shape.rank is not None and (tensor.shape.rank < axes or 0 in tensor.shape.as_list()):
            raise ValueError(f"{name} must be {form} and not empty, not of shape {tuple(tensor.shape)}")
    if any(other.dtype != first.dtype or not first.shape.is_compatible_with(other.shape) for other in others):
        given = ", ".join(f"{name} {tensor.dtype.name} {tuple(tensor.shape)}" for name, tensor in found.items())
        raise ValueError(f"{' and '.join(found)} must have one dtype and one shape {form}, not {given}")
    return list(found.values())


def bernoulli_nll(images, logits):
    """-log p(x | z) of Bernoulli pixels, summed over pixels and channels: [..., b, h, w, c] -> [...].

    Pixels between 0 and 1 are used as they are, as in the study (paper section 4; the original code's default).
    """
    images, logits = _batches("[..., b, h, w, c]", 4, images=images, logits=logits)
    per_pixel = tf.nn.sigmoid_cross_entropy_with_logits(labels=images, logits=logits)
    return tf.reduce_mean(tf.reduce_sum(per_pixel, axis=(-3, -2, -1)), axis=-1)


def gaussian_kl(mean, logvar):
    """KL(N(mean, exp(logvar)) || N(0, I)), summed over latents: [..., b, d] -> [...]."""
    mean, logvar = _batches("[..., b, d]", 2, mean=mean, logvar=logvar)
    per_latent = 0.5 * (tf.square(mean) + tf.exp(logvar) - logvar - 1.0)
    return tf.reduce_mean(tf.reduce_sum(per_latent, axis=-1), axis=-1)


def minibatch_total_correlation(z, mean, logvar):
    """Total correlation of the aggregated posterior, estimated within a batch of codes [..., b, d] -> [...].

    The mean over j of log q(z_j) - sum over latents of log q(z_jl), where q is the sum of the batch's posteriors. As in
    the original code, q is not divided by the number of images (paper Appendix B, beta-TCVAE): for codes of little
    information the value is (d - 1) log b too low, and often negative. Codes of more than log b nats are each explained
    by their own posterior alone, and the estimate grows with information as well as with dependence.
    """
    z, mean, logvar = _batches("[..., b, d]", 2, z=z, mean=mean, logvar=logvar)
    z = tf.expand_dims(z, -2)
    mean, logvar = (tf.expand_dims(v, -3) for v in (mean, logvar))
    # log N(z_jl; mean_il, exp(logvar_il)) for all pairs: [..., j, i, l]
    pairs = -0.5 * (tf.square(z - mean) * tf.exp(-logvar) + logvar + LOG_2_PI)
    joint = tf.reduce_logsumexp(tf.reduce_sum(pairs, axis=-1), axis=-1)
    product = tf.reduce_sum(tf.reduce_logsumexp(pairs, axis=-2), axis=-1)
    return tf.reduce_mean(joint - product, axis=-1)


def covariance(x):
    """Covariance of the columns over a batch, divided by its size b, not b - 1: [..., b, d] -> [..., d, d]."""
    (x,) = _batches("[..., b, d]", 2, x=x)
    centred = x - tf.reduce_mean(x, axis=-2, keepdims=True)
    count = tf.cast(tf.shape(x)[-2], x.dtype)
    return tf.matmul(centred, centred, transpose_a=True) / count


def dip_penalty(cov, off_diagonal, diagonal):
    """Squared distance of a covariance [..., d, d] from the identity, weighted off the diagonal and on it: [...].

    Each pair of latents counts twice (paper Appendix B, DIP-VAE).
    """
    (cov,) = _batches("[..., d, d]", 2, cov=cov)
    if cov.shape.rank is not None and not cov.shape[-1:].is_compatible_with(cov.shape[-2:-1]):
        raise ValueError(f"cov must be square [..., d, d], not of shape {tuple(cov.shape)}")
    for name, weight in {"off_diagonal": off_diagonal, "diagonal": diagonal}.items():
        if not tf.is_tensor(weight) and not isinstance(weight, Real):
            raise ValueError(f"{name} must be a number, not {checks.shown(weight)}")
    variances = tf.linalg.diag_part(cov)
    off = tf.square(cov - tf.linalg.diag(variances))
    on = tf.reduce_sum(tf.square(variances - 1.0), axis=-1)
    return off_diagonal * tf.reduce_sum(off, axis=(-2, -1)) + diagonal * on


def _pairs(**logits) -> list:
    """``_batches`` of the critic's logits, which have two columns."""
    found = _batches("[..., b, 2]", 2, **logits)
    if found[0].shape.rank is not None and found[0].shape[-1] not in (2, None):
        raise ValueError(f"{next(iter(logits))} must be [..., b, 2], not of shape {tuple(found[0].shape)}")
    return found


def critic_total_correlation(logits):
    """Total correlation estimated by a critic: its mean log odds that codes are not shuffled, [..., b, 2] -> [...].

    Column 0 of ``logits`` stands for codes as drawn, column 1 for codes whose latents were shuffled over the batch
    (paper Appendix B, FactorVAE). May be negative.
    """
    (logits,) = _pairs(logits=logits)
    return tf.reduce_mean(logits[..., 0] - logits[..., 1], axis=-1)


def critic_loss(joint_logits, product_logits):
    """Cross-entropy of the critic, mean over codes and shuffled codes: [..., b, 2] and [..., b, 2] -> [...]."""
    joint_logits, product_logits = _pairs(joint_logits=joint_logits, product_logits=product_logits)
    joint = tf.nn.log_softmax(joint_logits)
    product = tf.nn.log_softmax(product_logits)
    return -0.5 * tf.reduce_mean(joint[..., 0] + product[..., 1], axis=-1)
