"""When to show progress bars, and the progress of a whole sweep."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

UNITS = ("s", 1, 100), ("minutes", 60, 6_000), ("hours", 3_600, 172_800), ("days", 86_400, float("inf"))  # in seconds
BUILDING = "DLNB_BOOK"  # environment variable that is set while the book is built


def silent() -> bool:
    """Whether to hide progress bars: they are for terminals and Colab, not for a book being built or a log file."""
    return bool(os.environ.get(BUILDING)) or not (sys.stderr.isatty() or "google.colab" in sys.modules)


@contextmanager
def sweep(name: str, total: int, done: int) -> Iterator[Callable[[str], None]]:
    """Yield a function to call with the outcome of each model: a bar in a terminal, a line per model in a log."""
    begun, count = time.monotonic(), 0
    quiet, todo = silent(), total - done

    look = {"bar_format": "{desc}: {n_fmt} of {total_fmt} models |{bar}| {elapsed}{postfix}", "mininterval": 0}
    with tqdm(total=total, initial=done, desc=name, disable=quiet, **look) as bar:

        def show(what: str) -> None:
            nonlocal count
            count += 1
            speed = pace(3600 * count / max(time.monotonic() - begun, 1e-3), todo - count)
            if quiet:
                print(f"{count}/{todo} {what}; {speed}", flush=True)
            else:
                bar.set_postfix_str(speed, refresh=False)
                bar.update()
                if what.startswith("failed"):
                    bar.write(what)

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
