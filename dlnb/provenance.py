"""The origin of a result: code, libraries and machine."""

import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

VECTORS = {"avx512f": "AVX-512", "avx2": "AVX2"}  # the widest first
PACKAGES = ("dlnb", "tensorflow", "keras", "numpy", "scipy", "scikit-learn", "lightgbm")


def commit() -> str:
    """Twelve digits of the commit, with a "+" if tracked files have changed since; "unknown" outside a clone.

    Changes in the tables of results do not count, since a sweep makes them itself.
    """
    root = Path(__file__).parent.parent
    if not (root / ".git").exists():
        return "unknown"
    head = _git(root, "rev-parse", "--short=12", "HEAD")
    changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", ".", ":!dlnb/tables")
    return head + "+" * bool(changed) if head else "unknown"


def _git(root: Path, *arguments: str) -> str:
    try:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True).stdout.strip()
    except OSError:  # git is not installed
        return ""


def versions() -> str:
    """Versions of the libraries that affect results: "dlnb 0.1.0, tensorflow 2.21.0, ...", "unknown" if not told."""
    return ", ".join(f"{name} {_version(name)}" for name in PACKAGES)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # a copy of the package beside the code, or TensorFlow under another name
        return "unknown"


def machine(device: str) -> str:
    """Operating system, processor, ``device`` (name of a GPU, or "CPU") and version of Python."""
    return f"{platform.system()} {processor()}, {device}, Python {platform.python_version()}"


def processor(told: Path = Path("/proc/cpuinfo")) -> str:
    """Architecture, name and widest vector instructions of the processor, as far as the system tells.

    With other vector instructions the libraries add in another order, so that the same seed gives another model.
    """
    text = told.read_text() if told.exists() else ""
    name = re.search(r"^model name\s*: *(\S.*)$", text, re.MULTILINE)
    flags = re.search(r"^flags\s*:(.*)$", text, re.MULTILINE)
    widest = next((label for flag, label in VECTORS.items() if flags and flag in flags[1].split()), "")
    # A comma separates the parts of ``machine``.
    parts = platform.machine(), name[1].replace(",", " ") if name else "", widest
    return " ".join(part for part in parts if part)
