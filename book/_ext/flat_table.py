"""The flat table of the assignment: its files in the folder "data" of the built book, its dictionary on a page.

The directive ``data-dictionary`` shows the dictionary. A book none of whose pages shows it ships no table.
"""

from pathlib import Path

from sphinx.util.docutils import SphinxDirective

FOLDER = "data"


class DataDictionary(SphinxDirective):
    """The columns of the flat table and what they mean, from the package."""

    def run(self):
        from dlnb.results import flat

        models, rows, _ = flat.made()
        self.env.metadata[self.env.docname][FOLDER] = str(len(models))
        return self.parse_text_to_nodes(flat.markdown(rows))


def write(app, exception):
    if exception is None and app.builder.format == "html" and any(FOLDER in each for each in app.env.metadata.values()):
        from dlnb.results import flat

        flat.write(Path(app.outdir, FOLDER))


def setup(app):
    app.add_directive("data-dictionary", DataDictionary)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
