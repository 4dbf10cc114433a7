"""The few trained models of a study whose weights are committed, and some of their reconstructions.

``tables/STUDY/models/DATA_SET.npz`` is a model with weights as float16 (``models.Model.load``);
``DATA_SET.images.npz`` holds its reconstructions of random images. ``benchmarks/keepsakes.py`` writes both.
"""

from pathlib import Path

import numpy as np

from dlnb import storage
from dlnb.results.table import TABLES
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
    return Path(tables or TABLES) / study / "models"


def save(study: str, cell: Cell, images, reconstructions, tables=None) -> Path:
    """Write images [n, h, w, c] in [0, 1] and their reconstructions by the model of a cell, as bytes; the path."""
    path = _folder(study, tables) / f"{cell.data_set}.images.npz"
    pairs = np.stack([images, reconstructions], axis=1)  # [n, 2, h, w, c]
    pairs = np.round(255 * np.clip(pairs, 0, 1)).astype(np.uint8)
    storage.save(path, {"kind": KIND, "study": study, "cell": str(cell)}, {"pairs": pairs})
    return path


def reconstructions(study: str, tables=None) -> dict[str, np.ndarray]:
    """Pairs of images and their reconstructions float [n, 2, h, w, c] in [0, 1], by data set in the paper's order.

    Raises ValueError if there are none.
    """
    paths = {name: _folder(study, tables) / f"{name}.images.npz" for name in FIGURE_7}
    found = {name: storage.load(path, KIND)[1]["pairs"] / 255 for name, path in paths.items() if path.exists()}
    if not found:
        raise ValueError(f"no reconstructions of the study {study} are kept in {_folder(study, tables)}")
    return found
