"""What slides take from the executed chapters: figures, tables, numbers, formulas, theorems and sentences.

Nothing of it is typed anew, so that slides say what the book says. Settings: ``excerpts_book``, the folder of the
chapters; ``excerpts_caches``, in which the newest folder is the cache of their executions (see `book_fixes`);
``excerpts_home``, the address of the chapters in the published book. What cannot be found is an error that says what
there is.
"""

import base64
import html
import re
import shutil
from functools import cache
from pathlib import Path
from typing import ClassVar

import nbformat
from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from jupyter_cache import get_cache
from myst_nb.core.variables import format_plain_text
from sphinx.util.docutils import SphinxDirective, SphinxRole
from sphinx_revealjs.nodes import revealjs_section

IMAGES = {"image/svg+xml": "svg", "image/gif": "gif", "image/png": "png"}  # the best first
LIVE = """\
<!DOCTYPE html>
<html lang="en" data-content_root="" data-theme="light">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{name}</title>
<link rel="stylesheet" href="_static/revealjs/dist/theme/fonts/source-sans-pro/source-sans-pro.css">
<link rel="stylesheet" href="_static/book.css"><link rel="stylesheet" href="_static/live.css"></head>
<body class="{name}"><main class="bd-content">{body}</main></body></html>
"""


class Missing(ValueError):
    """Something that a chapter does not have, or has more than once."""


class Chapter:
    """A chapter of the book, with the results of its cells."""

    def __init__(self, name: str, book: Path, caches: Path):
        self.name, self.book = name, book
        try:
            source = nbformat.read(book / f"{name}.ipynb", 4)
        except FileNotFoundError:
            raise Missing(f"there is no chapter {name}.ipynb in {book}") from None
        folders = sorted(caches.glob("*/"), key=lambda path: path.stat().st_mtime)
        if not folders:
            raise Missing(f"the book has not been executed, there is nothing in {caches}: run `make book` first")
        try:
            _, self.done = get_cache(folders[-1]).merge_match_into_notebook(source)
        except KeyError:
            raise Missing(f"{name} has changed since the book was executed: run `make book` again") from None
        self.text = "\n\n".join(cell.source for cell in source.cells if cell.cell_type == "markdown")
        self.numbers = dict(self.glued())

    def glued(self):
        """(key, value as Python writes it) of what cells hand to the text, which MyST-NB keeps among their outputs."""
        for output in (output for cell in code(self.done) for output in cell.outputs):
            if told := output.get("metadata", {}).get("scrapbook"):
                yield told["name"], "".join(output.data[told["mime_prefix"] + "text/plain"])

    def number(self, key: str, form: str) -> str:
        """A number that the chapter hands to its text, in a format."""
        return format_plain_text(self.pick(self.numbers, key, "number"), form)

    def figure(self, name: str) -> tuple[bytes, str, str]:
        """The bytes, kind and alternative text of a figure, drawn by a cell or kept in a file."""
        drawn = {figure(cell)["name"]: cell for cell in code(self.done) if "name" in figure(cell)}
        kept = dict(self.kept())
        found = self.pick(drawn | kept, name, "figure")
        if name in kept:
            path, alt = found
            return path.read_bytes(), path.suffix.removeprefix("."), alt
        shown = {kind: text for output in found.outputs for kind, text in output.get("data", {}).items()}
        kind = next(filter(shown.get, IMAGES), None)
        if kind is None:
            raise Missing(
                f"the cell of the figure {name!r} of {self.name} shows no image, only {', '.join(shown) or 'nothing'}"
            )
        content = "".join(shown[kind])
        image = content.encode() if kind == "image/svg+xml" else base64.b64decode(content)
        return image, IMAGES[kind], found.metadata.mystnb.image.alt

    def kept(self):
        """(name, (path, alternative text)) of the figures that are files."""
        for path, options in re.findall(r"^`{3,}{figure} *(\S+)\n((?::\w+:.*\n)+)", self.text, re.M):
            told = dict(re.findall(r"^:(\w+): *(.*)", options, re.M))
            if {"name", "alt"} <= told.keys():
                yield told["name"], (self.book / path, told["alt"])

    def shown(self, cell: str) -> str:
        """The HTML that the cell of an id, or the explorable of a name, shows."""
        made = {}
        for each in code(self.done):
            for output in each.outputs:
                if page := "".join(output.get("data", {}).get("text/html", "")):
                    live = re.search(r'<div class="explorable" data-name="([^"]+)"', page)
                    made[live[1] if live else each.id] = page
        return self.pick(made, cell, "table or explorable")

    def theorem(self, label: str) -> tuple[str, str]:
        """The title and the text of a theorem."""
        found = re.findall(r"^(`{3,}){prf:theorem} *([^\n]*)\n:label: *(\S+)\n(.*?)^\1$", self.text, re.M | re.S)
        return self.pick({name: (title, text.strip()) for _, title, name, text in found}, label, "theorem")

    def formula(self, part: str) -> str:
        """The formula on lines of its own that contains ``part``."""
        return self.only(re.findall(r"\$\$(.+?)\$\$", self.text, re.S), part, "formula").strip()

    def passage(self, part: str, sentences: int) -> str:
        """As many sentences, or the rest of a paragraph for 0, from the one that contains ``part``."""
        blocks = [block for block in re.split(r"\n\n|\n(?=- )", self.text) if not block.startswith("$$")]
        block = self.only(blocks, part, "paragraph").removeprefix("- ")
        pieces = re.split(r"(?<=[.?!])\s+(?=[A-Z*(])", block)
        first = next((i for i, piece in enumerate(pieces) if part in piece), 0)
        return " ".join(pieces[first : first + sentences] if sentences else pieces[first:])

    def pick(self, things: dict, name: str, kind: str):
        if name not in things:
            raise Missing(f"{self.name} has no {kind} {name!r}, only {', '.join(sorted(things)) or 'none at all'}")
        return things[name]

    def only(self, texts: list[str], part: str, kind: str) -> str:
        found = [text for text in texts if part in text]
        if len(found) != 1:
            raise Missing(f"{part!r} is in {len(found)} {kind}s of {self.name}: give a part that only one has")
        return found[0]


def code(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def figure(cell) -> dict:
    return cell.metadata.get("mystnb", {}).get("figure", {})


@cache
def read(name: str, book: str, caches: str) -> Chapter:
    return Chapter(name, Path(book), Path(caches))


def chapter(name: str, config) -> Chapter:
    return read(name, config.excerpts_book, config.excerpts_caches)


class Number(SphinxRole):
    """{number}`chapter:key:.2f`"""

    def run(self):
        name, _, rest = self.text.partition(":")
        key, _, form = rest.partition(":")
        try:
            text = chapter(name, self.config).number(key, form)
        except ValueError as error:
            report = self.inliner.reporter.error(f"{self.rawtext}: {error}", line=self.lineno)
            return [], [report]
        return [nodes.inline(text, text, classes=["number"])], []


class Excerpt(SphinxDirective):
    """A directive whose argument is chapter:name, or the chapter alone with words of the excerpt as content."""

    required_arguments = 1
    option_spec: ClassVar = {"class": directives.class_option}

    def run(self):
        name, _, self.part = self.arguments[0].partition(":")
        self.part = self.part or "\n".join(self.content)
        try:
            self.chapter = chapter(name, self.config)
            return self.make()
        except Missing as error:
            raise self.error(str(error)) from error

    def parsed(self, text: str, node: nodes.Element) -> nodes.Element:
        """The text of a chapter in ``node``: its numbers, sources and links are those of the chapter."""
        text = text.replace("{glue:text}`", f"{{number}}`{self.chapter.name}:")
        text = re.sub(r"({cite:\w}`)([^`]+)`", self.cite, text)
        text = re.sub(r"\]\(([\w-]+)\.ipynb(#[\w-]+)?\)", rf"]({self.config.excerpts_home}\1.html\2)", text)
        self.state.nested_parse(StringList(text.splitlines(), self.get_source_info()[0]), self.content_offset, node)
        return node

    def cite(self, match: re.Match) -> str:
        """A citation of the sources of this session, whose keys begin with its name."""
        return match[1] + ",".join(f"{self.env.docname}-{key.strip()}" for key in match[2].split(",")) + "`"

    def classes(self, *more: str) -> str:
        return " ".join([*more, *self.options.get("class", [])])

    def source(self) -> str:
        """A line that says where more is."""
        title = re.search("^# (.*)", self.chapter.text, re.M)[1]
        return f'<a href="{self.config.excerpts_home}{self.chapter.name}.html#{self.part}">{html.escape(title)}</a>'

    def write(self, name: str, content: bytes) -> None:
        path = Path(self.env.app.outdir, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


class FigureOf(Excerpt):
    def make(self):
        image, kind, alt = self.chapter.figure(self.part)
        file = f"figures/{self.chapter.name}-{self.part}.{kind}"
        self.write(file, image)
        shown = f'<img src="{file}" alt="{html.escape(alt)}"><figcaption>{self.source()}</figcaption>'
        return [raw(f'<figure class="{self.classes("excerpt")}">{shown}</figure>')]


class TableOf(Excerpt):
    def make(self):
        return [raw(f'<div class="{self.classes("excerpt", "table")}">{self.chapter.shown(self.part)}</div>')]


class LiveOf(Excerpt):
    """An explorable on a page of its own, in a frame: what a slide does to sizes and keys must not reach it.

    ``scale``: how much larger than on a page of the book.
    """

    option_spec = Excerpt.option_spec | {"scale": float}

    def make(self):
        page = LIVE.format(name=self.part, body=self.chapter.shown(self.part))
        self.write(f"{self.part}.html", page.encode())
        title = html.escape(f"{self.part.replace('-', ' ')}, to be played with")
        frame = f'<iframe data-src="{self.part}.html" title="{title}"></iframe>'
        scale = self.options.get("scale", 1)
        return [raw(f'<div class="{self.classes("live")}" style="--scale: {scale}">{frame}</div>')]


class TheoremOf(Excerpt):
    def make(self):
        title, text = self.chapter.theorem(self.part)
        box = nodes.container(classes=["theorem", *self.options.get("class", [])])
        box += nodes.paragraph("", "", nodes.strong("", f"Theorem ({title})"))
        return [self.parsed(text, box)]


class FormulaOf(Excerpt):
    has_content = True

    def make(self):
        tex = self.chapter.formula(self.part)
        block = nodes.math_block(tex, tex, nowrap=False, number=None, label=None)
        return [nodes.container("", block, classes=["formula", *self.options.get("class", [])])]


class PassageOf(Excerpt):
    has_content = True
    option_spec = Excerpt.option_spec | {"sentences": directives.nonnegative_int}

    def make(self):
        text = self.chapter.passage(self.part, self.options.get("sentences", 0))
        return [self.parsed(text, nodes.container(classes=["passage", *self.options.get("class", [])]))]


class Notes(SphinxDirective):
    """What the speaker sees: minutes for the slide, and what to say and ask. ``part`` begins a part of the session."""

    has_content = True
    option_spec: ClassVar = {"minutes": directives.nonnegative_int, "part": directives.unchanged_required}

    def run(self):
        if "minutes" not in self.options:
            raise self.error("notes need :minutes:, how long the slide takes, 0 for one that is skipped")
        minutes = self.options["minutes"]
        text = StringList([f"**{minutes} min.**", "", *self.content], self.get_source_info()[0])
        box = nodes.container()
        self.state.nested_parse(text, self.content_offset, box)
        # The clock of the speaker's view; reveal.js takes 0 for "as any other slide".
        clock = revealjs_section(**{"data-timing": str(60 * minutes or 1)})
        return [clock, raw('<aside class="notes">'), *box.children, raw("</aside>")]


class Agenda(SphinxDirective):
    """The parts of the session and how long they take, as the notes of its slides say."""

    def run(self):
        parts = agenda(Path(self.env.doc2path(self.env.docname)).read_text())
        rows = [f"<tr><td>{minutes} min</td><td>{html.escape(part)}</td></tr>" for part, minutes in parts.items()]
        return [raw(f'<table class="agenda">{"".join(rows)}</table>')]


def agenda(text: str) -> dict[str, int]:
    """{part: minutes} of the slides of a session."""
    parts = {}
    for options in re.findall(r"^`{3,}{notes}\n((?::\w+:.*\n)+)", text, re.M):
        told = dict(re.findall(r"^:(\w+): *(.*)", options, re.M))
        part = told.get("part") or list(parts)[-1]
        parts[part] = parts.get(part, 0) + int(told["minutes"])
    return parts


def raw(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def styles(app, exception):
    """The style of the book's explorables, for the pages in frames."""
    if exception is None:
        shutil.copy(Path(app.config.excerpts_book, "_static/book.css"), Path(app.outdir, "_static"))


def setup(app):
    app.add_config_value("excerpts_book", "", "env", str)
    app.add_config_value("excerpts_caches", "", "env", str)
    app.add_config_value("excerpts_home", "", "env", str)
    app.add_role("number", Number())
    for name, directive in {
        "figure-of": FigureOf,
        "table-of": TableOf,
        "live-of": LiveOf,
        "theorem-of": TheoremOf,
        "formula-of": FormulaOf,
        "passage-of": PassageOf,
        "notes": Notes,
        "agenda": Agenda,
    }.items():
        app.add_directive(name, directive)
    app.connect("build-finished", styles)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
