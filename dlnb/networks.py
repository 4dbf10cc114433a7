"""The networks of the study (paper Table 2) for square images of 32, 64 or 128 pixels.

Glorot-uniform weights and zero biases, "same" padding, channels last. Table 2 prints 4x4 kernels for every convolution;
the code behind the published results uses 2x2 in the last two of the encoder, which is our default. The table is for 64
pixels: at 32 the stage at the highest resolution is left out of both networks, at 128 it is there twice.
"""

from dlnb import checks
from dlnb.backend import keras

KERNELS = {"code": 2, "paper": 4}
SIZES = {32: 3, 64: 4, 128: 5}  # stages that halve the image, down to 4 x 4


def _stages(image_shape) -> int:
    height, width, _ = image_shape
    if height != width or height not in SIZES:
        raise ValueError(f"images must be square with a side of {', '.join(map(str, SIZES))}, not {height} x {width}")
    return SIZES[height]


def _layer(kind, *arguments, rng, activation="relu", **options):
    initializer = keras.initializers.GlorotUniform(int(rng.integers(2**31)))
    return kind(*arguments, activation=activation, kernel_initializer=initializer, **options)


def encoder(image_shape, latents: int, rng, *, kernels: str = "code"):
    """Images [b, h, w, c] -> (mean, logvar), each [b, latents]; ``rng`` draws the seeds of the layers."""
    last = checks.choose(KERNELS, kernels, "kernels")
    channels = [32] * (_stages(image_shape) - 2) + [64, 64]
    sizes = [4] * (len(channels) - 2) + [last, last]
    x = images = keras.Input(image_shape)
    for filters, size in zip(channels, sizes, strict=True):
        x = _layer(keras.layers.Conv2D, filters, size, rng=rng, strides=2, padding="same")(x)
    x = _layer(keras.layers.Dense, 256, rng=rng)(keras.layers.Flatten()(x))  # [b, 1024] -> [b, 256]
    heads = [_layer(keras.layers.Dense, latents, rng=rng, activation=None, name=n)(x) for n in ("mean", "logvar")]
    return keras.Model(images, heads, name="encoder")


def decoder(image_shape, latents: int, rng):
    """Codes [b, latents] -> logits of the pixels [b, h, w, c]; ``rng`` draws the seeds of the layers."""
    z = keras.Input((latents,))
    x = _layer(keras.layers.Dense, 256, rng=rng)(z)
    x = _layer(keras.layers.Dense, 1024, rng=rng)(x)
    x = keras.layers.Reshape((4, 4, 64))(x)
    for filters in [64] + [32] * (_stages(image_shape) - 2):
        x = _layer(keras.layers.Conv2DTranspose, filters, 4, rng=rng, strides=2, padding="same")(x)
    logits = _layer(
        keras.layers.Conv2DTranspose, image_shape[-1], 4, rng=rng, strides=2, padding="same", activation=None
    )(x)
    return keras.Model(z, logits, name="decoder")
