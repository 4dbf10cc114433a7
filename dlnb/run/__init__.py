"""From a study to rows: every model of a grid trained, scored and recorded, resumable after any interruption.

``python -m dlnb.run STUDY`` is the command (``sweep``). A ``worker`` runs one cell; ``engines`` distribute cells over
the processes of this machine, ``cluster`` over those of a Dask cluster; ``status`` reports the progress of a study,
``estimate`` its cost on this device. In a notebook, ``train(study)`` runs all of it.
"""

from dlnb.run.sweep import train

__all__ = ["train"]
