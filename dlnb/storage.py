"""Writing files completely or not at all, and NumPy archives that describe their contents."""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

ABOUT = "about"  # the entry of an archive that describes it, as JSON


def write(path, fill: Callable[[Path], object]) -> None:
    """Let ``fill(temporary)`` write a file next to ``path``, then rename it to ``path``; the folder is created.

    If ``fill`` raises, ``path`` is unchanged and the temporary file is removed.
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
    """``about`` as read back from JSON: tuples become lists, and types that JSON lacks become strings."""
    return json.loads(json.dumps(about, default=str))


def save(path, about: dict, arrays: dict[str, np.ndarray]) -> None:
    """Write an .npz file, without pickles, of ``arrays`` and of ``about`` as returned by ``plain``."""
    text = np.array(json.dumps(plain(about)))

    def fill(temporary):
        with open(temporary, "wb") as file:  # NumPy would append .npz to a name without it
            np.savez(file, **{ABOUT: text}, **arrays)

    write(path, fill)


def load(path, what: str) -> tuple[dict, dict[str, np.ndarray]]:
    """(about, arrays) from ``save``. Raises ValueError if the file is damaged or its kind is not ``what``."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file}
        about = json.loads(str(arrays.pop(ABOUT)))
    except FileNotFoundError:
        raise
    except (OSError, EOFError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is not a {what} file of this package, or is damaged: {error}") from error
    if not isinstance(about, dict) or about.get("kind") != what:
        raise ValueError(f"{path} is not a {what} file" + (f" but a {about['kind']} file" if "kind" in about else ""))
    return about, arrays
