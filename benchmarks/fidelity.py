"""How much rendered images differ from published ones: ``python benchmarks/fidelity.py FOLDER``.

FOLDER holds samples of published images with their factors: dsprites_frames.npz (``imgs_packed``: rows of packed bits,
``classes``) and shapes3d_images.npz (``imgs``; their factors were found by a search and are listed below). Writes
dlnb/tables/fidelity.csv, which the chapter on data sets reads.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from dlnb import data, results

TABLE = results.TABLES / "fidelity.csv"


def dsprites(folder: Path) -> dict:
    with np.load(folder / "dsprites_frames.npz") as file:
        factors, packed = file["classes"], file["imgs_packed"]
    genuine = np.unpackbits(packed, axis=1).reshape(-1, 64, 64)
    wrong = data.load("dsprites").render(factors)[..., 0] != genuine
    pixels = wrong.sum(axis=(1, 2))
    return {
        "data_set": "dsprites",
        "images": len(genuine),
        "exact": round((pixels == 0).mean(), 4),
        "most_wrong_pixels": int(pixels.max()),
        "mean_absolute_error": round(255 * wrong.mean(), 3),
    }


# Floor, wall and object hue, scale, shape and orientation of the 25 images: those of the closest rendering.
ROOMS = [
    (0, 1, 0, 6, 2, 4), (4, 7, 2, 5, 1, 5), (5, 2, 5, 4, 0, 8), (6, 2, 4, 4, 2, 0), (8, 3, 9, 5, 0, 10),
    (3, 2, 0, 7, 2, 7), (1, 3, 2, 6, 3, 0), (1, 0, 9, 5, 3, 10), (4, 7, 4, 7, 1, 3), (2, 8, 9, 7, 3, 3),
    (5, 5, 7, 2, 1, 6), (0, 9, 8, 0, 1, 2), (0, 2, 0, 2, 0, 14), (0, 1, 5, 2, 0, 0), (0, 9, 5, 1, 2, 2),
    (0, 1, 7, 5, 3, 4), (0, 3, 5, 7, 0, 8), (0, 9, 3, 4, 3, 0), (0, 1, 3, 6, 1, 12), (0, 4, 4, 2, 1, 0),
    (0, 8, 0, 1, 3, 13), (0, 1, 9, 1, 3, 10), (0, 6, 7, 4, 0, 11), (0, 2, 0, 2, 2, 8), (0, 1, 0, 7, 1, 8),
]  # fmt: skip
HELD_OUT = [2, 4, 6, 8, 11, 13, 14, 17, 20, 24]  # not used to fit the constants of dlnb.data.shapes3d


def shapes3d(folder: Path) -> dict:
    with np.load(folder / "shapes3d_images.npz") as file:
        genuine = file["imgs"][HELD_OUT, :63].astype(float)  # the last line of the samples is not reliable
    rendered = data.load("shapes3d").render(np.array(ROOMS)[HELD_OUT])[:, :63]
    error = np.abs(255 * rendered - genuine)
    return {"data_set": "shapes3d", "images": len(genuine), "mean_absolute_error": round(error.mean(), 3)}


def measure(folder: Path) -> pd.DataFrame:
    """One row for each data set; errors on a scale of 0 to 255."""
    return pd.DataFrame([dsprites(folder), shapes3d(folder)]).set_index("data_set")


if __name__ == "__main__":
    table = measure(Path(sys.argv[1]))
    table.to_csv(TABLE)
    print(table)
