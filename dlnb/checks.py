"""Checks of arguments: each returns the valid value or raises a ValueError that says what was given and accepted."""

from collections.abc import Mapping

import numpy as np


def choose(registry: Mapping, name: str, what: str):
    """The entry ``name`` of ``registry``. The ValueError for an unknown name lists the choices."""
    if name not in registry:
        raise ValueError(f"unknown {what} {name!r}: choose from {', '.join(registry)}")
    return registry[name]


def whole(value, what: str, minimum: int = 1, below: float = np.inf) -> int:
    """``value`` as an int of at least ``minimum`` and less than ``below``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not minimum <= value < below:
        bound = "" if below == np.inf else f" and below {below}"
        raise ValueError(f"{what} must be a whole number of at least {minimum}{bound}, not {value!r}")
    return int(value)


def number(value, what: str, minimum: float = 0.0, *, above: bool = False) -> float:
    """``value`` as a finite float of at least ``minimum``, or greater than that if ``above``."""
    given = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not given or not np.isfinite(value) or value < minimum or (above and value == minimum):
        raise ValueError(f"{what} must be a number {'above' if above else 'of at least'} {minimum:g}, not {value!r}")
    return float(value)


def generator(rng, why: str) -> np.random.Generator:
    """``rng``, which must be a NumPy generator; ``why`` says what needs it."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"{why} needs rng, a numpy.random.Generator such as np.random.default_rng(0), not {rng!r}")
    return rng


def factors(values, sizes: Mapping[str, int]) -> np.ndarray:
    """``values`` as class indices int64 [n, k]; ``sizes``: the number of classes of each factor."""
    values = np.asarray(values)
    if values.ndim != 2 or values.shape[1] != len(sizes):
        raise ValueError(f"factors must be [n, {len(sizes)}] ({', '.join(sizes)}), not of shape {values.shape}")
    if not np.issubdtype(values.dtype, np.integer):
        raise ValueError(f"factors are class indices and must be integers, not {values.dtype}")
    for column, (name, size) in zip(values.T, sizes.items(), strict=True):
        if len(column) and not 0 <= column.min() <= column.max() < size:
            raise ValueError(f"factor {name!r} takes 0 to {size - 1}, not {column.min()} to {column.max()}")
    return values.astype(np.int64, copy=False)


def codes(values) -> np.ndarray:
    """``values`` as finite floats [n, d]; a float dtype is kept, since the edges of bins depend on it."""
    values = np.asarray(values)
    if values.ndim != 2 or not values.size:
        raise ValueError(f"codes must be [n, d] with at least one row and one latent, not of shape {values.shape}")
    if not np.issubdtype(values.dtype, np.floating) and not np.issubdtype(values.dtype, np.integer):
        raise ValueError(f"codes must be numbers, not {values.dtype}")
    bad = np.flatnonzero(~np.isfinite(values).all(axis=0))
    if bad.size:
        raise ValueError(f"codes must be finite: latent {bad[0]} (counted from 0) holds nan or infinity")
    return values if np.issubdtype(values.dtype, np.floating) else values.astype(np.float64)


def labelled_codes(values, labels) -> tuple[np.ndarray, np.ndarray]:
    """Codes [n, d] and factors int64 [n, k] of the same rows; ``labels`` may be floats that are whole numbers."""
    values, labels = codes(values), np.asarray(labels)
    if labels.ndim != 2 or len(labels) != len(values) or not labels.shape[1]:
        hint = ": are codes transposed? A row is an image" if len(labels) == values.shape[1] else ""
        given = f"the {len(values)} rows of codes, not of shape {labels.shape}"
        raise ValueError(f"factors must be [n, k] with {given}{hint}")
    if np.issubdtype(labels.dtype, np.floating):
        # Truncation would silently turn 0.5 into 0. Infinity and nan are not whole numbers either.
        with np.errstate(invalid="ignore"):
            bad = np.argwhere(labels != np.round(labels) + 0 * labels)
        if bad.size:
            row, factor = bad[0]
            given = f"factor {factor} (counted from 0) holds {labels[row, factor]}"
            raise ValueError(f"factors are class indices and must be whole numbers: {given}; number its values first")
    elif not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"factors are class indices and must be integers, not {labels.dtype}")
    return values, labels.astype(np.int64, copy=False)
