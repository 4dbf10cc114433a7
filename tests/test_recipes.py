"""What CONTRIBUTING tells people to write to extend the package, run as it is printed."""

import re
import shutil
import sys
from pathlib import Path

import pytest
from common import finished

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.M | re.S)
RECIPES = {re.search(r"dlnb/(\w+)", block)[1]: block for block in BLOCKS if block.startswith("# dlnb/")}
(NOTEBOOK,) = (block for block in BLOCKS if not block.startswith("# dlnb/"))

# Trains a model of each setting that the recipes added, and draws the table; the committed one loads as before.
TRIED = """
import numpy as np
from dlnb import claims, figures, results, run
from dlnb.figures import atlas
from dlnb.study import STANDARD, STUDIES, Study, Training

before = results.load("short")
assert len(before) == 504 and {len(STUDIES[name].methods) for name in ("short", "desk", "paper")} == {6}
assert len(STUDIES["paper"].cells()) == 12_600
atlas.FIGURES["15"](before)
mine = Study("mine", ("dsprites", "bars"), ("beta_vae", "sparse_vae"), (0,), 32, Training(steps=20), strengths=(0,),
             sample=900, evaluation=1, scores=("mig", "knowledge"))
table = run.train(mine, "runs", "tables")
assert len(table) == 4 and {"bars", "dsprites"} == {*table.data_set} and table.knowledge.between(0, 1).all()
figure = figures.scatters(table, [("knowledge", "mig")])
assert {axis.get_title() for axis in figure.axes} >= {"bars"}, [axis.get_title() for axis in figure.axes]
shown = [text.get_text() for legend in figure.legends for text in legend.texts]
assert "SparseVAE" in shown, shown
"""


def edited(text: str, place: str, what: str) -> str:
    """``text`` with ``what`` put where the recipe says."""
    where, _, name = place.partition(" ")
    if place.startswith("in place of: "):
        old = place.removeprefix("in place of: ")
        assert text.count(old + "\n") == 1, old
        return text.replace(old + "\n", what.strip() + "\n")
    start = re.search(rf"^{name} = {{|^def {name}\(", text, flags=re.M).start()
    if where == "above":
        return text[:start] + what.strip() + "\n\n\n" + text[start:]
    if where == "in":
        end = text.index("\n}", start) + 1
        return text[:end] + what.rstrip() + "\n" + text[end:]
    assert where == "below"
    end = re.search(r"\n\n\n|\Z", text[start:]).start() + start
    return text[:end].rstrip() + "\n\n\n" + what.strip() + "\n" + text[end:]


def parts(block: str):
    """(file, place or "", text) of a recipe."""
    found = re.split(r"^# (dlnb/[\w/.]+)(?:, (.*))?$\n", block, flags=re.M)[1:]
    return zip(found[::3], found[1::3], found[2::3], strict=True)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the repository that someone extended by all three recipes."""
    folder = tmp_path_factory.mktemp("tree")
    for name in ("dlnb", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, folder)
    for block in RECIPES.values():
        for name, place, text in parts(block):
            path = folder / name
            path.write_text(edited(path.read_text(), place, text) if place else text)
    readme = folder / "dlnb" / "tables" / "README.md"
    readme.write_text(readme.read_text() + "\n`knowledge`: as the recipe says\n")
    return folder


def python(*arguments, cwd):
    done = finished([sys.executable, *arguments], cwd=cwd)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_there_is_a_recipe_for_a_method_a_score_and_a_data_set():
    assert list(RECIPES) == ["models", "metrics", "data"]
    lines = {name: len([line for line in block.splitlines() if line.strip()]) for name, block in RECIPES.items()}
    assert max(lines.values()) <= 30


@pytest.mark.slow
def test_what_the_recipes_add_is_trained_scored_and_drawn_and_no_committed_study_changes(tree):
    python("-c", TRIED, cwd=tree)


@pytest.mark.slow
def test_the_tests_of_an_extended_package_hold(tree):
    """Those of registries, and of what was added; not all again."""
    files = ["methods", "study", "layers", "table", "factors", "looks", "metrics", "data", "paper", "docstrings"]
    chosen = "sparse or knowledge or bars or not test_data"
    names = [f"tests/test_{name}.py" for name in files]
    python("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", chosen, *names, cwd=tree)
    python("-m", "ruff", "check", "dlnb", cwd=tree)


@pytest.mark.slow
def test_the_program_for_a_notebook_runs_as_it_is_printed(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(NOTEBOOK + "\nassert len(table) == 8 and len(figure.axes) >= 2\n")
    python(str(program), cwd=tmp_path)


@pytest.mark.slow
def test_what_was_registered_reaches_the_processes_of_other_workers(tmp_path):
    program = tmp_path / "program.py"
    cores = NOTEBOOK.replace('tables="tables")', 'tables="tables", workers=2)')
    program.write_text(cores + "\nassert len(table) == 8\n")
    assert cores != NOTEBOOK
    python(str(program), cwd=tmp_path)
