"""Where a result comes from: the code, its libraries, the machine."""

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("dlnb", "tensorflow", "keras", "numpy", "scikit-learn")


def commit() -> str:
    """Twelve digits of the commit, "+" after them if files were changed since; "unknown" outside a clone."""
    root = Path(__file__).parent.parent
    git = ["git", "-C", str(root), "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+"]
    found = subprocess.run(git, capture_output=True, text=True).stdout.strip() if (root / ".git").exists() else ""
    return found or "unknown"


def versions() -> str:
    """The libraries that decide a result: "dlnb 0.1.0, tensorflow 2.21.0, ..."."""
    return ", ".join(f"{name} {version(name)}" for name in PACKAGES)


def machine(device: str) -> str:
    """System, processor kind, ``device`` (a GPU's name or "CPU") and Python."""
    return f"{platform.system()} {platform.machine()}, {device}, Python {platform.python_version()}"
