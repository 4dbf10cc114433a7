"""The examples in docstrings run and print what they show."""

import doctest
import importlib
import sys
from pathlib import Path

import pytest

from dlnb import metrics

PACKAGE = Path(__file__).parents[1] / "dlnb"
# Only modules with examples are imported: others may wait for TensorFlow.
PATHS = [path for path in sorted(PACKAGE.rglob("*.py")) if ">>> " in path.read_text()]
MODULES = [".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__") for path in PATHS]
SCORES = [name for name in metrics.__all__ if callable(getattr(metrics, name)) and name != "register"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_print_what_they_show(name):
    before = "tensorflow" in sys.modules
    done = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert done.attempted and not done.failed
    assert before or not name.startswith("dlnb.metrics") or "tensorflow" not in sys.modules


@pytest.mark.parametrize("name", SCORES)
def test_every_public_score_has_an_example(name):
    assert ">>> " in getattr(metrics, name).__doc__
