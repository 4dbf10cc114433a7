"""What all tests share. Helpers that they call are in modules of their own: common, grids, sweeps, writers."""

import os
import signal

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # before TensorFlow and BLAS start: one thread each, as many processes as cores
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")

import pages

# A shell that starts the tests in the background ignores these, and so would all processes that tests start and end.
for each in ("SIGINT", "SIGQUIT", "SIGHUP"):
    if hasattr(signal, each) and signal.getsignal(getattr(signal, each)) is signal.SIG_IGN:
        restored = signal.default_int_handler if each == "SIGINT" else signal.SIG_DFL
        signal.signal(getattr(signal, each), restored)

# Files that are begun first.
LONGEST = ("runners", "browser", "training", "behaviour", "answers", "data", "forms", "statements")


def pytest_collection_modifyitems(items) -> None:
    """Two processes end at about the same time only if the files that take longest do not come last."""
    names = [f"test_{name}" for name in LONGEST]
    items.sort(key=lambda item: names.index(item.path.stem) if item.path.stem in names else len(names))


@pytest.fixture(scope="module")
def browser():
    with pytest.importorskip("playwright.sync_api").sync_playwright() as playwright:
        browser = pages.launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, tmp_path, monkeypatch):
    """A function that opens a page with the explorable of a name, in view and live; no error may be left behind."""
    monkeypatch.setenv("DLNB_BOOK", "1")
    context, errors = browser.new_context(), []

    def opened(name: str, theme: str = "light", data=None, **viewport):
        page = context.new_page()
        page.set_viewport_size({"width": 1280, "height": 900} | viewport)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(pages.site(tmp_path, name, theme, data=data).as_uri())
        page.locator(".explorable.live").wait_for()
        return page

    yield opened
    context.close()
    assert errors == []
