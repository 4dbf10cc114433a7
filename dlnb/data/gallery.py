"""Images that are too slow to draw for every batch: drawn on demand at first, then all at once and cached on disk."""

import hashlib
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from threading import Lock

import numpy as np

from dlnb import progress
from dlnb.data import files

FEW = 500  # cells that are drawn on demand before all are drawn


def version(*modules: str) -> str:
    """A hash of the source of imported modules, so that cached images are never used with code that changed since."""
    sources = (Path(sys.modules[name].__file__).read_bytes() for name in modules)
    return hashlib.sha256(b"".join(sources)).hexdigest()[:12]


def gallery(name: str, version: str, grid: tuple[int, ...], shape: tuple[int, ...], draw: Callable) -> Callable:
    """A function ``look(cells int [n, len(grid)], inner=None) -> uint8 [n, *shape]`` that caches ``draw(*cell)``.

    With ``inner`` int [n], it returns one entry of the first axis of each cell's images: [n, *shape[1:]]. ``version``
    must change with everything that determines what is drawn. Drawn on demand or cached, an image has the same bytes.
    ``look`` raises ValueError if ``draw`` returns anything but uint8 of that shape, which NumPy would silently convert.
    It may be called from several threads.
    """
    drawn, table, lock = {}, None, Lock()

    def bytes_of(cell):
        made = np.asarray(draw(*cell))
        if made.dtype != np.uint8 or made.shape != tuple(shape):
            raise ValueError(f"images of {name} must be drawn as uint8 {tuple(shape)}, not {made.dtype} {made.shape}")
        return made

    def fill(array):
        cells = list(product(*map(range, grid)))
        with progress.bar(len(cells), 0, f"drawing {name}, once", " views") as bar:
            for cell in cells:
                array[cell] = bytes_of(cell)
                bar.update()

    def look(cells, inner=None):
        if table is None:
            with lock:
                images = few(cells)
        if table is not None:
            return table[tuple(cells.T)] if inner is None else table[(*cells.T, inner)]
        return images if inner is None else images[np.arange(len(cells)), inner]

    def few(cells):
        """The images of cells, unless all are in the table now."""
        nonlocal table
        wanted = set(map(tuple, cells.tolist())) - drawn.keys()
        if table is None and len(drawn) + len(wanted) > FEW:
            table = files.derived(name, version, (*grid, *shape), fill)
            drawn.clear()
        if table is not None:
            return None
        drawn.update({cell: bytes_of(cell) for cell in sorted(wanted)})
        images = np.empty((len(cells), *shape), np.uint8)
        for row, cell in enumerate(cells.tolist()):
            images[row] = drawn[tuple(cell)]
        return images

    return look
