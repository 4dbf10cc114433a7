"""A resolved page as Markdown that every notebook shows: no roles, directives or labels of MyST are left."""

import re
from urllib.parse import urljoin

from concept_check import ANSWERS, READ, says, sign
from docutils import nodes
from sphinx_markdown_builder.contexts import IndentContext, SubContext, SubContextParams, TableContext
from sphinx_markdown_builder.translator import MarkdownTranslator, pushing_context

CELL = "\x00cell {}\x00"  # where a code cell stands
AT_CELL = re.compile("\x00cell ([0-9]+)\x00")
EXERCISE = "\x00exercise {}\x00"  # where an exercise, or a task of an assignment, ends; its solution may follow
AT_EXERCISE = re.compile("\x00exercise ([\\w-]*)\x00")
TASK = "graded-"  # how the label of a section begins that is a task of an assignment
ANSWER = '<details class="answer">'  # a block that a handout leaves out begins so, and ends with </details>
NUMBER = '<abbr title="in the book">', "</abbr>"


class Translator(MarkdownTranslator):
    """Adds to the library's translator: cells, boxes, links to the book at ``home``, and marks of measured numbers."""

    def __init__(self, document, builder, page: str, home: str):
        super().__init__(document, builder)
        self.page, self.home, self.cells = page, home, 0
        self.numbers = builder.env.toc_fignumbers.get(page, {})

    def number(self, node, kind: str) -> str:
        """ " 3" for the third thing of a kind on the page, "" where things of that kind are not numbered."""
        found = [self.numbers.get(kind, {}).get(name) for name in node["ids"]]
        return "".join(f" {'.'.join(map(str, each))}" for each in found if each)

    def _fetch_ref_uri(self, node):
        uri = node.get("refuri") or f"#{node.get('refid', '')}"
        return urljoin(urljoin(self.home, f"{self.page}.html"), uri)

    def visit_container(self, node):
        if node.get("nb_element") == "cell_code":
            self.add(CELL.format(self.cells), prefix_eol=2, suffix_eol=2)
            self.cells += 1
            raise nodes.SkipNode

    def visit_inline(self, node):
        if "pasted-text" in node["classes"]:
            self.add(NUMBER[0])

    def depart_inline(self, node):
        if "pasted-text" in node["classes"]:
            self.add(NUMBER[1])

    def visit_math_block(self, node):
        tag = f" \\tag{{{node['number']}}}" if node.get("number") else ""
        # On one line: some notebooks take formulas out of a quotation before they read it, with the signs of its lines.
        self.add(f"$${' '.join(node.astext().split())}{tag}$$", prefix_eol=2, suffix_eol=2)
        raise nodes.SkipNode

    def visit_math(self, node):
        self.add(f"${' '.join(node.astext().split())}$")  # a line break would end the formula in some notebooks
        raise nodes.SkipNode

    def visit_image(self, node):
        # The builder's own list is filled page by page, as it writes, and this page is not written yet.
        _, file = self.builder.env.images.get(node["uri"], (None, node["uri"]))
        self.add(f"![{node.get('alt', '')}]({urljoin(self.home, f'_images/{file}')})")

    @pushing_context
    def visit_table(self, node):
        self._push_context(TableContext(params=SubContextParams(2, 2)))  # a list below it would be a row of it

    def visit_caption(self, node):
        self._push_context(SubContext(SubContextParams(2, 2)))
        self.add(f"**Fig.{self.number(node.parent, 'figure')}** ")

    depart_caption = MarkdownTranslator._pop_context

    def visit_target(self, node):  # the library makes anchors, for which notebooks have no use
        raise nodes.SkipNode

    visit_toctree = visit_raw = visit_meta = visit_target

    def visit_exercise_title(self, node):
        raise nodes.SkipNode

    visit_solution_title = visit_exercise_title

    @pushing_context
    def visit_exercise_enumerable_node(self, node):
        self._box(f"**Exercise{self.number(node, 'exercise')}.**")

    visit_exercise_node = visit_exercise_enumerable_node

    def depart_exercise_enumerable_node(self, node):
        self._pop_context(node)
        self.add(EXERCISE.format(node.get("label", "")), prefix_eol=2, suffix_eol=2)

    depart_exercise_node = depart_exercise_enumerable_node

    def depart_section(self, node):
        self._pop_status(node)
        for label in (name for name in node["ids"] if name.startswith(TASK)):
            self.add(EXERCISE.format(label), prefix_eol=2, suffix_eol=2)

    def visit_solution_node(self, node):
        self.add(f"{ANSWER}<summary>Solution</summary>", prefix_eol=2, suffix_eol=2)

    def depart_solution_node(self, node):
        self.add("</details>", prefix_eol=2, suffix_eol=2)

    visit_concept_check = visit_check_question = MarkdownTranslator._pass

    @pushing_context
    def visit_check_ask(self, node):
        self._push_context(SubContext(SubContextParams(2, 2)))
        self.add(f"**{node.parent['number']}.** ")

    def visit_check_option(self, node):
        self._item(node, f"**{node['letter']}.** ")

    def visit_check_answers(self, node):
        self.add(f'<details class="answer"><summary>{ANSWERS}</summary>', prefix_eol=2, suffix_eol=2)

    depart_check_answers = depart_solution_node

    def visit_check_answer(self, node):
        self.add(f"**{node['number']}. {node['letter']}**", prefix_eol=2, suffix_eol=2)

    def visit_check_reason(self, node):
        self._item(node, f"{sign(node)} **{says(node)}** ")

    depart_check_option = depart_check_reason = MarkdownTranslator._pop_context

    @pushing_context
    def visit_check_see(self, node):
        self._push_context(SubContext(SubContextParams(2, 2)))
        self.add(f"{READ} ")

    @pushing_context
    def visit_theorem_node(self, node):
        self._box(f"**Theorem{self.number(node, 'theorem')}{node.children[0].astext().rstrip()}.**")

    @pushing_context
    def visit_proof_node(self, node):  # its text begins with the word
        self._push_context(IndentContext("> ", empty=True, params=SubContextParams(2, 2)))

    @pushing_context
    def visit_admonition(self, node):
        title = node.children[0]
        self._box(f"**{title.astext().rstrip('.')}.**" if isinstance(title, nodes.title) else "")

    @pushing_context
    def visit_title(self, node):
        if not isinstance(node.parent, nodes.section):  # of a box, which has said it
            raise nodes.SkipNode
        super().visit_title(node)

    def _item(self, node, heading: str) -> None:
        first = not isinstance(node, type(node.parent[node.parent.index(node) - 1]))
        self._push_context(IndentContext("- ", only_first=True, params=SubContextParams(1 + first, 1)))
        self.add(heading)

    def _box(self, heading: str) -> None:
        self._push_context(IndentContext("> ", empty=True, params=SubContextParams(2, 2)))
        if heading:
            self.add(heading, suffix_eol=2)
