"""The headline numbers of the assignment's solution for every number that a teacher can give out.

    python teaching/answer_key.py FILE

runs the solution, which is the code of the page with that of the model answers to its tasks, once for each number on
the flat table of the book, and writes a CSV with a row a number (about two minutes).
"""

import contextlib
import io
import os
import re
import sys
import tempfile
from functools import partial
from pathlib import Path

import matplotlib
import nbformat
import pandas as pd

from dlnb import storage
from dlnb.results import flat

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "book/_ext"))

from editions import FENCE, model_answers  # noqa: E402
from plain_markdown import TASK  # noqa: E402

NUMBERS = range(1, 36)
CHOICE = "GROUP = 1 "  # the line of the page that a student changes


def blocks(answers: bool = True) -> list[str]:
    """The blocks of code of the page in their order, those of the model answer behind each task."""
    solved, found = model_answers(ROOT), []
    for cell in nbformat.read(ROOT / "book/assignment.ipynb", 4).cells:
        found += FENCE.findall(cell.source)
        for task in re.findall(rf"^\(({TASK}[\w-]+)\)=$", cell.source, re.MULTILINE) if answers else ():
            found += FENCE.findall(solved[task])
    return found


def solved(number: int) -> dict:
    """The names of the solution for ``number``, once it has run in the current folder, which has models.csv."""
    names, program = {}, "\n".join(blocks())
    if program.count(CHOICE) != 1:
        raise ValueError(f"the page must say {CHOICE!r} once, since that is what is changed for each number")
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(program.replace(CHOICE, f"GROUP = {number} "), "the solution", "exec"), names)
    names["plt"].close("all")
    return names


def main(arguments=None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 1:
        sys.exit(__doc__)
    path, rows = Path(arguments[0]).absolute(), {}
    matplotlib.use("agg")
    with tempfile.TemporaryDirectory() as folder:
        flat.write(folder)
        before = Path.cwd()
        os.chdir(folder)
        try:
            for number in NUMBERS:
                names = solved(number)
                rows[number] = {"data sets": " ".join(names["sets"]), "methods": " ".join(names["pair"])} | names["key"]
        finally:
            os.chdir(before)
    table = pd.DataFrame.from_dict(rows, "index").rename_axis("number")
    storage.write(path, partial(table.to_csv, float_format="%.4g"))
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
