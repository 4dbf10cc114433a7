"""What a chapter needs of its surroundings: the style of its figures, and numbers handed to its sentences."""

import ast
import inspect
import io
import os
import textwrap

import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from dlnb.progress import BUILDING


def setup() -> None:
    """Show figures as SVG, sharp at any width. Call it first in a chapter; outside a notebook it does nothing."""
    try:
        from IPython import get_ipython
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:  # a Python installation without notebooks
        return
    if shell := get_ipython():
        set_matplotlib_formats("svg")
        shell.display_formatter.formatters["image/svg+xml"].for_type(Figure, svg)


def svg(figure: Figure) -> str:
    """A figure as SVG: as large as it says it is if it has a layout, which all figures of this package have.

    Of other figures the edges of what is on them are looked for, as IPython does, which takes two more drawings.
    """
    if figure.get_layout_engine() is None:
        from IPython.core.pylabtools import print_figure

        return print_figure(figure, "svg")
    file, canvas, dpi = io.StringIO(), figure.canvas, figure.dpi
    try:
        FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None})
    finally:  # it leaves its own behind
        figure.set_canvas(canvas)
        figure.dpi = dpi
    return file.getvalue()


def glue(name: str, value) -> None:
    """Hand a number or a string to the sentences of the chapter; while no book is built, do nothing."""
    if os.environ.get(BUILDING):
        from myst_nb import glue as keep

        # The sentence formats what the value prints as, and NumPy's numbers print their type too.
        keep(name, value.item() if isinstance(value, np.generic) else value, display=False)


def source(*things):
    """The code of functions, methods or classes as it runs, to be shown under the formula that it stands for.

    Docstrings are left out: the page has its own words.
    """
    from IPython.display import Markdown

    return Markdown("```python\n" + "\n\n".join(map(_undocumented, things)) + "\n```")


def _undocumented(thing) -> str:
    text = textwrap.dedent(inspect.getsource(thing))
    body, lines = ast.parse(text).body[0].body, text.splitlines()
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        del lines[body[0].lineno - 1 : body[0].end_lineno]
    return "\n".join(lines).strip()
