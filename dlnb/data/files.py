"""Data files: downloads that are verified before they can be used, and arrays that are computed once and cached.

Only this module downloads. A file is written under a temporary name in its folder and renamed once it is complete and
verified, so that a lost connection, a full disk or a killed process never leaves a partial file that a later run
trusts. Every failure of a data file raises DataFileError.
"""

import hashlib
import os
import secrets
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlnb import progress

with warnings.catch_warnings():  # pooch warns that its progress bars need ipywidgets, which is noise in a notebook
    warnings.simplefilter("ignore")
    import pooch

try:
    import fcntl
except ImportError:  # Windows: two processes may do the same work, and the last rename wins
    fcntl = None

ATTEMPTS, PAUSE = 3, 2.0  # attempts at an address whose connection fails or breaks, seconds between them
ABANDONED = 24 * 3600  # seconds after which a temporary file is assumed to be left by a killed process


class DataFileError(OSError):
    """A data file cannot be obtained, read or written; the message names the file and what to do about it."""


@dataclass(frozen=True)
class File:
    """A published file: ``known_hash`` is "sha256:..." or "md5:...", or None if no checksum was published."""

    name: str
    urls: tuple[str, ...]
    known_hash: str | None
    bytes: int | None = None


def home() -> Path:
    """The folder of downloads and derived arrays: the environment variable DLNB_DATA, else the user's cache."""
    return Path(os.environ.get("DLNB_DATA") or pooch.os_cache("dlnb")).expanduser()


def find(name: str, folder: str | Path) -> Path | None:
    """The file ``name`` in ``folder`` or below it: the first by path if there are several, None if there is none."""
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise DataFileError(f"folder {folder} does not exist or is not a folder")
    return min((path for path in folder.rglob(name) if path.is_file()), default=None)


def fetch(file: File, folder: str | Path | None = None) -> Path:
    """The path of ``file``: below ``folder`` if one is given (nothing is downloaded), else in home().

    Size and checksum are compared with the published ones at every call, so call it only to convert the file and cache
    the result with ``derived``. A file in home() that fails is downloaded again, one of the user's is left unchanged.
    Raises DataFileError if the file is missing, cannot be downloaded from any address, or is not the published one.
    """
    if folder is not None:
        path = find(file.name, folder)
        if path is None:
            raise DataFileError(f"{file.name} is not in {folder} or below it; it is published at {_addresses(file)}")
        if wrong := _wrong(file, path):
            raise DataFileError(f"{path} is not the published file: {wrong}. Download it again from {_addresses(file)}")
        return path
    path = home() / file.name
    _once(path, lambda: path.is_file() and not _wrong(file, path), lambda temporary: _download(file, temporary))
    return path


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


def _download(file: File, temporary: Path):
    reasons = {}
    for url in file.urls:
        for attempt in range(ATTEMPTS):
            time.sleep(attempt and PAUSE)
            reasons[url], again = _attempt(file, url, temporary)
            if reasons[url] is None:
                return
            if not again:
                break
    raise DataFileError(
        f"{file.name} could not be downloaded:\n"
        + "".join(f"  {url}: {reason}\n" for url, reason in reasons.items())
        + "Try again later, or download the file by other means and pass the folder that contains it as folder="
    )


def _attempt(file: File, url: str, temporary: Path) -> tuple[str | None, bool]:
    """Why the download from ``url`` failed (None: it succeeded), and whether another attempt may succeed."""

    def as_sent(response, **_):  # some servers declare .gz as a content encoding, which requests would decode
        response.raw.headers.pop("content-encoding", None)

    # Some servers reject clients without a user agent.
    headers = {"User-Agent": "dlnb (https://github.com/dlnb/dlnb)", "Accept-Encoding": "identity"}
    options = {"chunk_size": 2**18, "headers": headers, "hooks": {"response": as_sent}, "timeout": 30}
    get = pooch.HTTPDownloader(not progress.silent(), **options)
    try:
        get(url, str(temporary), None)
    except OSError as error:
        if error.errno is not None:  # a disk error: network errors come from requests, without an errno
            raise _unwritable(home() / file.name, error) from error
        answer = getattr(error, "response", None)
        if answer is None:
            return f"the connection failed or broke ({error})", True
        return f"the server responded {answer.status_code} {answer.reason}", answer.status_code >= 500
    return _wrong(file, temporary), temporary.stat().st_size < (file.bytes or 0)


def _wrong(file: File, path: Path) -> str | None:
    """Why ``path`` does not hold the published bytes, or None if it does."""
    try:
        with open(path, "rb") as stream:
            if not (start := stream.read(100)):
                return "it is empty"
            if start.lstrip().startswith(b"<"):
                return "it is a web page"
            size = stream.seek(0, os.SEEK_END)
            if file.bytes is not None and size != file.bytes:
                return f"it has {size:,} bytes instead of {file.bytes:,}"
            if file.known_hash is None:
                return None
            stream.seek(0)
            kind, _, published = file.known_hash.partition(":")
            same = hashlib.file_digest(stream, kind).hexdigest() == published
            return None if same else f"its {kind} checksum is not the published {published}"
    except OSError as error:
        return f"it cannot be read ({error.strerror})"


def _addresses(file: File) -> str:
    return " or ".join(file.urls)


def _unwritable(path: Path, error: OSError) -> DataFileError:
    return DataFileError(
        f"cannot write {path}: {error.strerror or error}. Set the environment variable "
        "DLNB_DATA to a writable folder with enough space"
    )
