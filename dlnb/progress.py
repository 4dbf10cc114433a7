"""Progress: a bar in a terminal, one line of words in a notebook, nothing in a book being built or a log file."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

UNITS = ("s", 1, 100), ("minutes", 60, 6_000), ("hours", 3_600, 172_800), ("days", 86_400, float("inf"))  # in seconds
BUILDING = "DLNB_BOOK"  # environment variable that is set while the book is built
EVERY = 5.0  # seconds between two texts of a line in a notebook
_hiding: list[bool] = []  # one entry for each block of ``hidden`` that has begun


def silent() -> bool:
    """Whether to hide progress: it is for terminals and notebooks, not for a book being built or a log file."""
    return bool(os.environ.get(BUILDING) or _hiding) or not (sys.stderr.isatty() or in_notebook())


@contextmanager
def hidden() -> Iterator[None]:
    """Hide the progress of what is begun in the block, which is a part of something that tells its own."""
    _hiding.append(True)
    try:
        yield
    finally:
        _hiding.pop()


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook: of Jupyter, VS Code, Colab or Kaggle."""
    return "ipykernel" in sys.modules and hasattr(sys.modules["IPython"].get_ipython(), "kernel")


def bar(total: int | None, initial: int, desc: str, unit: str, hide: bool = False, **look):
    """A context with ``update(count)``: a bar of tqdm, in a notebook a ``Line``, or neither (see ``silent``).

    - ``total``: the count at the end, None if it is not known; ``initial``: the count at the beginning.
    - ``desc``, ``unit``: what is counted, such as "dsprites/seed=0" and " steps".
    - ``hide``: show neither; ``look``: further arguments of tqdm.
    """
    hide = hide or silent()
    if in_notebook() and not hide:
        return Line(total, initial, desc, unit.strip())
    return tqdm(total=total, initial=initial, desc=desc, unit=unit, disable=hide, **look)


class Line:
    """One line of words in the output of a cell, replaced every few seconds and at the end.

    A bar would be read out sign by sign, and a text that is printed anew leaves a line for each time.
    """

    def __init__(self, total: int | None, initial: int, what: str, unit: str):
        self.total, self.initial, self.count, self.what, self.unit = total, initial, initial, what, unit
        self.form = "{:,}"
        if unit == "B":
            self.unit, self.form = "MB", "{:,.1f}"
        self.speed = ""  # in place of the time to go

    def __enter__(self):
        self.begun = self.told = time.monotonic()
        self.shown = sys.modules["IPython"].display.display(_Text(self._text()), display_id=True)
        return self

    def __exit__(self, *_):
        self.shown.update(_Text(self._text(ended=True)))

    def update(self, count: int = 1) -> None:
        """Count on; the line is replaced if it is EVERY seconds old."""
        self.count += count
        if time.monotonic() - self.told >= EVERY:
            self.told = time.monotonic()
            self.shown.update(_Text(self._text()))

    def set_postfix_str(self, speed: str, refresh: bool = False) -> None:
        """Give what the line says in place of the time to go, as of a bar of tqdm."""
        self.speed = speed

    def write(self, what: str) -> None:
        """Say something beside the line."""
        print(what, flush=True)

    def _text(self, ended: bool = False) -> str:
        gone, made = time.monotonic() - self.begun, self.count - self.initial
        count, total = (value and value / 1e6 if self.unit == "MB" else value for value in (self.count, self.total))
        of = f" of {self.form.format(total)}" if total else ""
        text = f"{self.what}: {self.form.format(count)}{of} {self.unit}"
        if ended:
            return f"{text} in {spoken(gone)}"
        if self.speed:
            return f"{text}; {self.speed}"
        return f"{text}, {spoken((self.total - self.count) * gone / made)} to go" if made and self.total else text


class _Text:
    """A text that a notebook shows as it is."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self):
        return self.text


def spoken(seconds: float) -> str:
    """A duration in words: "50 s", "3 min", "2.5 hours"."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5970 else f"{seconds / 3600:.1f} hours"


@contextmanager
def sweep(name: str, total: int, done: int) -> Iterator[Callable[[str], None]]:
    """Yield a function to call with the outcome of each model: a bar in a terminal, a line per model in a log."""
    begun, count = time.monotonic(), 0
    quiet, todo = silent(), total - done

    look = {"bar_format": "{desc}: {n_fmt} of {total_fmt} models |{bar}| {elapsed}{postfix}", "mininterval": 0}
    with bar(total, done, name, " models", **look) as shown:

        def show(what: str) -> None:
            nonlocal count
            count += 1
            speed = pace(3600 * count / max(time.monotonic() - begun, 1e-3), todo - count)
            if quiet:
                print(f"{count}/{todo} {what}; {speed}", flush=True)
            else:
                shown.set_postfix_str(speed, refresh=False)
                shown.update()
                if what.startswith("failed"):
                    shown.write(what)

        yield show


def note(what: str) -> None:
    """Say something beside the progress: above the bar in a terminal, on a line of its own in a log."""
    if silent():
        print(what, flush=True)
    else:
        tqdm.write(what)


def duration(seconds: float) -> str:
    """A time as a reader would say it: "40 s", "12 minutes", "3.4 hours", "2.1 days"."""
    unit, length = next((unit, length) for unit, length, most in UNITS if seconds <= most)
    number = seconds / length
    return f"{number:.1f} {unit}" if number < 9.95 else f"{number:,.0f} {unit}"


def pace(an_hour: float, left: int) -> str:
    """The speed, and when the remaining models will be finished."""
    hours = left / an_hour
    if hours > 24 * 30:
        when = f"{hours / 24:,.0f} days to go"
    else:
        end = time.localtime(time.time() + 3600 * hours)
        when = "ends " + time.strftime("%H:%M" if hours < 12 else "%a %d %b %H:%M", end)
    return f"{an_hour:.3g} models an hour, {when}"
