"""TensorFlow, Keras and TensorFlow Probability, imported in one place and without their start-up messages.

The messages come from C++ before any log level applies, so file descriptor 2 is redirected while the libraries load;
Python's exceptions are raised as usual.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from dlnb import progress

# Lines of C++ that tell or warn. TF_CPP_MIN_LOG_LEVEL asks for errors only, which XLA's and CUDA's do not heed.
NOTICE = re.compile(rb"[IW]\d{4} \d\d:\d\d:|WARNING: All log messages before absl::InitializeLog")


@contextmanager
def _redirected(descriptor: int) -> Iterator[None]:
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        os.dup2(descriptor, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def without_notices() -> Iterator[None]:
    """In a notebook, show of what C++ writes in the block only errors, after it: the rest would be red in the cell."""
    if not progress.in_notebook():
        yield
        return
    with tempfile.TemporaryFile() as written:
        try:
            with _redirected(written.fileno()):
                yield
        finally:
            written.seek(0)
            for line in written:
                if not NOTICE.match(line):
                    os.write(2, line)


# By default TensorFlow uses oneDNN only on CPUs with AVX-512; a CPU with AVX2 was faster with it too (benchmarks).
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
with open(os.devnull, "wb") as _sink, _redirected(_sink.fileno()):
    import keras
    import tensorflow as tf
    import tensorflow_probability as tfp
    from tensorflow.python.framework import config as internals  # what tf.config is made of, and more

    GPUS = tf.config.list_physical_devices("GPU")

__all__ = ["GPUS", "internals", "keras", "tf", "tfp", "without_notices"]
