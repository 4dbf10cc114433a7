"""Terms of the objectives, in nats per image.

Every function reduces over negative axes, the last ones of a batch of images [..., b, h, w, c] or codes [..., b, d],
and returns the mean over the batch [...]: models trained side by side need no other code.
"""

from dlnb.backend import tf


def bernoulli_nll(images, logits):
    """-log p(x | z) of Bernoulli pixels, summed over pixels and channels: [..., b, h, w, c] -> [...].

    Pixels between 0 and 1 are taken as they are, as in the study (paper section 4; the original code's default).
    """
    per_pixel = tf.nn.sigmoid_cross_entropy_with_logits(labels=images, logits=logits)
    return tf.reduce_mean(tf.reduce_sum(per_pixel, axis=(-3, -2, -1)), axis=-1)


def gaussian_kl(mean, logvar):
    """KL(N(mean, exp(logvar)) || N(0, I)), summed over latents: [..., b, d] -> [...]."""
    per_latent = 0.5 * (tf.square(mean) + tf.exp(logvar) - logvar - 1.0)
    return tf.reduce_mean(tf.reduce_sum(per_latent, axis=-1), axis=-1)
