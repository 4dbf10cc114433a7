"""The book as a PDF: a small book that is written here, and, if `make pdf` has made it, the whole one."""

import io
import re
import sys
from pathlib import Path

import numpy as np
import pages
import pytest
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "book/_pdf"))

pypdf = pytest.importorskip("pypdf")
pdfium = pytest.importorskip("pypdfium2")
assemble = pytest.importorskip("assemble")
pdf = pytest.importorskip("pdf")

WHOLE = ROOT / "_build/pdf/dlnb.pdf"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
STYLE = (ROOT / "book/_pdf/print.css").read_text()
RIM = 0.5  # of the margins, in which nothing is printed at the sides
MARGIN = 26 / 210  # of the width of A4, as print.css has it

FIRST = """
<section class="mathjax_ignore" id="first"><h1>First<a class="headerlink" href="#first">#</a></h1>
<p>See <a href="second.html">there</a>, <a href="second.html#far">far there</a>, <a href="#theorem">here</a>,
<a href="https://example.org/x">elsewhere</a> and <a href="../notebooks/first.ipynb">its notebook</a>.
It costs $5 and <span class="math">\\(x^2\\)</span>.</p>
<div class="cell tag_hide-cell"><details><summary>Checks</summary><pre>assert folded</pre></details></div>
<div class="proof theorem admonition" id="theorem"><p>All is well.</p></div>
<picture><source srcset="../_images/a.still.png" media="print"><img alt="moving" src="../_images/a.gif"></picture>
<div class="explorable"><img class="still" alt="a" src="data:image/png;base64,{pixel}"><p class="question">Try</p>
<script>throw 1</script></div>
<section id="exercises"><h2>Exercises</h2>
<div class="exercise admonition" id="ask">
<p class="admonition-title"><span class="caption-number">Exercise 1 </span></p>
<section id="exercise-content"><p>Why?</p></section></div>
<div class="solution dropdown admonition" id="book/first-solution-1"><p class="admonition-title">Solution</p>
<p>Because of the answer.</p></div></section>
<section id="check-yourself"><h2>Check yourself</h2><div class="concept-check"><fieldset><legend>Which?</legend>
<label><input type="radio"><b>A</b><span>This.</span></label></fieldset>
<details><summary>Answers, with reasons</summary><div class="answer"><p>It is A.</p></div></details></div></section>
</section>
""".replace("{pixel}", PIXEL)
SECOND = """
<section id="second"><h1>Second</h1><p>Back to <a href="first.html#ask">the exercise</a>.</p>
{paragraphs}<section id="far"><h2>Far</h2><p>The end.</p></section></section>
""".replace("{paragraphs}", f"<p>{'Words and words. ' * 60}</p>" * 12)


@pytest.fixture
def book(tmp_path):
    """A book of two pages, of which the second is longer than a sheet."""
    import base64

    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/first\nchapters:\n  - file: book/second\n")
    site = tmp_path / "html"
    (site / "book").mkdir(parents=True)
    (site / "_images").mkdir()
    (site / "_images/a.still.png").write_bytes(base64.b64decode(PIXEL))
    (site / "mathjax").symlink_to(ROOT / "book/_lib/mathjax")
    for name, body in (("first", FIRST), ("second", SECOND)):
        (site / f"book/{name}.html").write_text(f'<html><article class="bd-article">{body}</article></html>')
    return assemble.Book(site, tmp_path / "_toc.yml", "https://dlnb.example/")


@pytest.fixture
def page(book):
    return assemble.assembled(book, STYLE, "A & B", "The authors", "<p>About.</p>")


def test_links_lead_into_the_one_page_or_to_the_published_site(page):
    targets = set(re.findall(r'href="([^"]*)"', page))
    assert {"#second", "#second--far", "#first--theorem", "#first--ask", "https://example.org/x"} <= targets
    assert "https://dlnb.example/notebooks/first.ipynb" in targets
    inside = {each[1:] for each in targets if each.startswith("#")}
    assert inside <= set(re.findall(r' id="([^"]*)"', page))


def test_what_only_a_screen_can_do_is_left_out_or_stands_still(page):
    assert "assert folded" not in page and "throw 1" not in page and "headerlink" not in page
    assert "a.still.png" in page and "a.gif" not in page
    assert "Try" not in page and 'href="https://dlnb.example/book/first.html"' in page


def test_solutions_are_last_and_exercises_lead_to_them_and_back(page):
    (solution,) = re.findall(r'id="(first--book-first-solution-1)"', page)
    assert page.index('id="second"') < page.index('id="solutions"') < page.index("Because of the answer")
    assert f'href="#{solution}"' in page[: page.index('id="second"')]
    assert 'href="#first--ask"' in page[page.index('id="solutions"') :]


def test_answers_of_a_concept_check_are_solutions_too(page):
    assert page.index("Which?") < page.index('id="solutions"') < page.index("It is A.")
    assert 'href="#first--check-yourself--answers"' in page and 'id="first--check-yourself--answers"' in page
    assert 'href="#first--check-yourself"' in page[page.index('id="solutions"') :]
    assert "<summary" not in page


def test_a_page_that_was_not_built_is_told(book):
    (book.site / "book/second.html").unlink()
    with pytest.raises(FileNotFoundError, match="run `make book` first"):
        assemble.assembled(book, "", "t", "a", "")


def test_a_missing_browser_is_told_with_the_remedy(monkeypatch, page, tmp_path):
    monkeypatch.setenv("PATH", "")
    (tmp_path / "page.html").write_text(page)
    with pytest.raises(pdf.NoBrowser, match="apt-get install chromium"):
        pdf.printed(tmp_path / "page.html")


@pytest.fixture
def printer(tmp_path):
    if not pages.BROWSER:
        pytest.fail("DLNB_REQUIRE_BROWSER=1, but no chromium found") if pages.REQUIRED else pytest.skip("no chromium")

    def printed(page):
        (tmp_path / "page.html").write_text(page)
        return pdf.printed(tmp_path / "page.html")

    return printed


def test_a_small_book_is_printed_with_outline_links_and_page_numbers(printer, page):
    done = printer(page)
    reader = pypdf.PdfReader(io.BytesIO(done))
    texts = [" ".join(each.extract_text().split()) for each in reader.pages]
    found = outline(reader)
    titles = ["Contents", "First", "Exercises", "Check yourself", "Second", "Far", "Solutions", "First"]
    assert [title for title, _ in found] == titles
    assert all(title in texts[number - 1] for title, number in found)
    assert dict(found)["Far"] > dict(found)["Second"], "the second page is longer than a sheet"
    told = re.findall(r"(First|Exercises|Check yourself|Second|Far|Solutions) (\d+)", texts[1])
    assert [(title, int(number)) for title, number in told] == found[1:]
    last = len(texts)
    assert f"page {last}" in texts[2] and "page 3" in texts[last - 1]
    assert reader.metadata.title == "A & B" and reader.metadata.author == "The authors"
    assert assemble.UNKNOWN not in "".join(texts)
    assert_whole(done)


def test_headings_stay_with_what_follows_and_their_numbers_name_that_page(printer, book):
    """Sections of all lengths, so that several headings come to the end of a page."""
    part = '<section id="s-{0}"><h2>Above {0}</h2><section id="t-{0}"><span id="label-{0}"></span><h3>Below {0}</h3>'
    part += '<p>Start {0}. {1}</p><p><a href="#label-{0}">back</a></p></section></section>'
    body = "".join(part.format(i, "Words and words. " * (3 + 7 * i % 41)) for i in range(100, 180))
    path = book.site / "book/second.html"
    path.write_text(f'<html><article class="bd-article"><section><h1>Second</h1>{body}</section></article></html>')
    reader = pypdf.PdfReader(io.BytesIO(printer(assemble.assembled(book, STYLE, "t", "a", "<p>About.</p>"))))
    texts = [" ".join(each.extract_text().split()) for each in reader.pages]
    told = dict(re.findall(r"(Above \d+) (\d+)", " ".join(texts[1:5])))
    titles = dict(outline(reader))
    where = {name: reader.get_destination_page_number(each) for name, each in reader.named_destinations.items()}
    assert len(told) == 80 and len({*told.values()}) > 10
    for i in range(100, 180):
        number = next(n for n, text in enumerate(texts, 1) if f"Start {i}." in text)
        assert int(told[f"Above {i}"]) == titles[f"Above {i}"] == titles[f"Below {i}"] == number
        assert where[f"/second--label-{i}"] + 1 == number


@pytest.mark.parametrize(
    "old, new, told",
    [
        ("About.", '<img src="file:///nowhere.png">', "missing: picture file:///nowhere.png"),
        ("x^2", r"\frac{1}{2}}", "formula"),
        ("The end.", f"</p><table><tr><td>{'w' * 200}</td></tr></table><p>", "too wide: second, TABLE www"),
    ],
)
def test_what_would_not_be_on_paper_is_an_error(printer, page, old, new, told):
    assert page.count(old) == 1
    with pytest.raises(ValueError, match=re.escape(told)):
        printer(page.replace(old, new))


def outline(reader) -> list[tuple[str, int]]:
    """(title, page) of all levels."""

    def walk(entries):
        for entry in entries:
            if isinstance(entry, list):
                yield from walk(entry)
            else:
                yield entry.title, reader.get_destination_page_number(entry) + 1

    return list(walk(reader.outline))


def links(reader) -> tuple[set[str], set[str]]:
    """The targets in the PDF, and the addresses outside, of all links."""
    inside, outside = set(), set()
    for page in reader.pages:
        for each in page.get("/Annots", []):
            link = each.get_object()
            if "/Dest" in link:
                inside.add(link["/Dest"])
            elif "/URI" in link.get("/A", {}):
                outside.add(link["/A"]["/URI"])
    return inside, outside


def assert_whole(content: bytes | Path) -> None:
    """Nothing is printed at the sides of the text, and no letter beyond the sheet. Reads with another program."""
    document = pdfium.PdfDocument(content)
    for number, page in enumerate(document, 1):
        ink = np.asarray(page.render(scale=0.5, grayscale=True).to_pil()) < 128
        rim = round(ink.shape[1] * MARGIN * RIM)
        assert not ink[:, :rim].any() and not ink[:, -rim:].any(), f"page {number}: something sticks out"
        width, height = page.get_size()
        letters = page.get_textpage()
        for i in range(letters.count_chars()):
            left, bottom, right, top = letters.get_charbox(i)
            assert left >= 0 and bottom >= 0 and right <= width and top <= height, f"page {number}: a letter is cut"


whole = pytest.mark.skipif(not WHOLE.is_file(), reason="no PDF of the book: run `make pdf`")


@pytest.fixture(scope="module")
def reader():
    return pypdf.PdfReader(WHOLE)


@whole
def test_outline_has_every_chapter_in_order_and_the_solutions_last(reader):
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())
    names = [contents["root"], *(entry["file"] for entry in contents["chapters"])]
    titles = [re.search(r'"# (.*?)(?:\\n)?"', (ROOT / f"{name}.ipynb").read_text())[1] for name in names]
    chapters = [entry.title for entry in reader.outline if not isinstance(entry, list)]
    assert chapters == ["Contents", *titles, "Solutions"]
    numbers = [reader.get_destination_page_number(each) for each in reader.outline if not isinstance(each, list)]
    assert numbers == sorted(set(numbers))
    assert 150 < len(reader.pages) < 600


@whole
def test_links_lead_somewhere(reader):
    inside, outside = links(reader)
    assert len(inside) > 200 and inside <= set(reader.named_destinations)
    assert len(outside) > 30 and all(address.startswith("https://") for address in outside)


@pytest.fixture(scope="module")
def texts():
    """What stands on each page, as another program reads it."""
    return [page.get_textpage().get_text_range() for page in pdfium.PdfDocument(WHOLE)]


@whole
def test_every_solution_is_at_the_end(reader, texts):
    start = dict(outline(reader))["Solutions"] - 1  # from 0
    found = [i for i, text in enumerate(texts) for _ in re.findall(r"^To .+, page \d+\s*$", text, re.M)]
    chapters = [path.read_text() for path in (ROOT / "book").glob("*.ipynb")]
    written = sum(len(re.findall(r'"`{3,}{(?:solution|concept-check)}', text)) for text in chapters)
    assert min(found) == start and len(found) == written > 20


@whole
def test_no_heading_is_the_last_line_of_its_page(reader, texts):
    headings = set(outline(reader))  # titles stand in tables too, where one may end a page
    for number, text in enumerate(texts, 1):
        lines = [line.strip() for line in text.splitlines() if line.strip() not in ("", str(number))]
        assert not lines or (lines[-1], number) not in headings, f"page {number}: {lines[-1]}"


@whole
def test_nothing_of_the_machinery_is_printed(texts):
    text = "\n".join(texts)
    for sign in ("{glue:", "MISSING", "{cite", "{numref}", ":::", r"\frac", r"\(", "Traceback"):
        assert sign not in text, sign


@whole
def test_letters_have_their_size():
    """Chromium prints everything smaller where one thing is too wide."""
    document, sizes = pdfium.PdfDocument(WHOLE), []
    for page in (document[i] for i in range(10, 20)):
        letters = page.get_textpage()
        for i in range(letters.count_chars()):
            scale = pdfium.raw.FS_MATRIX()
            pdfium.raw.FPDFText_GetMatrix(letters, i, scale)
            sizes.append(pdfium.raw.FPDFText_GetFontSize(letters, i) * abs(scale.d))
    assert np.median(sizes) == pytest.approx(10.5, abs=0.1)


@whole
def test_the_whole_book_is_on_its_sheets():
    assert_whole(WHOLE)
