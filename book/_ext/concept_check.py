"""The directive ``concept-check``: multiple-choice questions with a reason for every answer, from a file of ``_quiz``.

In HTML a question is a group of radio buttons, and concept-check.js shows the reason for the one that is chosen.
Without the script, and on paper, the answers stand below all questions, as they do in notebooks (plain_markdown.py).
Other builders get lists.
"""

from pathlib import Path

from docutils import nodes
from questions import load
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

ANSWERS = "Answers, with reasons"
READ = "Read:"


class concept_check(nodes.General, nodes.Element):
    """Questions, then answers."""


class check_question(nodes.General, nodes.Element):
    """What is asked, then options; has a number and a name."""


class check_ask(nodes.TextElement): ...


class check_option(nodes.TextElement):
    """Has a letter."""


class check_answers(nodes.General, nodes.Element):
    """An answer to each question."""


class check_answer(nodes.General, nodes.Element):
    """A reason for each option, then where to read; has the number of its question and the letter that is right."""


class check_reason(nodes.TextElement):
    """Has a letter and the kind of its option, right or wrong."""


class check_see(nodes.TextElement):
    """Has the title of a section of the page."""


class ConceptCheck(SphinxDirective):
    required_arguments = 1  # the file, relative to the page

    def run(self):
        _, path = self.env.relfn2path(self.arguments[0])
        self.env.note_dependency(path)
        try:
            questions = load(Path(path))
        except ValueError as error:
            raise self.error(f"concept-check: {error}") from None
        page = self.env.docname.rsplit("/", 1)[-1].replace("_", "-")
        check, answers = concept_check(), check_answers()
        for number, each in enumerate(questions, 1):
            question = check_question(number=number, name=f"{page}-check-{number}")
            question += self.inline(check_ask(), each.ask)
            answer = check_answer(number=number, letter=each.answer)
            for option in each.options:
                question += self.inline(check_option(letter=option.letter), option.text)
                kind = "right" if option.right else "wrong"
                answer += self.inline(check_reason(letter=option.letter, kind=kind), option.reason)
            answer += check_see(title=each.see)
            check += question
            answers += answer
        check += answers
        self.set_source_info(check)
        return [check]

    def inline(self, node: nodes.Element, text: str) -> nodes.Element:
        found, messages = self.parse_inline(text)
        node.extend([*found, *messages])
        return node


def says(reason: check_reason) -> str:
    return f"{reason['letter']} is {'right' if reason['kind'] == 'right' else 'tempting, but wrong'}."


def sign(reason: check_reason) -> str:
    return {"right": "✓", "wrong": "✗"}[reason["kind"]]


def link(app, doctree) -> None:
    """Lead from each answer to the section of the page that it names, which may stand below it."""
    titles = [title for title in doctree.findall(nodes.title) if isinstance(title.parent, nodes.section)]
    sections = {title.astext(): title.parent["ids"][0] for title in titles}
    for see in doctree.findall(check_see):
        title = see["title"]
        if title in sections:
            see += nodes.reference("", title, internal=True, refid=sections[title])
        else:
            told = f"concept-check: an answer leads to “{title}” (see), which is no section of this page: choose from "
            told += "; ".join(sections)
            logging.getLogger(__name__).warning(told, location=see.parent.parent.parent)
            see += nodes.Text(title)


class Lists(SphinxPostTransform):
    """For builders other than HTML."""

    default_priority = 900

    def run(self, **kwargs):
        if self.app.builder.format != "html":
            for check in list(self.document.findall(concept_check)):
                check.replace_self(plain(check))


def plain(check: concept_check) -> list[nodes.Node]:
    """Questions and answers as lists of docutils. Letters are written out: not every builder counts in letters."""
    questions, answers = numbered(), numbered()
    for question in check.findall(check_question):
        ask, *options = question.children
        lettered = nodes.bullet_list(bullet="-")
        for option in options:
            lettered += nodes.list_item("", paragraph(f"{option['letter']}.", *option.children))
        questions += nodes.list_item("", nodes.paragraph("", "", *ask.children), lettered)
    for answer in check.findall(check_answer):
        *reasons, see = answer.children
        told = [paragraph(says(reason), *reason.children) for reason in reasons]
        answers += nodes.list_item("", paragraph(answer["letter"]), *told, paragraph(READ, *see.children))
    return [questions, paragraph(ANSWERS), answers]


def numbered() -> nodes.enumerated_list:
    return nodes.enumerated_list("", enumtype="arabic", prefix="", suffix=".")


def paragraph(strong: str, *rest: nodes.Node) -> nodes.paragraph:
    return nodes.paragraph("", "", nodes.strong("", strong), nodes.Text(" "), *rest)


def html(tag: str, begin: str = "", end: str = "", **fixed):
    """Visitor and departer that wrap a node in a tag, with ``begin`` and ``end`` inside of it; both know the node's."""

    def values(node):
        told = {"says": says(node), "sign": sign(node)} if isinstance(node, check_reason) else {}
        return {**node.parent.attributes, **node.attributes, **told}

    def visit(self, node):
        attributes = {name: value.format_map(values(node)) for name, value in fixed.items()}
        self.body.append(self.starttag(node, tag, "", **attributes) + begin.format_map(values(node)))

    def depart(self, node):
        self.body.append(f"{end}</{tag}>\n")

    return visit, depart


# autocomplete: a browser that remembers a choice would show it without its reason
RADIO = '<input type="radio" name="{name}" value="{letter}" autocomplete="off"><b>{letter}</b><span>'
HTML = {
    concept_check: html("div", CLASS="concept-check"),
    check_question: html("fieldset", end='<div class="verdict" aria-live="polite" aria-atomic="true"></div>'),
    check_ask: html("legend", "<b>{number}.</b> "),
    check_option: html("label", RADIO, "</span>"),
    check_answers: html("details", f"<summary>{ANSWERS}</summary>\n"),
    check_answer: html("div", "<p><b>{number}. {letter}</b></p>\n", CLASS="answer"),
    check_reason: html("p", "<b>{sign} {says}</b> ", CLASS="reason {kind}", **{"data-letter": "{letter}"}),
    check_see: html("p", f"{READ} ", CLASS="see"),
}


def load_files(app, pagename, templatename, context, doctree) -> None:
    """The style and the script, on pages with questions only."""
    if doctree is not None and doctree.next_node(concept_check):
        app.add_css_file("concept-check.css")
        app.add_js_file("concept-check.js")


def setup(app):
    for node, visitors in HTML.items():
        app.add_node(node, html=visitors)
    app.add_directive("concept-check", ConceptCheck)
    app.add_post_transform(Lists)
    app.connect("doctree-read", link)
    app.connect("html-page-context", load_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
