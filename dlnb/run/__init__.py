"""From a study to rows: every model of a grid trained, scored and recorded, resumable after any interruption.

``python -m dlnb.run STUDY`` is the command (``sweep``). A ``worker`` runs one cell; ``engines`` distribute cells over
the processes of this machine, ``cluster`` over those of a Dask cluster; ``status`` reports the progress of a study,
``estimate`` its cost on this device. In a notebook, ``train(study)`` runs all of it and ``rescore(study)`` scores it
again; ``measure_model`` makes the row of a single model that was trained there.
"""

from dlnb.run.single import measure_model
from dlnb.run.sweep import rescore, train
from dlnb.run.worker import method_of

__all__ = ["measure_model", "method_of", "rescore", "train"]
