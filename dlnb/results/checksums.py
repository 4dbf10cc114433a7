"""Checksums of the files of tables, since one flipped bit in a Parquet file may give another number without an error.

SHA256SUMS in the folder of a study's tables has one line for each file, "<SHA-256>  <path in that folder>", sorted by
path, as the command sha256sum writes and checks it. A file without a line, of a folder from before there were
checksums, is read as it is; a line without a file means nothing.

A file is replaced in three steps, so that a process that is killed between any two of them leaves what can be read:
its new checksum is added to the old one, the file is renamed, the old checksum is dropped.
"""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from dlnb import checks, storage

SUMS, LOCK = "SHA256SUMS", ".lock"  # in the folder of a study's tables; all writers hold the lock
LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def read(home: Path, name: str) -> bytes:
    """The bytes of the file ``name`` in or below ``home``. Raises ValueError if they are not those of its checksum."""
    path = home / name
    while True:
        sums = _text(home)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error}") from error
        listed = _parsed(home, sums).get(name)
        if not listed or hashlib.sha256(content).hexdigest() in listed:
            return content
        if _text(home) == sums:  # otherwise it was replaced since its checksum was read
            raise ValueError(
                f"{path} was damaged or changed: its checksum is not that in {home / SUMS}. Restore both, for example "
                f"by git restore; or, if the change was meant, list it: {_command(home)}"
            )


def write(home: Path, name: str, fill: Callable[[Path], object]) -> None:
    """``storage.write`` of the file ``name`` in or below ``home``, with its checksum. The lock must be held."""
    before = _parsed(home, _text(home))

    def fill_and_list(temporary: Path) -> None:
        fill(temporary)
        new.append(hashlib.sha256(temporary.read_bytes()).hexdigest())
        if name in before or (home / name).exists():
            _save(home, before | {name: {*(before.get(name) or _sum(home / name)), *new}})

    new: list[str] = []
    storage.write(home / name, fill_and_list)
    _save(home, before | {name: set(new)})


def keep(home: Path, name: str) -> None:
    """List the file ``name`` as it is, unless it is listed. The lock must be held."""
    found = _parsed(home, _text(home))
    if len(found.get(name, ())) != 1:
        _save(home, found | {name: _sum(home / name)})


def remove(home: Path, name: str) -> None:
    """Remove the file ``name`` and its line. The lock must be held."""
    (home / name).unlink(missing_ok=True)
    found = _parsed(home, _text(home))
    if found.pop(name, None):
        _save(home, found)


def renew(folder) -> Path:
    """List the Parquet files of tables, and failed.csv, as they are: after a change that was meant.

    - ``folder``: that of the tables of one study, such as dlnb/tables/short.

    Returns the path of the list, SHA256SUMS. Raises ValueError if there is no such folder.
    """
    home = checks.path(folder, "folder")
    if not home.is_dir():
        raise ValueError(f"there is no folder {home}")
    with FileLock(home / LOCK):
        files = [path for pattern in ("*.parquet", "factors/*.parquet", "failed.csv") for path in home.glob(pattern)]
        names = [path.relative_to(home).as_posix() for path in files if not path.name.startswith(".")]
        _save(home, {name: _sum(home / name) for name in names})
    return home / SUMS


def _command(home: Path) -> str:
    return f'python -c "from dlnb import results; results.renew({str(home)!r})"'


def _sum(path: Path) -> set[str]:
    return {hashlib.sha256(path.read_bytes()).hexdigest()}


def _text(home: Path) -> str:
    try:
        return (home / SUMS).read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return ""


def _parsed(home: Path, text: str) -> dict[str, set[str]]:
    """The checksums of each file: one, or two while it is replaced."""
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        if not (match := LINE.fullmatch(line)):
            raise ValueError(
                f"{home / SUMS} is damaged, at {checks.shown(line)}: restore it, for example by git restore; or list "
                f"the files as they are: {_command(home)}"
            )
        found.setdefault(match[2], set()).add(match[1])
    return found


def _save(home: Path, found: dict[str, set[str]]) -> None:
    lines = [f"{each}  {name}\n" for name in sorted(found) for each in sorted(found[name])]
    storage.write(home / SUMS, lambda temporary: temporary.write_text("".join(lines), newline="\n"))
