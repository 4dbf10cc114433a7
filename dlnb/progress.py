"""Where progress bars are shown."""

import os
import sys

BUILDING = "DLNB_BOOK"  # environment variable that is set while the book is built


def silent() -> bool:
    """Bars are for terminals and Colab; a built book and a log file want none."""
    return bool(os.environ.get(BUILDING)) or not (sys.stderr.isatty() or "google.colab" in sys.modules)
