"""Slides take all that they show from the executed chapters; those that `make slides` has made are opened."""

import re
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from common import finished
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).parents[1]
SLIDES = ROOT / "book/slides"
SESSIONS = sorted(SLIDES.glob("session*.md"))
BUILT = sorted((ROOT / "_build/slides").glob("session*.html"))
MINUTES, MOST = 90, 30  # of a session, and its slides
sys.path.insert(0, str(ROOT / "book/_ext"))

pytest.importorskip("sphinx_revealjs")
excerpts = pytest.importorskip("excerpts")

DIRECTIVE = re.compile(r"^```{(\w+)-of} *(\S+)\n(.*?)^```$", re.M | re.S)
NUMBER = re.compile(r"{number}`([^:`]+):([^:`]+)(?::([^`]*))?`")

each_session = pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)


@each_session
def test_a_session_has_its_minutes_and_every_slide_has_notes(path):
    text = path.read_text()
    slides = re.split(r"^##? ", text, flags=re.M)[1:]
    assert len(slides) <= MOST
    for slide in slides:
        assert slide.count("```{notes}") == 1, slide
    assert sum(excerpts.agenda(text).values()) == MINUTES


@each_session
def test_no_number_is_typed_where_the_book_has_one(path):
    """Digits stand in names, formulas and notes; in the words of a slide they come from the chapters."""
    text = re.sub(r"^```{notes}.*?^```$|^```.*?^```$|^---.*?^---$", "", path.read_text(), flags=re.M | re.S)
    text = re.sub(r"{\w+(?::\w+)?}`[^`]*`|\$[^$]*\$", "", text)
    assert re.findall(r"^(?!#|\d\. |Session \d).*\d.*", text, re.M) == []


def executed(caches: Path, *chapters) -> None:
    """Keep notebooks, with whatever outputs they have, as executed."""
    folder = caches / "0123456789abcdef"
    folder.mkdir(parents=True, exist_ok=True)
    for i, chapter in enumerate(chapters):
        get_cache(folder).cache_notebook_bundle(
            CacheBundleIn(chapter, f"{i}.ipynb"), check_validity=False, overwrite=True
        )


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Chapters as if they had been executed, without results."""
    caches = tmp_path_factory.mktemp("caches")
    chapters = {path.stem: nbformat.read(path, 4) for path in (ROOT / "book").glob("*.ipynb")}
    executed(caches, *chapters.values())
    return lambda name: excerpts.Chapter(name, ROOT / "book", caches)


@each_session
def test_chapters_have_what_the_slides_take(path, sources):
    text = path.read_text()
    taken = DIRECTIVE.findall(text)
    assert len(taken) > 15
    for kind, argument, content in taken:
        name, _, part = argument.partition(":")
        chapter = sources(name)
        words = re.sub(r"^:\w+:.*\n", "", content, flags=re.M).strip()
        cells = {cell.id: cell.source for cell in excerpts.code(chapter.done)}
        if kind == "figure":
            drawn = {excerpts.figure(cell).get("name") for cell in excerpts.code(chapter.done)}
            assert part in drawn | {figure for figure, _ in chapter.kept()}, argument
        elif kind == "table":
            assert part in cells, argument
        elif kind == "live":
            assert any(f'explorable(\n    "{part}"' in source for source in cells.values()), argument
            assert (ROOT / f"book/_lib/explorables/{part}.js").is_file()
        elif kind == "theorem":
            assert chapter.theorem(part)[1]
        elif kind == "formula":
            assert words in chapter.formula(words)
        else:
            assert kind == "passage" and words in chapter.passage(words, 1)


# ---- a small book and its slides ----
PROSE = """# One

We found {glue:text}`share:.1%`, says {cite:p}`kingma2014auto`. Then more. See [two](two.ipynb).

```{prf:theorem} Someone, 1999
:label: first

All $x$ are **equal**.
```

$$ x^2 = y $$ (label)

$$ z^2 = y $$
"""
SLIDE = """---
orphan: true
---

# Title

```{agenda}
```

## A slide

```{figure-of} one:fig
```

```{table-of} one:table
```

Number {number}`one:share:.2f`, plain {number}`one:count`.

```{theorem-of} one:first
```

```{formula-of} one
x^2
```

```{passage-of} one
:sentences: 1
We found
```

```{notes}
:part: All
:minutes: 3
Ask: *why*?
```

## Sources

```{bibliography}
:filter: docname in docnames
:keyprefix: session1-
```
"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'


@pytest.fixture
def project(tmp_path):
    """A book with one executed chapter, and slides with the configuration of ours."""
    book = tmp_path / "book"
    book.mkdir()
    for name in ("_ext", "_static", "_lib", "references.bib"):
        (book / name).symlink_to(ROOT / "book" / name)
    shutil.copytree(SLIDES, book / "slides", ignore=shutil.ignore_patterns("session*"))
    shutil.copy(ROOT / "_config.yml", tmp_path)
    drawn = {"figure": {"name": "fig", "caption": "A figure."}, "image": {"alt": 'a "small" figure'}}
    cells = [
        new_markdown_cell(PROSE),
        new_code_cell("draw()", id="drawing", metadata={"mystnb": drawn}),
        new_code_cell("table", id="table"),
        new_code_cell("glue()", id="numbers"),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    chapter = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(chapter, book / "one.ipynb")
    outputs = {1: {"image/svg+xml": SVG}, 2: {"text/html": "<table><tr><td>cell</td></tr></table>"}}
    for i, data in outputs.items():
        cells[i].outputs = [new_output("display_data", data=data)]
    for name, value in {"share": "0.125", "count": "'three'"}.items():
        told = {"scrapbook": {"name": name, "mime_prefix": "application/papermill.record/"}}
        data = {"application/papermill.record/text/plain": value}
        cells[3].outputs.append(new_output("display_data", data=data, metadata=told))
    executed(tmp_path / "_build/.jupyter_cache", chapter)
    (book / "slides/session1.md").write_text(SLIDE)
    return tmp_path


def build(project):
    """The exit status of a build in which a warning is an error, what it printed, and the session."""
    command = [sys.executable, "-m", "sphinx", "-b", "revealjs", "-W", "--keep-going", "-E"]
    command += ["-d", project / "doctrees", project / "book/slides", project / "_build/slides"]
    done = finished(command, cwd=project)
    page = project / "_build/slides/session1.html"
    return done.returncode, done.stdout + done.stderr, page.read_text() if page.is_file() else ""


def test_slides_show_what_the_chapter_has(project):
    status, printed, page = build(project)
    assert status == 0, printed
    assert "{glue" not in page and "{number" not in page
    for text in ("0.12", "three", "12.5%", "Theorem (Someone, 1999)", "x^2 = y", "<td>cell</td>", "Kingma and Welling"):
        assert text in page
    assert "z^2" not in page and "Then more" not in page
    assert 'alt="a &quot;small&quot; figure"' in page and "book/one.html#fig" in page
    assert (project / "_build/slides/figures/one-fig.svg").read_text() == SVG
    assert re.search(r'data-timing="180".*?<aside class="notes">.*?<em>why</em>', page, re.S)
    assert re.search(r"3 min</td><td>All", page)


def test_all_that_a_chapter_has_not_is_told_in_one_build(project):
    slides = project / "book/slides/session1.md"
    wrong = {
        "```{figure-of} one:figure\n```": "one has no figure 'figure', only fig",
        "```{figure-of} two:fig\n```": "there is no chapter two.ipynb",
        "```{table-of} one:tables\n```": "one has no table or explorable 'tables', only table",
        "{number}`one:shares:.2f`": "one has no number 'shares', only count, share",
        "{number}`one:count:.2f`": "could not convert string to float",
        "```{theorem-of} one:second\n```": "one has no theorem 'second', only first",
        "```{formula-of} one\ny\n```": "'y' is in 2 formulas of one",
        "```{passage-of} one\nWe lost\n```": "'We lost' is in 0 paragraphs of one",
        "```{notes}\nNo minutes.\n```": "notes need :minutes:",
    }
    slides.write_text("---\norphan: true\n---\n\n# Title\n\n" + "\n\n".join(wrong))
    status, printed, _ = build(project)
    assert status != 0
    for told in wrong.values():
        assert told in " ".join(printed.split())


def test_results_of_other_cells_and_none_are_refused(project):
    book, caches = project / "book", project / "_build/.jupyter_cache"
    assert excerpts.Chapter("one", book, caches).number("share", ".2f") == "0.12"
    chapter = nbformat.read(book / "one.ipynb", 4)
    chapter.cells[1].source = "draw(anew=True)"
    nbformat.write(chapter, book / "one.ipynb")
    with pytest.raises(excerpts.Missing, match="one has changed since the book was executed: run `make book` again"):
        excerpts.Chapter("one", book, caches)
    with pytest.raises(excerpts.Missing, match=r"the book has not been executed, .*: run `make book` first"):
        excerpts.Chapter("one", book, project / "nowhere")


# ---- the slides themselves, in a browser, opened as files ----
built = pytest.mark.parametrize("path", BUILT, ids=lambda path: path.stem)
GO = """i => {
    const { h, v } = Reveal.getIndices(Reveal.getSlides()[i]);
    Reveal.slide(h, v, 99);  // with all that comes step by step
    Reveal.getCurrentSlide().querySelectorAll('.fragment').forEach(each => each.classList.add('visible'));
}"""
BEYOND = """() => {
    const frame = document.querySelector('.slides').getBoundingClientRect();
    const out = (box) => box.left < frame.left - 1 || box.top < frame.top - 1 ||
        box.right > frame.right + 1 || box.bottom > frame.bottom + 1;
    return [...Reveal.getCurrentSlide().querySelectorAll('*')]
        .filter(each => !each.closest('aside, mjx-assistive-mml'))  // the latter is heard, not seen
        .filter(each => each.getClientRects().length && out(each.getBoundingClientRect()))
        .map(each => `${each.tagName} ${each.textContent.slice(0, 60)}`);
}"""
SMALLEST = """root => Math.min(...[...root.querySelectorAll('.explorable :is(.stage, .stage *, .question)')]
    .filter(each => [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .filter(each => each.getClientRects().length && !each.closest('.unseen'))
    .map(each => parseFloat(getComputedStyle(each).fontSize) * (each.getScreenCTM?.().a ?? 1)))"""
WIDER = "each => each.getBoundingClientRect().width / each.offsetWidth"
SMALL = """() => [...Reveal.getCurrentSlide().querySelectorAll('figure img')]
    .filter(each => each.clientHeight < 300 || !each.naturalWidth).map(each => each.alt)"""


@pytest.fixture
def deck(browser):
    """A function that opens a session; nothing may fail, or come from elsewhere."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    wrong = []

    def deck(path):
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
        page.on("request", lambda each: None if each.url.startswith(("file:", "data:")) else wrong.append(each.url))
        page.goto(path.as_uri())
        page.evaluate("() => MathJax.startup.promise")
        return page

    yield deck
    context.close()
    assert wrong == []


@pytest.mark.skipif(not BUILT, reason="no slides: run `make slides`")
@built
def test_every_slide_fits_and_nothing_is_fetched(deck, path):
    page = deck(path)
    assert page.locator(".math:not(:has(mjx-container))").count() == 0
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
    assert "{glue" not in page.content() and "{number" not in page.content()
    for i in range(page.evaluate("Reveal.getTotalSlides()")):
        page.evaluate(GO, i)
        for frame in page.locator(".present .live iframe").all():
            if frame.is_visible():
                inner = frame.content_frame
                inner.locator(".explorable.live svg").first.wait_for()
                inside = "e => [e.scrollHeight - e.clientHeight, e.scrollWidth - e.clientWidth]"
                assert max(inner.locator("html").evaluate(inside)) <= 1, "an explorable is cut"
                for button in inner.locator(".explorable button").all():
                    button.click()  # what is said then may take more lines
                    assert max(inner.locator("html").evaluate(inside)) <= 1, "an explorable is cut"
                letters = inner.locator("html").evaluate(SMALLEST) * frame.evaluate(WIDER)
                assert letters > 19.5, "an explorable has small letters: of 720 pixels, the slide's height"
        title = page.evaluate("() => Reveal.getCurrentSlide().querySelector('h1, h2').textContent")
        assert page.evaluate(BEYOND) == [], title
        assert page.evaluate(SMALL) == [], title


@pytest.mark.skipif(not BUILT, reason="no slides: run `make slides`")
def test_the_dot_of_the_story_follows_the_hand_on_a_slide_that_is_enlarged(deck):
    page = deck(next(path for path in BUILT if path.stem == "session1"))
    page.set_viewport_size({"width": 1920, "height": 1080})
    number = page.evaluate("Reveal.getSlides().findIndex(each => each.querySelector('[data-src^=turn]'))")
    page.evaluate(GO, number)
    frame = page.locator("iframe[src^=turn]")
    pad = frame.content_frame.get_by_role("slider", name="Place of the heart")
    inside = pad.evaluate("e => (({ x, y, width }) => [x, y, width, innerWidth])(e.getBoundingClientRect())")
    outside = frame.bounding_box()
    enlarged = outside["width"] / inside[3]
    assert enlarged > 1.5
    # The heart moves within the middle half of the picture.
    x, y = (inside[i] + inside[2] * (0.25 + 0.5 * at) for i, at in enumerate((0.7, 0.6)))
    page.mouse.click(outside["x"] + enlarged * x, outside["y"] + enlarged * y)
    pad.and_(frame.content_frame.locator('[aria-valuetext^="0.7"], [aria-valuetext^="0.69"]')).wait_for()
    found = pad.get_attribute("aria-valuetext")
    assert [float(each) for each in re.findall(r"\d\.\d+", found)] == pytest.approx([0.7, 0.6], abs=0.02)


@pytest.mark.skipif(not BUILT, reason="no slides: run `make slides`")
@built
def test_the_speakers_view_has_the_notes(deck, path):
    page = deck(path)
    with page.context.expect_page() as opened:
        page.keyboard.press("s")
    notes = opened.value.locator(".speaker-controls-notes .value")
    notes.filter(has_text="min.").wait_for()
    page.keyboard.press("ArrowRight")
    notes.filter(has_text="Students").or_(notes.filter(has_text="students")).wait_for()
