"""TensorFlow, Keras and TensorFlow Probability, imported in one place and without their start-up messages.

The messages come from C++ before any log level applies, so file descriptor 2 is redirected while the libraries load;
Python's exceptions are raised as usual.
"""

import os
import sys
from contextlib import contextmanager


@contextmanager
def _quiet_descriptor():
    sys.stderr.flush()
    kept, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)


# By default TensorFlow uses oneDNN only on CPUs with AVX-512; a CPU with AVX2 was faster with it too (benchmarks).
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
with _quiet_descriptor():
    import keras
    import tensorflow as tf
    import tensorflow_probability as tfp

    GPUS = tf.config.list_physical_devices("GPU")

__all__ = ["GPUS", "device", "keras", "tf", "tfp"]


def device() -> str:
    """The name of the first GPU, or "CPU"."""
    return tf.config.experimental.get_device_details(GPUS[0]).get("device_name", "GPU") if GPUS else "CPU"
