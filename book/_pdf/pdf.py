"""Prints the built book as one PDF, with outline, links and page numbers:

    python book/_pdf/pdf.py [PDF]

The page that `assemble` makes of `_build/html` is printed twice by Chromium: the first printing tells on which page
everything is, the second one says so. Nothing is executed and nothing is fetched.
"""

import io
import logging
import shutil
import sys
import tempfile
from pathlib import Path

import assemble
import matplotlib
import yaml
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, TextStringObject

import dlnb

ROOT = Path(__file__).parents[2]
BROWSERS = "chromium", "chromium-browser", "google-chrome"
# As root there is no sandbox; the rest keeps the browser from looking up its maker's hosts.
FLAGS = """--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync""".split()
# Fonts that Matplotlib brings, so that the book looks the same wherever it is printed: family, weight, style, file.
FONTS = [
    ("STIXGeneral", "normal", "normal", "STIXGeneral"),
    ("STIXGeneral", "bold", "normal", "STIXGeneralBol"),
    ("STIXGeneral", "normal", "italic", "STIXGeneralItalic"),
    ("STIXGeneral", "bold", "italic", "STIXGeneralBolIta"),
    ("DejaVu Serif", "normal", "normal", "DejaVuSerif"),  # for the few letters that STIX has not
    ("DejaVu Sans Mono", "normal", "normal", "DejaVuSansMono"),
    ("DejaVu Sans Mono", "bold", "normal", "DejaVuSansMono-Bold"),
]
OLDEST = 131  # the first Chromium that sets running heads and page numbers (margin boxes of @page)

WIDTH = round(158 / 25.4 * 96)  # pixels, of the text on A4 between the margins of print.css

LEAST = 5  # points, of the letters of a table that would be too wide

# Names of columns may break after an underscore; columns of words start at the left; a table that is wider than the
# text is set smaller.
FIT = """least => {
    for (const cell of document.querySelectorAll('td, th')) {
        const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
        for (let text = texts.nextNode(); text; text = texts.nextNode()) {
            const at = text.data.indexOf('_', 1) + 1;
            if (at && at < text.length) text.splitText(at).before(document.createElement('wbr'));
        }
    }
    for (const cell of document.querySelectorAll('td')) {
        if (cell.textContent.length < 24) continue;
        for (const row of cell.closest('table').rows)
            if (row.cells.length === cell.parentElement.cells.length) row.cells[cell.cellIndex].classList.add('words');
    }
    const room = document.documentElement.clientWidth;
    for (const table of document.querySelectorAll('table')) {
        let size = parseFloat(getComputedStyle(table).fontSize) * 0.75;
        while (table.getBoundingClientRect().right > room && (size -= 0.1) >= least) table.style.fontSize = `${size}pt`;
    }
}"""
WRONG = """() => {
    const all = (selector) => [...document.querySelectorAll(selector)];
    const room = document.documentElement.clientWidth + 1;
    return [
        ...all('img').filter(e => !e.naturalWidth).map(e => `missing: picture ${e.src.slice(0, 200)}`),
        ...all('mjx-merror, [data-mjx-error]').map(e => `wrong: formula ${e.textContent}`),
        ...all('.math').filter(e => !e.querySelector('mjx-container')).map(e => `not set: formula ${e.textContent}`),
        ...all('table, pre, img, svg, p').filter(e => e.getBoundingClientRect().right > room)
            .map(e => `too wide: ${e.closest('.chapter')?.id}, ${e.tagName} ${(e.alt ?? e.textContent).slice(0, 100)}`),
    ];
}"""
HEADINGS = """() => [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')]
    .map(each => each.innerText.replace(/\\s+/g, ' ').trim())"""
FILL = """numbers => document.querySelectorAll('.page').forEach(each => {
    each.textContent = each.textContent.replace(/[0-9]+$/, numbers[each.dataset.of]);
})"""


class NoBrowser(RuntimeError):
    """There is no Chromium that can print the book."""


def browser_path() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise NoBrowser(
            f"the PDF is printed by Chromium, and none is installed: no command {', '.join(BROWSERS)}. "
            "On Debian and Ubuntu: apt-get install chromium"
        )
    return found


def pages_of(pdf: bytes) -> dict[str, int]:
    """The page on which each target of a link is, counted from 1."""
    reader = PdfReader(io.BytesIO(pdf))
    found = reader.named_destinations
    return {name.removeprefix("/"): reader.get_destination_page_number(each) + 1 for name, each in found.items()}


def titled(pdf: bytes, headings: list[str], about: dict[str, str]) -> bytes:
    """``pdf`` whose outline says ``headings``: Chromium says those twice that begin a page, and joins their lines."""
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it warns that it makes more objects than there were
    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    writer.pdf_header = pdf[:8].decode()
    entries = list(outline(writer.root_object["/Outlines"].get_object()))
    if len(entries) != len(headings):
        raise ValueError(f"the outline has {len(entries)} entries, but the page has {len(headings)} headings")
    for entry, heading in zip(entries, headings, strict=True):
        entry[NameObject("/Title")] = TextStringObject(heading)
    writer.add_metadata({f"/{key}": value for key, value in about.items()})
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def outline(entry):
    """The entries of the outline below ``entry``, from the first to the last."""
    below = entry.get("/First")
    while below is not None:
        below = below.get_object()
        yield below
        yield from outline(below)
        below = below.get("/Next")


def printed(source: Path) -> bytes:
    """The PDF of a page of HTML that ``assemble`` made."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        if int(browser.version.partition(".")[0]) < OLDEST:
            raise NoBrowser(f"Chromium {browser.version} is too old to print the book: {OLDEST} or newer is needed")
        page = browser.new_page(viewport={"width": WIDTH, "height": 1000})
        page.set_default_timeout(0)  # the whole book at once
        page.goto(source.as_uri())
        page.emulate_media(media="print")
        page.evaluate("() => MathJax.startup.promise")
        page.evaluate("() => Promise.all([...document.images].map(each => each.decode().catch(() => 0)))")
        page.evaluate("() => document.fonts.ready")
        page.evaluate(FIT, LEAST)
        if wrong := page.evaluate(WRONG):
            raise ValueError("the paper would not have all:\n" + "\n".join(wrong))
        options = dict(prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
        first = pages_of(page.pdf(**options))
        page.evaluate(FILL, first)
        pdf = page.pdf(**options)
        headings = page.evaluate(HEADINGS)
        about = {"Title": page.title(), "Author": page.locator("meta[name=author]").get_attribute("content")}
        browser.close()
    if pages_of(pdf) != first:
        raise ValueError("filling in the numbers of the pages moved something to another page")
    return titled(pdf, headings, about | {"Creator": "dlnb"})


def fonts() -> str:
    folder = Path(matplotlib.get_data_path(), "fonts/ttf")
    rule = "@font-face {{ font-family: '{}'; font-weight: {}; font-style: {}; src: url('{}'); }}\n"
    return "".join(rule.format(*face, (folder / f"{file}.ttf").as_uri()) for *face, file in FONTS)


def source(root: Path = ROOT) -> str:
    """The book of ``root`` as one page of HTML."""
    settings = yaml.safe_load((root / "_config.yml").read_text())
    book = assemble.Book(root / "_build/html", root / "_toc.yml", settings["html"]["baseurl"])
    home = settings["html"]["baseurl"]
    about = (
        f"<p>Version {dlnb.__version__}, {settings['copyright']}. On the web, with what moves: "
        f'<a href="{home}">{home}</a></p>'
        "<p>Text under CC BY 4.0, code under Apache 2.0. Cells that the pages fold away, imports and checks of the "
        "numbers, are left out here; solutions are at the end.</p>"
    )
    sheets = root / "_build/html/_static/pygments.css", Path(__file__).parent / "print.css"
    style = fonts() + "".join(sheet.read_text() for sheet in sheets)
    return assemble.assembled(book, style, settings["title"], settings["author"], about)


def main(arguments: list[str]) -> None:
    target = Path(arguments[0]) if arguments else ROOT / "_build/pdf/dlnb.pdf"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "book.html")
        page.write_text(source())
        pdf = printed(page)
    partial = target.with_suffix(".part")
    partial.write_bytes(pdf)
    partial.replace(target)
    print(f"{target}: {len(PdfReader(target).pages)} pages, {len(pdf) / 1e6:.1f} MB")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (FileNotFoundError, NoBrowser, ValueError) as error:
        sys.exit(f"make pdf: {error}")
