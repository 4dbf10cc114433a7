"""The directive concept-check: one file of questions for mouse, keyboard, screen reader, paper, notebook and LaTeX."""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

ROOT = Path(__file__).parents[1]
EXT = ROOT / "book/_ext"
sys.path.insert(0, str(EXT))

import questions  # noqa: E402
from plain_markdown import Translator  # noqa: E402

GOOD = """\
- ask: Which?
  options:
    - {right: This, because: It is.}
    - {wrong: That, tempting: It looks so., but: it is not.}
    - {wrong: None, tempting: Perhaps., but: There is one.}
  see: Title
"""


def test_a_file_is_read_as_it_says(tmp_path):
    path = tmp_path / "one.yml"
    path.write_text(GOOD)
    (one,) = questions.load(path)
    assert (one.ask, one.answer, one.see, one.computed) == ("Which?", "A", "Title", {})
    assert [(each.letter, each.text, each.right) for each in one.options[:2]] == [
        ("A", "This", True),
        ("B", "That", False),
    ]
    assert one.options[1].reason == "It looks so. But it is not."


FAULTS = {
    "no list": (GOOD, "ask: Which?", "list of questions"),
    "no YAML": ("- ask: Which?", "- ask: Which: one?", "YAML"),
    "nothing asked": ("ask: Which?", "asks: Which?", "question 1 must have ask"),
    "two right": ("wrong: That, tempting: It looks so., but:", "right: That, because:", "one right option, not 2"),
    "none right": ("right: This, because: It is.", "wrong: This, tempting: So., but: No.", "one right option, not 0"),
    "two options": ("    - {wrong: None, tempting: Perhaps., but: There is one.}\n", "", "3 or 4 options"),
    "no reason": ("right: This, because: It is.", "right: This", "option A"),
    "not tempting": ("tempting: It looks so., ", "", "option B"),
    "a number": ("right: This", "right: 0.5", "in quotes"),
    "numbers without quotes": ("see: Title", "see: Title\n  computed: {0.5: 1 / 2}", "computed"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_at_fault_is_one_clear_error(fault, tmp_path):
    old, new, told = FAULTS[fault]
    assert old in GOOD
    (tmp_path / "one.yml").write_text(GOOD.replace(old, new))
    with pytest.raises(ValueError, match=told):
        questions.load(tmp_path / "one.yml")
    with pytest.raises(ValueError, match="no questions there"):
        questions.load(tmp_path / "two.yml")


PAGE = """\
# A page

## Check yourself

```{concept-check} one.yml
```

## What is *below*

Text.
"""
QUESTIONS = """\
- ask: "What is $1 + 1$?"
  options:
    - {wrong: "$11$", tempting: Digits side by side., but: they are *added*.}
    - {right: "$2$", because: So one counts.}
    - {wrong: "3 < 4", tempting: One is near., but: "It is in [the text](#below)."}
  see: What is below
- ask: And what is it not?
  options:
    - {right: Odd, because: It is even.}
    - {wrong: Even, tempting: One might., but: It is.}
    - {wrong: Prime, tempting: Few are., but: Two is.}
    - {wrong: Small, tempting: "Compared to what?", but: It is.}
  see: What is below
"""
CONF = """\
import sys
sys.path.insert(0, {ext!r})
extensions = ["myst_parser", "sphinx_markdown_builder", "concept_check"]
myst_enable_extensions = ["dollarmath", "attrs_inline"]
myst_heading_anchors = 2
html_theme = "sphinx_book_theme"
html_static_path = [{static!r}]
html_css_files = ["book.css"]
html_js_files = ["book.js"]
mathjax_path = "none.js"
suppress_warnings = ["myst.xref_missing"]
"""


def build(folder: Path, builder: str = "html", page: str = PAGE, questions: str = QUESTIONS, then=lambda app: None):
    """Build a page with questions: the folder of the result, what was warned of, and what ``then`` says of the app."""
    folder.mkdir(exist_ok=True)
    (folder / "conf.py").write_text(CONF.format(ext=str(EXT), static=str(ROOT / "book/_static")))
    (folder / "index.md").write_text(page)
    (folder / "one.yml").write_text(questions)
    (folder / "warned").touch()
    out = folder / builder
    with docutils_namespace(), open(folder / "warned", "w") as warned:
        app = Sphinx(folder, folder, out, folder / "trees", builder, status=None, warning=warned, freshenv=True)
        app.build()
        said = then(app)
    return out, (folder / "warned").read_text(), said


class Elements(HTMLParser):
    """The elements of a page, each a list of its tag, attributes, text, and the tags around it."""

    def __init__(self, source):
        super().__init__()
        self.open, self.all = [], []
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        one = {"tag": tag, **dict(attributes), "text": "", "in": [each["tag"] for each in self.open]}
        self.all.append(one)
        if tag not in ("input", "meta", "link", "img", "br", "hr"):
            self.open.append(one)

    def handle_data(self, data):
        for each in self.open:
            each["text"] += data

    def handle_endtag(self, tag):
        while self.open and self.open.pop()["tag"] != tag:
            pass

    def of(self, tag, **wanted):
        return [e for e in self.all if e["tag"] == tag and all(e.get(k) == v for k, v in wanted.items())]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out, warned, _ = build(tmp_path_factory.mktemp("check") / "book")
    assert warned == ""
    return out / "index.html"


def test_html_has_a_group_of_radio_buttons_for_each_question(made):
    page = Elements(made.read_text())
    assert [each["text"] for each in page.of("legend")] == ["1. What is \\(1 + 1\\)?", "2. And what is it not?"]
    buttons = page.of("input", type="radio")
    assert [each["value"] for each in buttons] == list("ABC" + "ABCD")
    assert [each["name"] for each in buttons] == ["index-check-1"] * 3 + ["index-check-2"] * 4
    assert all({"fieldset", "label"} <= set(each["in"]) for each in buttons)
    labels = [each["text"].strip() for each in page.of("label") if "fieldset" in each["in"]]
    assert labels == ["A\\(11\\)", "B\\(2\\)", "C3 < 4", "AOdd", "BEven", "CPrime", "DSmall"]
    assert len(page.of("div", **{"class": "verdict", "aria-live": "polite"})) == 2


def test_html_has_all_answers_with_reasons_in_a_fold(made):
    page = Elements(made.read_text())
    (fold,) = [each for each in page.of("details") if "Answers" in each["text"]]
    assert "open" not in fold
    reasons = [each for each in page.of("p") if each.get("class", "").startswith("reason")]
    assert [(e["data-letter"], e["class"]) for e in reasons[:3]] == [
        ("A", "reason wrong"),
        ("B", "reason right"),
        ("C", "reason wrong"),
    ]
    assert reasons[0]["text"] == "✗ A is tempting, but wrong. Digits side by side. But they are added."
    assert reasons[1]["text"] == "✓ B is right. So one counts."
    assert [each["text"] for each in page.of("em") if "details" in each["in"]] == ["added"]
    seen = [each for each in page.of("a") if "details" in each["in"] and each["text"] == "What is below"]
    assert [each["href"] for each in seen] == ["#what-is-below"] * 2


def test_script_and_style_are_loaded_where_there_are_questions_only(made, tmp_path):
    assert "concept-check.js" in made.read_text() and "concept-check.css" in made.read_text()
    out, _, _ = build(tmp_path / "none", page="# A page\n")
    assert "concept-check" not in (out / "index.html").read_text()
    assert sum((ROOT / "book/_static" / f"concept-check.{kind}").stat().st_size for kind in ("js", "css")) < 6_000


@pytest.mark.parametrize("builder", ["text", "latex", "singlehtml"])
def test_other_builders_show_questions_and_answers(builder, tmp_path):
    out, warned, _ = build(tmp_path / "book", builder)
    assert warned == ""
    (made,) = [each for name in ("index.txt", "index.html", "*.tex") for each in out.glob(name)]
    text = re.sub(r"<[^>]+>|[*]|\\sphinxstylestrong\{([^}]*)\}", r"\1", made.read_text())
    wanted = ["And what is it not?", "Odd", "Small", "Answers, with reasons", "D is tempting, but wrong. Compared to"]
    places = [text.find(each) for each in wanted]
    assert -1 not in places and places == sorted(places)


def test_a_notebook_that_stands_alone_has_plain_markdown(tmp_path):
    def markdown(app):
        doctree = app.env.get_and_resolve_doctree("index", app.builder)
        translator = Translator(doctree, app.builder, "index", "https://example.org/")
        doctree.walkabout(translator)
        return translator.astext()

    _, _, text = build(tmp_path / "book", then=markdown)
    check = text.split("## Check yourself")[1].split("## What is")[0].strip()
    assert check.startswith(
        "**1.** What is $1 + 1$?\n\n- **A.** $11$\n- **B.** $2$\n- **C.** 3 < 4\n\n**2.** And what is"
    )
    assert check.endswith("</details>") and check.count("<details") == 1
    folded = check.split('<details class="answer"><summary>Answers, with reasons</summary>\n\n')[1]
    assert folded.startswith(
        "**1. B**\n\n- ✗ **A is tempting, but wrong.** Digits side by side. But they are *added*.\n"
        "- ✓ **B is right.** So one counts.\n"
    )
    assert "Read: [What is below](https://example.org/index.html#what-is-below)" in folded


def test_a_section_or_a_file_that_is_missing_is_named(tmp_path):
    _, warned, _ = build(tmp_path / "section", questions=QUESTIONS.replace("see: What is below", "see: Elsewhere"))
    assert "leads to “Elsewhere”" in warned and "What is below" in warned
    _, warned, _ = build(tmp_path / "file", page=PAGE.replace("one.yml", "two.yml"))
    assert "two.yml: no questions there" in warned


@pytest.fixture(params=["light", "dark"])
def page(request, browser, made):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.add_init_script(f"localStorage.setItem('mode', '{request.param}')")
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(made.as_uri())
    assert page.locator("html").get_attribute("data-theme") == request.param
    yield page
    assert [each for each in errors if "MathJax" not in each] == []
    context.close()


def test_answered_by_keyboard_it_says_why_and_no_reader_is_left_out(page):
    first, second = page.locator("fieldset").all()
    page.locator("fieldset input").first.focus()
    page.keyboard.press("Space")
    assert first.locator(".verdict").inner_text().startswith("✗ A is tempting, but wrong. Digits side by side.")
    page.keyboard.press("ArrowDown")
    assert first.locator("input:checked").get_attribute("value") == "B"
    assert first.locator(".verdict").inner_text() == "Enter answers."
    assert first.locator("label.right, label.wrong").count() == 0
    page.keyboard.press("Enter")
    assert first.locator(".verdict").inner_text().startswith("✓ B is right. So one counts.")
    assert "tempting" not in first.locator(".verdict").inner_text()
    assert first.locator("label.right").count() == 1 and first.locator("label.wrong").count() == 0
    assert second.locator(".verdict").inner_text() == ""
    page.keyboard.press("Tab")  # the link in the verdict
    assert page.evaluate("() => document.activeElement.textContent") == "What is below"
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert second.locator(".verdict").inner_text().startswith("✓ A is right.")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, context=".concept-check").response["violations"]
    assert {each["id"]: [node["html"][:200] for node in each["nodes"]] for each in found} == {}


def test_the_first_answers_are_counted_once_all_are_given(page):
    first, second = page.locator("fieldset").all()
    total = page.locator(".verdict .total")
    first.locator("input").first.check()  # wrong, then right: the first counts
    first.locator("input").nth(1).check()
    assert total.count() == 0
    for choice in second.locator("input").all():
        choice.check()
    right = second.get_attribute("data-first") == "right"
    assert total.inner_text() == f"{int(right)} of 2 right at the first try."


def test_what_the_arrow_keys_pass_is_no_answer(page):
    first, second = page.locator("fieldset").all()
    first.locator("input").first.focus()
    page.keyboard.press("ArrowDown")  # B, which is right
    page.keyboard.press("ArrowDown")
    assert first.get_attribute("data-first") is None
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    assert first.get_attribute("data-first") == "right"
    second.locator("input").nth(1).check()  # by the mouse, at once
    assert second.locator(".verdict").inner_text().startswith("✗ B is tempting")
    assert page.locator(".verdict .total").inner_text() == "1 of 2 right at the first try."


def test_paper_has_all_answers(page):
    assert not page.locator("text=So one counts.").is_visible()
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert page.locator("text=So one counts.").is_visible()
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert not page.locator("text=So one counts.").is_visible()
