"""What is particular to the device: its memory, precision, compiler and determinism.

The choices are switches (``dlnb.switches``); here they are applied. Nothing here was run on a GPU: tests use made-up
devices.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from joblib import cpu_count

from dlnb import switches
from dlnb.models.backend import GPUS, internals, tf

# Compute capabilities on which compilation by XLA fails, and the versions of TensorFlow ("PTX version 8.5 does not
# support target sm_120": tensorflow issues 101746, 111958 and 112272).
FAILING = {(12, 0): ("2.20", "2.21")}
THREADS = 2  # at most, that draw images for a GPU, unless the switch says otherwise; more were not measured


def set_up() -> None:
    """Apply the switches of memory and precision to this process, before TensorFlow starts its GPUs.

    Without growth, TensorFlow takes all memory of every GPU: a notebook would leave none to a command that is run
    beside it. What its reader has set before is kept.
    """
    if not switches.tf32():
        tf.config.experimental.enable_tensor_float_32_execution(False)
    for gpu in GPUS if switches.memory_growth() else ():
        with suppress(RuntimeError, ValueError):  # TensorFlow has started; the GPU is divided into logical devices
            tf.config.experimental.set_memory_growth(gpu, True)


def device() -> str:
    """The name of the first GPU that this process may use, or "CPU"; a GPU without TensorFloat-32 says so."""
    gpus = tf.config.get_visible_devices("GPU")
    if not gpus:
        return "CPU"
    name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")
    return name if tf.config.experimental.tensor_float_32_execution_enabled() else f"{name} without TF32"


def compiled(jit: bool | None) -> bool:
    """Whether XLA is to compile: ``jit``, without it the switch, without both True on a GPU.

    Raises OSError, with ways out, if it is to, on a device and in a version of TensorFlow in which that is known to
    fail.
    """
    jit = switches.jit() if jit is None else jit
    jit = bool(tf.config.get_visible_devices("GPU")) if jit is None else jit
    for gpu in tf.config.get_visible_devices("GPU") if jit else ():
        capability = tf.config.experimental.get_device_details(gpu).get("compute_capability")
        versions = FAILING.get(capability, ())
        if tf.__version__.startswith(tuple(f"{version}." for version in versions)):
            raise OSError(
                f"{device()} has compute capability {'.'.join(map(str, capability))}, for which XLA of TensorFlow "
                f"{tf.__version__} cannot compile: give jit=False (to a study DLNB_JIT=0), take another version of "
                f"TensorFlow than {' and '.join(versions)}, or another device (in Colab T4, L4, A100 or H100)"
            )
    return jit


def drawing_threads() -> int:
    """How many threads draw images: one is enough for a CPU, whose updates take far longer than their images."""
    gpu = bool(tf.config.get_visible_devices("GPU"))
    return switches.drawing_threads(min(THREADS, cpu_count()) if gpu else 1)


@contextmanager
def deterministic() -> Iterator[None]:
    """Op determinism in the block, or in the function so decorated; afterwards it is as it was before.

    Without it, a GPU's sums differ from run to run; left on, TensorFlow refuses to draw random numbers without a seed.
    TensorFlow has no public function to switch it off, so its own is called; in a version without that one,
    determinism stays on.
    """
    on = getattr(internals, "is_op_determinism_enabled", lambda: True)()
    tf.config.experimental.enable_op_determinism()
    try:
        yield
    finally:
        if not on:
            getattr(internals, "disable_op_determinism", lambda: None)()
