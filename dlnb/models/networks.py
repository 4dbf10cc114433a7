"""The networks of the study (paper Table 2) for square images of 32, 64 or 128 pixels.

Glorot-uniform weights and zero biases, "same" padding, channels last. Table 2 gives 4x4 kernels for every convolution;
the code behind the published results uses 2x2 in the last two of the encoder, which is our default. The table is for 64
pixels: at 32 both networks omit the stage at the highest resolution, at 128 they have it twice. All three functions
raise ValueError for another image shape, numbers that are not whole and positive, and a missing ``rng``.

``precision`` is that of the arithmetic: with "bfloat16" weights stay float32 and the layers compute in bfloat16, which
is faster only on hardware that supports it (recent GPUs, CPUs with AMX or AVX-512 BF16) and far slower elsewhere.
"""

from dlnb import checks
from dlnb.models.backend import keras

KERNELS = {"code": 2, "paper": 4}
PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}  # Keras's names for them
SIZES = {32: 3, 64: 4, 128: 5}  # stages that halve the image, down to 4 x 4


def _stages(image_shape) -> int:
    if not isinstance(image_shape, (tuple, list)) or len(image_shape) != 3:
        raise ValueError(f"an image shape must be (height, width, channels), not {checks.shown(image_shape)}")
    height, width, _ = (checks.whole(n, w) for n, w in zip(image_shape, ("height", "width", "channels"), strict=True))
    if height != width or height not in SIZES:
        raise ValueError(f"images must be square with a side of {', '.join(map(str, SIZES))}, not {height} x {width}")
    return SIZES[height]


def _layers(rng, precision: str):
    """``layer(kind, ...)`` makes a layer of that precision, with weights initialized from a seed that ``rng`` draws."""
    dtype = checks.choose(PRECISIONS, precision, "precision")
    checks.generator(rng, "a network draws its weights and")

    def layer(kind, *arguments, activation="relu", **options):
        if kind in (keras.layers.Flatten, keras.layers.Reshape):  # no weights, but they would cast to float32
            return kind(*arguments, dtype=dtype)
        initializer = keras.initializers.GlorotUniform(int(rng.integers(2**31)))
        return kind(*arguments, activation=activation, kernel_initializer=initializer, dtype=dtype, **options)

    return layer


def encoder(image_shape, latents: int, rng, *, kernels: str = "code", precision: str = "float32"):
    """Images [b, h, w, c] -> (mean, logvar), each [b, latents]; ``rng`` draws the seeds of the initial weights."""
    layer, latents = _layers(rng, precision), checks.whole(latents, "latents")
    last = checks.choose(KERNELS, kernels, "kernels")
    channels = [32] * (_stages(image_shape) - 2) + [64, 64]
    sizes = [4] * (len(channels) - 2) + [last, last]
    x = images = keras.Input(tuple(image_shape))
    for filters, size in zip(channels, sizes, strict=True):
        x = layer(keras.layers.Conv2D, filters, size, strides=2, padding="same")(x)
    x = layer(keras.layers.Dense, 256)(layer(keras.layers.Flatten)(x))  # [b, 1024] -> [b, 256]
    heads = [layer(keras.layers.Dense, latents, activation=None, name=n)(x) for n in ("mean", "logvar")]
    return keras.Model(images, heads, name="encoder")


def decoder(image_shape, latents: int, rng, *, precision: str = "float32"):
    """Codes [b, latents] -> logits of the pixels [b, h, w, c]; ``rng`` draws the seeds of the initial weights."""
    layer, latents = _layers(rng, precision), checks.whole(latents, "latents")
    z = keras.Input((latents,))
    x = layer(keras.layers.Dense, 256)(z)
    x = layer(keras.layers.Dense, 1024)(x)
    x = layer(keras.layers.Reshape, (4, 4, 64))(x)
    for filters in [64] + [32] * (_stages(image_shape) - 2):
        x = layer(keras.layers.Conv2DTranspose, filters, 4, strides=2, padding="same")(x)
    last = layer(keras.layers.Conv2DTranspose, image_shape[-1], 4, strides=2, padding="same", activation=None)
    return keras.Model(z, last(x), name="decoder")


def critic(latents: int, rng, *, width: int = 1000, precision: str = "float32"):
    """Codes [b, latents] -> logits [b, 2]: as drawn, shuffled (paper Table 4b: six layers of 1000, leaky ReLU 0.2)."""
    layer, latents, width = _layers(rng, precision), checks.whole(latents, "latents"), checks.whole(width, "width")
    x = z = keras.Input((latents,))
    for _ in range(6):
        x = layer(keras.layers.Dense, width, activation="leaky_relu")(x)  # Keras's default slope is 0.2 too
    return keras.Model(z, layer(keras.layers.Dense, 2, activation=None)(x), name="critic")
