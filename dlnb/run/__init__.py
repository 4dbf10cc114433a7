"""From a study to rows: every model of a grid trained, scored and recorded, resumable after any interruption.

``python -m dlnb.run STUDY`` is the command (``sweep``). A ``worker`` does one cell; ``engines`` hand cells to the
processes of this machine or of a cluster; ``status`` says how far a study is, ``estimate`` what it will cost here. In
a notebook ``train(study)`` does it all.
"""

from dlnb.run.sweep import train

__all__ = ["train"]
