"""The seven data sets of the study, and MPI3D, by name: ``load`` returns a ``DataSet``, images rendered from factors.

``DataSet`` and ``of_images`` make a data set of your own images, with factors or without.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from dlnb import checks, registry
from dlnb.data import cars3d, dsprites, originals, shapes3d, smallnorb, variants
from dlnb.data.dataset import DataSet, of_images, pairs, restrict, traversals

__all__ = ["DATA_SETS", "SOURCES", "DataSet", "load", "of_images", "pairs", "register", "restrict", "traversals"]

# Constructors by source: make(size), or make(size, folder) where files of the user may be read.
DATA_SETS = {
    "dsprites": {"rendered": dsprites.dsprites, "original": originals.dsprites},
    "color_dsprites": {"rendered": variants.color_dsprites, "original": variants.original_color_dsprites},
    "noisy_dsprites": {"rendered": variants.noisy_dsprites, "original": variants.original_noisy_dsprites},
    "scream_dsprites": {"rendered": variants.scream_dsprites, "original": variants.original_scream_dsprites},
    "smallnorb": {"rendered": smallnorb.smallnorb, "original": originals.smallnorb},
    "cars3d": {"rendered": cars3d.cars3d, "original": originals.cars3d},
    "shapes3d": {"rendered": shapes3d.shapes3d, "original": originals.shapes3d},
    # In no study, and read only.
    "mpi3d_toy": {"original": partial(originals.mpi3d, "toy")},
    "mpi3d_realistic": {"original": partial(originals.mpi3d, "realistic")},
    "mpi3d_real": {"original": partial(originals.mpi3d, "real")},
}
OWN = frozenset(DATA_SETS)
SOURCES = {"rendered": "drawn by this package, offline", "original": "read from the published files"}


def load(name: str, source: str = "rendered", size: int = 64, folder: str | Path | None = None) -> DataSet:
    """The data set ``name`` with images of ``size`` x ``size`` pixels.

    - ``name``: a key of DATA_SETS.
    - ``source``: "rendered" (drawn by this package) or "original" (the published files; MPI3D has only these).
    - ``size``: at least 8 for rendered images; 64, 32, 16 or 8 for original ones.
    - ``folder``: is searched, subfolders included, for the published files by their names; it may be one such file.
      Without it they are downloaded once. The only rendered set that accepts it is scream_dsprites, which then takes
      the painting from it and otherwise uses a stand-in.

    Downloads and what is slow to draw or to convert are cached in the folder named by the environment variable
    DLNB_DATA, or else in the user's cache. The ``about`` of the DataSet returned says what its images are.

    Raises ValueError for an unknown name or source, an invalid size, and a ``folder`` that would not be read;
    ``files.DataFileError`` (an OSError) if a file cannot be obtained, read or written.
    """
    makers = checks.choose(DATA_SETS, name, "data set")
    checks.choose(SOURCES, source, "source")
    if source == "rendered" and source not in makers:
        raise ValueError(f"{name} cannot be drawn by this package, only read: load({name!r}, 'original', folder=...)")
    make = checks.choose(makers, source, f"source of {name}")
    folder = folder if folder is None else checks.path(folder, "folder")
    if folder is None:
        return make(size) if name in OWN else _checked(make(size), name, size)
    if source == "rendered" and name != "scream_dsprites":
        raise ValueError(f"{name} is rendered without files, so folder is not read: use source='original'")
    return make(size, folder)


def _checked(made, name: str, size: int) -> DataSet:
    """What a function of a reader's returned, if it is the data set that was asked for."""
    if not isinstance(made, DataSet):
        raise ValueError(f"the function registered for {name} must return a DataSet, not {checks.shown(made)}")
    if made.name != name:
        raise ValueError(f"the data set registered as {name} calls itself {made.name!r}: give it the same name")
    if made.image_shape[:2] != (size, size):
        given = f"[n, {size}, {size}, channels] for size {size}, not [n, {', '.join(map(str, made.image_shape))}]"
        raise ValueError(f"the data set {name} must draw images {given}")
    return made


def register(name: str, make: Callable[[int], DataSet]) -> None:
    """Register a data set of your own, so that ``load(name)`` and studies find it.

    - ``name``: one word of letters, digits and underscores.
    - ``make(size)``: returns the DataSet with images of ``size`` x ``size`` pixels.

    Registering a name again replaces the earlier data set. Raises ValueError for an invalid name, that of a data set
    of the package, and a ``make`` that is not callable.
    """
    registry.name_of(name, "data set", OWN)
    checks.function(make, "make", "a function from the size of an image to a DataSet")
    DATA_SETS[name] = {"rendered": make}
    registry.remember("data set", name, register, make)
