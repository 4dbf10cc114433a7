"""Who may import whom. A module knows what stands below its own folder; only some modules wait for TensorFlow."""

import ast
import sys
from pathlib import Path

import pytest
from common import finished

PACKAGE = Path(__file__).parents[1] / "dlnb"

# Each row may import from the rows above it. A folder counts as one, and its modules may import each other.
ROWS = (
    {"dlnb", "checks", "paper", "progress", "provenance", "registry", "storage"},
    {"representation", "protocol", "notebook", "switches"},
    {"study"},
    {"data"},
    {"models", "metrics"},
    {"results"},
    {"run", "analysis"},
    {"claims"},
    {"figures"},
    {"lessons"},
)
RANKS = {name: rank for rank, row in enumerate(ROWS) for name in row}
# Importing TensorFlow takes seconds and 700 MB; everything else must do without.
TENSORFLOW = {"models", "run", "lessons.theorem", "lessons.ambiguity", "lessons.lab"}
LIBRARIES = {"tensorflow", "keras", "tf_keras", "tensorflow_probability"}


def module_name(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__") or "dlnb"


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports(name):
    """Every absolute name that a module imports, in functions too: `from a import b` gives a and a.b."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: write imports in full"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def siblings(name):
    """The modules of this package that a module imports; of `from dlnb.data import load` the folder's door, data."""
    return {each.removeprefix("dlnb.") for each in imports(name) if each.startswith("dlnb.")} & set(MODULES)


def folder(name):
    return name.split(".")[0]


def waits(name):
    """Whether a module is one of those that import TensorFlow."""
    return name in TENSORFLOW or (folder(name) in TENSORFLOW and name != "run")


def test_every_folder_and_module_has_a_rank_and_at_most_a_dozen_stand_at_the_top():
    assert {folder(name) for name in MODULES} == set(RANKS)
    assert len([path for path in PACKAGE.glob("*.py") if path.name != "__init__.py"]) <= 12


@pytest.mark.parametrize("name", MODULES)
def test_imports_only_from_below(name):
    for other in siblings(name):
        below = RANKS[folder(other)] < RANKS[folder(name)]
        inside = folder(other) == folder(name) and MODULES[folder(name)].name == "__init__.py"
        assert below or inside, f"{name} imports {other}"


def test_no_module_needs_itself():
    """Not through others either. A folder's door, which collects names of its modules, is no module of it."""
    needs = {name: {other for other in siblings(name) if other != folder(name)} for name in MODULES}
    while free := {name for name, others in needs.items() if not others & needs.keys()}:
        needs = {name: others for name, others in needs.items() if name not in free}
    assert not needs, "these import each other"


@pytest.mark.parametrize("name", [name for name in MODULES if "." in name])
def test_within_a_folder_modules_import_modules_and_not_names_of_the_door(name):
    door = f"dlnb.{folder(name)}"
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == door:
            assert {f"{folder(name)}.{alias.name}" for alias in node.names} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_only_marked_modules_use_tensorflow(name):
    direct = {each.split(".")[0] for each in imports(name)} & LIBRARIES
    assert not direct or name == "models.backend"


def test_the_rest_starts_without_tensorflow():
    names = [f"dlnb.{name}" for name in MODULES if not waits(name) and name != "dlnb"]
    code = f"import sys, {', '.join(names)}; print(*({LIBRARIES} & set(sys.modules)))"
    done = finished([sys.executable, "-c", code])
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
