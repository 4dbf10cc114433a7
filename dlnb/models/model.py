"""A trained model: its networks, its losses during training and what it was trained on, saved in one plain file."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from dlnb import checks, storage
from dlnb.data import DataSet
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
      float32 [steps], in nats per image; empty if it was saved as bytes, as the models beside the tables are.
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
        """The protocol with which it was trained. Raises ValueError if ``about`` does not tell its ``steps``."""
        if "steps" not in self.about:
            raise ValueError("about does not say for how many steps this model was trained")
        return Training(**{name: self.about[name] for name in PROTOCOL if name in self.about})

    @property
    def latents(self) -> int:
        """The number of latents, d."""
        return self.decoder.input_shape[-1]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the images that the model encodes and decodes."""
        return tuple(self.encoder.input_shape[1:])

    def save(self, path, weights: str = "float32") -> None:
        """Write the model to ``path`` as one .npz of about 2.8 MB; an interrupted write leaves no partial file.

        ``weights``: "float32"; "float16" for half of the bytes; "int8" for a quarter at most, with kernels of a byte
        a weight, a scale for each output, and no losses. Both are enough for figures; int8 moves a score by up to a
        hundredth. Raises ValueError for another one.
        """
        path, store = checks.path(path), checks.choose(STORED, weights, "kind of weights")
        small = weights == "int8"
        parts = {"encoder": self.encoder, "decoder": self.decoder}
        named = {f"{n}/{i}": w for n, net in parts.items() for i, w in enumerate(net.get_weights())}
        weights = {key: values for name, w in named.items() for key, values in store(name, w).items()}
        history = {f"history/{name}": values for name, values in ({} if small else self.history).items()}
        last = [layer for layer in self.encoder.layers if isinstance(layer, keras.layers.Conv2D)][-1]
        kernels = "paper" if last.kernel_size == (4, 4) else "code"
        shape = {"image_shape": list(self.image_shape), "latents": self.latents, "kernels": kernels}
        storage.save(path, {"kind": KIND} | shape | self.about, weights | history, packed=small)

    @classmethod
    def load(cls, path, data_set=None, latents: int | None = None) -> "Model":
        """The Model that ``save`` wrote to ``path``, with its ``history`` and ``about``.

        Raises ValueError if the file is something else or damaged (losses of another number of updates or weights that
        are not finite, too), and, where they are given, if the model was
        trained on another ``data_set`` (name, source, factors or image shape) or has another number of ``latents``.
        """
        path = checks.path(path)
        about, arrays = storage.load(path, KIND)
        if data_set is not None:
            checks.instance(data_set, DataSet, "data_set", "a DataSet such as data.load returns")
            _same_data(path, about, data_set)
        if latents is not None and latents != about.get("latents"):
            raise ValueError(f"{path} has {about.get('latents')} latents, not {latents!r}")
        history = {name.removeprefix("history/"): v for name, v in arrays.items() if name.startswith("history/")}
        try:
            _check_history(history, about)
            encoder, decoder = (_network(name, about, arrays) for name in ("encoder", "decoder"))
        except (KeyError, TypeError, IndexError, ValueError) as error:
            raise storage.damaged(path, KIND, error) from error
        return cls(encoder, decoder, history, about)


def _by_bytes(name: str, weight: np.ndarray) -> dict[str, np.ndarray]:
    """A bias as float32; a kernel as int8, with its scales under a name of their own."""
    if weight.ndim < 2:
        return {name: weight.astype(np.float32)}
    kernel, scale = storage.quantized(weight)
    return {name: kernel, f"scale/{name}": scale.astype(np.float32)}


STORED = {  # the arrays of a file for a weight, by the kind of weights
    "float32": lambda name, weight: {name: weight.astype(np.float32)},
    "float16": lambda name, weight: {name: weight.astype(np.float16)},
    "int8": _by_bytes,
}


def _weight(name: str, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """The finite weight of that name in a file; raises ValueError for bytes without their scales."""
    weight = arrays[name]
    if weight.dtype == np.int8:
        scale = arrays[f"scale/{name}"]
        if scale.shape != weight.shape[-1:]:
            raise ValueError(f"{name} {weight.shape} has scales {scale.shape}")
        weight = weight * scale
    return checks.finite(weight, name)


def _check_history(history: dict[str, np.ndarray], about: dict) -> None:
    """Raise ValueError unless every loss has a finite value for each update."""
    shapes = {values.shape for values in history.values()}
    if len(shapes) > 1 or ("steps" in about and shapes - {(about["steps"],)}):
        raise ValueError(f"its losses are {sorted(shapes)}, of {about.get('steps', 'one number of')} updates")
    for name, values in history.items():
        checks.finite(values, name)


def _network(name: str, about: dict, arrays: dict[str, np.ndarray]) -> keras.Model:
    """The encoder or decoder that ``about`` describes, with the weights of the file."""
    shape, latents = tuple(about["image_shape"]), about["latents"]
    # Compared first: a network is as large as these numbers say.
    of_weights = len(arrays["decoder/0"]), arrays["encoder/0"].shape[2]
    if (latents, *shape[2:]) != of_weights:
        raise ValueError(f"it has {latents} latents and images {shape}, but its weights {of_weights}")
    rng = np.random.default_rng(0)  # the weights are replaced
    if name == "encoder":
        network = networks.encoder(shape, latents, rng, kernels=about["kernels"])
    else:
        network = networks.decoder(shape, latents, rng)
    count = sum(each.startswith(f"{name}/") for each in arrays)
    weights = [_weight(f"{name}/{i}", arrays) for i in range(count)]
    if [w.shape for w in weights] != [w.shape for w in network.get_weights()]:
        raise ValueError(f"the weights of its {name} have other shapes")
    network.set_weights(weights)
    return network


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
    return codes.astype(np.float32, copy=False)
