"""What a page weighs: the theme brings all 2,000 icons of Font Awesome to every page, of which the book uses a few.

And MathJax, of 2.3 MB, is asked for by pages on which no formula is left.
"""

import re
from pathlib import Path

# "name":[width, height, [aliases], "code point", "path" or ["path", "path"]], as the minified script lists an icon
ICON = re.compile(
    r'(?:"(?P<quoted>[\w-]+)"|\b(?P<plain>[a-z]\w*)):'
    r'\[\d+,\d+,\[(?P<aliases>[^\]]*)\],"[0-9a-f]+",(?:"[^"]*"|\[(?:"[^"]*",?)+\])\],?'
)
NAMED = re.compile(r"\bfa-([a-z0-9-]+)")


def used(texts) -> set[str]:
    """The names after ``fa-`` in the sources of pages and scripts; a few name no icon, which does no harm."""
    return {name for text in texts for name in NAMED.findall(text)}


def slim(script: str, names: set[str]) -> str:
    """The script without the icons that go by none of ``names``."""

    def keep(icon: re.Match) -> str:
        aliases = set(re.findall(r'"([^"]+)"', icon["aliases"])) | {icon["quoted"] or icon["plain"]}
        return icon[0] if aliases & names else ""

    return ICON.sub(keep, script)


def drop_mathjax(app, pagename, templatename, context, doctree):
    if not re.search(r'class="[^"]*\bmath\b', context.get("body", "")):
        context["script_files"] = [s for s in context["script_files"] if "tex-svg" not in str(s.filename or "")]


def slim_icons(app, exception):
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    script = out / "_static/scripts/fontawesome.js"
    if not script.is_file():
        return
    others = [p for p in (*out.rglob("*.html"), *(out / "_static").rglob("*.js")) if p != script]
    script.write_text(slim(script.read_text(), used(path.read_text() for path in others)))
    for source_map in script.parent.glob("*.js.map"):  # for debuggers only, and it no longer fits
        source_map.unlink()


def setup(app):
    # After MathJax has added itself, at the default priority, 500
    app.connect("html-page-context", drop_mathjax, priority=900)
    app.connect("build-finished", slim_icons, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
