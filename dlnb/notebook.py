"""Helpers for chapters: figures as SVG, numbers in the text, and source code shown on the page."""

import ast
import inspect
import io
import os
import textwrap
import warnings
from numbers import Real

import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from dlnb import checks
from dlnb.progress import BUILDING

_made: dict[str, object] = {}  # what the running cell handed to the text
_book: dict[str, object] = {}  # what the book has there


def setup() -> None:
    """Show the figures of this notebook as SVG, sharp at any width: call it once, before the first figure.

    Takes and returns nothing; has no effect outside a notebook.
    """
    if shell := _shell():
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg")
        shell.display_formatter.formatters["image/svg+xml"].for_type(Figure, svg)


def svg(figure: Figure) -> str:
    """The figure as SVG text, at its nominal size if it has a layout engine, as all figures of this package do.

    Other figures are fitted to their content, as in IPython, which takes two more renderings.
    """
    checks.instance(figure, Figure, "figure", "a figure of Matplotlib")
    if figure.get_layout_engine() is None:
        from IPython.core.pylabtools import print_figure

        return print_figure(figure, "svg")
    file, canvas, dpi = io.StringIO(), figure.canvas, figure.dpi
    try:
        FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None})
    finally:  # saving replaces both
        figure.set_canvas(canvas)
        figure.dpi = dpi
    return file.getvalue()


def glue(name: str, value) -> None:
    """Make ``value`` available to the text of the chapter, as {glue:text}`name` or {glue:text}`name:.2f`.

    - ``name``: unique within the chapter.
    - ``value``: a string or a number; NumPy scalars become Python numbers.

    Returns nothing. Where the book is not being built (environment variable DLNB_BOOK), the values that a cell of a
    notebook made are printed below it, beside those of the book if ``beside`` was told them. Raises ValueError for
    other names and values.
    """
    if not checks.instance(name, str, "name", "a text, unique within the chapter"):
        raise ValueError("name must not be empty")
    checks.instance(value, (str, Real, np.generic), f"the value of {name}", "a text or a number")
    # The text formats the repr of the value, in which NumPy scalars include their type.
    value = value.item() if isinstance(value, np.generic) else value
    if os.environ.get(BUILDING):
        from myst_nb import glue as keep

        keep(name, value, display=False)
    elif shell := _shell():
        if not _made:
            shell.events.register("post_run_cell", _tell)
        _made[name] = value


def beside(numbers: dict) -> None:
    """From now on, ``glue`` prints each value beside that of the book; ``numbers``: those of the book by their name."""
    _book.update(numbers)


def expect(condition) -> None:
    """Warn unless ``condition``, by which the book checks a sentence, is true: a rerun may differ and goes on."""
    if not condition:
        warnings.warn("a check of the text does not hold here, though it did in the book", stacklevel=2)


def _tell(*_) -> None:
    """Print what a cell handed to the text, once."""
    _shell().events.unregister("post_run_cell", _tell)
    print(compared(_made, _book))
    _made.clear()


def compared(made: dict, book: dict) -> str:
    """Values by name as text, each beside that of the book where they differ in three significant digits."""
    texts = {name: _short(value) for name, value in made.items()}
    there = {name: _short(book[name]) for name in texts if name in book}
    alike = [name for name, text in there.items() if text == texts[name]]
    told = [f"{n} {t}" + (f" (book {there[n]})" if n in there else "") for n, t in texts.items() if n not in alike]
    if alike:
        told.append(f"{len(alike)} {'number' if len(alike) == 1 else 'numbers'} as in the book")
    return "here: " + ", ".join(told)


def _short(value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _shell():
    """The running IPython, or None."""
    try:
        from IPython import get_ipython
    except ImportError:  # a Python installation without notebooks
        return None
    return get_ipython()


def source(*things):
    """The source code of functions, methods or classes, to be shown below the formula that they implement.

    Docstrings are left out, since the page has its own explanation. Raises ValueError for anything else, and for what
    has no source code, such as functions that are compiled.
    """
    if not things:
        raise ValueError("nothing is given: name at least one function, method or class")
    from IPython.display import Markdown

    return Markdown("```python\n" + "\n\n".join(map(_undocumented, things)) + "\n```")


def _undocumented(thing) -> str:
    try:
        text = textwrap.dedent(inspect.getsource(thing))
    except (OSError, TypeError) as error:
        raise ValueError(f"no source code of {checks.shown(thing)}: give functions, methods or classes") from error
    try:
        body, lines = ast.parse(text).body[0].body, text.splitlines()
    except (AttributeError, SyntaxError):  # of a lambda, whose line is no definition
        raise ValueError(f"{checks.shown(thing)} has no definition of its own: give it a name, by def") from None
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        del lines[body[0].lineno - 1 : body[0].end_lineno]
    return "\n".join(lines).strip()
