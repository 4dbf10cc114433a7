"""Runs the notebooks that stand alone as a reader of one does: top to bottom, in an empty folder, with the package from
a wheel.

    python tests/environments/run.py ENVIRONMENT [PAGE ...] [--quick] [--notebooks FOLDER] [--python PYTHON]

ENVIRONMENT is one of

- ``colab``: Python 3.13 with the versions of Colab (``colab.txt``); installing the package must not change one of them;
- ``floor``: Python 3.11 with the lowest versions that ``pyproject.toml`` allows;
- ``newest``: Python 3.13 with the newest versions;
- ``here``: this Python and what is installed for it.

The first three are made in a temporary folder, from the package index. Without PAGE every notebook is run; ``--quick``
leaves out those that train models. Worksheets, which do without the package, are always left out. Needs a built book
(``make book``) and nbclient, which jupyter-book brings. Prints a table, and exits with 1 if a page failed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).parents[2]
PYTHONS = {"colab": "3.13", "floor": "3.11", "newest": "3.13"}
PACKAGE = "dlnb", "pyproject.toml", "README.md", "LICENSE"  # what a wheel is made of
CELL = 3_600  # seconds that a cell may take
UNTRUE = "a check of the text does not hold here"  # the warning of dlnb.notebook.expect


@dataclass(frozen=True)
class Outcome:
    """What became of a page: why it failed, if it did; how many sentences do not hold, and by which checks; other lines
    that are shown red.
    """

    page: str
    seconds: float
    error: str
    untrue: int
    checks: list[str]
    red: list[str]


def trains(notebook) -> bool:
    """Whether a page trains models, for which Colab is asked for a GPU."""
    return notebook.metadata.get("accelerator") == "GPU"


def needs_the_package(notebook) -> bool:
    """Whether a notebook installs the package; worksheets, which read a table with pandas, do not."""
    return any("%pip install" in cell.source for cell in notebook.cells)


class _Manager(AsyncKernelManager):
    """A manager of kernels of ``python``, in whatever environment that is, which it meets in a ``folder``.

    Files in a folder are nobody else's, while ports that are free when they are chosen may be taken when they are used.
    """

    python, folder = sys.executable, ""

    def __init__(self, **options):
        here = {"transport": "ipc", "ip": str(Path(self.folder, "kernel"))} if os.name != "nt" else {}
        super().__init__(**here, **options)

    @property
    def kernel_spec(self):
        command = [self.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name="Python 3", language="python")


def execute(path: Path, python: str = sys.executable, cache: Path | None = None) -> Outcome:
    """Run the notebook at ``path`` by the kernel of ``python``; ``cache``: a folder for what data sets keep."""
    notebook, begun, error = nbformat.read(path, 4), time.monotonic(), ""
    with tempfile.TemporaryDirectory() as folder:
        kept = {name: value for name, value in os.environ.items() if name not in ("DLNB_BOOK", "PYTHONPATH")}
        kept |= {"DLNB_DATA": str(cache.absolute())} if cache else {}
        kept |= {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}  # otherwise kernels of some versions warn on the terminal
        work = Path(folder, "work")
        work.mkdir()
        manager = type("Manager", (_Manager,), {"python": python, "folder": folder})
        options = {"kernel_manager_class": manager, "timeout": CELL, "resources": {"metadata": {"path": str(work)}}}
        client = NotebookClient(notebook, **options)
        try:
            client.execute(env=kept, cwd=str(work))
        except CellExecutionError as caught:
            error = f"{caught.ename}: {caught.evalue}".splitlines()[0]
        except (CellTimeoutError, DeadKernelError) as caught:
            error = f"{type(caught).__name__}: {caught}".splitlines()[0]
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ()) if output.get("name") == "stderr"]
    red = [line for output in shown for line in output.text.splitlines() if line.strip()]
    untrue = [line for line in red if UNTRUE in line]
    checks = [line.strip() for warned, line in pairwise(red) if warned in untrue and "notebook.expect(" in line]
    others = [line for line in red if line not in untrue and line.strip() not in checks]
    return Outcome(path.stem, time.monotonic() - begun, error, len(untrue), checks, others)


def make(environment: str, folder: Path, python: str | None) -> str:
    """Make an environment in ``folder`` with the package in it: the path of its Python."""
    called("-m", "venv", folder / "tools")
    tools = folder / "tools/bin"
    called("-m", "pip", "install", "--quiet", "uv", python=tools / "python")
    source, wheels, new = folder / "source", folder / "wheel", folder / "environment"
    for name in PACKAGE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            source.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, source)
    called("build", "--quiet", "--wheel", "--out-dir", wheels, source, python=tools / "uv")
    (wheel,) = wheels.glob("*.whl")
    wanted = python or shutil.which(f"python{PYTHONS[environment]}") or PYTHONS[environment]
    called("venv", "--quiet", "--no-python-downloads", "--python", wanted, new, python=tools / "uv")
    install = "pip", "install", "--quiet", "--python", new / "bin/python"
    if environment == "colab":
        called(*install, "--requirement", Path(__file__).with_name("colab.txt"), python=tools / "uv")
        before = frozen(tools, new)
        called(*install, wheel, python=tools / "uv")
        if changed := [line for line in frozen(tools, new) ^ before if not line.startswith("dlnb ")]:
            sys.exit(f"installing dlnb in Colab adds or replaces packages: {', '.join(sorted(changed))}")
    else:
        # The package's own dependencies are asked for by name: the lowest are taken of those only, not of theirs.
        lowest = ["--resolution", "lowest-direct"] if environment == "floor" else []
        called(*install, *lowest, "--requirement", source / "pyproject.toml", "ipykernel>=6.17", python=tools / "uv")
        called(*install, "--no-deps", wheel, python=tools / "uv")
    print(", ".join(sorted(filter(None, frozen(tools, new)))), flush=True)
    return str(new / "bin/python")


def keep_models(cache: Path) -> None:
    """Put the kept models where a first download puts them: they are published with a release, and this is offline."""
    cache.mkdir(parents=True, exist_ok=True)
    tables = ROOT / "dlnb/tables"
    for path in tables.glob("*/weights/**/*.npz"):
        shutil.copy(path, cache / ".".join(path.relative_to(tables).parts))


def called(*arguments, python=sys.executable) -> str:
    """What a program prints; this one ends if it fails."""
    done = subprocess.run([python, *arguments], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"failed: {' '.join(map(str, (python, *arguments)))}")
    return done.stdout


def frozen(tools: Path, environment: Path) -> set[str]:
    """The packages of an environment with their versions."""
    return set(
        called("pip", "freeze", "--quiet", "--python", environment / "bin/python", python=tools / "uv").split("\n")
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("environment", choices=(*PYTHONS, "here"))
    parser.add_argument("pages", nargs="*", help="such as metrics (default: all)")
    parser.add_argument("--quick", action="store_true", help="leave out pages that train models")
    parser.add_argument("--notebooks", type=Path, default=ROOT / "_build/html/notebooks")
    parser.add_argument("--python", help="the Python to make the environment with")
    options = parser.parse_args()
    paths = sorted(
        path for path in options.notebooks.glob("*.ipynb") if path.stem in options.pages or not options.pages
    )
    paths = [path for path in paths if needs_the_package(nbformat.read(path, 4))]
    paths = [path for path in paths if not (options.quick and trains(nbformat.read(path, 4)))]
    if not paths or (missing := set(options.pages) - {path.stem for path in paths}):
        sys.exit(f"no such notebook in {options.notebooks}: {', '.join(missing) if paths else 'run `make book`'}")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        here = options.environment == "here"
        python = sys.executable if here else make(options.environment, Path(folder), options.python)
        keep_models(Path(folder, "data"))
        print(f"| page, {options.environment} | seconds | sentences that do not hold | other red lines | |", flush=True)
        print("|---|---|---|---|---|", flush=True)
        for path in paths:
            found = execute(path, python, Path(folder, "data"))
            failed += bool(found.error)
            end = found.error or " ".join([*found.checks, *found.red[:1]])
            print(f"| {found.page} | {found.seconds:.0f} | {found.untrue} | {len(found.red)} | {end} |", flush=True)
    print(f"{failed} of {len(paths)} pages failed" if failed else f"all {len(paths)} pages ran to their end")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
