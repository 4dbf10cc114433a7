"""The seven data sets of the study, by name."""

from collections.abc import Callable
from pathlib import Path

from dlnb import checks, registry
from dlnb.data import cars3d, dsprites, originals, shapes3d, smallnorb, variants
from dlnb.data.dataset import DataSet, restrict, traversals

__all__ = ["DATA_SETS", "SOURCES", "DataSet", "load", "register", "restrict", "traversals"]

# How each is made for a size, by source; those of "original" take the folder of the user's files as well.
DATA_SETS = {
    "dsprites": {"rendered": dsprites.dsprites, "original": originals.dsprites},
    "color_dsprites": {"rendered": variants.color_dsprites, "original": variants.original_color_dsprites},
    "noisy_dsprites": {"rendered": variants.noisy_dsprites, "original": variants.original_noisy_dsprites},
    "scream_dsprites": {"rendered": variants.scream_dsprites, "original": variants.original_scream_dsprites},
    "smallnorb": {"rendered": smallnorb.smallnorb, "original": originals.smallnorb},
    "cars3d": {"rendered": cars3d.cars3d, "original": originals.cars3d},
    "shapes3d": {"rendered": shapes3d.shapes3d, "original": originals.shapes3d},
}
OWN = frozenset(DATA_SETS)
SOURCES = {"rendered": "drawn by this package, offline", "original": "read from the published files"}


def load(name: str, source: str = "rendered", size: int = 64, folder: str | Path | None = None) -> DataSet:
    """The data set ``name`` of DATA_SETS with images of ``size`` x ``size`` pixels; its ``about`` says what they are.

    "rendered" images are drawn by this package at any size from 8. "original" ones come from the published files, at
    size 64, 32, 16 or 8: from ``folder`` if it is given, where they are looked for by name, else from a download that
    is made once and kept in the folder that the environment variable DLNB_DATA names, or in the user's cache. What is
    slow to draw or to convert is kept there too. Rendered Scream-dSprites take the painting from ``folder``, else a
    stand-in.

    Raises ValueError for an unknown name or source, a bad size, and a ``folder`` that would not be read;
    ``files.DataFileError`` (an OSError) if a file cannot be had, read or written.
    """
    makers = checks.choose(DATA_SETS, name, "data set")
    checks.choose(SOURCES, source, "source")
    make = checks.choose(makers, source, f"source of {name}")
    if folder is None:
        return make(size)
    if source == "rendered" and name != "scream_dsprites":
        raise ValueError(f"{name} is rendered without files, so folder is not read: use source='original'")
    return make(size, folder)


def register(name: str, make: Callable[[int], DataSet]) -> None:
    """Make a data set of yours known by ``name``, to ``load`` and to studies: ``make(size)`` returns it at that size.

    The same name again replaces what you registered before. Raises ValueError for the name of a data set of the
    package, and for a ``make`` that cannot be called.
    """
    registry.name_of(name, "data set", OWN)
    if not callable(make):
        raise ValueError(f"make must be a function from the size of an image to a DataSet, not {make!r}")
    DATA_SETS[name] = {"rendered": make}
    registry.remember("data set", name, register, make)
