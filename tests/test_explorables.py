"""The frame of the explorables: what Python writes, and what the shared script makes of it in a browser."""

import base64
import json
import re

import numpy as np
import pages
import pandas as pd
import pytest
from matplotlib.figure import Figure

from dlnb import figures

SCRIPTS = pages.BOOK / "_lib/explorables"
NAMES = sorted({path.stem.split(".")[0] for path in SCRIPTS.glob("*.js")} - {"core"})
CODE = [path for path in sorted(SCRIPTS.glob("*.*s")) if not path.name.endswith(".data.js")]
TEXTS = {"alt": 'a "sketch"', "insight": "1 < 2 & so on", "question": "Which?"}


def explorable(name="a-name", still=None, data=None, **texts):
    return figures.explorable(name, still or Figure(layout="constrained"), **{**TEXTS, **texts}, data=data)


@pytest.mark.parametrize("building", [True, False])
def test_frame_holds_the_still_and_asks_for_scripts_in_the_book_only(monkeypatch, building):
    monkeypatch.setenv("DLNB_BOOK", "1") if building else monkeypatch.delenv("DLNB_BOOK", raising=False)
    bundle = explorable()._repr_mimebundle_()
    page = bundle["text/html"]
    assert re.search(r'<div class="explorable" data-name="a-name">', page)
    assert 'alt="a &quot;sketch&quot;"' in page and "1 &lt; 2 &amp; so on" in page
    still = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', page)[1]
    assert b"<svg" in base64.b64decode(still)
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert ("<script>" in page) == ("Which?" in page) == building


@pytest.mark.parametrize("building", [True, False])
def test_data_stand_in_the_page_in_the_book_only(monkeypatch, building):
    monkeypatch.setenv("DLNB_BOOK", "1") if building else monkeypatch.delenv("DLNB_BOOK", raising=False)
    frame = pd.DataFrame({"a": ["x", "</script>"], "b": [0.5, np.nan], "c": [1, 2]})
    page = explorable(data={"frame": frame, "array": np.eye(2), "number": np.int64(3)}).html
    found = re.findall(r'<script type="application/json">(.*?)</script>', page)
    assert len(found) == building
    for each in found:
        told = {"a": ["x", "</script>"], "b": [0.5, None], "c": [1, 2]}
        assert json.loads(each) == {"frame": told, "array": [[1, 0], [0, 1]], "number": 3}


@pytest.mark.parametrize("data", [3, "text", [1], {"a": {1}}, {"a": float("nan")}, {"a": np.array([np.inf])}])
def test_data_that_json_cannot_hold_are_refused(data):
    with pytest.raises(ValueError, match="data"):
        explorable(data=data)


@pytest.mark.parametrize("name", [None, 3, "", "Two words", "two words", "../core", "a-", "a--b", "x.js"])
def test_names_of_another_form_are_refused(name):
    with pytest.raises(ValueError, match="lower case with hyphens"):
        explorable(name)


@pytest.mark.parametrize("text", [None, "", "  ", 3])
@pytest.mark.parametrize("what", TEXTS)
def test_texts_and_a_figure_are_required(what, text):
    with pytest.raises(ValueError, match=f"{what} must be a sentence"):
        explorable(**{what: text})
    with pytest.raises(ValueError, match="still must be a Matplotlib figure"):
        explorable(still="a path")


def test_all_code_is_small():
    assert CODE and sum(path.stat().st_size for path in CODE) < 60_000


# An explorable of every control: what it shows is what its controls say.
SAMPLE = """\
dlnb.explorable("sample", (stage) => {
  stage.part("controls");
  const slider = stage.slider("amount", { min: 0, max: 10, step: 1, value: 3, format: (v) => `${v} units` });
  const radio = stage.radio("kind", { a: "first", b: "second" }, "a");
  const select = stage.select("which", { x: "an x", y: "a y" }, "y");
  stage.button("reset", () => (slider.value = 0));
  const line = stage.line();
  const chart = stage.chart("a square", (width) => width / 2);
  let dot = [1, 2];
  stage.pad(chart, "place", { at: () => dot, move: (x, y) => (dot = [x, y]), text: (x, y) => `${x} by ${y}` });
  return () => {
    const add = chart.clear();
    add("rect", { width: 9, height: 9, fill: "var(--a)" });
    chart.x = dlnb.scale([0, 10], [0, chart.width]);
    chart.y = dlnb.scale([0, 10], [chart.height, 0]);
    add("line", { x1: 0, y1: 0, x2: chart.width, y2: 5 });
    dlnb.axis(add, chart.x, chart.height - 20, { label: "x" });
    chart.settle();
    line.textContent = [slider.value, radio.value, select.value, ...dot.map((v) => dlnb.format(v))].join(" ");
    stage.say(line.textContent);
  };
}, ["sample.data.js"]);
"""
ABOVE = '<div style="height: 300vh">a long text</div>'


@pytest.fixture
def sample(browser, tmp_path, monkeypatch):
    """A page whose explorable stands below three screens of text."""
    monkeypatch.setenv("DLNB_BOOK", "1")
    path = pages.site(tmp_path, "sample", above=ABOVE)
    (tmp_path / "explorables/sample.js").write_text(SAMPLE)
    (tmp_path / "explorables/sample.data.js").write_text('dlnb.data.sample = "here"')
    page, errors = browser.new_page(viewport={"width": 390, "height": 600}), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    yield page
    page.close()
    assert errors == []


def test_scripts_come_when_the_reader_does_and_print_has_the_still(sample):
    still, stage = sample.locator("img.still"), sample.locator(".stage")
    assert sample.evaluate("document.scripts.length") == 1 and stage.count() == 0  # the loader itself
    sample.locator(".explorable").scroll_into_view_if_needed()
    stage.wait_for()
    assert sample.evaluate("dlnb.data.sample") == "here"
    assert still.is_hidden() and stage.is_visible() and sample.locator(".question").is_visible()
    sample.emulate_media(media="print")
    assert still.is_visible() and stage.is_hidden() and sample.locator(".question").is_hidden()


def test_controls_are_labelled_and_change_what_is_shown_by_keyboard_and_mouse(sample):
    sample.locator(".explorable").scroll_into_view_if_needed()
    line = sample.locator(".line")
    line.get_by_text("3 a y 1.00 2.00").wait_for()
    slider = sample.get_by_role("slider", name="amount")
    slider.press("ArrowRight")
    line.get_by_text("4 a y 1.00 2.00").wait_for()
    assert slider.get_attribute("aria-valuetext") == "4 units" == sample.locator(".value").text_content()
    sample.get_by_role("radio", name="first").press("ArrowRight")
    sample.get_by_label("which").select_option("an x")
    line.get_by_text("4 b x 1.00 2.00").wait_for()
    sample.get_by_role("button", name="reset").press("Enter")
    place = sample.get_by_role("slider", name="place")
    for key in ("ArrowRight", "ArrowUp", "Shift+ArrowRight"):
        place.press(key)
    line.get_by_text("0 b x 2.20 2.20").wait_for()  # a step is a fiftieth of the width, with shift a tenth
    assert float(place.get_attribute("aria-valuenow")) == pytest.approx(2.2)
    frame = place.bounding_box()
    sample.mouse.move(frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)
    sample.mouse.down()
    line.get_by_text("0 b x 5.00 5.00").wait_for()
    sample.mouse.move(frame["x"] + 2 * frame["width"], frame["y"])
    sample.mouse.up()
    line.get_by_text("0 b x 10.00 10.00").wait_for()  # kept within the chart
    sample.get_by_role("status").get_by_text("0 b x 10.00 10.00").wait_for(state="attached")


def test_charts_are_as_wide_as_the_screen_allows(sample):
    sample.locator(".explorable").scroll_into_view_if_needed()
    chart = sample.locator("svg.chart")
    chart.wait_for()
    sample.set_viewport_size({"width": 800, "height": 600})
    sample.wait_for_function("document.querySelector('svg.chart').viewBox.baseVal.width > 600")
    width, height = chart.evaluate("svg => [svg.clientWidth, svg.clientHeight]")
    assert chart.get_attribute("viewBox") == f"0 0 {width} {height}" and abs(height - width / 2) <= 1
    assert sample.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_colours_follow_the_theme(sample):
    sample.locator(".explorable").scroll_into_view_if_needed()
    square = sample.locator("svg.chart rect")
    square.wait_for()
    colour = "square => getComputedStyle(square).fill.match(/\\d+/g).map(Number)"  # red, green, blue
    light = square.evaluate(colour)
    sample.evaluate("document.documentElement.dataset.theme = 'dark'")
    dark = square.evaluate(colour)
    assert len(light) == 3 and light != dark and all(one <= two for one, two in zip(light, dark, strict=True))


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-2.5, 3.5), (0, 8), (3, 3000), (-1e-3, 2e-3)])
def test_ticks_are_round_and_cover_the_range(sample, low, high):
    sample.locator(".explorable").scroll_into_view_if_needed()
    sample.wait_for_function("window.dlnb && dlnb.ticks")
    ticks = sample.evaluate(f"dlnb.ticks({low}, {high})")
    step = ticks[1] - ticks[0]
    assert 3 <= len(ticks) <= 8 and low <= ticks[0] + 1e-9 and ticks[-1] <= high + 1e-9
    assert ticks[0] - step < low and ticks[-1] + step > high
    assert re.fullmatch(r"[125]e[+-]\d+", f"{step:.0e}") and f"{step:.6e}"[1:8] == ".000000"


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_overflows_and_letters_can_be_read(opened, name, width):
    page = opened(name, data=pages.data(name), width=width)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    sizes = """() => [...document.querySelectorAll('.stage *')].filter(e => e.textContent.trim() && e.checkVisibility())
        .map(e => parseFloat(getComputedStyle(e).fontSize))"""
    assert min(page.evaluate(sizes)) >= 12
    outside = """() => [...document.querySelectorAll('.stage svg text')].filter(e => {
        const [text, box] = [e.getBoundingClientRect(), e.closest('.explorable').getBoundingClientRect()];
        return text.left < box.left + 2 || text.right > box.right - 2;
    }).map(e => e.textContent)"""
    assert page.evaluate(outside) == []
    covered = """() => [...document.querySelectorAll('.stage svg')].flatMap(svg => {
        const texts = [...svg.querySelectorAll('text')].filter(e => !e.getAttribute('transform'));
        const boxes = texts.map(e => e.getBoundingClientRect());
        return texts.filter((_, i) => boxes.some((b, j) => j < i && b.left < boxes[i].right - 1
            && boxes[i].left < b.right - 1 && b.top < boxes[i].bottom - 4 && boxes[i].top < b.bottom - 4));
    }).map(e => e.textContent)"""
    assert page.evaluate(covered) == [] or name == "turn-the-story"  # whose lines have names that move over the axes


def test_a_finger_moves_the_dot_and_beside_it_scrolls_the_page(sample):
    sample.locator(".explorable").scroll_into_view_if_needed()
    line, dot = sample.locator(".line"), sample.locator(".pad .dot")
    line.get_by_text("1.00 2.00").wait_for()
    dot.scroll_into_view_if_needed()
    touch, box, before = sample.context.new_cdp_session(sample), dot.bounding_box(), sample.evaluate("scrollY")

    def drag(x, y, right, down):
        def send(kind, *points):
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

        send("touchStart", {"x": x, "y": y})
        for step in range(1, 11):
            send("touchMove", {"x": x + right * step / 10, "y": y + down * step / 10})
        send("touchEnd")

    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    drag(x, y, 120, -60)
    sample.wait_for_function("!document.querySelector('.line').textContent.includes('1.00 2.00')")
    moved = dot.bounding_box()
    assert abs(moved["x"] - box["x"] - 120) < 3 and abs(moved["y"] - box["y"] + 60) < 3
    assert sample.evaluate("scrollY") == before
    told = line.text_content()
    drag(x, y, 0, 80)  # where the dot was
    assert line.text_content() == told and sample.evaluate("scrollY") < before
