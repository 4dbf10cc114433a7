"""What the book needs from Sphinx and its extensions do not give. Each fix says what goes wrong without it."""

import hashlib
import re
import shutil
import sys
from importlib.metadata import distributions
from pathlib import Path

import numpy as np
from PIL import Image

KEPT_CACHES = 3  # so that going back to another branch costs nothing


def environment() -> list[str]:
    """The Python version and every installed package."""
    packages = {f"{each.metadata['Name']}=={each.version}" for each in distributions()}
    return [sys.version, *sorted(packages)]


def execution_key(root: Path) -> str:
    """Changes with whatever the chapters' figures depend on but their cells do not show.

    That is the package with its tables, the pinned versions and the environment. Prose is left out.
    """
    package = (path for path in (root / "dlnb").rglob("*") if path.is_file())
    files = [path for path in package if "__pycache__" not in path.parts and path.suffix != ".md"]
    files += [path for path in [root / "requirements.lock"] if path.is_file()]
    key = hashlib.sha256("\n".join(environment()).encode())
    for path in sorted(files):
        key.update(f"\n{path.relative_to(root).as_posix()}\n{hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    return key.hexdigest()[:16]


def set_execution_cache(app, config):
    """jupyter-cache knows the cells only: after a change in dlnb it would show the old figures.

    A new folder is an empty cache, and a changed value of this option makes Sphinx read every page again.
    """
    caches = Path(app.outdir).resolve().parent / ".jupyter_cache"
    current = caches / execution_key(Path(app.srcdir))
    current.mkdir(parents=True, exist_ok=True)
    current.touch()
    config.nb_execution_cache_path = str(current)
    prune(caches, KEPT_CACHES)


def prune(caches: Path, kept: int):
    folders = sorted((path for path in caches.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for old in folders[:-kept]:
        shutil.rmtree(old)


def drop_thebe(app, pagename, templatename, context, doctree):
    """The live-code extension declares its constants twice on every page, an error in the browser's console."""

    def is_thebe(script):
        return "THEBE_JS_URL" in script.attributes.get("body", "") or "thebe" in str(script.filename or "")

    context["script_files"] = [script for script in context["script_files"] if not is_thebe(script)]


def drop_bibliography_roles(app, pagename, templatename, context, doctree):
    """docutils gives bibliographies a list role without list items and a withdrawn role: both fail audits."""
    if "body" in context:
        context["body"] = re.sub(r' role="(?:list|doc-biblioentry)"', "", context["body"])


def name_headers(app, pagename, templatename, context, doctree):
    """A header cell without a text, such as the corner of a table of pandas, is announced as a nameless header."""
    if "body" in context:
        context["body"] = re.sub(r"<th\b([^>]*)>(?:\s|&nbsp;|&#160;|<p></p>)*</th>", r"<td\1></td>", context["body"])


def set_minus_signs(app, pagename, templatename, context, doctree):
    """A number in a cell of a table, or given to a sentence by a cell, has the hyphen of Python for its minus sign."""
    if "body" in context:
        number = r'(<td\b[^>]*>\s*(?:<p>)?|<span class="pasted-text">)-(?=\.?\d)'
        context["body"] = re.sub(number, "\\1\N{MINUS SIGN}", context["body"])


def add_landmarks(app, exception):
    """The theme's sidebar is part of no landmark, so that a screen reader cannot jump to it."""
    if exception or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        text = page.read_text()
        named = re.sub(
            r'(<div id="pst-primary-sidebar"(?![^>]* role=)[^>]*)>', r'\1 role="region" aria-label="Book">', text
        )
        if named != text:
            page.write_text(named)


def add_stills(app, exception):
    """A GIF cannot be stopped: whoever asks for less motion, or prints, sees four of its frames below each other."""
    if exception or app.builder.format != "html":
        return
    for gif in Path(app.outdir, "_images").glob("*.gif"):
        with Image.open(gif) as moving:
            frames = []
            for t in np.unique(np.linspace(0, moving.n_frames - 1, 4).round().astype(int)):
                moving.seek(t)
                frames.append(np.asarray(moving.convert("RGB")))
        Image.fromarray(np.concatenate(frames)).save(gif.with_suffix(".still.png"), optimize=True)


def offer_stills(app, pagename, templatename, context, doctree):
    """Wrap every GIF in a <picture> that falls back on its still."""

    def wrap(match):
        still = match[2].removesuffix(".gif") + ".still.png"
        media = "(prefers-reduced-motion: reduce), print"
        return f'<picture><source srcset="{still}" media="{media}">{match[0]}</picture>'

    if "body" in context:
        context["body"] = re.sub(r'(<img [^>]*src="([^"]+\.gif)"[^>]*>)', wrap, context["body"])


def setup(app):
    app.connect("config-inited", set_execution_cache)
    # After the extensions that add the scripts, which use the default priority, 500.
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("html-page-context", drop_bibliography_roles, priority=900)
    app.connect("html-page-context", offer_stills, priority=900)
    app.connect("html-page-context", name_headers, priority=900)
    app.connect("html-page-context", set_minus_signs, priority=900)
    app.connect("build-finished", add_landmarks, priority=900)
    app.connect("build-finished", add_stills, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
