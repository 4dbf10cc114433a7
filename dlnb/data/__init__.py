"""The data sets of the study, by name."""

from dlnb import checks
from dlnb.data import dsprites
from dlnb.data.dataset import DataSet, restrict, traversals

__all__ = ["DATA_SETS", "SOURCES", "DataSet", "load", "restrict", "traversals"]

DATA_SETS = {"dsprites": dsprites.dsprites, "color_dsprites": dsprites.color_dsprites}
SOURCES = {"rendered": "drawn by this package, offline"}


def load(name: str, source: str = "rendered", size: int = 64) -> DataSet:
    """The data set ``name`` of DATA_SETS with images of ``size`` x ``size`` pixels.

    Raises ValueError for an unknown name or source, and for a size below 8.
    """
    constructor = checks.choose(DATA_SETS, name, "data set")
    checks.choose(SOURCES, source, "source")
    return constructor(size)
