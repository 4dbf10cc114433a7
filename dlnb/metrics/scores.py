"""The registry of scores, and several of them computed at once."""

import inspect
from collections.abc import Callable
from functools import partial

import numpy as np

from dlnb import checks, registry, study
from dlnb.metrics import rows
from dlnb.metrics.downstream import accuracies, downstream
from dlnb.metrics.information import binned, mig, modularity, mutual_information
from dlnb.metrics.interventions import beta_vae_score, factor_vae_score
from dlnb.metrics.predictors import accuracies as accuracies_of_latents
from dlnb.metrics.predictors import areas, dci, explicitness, fit_trees, sap
from dlnb.metrics.unsupervised import average_mutual_information, total_correlation, wasserstein_correlation
from dlnb.study import STANDARD

CODES = "mean", "sampled"  # of which studies compute unsupervised scores
METRICS = {
    "beta_vae_score": beta_vae_score,
    "factor_vae_score": factor_vae_score,
    "mig": mig,
    "modularity": modularity,
    "dci": dci,
    "sap": sap,
}
DOWNSTREAM = {"explicitness": explicitness, "downstream": downstream}
UNSUPERVISED = {
    "total_correlation": total_correlation,
    "average_mutual_information": average_mutual_information,
    "wasserstein_correlation": wasserstein_correlation,
}
SCORES = METRICS | DOWNSTREAM | UNSUPERVISED
OWN = frozenset(SCORES)
BY_FACTOR = {"explicitness": areas, "downstream": accuracies}  # scores that are means over factors of these


def score(codes, factors, rng, names=None, **options) -> dict[str, float]:
    """All scores of ``names``, keys of SCORES (None: all), in one dict; trees that several need are fitted once.

    ``options`` are given to the scores that take them: ``boosting`` ("exact", "lightgbm", "scikit-learn"), ``solver``
    ("one_vs_rest", "multinomial"), ``sizes`` of the downstream task, ``points`` and ``batch`` of the interventions.
    A score has the same value whichever others are asked for. A score that fails raises an error that names it.
    """
    return measure(codes, factors, rng, names, **options)[0]


def measure(codes, factors, rng, names=None, **options) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """What ``score`` returns, and of what it was made: arrays float [k] for each factor and [d, k] for each latent too.

    Of the downstream task and explicitness each factor's value, under the score's name; "information", mutual
    information in nats (MIG, Modularity); "importance" in boosted trees (DCI); "accuracy" of a support vector machine
    on one latent alone (SAP); "entropy" of each factor in nats.
    """
    checks.generator(rng, "score")
    names = SCORES if names is None else (names,) if isinstance(names, str) else tuple(names)
    functions = {name: checks.choose(SCORES, name, "score") for name in names}
    taken = {name: set(inspect.signature(function).parameters) for name, function in SCORES.items()}
    known = dict.fromkeys(sorted(set().union(*taken.values()) - {"codes", "factors", "rng", "trees"}))
    for option in options:
        checks.choose(known, option, "option")
    # What a reader registers takes its random numbers elsewhere, so that those of other scores stay as they are.
    forest, *streams = rng.spawn(1 + len(STANDARD))
    others = [name for name in SCORES if name not in STANDARD]
    streams = dict(zip((*STANDARD, *others), (*streams, *forest.spawn(len(others))), strict=True))
    if {"dci", "downstream"} & set(names):
        options = options | {"trees": fit_trees(codes, factors, forest, options.get("boosting", "exact"))}
    found, parts = {}, {}
    for name, function in functions.items():
        given = {key: value for key, value in options.items() if key in taken[name]}
        try:
            if name in BY_FACTOR:
                each = BY_FACTOR[name](codes, factors, streams[name], **given)
                parts |= each
                found |= {key: float(np.mean(values)) for key, values in each.items()}
            else:
                found |= _numbers(name, function(codes, factors, streams[name], **given))
        except ValueError as error:
            raise ValueError(str(error) if str(error).startswith(name) else f"{name}: {error}") from error
    return found, parts | _matrices(codes, factors, functions, options.get("trees"))


def _numbers(name: str, found) -> dict[str, float]:
    if not isinstance(found, dict) or not all(np.isfinite(value) for value in found.values()):
        raise ValueError(f"{name} must return finite numbers by their names, not {found!r}")
    return found


def _matrices(codes, factors, names, trees) -> dict[str, np.ndarray]:
    fit, found = rows.fit_rows(len(codes)), {}
    if {"mig", "modularity"} & names.keys():
        codes_fit, factors_fit = checks.labelled_codes(codes, factors)
        codes_fit, factors_fit = codes_fit[fit], factors_fit[fit]
        found["information"] = mutual_information(binned(codes_fit), factors_fit)
        found["entropy"] = np.diag(mutual_information(factors_fit, factors_fit))
    if "dci" in names:
        found["importance"] = trees.importance
    if "sap" in names:
        found["accuracy"] = accuracies_of_latents(codes, factors)
    return found


def register(name: str, function: Callable, *, columns: tuple[str, ...] = (), unsupervised: bool = False) -> None:
    """Make a score of yours known by ``name``: to ``score``, to studies that name it, and to the table.

    ``function(codes, factors, rng) -> {column: number}`` keeps the rules at the top of ``dlnb.metrics``; ``columns``
    are what it returns (default: ``name``). An ``unsupervised`` one does not look at the factors; studies compute it
    for mean and sampled codes, in columns that end in ``_mean`` and ``_sampled``. The same name again replaces what you
    registered before. Raises ValueError for the name of a score of the package, and if ``function`` is none.
    """
    registry.name_of(name, "score", OWN)
    if not callable(function):
        raise ValueError(f"a score must be a function of codes, factors and rng, not {function!r}")
    names = tuple(columns) or (name,)
    for family in (DOWNSTREAM, UNSUPERVISED):
        family.pop(name, None)
    (UNSUPERVISED if unsupervised else DOWNSTREAM)[name] = SCORES[name] = function
    study.SCORES[name] = tuple(f"{n}_{kind}" for n in names for kind in CODES) if unsupervised else names
    again = partial(register, columns=columns, unsupervised=unsupervised)
    registry.remember("score", name, again, function)
