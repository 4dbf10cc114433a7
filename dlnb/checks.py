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
    found, form = _plain(values, what, form), f" {form}" if form else ""
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


def _plain(values, what: str, form: str) -> np.ndarray:
    """``values`` as an array of whatever kind; tensors are detached, masked entries and ragged rows refused."""
    form = f" {form}" if form else ""
    if np.ma.is_masked(values):
        raise ValueError(f"{what} has masked entries: fill them or leave their rows out first")
    try:
        if hasattr(values, "detach"):  # a tensor of PyTorch, which NumPy may refuse or copy from a device
            values = values.detach().cpu().numpy()
        return np.asarray(values)
    except Exception as error:
        raise ValueError(f"{what} must be an array of numbers{form}, not {shown(values)}: {error}") from error


def finite(values, what: str, form: str = "", ndim: int | None = None) -> np.ndarray:
    """``array`` whose entries are all finite; the first that is not is named by its place, counted from 0."""
    found = array(values, what, form, ndim)
    if found.size and not np.isfinite(found).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(found))[0])
        where = place[0] if len(place) == 1 else place
        raise ValueError(f"{what} must be finite, but holds {found[place]} at {where} (counted from 0)")
    return found


def factors(values, sizes: Mapping[str, int]) -> np.ndarray:
    """``values`` as class indices int64 [n, k]; ``sizes``: the number of classes of each factor.

    Columns of a DataFrame that bear the names of the factors may come in any order.
    """
    if isinstance(values, pd.DataFrame) and set(values.columns) & set(sizes):
        if not values.columns.is_unique or set(values.columns) != set(sizes):
            raise ValueError(
                f"columns of factors must be {', '.join(sizes)}, not {', '.join(map(str, values.columns))}"
            )
        values = values[list(sizes)]
    values = _indices(values, f"[n, {len(sizes)}]")
    if values.ndim != 2 or values.shape[1] != len(sizes):
        given = f"of shape {values.shape}" if values.ndim else shown(values[()])
        raise ValueError(f"factors must be [n, {len(sizes)}] ({', '.join(sizes)}), not {given}")
    if not np.issubdtype(values.dtype, np.integer):
        raise ValueError(f"factors are class indices and must be integers, not {values.dtype}")
    for column, (name, size) in zip(values.T, sizes.items(), strict=True):
        if len(column) and not 0 <= column.min() <= column.max() < size:
            raise ValueError(f"factor {name!r} takes 0 to {size - 1}, not {column.min()} to {column.max()}")
    return values.astype(np.int64, copy=False)


def codes(values) -> np.ndarray:
    """``values`` as finite floats [n, d]; a float dtype is kept, since the edges of bins depend on it.

    A code may be at most a quarter of the largest float32 in size (8.5e37), or of its own dtype if that is smaller, so
    that the range of a latent and sums of squares are finite.
    """
    given = array(values, "codes", "[n, d]") if isinstance(values, pd.DataFrame) else _plain(values, "codes", "[n, d]")
    if hasattr(values, "mean") and hasattr(values, "logvar"):
        raise ValueError("codes must be an array [n, d], not a Representation: give its mean (or draw(rng), a sample)")
    if given.ndim != 2 or not given.size:
        what = f"of shape {given.shape}" if given.ndim else shown(values)
        raise ValueError(f"codes must be [n, d] with at least one row and one latent, not {what}")
    if not np.issubdtype(given.dtype, np.floating) and not np.issubdtype(given.dtype, np.integer):
        hint = ": convert them by .astype(float)" if given.dtype.kind in "ObB" else ""
        raise ValueError(f"codes must be numbers, not {given.dtype}{hint}")
    bad = np.flatnonzero(~np.isfinite(given).all(axis=0))
    if bad.size:
        raise ValueError(f"codes must be finite: latent {bad[0]} (counted from 0) holds nan or infinity")
    given = given if np.issubdtype(given.dtype, np.floating) else given.astype(np.float64)
    most = min(np.finfo(given.dtype).max, np.finfo(np.float32).max) / 4
    size = np.maximum(given.max(axis=0), -given.min(axis=0))
    if (bad := np.flatnonzero(size > most)).size:
        held = f"latent {bad[0]} (counted from 0) holds {size[bad[0]]:.3g}"
        raise ValueError(f"codes must be at most {most:.3g} in size, but {held}: divide its codes by a constant")
    return given


def labelled_codes(values, labels) -> tuple[np.ndarray, np.ndarray]:
    """Codes [n, d] and factors int64 [n, k] of the same rows, with k at most n.

    ``labels`` may be whole numbers of any kind, bool (as 0 and 1), or a DataFrame whose columns are such, nullable
    integers or categories (as the places of the categories). Text and measurements are refused.
    """
    values, given = codes(values), labels
    labels = _indices(labels, "[n, k]")
    n, d = values.shape
    if labels.ndim != 2 or len(labels) != n or not labels.shape[1]:
        what = f"of shape {labels.shape}" if labels.ndim else shown(given)
        hint = ""
        if labels.shape == (n, 0):
            hint = ": without factors there are only scores that need none, such as total_correlation and udr"
        elif labels.ndim == 2 and d > n and d == labels.shape[1]:
            hint = ": are both transposed? A row is an image"
        elif labels.ndim == 2 and labels.shape[1] == n > len(labels):
            hint = ": are factors transposed? A row is an image"
        elif labels.ndim and len(labels) == d:
            hint = ": are codes transposed? A row is an image"
        elif labels.shape == (n,):
            hint = ": of a single factor, factors[:, None]"
        raise ValueError(f"factors must be [n, k] with the {n} rows of codes, not {what}{hint}")
    if labels.shape[1] > n:
        hint = "are codes and factors transposed? A row is an image"
        raise ValueError(f"factors must be [n, k] with at least as many rows as columns, not {labels.shape}: {hint}")
    return values, _whole(labels)


def _indices(labels, form: str) -> np.ndarray:
    """``labels`` as an array, where the columns of a DataFrame, or of objects, may differ in kind."""
    if not isinstance(labels, pd.DataFrame):
        labels = _plain(labels, "factors", form)
        if labels.dtype != object or labels.ndim != 2:
            return labels
    columns = []
    for factor, (_, column) in enumerate(pd.DataFrame(labels).infer_objects().items()):
        if isinstance(column.dtype, pd.CategoricalDtype):
            column = column.cat.codes.where(column.notna())
        elif not pd.api.types.is_numeric_dtype(column):  # bool counts as numeric
            raise ValueError(_unnumbered(factor, column.dtype))
        if column.isna().any():
            raise ValueError(f"factor {factor} (counted from 0) has missing values: leave their rows out first")
        columns.append(column.to_numpy())
    return np.column_stack(columns) if columns else np.empty((len(labels), 0), np.int64)


def _unnumbered(factor: int, given) -> str:
    held = f"factor {factor} (counted from 0) holds {given}"
    remedy = "for measurements, take metrics.quantile_classes(column), for names, pd.factorize(column, sort=True)[0]"
    if isinstance(given, np.number) and (given == np.round(given) or not np.isfinite(given)):
        remedy = "number huge ones by np.unique, leave rows out that have none"
    return f"factors are class indices and must be whole numbers: {held}; {remedy}"


def _whole(labels: np.ndarray) -> np.ndarray:
    """``labels`` [n, k] as int64."""
    if labels.dtype.kind not in "biuf":
        remedy = "number each column first, by pd.factorize(column, sort=True)[0]"
        raise ValueError(f"factors are class indices and must be integers, not {labels.dtype}: {remedy}")
    bad = np.empty((0, 2), int)
    if labels.dtype.kind == "f":
        # Truncation would silently turn 0.5 into 0. Infinity and nan are not whole numbers either.
        with np.errstate(invalid="ignore"):
            bad = np.argwhere(labels != np.round(labels) + 0 * labels)
    if not bad.size and labels.dtype.kind in "uf":  # beyond, floats skip whole numbers and int64 wraps around
        bad = np.argwhere(np.abs(labels) >= (2.0**53 if labels.dtype.kind == "f" else 2**63))
    if bad.size:
        raise ValueError(_unnumbered(bad[0, 1], labels[tuple(bad[0])]))
    return labels.astype(np.int64, copy=False)


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
