"""The built pages, read as files: links, pictures, and nothing in them that belongs in a log."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build/html"
PAGES = sorted((SITE / "book").glob("*.html"))
pytestmark = pytest.mark.skipif(not PAGES, reason="no built book: run `make book`")

NEVER_SHOWN = {
    "a TensorFlow log line": r"^[IWEF]\d{4} \d\d:|oneDNN|cuda_|TF_ENABLE|computation_placer",
    "a progress bar": r"\d%\|[█▏▎▍▌▋▊▉ ]|it/s\]",
    "a warning": r"Warning:",  # the name before it could be a word of many thousand letters, which takes minutes
    "a traceback": r"Traceback \(most recent call last\)",
    "a directive left as text": r"(`{3}|:{3})\{\w",
}


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.images, self.loaded = set(), [], [], []
        self.source = path.read_text()
        self.feed(self.source)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids.update(filter(None, [attributes.get("id"), attributes.get("name")]))
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        if tag == "img":
            self.images.append(attributes)
        if tag == "link" and attributes.get("rel") not in ("canonical", "search", "index", "next", "prev", "author"):
            self.loaded.append(attributes.get("href") or "")
        if tag in ("img", "script", "iframe", "source", "video", "audio"):
            self.loaded.append(attributes.get("src") or "")


@pytest.fixture(scope="module")
def site():
    return {path: Page(path) for path in SITE.rglob("*.html")}


def test_index_leads_to_the_book():
    index = (SITE / "index.html").read_text()
    assert (SITE / re.search(r"url=([^\"]+)", index)[1].strip()).is_file()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_local_links_and_anchors_resolve(site, path):
    for link in site[path].links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        assert target.is_file(), link
        if parts.fragment and target in site:
            assert unquote(parts.fragment) in site[target].ids, link


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_buttons_lead_to_the_notebook_that_stands_alone(site, path):
    made = SITE / "notebooks" / f"{path.stem}.ipynb"
    if not made.is_file():  # a page without code
        return
    colab = {link for link in site[path].links if "colab.research.google.com" in link}
    assert {link.rsplit("/blob/notebooks/")[-1] for link in colab} == {made.name}
    downloads = {link for link in site[path].links if link.endswith(".ipynb") and not urlsplit(link).scheme}
    assert {(path.parent / link).resolve() for link in downloads} == {made.resolve()}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_images_have_alternative_text(site, path):
    for image in site[path].images:
        alt = image.get("alt") or ""
        assert alt.strip() and not alt.endswith((".png", ".svg")), image


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_loads_nothing_from_elsewhere(site, path):
    assert [url for url in site[path].loaded if urlsplit(url).netloc] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
@pytest.mark.parametrize("what", NEVER_SHOWN)
def test_shows_no(site, path, what):
    found = re.search(NEVER_SHOWN[what], site[path].source, re.M)
    assert found is None
