"""What all tests share. Helpers that they call are in modules of their own: common, grids, sweeps, writers."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:  # before TensorFlow and BLAS start: one thread each, as many processes as cores
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
