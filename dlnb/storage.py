"""Writing files completely or not at all, and NumPy archives that describe their contents."""

import io
import json
import math
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

ABOUT = "about"  # the entry of an archive that describes it, as JSON
RATIO = 1_032  # deflate shrinks no content to less than this part of its size
TEMPORARY = re.compile(r"\.(?P<name>.+)\.(?P<process>\d+)(?P<suffix>\.[^.]+)?")  # the names that ``write`` makes


def write(path, fill: Callable[[Path], object]) -> None:
    """Let ``fill(temporary)`` write a file next to ``path``, then rename it to ``path``; the folder is created.

    If ``fill`` raises, ``path`` is unchanged and the temporary file is removed. An OSError, as of a full disk, names
    ``path``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}{path.suffix}")
    try:
        fill(temporary)
        temporary.replace(path)
    except OSError as error:
        if error.errno is None:
            raise OSError(f"{path} could not be written: {error}") from error
        if error.filename in (None, str(temporary)):
            error.filename = str(path)
            if error.filename2 is not None:  # of the rename
                del error.filename2
        raise
    finally:
        temporary.unlink(missing_ok=True)


def sweep(folder, *names: str) -> None:
    """Remove the temporary files that killed processes left in ``folder``, of all files or of those in ``names``.

    Call it under the lock that the writers of these files hold: a process that no longer runs on this machine could
    run on another one.
    """
    for path in Path(folder).glob(".*"):
        found = TEMPORARY.fullmatch(path.name)
        if not found or Path(found["name"]).suffix != (found["suffix"] or "") or (names and found["name"] not in names):
            continue
        if path.is_file() and not _runs(int(found["process"])):
            path.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    """Whether another process of that number runs on this machine."""
    if process == os.getpid() or os.name == "nt":  # on Windows the signal 0 would interrupt it
        return False
    try:
        os.kill(process, 0)
    except PermissionError:  # it is another user's
        return True
    except (OSError, OverflowError):
        return False
    return True


def quantized(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A kernel [..., outputs] as int8 of the same shape, and the scale float64 [outputs] by which to multiply it."""
    scale = np.maximum(np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1)), initial=0), 1e-12) / 127
    return np.round(kernel / scale).astype(np.int8), scale


def plain(about: dict) -> dict:
    """``about`` as read back from JSON: tuples become lists, and types that JSON lacks become strings.

    Numbers of NumPy become Python's.
    """
    return json.loads(
        json.dumps(about, default=lambda value: value.item() if isinstance(value, np.generic) else str(value))
    )


def save(path, about: dict, arrays: dict[str, np.ndarray], packed: bool = False) -> None:
    """Write an .npz file, without pickles, of ``arrays`` and of ``about`` as returned by ``plain``.

    ``packed``: whether to deflate it, which takes a tenth off bytes of weights and makes every read slower.
    """
    text = np.array(json.dumps(plain(about)))

    def fill(temporary):
        with open(temporary, "wb") as file:  # NumPy would append .npz to a name without it
            (np.savez_compressed if packed else np.savez)(file, **{ABOUT: text}, **arrays)

    write(path, fill)


def load(path, what: str) -> tuple[dict, dict[str, np.ndarray]]:
    """(about, arrays) from ``save``. Raises ValueError if the file is damaged or its kind is not ``what``."""
    found = arrays(path, what)
    if ABOUT not in found:
        raise ValueError(f"{path} is not a {what} file: it holds arrays alone ({', '.join(sorted(found)) or 'none'})")
    try:
        about = json.loads(str(found.pop(ABOUT)))
    except Exception as error:  # RecursionError among others
        raise damaged(path, what, error) from error
    if not isinstance(about, dict) or about.get("kind") != what:
        other = isinstance(about, dict) and "kind" in about
        raise ValueError(f"{path} is not a {what} file" + (f" but a {about['kind']} file" if other else ""))
    return about, found


def arrays(path, what: str) -> dict[str, np.ndarray]:
    """The arrays of an .npz file without pickles. Raises ValueError, naming the file, if it is damaged or no such file.

    OSError is raised if it cannot be read at all, for want of a permission among others.

    Every entry is read whole, so that its checksum is compared, and nothing is allocated for a size that an entry
    claims before the file was found to hold as much.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} is not a {what} file but {'a folder' if path.is_dir() else 'no regular file'}")
    content = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {
                name.removesuffix(".npy"): _array(archive.read(info))
                for name, info in _entries(archive, content).items()
            }
    except MemoryError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy raise many kinds for damaged bytes, and document few
        raise damaged(path, what, error) from error


def damaged(path, what: str, error) -> ValueError:
    """The error for a file that cannot be read; ``error``: why."""
    why = str(error) or type(error).__name__
    remedy = "restore it from a copy, or remove it to have it made again"
    return ValueError(f"{path} is not a {what} file of this package, or is damaged: {why}; {remedy}")


def _entries(archive: zipfile.ZipFile, content: bytes) -> dict[str, zipfile.ZipInfo]:
    """The entries of an archive, if all are there, each is an array and none claims more than the archive holds."""
    found = {info.filename: info for info in archive.infolist()}
    # zipfile does not compare the number of entries, and a longer comment of one would swallow the next ones.
    if content[-22:-18] != b"PK\5\6" or int.from_bytes(content[-12:-10], "little") != len(found):
        raise ValueError("some of its entries are missing")
    if not all(name.endswith(".npy") for name in found):
        raise ValueError("it holds something else than arrays")
    for name, info in found.items():
        most = {zipfile.ZIP_STORED: info.compress_size, zipfile.ZIP_DEFLATED: RATIO * info.compress_size}
        if info.file_size > most.get(info.compress_type, -1):
            raise ValueError(f"its entry {name} claims {info.file_size:,} bytes in {info.compress_size:,}")
    if sum(info.compress_size for info in found.values()) > len(content):
        raise ValueError("its entries claim more bytes than it has")
    return found


def _array(content: bytes) -> np.ndarray:
    """The array in an .npy file, which has as many bytes as its shape and dtype need."""
    file = io.BytesIO(content)
    headers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    try:
        shape, fortran, dtype = headers[np.lib.format.read_magic(file)](file)
    except Exception as error:  # MemoryError too, from Python's parser
        raise ValueError(f"an array has no readable header ({type(error).__name__})") from error
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(content) - file.tell():
        raise ValueError(f"an array of {dtype} of shape {shape} has {len(content) - file.tell():,} bytes")
    return np.ndarray(shape, dtype, bytearray(content), file.tell(), order="F" if fortran else "C")
