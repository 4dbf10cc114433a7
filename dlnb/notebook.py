"""Helpers for chapters: figures as SVG, numbers in the text, and source code shown on the page."""

import ast
import inspect
import io
import os
import textwrap
from numbers import Real

import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from dlnb import checks
from dlnb.progress import BUILDING


def setup() -> None:
    """Show the figures of this notebook as SVG, sharp at any width: call it once, before the first figure.

    Takes and returns nothing; has no effect outside a notebook.
    """
    try:
        from IPython import get_ipython
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:  # a Python installation without notebooks
        return
    if shell := get_ipython():
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

    Returns nothing; has no effect unless the book is being built (environment variable DLNB_BOOK). Raises ValueError
    for other names and values.
    """
    if not checks.instance(name, str, "name", "a text, unique within the chapter"):
        raise ValueError("name must not be empty")
    checks.instance(value, (str, Real, np.generic), f"the value of {name}", "a text or a number")
    if os.environ.get(BUILDING):
        from myst_nb import glue as keep

        # The text formats the repr of the value, in which NumPy scalars include their type.
        keep(name, value.item() if isinstance(value, np.generic) else value, display=False)


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
    body, lines = ast.parse(text).body[0].body, text.splitlines()
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        del lines[body[0].lineno - 1 : body[0].end_lineno]
    return "\n".join(lines).strip()
