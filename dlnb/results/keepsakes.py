"""The few trained models of a study whose weights are committed, and some of their reconstructions.

``tables/STUDY/models/DATA_SET.npz`` is a model with weights as float16 (``models.Model.load``);
``DATA_SET.images.npz`` holds its reconstructions of random images. ``benchmarks/keepsakes.py`` writes both.
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
