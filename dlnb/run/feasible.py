"""Whether a study can be run: its data sets are there, and their factors and its sample fit its scores."""

from collections.abc import Iterable, Mapping

import numpy as np

from dlnb import checks, data, metrics
from dlnb.metrics import interventions, rows
from dlnb.study import Study

# Scores that compare factors.
FACTORS = ("beta_vae_score", "factor_vae_score", "modularity", "dci", "dcimig", "mig_sup", "info")
OF_A_CLASS = {"beta_vae_score": 2, "factor_vae_score": max(2, interventions.BATCH // 2)}  # images that they need


def check(study: Study, names: Iterable[str]) -> None:
    """Raise ValueError if a data set in ``names`` is not registered or no sample of it could be scored.

    Published files are not opened: they may be on the machines of the workers only.
    """
    for name in names:
        makers = _registered(name)
        checks.choose(makers, study.source, f"source of {name}")
        _fits(study, name, data.load(name, "rendered", study.size).sizes)


def check_sample(study: Study, data_set, factors: np.ndarray) -> None:
    """Raise ValueError if the factors int [n, k] of the images that will be scored lack rows of a class."""
    first = factors[rows.fit_rows(len(factors))]
    for factor, labels, fitted in zip(data_set.factor_names, factors.T, first.T, strict=True):
        if _supervised(study) and len(fitted) and np.ptp(fitted) == 0:
            raise ValueError(f"all images that are fitted have the same {factor}: the study needs a larger sample")
        values, counts = np.unique(labels, return_counts=True)
        for score, least in OF_A_CLASS.items():
            if score in study.scores and counts.min() < least:
                given = f"{counts.min()} of {len(labels):,} in {factor} {values[counts.argmin()]}"
                raise ValueError(f"{score} needs {least} images of every class, not {given}: the sample is too small")


def _registered(name: str) -> Mapping:
    try:
        return checks.choose(data.DATA_SETS, name, "data set")
    except ValueError as error:
        raise ValueError(f"{error}; register one of your own first: dlnb.data.register(name, make)") from None


def _supervised(study: Study) -> list[str]:
    return [score for score in study.scores if score not in metrics.UNSUPERVISED]


def _fits(study: Study, name: str, sizes: Mapping[str, int]) -> None:
    if len(sizes) < 2 and (some := [score for score in FACTORS if score in study.scores]):
        raise ValueError(f"{some[0]} compares factors, but {name} has one: leave the score or the data set out")
    if (single := [factor for factor, size in sizes.items() if size < 2]) and (some := _supervised(study)):
        raise ValueError(f"{some[0]} needs factors that vary, but {single[0]} of {name} has one class: leave it out")
    most = max(sizes, key=sizes.get)
    for score, least in OF_A_CLASS.items():
        if score in study.scores and study.sample < least * sizes[most]:
            needed = f"{least * sizes[most]:,}, {least} for each of {sizes[most]} classes of {most}"
            raise ValueError(f"sample is {study.sample:,}, but {score} needs more than {needed} in {name}")
