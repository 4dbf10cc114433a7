"""What all tests share. Helpers that they call are in modules of their own: common, grids, sweeps, writers."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:  # before TensorFlow and BLAS start: one thread each, as many processes as cores
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")

LONGEST = ("runners", "training", "forms", "behaviour", "browser", "sweep")  # files that are begun first


def pytest_collection_modifyitems(items) -> None:
    """Two processes end at about the same time only if the files that take longest do not come last."""
    names = [f"test_{name}" for name in LONGEST]
    items.sort(key=lambda item: names.index(item.path.stem) if item.path.stem in names else len(names))
