"""Glue reaches the book while it is built, and elsewhere the reader of a notebook."""

import textwrap
from xml.etree import ElementTree

import myst_nb
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.figure import Figure

from dlnb import notebook

LAMBDA = lambda x: x  # noqa: E731


@pytest.fixture
def glued(monkeypatch):
    kept = {}
    monkeypatch.setattr(myst_nb, "glue", lambda name, value, display: kept.update({name: (value, display)}))
    return kept


def test_glue_hands_numbers_to_the_book(glued, monkeypatch):
    monkeypatch.setenv("DLNB_BOOK", "1")
    notebook.glue("answer", 42)
    notebook.glue("share", np.float64(0.25))
    assert glued == {"answer": (42, False), "share": (0.25, False)}
    assert repr(glued["share"][0]) == "0.25"  # not np.float64(0.25), which a sentence cannot format


def test_glue_does_nothing_in_a_plain_process(glued, monkeypatch, capsys):
    monkeypatch.delenv("DLNB_BOOK", raising=False)
    notebook.glue("answer", 42)
    assert not glued and capsys.readouterr().out == ""


@pytest.fixture
def shell(monkeypatch):
    """A running IPython, as in a notebook off the book."""
    monkeypatch.delenv("DLNB_BOOK", raising=False)
    monkeypatch.setattr(notebook, "_book", {})
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


CELL = "from dlnb import notebook\nnotebook.glue('tc', {}); notebook.glue('models', 504)"


def test_numbers_of_a_cell_are_printed_below_it_once(shell, capsys):
    shell.run_cell(CELL.format("0.87"))
    assert capsys.readouterr().out == "here: tc 0.87, models 504\n"
    shell.run_cell("1 + 1;")
    assert "here" not in capsys.readouterr().out


def test_numbers_are_printed_beside_those_of_the_book(shell, capsys):
    notebook.beside({"tc": 0.9412, "models": 504})
    shell.run_cell(CELL.format("0.87"))
    assert capsys.readouterr().out == "here: tc 0.87 (book 0.941), 1 number as in the book\n"
    shell.run_cell(CELL.format("0.94118"))
    assert capsys.readouterr().out == "here: 2 numbers as in the book\n"


def test_expect_warns_and_goes_on():
    notebook.expect(True)
    notebook.expect(np.bool_(True))
    with pytest.warns(UserWarning, match="does not hold here"):
        notebook.expect(np.float64(0.0) > 1)


def test_setup_does_nothing_outside_a_notebook():
    assert notebook.setup() is None


def test_a_figure_is_shown_as_large_as_it_says_and_left_as_it_was():
    figure = Figure(figsize=(4, 3), dpi=200, layout="constrained")
    figure.subplots().plot([1, 2])
    canvas = figure.canvas
    root = ElementTree.fromstring(notebook.svg(figure))
    assert (root.get("width"), root.get("height")) == ("288pt", "216pt")  # 72 points are an inch
    assert figure.canvas is canvas and figure.dpi == 200


def test_a_figure_without_a_layout_keeps_what_is_outside_it():
    figure = Figure(figsize=(4, 3))
    figure.subplots()
    figure.text(0, 0.5, "from the left edge")
    figure.text(1.5, 0.5, "far to the right")
    width = float(ElementTree.fromstring(notebook.svg(figure)).get("width").removesuffix("pt"))
    assert width > 1.5 * 288


class Example:
    """Something with a method."""

    def double(self, x):
        return 2 * x


def test_source_shows_the_code_itself():
    shown = notebook.source(Example.double, Example).data
    double = "def double(self, x):\n    return 2 * x"
    assert shown == f"```python\n{double}\n\nclass Example:\n\n{textwrap.indent(double, '    ')}\n```"


@pytest.mark.parametrize(("name", "value"), [(None, 1), ("", 1), ("a", None), ("a", [1]), ("a", 1j)])
def test_what_cannot_stand_in_a_sentence_is_refused_before_the_book_is_built(name, value):
    with pytest.raises(ValueError, match=r"name must|value of a must"):
        notebook.glue(name, value)


@pytest.mark.parametrize("things", [(), (None,), (len,), ("text",), (LAMBDA,)])
def test_what_has_no_source_is_not_shown(things):
    with pytest.raises(ValueError, match=r"no source code of|nothing is given|no definition of its own"):
        notebook.source(*things)
