"""A trained model: its networks, its losses during training and what it was trained on, saved in one plain file."""

from dataclasses import dataclass, field

import numpy as np

from dlnb import checks, storage
from dlnb.models import networks
from dlnb.models.backend import keras
from dlnb.study import PROTOCOL, Training

KIND = "trained model"


@dataclass(frozen=True)
class Model:
    """A trained VAE, as ``train`` returns it.

    - ``encoder``, ``decoder``: Keras models.
    - ``history``: the losses "reconstruction", "kl" and "regularizer" (and "critic" if the method trains one), each
      float32 [steps], in nats per image.
    - ``about``: how the model was trained: name, data set with source and factors, method with hyperparameters, seed,
      protocol, seconds of training (interruptions excluded), and versions of libraries.
    """

    encoder: keras.Model  # images [b, h, w, c] -> mean, logvar [b, d]
    decoder: keras.Model  # codes [b, d] -> logits [b, h, w, c]
    history: dict[str, np.ndarray]
    about: dict = field(default_factory=dict)

    @property
    def training(self) -> Training:
        """The protocol with which it was trained."""
        return Training(**{name: self.about[name] for name in PROTOCOL if name in self.about})

    @property
    def latents(self) -> int:
        """The number of latents, d."""
        return self.decoder.input_shape[-1]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the images that the model encodes and decodes."""
        return tuple(self.encoder.input_shape[1:])

    def save(self, path, half: bool = False) -> None:
        """Write the model to ``path`` as one .npz of about 2.8 MB; an interrupted write leaves no partial file.

        ``half`` stores the weights as float16, which is enough for figures but not for scores.
        """
        parts, kind = {"encoder": self.encoder, "decoder": self.decoder}, np.float16 if half else np.float32
        weights = {f"{n}/{i}": w.astype(kind) for n, net in parts.items() for i, w in enumerate(net.get_weights())}
        history = {f"history/{name}": values for name, values in self.history.items()}
        shape = {"image_shape": list(self.image_shape), "latents": self.latents, "kernels": "code"}
        storage.save(path, {"kind": KIND} | shape | self.about, weights | history)

    @classmethod
    def load(cls, path, data_set=None, latents: int | None = None) -> "Model":
        """The Model that ``save`` wrote to ``path``, with its ``history`` and ``about``.

        Raises ValueError if the file is something else or damaged, and, where they are given, if the model was
        trained on another ``data_set`` (name, source, factors or image shape) or has another number of ``latents``.
        """
        about, arrays = storage.load(path, KIND)
        if data_set is not None:
            _same_data(path, about, data_set)
        if latents is not None and latents != about["latents"]:
            raise ValueError(f"{path} has {about['latents']} latents, not {latents!r}")
        rng, shape = np.random.default_rng(0), tuple(about["image_shape"])  # the weights are replaced below
        encoder = networks.encoder(shape, about["latents"], rng, kernels=about["kernels"])
        decoder = networks.decoder(shape, about["latents"], rng)
        for name, network in (("encoder", encoder), ("decoder", decoder)):
            network.set_weights([arrays[f"{name}/{i}"] for i in range(len(network.weights))])
        history = {name.removeprefix("history/"): v for name, v in arrays.items() if name.startswith("history/")}
        return cls(encoder, decoder, history, about)


def _same_data(path, about: dict, data_set) -> None:
    given = described(data_set)
    for what, value in given.items():
        if about.get(what) != value:
            raise ValueError(f"{path} was trained on {what} {about.get(what)!r}, not {value!r}")


def described(data_set) -> dict:
    """The properties of a data set that a model depends on, as plain JSON."""
    return {
        "data_set": data_set.name,
        "source": data_set.source,
        "image_shape": list(data_set.image_shape),
        "sizes": dict(data_set.sizes),
    }


def images_of(model: Model, images) -> np.ndarray:
    """``images`` as an array, if they are finite floats [n, h, w, c] of the model's shape with n above 0."""
    images = np.asarray(images)
    shape, expected = np.shape(images), " x ".join(map(str, model.image_shape))
    if len(shape) != 4 or not shape[0] or tuple(shape[1:]) != model.image_shape:
        raise ValueError(f"images must be [n, height, width, channels] with n above 0 and {expected}, not {shape}")
    # Published photographs that were resized without clipping slightly exceed [0, 1].
    if not np.issubdtype(images.dtype, np.floating) or not (images.min() >= -1 and images.max() <= 2):
        span = f"{images.dtype} from {images.min()} to {images.max()}"
        raise ValueError(f"images must be floats in [0, 1], not {span}: divide bytes by 255")
    return images


def codes_of(model: Model, codes) -> np.ndarray:
    """``codes`` as finite float32 [n, d] with the model's number of latents."""
    codes = checks.codes(codes).astype(np.float32, copy=False)
    if codes.shape[1] != model.latents:
        raise ValueError(
            f"this model has {model.latents} latents: codes must be [n, {model.latents}], not {codes.shape}"
        )
    return codes
