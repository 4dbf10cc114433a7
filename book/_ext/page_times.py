"""What this build measured of pages: a table of all of them (the directive ``page-times``), and a line under each."""

import importlib.metadata
import platform
from datetime import UTC, datetime

import nbformat
from docutils import nodes
from rerun_cells import trains
from side_by_side import ALONE
from sphinx.util.docutils import SphinxDirective
from standalone import LIBRARIES

WORDS = 200  # a minute, of a text that is read to be understood
HEAD = "page", "to read, minutes", "to run on a CPU, seconds", "trains models"


class Marker(nodes.General, nodes.Element):
    """Where the table goes, once all pages have run."""


class PageTimes(SphinxDirective):
    def run(self):
        return [Marker()]


def fill(app, doctree, page: str) -> None:
    for marker in list(doctree.findall(Marker)):
        marker.replace_self(table(app, page))


def table(app, page: str) -> nodes.table:
    """A row for each page of the book that has cells of code, in the order of the book."""
    rows = [[text(name) for name in HEAD]]
    for name in pages(app.env):
        chapter = nbformat.read(app.env.doc2path(name), 4)
        words = sum(len(cell.source.split()) for cell in chapter.cells if cell.cell_type == "markdown")
        code = [cell.source for cell in chapter.cells if cell.cell_type == "code"]
        training = any(trains(source) or ALONE in source for source in code)
        seconds = (app.env.nb_metadata.get(name, {}).get("exec_data") or {}).get("runtime")
        link = nodes.reference("", app.env.titles[name].astext(), internal=True)
        link["refuri"] = app.builder.get_relative_uri(page, name)
        numbers = f"{max(1, round(words / WORDS))}", "–" if seconds is None else f"{seconds:.0f}"
        rows.append([nodes.paragraph("", "", link), *map(text, (*numbers, "yes" if training else ""))])
    return build(rows)


def pages(env) -> list[str]:
    """Pages with cells of code, in the order of the book."""
    root = env.config.root_doc
    order = [root, *env.toctree_includes.get(root, [])]
    return [name for name in order if str(env.doc2path(name)).endswith(".ipynb") and _runs(env.doc2path(name))]


def _runs(path) -> bool:
    return any(cell.cell_type == "code" for cell in nbformat.read(path, 4).cells)


def text(words: str) -> nodes.paragraph:
    return nodes.paragraph("", words)


def foot(app, pagename, templatename, context, doctree) -> None:
    """Say below a page when it ran last, and with what."""
    ran = app.env.nb_metadata.get(pagename, {}).get("exec_data") or {}
    if "body" in context and ran.get("runtime"):
        day = datetime.fromtimestamp(ran["mtime"], UTC).date()
        packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("dlnb", *LIBRARIES))
        told = (
            f"Last run on {day} in {ran['runtime']:.0f} seconds, with Python {platform.python_version()}, {packages}."
        )
        context["body"] += f'<p class="last-run">{told}</p>'


def build(rows: list) -> nodes.table:
    group = nodes.tgroup("", cols=len(HEAD))
    group += [nodes.colspec(colwidth=width) for width in (4, 2, 2, 2)]
    parts = [nodes.row("", *(nodes.entry("", cell) for cell in cells)) for cells in rows]
    group += [nodes.thead("", parts[0]), nodes.tbody("", *parts[1:])]
    return nodes.table("", group)


def setup(app):
    app.add_node(Marker)
    app.add_directive("page-times", PageTimes)
    app.connect("html-page-context", foot)
    app.connect("doctree-resolved", fill, priority=400)  # before standalone, which writes what is there
    return {"parallel_read_safe": True, "parallel_write_safe": True}
