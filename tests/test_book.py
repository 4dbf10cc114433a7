"""The chapters keep the rules that make them short to read and safe to rerun."""

import ast
import re
import statistics
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml

from dlnb import __version__, metrics
from dlnb.figures import atlas

ROOT = Path(__file__).parents[1]
CHAPTERS = {path.stem: nbformat.read(path, as_version=4) for path in sorted((ROOT / "book").glob("*.ipynb"))}
# Chapters that only read the table of results; they must start without TensorFlow.
RESULTS = [
    *("metrics", "validation", "factorization", "agreement", "importance", "selection", "downstream", "findings"),
    *("figures", "more_figures", "afterwards", "length", "luck"),
]
DEFINING = ("try_it_yourself", "extend")  # chapters in which the reader writes a class
NEEDS_TENSORFLOW = {"tensorflow", "keras", "tf_keras", "tensorflow_probability"} | {
    f"dlnb.{module}" for module in ("models", "run", "lessons.theorem", "lessons.ambiguity", "lessons.lab")
}
INSTALL = f"""\
import sys

if "google.colab" in sys.modules:
    %pip install -q "dlnb @ git+https://github.com/dlnb/dlnb@v{__version__}\""""
MAX_LINES, MEDIAN_LINES, ALT_LENGTH = 15, 4, 40


def code_cells(name):
    return [cell for cell in CHAPTERS[name].cells if cell.cell_type == "code"]


def chapters_own_cells(name):
    return [cell for cell in code_cells(name) if cell.source != INSTALL]


def lines(cell):
    return [line for line in cell.source.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def tree(cell):
    """The syntax tree of a cell, its magics left out."""
    return ast.parse(re.sub(r"^([ \t]*)[%!].*", r"\1pass", cell.source, flags=re.M))


def imported(cell):
    """Every dotted name that a cell imports: `from dlnb import results` gives dlnb and dlnb.results."""
    for node in ast.walk(tree(cell)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def explorable(cell) -> dict[str, str]:
    """The name and the texts of the explorable that a cell ends with."""
    call = tree(cell).body[-1].value
    texts = {word.arg: word.value.value for word in call.keywords if word.arg != "data"}
    return {"name": call.args[0].value} | texts


EXECUTING = [name for name in CHAPTERS if code_cells(name)]
each_chapter = pytest.mark.parametrize("name", CHAPTERS)
each_executing_chapter = pytest.mark.parametrize("name", EXECUTING)


def test_contents_and_files_agree():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())
    pages = [contents["root"], *(entry["file"] for entry in contents["chapters"])]
    assert sorted(pages) == sorted(f"book/{name}" for name in CHAPTERS)


@each_chapter
def test_has_a_title_and_a_section(name):
    prose = "\n".join(cell.source for cell in CHAPTERS[name].cells if cell.cell_type == "markdown")
    prose = re.sub(r"^(`{3,}).*?^\1", "", prose, flags=re.M | re.S)
    assert len(re.findall(r"^# ", prose, re.M)) == 1
    assert re.search(r"^## ", prose, re.M)


@each_chapter
def test_is_stored_without_results(name):
    nbformat.validate(CHAPTERS[name])
    for cell in code_cells(name):
        assert not cell.outputs, cell.source
        assert cell.execution_count is None, cell.source


@each_executing_chapter
def test_starts_with_the_hidden_install_cell(name):
    first = code_cells(name)[0]
    assert first.source == INSTALL
    assert "remove-cell" in first.metadata.get("tags", [])


@each_executing_chapter
def test_cells_are_short(name):
    cells = chapters_own_cells(name)
    assert max(len(lines(cell)) for cell in cells) <= MAX_LINES
    hidden = {"hide-cell", "remove-cell", "remove-input"}
    shown = [len(lines(cell)) for cell in cells if not hidden & set(cell.metadata.get("tags", []))]
    assert not shown or statistics.median(shown) <= MEDIAN_LINES


@each_executing_chapter
def test_defines_nothing(name):
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    found = [node.name for cell in code_cells(name) for node in ast.walk(tree(cell)) if isinstance(node, definitions)]
    assert not found or name in DEFINING


@each_executing_chapter
def test_figures_have_caption_name_and_alt_text(name):
    for cell in code_cells(name):
        if "figures.explorable(" in cell.source:  # which has its texts with it
            assert len(explorable(cell)["alt"]) >= ALT_LENGTH
            continue
        shown = cell.metadata.get("mystnb", {})
        if "figure" in shown or re.search(r"\bfigures\.(?!named|measured|in_order|Look)\w+\(", cell.source):
            assert shown.get("figure", {}).get("caption"), cell.source
            assert shown["figure"].get("name"), cell.source
            assert len(shown.get("image", {}).get("alt", "")) >= ALT_LENGTH, cell.source


@each_executing_chapter
def test_explorables_stand_alone_and_have_their_script(name):
    cells = [cell for cell in code_cells(name) if "figures.explorable(" in cell.source]
    shown = [explorable(cell) for cell in cells]
    for cell, each in zip(cells, shown, strict=True):
        assert cell.metadata.get("tags") == ["remove-input"]
        assert (ROOT / f"book/_lib/explorables/{each['name']}.js").is_file()
        assert each["question"].count("?") and each["insight"].endswith(".")
    assert len({each["name"] for each in shown}) == len(shown)


def test_figure_names_are_unique():
    cells = [cell for name in CHAPTERS for cell in code_cells(name)]
    names = [cell.metadata["mystnb"]["figure"]["name"] for cell in cells if "figure" in cell.metadata.get("mystnb", {})]
    assert len(names) == len(set(names))


@each_executing_chapter
def test_numbers_are_handed_over_once(name):
    names = [key for cell in code_cells(name) for key in re.findall(r'notebook\.glue\("(\w+)"', cell.source)]
    assert len(names) == len(set(names)), [key for key in names if names.count(key) > 1]


@pytest.mark.parametrize("name", RESULTS)
def test_results_chapters_do_not_need_tensorflow(name):
    found = {module for cell in code_cells(name) for module in imported(cell)}
    assert found.isdisjoint(NEEDS_TENSORFLOW)


@each_chapter
def test_files_of_the_repository_that_are_named_exist(name):
    prose = "\n".join(cell.source for cell in CHAPTERS[name].cells if cell.cell_type == "markdown")
    named = re.findall(r"`((?:tests|benchmarks|book|teaching|dlnb)/[\w./-]+\.\w+)`", prose)
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_differences_are_numbered_in_one_row_and_counted():
    cells = CHAPTERS["differences"].cells
    numbers = [int(n) for cell in cells for n in re.findall(r"^\| (\d+) \|", cell.source, re.M)]
    assert numbers == list(range(1, len(numbers) + 1))
    text = "\n".join(cell.source for cell in cells)
    assert f'notebook.glue("differences", {len(numbers)})' in text
    matter = len(re.findall(r"^\| \d+ \| [^|]*●", text, re.M))
    assert f'notebook.glue("matter", {matter})' in text
    (gamma,) = re.findall(r"^\| (\d+) \| γ of AnnealedVAE", text, re.M)
    assert any(f'notebook.glue("annealed_difference", {gamma})' in cell.source for cell in CHAPTERS["protocol"].cells)


def test_the_atlas_has_every_figure_and_table_of_the_paper():
    cells = [*code_cells("figures"), *code_cells("more_figures")]
    drawn = [call for cell in cells for call in re.findall(r"^atlas\.(\w+)\(table\b", cell.source, re.M)]
    assert sorted(drawn) == sorted(each.__name__ for each in (*atlas.FIGURES.values(), *atlas.TABLES.values()))
    text = "\n".join(cell.source for name in ("figures", "more_figures") for cell in CHAPTERS[name].cells)
    anchors = [
        f"paper-{kind}-{name.replace(' ', '-')}"
        for kind in ("figure", "table")
        for name in getattr(atlas, f"{kind.upper()}S")
    ]
    assert re.findall(r"^\((paper-\S+)\)=$", text, re.M) == anchors


def test_codes_of_ones_own_are_scored_in_three_lines(tmp_path, monkeypatch):
    (cell,) = [cell for cell in code_cells("metrics") if "own-codes" in cell.metadata.get("tags", [])]
    assert len(lines(cell)) == 3
    rng = np.random.default_rng(0)
    factors = rng.integers(4, size=(1_500, 2))
    codes = np.column_stack([factors + 0.01 * rng.standard_normal(factors.shape), rng.standard_normal(1_500)])
    columns = ["image", "z_a", "z_b", "z_c", "v_shape", "v_size"]
    table = pd.DataFrame(np.column_stack([np.arange(1_500), codes, factors]), columns=columns)
    table.to_csv(tmp_path / "codes.csv", index=False)
    monkeypatch.chdir(tmp_path)
    names = {"np": np, "pd": pd, "metrics": metrics, "SIX": list(metrics.METRICS)}
    *statements, last = ast.parse(cell.source).body
    exec(compile(ast.Module(statements, []), "cell", "exec"), names)
    scores = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    assert 0.9 < scores["mig"] <= 1 and 0.9 < scores["dci_disentanglement"] <= 1
