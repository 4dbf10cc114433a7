"""A trained model: its networks, its losses during training and what it was trained on, saved in one plain file."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from dlnb import checks, storage
from dlnb.data.images import valid_images
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

    Raises ValueError for networks that are no Keras models.
    """

    encoder: keras.Model  # images [b, h, w, c] -> mean, logvar [b, d]
    decoder: keras.Model  # codes [b, d] -> logits [b, h, w, c]
    history: dict[str, np.ndarray]
    about: dict = field(default_factory=dict)

    def __post_init__(self):
        for name in ("encoder", "decoder"):
            checks.instance(getattr(self, name), keras.Model, name, f"a Keras model, see models.networks.{name}")
        for name in ("history", "about"):
            checks.instance(getattr(self, name), Mapping, name, "a dict")

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
    """``images`` as float32 [n, h, w, c], if they are images (``valid_images``) of the model's shape, n above 0."""
    return valid_images(images, shape=model_of(model).image_shape, least=1)


def model_of(model) -> Model:
    """``model``, if it is one."""
    return checks.instance(model, Model, "model", "a Model as models.train returns it")


def codes_of(model: Model, codes) -> np.ndarray:
    """``codes`` as finite float32 [n, d] with the model's number of latents."""
    latents, codes = model_of(model).latents, checks.codes(codes)
    if codes.shape[1] != latents:
        raise ValueError(f"this model has {latents} latents: codes must be [n, {latents}], not {codes.shape}")
    with np.errstate(over="ignore"):
        found = codes.astype(np.float32, copy=False)
    return checks.finite(found, "codes in 32 bits")
