"""Dependencies are declared once, in pyproject.toml; the other files follow it and name no place to get them from.

What is installed or run is what was meant: files by their hash, actions by their commit, the package by its tag.
"""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import dlnb

ROOT = Path(__file__).parents[1]
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = DECLARED["project"]
LOCK = "".join(line for line in (ROOT / "requirements.lock").read_text().splitlines(True) if not line.startswith("#"))
ENTRIES = [re.split(r" \\\n +", entry) for entry in re.split(r"\n(?=\S)", LOCK.rstrip("\n"))]
PINS = [entry[0] for entry in ENTRIES]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_environment_only_points_to_the_project():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment == {
        "name": "dlnb",
        "dependencies": ["python=3.12", "pip", {"pip": ["-e .[book,teach,test]"]}],
    }


def test_lock_is_pins_only():
    for line in PINS:
        assert re.fullmatch(r"[a-z0-9._-]+==[\w.]+( ; [\w.'<>=!() -]+)?", line), line


def test_every_pin_has_hashes():
    assert len(PINS) > 100
    for pin, *hashes in ENTRIES:
        assert hashes and len(set(hashes)) == len(hashes), pin
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes), pin


def test_make_installs_only_what_the_lock_vouches_for():
    lines = [line for line in (ROOT / "Makefile").read_text().splitlines() if "pip install" in line]
    locked, package = [line for line in lines if "$(BIN)/python" in line]
    assert "--require-hashes --only-binary :all: -r requirements.lock" in locked
    assert package.endswith("--no-deps --no-build-isolation -e ."), "isolation fetches a setuptools of its own"


def test_lock_satisfies_every_declared_dependency():
    pins = {requirement.name: requirement for requirement in map(Requirement, PINS)}
    extras = PROJECT["optional-dependencies"]
    installed = [*PROJECT["dependencies"], *DECLARED["build-system"]["requires"]]
    installed += [*extras["book"], *extras["teach"], *extras["test"]]
    for declared in map(Requirement, installed):
        version = next(iter(pins[declared.name].specifier)).version
        assert declared.specifier.contains(version), declared


def test_jupyter_book_is_the_last_that_reads_our_configuration():
    assert "jupyter-book==1.0.4.post1" in PINS
    assert "jupyter-book==1.0.4.post1" in PROJECT["optional-dependencies"]["book"]


def test_the_version_is_one_and_chapters_install_its_tag():
    version = PROJECT["version"]
    assert version == dlnb.__version__ == yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"]
    text = "".join(path.read_text() for path in (*ROOT.glob("book/*.ipynb"), *ROOT.glob("*.md")))
    tags = re.findall(r"git\+https://github\.com/dlnb/dlnb([^\\\"'\s]*)", text)
    assert len(tags) > 10 and set(tags) == {f"@v{version}"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_pin_actions_by_commit_and_may_only_read(path):
    text = path.read_text()
    used = re.findall(r"uses: *(.*)", text)
    assert used
    for action in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}


def test_one_commit_of_each_action_is_used():
    used = {action for path in WORKFLOWS for action in re.findall(r"uses: *(.*)", path.read_text())}
    assert len({action.partition("@")[0] for action in used}) == len(used)


def test_the_lock_is_audited_now_and_then():
    workflow = yaml.safe_load((ROOT / ".github/workflows/audit.yml").read_text())
    assert workflow[True]["schedule"], "YAML reads the key `on` as true"
    assert any("pip-audit" in step.get("run", "") for step in workflow["jobs"]["audit"]["steps"])
