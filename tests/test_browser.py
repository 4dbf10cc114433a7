"""The built pages as a reader's browser shows them, opened as files, with no network needed."""

import io
from pathlib import Path

import numpy as np
import pytest
from pages import BROWSER, FLAGS, REQUIRED
from PIL import Image

sync_api = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

PAGES = sorted((Path(__file__).parents[1] / "_build/html/book").glob("*.html"))
MISSING = "no chromium found" if not BROWSER else "no built book: run `make book`" if not PAGES else None
# Each width and each mode once, since no rule of style depends on both.
SCREENS = {"desktop-light": (1280, 800), "phone-dark": (390, 844)}

UNRENDERED = "() => [...document.querySelectorAll('.math')].filter(e => !e.querySelector('mjx-container')).length"
WRONG_MATHS = "() => [...document.querySelectorAll('mjx-merror, [data-mjx-error]')].map(e => e.textContent)"
BROKEN_IMAGES = """() => [...document.images].filter(e => { e.loading = 'eager'; return e.complete && !e.naturalWidth })
    .map(e => e.src)"""
WIDTH = "() => document.documentElement.scrollWidth - window.innerWidth"
# Tables and figures that end beyond a box which hides what is outside, and of which no fading edge tells
CUT = """() => [...document.querySelectorAll('.bd-article table, .bd-article figure img')].filter(each => {
    for (let box = each.parentElement; box && box !== document.body; box = box.parentElement)
        if (each.getBoundingClientRect().right > box.getBoundingClientRect().right + 2
                && getComputedStyle(box).overflowX !== 'visible')
            return !box.classList.contains('cut-right') || box.tabIndex !== 0;
    return false;
}).map(each => (each.alt || each.innerText).slice(0, 60))"""
BEYOND = """() => {
    const edge = document.querySelector('.bd-article').getBoundingClientRect().right;
    return [...document.querySelectorAll('.bd-article table')].filter(e => e.getBoundingClientRect().right > edge + 1)
        .map(each => each.innerText.slice(0, 60));
}"""
# Chart labels have 9 points, so that three quarters of a figure's nominal size leave about 9 pixels
TINY = """() => [...document.querySelectorAll('.bd-content figure img[src$=".svg"]:not(.sheet, .still)')]
    .filter(e => e.naturalWidth && e.clientWidth < 0.74 * e.naturalWidth).map(e => e.alt.slice(0, 60))"""


def test_browser_and_book_are_there():
    if MISSING and REQUIRED:
        pytest.fail(f"DLNB_REQUIRE_BROWSER=1, but {MISSING}")
    if MISSING:
        pytest.skip(MISSING)


@pytest.fixture(scope="module")
def browser():
    if MISSING:
        pytest.skip(MISSING)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield browser
        browser.close()


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_page(browser, path, screen):
    (width, height), (screen, mode) = SCREENS[screen], screen.split("-")
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=mode)
    context.add_init_script(f"localStorage.setItem('mode', '{mode}'); localStorage.setItem('theme', '{mode}')")
    page = context.new_page()
    errors, requests = [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("requestfailed", lambda request: errors.append(f"failed: {request.url}"))
    page.on("request", lambda request: requests.append(request.url))

    page.goto(path.as_uri())
    if page.locator(".math").count():
        page.evaluate("() => MathJax.startup.promise")
    page.wait_for_load_state("networkidle")

    assert page.evaluate(UNRENDERED) == 0, "maths left as TeX"
    assert page.evaluate(WRONG_MATHS) == []
    assert page.evaluate(BROKEN_IMAGES) == []
    assert page.locator("html").get_attribute("data-theme") == mode
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == [], "a request off the site"
    assert errors == []
    assert page.evaluate(CUT) == [], "cut off without a sign, or out of the keyboard's reach"
    if screen == "phone":
        assert page.evaluate(WIDTH) <= 1, "the page is wider than the screen"
        assert page.evaluate(TINY) == [], "figures with labels too small to read"
    found = axe.run(page).response["violations"]
    assert {each["id"]: [node["html"][:200] for node in each["nodes"][:3]] for each in found} == {}
    context.close()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_nothing_is_cut_on_paper(browser, path):
    page = browser.new_page(viewport={"width": 720, "height": 1000})  # A4 between its margins
    page.goto(path.as_uri())
    page.emulate_media(media="print")
    assert page.evaluate(BEYOND) == []
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_no_figure_is_cut_off(browser, path):
    """A figure that is shown as large as it says, and not as what is drawn on it needs, may lose a label's end."""
    page = browser.new_page()
    page.goto(path.as_uri())
    figures = page.evaluate("() => [...document.images].map(e => e.src).filter(src => src.endsWith('.svg'))")
    for address in figures:
        page.goto(address)
        size = "() => ['width', 'height'].map(name => Math.round(document.documentElement[name].baseVal.value))"
        width, height = page.evaluate(size)
        page.set_viewport_size({"width": width, "height": height})
        shown = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"))
        rim = np.concatenate([shown[0], shown[-1], shown[:, 0], shown[:, -1]])
        assert (rim > 200).all(), f"ink at the rim of {address}"
    page.close()
