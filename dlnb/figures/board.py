"""The decoders of kept models as scripts for the explorable "latent-board", with weights of a byte each.

A script sets dlnb.data["latent-board.MODEL"] to what ``contents`` returns, the bytes in base64. The book's build
writes one for each kept model.
"""

import base64
import json
from pathlib import Path

import numpy as np

from dlnb import storage
from dlnb.figures.looks import named
from dlnb.results import keepsakes

NAME = "latent-board"
STUDY = "short"


def contents(name: str, study: str = STUDY) -> dict:
    """A kept model for the script, as ``described`` returns it."""
    about, weights = keepsakes.decoder(study, name)
    told, beside = keepsakes.codes(study, name)
    return described(about["name"], about["image_shape"], weights, told["factors"], **beside)


def described(model: str, image_shape, weights: list[np.ndarray], factors, *, codes, kl, shares) -> dict:
    """A model for the script: its name, image ``shape``, ``layers``, ``weights``, ``codes``, ``kl`` and ``shares``.

    ``weights`` of the decoder, kernel and bias of each layer, become int8 of all layers, one after the other, as bytes
    in base64; each of ``layers`` has their ``shape``, a ``scale`` for each output and the ``bias``. Kernels of dense
    layers are [inputs, outputs], those of transposed convolutions [4, 4, inputs, outputs], where Keras has
    [4, 4, outputs, inputs]. ``codes`` [n, d], ``kl`` [d] and ``shares`` [d, k] are as in ``keepsakes.save_codes``.
    """
    layers, parts = [], []
    for kernel, bias in zip(weights[::2], weights[1::2], strict=True):
        kernel = kernel.astype(float)
        bytes_, scale = storage.quantized(kernel.swapaxes(2, 3) if kernel.ndim == 4 else kernel)
        parts.append(bytes_.tobytes())
        shown = {"scale": scale, "bias": bias.astype(float)}
        layers.append({"shape": list(bytes_.shape)} | {part: _short(values, 6) for part, values in shown.items()})
    return {
        "model": model,
        "shape": list(image_shape),
        "factors": [factor.replace("_", " ") for factor in factors],
        "layers": layers,
        "weights": base64.b64encode(b"".join(parts)).decode(),
        **{part: _short(values, 3) for part, values in {"codes": codes, "kl": kl, "shares": shares}.items()},
    }


def _short(values: np.ndarray, digits: int) -> list:
    return np.vectorize(lambda value: float(f"{value:.{digits}g}"), otypes=[float])(values).tolist()


def names(study: str = STUDY) -> dict[str, str]:
    """What the kept models are called, in the paper's order of their data sets."""
    kinds = {True: "the best model", False: "a middle one"}
    sets = {name: named(name.removesuffix(keepsakes.BEST)) for name in keepsakes.names(study)}
    return {name: f"{of}: {kinds[name.endswith(keepsakes.BEST)]}" for name, of in sets.items()}


def write(folder: Path, study: str = STUDY) -> list[Path]:
    """Write the script of every kept model to a folder; the paths."""
    paths = []
    for name in names(study):
        path = Path(folder) / f"{NAME}.{name}.data.js"
        text = json.dumps(contents(name, study), separators=(",", ":"))
        path.write_text(f'dlnb.data["{NAME}.{name}"] = {text};\n')
        paths.append(path)
    return paths
