"""From images to a trained model: networks, losses, the six methods, and the loop that trains them.

``train`` takes a ``data.DataSet`` and a method such as ``BetaVAE(beta=4)`` and returns a ``Model``; ``encode`` returns
the model's codes of images as a ``Representation``. Only this folder, and what builds on it (``run`` and two of the
lessons), imports TensorFlow.
"""

from dlnb.models import devices, losses, networks
from dlnb.models.backend import GPUS
from dlnb.models.devices import device
from dlnb.models.methods import (
    DIPVAE1,
    DIPVAE2,
    METHODS,
    UPDATES,
    AdaGVAE,
    AnnealedVAE,
    BetaTCVAE,
    BetaVAE,
    FactorVAE,
    Method,
    Posterior,
    register,
    rescaled,
)
from dlnb.models.model import Model
from dlnb.models.pace import seconds_an_update
from dlnb.models.snapshot import Snapshot
from dlnb.models.training import decode, encode, evaluate, generator, train, traverse
from dlnb.study import Sweep, Training

__all__ = [
    "DIPVAE1",
    "DIPVAE2",
    "GPUS",
    "METHODS",
    "UPDATES",
    "AdaGVAE",
    "AnnealedVAE",
    "BetaTCVAE",
    "BetaVAE",
    "FactorVAE",
    "Method",
    "Model",
    "Posterior",
    "Snapshot",
    "Sweep",
    "Training",
    "decode",
    "device",
    "encode",
    "evaluate",
    "generator",
    "losses",
    "networks",
    "register",
    "rescaled",
    "seconds_an_update",
    "train",
    "traverse",
]

devices.set_up()  # before TensorFlow starts a GPU
