"""No stale figure: the execution cache follows the package, and forgives prose."""

import os
import re
import shutil
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from common import finished
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "book/_ext"))

import book_fixes  # noqa: E402


@pytest.fixture
def project(tmp_path):
    (tmp_path / "dlnb/tables/desk").mkdir(parents=True)
    (tmp_path / "book").mkdir()
    (tmp_path / "dlnb/__init__.py").write_text('__version__ = "0"\n')  # read by the modules that an extension imports
    (tmp_path / "dlnb/answer.py").write_text("ANSWER = 'answer-41'\n")
    (tmp_path / "dlnb/tables/desk/dsprites.parquet").write_bytes(b"PAR1 old")
    (tmp_path / "requirements.lock").write_text("numpy==2.4.6\n")
    return tmp_path


CHANGES = {
    "a module": lambda root: (root / "dlnb/answer.py").write_text("ANSWER = 'answer-42'\n"),
    "a table": lambda root: (root / "dlnb/tables/desk/dsprites.parquet").write_bytes(b"PAR1 new"),
    "a file added": lambda root: (root / "dlnb/empty.py").touch(),
    "a file removed": lambda root: (root / "dlnb/__init__.py").unlink(),
    "a file renamed": lambda root: (root / "dlnb/answer.py").rename(root / "dlnb/reply.py"),
    "the lock": lambda root: (root / "requirements.lock").write_text("numpy==2.5.5\n"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_key_changes_with(change, project):
    before = book_fixes.execution_key(project)
    CHANGES[change](project)
    assert book_fixes.execution_key(project) != before


@pytest.mark.parametrize("part", ["version", "packages"])
def test_key_changes_with_the_environment(part, project, monkeypatch):
    before = book_fixes.execution_key(project)
    if part == "version":
        monkeypatch.setattr(sys, "version", "3.14.0")
    else:
        monkeypatch.setattr(book_fixes, "distributions", list)
    assert book_fixes.execution_key(project) != before


def test_key_ignores_prose_and_bytecode(project):
    before = book_fixes.execution_key(project)
    (project / "book/index.md").write_text("# Edited")
    (project / "dlnb/tables/README.md").write_text("Columns")
    (project / "dlnb/__pycache__").mkdir()
    (project / "dlnb/__pycache__/answer.pyc").write_bytes(b"")
    assert book_fixes.execution_key(project) == before


def test_prune_keeps_the_newest(tmp_path):
    for age, name in enumerate(["newest", "new", "old", "oldest"]):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    book_fixes.prune(tmp_path, kept=2)
    assert {path.name for path in tmp_path.iterdir()} == {"newest", "new"}


def write_page(project, title):
    source = "import os\nfrom dlnb.answer import ANSWER\n\nprint(ANSWER, f'run-{os.getpid()}')"
    cells = [new_markdown_cell(f"# {title}\n\n## Section"), new_code_cell(source)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), project / "book/index.ipynb")


def build(project):
    """Build as `make book` does; give back the page's title, the package's value in it and the process that ran."""
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-W", "-n", "--keep-going"]
    environment = os.environ | {"PYTHONPATH": str(project), "DLNB_BOOK": "1"}
    done = finished(command, cwd=project, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    html = (project / "_build/html/book/index.html").read_text()
    return re.search("<h1>(.*?)<", html)[1], *re.search(r"(answer-\d+).*(run-\d+)", html).groups()


def test_book_follows_the_package_and_forgives_prose(project):
    shutil.copy(ROOT / "_config.yml", project)
    for folder in ("_ext", "_lib", "_static", "references.bib"):
        copy = shutil.copytree if (ROOT / "book" / folder).is_dir() else shutil.copy
        copy(ROOT / "book" / folder, project / "book" / folder)
    (project / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
    (project / ".pytest_cache").mkdir()
    (project / ".pytest_cache/README.md").write_text("# Not a page\n")

    write_page(project, "First title")
    title, answer, first_run = build(project)
    assert (title, answer) == ("First title", "answer-41")

    write_page(project, "Second title")
    assert build(project) == ("Second title", "answer-41", first_run)

    (project / "dlnb/answer.py").write_text("ANSWER = 'answer-42'\n")
    title, answer, run = build(project)
    assert (title, answer) == ("Second title", "answer-42")
    assert run != first_run


class Book:
    """What the fixes ask of a Sphinx application."""

    def __init__(self, outdir, form="html"):
        self.outdir = outdir
        self.builder = type("Builder", (), {"format": form})


def test_animations_get_a_still_of_four_frames_for_those_who_want_no_motion(tmp_path):
    (tmp_path / "_images").mkdir()
    frames = [Image.new("L", (6, 2), 50 * t) for t in range(6)]
    frames[0].save(tmp_path / "_images/a.gif", save_all=True, append_images=frames[1:], duration=100, loop=0)
    book_fixes.add_stills(Book(tmp_path), None)
    with Image.open(tmp_path / "_images/a.still.png") as still:
        assert still.size == (6, 8)
        assert np.asarray(still.convert("L"))[::2, 0].tolist() == [0, 100, 150, 250]  # frames 0, 2, 3 and 5
    context = {"body": '<p><img alt="moving" src="../_images/a.gif" /> <img src="b.png" /></p>'}
    book_fixes.offer_stills(None, "page", None, context, None)
    assert context["body"] == (
        '<p><picture><source srcset="../_images/a.still.png" media="(prefers-reduced-motion: reduce), print">'
        '<img alt="moving" src="../_images/a.gif" /></picture> <img src="b.png" /></p>'
    )


def test_numbers_of_cells_have_a_minus_sign_and_ranges_and_names_their_hyphen():
    cells = '<td class="data">-0.31</td><td>\n<p>-.5</p></td><td>0.1-0.2</td><td>-</td><td>β-VAE</td><code>-1</code>'
    context = {"body": cells + '<p>at <span class="pasted-text">-0.04</span>, or -7</p>'}
    book_fixes.set_minus_signs(None, "", "", context, None)
    cells = '<td class="data">−0.31</td><td>\n<p>−.5</p></td><td>0.1-0.2</td><td>-</td><td>β-VAE</td><code>-1</code>'
    assert context["body"] == cells + '<p>at <span class="pasted-text">−0.04</span>, or -7</p>'


def test_an_empty_header_cell_is_no_header():
    context = {"body": '<tr><th class="blank"></th><th><p></p></th><th>&nbsp;</th><th>MIG</th><thead></thead></tr>'}
    book_fixes.name_headers(None, "", "", context, None)
    assert context["body"] == '<tr><td class="blank"></td><td></td><td></td><th>MIG</th><thead></thead></tr>'
