"""A page with one explorable, as the book builds it but without the book, and a browser that opens it."""

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from dlnb import figures, results
from dlnb.figures import board, play

BOOK = Path(__file__).parents[1] / "book"
BROWSER = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
REQUIRED = os.environ.get("DLNB_REQUIRE_BROWSER") == "1"
# As root there is no sandbox; the rest keeps the browser from looking up its maker's hosts.
FLAGS = """--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync""".split()
PAGE = """\
<!DOCTYPE html>
<html lang="en" data-content_root="../" data-theme="{theme}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>explorable</title>
<style>body {{ font-family: sans-serif; }} {style}</style></head>
<body><main class="bd-content">{above}
<div class="cell_output"><div class="output text_html">{body}</div></div></main></body></html>
"""


def data(name: str):
    """What the chapters give to the explorable ``name``, or None."""
    short = results.TABLES / "short"
    if name == "seed-lottery":
        return play.lottery(results.load("short"), pd.read_csv(short / "udr.csv").query("kind == 'spearman'"))
    if name == "cut-the-passive":
        return play.passive(pd.read_csv(short / "gap.csv"))
    if name == "break-the-score":
        return pd.read_parquet(results.TABLES / "broken.parquet")
    if name == board.NAME:
        return board.names()
    return None


def site(folder: Path, name: str, theme: str = "light", above: str = "", data=None) -> Path:
    """Write a page with the explorable ``name``, below ``above``, into a folder that has the scripts: its path."""
    texts = {"alt": "a", "insight": "b", "question": "c"}
    body = figures.explorable(name, Figure(layout="constrained"), **texts, data=data).html
    style = (BOOK / "_static/book.css").read_text()
    page = folder / "book/page.html"
    page.parent.mkdir(parents=True)
    page.write_text(PAGE.format(theme=theme, style=style, above=above, body=body))
    shutil.copytree(BOOK / "_lib/explorables", folder / "explorables")
    if name == board.NAME:
        board.write(folder / "explorables")
    return page


def launch(playwright):
    """A browser; the test is skipped where there is none, unless it is required."""
    if not BROWSER and REQUIRED:
        pytest.fail("DLNB_REQUIRE_BROWSER=1, but no chromium found")
    if not BROWSER:
        pytest.skip("no chromium found")
    return playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
