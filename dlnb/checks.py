"""Checks of arguments: each returns the valid value or raises a ValueError that says what was given and accepted."""

import difflib
import os
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

WIDTH = 60  # characters of a value in a message


def shown(value) -> str:
    """``value`` in a message: its ``repr`` if that is short, otherwise what it is and of which shape."""
    if isinstance(value, np.ndarray) and (value.ndim or value.dtype == object):
        return f"an array of {value.dtype} of shape {value.shape}"
    if isinstance(value, pd.DataFrame | pd.Series):
        return f"a {type(value).__name__} of shape {value.shape}"
    if isinstance(value, (list, tuple, dict, set)) and len(value) > 8:
        return f"a {type(value).__name__} of {len(value)} entries"
    text = " ".join(repr(value).split())
    return text if len(text) <= WIDTH else f"{text[:WIDTH]}… ({type(value).__name__})"


def choose(registry: Mapping, name: str, what: str):
    """The entry ``name`` of ``registry``. The ValueError for an unknown name lists the choices, the likeliest first."""
    if isinstance(name, str) and name in registry:
        return registry[name]
    names = list(map(str, registry))
    near = difflib.get_close_matches(name, names, 1) if isinstance(name, str) else []
    hint = f"; did you mean {near[0]!r}?" if near and len(names) > 8 else ""
    raise ValueError(f"unknown {what} {shown(name)}: choose from {', '.join(names)}{hint}")


def whole(value, what: str, minimum: int = 1, below: float = np.inf) -> int:
    """``value`` as an int of at least ``minimum`` and less than ``below``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not minimum <= value < below:
        bound = "" if below == np.inf else f" and below {below}"
        raise ValueError(f"{what} must be a whole number of at least {minimum}{bound}, not {shown(value)}")
    return int(value)


def number(value, what: str, minimum: float = 0.0, *, above: bool = False, maximum: float = np.inf) -> float:
    """``value`` as a finite float from ``minimum``, itself excluded if ``above``, to ``maximum``."""
    given = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not given or not np.isfinite(value) or not minimum <= value <= maximum or (above and value == minimum):
        least = "" if minimum == -np.inf else f" {'above' if above else 'of at least'} {minimum:g}"
        most = "" if maximum == np.inf else f"{' and' if least else ' of'} at most {maximum:g}"
        raise ValueError(f"{what} must be a number{least}{most}, not {shown(value)}")
    return float(value)


def instance(value, kind, what: str, such: str):
    """``value``, if it is of type ``kind`` (or one of a tuple of types); ``such``: an example for the message."""
    if not isinstance(value, kind):
        raise ValueError(f"{what} must be {such}, not {shown(value)}")
    return value


def function(value, what: str, such: str):
    """``value``, if it can be called; ``such`` says what it is called with and returns."""
    if not callable(value):
        raise ValueError(f"{what} must be {such}, not {shown(value)}")
    return value


def flag(value, what: str) -> bool:
    """``value`` as a bool, if it is one."""
    return bool(instance(value, (bool, np.bool_), what, "True or False"))


def names(values, what: str, known: Iterable[str] | None = None) -> tuple[str, ...]:
    """``values``, one name or several, as a tuple of distinct names, each one of ``known`` if that is given."""
    values = (values,) if isinstance(values, str) else values
    values = tuple(values) if isinstance(values, Iterable) else values
    if not isinstance(values, Iterable) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{what} must be a name or several, not {shown(values)}")
    if known is not None:
        for value in values:
            choose(dict.fromkeys(known), value, what)
    if twice := [value for value in dict.fromkeys(values) if values.count(value) > 1]:
        raise ValueError(f"{what} must be distinct, but {twice[0]!r} is given twice")
    return values


def path(value, what: str = "path") -> Path:
    """``value`` as a Path."""
    if not isinstance(value, (str, os.PathLike)) or not str(value):
        raise ValueError(f"{what} must be the path of a file or folder, not {shown(value)}")
    return Path(value)


def generator(rng, why: str) -> np.random.Generator:
    """``rng``, which must be a NumPy generator; ``why`` says what needs it."""
    if not isinstance(rng, np.random.Generator):
        given = shown(rng)
        raise ValueError(f"{why} needs rng, a numpy.random.Generator such as np.random.default_rng(0), not {given}")
    return rng


def array(values, what: str, form: str = "", ndim: int | None = None) -> np.ndarray:
    """``values`` as an array of numbers: bool, integers or floats, of any shape unless ``ndim`` is given.

    ``form``: the shape as messages name it, such as "[n, d]". Arrays of other libraries, tables and nested lists are
    converted; masked entries, missing values, text, complex numbers and rows of unequal length are refused.
    """
    form = f" {form}" if form else ""
    if np.ma.is_masked(values):
        raise ValueError(f"{what} has masked entries: fill them or leave their rows out first")
    if hasattr(values, "detach"):  # a tensor of PyTorch, which NumPy may refuse or copy from a device
        values = values.detach().cpu().numpy()
    try:
        found = np.asarray(values)
    except Exception as error:
        raise ValueError(f"{what} must be an array of numbers{form}, not {shown(values)}: {error}") from error
    if found.dtype == object and isinstance(values, pd.DataFrame | pd.Series):  # text, or nullable numbers
        if values.isna().any(axis=None):
            raise ValueError(f"{what} must be numbers{form}, but has missing values: leave their rows out first")
        try:
            found = values.to_numpy(dtype=float)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{what} must be numbers{form}, but holds text or mixed kinds: {error}") from error
    if found.dtype.kind not in "biuf":
        given = f"{found.dtype} of shape {found.shape}" if found.ndim else shown(values)
        raise ValueError(f"{what} must be an array of numbers{form}, not {given}")
    if ndim is not None and found.ndim != ndim:
        raise ValueError(f"{what} must be{form or f' of {ndim} dimensions'}, not of shape {found.shape}")
    return found


def finite(values, what: str, form: str = "", ndim: int | None = None) -> np.ndarray:
    """``array`` whose entries are all finite; the first that is not is named by its place, counted from 0."""
    found = array(values, what, form, ndim)
    if found.size and not np.isfinite(found).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(found))[0])
        where = place[0] if len(place) == 1 else place
        raise ValueError(f"{what} must be finite, but holds {found[place]} at {where} (counted from 0)")
    return found


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


def table(
    value,
    columns: Iterable[str] = (),
    key: Iterable[str] = (),
    finite: Iterable[str] = (),
    holes: Iterable[str] = (),
) -> pd.DataFrame:
    """``value``, a DataFrame with all of ``columns``, with the index 0, 1, 2, …, so that its own index never matters.

    - ``columns``: the columns that are needed, ``key``, ``finite`` and ``holes`` included or not.
    - ``key``: columns without missing values that together tell the rows apart.
    - ``finite``: columns that must be numbers without holes and infinities.
    - ``holes``: columns that must be numbers without infinities; NaN stands for what was not measured.

    ``attrs`` are kept. The argument is not changed.
    """
    instance(value, pd.DataFrame, "the table", "a DataFrame such as results.load returns")
    if not value.columns.is_unique:
        twice = value.columns[value.columns.duplicated()][0]
        raise ValueError(f"the table has several columns {shown(twice)}: rename or drop all but one")
    key, finite, holes = tuple(key), tuple(finite), tuple(holes)
    for name in (*columns, *key, *finite, *holes):
        choose(dict.fromkeys(value.columns), name, "column")
    found = value.reset_index(drop=True)
    for name in key:
        if (missing := found[name].isna()).any():
            raise ValueError(f"column {name} must be known in every row, but is missing in row {int(missing.argmax())}")
        if found[name].dtype == object and not all(isinstance(each, Hashable) for each in found[name]):
            raise ValueError(f"column {name} must hold names or numbers, not lists, arrays or dicts")
    if key and (twice := found.duplicated(list(key))).any():
        row = found.loc[twice, list(key)].iloc[0].to_dict()
        raise ValueError(f"the table has several rows for {row}, {int(twice.sum())} too many in all: keep one of each")
    for name in dict.fromkeys((*finite, *holes)):
        if not pd.api.types.is_numeric_dtype(found[name]) or found[name].dtype.kind not in "iuf":
            raise ValueError(f"column {name} must be numbers, not {found[name].dtype}")
        values = found[name].to_numpy(float, na_value=np.nan)
        if (bad := ~np.isfinite(values) if name in finite else np.isinf(values)).any():
            given = f"{values[bad][0]} in row {int(bad.argmax())} and {int(bad.sum()) - 1} more"
            rule = "finite" if name in finite else "finite or NaN"
            raise ValueError(f"column {name} must be {rule}, but holds {given}: leave those rows or that column out")
    return found
