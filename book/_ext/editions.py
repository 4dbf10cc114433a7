"""The editions of a notebook that stands alone: of the book, for students, and for whoever teaches.

The book's has solutions folded. A handout has none, and room to write under each exercise; an instructor's has them
unfolded, and model answers to the exercises that have none, from ``teaching/answers/LABEL.md``. Both lie outside the
folder that is published.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from plain_markdown import AT_EXERCISE
from rerun_cells import relaxed

SOLUTION = "solution"  # the tag of cells that only serve solutions
ANSWERS = Path("teaching", "answers")
FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DETAILS = re.compile(r"<details\b[^>]*>|</details>")
IS_ANSWER = re.compile(r'<details class="answer">|<details>(?=\s*<summary>(?:Answer|Solution))')  # by mark or by title
GLUED = re.compile(r"\{glue:text\}`([^`:]+)")
BOXES = re.compile(
    r"^[ >]*(`{3,}|:{3,}|~{3,})[ ]*\{(?:solution|concept-check)\}.*?^[ >]*\1[`:~]*[ ]*$", re.MULTILINE | re.DOTALL
)
TO_WRITE = "*Your answer:*"
READ_ON = "Choose an answer, then read why it is right or wrong."  # above a concept check
GO_ON = "Choose an answer, and note why."  # in a handout, which has no reasons


@dataclass(frozen=True)
class Edition:
    """A name, where its notebooks lie as seen from the built pages, and what its readers are told first."""

    name: str
    folder: str
    about: str = ""


BOOK = Edition("book", "notebooks")
HANDOUT = Edition(
    "handout",
    "../handouts",
    "This is a handout. Open it in Jupyter, or upload it to Colab (File, Upload notebook). Exercises, if there are "
    "any, have no solutions, and room to write below each.",
)
INSTRUCTOR = Edition(
    "instructor",
    "../instructor",
    "This edition is for whoever teaches: solutions are unfolded, and open exercises have model answers. Please do not "
    "pass it on to a class; but know that the repository is public, and that model answers lie there in "
    "teaching/answers for anybody who looks.",
)
EDITIONS = BOOK, HANDOUT, INSTRUCTOR


def without_answers(text: str) -> str:
    """The text without its folded answers, whatever other blocks are folded in them."""
    kept, depth, start = [], 0, 0
    for found in DETAILS.finditer(text):
        if depth:
            depth += -1 if found[0] == "</details>" else 1
            start = found.end()
        elif IS_ANSWER.match(text, found.start()):
            kept.append(text[start : found.start()])
            depth = 1
    if depth:
        raise ValueError(f"an answer does not end: {text[-80:]!r}")
    return "".join([*kept, text[start:]])


def cells(text: str, edition: Edition, answers: dict[str, str], worksheet: bool = False) -> list:
    """The cells of a text between two cells of code, in which AT_EXERCISE marks where exercises end.

    ``answers``: model answers by label. In a ``worksheet`` blocks of Python are cells of code, and there is room to
    write in all editions but that of instructors.
    """
    if edition == BOOK and not worksheet:
        return split(AT_EXERCISE.sub("", text), blocks=False)
    found = []
    text = text.replace(READ_ON, GO_ON) if edition == HANDOUT else text
    for i, part in enumerate(AT_EXERCISE.split(text)):
        if i % 2 == 0:
            plain = IS_ANSWER.sub("<details open>", part) if edition == INSTRUCTOR else without_answers(part)
            found += split(plain, worksheet)
        elif edition != INSTRUCTOR:
            found += [nbformat.v4.new_markdown_cell(TO_WRITE), nbformat.v4.new_code_cell()]
        elif part in answers:
            found += split(answers[part], blocks=True, relax=not worksheet)
    return found


def split(text: str, blocks: bool, relax: bool = False) -> list:
    """A text as a cell, or, with ``blocks``, as several: its blocks of Python as cells of code.

    ``relax``: let assertions warn, as those of chapters do.
    """
    found = []
    for i, part in enumerate(FENCE.split(text) if blocks else [text]):
        made = nbformat.v4.new_code_cell if i % 2 else nbformat.v4.new_markdown_cell
        found.append(made(relaxed(part.strip()) if i % 2 and relax else part.strip()))
    return [cell for cell in found if cell.source]


def of_code(code: list, edition: Edition) -> list:
    """The cells of code that an edition has."""
    return [cell for cell in code if edition != HANDOUT or SOLUTION not in cell.metadata.get("tags", [])]


def secret(texts) -> set[str]:
    """The names of the numbers that only answers in these texts of a chapter use."""
    texts = list(texts)
    outside = {name for text in texts for name in GLUED.findall(BOXES.sub("", text))}
    return {name for text in texts for name in GLUED.findall(text)} - outside


def model_answers(root: Path) -> dict[str, str]:
    """The model answers of a repository by the label of their exercise."""
    return {path.stem: path.read_text() for path in sorted((root / ANSWERS).glob("*.md"))}
