"""Neighbouring cells under one prompt become one fold, as MyST-NB leaves them."""

import sys
from pathlib import Path

from docutils import nodes
from docutils.utils import new_document
from myst_nb.sphinx_ import HideCodeCellNode

sys.path.insert(0, str(Path(__file__).parents[1] / "book/_ext"))

import folds


def cell(text: str, prompt: str = "") -> nodes.container:
    """A cell of code, hidden if it has a prompt; MyST-NB puts the fold in without telling it its parent."""
    made = nodes.container("", nodes.literal_block(text, text), nb_element="cell_code")
    if prompt:
        fold = HideCodeCellNode(prompt_show=prompt, prompt_hide=prompt)
        fold.extend(made.children)
        made.children = [fold]
    return made


def merged(*children) -> list[list[str]]:
    document = new_document("page")
    document.extend(children)
    folds.merge(None, document, "page")
    return [[block.astext() for block in each.findall(nodes.literal_block)] for each in document.children]


def test_three_in_a_row_are_one():
    checks = "Checks"
    assert merged(cell("a", checks), cell("b", checks), cell("c", checks)) == [["a", "b", "c"]]


def test_another_prompt_a_text_or_a_shown_cell_ends_a_fold():
    text = nodes.paragraph("", "text")
    found = merged(
        cell("a", "one"), cell("b", "two"), cell("c", "two"), text, cell("d", "two"), cell("e"), cell("f", "two")
    )
    assert found == [["a"], ["b", "c"], [], ["d"], ["e"], ["f"]]
