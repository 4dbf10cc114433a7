"""Writes a notebook of every chapter that stands alone, into the folder "notebooks" of the built book.

It is made of the resolved page, so that numbers, citations and links are those of the book; code is the chapter's own.
The buttons of each page lead to it. The same pass writes its other editions (``editions``), beside the built book. A
page with tasks (plain_markdown.TASK) and no cells of code is a worksheet: the blocks of code in its text become cells.
Settings: ``html_baseurl``, where the book is, and ``standalone_colab``, what comes before the name of a notebook in the
address by which Colab opens it.
"""

import ast
import importlib.metadata
import json
import re
from pathlib import Path

import editions
import nbformat
from docutils import nodes
from editions import BOOK, EDITIONS, HANDOUT, INSTRUCTOR, Edition
from myst_nb.ext.glue.crossref import read_glue_cache
from plain_markdown import AT_CELL, TASK, Translator
from pybtex.backends.markdown import Backend
from rerun_cells import CHECKS, FOLDED, HIDDEN, INSTALL, STILL, TITLE, is_installation, relaxed, trains

LIBRARIES = "tensorflow", "numpy", "pandas", "scikit-learn"


def write(app, doctree, page: str) -> None:
    """Write the notebooks of ``page``, if that has code or tasks."""
    source = Path(app.env.doc2path(page))
    if app.builder.format != "html" or source.suffix != ".ipynb":
        return
    chapter = nbformat.read(source, 4)
    code = [cell for cell in chapter.cells if cell.cell_type == "code"]
    tasks = [name for section in doctree.findall(nodes.section) for name in section["ids"] if name.startswith(TASK)]
    if not code and not tasks:
        return
    captions = [cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", "") for cell in code]
    hidden = editions.secret([*captions, *(cell.source for cell in chapter.cells if cell.cell_type == "markdown")])
    for edition in EDITIONS:
        path = Path(app.outdir, edition.folder, f"{source.stem}.ipynb")
        path.parent.mkdir(exist_ok=True)
        nbformat.write(notebook(app, doctree, page, code, edition, hidden), path)


def notebook(app, doctree, page: str, code: list, edition: Edition = BOOK, hidden=()) -> nbformat.NotebookNode:
    """An edition of a resolved page, whose chapter has these cells of code.

    ``hidden``: names of numbers that only solutions use, which a handout does not tell.
    """
    code = [cell for cell in code if cell.source.strip()]  # MyST-NB drops the others
    translator = Translator(doctree, app.builder, page, app.config.html_baseurl)
    doctree.walkabout(translator)
    texts = AT_CELL.split(translator.astext())  # text, number of a cell, text, …
    shown = [cell for cell in code if "remove-cell" not in cell.metadata.get("tags", [])]
    if len(shown) != translator.cells:
        raise ValueError(f"{page} shows {translator.cells} cells of code, its notebook has {len(shown)}")
    figures = [each for each in doctree.findall(nodes.container) if each.get("nb_element") == "cell_code"]
    kept, answers = editions.of_code(code, edition), editions.model_answers(Path(app.srcdir))
    cells, rest = [*opening(app, page, code, edition)], list(code)
    for i, text in enumerate(texts[::2]):
        cells += editions.cells(text, edition, answers, worksheet=not code)
        if i == 0:
            cells += numbers(app, page, hidden if edition == HANDOUT else ())
        while i < len(shown) and rest:  # with the cells before it that the page does not show
            cell = rest.pop(0)
            if not is_installation(cell.source) and cell in kept:
                cells.append(of_code(cell))
            if cell is shown[i]:
                break
        if i < len(shown) and shown[i] in kept and (caption := caption_of(app, figures[i], shown[i], page)):
            cells.append(nbformat.v4.new_markdown_cell(caption))
    cells += [of_code(cell) for cell in rest if cell in kept]
    cells += references(app, page)
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    metadata["language_info"] = {"name": "python"}
    metadata["colab"] = {"provenance": [], "toc_visible": True}
    kaggle = {"isInternetEnabled": True, "language": "python", "sourceType": "notebook"}
    if any(trains(cell.source) for cell in code):
        metadata |= {"accelerator": "GPU", "colab": metadata["colab"] | {"gpuType": "T4"}}
        kaggle |= {"accelerator": "nvidiaTeslaT4", "isGpuEnabled": True}
    metadata["kaggle"] = kaggle
    for i, cell in enumerate(cells):  # random names would change at every build
        cell["id"] = f"{re.sub('[^A-Za-z0-9-]', '-', page.rsplit('/', 1)[-1])[:50]}-{i}"
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def opening(app, page: str, code: list, edition: Edition) -> list:
    """What the notebook is, and the installation."""
    address = f"{app.config.html_baseurl}{page}.html"
    this = f"This notebook is [a page of the book “{app.config.html_title}”]({address})"
    about = f"\n\n*{edition.about}*" if edition.about and (code or edition == INSTRUCTOR) else ""
    if not code:
        return [nbformat.v4.new_markdown_cell(f"*{this}, to be worked in.*{about}")]
    version = importlib.metadata.version("dlnb")
    with_versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    metadata = app.env.nb_metadata.get(page, {})
    seconds = (metadata.get("exec_data") or {}).get("runtime")
    took = f" Its cells took {seconds:.0f} seconds there, on a CPU." if seconds else ""
    gpu = " It trains models." if any(trains(c.source) for c in code) else ""
    text = (
        f"*{this}, to be rerun. Numbers in its text, underlined with dots, were measured when the book was built (dlnb "
        f"{version}, {with_versions}).{took} Under folded cells your own numbers are printed beside them.{gpu} The "
        f"first cell installs the package if it is missing; nothing else is needed.*{about}"
    )
    repository = app.config.html_theme_options["repository_url"]
    install = TITLE.format("Installation") + "\n" + INSTALL.format(repository=repository, version=version)
    return [nbformat.v4.new_markdown_cell(text), nbformat.v4.new_code_cell(install.strip(), metadata=FOLDED)]


def numbers(app, page: str, hidden) -> list:
    """A cell with the numbers of the book to compare with, without the ``hidden``, if there are any."""
    glued = read_glue_cache(app.env.mystnb_config.output_folder, page)
    told = {name: value(output) for name, output in glued.items() if name not in hidden}
    if not told:
        return []
    listed = json.dumps(told, indent=4, ensure_ascii=False)
    source = f"{TITLE.format('Numbers of the book')}\nfrom dlnb import notebook\n\nnotebook.beside({listed})"
    return [nbformat.v4.new_code_cell(source, metadata=FOLDED)]


def value(output):
    """A value that a chapter handed to its text: a string or a number, of which six digits are enough to compare."""
    found = ast.literal_eval(output["data"]["text/plain"])
    return float(f"{found:.6g}") if isinstance(found, float) else found


def of_code(cell) -> nbformat.NotebookNode:
    """A cell of the chapter without outputs; checks are folded and warn."""
    hidden = HIDDEN & set(cell.metadata.get("tags", []))
    source = relaxed(cell.source)
    if hidden:
        usual = STILL if "figures.explorable(" in source else CHECKS
        title = TITLE.format(cell.metadata.get("mystnb", {}).get("code_prompt_show", usual))
        return nbformat.v4.new_code_cell(f"{title}\n{source}", metadata=FOLDED)
    return nbformat.v4.new_code_cell(source)


def caption_of(app, container, cell, page: str) -> str:
    """The caption under a cell's figure, numbered as in the book, and the description of its picture."""
    told = cell.metadata.get("mystnb", {})
    figure = container.next_node(nodes.figure)
    if figure is None or "figure" not in told:
        return ""
    caption = figure.next_node(nodes.caption)
    translator = Translator(figure.document or container.document, app.builder, page, app.config.html_baseurl)
    caption.walkabout(translator)
    alt = told.get("image", {}).get("alt", "")
    more = f"\n\n<details><summary>The picture in words</summary>\n\n{alt}\n\n</details>" if alt else ""
    return translator.astext().strip() + more


def references(app, page: str) -> list:
    """The list of the works that a page cites."""
    domain = app.env.get_domain("cite")
    cited = {one.key for ref in domain.citation_refs if ref.docname == page for one in ref.targets}
    backend = Backend()
    entries = {each.key: each.formatted_entry.text.render(backend) for each in domain.citations if each.key in cited}
    if not entries:
        return []
    text = "\n".join(f"- {entry}" for entry in entries.values())
    return [nbformat.v4.new_markdown_cell(f"## References\n\n{text}")]


def lead_to_it(app, pagename, templatename, context, doctree) -> None:
    """Make the buttons of Colab and of the download open the notebook that stands alone."""
    name = f"{pagename.rsplit('/', 1)[-1]}.ipynb"
    there = Path(app.outdir, BOOK.folder, name).exists()
    for button in context.get("header_buttons", []) if there else []:
        for each in button.get("buttons", [button]):
            if each.get("text") == "Colab":
                each["url"] = app.config.standalone_colab + name
            elif each.get("text") == ".ipynb":
                each["url"] = context["pathto"](f"{BOOK.folder}/{name}", 1)


def setup(app):
    app.setup_extension("sphinx_markdown_builder")  # for the settings of its translator
    app.add_config_value("standalone_colab", "", "html", [str])
    app.connect("doctree-resolved", write, priority=900)  # after numbers and links
    app.connect("html-page-context", lead_to_it, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
