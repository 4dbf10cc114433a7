"""The exercises of the chapters, their solutions and model answers, as they are written."""

import ast
import re
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
CHAPTERS = {path.stem: nbformat.read(path, 4) for path in sorted((ROOT / "book").glob("*.ipynb"))}
ANSWERS = {path.stem: path.read_text() for path in sorted((ROOT / "teaching/answers").glob("*.md"))}
BOX = re.compile(
    r"^(?P<fence>`{3,})\{(?P<kind>exercise|solution)\}(?P<of>.*?)\n(?P<body>.*?)^(?P=fence)[ ]*$", re.M | re.S
)
TASK = re.compile(r"^\((graded-[\w-]+)\)=$", re.M)
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
ROLE = re.compile(r"\{[\w:]+\}`[^`]*`")
LEAST_WORDS, LEAST_LETTERS = 5, 15  # of a sentence, and of a line of code, that is worth hiding


def prose(name: str) -> str:
    """The text of a chapter."""
    return "\n\n".join(cell.source for cell in CHAPTERS[name].cells if cell.cell_type == "markdown")


def code_cells(name: str) -> list:
    return [cell for cell in CHAPTERS[name].cells if cell.cell_type == "code"]


def labels(name: str) -> list[str]:
    """The labels of the exercises and tasks of a chapter."""
    found = [box for box in BOX.finditer(prose(name)) if box["kind"] == "exercise"]
    options = [re.search(r"^:label: *(\S+)$", box["body"], re.M) for box in found]
    return [option[1] if option else "" for option in options] + TASK.findall(prose(name))


def solutions(name: str) -> dict[str, str]:
    """The solutions of a chapter by the label of their exercise."""
    found = [box for box in BOX.finditer(prose(name)) if box["kind"] == "solution"]
    return {box["of"].strip(): re.sub(r"^:\w+:.*\n", "", box["body"], flags=re.M).strip() for box in found}


def without_solutions(name: str) -> str:
    return BOX.sub(lambda box: "" if box["kind"] == "solution" else box[0], prose(name))


def code(text: str) -> list[str]:
    """What is Python in a solution: its blocks, and spans that call or index something."""
    blocks = [block.strip() for block in BLOCK.findall(text)]
    spans = re.findall(r"`([^`\n]+)`", ROLE.sub("", BLOCK.sub("", text)))
    return blocks + [span for span in spans if _does_something(span)]


def _does_something(span: str) -> bool:
    try:
        tree = ast.parse(span)
    except SyntaxError:
        return False
    return any(isinstance(node, ast.Call | ast.Subscript | ast.Assign | ast.For) for node in ast.walk(tree))


def plain(text: str) -> str:
    """The words of a text, without marks and addresses of links, each between two blanks."""
    words = re.findall(r"[^\W_]+", re.sub(r"\]\([^)]*\)", "]", text).lower())
    return f" {' '.join(words)} "


def told(text: str) -> set[str]:
    """What a reader learns from an answer: its sentences and lines of code, as ``plain`` writes them.

    Of an assertion what is asserted, since notebooks have a call there.
    """
    lines = [line.strip().removeprefix("assert ") for block in BLOCK.findall(text) for line in block.splitlines()]
    sentences = [plain(each) for each in re.split(r"[.?!:;]\s|\n|\{[\w:]+\}`[^`]*`", BLOCK.sub("\n", text))]
    long = [each for each in sentences if len(each.split()) >= LEAST_WORDS]
    return {*long, *(plain(line) for line in lines if len(line) > LEAST_LETTERS)}
