"""How models are trained, and what a study may ask for: the checks of both."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from dlnb import checks, registry

SIDES = 32, 64, 128  # pixels, for which there are networks (dlnb.models.networks)
SOURCES = {"rendered": SIDES, "original": SIDES[:2]}  # with the sides that a data set can have
FITTING = {"boosting": ("exact", "lightgbm", "scikit-learn"), "solver": ("one_vs_rest", "multinomial")}  # dlnb.metrics
PAIRS = ("mig", "dci", "sap", "average_mutual_information", "jemmig", "info")  # scores that compare latents
FOLDS = 5  # of the cross-validation in the downstream task


@dataclass(frozen=True)
class Training:
    """How models are trained, apart from data set, method and seed. The defaults are the study's (paper, Table 4).

    - ``steps``: updates by Adam at ``learning_rate``, each on ``batch`` new images.
    - ``latents``: number of latents of the code.
    - ``kernels``: of the encoder's last two convolutions, as in the original "code" (2 x 2) or the "paper" (4 x 4).
    - ``precision``: of the arithmetic, "float32" or "bfloat16" (see ``dlnb.models.networks``).
    - ``critic_width``, ``critic_learning_rate``: of FactorVAE's critic (discriminator), updated with the VAE on the
      same batch.
    - ``reconstruction_weight``: factor of the reconstruction in the loss, but not in what is recorded. 4 at 32 x 32
      gives it the same weight as at 64 x 64, where the sum has four times as many pixels.

    Raises ValueError if a number is not positive, or not whole where it must be.
    """

    steps: int
    batch: int = 64
    latents: int = 10
    learning_rate: float = 1e-4
    kernels: str = "code"
    precision: str = "float32"
    critic_width: int = 1_000
    critic_learning_rate: float = 1e-4
    reconstruction_weight: float = 1.0

    def __post_init__(self):
        for name in ("steps", "batch", "latents", "critic_width"):
            object.__setattr__(self, name, checks.whole(getattr(self, name), name, below=2**31))
        for name, known in {"kernels": ("code", "paper"), "precision": ("float32", "bfloat16")}.items():
            checks.choose(dict.fromkeys(known), getattr(self, name), name)
        for name in ("learning_rate", "critic_learning_rate", "reconstruction_weight"):
            object.__setattr__(self, name, checks.number(getattr(self, name), name, above=True))


PROTOCOL = tuple(field.name for field in fields(Training))


def several(values, what: str, of: str, each: Callable) -> tuple:
    """``each(value)`` of every one of ``values``, which must differ; ``of``: the name of the study."""
    if not isinstance(values, tuple | list | range | np.ndarray) or np.ndim(values) > 1:
        raise ValueError(f"{what} of a study must be a tuple, such as ({values!r},), not {values!r}")
    values = tuple(each(value) for value in values)
    if not values and what not in ("scores", "labels"):
        raise ValueError(f"the study {of} has no {what}: name at least one")
    if len(set(values)) < len(values):
        raise ValueError(f"the study {of} repeats a {what.removesuffix('s').replace('_', ' ')}: {checks.shown(values)}")
    return values


def check(study) -> dict:
    """The fields of a ``Study`` as it keeps them. Raises ValueError for one with which no model could be finished.

    What depends on the methods and scores that a reader may add is checked by the study itself, and whether its data
    sets are there and fit its scores, before the first model is trained (``dlnb.run``).
    """
    name = registry.name_of(study.name, "study", ())

    def text(value):
        return checks.instance(value, str, "each entry", "a name")

    def of_kind(what, minimum, below=2**31):
        return lambda value: checks.whole(value, f"each of {what}", minimum, below)

    entries = {
        "data_sets": lambda value: registry.name_of(value, "data set", ()),
        **dict.fromkeys(("methods", "scores"), text),
        "seeds": of_kind("seeds", 0, 2**63),
        "labels": of_kind("labels", FOLDS),
        "strengths": of_kind("strengths, positions in a sweep,", 0),
    }
    if study.strengths is None:
        del entries["strengths"]
    found = {what: several(getattr(study, what), what, name, each) for what, each in entries.items()}
    checks.instance(study.training, Training, "training", "a Training, such as Training(steps=10_000)")
    sides = checks.choose(SOURCES, study.source, "source")
    if checks.whole(study.size, "size") not in sides:
        given = f"{study.source} images of {' or '.join(map(str, sides))} pixels"
        raise ValueError(f"size must be that of {given}, not {checks.shown(study.size)}")
    for each, known in FITTING.items():
        checks.choose(dict.fromkeys(known), getattr(study, each), each)
    checks.number(study.annealed_gamma, "annealed_gamma")  # kept as it is, since rows tell the objective in words
    checks.flag(study.factor_vae_halved, "factor_vae_halved")
    if study.factor_vae_halved and study.training.steps < 2:
        raise ValueError("factor_vae_halved trains FactorVAE for half of the steps: give at least 2")
    found |= {each: checks.whole(getattr(study, each), each, below=2**31) for each in ("size", "sample", "evaluation")}
    _check_sample(found["sample"], study.training.latents, found["scores"], found["labels"])
    return found


def _check_sample(sample: int, latents: int, scores: tuple[str, ...], labels: tuple[int, ...]) -> None:
    """Raise ValueError if there are too few rows, or latents, for a score, whatever the data set."""
    if latents < 2 and (pairs := [score for score in PAIRS if score in scores]):
        raise ValueError(f"{pairs[0]} compares latents: it needs a Training with latents=2 or more")
    fit = {"every score": 2} if scores else {}
    fit |= {f"the total correlation of {latents} latents": latents + 1} if "total_correlation" in scores else {}
    if "downstream" in scores:
        if not labels:
            raise ValueError("the score downstream needs labels, numbers of labelled images such as (100, 1_000)")
        fit[f"the downstream task with {max(labels):,} labels"] = max(labels)
    for what, least in fit.items():
        if 2 * sample // 3 < least:
            needed = -(-3 * least // 2)
            raise ValueError(f"sample is {sample:,}, but {what} needs {needed:,} images: two thirds are fitted")
