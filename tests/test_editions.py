"""Handouts tell no solution, instructors' notebooks tell all, and neither is part of the published site."""

import ast
import json
import os
import re
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from common import finished
from exercises import ANSWERS, CHAPTERS, ROOT, code_cells, labels, plain, prose, solutions, told, without_solutions
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

sys.path.insert(0, str(ROOT / "book/_ext"))

import editions
from plain_markdown import ANSWER, EXERCISE

SITE, HANDOUTS, INSTRUCTORS = (ROOT / "_build" / name for name in ("html", "handouts", "instructor"))
MADE = sorted(path.stem for path in HANDOUTS.glob("*.ipynb"))
built = pytest.mark.skipif(not MADE, reason="no built book: run `make book`")
each_chapter = pytest.mark.parametrize("name", CHAPTERS)
each_made = pytest.mark.parametrize("name", MADE)

# Texts and cells


def test_an_answer_goes_with_what_is_folded_in_it_and_nothing_else():
    picture = "<details><summary>The picture in words</summary>\n\na line\n\n</details>"
    answer = f"{ANSWER}<summary>Solution</summary>\n\nforty-two, {picture} see\n\n</details>"
    assert editions.without_answers(f"Why?\n\n{answer}\n\n{picture}{answer} end") == f"Why?\n\n\n\n{picture} end"
    assert editions.without_answers(f"a <details>b {answer} c</details>") == "a <details>b  c</details>"
    assert editions.without_answers("nothing") == "nothing"


@pytest.mark.parametrize("title", ["Answers, with reasons", "Answer", "Solution"])
def test_an_answer_is_told_by_its_title_too(title):
    block = f"<details><summary>{title}</summary>\n\nB, since\n\n</details>"
    assert editions.without_answers(f"Which?\n\n{block} next") == "Which?\n\n next"
    ((_, source),) = [(c.cell_type, c.source) for c in editions.cells(f"Which? {block}", editions.INSTRUCTOR, {})]
    assert "<details open><summary>" in source and "B, since" in source


def test_an_answer_without_an_end_is_refused():
    with pytest.raises(ValueError, match=r"an answer does not end: '.*never closed'"):
        editions.without_answers(f"Why?\n\n{ANSWER} never closed")


TEXT = f"> What?\n\n{EXERCISE.format('a')}\n\n{ANSWER}<summary>Solution</summary>\n\nThis.\n\n</details>\n\n> Why?\n\n"
TEXT += f"{EXERCISE.format('b')}\n\n```python\nx = 1\n```"


def shown(edition, **options) -> list[tuple[str, str]]:
    answers = {"b": "Since.\n\n```python\nassert x\n```\n\nSo."}
    return [(cell.cell_type[0], cell.source) for cell in editions.cells(TEXT, edition, answers, **options)]


def test_the_book_keeps_its_text_in_one_piece():
    ((kind, source),) = shown(editions.BOOK)
    assert kind == "m" and "\x00" not in source and "This." in source and "x = 1" in source and "Since" not in source


def test_a_handout_has_room_to_write_in_place_of_answers():
    found, room = shown(editions.HANDOUT), [("m", editions.TO_WRITE), ("c", "")]
    assert found == [("m", "> What?"), *room, ("m", "> Why?"), *room, ("m", "```python\nx = 1\n```")]


def test_an_instructor_s_edition_has_solutions_unfolded_and_model_answers():
    found = shown(editions.INSTRUCTOR)
    assert found[1][1].startswith("<details open><summary>Solution</summary>\n\nThis.")
    assert found[2:] == [("m", "Since."), ("c", "notebook.expect(x)"), ("m", "So."), ("m", "```python\nx = 1\n```")]


def test_a_worksheet_has_cells_of_code_and_room_to_write_in_every_student_s_edition():
    for edition in (editions.BOOK, editions.HANDOUT):
        found = shown(edition, worksheet=True)
        assert found.count(("m", editions.TO_WRITE)) == 2 and found[-1] == ("c", "x = 1")
    assert ("c", "assert x") in shown(editions.INSTRUCTOR, worksheet=True)


def test_numbers_that_only_answers_use_are_secret():
    texts = ["Seen {glue:text}`a:.2f` and {glue:text}`b`.", "```{solution} one\n{glue:text}`b` {glue:text}`c:.1f`\n```"]
    texts += ["````{concept-check}\n```\nx\n```\n{glue:text}`d`\n````", ":::{concept-check}\n{glue:text}`e`\n:::\nx"]
    assert editions.secret(texts) == {"c", "d", "e"}
    texts = [
        "- x\n\n  ```{solution} one\n  {glue:text}`a`\n  ```",
        "~~~{solution} two\n{glue:text}`b`\n~~~~\n{glue:text}`c`",
    ]
    assert editions.secret(texts) == {"a", "b"}


# Chapters: what serves solutions only is told apart


def owners(name: str, cells) -> list:
    """The cells that hand a number to the text: by its very name or, if none does, by a name made of parts."""
    made = [(cell, *each) for cell in cells for each in re.findall(r"notebook\.glue\(\s*(f?)\"([^\"]+)\"", cell.source)]
    exact = [cell for cell, form, text in made if not form and text == name]
    patterns = [(cell, re.sub(r"\\\{.*?\\\}", ".+", re.escape(text))) for cell, form, text in made if form]
    return exact or [cell for cell, pattern in patterns if re.fullmatch(pattern, name)]


def tree(source: str) -> ast.Module:
    return ast.parse(re.sub(r"^([ \t]*)[%!].*", r"\1pass", source, flags=re.M))


def names(source: str, kind) -> set[str]:
    return {node.id for node in ast.walk(tree(source)) if isinstance(node, ast.Name) and isinstance(node.ctx, kind)}


def is_solution(cell) -> bool:
    return editions.SOLUTION in cell.metadata.get("tags", [])


@each_chapter
def test_cells_that_serve_only_solutions_are_tagged(name):
    captions = [c.metadata.get("mystnb", {}).get("figure", {}).get("caption", "") for c in code_cells(name)]
    texts = [*captions, *(cell.source for cell in CHAPTERS[name].cells if cell.cell_type == "markdown")]
    secret = editions.secret(texts)
    for each in editions.GLUED.findall("\n".join(texts)):
        tagged = [is_solution(cell) for cell in owners(each, code_cells(name))]
        rightly = any(tagged) if each in secret else not tagged or not all(tagged)  # none: made by a name in a variable
        assert rightly, f"{each} serves {'answers alone' if each in secret else 'the text'}: see the tag of its cell"
    untagged = [cell for cell in code_cells(name) if not is_solution(cell)]
    exact = {each: [cell for cell in owners(each, untagged) if f'"{each}"' in cell.source] for each in secret}
    assert not any(exact.values()), exact


@each_chapter
def test_a_handout_s_code_does_not_need_what_it_leaves_out(name):
    left = [cell.source for cell in code_cells(name) if not is_solution(cell)]
    gone = [cell.source for cell in code_cells(name) if is_solution(cell)]
    bound = {each for source in left for each in names(source, ast.Store)}
    only = {each for source in gone for each in names(source, ast.Store)} - bound
    for source in left:
        assert not only & names(source, ast.Load), source


@each_chapter
def test_no_cell_of_a_handout_has_the_code_of_a_solution(name):
    left = plain("\n".join(cell.source for cell in code_cells(name) if not is_solution(cell)))
    for label, text in solutions(name).items():
        for block in re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S):
            assert plain(block) not in left, label


# A small book, built as `make book` does

SECRET = "forty-one is what it says, less than anybody would have thought"
MODEL = "Because an open question has a model answer that nobody publishes"
CHAPTER = [
    new_markdown_cell("# A page\n\n## Section\n\nSeen: {glue:text}`seen`."),
    new_code_cell('from myst_nb import glue\n\nglue("seen", 7, display=False)', metadata={"tags": ["remove-cell"]}),
    new_markdown_cell(
        "```{exercise}\n:label: exercise-one\nHow many?\n```\n\n"
        f"```{{solution}} exercise-one\n:class: dropdown\n{SECRET}: {{glue:text}}`hidden_number`.\n```\n\n"
        "```{exercise}\n:label: exercise-two\nOpen question. Why?\n```"
    ),
    new_code_cell('glue("hidden_number", 41, display=False)', metadata={"tags": ["hide-cell", "solution"]}),
    new_markdown_cell(
        "## After\n\nMore.\n\n![a dot](dot.svg)\n\n```{admonition} Step\nSo\n\n$$\nx\n= 1\n$$\n```\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n- A list.\n"
    ),
    new_code_cell("1 + 1"),
]
WORK = [
    new_markdown_cell("# Work\n\n```python\nx = 1\n```\n\n```{data-dictionary}\n```"),
    new_markdown_cell("(graded-one)=\n## Task 1\n\nDo, with [the table](site:data/models.csv)."),
    new_markdown_cell("## Rules\n\nNone."),
]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    shutil.copy(ROOT / "_config.yml", folder)
    (folder / "book").mkdir()
    for each in ("_ext", "_lib", "_static", "references.bib"):
        copy = shutil.copytree if (ROOT / "book" / each).is_dir() else shutil.copy
        copy(ROOT / "book" / each, folder / "book" / each)
    (folder / "_toc.yml").write_text("format: jb-book\nroot: book/index\nchapters:\n  - file: book/work\n")
    (folder / "book/dot.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for name, cells in {"index": CHAPTER, "work": WORK}.items():
        nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / f"book/{name}.ipynb")
    answers = folder / "teaching/answers"
    answers.mkdir(parents=True)
    (answers / "exercise-two.md").write_text(f"{MODEL}.\n\n```python\nassert 1 + 1 == 2\n```\n")
    (answers / "graded-one.md").write_text(f"{MODEL} 2.\n\n```python\ny = x + 1\nassert y == 2\n```\n")
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-W", "-n", "--keep-going"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DLNB_BOOK": "1"}
    done = finished(command, cwd=folder, env=environment)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder / "_build"


def cells_of(path: Path) -> list[tuple[str, str]]:
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def test_a_small_book_has_all_editions_and_publishes_one(small):
    for folder in ("html/notebooks", "handouts", "instructor"):
        assert sorted(path.name for path in (small / folder).iterdir()) == ["index.ipynb", "work.ipynb"]
    published = [path for path in (small / "html").rglob("*") if path.is_file()]
    texts = {path: path.read_bytes().decode("utf-8", "ignore") for path in published}
    assert any(SECRET in text for text in texts.values())
    assert not [path for path, text in texts.items() if MODEL in text]


def test_a_handout_of_a_small_book_has_the_questions_and_no_answer(small):
    text = (small / "handouts/index.ipynb").read_text()
    assert "How many?" in text and "Open question. Why?" in text and text.count(editions.TO_WRITE) == 2
    assert "forty" not in text and "hidden_number" not in text and "41" not in text and MODEL not in text
    assert '\\"seen\\": 7' in text, "the numbers of the text are still there to compare with"
    assert "1 + 1" in text and "More." in text


def test_pictures_quoted_formulas_and_lists_below_tables_are_what_any_notebook_shows(small):
    text = "\n".join(source for _, source in cells_of(small / "html/notebooks/index.ipynb"))
    (address,) = re.findall(r"!\[a dot\]\((.*?)\)", text)
    assert (small / "html" / address.removeprefix("https://dlnb.github.io/dlnb/")).is_file()
    assert "> $$x = 1$$" in text
    assert re.search(r"^\|.*2.*\|\n\n- A list\.", text, re.MULTILINE)


def test_an_instructor_s_notebook_of_a_small_book_has_every_answer(small):
    cells = cells_of(small / "instructor/index.ipynb")
    texts = [source for _, source in cells]
    (at,) = [i for i, text in enumerate(texts) if "Open question. Why?" in text]
    assert texts[at + 1] == f"{MODEL}." and cells[at + 2] == ("code", "notebook.expect(1 + 1 == 2)")
    assert any("<details open>" in text and SECRET in text for text in texts)
    assert "teaching/answers" in texts[0] and "public" in texts[0]


def test_a_worksheet_of_a_small_book_runs_and_its_table_lies_beside_the_site(small):
    work = cells_of(small / "html/notebooks/work.ipynb")
    assert [source for kind, source in work if kind == "code"] == ["x = 1", ""]
    assert work == cells_of(small / "handouts/work.ipynb")
    solved = [source for kind, source in cells_of(small / "instructor/work.ipynb") if kind == "code"]
    exec("\n".join(solved), names := {})
    assert names["y"] == 2
    page = (small / "html/book/work.html").read_text()
    (link,) = re.findall(r'href="([^"]*models\.csv)"', page)
    assert (small / "html/book" / link).resolve() == (small / "html/data/models.csv").resolve()
    assert (small / "html/data/models.csv").is_file() and "beta_vae_score" in page
    assert "https://dlnb.github.io/dlnb/data/models.csv" in "".join(source for _, source in work)


# The built book


def answers_in(name: str) -> set[str]:
    """What the answers to the exercises of a chapter tell that its own text does not."""
    texts = [*solutions(name).values(), *(ANSWERS[label] for label in labels(name) if label in ANSWERS)]
    open_text = plain(
        without_solutions(name) + "\n" + "\n".join(c.source for c in code_cells(name) if not is_solution(c))
    )
    return {each for text in texts for each in told(text) if each not in open_text}


def text_of(path: Path) -> str:
    return "\n".join(source for _, source in cells_of(path))


@each_chapter
def test_what_answers_tell_can_be_looked_for(name):
    """The next tests would pass on an empty set."""
    assert len(answers_in(name)) >= 3 * len(set(labels(name)))


@built
def test_every_notebook_has_all_editions():
    for folder in (SITE / "notebooks", INSTRUCTORS):
        assert sorted(path.stem for path in folder.glob("*.ipynb")) == MADE


@built
@each_made
def test_no_handout_tells_an_answer(name):
    text = plain(text_of(HANDOUTS / f"{name}.ipynb"))
    assert not {each for each in answers_in(name) if each in text}
    raw = (HANDOUTS / f"{name}.ipynb").read_text()
    assert ANSWER not in raw and json.dumps(ANSWER)[1:-1] not in raw
    for secret in editions.secret([prose(name)]):
        assert f'\\"{secret}\\"' not in raw, secret


@built
@each_made
def test_an_instructor_s_notebook_tells_every_answer(name):
    """And so what is looked for above would be found."""
    notebook = text_of(INSTRUCTORS / f"{name}.ipynb")
    assert not {each for each in answers_in(name) if each not in plain(notebook)}
    assert notebook.count("<details open>") == len(solutions(name)) + prose(name).count("{concept-check}")


@built
def test_no_page_or_file_of_the_site_has_a_model_answer():
    secrets = {label: {each for each in told(text) if len(each.split()) >= 8} for label, text in ANSWERS.items()}
    ours = plain("\n".join([*map(prose, CHAPTERS), *(cell.source for name in CHAPTERS for cell in code_cells(name))]))
    for path in SITE.rglob("*"):
        if path.suffix in (".html", ".ipynb", ".md", ".csv", ".txt", ".js") and "mathjax" not in path.parts:
            text = plain(re.sub(r"<[^>]*>", " ", path.read_text()))
            for label, sentences in secrets.items():
                assert not {each for each in sentences if each in text and each not in ours}, (path, label)


@built
@each_made
def test_no_handout_tells_the_answers_of_a_concept_check(name):
    path = ROOT / f"book/_quiz/{name}.yml"
    if not path.is_file():
        return
    checks = yaml.safe_load(path.read_text())
    reasons = {each for key in ("because", "but") for text in strings_of(checks, key) for each in told(text)}
    handout, instructors = (plain(text_of(folder / f"{name}.ipynb")) for folder in (HANDOUTS, INSTRUCTORS))
    hidden = {each for each in reasons if each in instructors and each not in plain(without_solutions(name))}
    assert len(hidden) > len(checks), "reasons can be found where they are"
    assert editions.READ_ON in prose(name) and editions.READ_ON not in text_of(HANDOUTS / f"{name}.ipynb")
    assert not {each for each in hidden if each in handout}


def strings_of(tree, name: str) -> list[str]:
    """Every text under a key of that name, anywhere in nested lists and dicts."""
    if isinstance(tree, list):
        return [text for each in tree for text in strings_of(each, name)]
    if isinstance(tree, dict):
        found = [text for key, each in tree.items() for text in strings_of(each, name) if key != name]
        return found + ([tree[name]] if isinstance(tree.get(name), str) else [])
    return []
