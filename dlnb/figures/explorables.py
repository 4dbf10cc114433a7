"""Pictures that answer to the reader's hand, drawn in the browser; elsewhere the same picture stands still.

The scripts are files of the site (``book/_lib/explorables``), not of the package: pages share them, some have large
data, and a notebook in Colab or Jupyter has the code itself to play with. There, in print, in the PDF and without
JavaScript, the still is shown.
"""

import base64
import html
import io
import json
import os
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dlnb import checks, notebook
from dlnb.progress import BUILDING

# Near the viewport, the scripts are fetched from the root of the site, which the theme names in the html element.
LOADER = """\
<script>
{
  const box = document.currentScript.parentElement;
  const root = document.documentElement.dataset.content_root ?? "../";
  const watch = new IntersectionObserver((seen) => {
    if (!seen.some((each) => each.isIntersecting)) return;
    watch.disconnect();
    for (const file of ["core", box.dataset.name]) {
      const src = `${root}explorables/${file}.js`;
      if (document.querySelector(`script[src="${src}"]`)) continue;
      document.head.append(Object.assign(document.createElement("script"), { src, async: false }));
    }
  }, { rootMargin: "50%" });
  watch.observe(box);
}
</script>
"""


@dataclass(frozen=True)
class Explorable:
    """An explorable of a page: HTML, and a PNG for formats that have no HTML, such as a PDF made by LaTeX."""

    html: str
    png: bytes

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.html, "image/png": base64.b64encode(self.png).decode()}


def explorable(name: str, still: Figure, *, alt: str, insight: str, question: str, data=None) -> Explorable:
    """The explorable ``name`` of the book, to be shown as the last value of a cell.

    - ``name``: lower case with hyphens; its script is ``book/_lib/explorables/NAME.js``. Shown as its title.
    - ``still``: the figure that stands for it where no script runs, with ``alt``, a sentence that says what it shows.
    - ``insight``: one sentence, what one learns by playing; ``question``: one that only playing answers. Plain text.
    - ``data``: what the script shows, if it does not compute it (its ``stage.data``): a table, of which it sees
      {column: values} with null for NaN, or a dict of such tables, arrays, and whatever JSON holds. Round it first.

    Scripts are loaded in the book only (environment variable DLNB_BOOK); elsewhere the still comes with the texts but
    without the question. Raises ValueError for a name of another form, no figure, texts that are empty, and data that
    JSON cannot hold.
    """
    if not isinstance(name, str) or not re.fullmatch(r"[a-z]+(-[a-z]+)*", name):
        raise ValueError(f"the name of an explorable is lower case with hyphens, as 'elbo-bench', not {name!r}")
    checks.instance(still, Figure, "still", "a Matplotlib figure")
    for what, text in {"alt": alt, "insight": insight, "question": question}.items():
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"{what} must be a sentence, not {checks.shown(text)}")
    told = _json(data)
    picture = base64.b64encode(notebook.svg(still).encode()).decode()
    # As an image: the ids inside an SVG would repeat in the page, and the text in it could not be read in its order.
    image = f'<img class="still" alt="{html.escape(alt)}" src="data:image/svg+xml;base64,{picture}">'
    title = name.replace("-", " ").capitalize().replace("Elbo", "ELBO")
    parts = [image, f'<p class="insight"><em>{title}.</em> {html.escape(insight)}</p>']
    if os.environ.get(BUILDING):
        parts += [f'<p class="question"><b>Try it.</b> {html.escape(question)}</p>', LOADER]
        parts += [f'<script type="application/json">{told}</script>'] if data is not None else []
    file = io.BytesIO()
    still.savefig(file, format="png")
    return Explorable(f'<div class="explorable" data-name="{name}">\n' + "\n".join(parts) + "</div>", file.getvalue())


def _json(data) -> str:
    """JSON that may stand in a page."""
    if data is not None and (not isinstance(data, dict | pd.DataFrame) or not len(data)):
        raise ValueError(f"data must be a table with rows or a dict with entries, not {checks.shown(data)}")
    try:
        return json.dumps(data, default=_plain, allow_nan=False, separators=(",", ":")).replace("</", "<\\/")
    except (TypeError, ValueError) as error:
        raise ValueError(f"data of an explorable must be tables, arrays, and what JSON holds: {error}") from error


def _plain(value):
    if isinstance(value, pd.DataFrame):
        return value.astype(object).where(value.notna(), None).to_dict("list")
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"it has {checks.shown(value)}")
