"""What figures take, checked before anything is drawn: tables, panels, images, labels, and the scale of an axis."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from dlnb import checks
from dlnb.analysis import inputs

OVERSHOOT = 0.1  # beyond 0 and 1, of images that were reduced by Lanczos' filter


def rows(table, needs, measures=(), key=(), *, log: bool = False) -> pd.DataFrame:
    """A table with the index 0, 1, 2, …, whose ``measures`` can be drawn: numbers or NaN, but not NaN everywhere.

    ``needs`` are columns that are known in every row, ``key`` those that tell its rows apart, if it has all of them. On
    a logarithmic axis (``log``) some of the numbers must be positive; others have no place on it.
    """
    checks.flag(log, "log")
    found = inputs.rows(table, needs, key, holes=measures)
    for name in measures:
        if found[name].isna().all():
            raise ValueError(f"column {name} has nothing to draw: it is NaN in every row")
        if log and not (found[name] > 0).any():
            raise ValueError(f"column {name} has nothing to draw on a logarithmic axis: no number is above 0")
    return found


def columns(names, what: str = "scores") -> tuple[str, ...]:
    """``names``, of one column or several, as a tuple."""
    if not (found := checks.names(names, what)):
        raise ValueError(f"{what} must be a name or several, not none")
    return found


def panels(value, what: str, such: str) -> dict:
    """``value`` as a dict, if it maps the title of at least one panel or line to what is drawn."""
    if not isinstance(value, Mapping) or not value:
        raise ValueError(f"{what} must be a dict of at least one {such}, not {checks.shown(value)}")
    return dict(value)


def frame(value, what: str) -> pd.DataFrame:
    """``value``, if it is a DataFrame of numbers [r, c], which may be NaN, with at least one row and column."""
    checks.instance(value, pd.DataFrame, what, "a DataFrame of numbers")
    if not value.size:
        raise ValueError(f"{what} must have at least one row and column, not the shape {value.shape}")
    if any(kind.kind in "cmM" for kind in value.dtypes):
        raise ValueError(f"{what} must hold numbers, not complex numbers or times")
    try:
        numbers = value.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what} must hold numbers: {error}") from error
    if np.isinf(numbers).any():
        raise ValueError(f"{what} must hold numbers or NaN, not infinity")
    return value


def numbers(values, what: str, count: int) -> np.ndarray:
    """``values`` as an array [count] of numbers or NaN, at least one of which is a number."""
    found = checks.array(values, what, f"[{count}]", 1)
    if len(found) != count or np.isinf(found).any() or np.isnan(found).all():
        given = checks.shown(found) if len(found) != count else "infinite or all NaN"
        raise ValueError(f"{what} must be {count} numbers, some of which may be NaN, not {given}")
    return found


def pair(values, what: str) -> list[str]:
    """``values``, two texts such as the names of axes, as a list."""
    if isinstance(values, str):
        raise ValueError(f"{what} must be two texts, such as ('x', 'y'), not {checks.shown(values)}")
    return texts(values, what, 2)


def texts(values, what: str, count: int, *, optional: bool = False) -> list[str]:
    """``values``, one for each of ``count`` places, or none if they are ``optional``, as a list of texts."""
    if not isinstance(values, Iterable) or isinstance(values, Mapping | pd.DataFrame):
        raise ValueError(f"{what} must be a sequence of texts, not {checks.shown(values)}")
    found = list(values)
    if len(found) != count and (found or not optional):
        raise ValueError(f"{what} must be {count}, one for each, not {len(found)}: {checks.shown(found)}")
    if bad := [value for value in found if value is None or np.ndim(value)]:
        raise ValueError(f"{what} must be texts, not {checks.shown(bad[0])}")
    return list(map(str, found))


def text(value, what: str) -> str:
    """``value``, if it is a text."""
    return checks.instance(value, str, what, "a text")


def limits(value) -> tuple[float, float]:
    """``value``, if it is the lower and the higher end of a scale."""
    ends = checks.finite(value, "limits", "[2]", 1)
    if len(ends) != 2 or not ends[0] < ends[1]:
        raise ValueError(f"limits must be two numbers, the lower one first, not {checks.shown(value)}")
    return tuple(value)


def form(value) -> str:
    """``value``, if it is the format of a number, such as "{:.2f}"."""
    try:
        if text(value, "form").format(0.5) != value:
            return value
    except (IndexError, KeyError, AttributeError, ValueError):
        pass
    raise ValueError(f'form must be the format of a number, such as "{{:.2f}}", not {checks.shown(value)}')


def images(values, form: str) -> np.ndarray:
    """``values`` as an array of images of the ``form``, such as "[n, h, w, 1 or 3]", with numbers from 0 to 1.

    A small overshoot, which reduction to fewer pixels leaves, is cut off.
    """
    found = checks.finite(values, "images", form, form.count(",") + 1)
    if not found.size or found.shape[-1] not in (1, 3):
        raise ValueError(f"images must be {form}, not of shape {found.shape}")
    low, high = found.min(), found.max()
    if not -OVERSHOOT <= low <= high <= 1 + OVERSHOOT:
        raise ValueError(f"images must be in [0, 1], not from {low:g} to {high:g}: divide bytes by 255")
    return np.clip(found, 0, 1)
