"""Who may import whom. A module knows the layers below its own; only some modules wait for TensorFlow."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "dlnb"

LAYERS = {
    "dlnb": 0,
    "checks": 0,
    "progress": 0,
    "backend": 0,
    "provenance": 0,
    "storage": 0,
    "representation": 1,
    "data": 1,
    "data.dataset": 1,
    "data.dsprites": 1,
    "data.surfaces": 1,
    "data.gallery": 1,
    "data.cars": 1,
    "data.cars3d": 1,
    "data.toys": 1,
    "data.smallnorb": 1,
    "data.shapes3d": 1,
    "data.variants": 1,
    "data.files": 1,
    "data.originals": 1,
    "data.published": 1,
    "losses": 1,
    "networks": 1,
    "paper": 1,
    "study": 1,
    "toy": 1,
    "examples": 1,
    "theory": 2,
    "methods": 2,
    "metrics": 2,
    "metrics.rows": 2,
    "metrics.linear": 2,
    "metrics.trees": 2,
    "metrics.exact": 2,
    "metrics.information": 2,
    "metrics.interventions": 2,
    "metrics.predictors": 2,
    "metrics.downstream": 2,
    "metrics.unsupervised": 2,
    "models": 2,
    "updates": 3,
    "training": 4,
    "results": 3,
    "by_factor": 4,
    "work": 5,
    "engines": 6,
    "status": 6,
    "estimate": 7,
    "run": 8,
    "released": 5,
    "ambiguity": 5,
    "stats": 5,
    "cells": 6,
    "variance": 7,
    "transfer": 6,
    "plots": 5,
    "panels": 6,
    "figures": 7,
    "notebook": 6,
    "findings": 9,
    "claims": 10,
    "kept": 4,
    "atlas": 8,
    "quantities": 8,
    "selection": 5,
}
# Importing TensorFlow takes seconds and 700 MB; everything else must do without.
TENSORFLOW = {
    *("backend", "losses", "networks", "theory", "methods", "models", "updates", "training", "ambiguity"),
    *("work", "engines", "status", "estimate", "run"),
}
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
    """The modules of this package that a module imports."""
    return {each.removeprefix("dlnb.") for each in imports(name) if each.startswith("dlnb.")} & set(MODULES)


def reached(name, seen=frozenset()):
    """The modules of this package that a module imports, directly or through another."""
    for each in siblings(name) - seen:
        seen |= {each} | reached(each, seen | {each})
    return seen


def test_every_module_has_a_layer():
    assert set(MODULES) <= set(LAYERS)


@pytest.mark.parametrize("name", MODULES)
def test_imports_only_from_below(name):
    for other in siblings(name):
        same_package = name.split(".")[0] == other.split(".")[0]
        assert LAYERS[other] < LAYERS[name] or same_package, f"{name} imports {other}"


@pytest.mark.parametrize("name", MODULES)
def test_only_marked_modules_use_tensorflow(name):
    direct = {each.split(".")[0] for each in imports(name)} & LIBRARIES
    assert not direct or name == "backend"
    assert ("backend" in {name} | reached(name)) == (name in TENSORFLOW)


def test_the_rest_starts_without_tensorflow():
    names = [f"dlnb.{name}" for name in MODULES if name not in TENSORFLOW and name != "dlnb"]
    code = f"import sys, {', '.join(names)}; print(*({LIBRARIES} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
