"""Dependencies are declared once, in pyproject.toml; the other files follow it and name no place to get them from."""

import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]


def test_environment_only_points_to_the_project():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment == {
        "name": "dlnb",
        "dependencies": ["python=3.12", "pip", {"pip": ["-e .[book,test]"]}],
    }


def test_lock_is_pins_only():
    for line in PINS:
        assert re.fullmatch(r"[a-z0-9._-]+==[\w.]+( ; [\w.'<>=!() -]+)?", line), line


def test_lock_satisfies_every_declared_dependency():
    pins = {requirement.name: requirement for requirement in map(Requirement, PINS)}
    extras = PROJECT["optional-dependencies"]
    for declared in map(Requirement, PROJECT["dependencies"] + extras["book"] + extras["test"]):
        version = next(iter(pins[declared.name].specifier)).version
        assert declared.specifier.contains(version), declared


def test_jupyter_book_is_the_last_that_reads_our_configuration():
    assert "jupyter-book==1.0.4.post1" in PINS
    assert "jupyter-book==1.0.4.post1" in PROJECT["optional-dependencies"]["book"]
