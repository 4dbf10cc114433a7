"""Icons: those that the book uses stay, all others go."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "book/_ext"))

import weights  # noqa: E402

SCRIPT = (
    'a=1;var i={bars:[448,512,["navicon"],"f0c9","M0 96z"],"file-pdf":[512,512,[],"f1c1",["M0","M1"]],x:[1,2]};b(i)'
)


@pytest.mark.parametrize(
    ("page", "left"),
    [
        ('<i class="fa-solid fa-bars"></i>', 'bars:[448,512,["navicon"],"f0c9","M0 96z"],'),
        ('<i class="fas fa-navicon"></i>', 'bars:[448,512,["navicon"],"f0c9","M0 96z"],'),
        ('<i class="fas fa-file-pdf"></i>', '"file-pdf":[512,512,[],"f1c1",["M0","M1"]],'),
        ("<p>far away</p>", ""),
    ],
)
def test_icons_that_are_named_stay(page, left):
    assert weights.slim(SCRIPT, weights.used([page])) == f"a=1;var i={{{left}x:[1,2]}};b(i)"


def test_the_theme_s_script_shrinks_to_what_is_used():
    theme = pytest.importorskip("pydata_sphinx_theme")
    script = Path(theme.__file__).parent / "theme/pydata_sphinx_theme/static/scripts/fontawesome.js"
    text = script.read_text()
    few = weights.slim(text, {"magnifying-glass", "rocket", "github"})
    assert len(few) < 0.1 * len(text)
    for icon in ('"magnifying-glass":[', "rocket:[", "github:["):
        assert icon in text and icon in few


@pytest.mark.parametrize(("body", "kept"), [('<div class="math notranslate">$x$</div>', 2), ("<p>aftermath</p>", 1)])
def test_mathjax_comes_with_formulas_only(body, kept):
    scripts = [SimpleNamespace(filename=name) for name in ("mathjax/tex-svg-full.js", "_static/book.js")]
    context = {"body": body, "script_files": scripts}
    weights.drop_mathjax(None, "page", "", context, None)
    assert len(context["script_files"]) == kept
