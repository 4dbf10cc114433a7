"""Progress in a notebook: one line of words; elsewhere a bar, a log, or nothing."""

import re
import sys
from types import SimpleNamespace

import pytest

from dlnb import progress


@pytest.fixture
def cell(monkeypatch):
    """What a cell of a notebook shows: a list with the texts of its one output; ``cell.now`` is the time."""
    shown = SimpleNamespace(texts=[], outputs=0, now=0.0)

    def display(thing, display_id):
        shown.outputs += 1
        shown.texts.append(repr(thing))
        return SimpleNamespace(update=lambda thing: shown.texts.append(repr(thing)))

    monkeypatch.delenv("DLNB_BOOK", raising=False)
    monkeypatch.setattr(progress, "in_notebook", lambda: True)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(display=SimpleNamespace(display=display)))
    monkeypatch.setattr(progress.time, "monotonic", lambda: shown.now)
    return shown


def test_a_notebook_has_one_line_of_words_that_is_replaced_every_few_seconds(cell, capsys):
    with progress.bar(2_000, 1_000, "dsprites/seed=0", " steps") as bar:
        for _ in range(100):
            cell.now += 0.5
            bar.update(10)
    assert cell.outputs == 1
    assert cell.texts[0] == "dsprites/seed=0: 1,000 of 2,000 steps"
    assert cell.texts[1] == "dsprites/seed=0: 1,100 of 2,000 steps, 45 s to go"
    assert cell.texts[-1] == "dsprites/seed=0: 2,000 of 2,000 steps in 50 s"
    assert len(cell.texts) == 1 + 50 / progress.EVERY + 1
    assert all(re.fullmatch(r"[\w/=:;,. ]+", text) for text in cell.texts), "words and numbers, no picture of a bar"
    assert capsys.readouterr() == ("", "")


def test_the_line_says_how_far_a_loop_came_that_was_interrupted(cell):
    with pytest.raises(KeyboardInterrupt), progress.bar(50, 0, "x", " steps") as bar:
        bar.update(7)
        raise KeyboardInterrupt
    assert cell.texts[-1] == "x: 7 of 50 steps in 0 s"


def test_what_has_no_known_end_is_counted(cell):
    with progress.bar(None, 0, "drawing", " views") as bar:
        cell.now = 6.0
        bar.update(12_345)
    assert cell.texts == ["drawing: 0 views", "drawing: 12,345 views", "drawing: 12,345 views in 6 s"]


def test_a_download_is_counted_in_megabytes(cell):
    with progress.bar(20_000_000, 0, "set.bin", "B") as bar:
        cell.now = 5.0
        bar.update(5_120_000)
    texts = ["set.bin: 0.0 of 20.0 MB", "set.bin: 5.1 of 20.0 MB, 15 s to go", "set.bin: 5.1 of 20.0 MB in 5 s"]
    assert cell.texts == texts


def test_a_sweep_in_a_notebook_is_a_line_and_failures_are_told_beside_it(cell, capsys):
    with progress.sweep("tiny", 12, 2) as show:
        for model in range(10):
            cell.now += 360
            show("failed: a/b: why" if model == 3 else "a/b")
    assert cell.texts[0] == "tiny: 2 of 12 models"
    assert re.fullmatch(r"tiny: 3 of 12 models; 10 models an hour, ends [\w :]+", cell.texts[1])
    assert cell.texts[-1] == "tiny: 12 of 12 models in 60 min"
    assert capsys.readouterr().out == "failed: a/b: why\n"


def test_the_book_is_silent_though_it_is_a_notebook(cell, monkeypatch, capsys):
    monkeypatch.setenv("DLNB_BOOK", "1")
    with progress.bar(20, 0, "x", " steps") as bar:
        bar.update(20)
    assert not cell.texts
    assert capsys.readouterr() == ("", "")


def test_a_part_of_something_else_is_hidden_and_what_is_around_it_is_not(cell):
    with progress.bar(2, 0, "a sweep", " models") as bar:
        with progress.hidden(), progress.bar(20, 0, "a model", " steps") as inner:
            inner.update(20)
        cell.now = 6.0
        bar.update(2)
    with pytest.raises(ArithmeticError), progress.hidden():
        raise ArithmeticError
    assert cell.texts == [
        "a sweep: 0 of 2 models",
        "a sweep: 2 of 2 models, 0 s to go",
        "a sweep: 2 of 2 models in 6 s",
    ]
    assert not progress.silent()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (99, "99 s"), (100, "2 min"), (3_600, "60 min"), (5_970, "1.7 hours"), (90_000, "25.0 hours")],
)
def test_durations_are_words(seconds, text):
    assert progress.spoken(seconds) == text


def test_this_process_is_no_notebook():
    assert not progress.in_notebook()


def test_a_kernel_shows_the_line_as_one_output_also_from_a_thread():
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    source = """
import os, threading
os.environ.pop("DLNB_BOOK", None)
from dlnb import progress
progress.EVERY = 0.0
def work(name):
    with progress.bar(3, 0, name, " steps") as bar:
        for _ in range(3):
            bar.update()
work("here")
thread = threading.Thread(target=work, args=("there",))
thread.start()
thread.join()
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    nbclient.NotebookClient(notebook, kernel_name="python3").execute()
    texts = [output.data["text/plain"] for output in notebook.cells[0].outputs]
    assert texts == ["here: 3 of 3 steps in 0 s", "there: 3 of 3 steps in 0 s"]
