"""Slides for two sessions, made of the executed chapters: `make slides`."""

import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book/_ext"))

project = "Unsupervised disentanglement, rerun"
author = "The dlnb authors"
root_doc = "session1"
extensions = ["myst_parser", "sphinx.ext.mathjax", "sphinxcontrib.bibtex", "sphinx_revealjs", "excerpts"]
exclude_patterns = ["404.html"]
nitpicky = True
myst_enable_extensions = ["dollarmath", "colon_fence"]
bibtex_bibfiles = ["../references.bib"]
bibtex_reference_style = "author_year"
mathjax_path = "../mathjax/tex-svg-full.js"
html_extra_path = ["../_lib"]
html_copy_source = False

excerpts_book = str(ROOT / "book")
excerpts_caches = str(ROOT / "_build/.jupyter_cache")
excerpts_home = yaml.safe_load((ROOT / "_config.yml").read_text())["html"]["baseurl"] + "book/"

revealjs_static_path = ["_static"]
revealjs_style_theme = "white"
revealjs_css_files = ["slides.css"]
revealjs_script_conf = {
    "width": 1280,
    "height": 720,
    "margin": 0,
    "center": False,
    "display": "flex",
    "controls": False,
    "hash": True,
    "history": True,
    "slideNumber": "c/t",
    "transition": "none",
    "backgroundTransition": "none",
    "preloadIframes": False,
    "totalTime": 90 * 60,  # seconds, of the clock in the speaker's view
    "pdfSeparateFragments": False,
}
revealjs_script_plugins = [{"name": "RevealNotes", "src": "revealjs/plugin/notes/notes.js"}]
