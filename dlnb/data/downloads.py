"""Downloads over HTTP of published files, which are verified here before any other module may use them.

A server is left when it is slower than SLOWEST, sends more than the file has, or answers what cannot be understood; the
next address is tried then. The caller says where the bytes go and renames that file once ``download`` has returned.
"""

import hashlib
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from dlnb import checks, progress

ATTEMPTS, PAUSE = 3, 2.0  # attempts at an address whose connection fails or breaks, seconds between them
TIMEOUT = 30  # seconds without any byte after which a connection counts as broken
SLOWEST, WINDOW = 1_000, 60.0  # a server that sends fewer bytes a second, over so many seconds, is left
REDIRECTS = 10  # followed for one file
PART = 2**14  # bytes taken from a connection at a time: a few of them fit in a window of the slowest server
# Some servers reject clients without a user agent. Without the second line, they may send a compressed copy.
HEADERS = {"User-Agent": "dlnb (https://github.com/dlnb/dlnb)", "Accept-Encoding": "identity"}
HASH = re.compile(r"sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}")


class DataFileError(OSError):
    """A data file cannot be obtained, read or written; the message names the file and what to do about it."""


@dataclass(frozen=True)
class File:
    """A published file, and how it is told from others.

    - ``known_hash``: "sha256:..." or "md5:...", or None if no checksum was published.
    - ``bytes``: its size, if that is known; ``most``: the size beyond which a download is given up if it is not.
    - ``decode``: for a file without a checksum, a function of its path that reads all of it and raises an error if it
      is not of the kind that is expected.
    - ``otherwise``: what to do if no address serves it.

    Raises ValueError for a name that is more than a name, and for a checksum of another form.
    """

    name: str
    urls: tuple[str, ...]
    known_hash: str | None
    bytes: int | None = None
    most: int = 10**9
    decode: Callable[[Path], object] | None = None
    otherwise: str = (
        "Try again later, or download the file by other means and pass the folder that contains it as folder="
    )

    def __post_init__(self):
        if not is_name(self.name):
            raise ValueError(f"the name of a file must be without folders, not {checks.shown(self.name)}")
        if not isinstance(self.urls, tuple) or not all(isinstance(url, str) for url in self.urls):
            raise ValueError(f"the addresses of {self.name} must be a tuple of texts, not {checks.shown(self.urls)}")
        if self.known_hash is not None and not (isinstance(self.known_hash, str) and HASH.fullmatch(self.known_hash)):
            form = "sha256:<64 digits>, md5:<32 digits> (hexadecimal, lower case) or None"
            raise ValueError(f"the checksum of {self.name} must be {form}, not {checks.shown(self.known_hash)}")


def is_name(name) -> bool:
    """Whether ``name`` is that of a file, without folders."""
    return isinstance(name, str) and name not in ("", "..") and Path(name).name == name


def addresses(file: File) -> str:
    """The addresses of ``file`` in a message."""
    return " or ".join(file.urls)


def wrong(file: File, path: Path, known_hash: str | None = None) -> str | None:
    """Why ``path`` does not hold the published bytes, or None if it does.

    ``known_hash`` is compared if the file has none of its own.
    """
    try:
        with open(path, "rb") as stream:
            if not (start := stream.read(100)):
                return "it is empty"
            if start.lstrip().startswith(b"<"):
                return "it is a web page"
            size = stream.seek(0, os.SEEK_END)
            if file.bytes is not None and size != file.bytes:
                return f"it has {size:,} bytes instead of {file.bytes:,}"
            if size > (file.bytes or file.most):
                return f"it has {size:,} bytes, more than the {file.most:,} that are plausible"
            kind, _, expected = (file.known_hash or known_hash or "").partition(":")
            stream.seek(0)
            if expected and hashlib.file_digest(stream, kind).hexdigest() != expected:
                of = "the published" if file.known_hash else "that of its download,"
                return f"its {kind} checksum is not {of} {expected}"
    except OSError as error:
        return f"it cannot be read ({error.strerror or error})"
    if file.decode is not None:
        try:
            file.decode(path)
        except Exception as error:  # libraries raise all kinds of errors for damaged files
            return str(error) or type(error).__name__
    return None


def download(file: File, temporary: Path) -> None:
    """Write ``file``, verified, to ``temporary``; an OSError of the disk passes through.

    Raises DataFileError, with the reason for every address, if none serves it.
    """
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
        + file.otherwise
    )


def _attempt(file: File, url: str, temporary: Path) -> tuple[str | None, bool]:
    """Why the download from ``url`` failed (None: it succeeded), and whether another attempt may succeed."""
    with open(temporary, "wb") as stream:
        transfer, before = _Transfer(file, url, stream), 0
        transfer.start()
        try:
            while transfer.join(WINDOW) or transfer.is_alive():
                new, before = transfer.count - before, transfer.count
                if new < SLOWEST * WINDOW:
                    return f"the server is too slow ({new:,} bytes in the last {WINDOW:g} seconds)", True
        finally:
            transfer.left = True
    if transfer.disk is not None:
        raise transfer.disk
    if transfer.reason is not None:
        return transfer.reason, transfer.again
    return wrong(file, temporary), temporary.stat().st_size < (file.bytes or 0)


class _Refused(Exception):
    """An answer that is not the file: the reason, and whether another attempt may succeed."""


class _Transfer(threading.Thread):
    """One attempt at an address, in a thread of its own; ``count``: the bytes that have come.

    A thread can be left behind, a read cannot: the timeout of a connection begins anew with every byte, in the header
    of an answer too. One that was ``left`` writes nothing more, and ends with its connection or the process.
    """

    def __init__(self, file: File, url: str, stream):
        super().__init__(name=f"download of {file.name}", daemon=True)
        self.file, self.url, self.stream = file, url, stream
        self.count, self.left = 0, False
        self.reason, self.again, self.disk = None, False, None

    def run(self):
        import requests  # slow to import; pooch, too, waits until it downloads

        try:
            with requests.Session() as session, self._answer(session) as answer:
                self._receive(answer)
        except _Refused as error:
            self.reason, self.again = error.args
        except Exception as error:
            # An address that makes no sense is a ValueError as well as an OSError; it makes none at the next attempt.
            self.again = isinstance(error, OSError) and not isinstance(error, ValueError)
            what = "the connection failed or broke" if self.again else "its answer cannot be understood"
            self.reason = f"{what} ({str(error) or type(error).__name__})"

    def _answer(self, session):
        """The answer after all redirects, whose own contents, of any length, are not read."""
        target_of, url = session.get_redirect_target, self.url
        session.get_redirect_target = lambda answer: None  # or requests reads them, redirects allowed or not
        for _ in range(REDIRECTS + 1):
            answer = session.get(url, headers=HEADERS, timeout=TIMEOUT, stream=True, allow_redirects=False)
            target = target_of(answer)
            if target is None:
                if answer.status_code == 200:
                    return answer
                raise _Refused(f"the server responded {answer.status_code} {answer.reason}", answer.status_code >= 500)
            answer.close()
            url = urljoin(url, target)
        raise _Refused(f"the server redirects more than {REDIRECTS} times", False)

    def _receive(self, answer):
        length, most = answer.headers.get("content-length"), self.file.bytes or self.file.most
        if length is not None and not re.fullmatch("[0-9]{1,18}", length.strip()):
            raise _Refused(f"its answer cannot be understood (a length of {length[:40]!r})", False)
        # Some servers declare .gz as a content encoding; undone, it would no longer be the published file.
        answer.raw.headers.pop("content-encoding", None)
        length = int(length) if length else None
        with progress.bar(length, 0, self.file.name, "B", ncols=79, unit_scale=True) as bar:
            for part in answer.iter_content(PART):
                if not self.count and part.lstrip().startswith(b"<"):
                    raise _Refused("it is a web page", False)
                if max(length or 0, self.count + len(part)) > most:
                    raise _Refused(f"the server sends more than the {most:,} bytes of the file", False)
                if self.left:
                    return
                try:
                    self.stream.write(part)
                except OSError as error:
                    self.disk = error
                    return
                self.count += len(part)
                bar.update(len(part))
