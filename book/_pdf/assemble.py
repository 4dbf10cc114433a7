"""The pages of the built book as one page for paper, in the order of the contents.

Links between pages become links within it, and links to the rest of the site go to the published one. Solutions move to
the end. What only a screen can do is left out or stands still: folded cells, animations, explorables.
"""

import html
import itertools
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

import yaml
from bs4 import BeautifulSoup, Tag

# What is folded away is for those who rerun a page, the rest for screens only.
LEFT_OUT = "script, button, .headerlink, .tag_hide-cell, details.hide, .explorable .question, .toctree-wrapper"
SOLUTIONS = "solutions"
SHORT = 400  # letters of a paragraph that stays with its heading, three to four lines
UNKNOWN = "000"  # stands where the number of a page will, in the first of two printings
MATHJAX = '{"options": {"processHtmlClass": "math"}}'  # the pages tell it to pass over all else
PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><meta name="author" content="{author}">
<style>{style}</style><script>MathJax = {mathjax}</script><script src="{site}/mathjax/tex-svg-full.js"></script></head>
<body>{body}</body></html>
"""


class Book:
    """Where the built pages are: ``site``, a folder, their names in order, and ``home``, the published site."""

    def __init__(self, site: Path, contents: Path, home: str):
        told = yaml.safe_load(contents.read_text())
        self.names = [told["root"], *(entry["file"] for entry in told["chapters"])]
        self.site, self.home = site, home

    def article(self, name: str) -> Tag:
        path = self.site / f"{name}.html"
        if not path.is_file():
            raise FileNotFoundError(f"there is no {path}: run `make book` first")
        article = BeautifulSoup(path.read_text(), "html.parser").select_one("article.bd-article")
        adapt(article, name, self)
        return article


def anchor(page: str, name: str = "") -> str:
    """The id, in the one page, of a page or of what has the id ``name`` in it."""
    return "--".join(filter(None, [PurePosixPath(page).stem, name.replace("/", "-")]))


def adapt(article: Tag, name: str, book: Book) -> None:
    """Make a page a chapter: what paper cannot do goes, and addresses become those of the one page."""
    for each in article.select(LEFT_OUT):
        each.decompose()
    for each in article.select("[id]"):
        if not each["id"].startswith("T_"):  # tables of pandas, whose own styles name their ids
            each["id"] = anchor(name, each["id"])
    for each in article.select("section > :is(h1, h2, h3, h4)"):
        take_names(each)
        hold(each)
    for each in article.select("a[href]"):
        each["href"] = target(each["href"], name, book)
    for each in article.select("picture"):  # a GIF and its still, which paper asks for
        each.img["src"] = each.source["srcset"]
        each.replace_with(each.img)
    for each in article.select("img:not([src^='data:'])"):
        each["src"] = (book.site / name).parent.joinpath(unquote(each["src"])).resolve().as_uri()
    for each in article.select(".explorable"):
        address = urljoin(book.home, f"{name}.html")
        line = new("p", "It moves under your hand at ", **{"class": "live"})
        line.append(new("a", address, href=address))
        each.append(line)


def take_names(heading: Tag) -> None:
    """Give a heading the ids of its section: a box without height before it stays on the page that the heading leaves.

    Links would then lead to the page before, and a heading above this one would stand there alone.
    """
    section, before = heading.parent, heading.find_previous_siblings(True)
    if any(each.name != "span" or text(each) for each in before):
        return
    for each in before:
        heading.insert(0, each.extract())
    if "id" in section.attrs:
        if "id" in heading.attrs:
            heading.insert(0, new("span", "", id=heading["id"]))
        heading["id"] = section.attrs.pop("id")


def hold(heading: Tag) -> None:
    """Put a heading and the words below it, up to a cell or one short paragraph, in a box that no page may divide.

    The style alone does not do it: Chromium obeys one rule against a break, and not three that follow each other.
    """
    after = heading.find_next_siblings(True, limit=3)
    words = list(itertools.takewhile(lambda each: each.name == "p", after))[:2]
    shown = len(after) > len(words) and "cell" in after[len(words)].get("class", [])
    words = words if shown else [each for each in words[:1] if len(text(each)) < SHORT]
    if words:
        box = new("div", "", **{"class": "start"})
        heading.insert_before(box)
        box.extend([heading, *words])


def target(href: str, name: str, book: Book) -> str:
    """The address, from the one page, of a link on the page ``name``."""
    parts = urlsplit(href)
    if parts.scheme or parts.netloc:
        return href
    page = str(PurePosixPath(urljoin(f"/{name}.html", parts.path)).relative_to("/")) if parts.path else f"{name}.html"
    if page.removesuffix(".html") in book.names:
        return f"#{anchor(page, unquote(parts.fragment))}"
    return urljoin(book.home, page) + (f"#{parts.fragment}" if parts.fragment else "")


def solutions(chapters: dict[str, Tag]) -> Tag:
    """A chapter of all solutions and answers, taken out of their chapters, with links there and back."""
    soup = BeautifulSoup("<article><h1>Solutions</h1></article>", "html.parser")
    for name, article in chapters.items():
        found = article.select("div.solution, .concept-check > details")
        if found:
            soup.article.append(new("h2", text(article.h1), id=anchor(SOLUTIONS, name)))
        for each in found:
            question = each.find_previous("div", class_="exercise") if each.name == "div" else answers(each)
            named = question.select_one("h2, .caption-number")
            where = question.get("id") or named["id"]
            title = each.select_one(".admonition-title")
            title.clear()
            title.extend(["To ", new("a", text(named), href=f"#{where}")])
            title.append(page_of(where, ", page "))
            link = new("p", "", **{"class": "to-solution"})
            link.append(new("a", "Answers" if each.name == "details" else "Solution", href=f"#{each['id']}"))
            link.append(page_of(each["id"], ", page "))
            (each.parent if each.name == "details" else question).append(link)
            each.name = "div"
            soup.article.append(each.extract())
    return soup.article


def answers(fold: Tag) -> Tag:
    """Make folded answers of a concept check a solution; its section has the questions."""
    section = fold.find_parent("section")
    fold["id"], fold["class"] = f"{section.h2['id']}--answers", ["solution"]
    fold.summary.replace_with(new("p", "", **{"class": "admonition-title"}))
    return section


def contents(chapters: dict[str, Tag]) -> str:
    """The table of contents: chapters and their sections."""
    lines = []
    for name, article in chapters.items():
        lines.append(entry("chapter", name, text(article.h1)))
        for heading in article.select("h2"):
            lines.append(entry("section", heading["id"], text(heading)))
    return f'<nav id="contents"><h1>Contents</h1>{"".join(lines)}</nav>'


def entry(kind: str, where: str, title: str) -> str:
    number = page_of(where).decode()
    return f'<a class="entry {kind}" href="#{where}"><span>{html.escape(title)}</span>{number}</a>'


def page_of(where: str, before: str = "") -> Tag:
    return new("span", before + UNKNOWN, **{"class": "page", "data-of": where})


def new(name: str, content: str, **attributes) -> Tag:
    tag = BeautifulSoup("", "html.parser").new_tag(name, attrs=attributes)
    tag.string = content
    return tag


def text(tag: Tag) -> str:
    return " ".join(tag.get_text().split())


def running(name: str, title: str) -> str:
    """The style of a chapter's pages: its title at the top. A name of a page may not begin with a digit."""
    title = title.replace("\\", "").replace('"', "\\22 ")
    return f'#{name} {{ page: {name}; }} @page {name} {{ @top-left {{ content: "{title}"; }} }}\n'


def assembled(book: Book, style: str, title: str, author: str, about: str) -> str:
    """The whole book as one page of HTML; the numbers of pages are yet to be filled in, UNKNOWN."""
    chapters = {anchor(name): book.article(name) for name in book.names}
    chapters[SOLUTIONS] = solutions(chapters)
    front = f'<p class="title">{html.escape(title)}</p><p class="author">{html.escape(author)}</p>{about}'
    body = [f'<header id="cover">{front}</header>', contents(chapters)]
    for name, article in chapters.items():
        body.append(f'<section class="chapter" id="{name}">{article.decode_contents()}</section>')
        style += running(name, text(article.h1))
    return PAGE.format(
        title=html.escape(title),
        author=html.escape(author),
        style=style,
        mathjax=MATHJAX,
        site=book.site.resolve().as_uri(),
        body="\n".join(body),
    )
