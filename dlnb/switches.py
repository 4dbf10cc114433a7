"""How a device is used: one environment variable for each choice, which the processes of a study inherit.

| variable | values | if it is not set |
|---|---|---|
| ``DLNB_JIT`` | 1: XLA compiles updates; 0: it does not | on a GPU only; an argument ``jit`` comes first |
| ``DLNB_MEMORY_GROWTH`` | 1: take a GPU's memory as it is needed; 0: all at once | 1 |
| ``DLNB_PROCESSES_A_GPU`` | models that a study trains at once on each GPU | 1 |
| ``DLNB_TF32`` | 0: no TensorFloat-32, whose products have 10 bits of mantissa; 1: as TensorFlow does | 1 |
| ``DLNB_DRAWING_THREADS`` | threads that draw images ahead of the updates | 1, on a GPU 2 |

bfloat16 is no switch: it changes what a model is, so it is a field of the protocol, ``Training(precision="bfloat16")``.
A row says on which device its model was trained, and there that TensorFloat-32 was off.

Untested on a GPU: none was at hand. XLA was run on a CPU, where it gives the same losses to rounding; memory growth,
several processes a GPU and TensorFloat-32 were tried on made-up lists of devices only.
"""

import os

from dlnb import checks


def jit() -> bool | None:
    """Whether XLA compiles updates, None if that is left to the device."""
    return _flag("DLNB_JIT", None)


def memory_growth() -> bool:
    """Whether a process takes the memory of a GPU as it needs it, so that others find some."""
    return _flag("DLNB_MEMORY_GROWTH", True)


def processes_a_gpu() -> int:
    """Processes of a study on each GPU; small models leave most of a large GPU idle."""
    return _number("DLNB_PROCESSES_A_GPU", 1)


def tf32() -> bool:
    """Whether a GPU that has TensorFloat-32 may use it in float32 products and convolutions."""
    return _flag("DLNB_TF32", True)


def drawing_threads(default: int) -> int:
    """Threads that draw images; each holds the images of one call of the graph (31 MB at 64 x 64 x 3)."""
    return _number("DLNB_DRAWING_THREADS", default)


def _flag(name: str, default):
    value = os.environ.get(name, "")
    if value not in ("", "0", "1"):
        raise ValueError(f"the environment variable {name} must be 0 or 1, not {value!r}")
    return value == "1" if value else default


def _number(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    return (
        checks.whole(int(value) if value.isdecimal() else value, f"the environment variable {name}")
        if value
        else default
    )
