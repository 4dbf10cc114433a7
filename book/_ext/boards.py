"""The decoders of "latent-board": half a megabyte of script for each kept model, made with the book, not committed."""

from pathlib import Path

from dlnb.figures import board


def write(app, exception):
    """Beside the scripts that html_extra_path has just copied, if any page shows the board."""
    if exception is None and app.builder.format == "html" and shown(Path(app.outdir)):
        board.write(Path(app.outdir) / "explorables")


def shown(folder: Path) -> bool:
    return any(f'data-name="{board.NAME}"' in page.read_text() for page in folder.rglob("*.html"))


def setup(app):
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
