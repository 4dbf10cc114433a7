"""Pages of the book run side by side, each once, and a failure is told."""

import os
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import docutils_namespace

ROOT = Path(__file__).parents[1]
EXT = ROOT / "book/_ext"
sys.path.insert(0, str(EXT))

import side_by_side  # noqa: E402

CONF = """\
import sys
sys.path.insert(0, {ext!r})
extensions = ["myst_nb", "side_by_side"]
# Said here, since Sphinx keeps what another book of this process added to its default.
source_suffix = {{".md": "myst-nb", ".ipynb": "myst-nb"}}
nb_execution_mode = "cache"
nb_execution_cache_path = {cache!r}
nb_execution_timeout = 120
nb_execution_raise_on_error = True
side_by_side = 2
"""
# One end of a pipe waits for the other: neither page ends before both have begun.
WRITES = "import os\nend = open('pipe', 'w')\nprint('wrote', file=end)\nend.close()\nprint('process', os.getpid())"
READS = "import os\nprint(open('pipe').read(), 'process', os.getpid())"
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def write(folder, name, *sources):
    cells = [new_markdown_cell(f"# {name}"), *(new_code_cell(source) for source in sources)]
    nbformat.write(new_notebook(cells=cells, metadata=KERNEL), folder / f"{name}.ipynb")


@pytest.fixture
def folder(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "conf.py").write_text(CONF.format(ext=str(EXT), cache=str(tmp_path / "cache")))
    (tmp_path / "index.md").write_text("# Top\n\n```{toctree}\none\ntwo\n```\n")
    write(tmp_path, "one", WRITES)
    write(tmp_path, "two", READS)
    return tmp_path


def build(folder, fresh=True):
    """The processes of both pages, and what Sphinx said."""
    with docutils_namespace(), open(folder / "said", "w+") as said:
        Sphinx(
            folder, folder, folder / "html", folder / "trees", "html", status=said, warning=said, freshenv=fresh
        ).build()
        said.seek(0)
        texts = [(folder / "html" / f"{name}.html").read_text() for name in ("one", "two")]
        return [re.search(r"process (\d+)", text)[1] for text in texts], said.read()


def test_pages_run_at_the_same_time_and_only_once(folder):
    ran, said = build(folder)
    assert "ran one.ipynb" in said and "ran two.ipynb" in said and "WARNING" not in said
    assert said.count("Using cached notebook") == 2 and ran[0] != ran[1]
    again, said = build(folder)  # from the cache, though the folder's pipe would let nobody through
    assert again == ran and "ran one" not in said


def test_all_pages_that_fail_are_told_and_the_others_are_kept(folder):
    write(folder, "one", "1 / 0")
    write(folder, "two", "print('process', 1)")
    with pytest.raises(ExtensionError, match=r"(?s)one\.ipynb failed:.*ZeroDivisionError"):
        build(folder)
    write(folder, "one", "print('process', 0)")
    ran, said = build(folder)
    assert ran == ["0", "1"] and "ran one" in said and "ran two" not in said


@pytest.mark.parametrize(
    ("source", "shared"),
    [
        ("1 + 1", True),
        ("model = models.train(images, method)", False),
        ("run.train(study)", False),
        ("!{sys.executable} -m dlnb.run smoke", False),
    ],
)
def test_what_trains_has_the_machine_alone(source, shared):
    assert (
        side_by_side._shared(new_notebook(cells=[new_markdown_cell("models.train(x)"), new_code_cell(source)]))
        == shared
    )
    assert not side_by_side._shared(new_notebook(cells=[new_markdown_cell("# Title")]))
