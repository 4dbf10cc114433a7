"""The recipe for Colab in the chapter "reproduce" does what it says, short of Colab itself and of the training."""

import re
import shlex
from pathlib import Path

import nbformat

from dlnb import results
from dlnb.run import engines, sweep
from dlnb.study import STUDIES

CHAPTER = Path(__file__).parents[1] / "book" / "reproduce.ipynb"


def commands(mine: Path) -> list[list[str]]:
    """The arguments of every ``python -m dlnb.run`` in the section, with its two names filled in."""
    text = "\n".join(cell.source for cell in nbformat.read(CHAPTER, 4).cells if cell.cell_type == "markdown")
    (section,) = re.findall(r"^## Colab$(.*?)^## ", text, flags=re.MULTILINE | re.DOTALL)
    lines = re.findall(r"^    !python -m dlnb\.run (.*)$", section, flags=re.MULTILINE)
    return [shlex.split(line.format(results=results, mine=mine)) for line in lines]


def test_the_models_of_the_committed_table_are_not_trained_again(tmp_path, monkeypatch):
    asked = []

    def engine(study, cells, runs, origin, workers):
        asked.extend(cells)
        return iter(())

    monkeypatch.setattr(engines, "local", engine)
    merge, train = commands(tmp_path / "mine")
    for _ in range(2):  # as after a session that was lost
        asked.clear()
        assert sweep.main(merge) == 0
        assert results.load("short", tmp_path / "mine/tables").equals(results.load("short"))
        sweep.main(train)
        done = results.Store(STUDIES["short"]).recorded()
        assert done and set(asked) == set(STUDIES["short"].cells()) - done
