"""Data files: downloads that are verified before they can be used, and arrays that are computed once and cached.

A file is written under a temporary name in its folder and renamed once it is complete and verified, so that a lost
connection, a full disk or a killed process never leaves a partial file that a later run trusts. Every failure of a data
file raises DataFileError.
"""

import hashlib
import os
import re
import secrets
import time
import warnings
from collections.abc import Callable
from glob import escape
from pathlib import Path

import numpy as np

from dlnb import checks
from dlnb.data.downloads import DataFileError, File, addresses, download, is_name, wrong

with warnings.catch_warnings():  # pooch warns that its progress bars need ipywidgets, which is noise in a notebook
    warnings.simplefilter("ignore")
    import pooch

try:
    import fcntl
except ImportError:  # Windows: two processes may do the same work, and the last rename wins
    fcntl = None

ABANDONED = 24 * 3600  # seconds after which a temporary file is assumed to be left by a killed process


def home() -> Path:
    """The folder of downloads and derived arrays: the environment variable DLNB_DATA, else the user's cache."""
    return _expanded(os.environ.get("DLNB_DATA") or pooch.os_cache("dlnb"), "the environment variable DLNB_DATA")


def find(name: str, folder: str | Path) -> Path | None:
    """The file ``name`` in ``folder`` or below it: the first by path if there are several, None if there is none.

    Raises ValueError for a name that is more than a file's name, DataFileError if the folder does not exist.
    """
    if not is_name(name):
        raise ValueError(f"the name of a file must be without folders, not {checks.shown(name)}")
    return next(iter(find_all(escape(name), folder)), None)


def find_all(pattern: str, folder: str | Path) -> list[Path]:
    """The files in ``folder`` or below it whose names match ``pattern``, such as "car_*.mat", in order.

    ``folder`` may be such a file itself.
    """
    below = _expanded(folder)
    if below.is_file() and below.match(pattern):
        return [below]
    if not below.is_dir():
        raise DataFileError(f"folder {below} does not exist or is not a folder")
    return sorted(path for path in below.rglob(pattern) if path.is_file())


def fetch(file: File, folder: str | Path | None = None) -> Path:
    """The path of ``file``: below ``folder`` if one is given (nothing is downloaded), else in home().

    Size and checksum are compared with the published ones at every call, so call it only to convert the file and cache
    the result with ``derived``. A file without a published checksum is decoded, and compared with the checksum of its
    download, which is kept beside it as <name>.sha256. A file in home() that fails is downloaded again, one of the
    user's is left unchanged. Raises DataFileError if the file is missing, cannot be downloaded from any address, or is
    not the published one.
    """
    checks.instance(file, File, "file", "a File, such as those of published.FILES")
    if folder is not None:
        path = find(file.name, folder)
        if path is None:
            raise DataFileError(f"{file.name} is not in {folder} or below it; it is published at {addresses(file)}")
        if reason := wrong(file, path):
            raise DataFileError(f"{path} is not the published file: {reason}. Download it again from {addresses(file)}")
        return path
    path = home() / file.name
    beside = path.with_name(f"{path.name}.sha256")

    def ready() -> bool:
        return path.is_file() and not wrong(file, path, _checksum(beside))

    def write(temporary: Path):
        try:
            download(file, temporary)
            if file.known_hash is None:  # first, so that a file is never left with the checksum of another
                with open(temporary, "rb") as stream:
                    beside.write_text(f"{hashlib.file_digest(stream, 'sha256').hexdigest()}  {path.name}\n")
        except DataFileError:
            raise
        except OSError as error:
            raise _unwritable(path, error) from error

    _once(path, ready, write)
    return path


def _checksum(path: Path) -> str | None:
    """The checksum in a file like those of sha256sum, None if there is none that can be read."""
    try:
        found = re.match("[0-9a-f]{64}", path.read_text())
    except (OSError, ValueError):
        return None
    return found and f"sha256:{found[0]}"


def _expanded(folder, what: str = "folder") -> Path:
    try:
        return checks.path(folder, what).expanduser()
    except RuntimeError as error:  # of a user who does not exist
        raise DataFileError(f"{what} is {folder}, which is nobody's home: {error}") from error


def derived(
    name: str, version: str, shape: tuple[int, ...], make: Callable[[np.ndarray], None], dtype=np.uint8
) -> np.ndarray:
    """A read-only memory-mapped array [*shape], which ``make(array)`` fills once per computer.

    It is cached as home()/derived/<name>-<version>-<shape>-<dtype>.npy, which ends with its SHA-256; ``version`` must
    change whenever ``make`` would fill it differently. If it is missing, damaged or without a checksum, as in earlier
    versions, ``make`` receives a writable memory map of zeros, and other processes that need the same array wait. If
    ``make`` raises, nothing is kept and the error propagates.
    Raises DataFileError if the array is not cached yet and home() cannot be written or is full.
    """
    dtype = np.dtype(dtype)
    path = home() / "derived" / f"{name}-{version}-{'x'.join(map(str, shape))}-{dtype.name}.npy"

    def stored() -> bool:
        """Whether the file is whole, which is found out once: it maps it."""
        try:
            array = np.lib.format.open_memmap(path, mode="r")
            right = (array.shape, array.dtype) == (tuple(shape), dtype) and _sealed(path, array.offset + array.nbytes)
        except Exception:  # missing, or damaged in one of many ways
            return False
        if right:
            found.append(array)
        return right

    def write(temporary: Path):
        try:
            array = np.lib.format.open_memmap(temporary, "w+", dtype, tuple(shape))
            if hasattr(os, "posix_fallocate"):  # writing to a map on a full disk kills the process; this raises first
                with open(temporary, "r+b") as file:
                    os.posix_fallocate(file.fileno(), 0, temporary.stat().st_size)
        except OSError as error:
            raise _unwritable(path, error) from error
        make(array)
        array.flush()
        try:
            with open(temporary, "r+b") as file:
                seal = hashlib.file_digest(file, "sha256").digest()
                file.seek(0, os.SEEK_END)
                file.write(seal)
        except OSError as error:
            raise _unwritable(path, error) from error

    found: list[np.ndarray] = []
    _once(path, stored, write)
    if not found and not stored():
        raise DataFileError(f"{path} is damaged as soon as it is written: is its disk faulty? DLNB_DATA names another")
    return found[-1]


def _sealed(path: Path, size: int) -> bool:
    """Whether the first ``size`` bytes of a file have the SHA-256 in the 32 bytes that follow, its last."""
    with open(path, "rb") as file:
        seal, left = hashlib.sha256(), size
        while left and (block := file.read(min(left, 2**20))):
            seal.update(block)
            left -= len(block)
        return file.read() == seal.digest()


def _once(path: Path, ready: Callable[[], bool], write: Callable[[Path], None]):
    """Unless ``ready()``, call ``write(temporary)`` and rename that file to ``path``; one process at a time."""
    if ready():
        return
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(6)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = open(path.with_name(f"{path.name}.lock"), "a")
    except OSError as error:
        raise _unwritable(path, error) from error
    with lock:
        _wait(lock)
        if ready():
            return
        _sweep(path.parent)
        try:
            write(temporary)
            try:
                os.replace(temporary, path)
            except OSError as error:
                raise _unwritable(path, error) from error
        finally:
            temporary.unlink(missing_ok=True)


def _wait(lock):
    """Hold ``lock`` until it is closed. The system releases the locks of a dead process, so none is ever stale."""
    try:
        if fcntl:
            fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError:  # a file system without locks: as on Windows
        pass


def _sweep(folder: Path):
    """Delete temporary files that killed processes left."""
    for path in folder.glob("*.part"):
        try:
            if time.time() - path.stat().st_mtime > ABANDONED:
                path.unlink()
        except OSError:  # another process was faster
            continue


def _unwritable(path: Path, error: OSError) -> DataFileError:
    return DataFileError(
        f"cannot write {path}: {error.strerror or error}. Set the environment variable "
        "DLNB_DATA to a writable folder with enough space"
    )
