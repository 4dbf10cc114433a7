"""Files that appear whole or not at all, and plain NumPy archives that say what they hold."""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

ABOUT = "about"  # the entry of an archive that describes it, as JSON


def write(path, fill: Callable[[Path], object]) -> None:
    """Have ``fill(temporary)`` write a file beside ``path``, then rename it to ``path``; the folder is made.

    If ``fill`` raises, ``path`` stays as it was and nothing is left beside it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}{path.suffix}")
    try:
        fill(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def plain(about: dict) -> dict:
    """``about`` as it comes back from JSON: tuples are lists, what JSON does not know is its text."""
    return json.loads(json.dumps(about, default=str))


def save(path, about: dict, arrays: dict[str, np.ndarray]) -> None:
    """Write an .npz of ``arrays`` that carries ``about``, as ``plain`` gives it; no pickles."""
    text = np.array(json.dumps(plain(about)))

    def fill(temporary):
        with open(temporary, "wb") as file:  # given a name without .npz, NumPy would write to another
            np.savez(file, **{ABOUT: text}, **arrays)

    write(path, fill)


def load(path, what: str) -> tuple[dict, dict[str, np.ndarray]]:
    """(about, arrays) as ``save`` wrote them. Raises ValueError if the file is damaged or is not ``what`` we wrote."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file}
        about = json.loads(str(arrays.pop(ABOUT)))
    except FileNotFoundError:
        raise
    except (OSError, EOFError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is no {what} of this package, or is damaged: {error}") from error
    if not isinstance(about, dict) or about.get("kind") != what:
        raise ValueError(f"{path} is no {what}" + (f" but a {about['kind']}" if "kind" in about else ""))
    return about, arrays
