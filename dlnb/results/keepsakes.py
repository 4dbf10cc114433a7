"""The few trained models of a study whose weights are committed, and some of their reconstructions.

``tables/STUDY/models/DATA_SET.npz`` is a model with weights as float16 (``models.Model.load``);
``DATA_SET.images.npz`` holds its reconstructions of random images. ``benchmarks/keepsakes.py`` writes both.
``DATA_SET.codes.npz``, of ``benchmarks/board.py``, has its codes of a few images and what its latents tell of factors.
The same of the model with the highest DCI score is in ``DATA_SET.best.codes.npz`` and ``DATA_SET.best.decoder.npz``,
without its encoder.
"""

from pathlib import Path

import numpy as np

from dlnb import checks, registry, storage
from dlnb.results.table import home
from dlnb.study import Cell

FIGURE_7 = {  # the method that the paper shows for each data set
    "dsprites": "dip_vae_i",
    "color_dsprites": "factor_vae",
    "noisy_dsprites": "beta_vae",
    "scream_dsprites": "factor_vae",
    "smallnorb": "beta_tc_vae",
    "cars3d": "dip_vae_ii",
    "shapes3d": "annealed_vae",
}

KIND = "reconstructions"
CODES = "codes of a kept model"
DECODER = "decoder of a trained model"
BEST = ".best"  # in names of kept models: the one of the data set with the highest DCI score
MODEL = "trained model"  # models.model.KIND, which cannot be imported without TensorFlow


def _folder(study: str, tables) -> Path:
    return home(registry.name_of(study, "study", ()), tables) / "models"


def save(study: str, cell: Cell, images, reconstructions, tables=None) -> Path:
    """Write images [n, h, w, c] in [0, 1] and their reconstructions by the model of a cell, as bytes; the path.

    Raises ValueError for images of different shapes, or with values that are not finite.
    """
    checks.instance(cell, Cell, "cell", "a Cell such as study.cells() lists")
    path = _folder(study, tables) / f"{cell.data_set}.images.npz"
    both = {"images": images, "reconstructions": reconstructions}
    images, reconstructions = (checks.finite(each, what, "[n, h, w, c]", 4) for what, each in both.items())
    if images.shape != reconstructions.shape:
        raise ValueError(f"images {images.shape} and reconstructions {reconstructions.shape} have different shapes")
    pairs = np.stack([images, reconstructions], axis=1)  # [n, 2, h, w, c]
    pairs = np.round(255 * np.clip(pairs, 0, 1)).astype(np.uint8)
    storage.save(path, {"kind": KIND, "study": study, "cell": str(cell)}, {"pairs": pairs})
    return path


def reconstructions(study: str, tables=None) -> dict[str, np.ndarray]:
    """Pairs of images and their reconstructions float [n, 2, h, w, c] in [0, 1], by data set in the paper's order.

    Raises ValueError if there are none, and, naming the file, if one is damaged.
    """
    paths = {name: _folder(study, tables) / f"{name}.images.npz" for name in FIGURE_7}
    found = {name: _pairs(path) for name, path in paths.items() if path.exists()}
    if not found:
        raise ValueError(f"no reconstructions of the study {study} are kept in {_folder(study, tables)}")
    return found


def _pairs(path: Path) -> np.ndarray:
    pairs = storage.load(path, KIND)[1].get("pairs", np.empty(0))
    if pairs.dtype != np.uint8 or pairs.ndim != 5 or pairs.shape[1] != 2:
        raise storage.damaged(path, KIND, "it holds no pairs of images")
    return pairs / 255


def names(study: str, tables=None) -> list[str]:
    """The names of the kept models: those of data sets, and with BEST behind it that of the best model of one."""
    both = [name + end for name in FIGURE_7 for end in ("", BEST)]
    return [name for name in both if (_folder(study, tables) / f"{name}.codes.npz").exists()]


def save_codes(study: str, name: str, codes, kl, shares, factors, tables=None) -> Path:
    """Write what is shown beside the decoder of a kept model; the path.

    - ``codes`` [n, d]: mean codes of some random images; ``kl`` [d]: mean KL divergence of each latent, in nats.
    - ``shares`` [d, k]: what latents tell of each of the ``factors``, as shares of the factor's entropy.
    """
    path = _folder(study, tables) / f"{name}.codes.npz"
    arrays = {"codes": checks.finite(codes, "codes", "[n, d]", 2), "kl": checks.finite(kl, "kl", "[d]", 1)}
    arrays["shares"] = checks.finite(shares, "shares", "[d, k]", 2)
    if arrays["shares"].shape != (arrays["codes"].shape[1], len(factors)) or len(arrays["kl"]) != len(arrays["shares"]):
        raise ValueError(f"{codes.shape} codes, {kl.shape} divergences and {shares.shape} shares do not fit {factors}")
    about = {"kind": CODES, "study": study, "data_set": name.removesuffix(BEST), "factors": list(factors)}
    storage.save(path, about, {name: values.astype(np.float32) for name, values in arrays.items()})
    return path


def codes(study: str, name: str, tables=None) -> tuple[dict, dict[str, np.ndarray]]:
    """What ``save_codes`` wrote: ({"factors": names, ...}, {"codes", "kl", "shares"}). Raises ValueError if damaged."""
    path = _folder(study, tables) / f"{name}.codes.npz"
    about, arrays = storage.load(path, CODES)
    if missing := {"codes", "kl", "shares"} - arrays.keys() or {"factors"} - about.keys():
        raise storage.damaged(path, CODES, f"it lacks {min(missing)}")
    return about, arrays


def save_decoder(study: str, name: str, about: dict, weights: list[np.ndarray], tables=None) -> Path:
    """Write the weights of a decoder as float16, kernel and bias of each layer, and how it was made; the path."""
    path = _folder(study, tables) / f"{name}.decoder.npz"
    arrays = {f"decoder/{i}": values.astype(np.float16) for i, values in enumerate(weights)}
    storage.save(path, about | {"kind": DECODER}, arrays)
    return path


def decoder(study: str, name: str, tables=None) -> tuple[dict, list[np.ndarray]]:
    """How a kept model was made, and the weights of its decoder: kernel and bias of each layer, float16."""
    whole, alone = (_folder(study, tables) / f"{name}{end}" for end in (".npz", ".decoder.npz"))
    about, arrays = storage.load(alone, DECODER) if alone.exists() else storage.load(whole, MODEL)
    count = sum(name.startswith("decoder/") for name in arrays)
    return about, [arrays[f"decoder/{i}"] for i in range(count)]
