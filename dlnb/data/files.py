"""Files on this computer: downloads that are checked before anyone can see them, and arrays that are computed once.

The only code that downloads. Everything is written under a temporary name beside its place and renamed into it when it
is whole and checked, so a cut connection, a full disk or a killed process never leaves a half file that a later run
trusts. All that can go wrong with a data file is a DataFileError.
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

with warnings.catch_warnings():  # a notebook's reader need not hear that pooch's bars want ipywidgets
    warnings.simplefilter("ignore")
    import pooch

try:
    import fcntl
except ImportError:  # Windows: two processes may do the same work, and the last rename stays
    fcntl = None

ATTEMPTS, PAUSE = 3, 2.0  # tries of an address whose connection fails or is cut, seconds between them
ABANDONED = 24 * 3600  # seconds after which a temporary file must be of a process that was killed


class DataFileError(OSError):
    """A data file cannot be had, read or written; the message names the file and what to do about it."""


@dataclass(frozen=True)
class File:
    """A published file: ``known_hash`` is "sha256:..." or "md5:...", None if nobody published one."""

    name: str
    urls: tuple[str, ...]
    known_hash: str | None
    bytes: int | None = None


def home() -> Path:
    """The folder of downloads and derived arrays: environment variable DLNB_DATA, else the user's cache."""
    return Path(os.environ.get("DLNB_DATA") or pooch.os_cache("dlnb")).expanduser()


def find(name: str, folder: str | Path) -> Path | None:
    """The file called ``name`` anywhere below ``folder``; the first in order of paths if there are several."""
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise DataFileError(f"folder {folder} does not exist or is not a folder")
    return min((path for path in folder.rglob(name) if path.is_file()), default=None)


def fetch(file: File, folder: str | Path | None = None) -> Path:
    """The path of ``file``: below ``folder`` if the user names one (nothing is downloaded), else in home().

    Size and checksum are compared with the published ones at every call, so call it to convert the file and keep the
    result with ``derived``. A file in home() that fails the check is downloaded anew; one of the user's is left alone.
    Raises DataFileError if the file is not there, cannot be downloaded from any address, or is not the published one.
    """
    if folder is not None:
        path = find(file.name, folder)
        if path is None:
            raise DataFileError(f"{file.name} is not in {folder} or below it; it is published at {_addresses(file)}")
        if wrong := _wrong(file, path):
            raise DataFileError(f"{path} is not the published file: {wrong}. Get it again from {_addresses(file)}")
        return path
    path = home() / file.name
    _once(path, lambda: path.is_file() and not _wrong(file, path), lambda temporary: _download(file, temporary))
    return path


def derived(
    name: str, version: str, shape: tuple[int, ...], make: Callable[[np.ndarray], None], dtype=np.uint8
) -> np.ndarray:
    """A read-only memory-mapped array [*shape] that ``make(array)`` filled, once for this computer.

    It is kept as home()/derived/<name>-<version>-<shape>-<dtype>.npy: change ``version`` whenever ``make`` would fill
    it differently. Where it is missing or damaged, ``make`` gets a writable memory map of zeros. Other processes that
    want the same array wait meanwhile. If ``make`` raises, nothing is kept and the error passes through.
    Raises DataFileError if the array is not there yet and home() cannot be written or is full.
    """
    dtype = np.dtype(dtype)
    path = home() / "derived" / f"{name}-{version}-{'x'.join(map(str, shape))}-{dtype.name}.npy"

    def stored() -> np.ndarray | None:
        try:
            array = np.lib.format.open_memmap(path, mode="r")
        except (OSError, ValueError):  # not there, or damaged
            return None
        return array if (array.shape, array.dtype) == (tuple(shape), dtype) else None

    def write(temporary: Path):
        try:
            array = np.lib.format.open_memmap(temporary, "w+", dtype, tuple(shape))
            if hasattr(os, "posix_fallocate"):  # a map into a full disk ends the process; this raises before
                with open(temporary, "r+b") as file:
                    os.posix_fallocate(file.fileno(), 0, temporary.stat().st_size)
        except OSError as error:
            raise _unwritable(path, error) from error
        make(array)
        array.flush()

    _once(path, lambda: stored() is not None, write)
    return stored()


def _once(path: Path, ready: Callable[[], bool], write: Callable[[Path], None]):
    """Unless ``ready()``, have ``write(temporary)`` make a file and rename it to ``path``; one process at a time."""
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
    """Hold ``lock`` until it is closed. The system frees the locks of a process that dies, so none is ever stale."""
    try:
        if fcntl:
            fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError:  # a file system without locks: as on Windows
        pass


def _sweep(folder: Path):
    """Delete what killed processes left."""
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
        + "Try again later, or get the file by other means, put it into a folder and name that folder with folder="
    )


def _attempt(file: File, url: str, temporary: Path) -> tuple[str | None, bool]:
    """What is wrong with the bytes that ``url`` sends (None: nothing), and whether it may go better another time."""

    def as_sent(response, **_):  # some servers declare .gz files as an encoding, which requests would undo
        response.raw.headers.pop("content-encoding", None)

    # Some servers refuse clients that do not say who they are.
    headers = {"User-Agent": "dlnb (https://github.com/dlnb/dlnb)", "Accept-Encoding": "identity"}
    options = {"chunk_size": 2**18, "headers": headers, "hooks": {"response": as_sent}, "timeout": 30}
    get = pooch.HTTPDownloader(not progress.silent(), **options)
    try:
        get(url, str(temporary), None)
    except OSError as error:
        if error.errno is not None:  # of this computer's disk: errors of the network come from requests without one
            raise _unwritable(home() / file.name, error) from error
        answer = getattr(error, "response", None)
        if answer is None:
            return f"no connection, or one that broke ({error})", True
        return f"the server answers {answer.status_code} {answer.reason}", answer.status_code >= 500
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
        f"cannot write {path}: {error.strerror or error}. Name another folder, writable and with room, in the "
        "environment variable DLNB_DATA"
    )
