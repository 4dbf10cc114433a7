"""Cells of a chapter as a reader reruns them: installation first, checks of the prose warn in place of stopping."""

import ast
import re

HIDDEN = {"hide-cell", "remove-cell", "hide-input", "remove-input"}
TITLE = '#@title {} {{ display-mode: "form" }}'  # how Colab folds a cell under a title
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}
STILL = "A picture, which moves under your hand in the book"
CHECKS = "Numbers of the text here, beside those of the book"
INSTALL = """\
import importlib.util

if importlib.util.find_spec("dlnb") is None:  # Colab, Kaggle, or a Jupyter without the package
    %pip install -q "dlnb @ git+{repository}@v{version}"
    importlib.invalidate_caches()
    if importlib.util.find_spec("dlnb") is None:
        raise ModuleNotFoundError("dlnb was not installed, see above; on Kaggle, switch Internet on in the settings")
"""


def is_installation(source: str) -> bool:
    """Whether a cell of the repository's notebook only installs the package."""
    return "%pip install" in source


def trains(source: str) -> bool:
    """Whether a cell trains models, for which a GPU pays."""
    return re.search(r"\b(models|run)\.train\(", source) is not None


def relaxed(source: str) -> str:
    """``source`` whose assertions are calls of ``notebook.expect``, which warns where a sentence does not hold.

    Cells with commands of IPython or the shell, which are no Python, are left as they are.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source
    starts, text = [0], source.encode()
    for line in text.split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    for node in sorted(found, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        condition = ast.get_source_segment(source, node.test)
        text = text[:begin] + f"notebook.expect({condition})".encode() + text[end:]
    return text.decode()
