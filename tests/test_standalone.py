"""The notebooks that stand alone: nothing of the book's own notation is left in them, and code is the chapter's."""

import ast
import os
import re
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT / "book/_ext"), str(ROOT / "tests/environments")]

import editions  # noqa: E402
import rerun_cells  # noqa: E402
import run  # noqa: E402

MADE = sorted((ROOT / "_build/html/notebooks").glob("*.ipynb"))
of_each = pytest.mark.parametrize("path", MADE, ids=lambda path: path.stem)
built = pytest.mark.skipif(not MADE, reason="no built book: run `make book`")
WORKSHEETS = {"assignment"}  # whose code stands in blocks of the page's text, and needs no package
BRIEF = 30.0  # seconds of all pages that are run here, as the book took them; `make test-environments` runs the others
NOTATION = {
    "a role": r"\{[\w:.-]+\}`",
    "a directive": r"(`{3}|:{3})\{",
    "a label": r"^\([\w-]+\)=",
    "a link to a file of the repository": r"\]\((?!https?://|#|mailto:)[^)]*\)",
    "a target without an address": r"\]\(\)",
    "a number that is missing": r"<abbr[^>]*></abbr>",
    "a script": r"<script",
    "a setting of a directive": r"^:\w+: ",
}


def source(name: str) -> nbformat.NotebookNode:
    return nbformat.read(ROOT / "book" / f"{name}.ipynb", 4)


def prose(notebook) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def without_formulas(text: str) -> str:
    return re.sub(r"```.*?```|\$\$.*?\$\$|\$[^$]+\$|`[^`\n]+`", "", text, flags=re.DOTALL)


@built
def test_every_chapter_with_code_has_one():
    chapters = {
        p.stem for p in (ROOT / "book").glob("*.ipynb") if any(c.cell_type == "code" for c in source(p.stem).cells)
    }
    assert {path.stem for path in MADE} == chapters | WORKSHEETS


@built
@of_each
def test_prose_is_what_any_notebook_shows(path):
    for text in map(without_formulas, prose(nbformat.read(path, 4))):
        found = {what: re.search(form, text, re.MULTILINE) for what, form in NOTATION.items()}
        assert not any(found.values()), {what: match[0] for what, match in found.items() if match}


@built
@of_each
def test_every_picture_is_one_of_the_site(path):
    for address in re.findall(r"!\[[^]]*\]\((.*?)\)", "\n".join(prose(nbformat.read(path, 4)))):
        assert (ROOT / "_build/html" / address.removeprefix("https://dlnb.github.io/dlnb/")).is_file(), address


@built
@of_each
def test_every_number_of_the_text_is_filled_in(path):
    chapter = source(path.stem)
    captions = [c.metadata.get("mystnb", {}).get("figure", {}).get("caption", "") for c in chapter.cells]
    wanted = sum(text.count("{glue:text}`") for text in prose(chapter) + captions)
    assert sum(text.count("<abbr ") for text in prose(nbformat.read(path, 4))) == wanted


@built
@of_each
def test_code_is_that_of_the_chapter(path):
    def statements(notebook):
        cells = [
            c.source for c in notebook.cells if c.cell_type == "code" and not rerun_cells.is_installation(c.source)
        ]
        texts = [rerun_cells.relaxed(text) for text in cells if "notebook.beside(" not in text]
        return [re.sub("^#@title .*\n", "", text).strip() for text in texts]

    chapter = source(path.stem)
    if path.stem in WORKSHEETS:
        blocks = [block.strip() for text in prose(chapter) for block in editions.FENCE.findall(text)]
        code = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
        assert blocks and [text for text in code if text] == blocks
    else:
        assert statements(nbformat.read(path, 4)) == statements(chapter)


@built
@of_each
def test_captions_and_descriptions_of_figures_are_kept(path):
    told = [c.metadata.get("mystnb", {}) for c in source(path.stem).cells if c.cell_type == "code"]
    alts = [each["image"]["alt"] for each in told if "figure" in each]
    texts = "\n".join(prose(nbformat.read(path, 4)))
    assert all(alt in texts for alt in alts)
    assert len(re.findall(r"^\*\*Fig\. \d+\*\*", texts, re.MULTILINE)) >= len(alts)


@built
@of_each
def test_it_can_be_opened_anywhere_and_says_what_it_needs(path):
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    first, install = notebook.cells[:2]
    if path.stem in WORKSHEETS:
        assert "to be worked in" in first.source and "%pip install" not in path.read_text()
    else:
        assert "to be rerun" in first.source and "%pip install" in install.source and "@v" in install.source
    assert all(not c.outputs and c.execution_count is None for c in notebook.cells if c.cell_type == "code")
    trains = any(rerun_cells.trains(c.source) for c in notebook.cells if c.cell_type == "code")
    assert (notebook.metadata.get("accelerator") == "GPU") == trains
    assert notebook.metadata["kaggle"]["isInternetEnabled"]  # without it nothing can be installed there
    assert notebook.metadata["kaggle"].get("isGpuEnabled", False) == trains
    assert "/root/" not in path.read_text() and "/home/" not in path.read_text()


def brief() -> list[Path]:
    """The shortest pages without training, by the seconds that they tell."""
    took, chosen = {}, []
    for path in MADE:
        notebook = nbformat.read(path, 4)
        told = re.search(r"Its cells took (\d+) seconds", notebook.cells[0].source)
        if told and not run.trains(notebook):
            took[path] = float(told[1])
    for path in sorted(took, key=took.get):
        if sum(took[each] for each in chosen) + took[path] <= BRIEF:
            chosen.append(path)
    return chosen


@built
@pytest.mark.parametrize("path", brief(), ids=lambda path: path.stem)
def test_it_runs_to_its_end_in_an_empty_folder_and_its_sentences_hold(path):
    found = run.execute(path)
    assert not found.error
    assert (found.untrue, found.red) == (0, [])


def notebook_of(folder, *sources) -> Path:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "page.ipynb")
    return folder / "page.ipynb"


def test_a_page_is_run_in_an_empty_folder_without_the_book_s_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("DLNB_BOOK", "1")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    where = "import os; assert os.listdir() == [] and not {'DLNB_BOOK', 'PYTHONPATH'} & set(os.environ)"
    drawn = f"assert os.environ['DLNB_DATA'] == {str(tmp_path / 'data')!r}"
    number = f"open({str(tmp_path / 'number')!r}, 'w').write(str(os.getpid()))"
    found = run.execute(notebook_of(tmp_path, where, drawn, number), cache=tmp_path / "data")
    assert (found.page, found.error, found.untrue, found.red) == ("page", "", 0, [])
    with pytest.raises(ProcessLookupError):  # its kernel has ended
        os.kill(int((tmp_path / "number").read_text()), 0)


def test_a_page_that_fails_says_why_and_one_that_warns_is_told_apart(tmp_path):
    # Text of warnings as notebook.expect and other libraries give them; the kernel need not have the package.
    warn = f"import sys; print('x.py:1: UserWarning: {run.UNTRUE}, though', file=sys.stderr)"
    other = "print('DeprecationWarning: of someone', file=sys.stderr)"
    found = run.execute(notebook_of(tmp_path, warn, other, "1 / 0", "print('never')"))
    assert found.error == "ZeroDivisionError: division by zero"
    assert (found.untrue, found.red) == (1, ["DeprecationWarning: of someone"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("assert x < 3", "notebook.expect(x < 3)"),
        ("assert x, 'why'\ny = 1", "notebook.expect(x)\ny = 1"),
        (
            "for a in b:\n    assert (\n        a\n        == 1\n    )  # why",
            "for a in b:\n    notebook.expect(a\n        == 1)  # why",
        ),
        ("β = 1\nassert β == 1 and 'é' < 'z'; c = 2", "β = 1\nnotebook.expect(β == 1 and 'é' < 'z'); c = 2"),
        ("!ls\nassert x", "!ls\nassert x"),
        ("print('assert')", "print('assert')"),
        ("assert a == 1; assert b == 2", "notebook.expect(a == 1); notebook.expect(b == 2)"),
        ("x = 'a\f\u2028b'\nassert x", "x = 'a\f\u2028b'\nnotebook.expect(x)"),
        ('x = """\n%d\n"""\nassert x', 'x = """\n%d\n"""\nnotebook.expect(x)'),
        ("files = !ls\nassert files", "files = !ls\nassert files"),
        ("len?", "len?"),
    ],
)
def test_assertions_become_expectations(before, after):
    assert rerun_cells.relaxed(before) == after
    if "!" not in after and "?" not in after:
        ast.parse(after)
