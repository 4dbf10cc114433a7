"""Scores of codes, all called alike: ``score(codes float [n, d], factors int [n, k], rng) -> {name: float}``.

Scores leave their arguments untouched, give the same value for the same ``rng``, and return finite numbers or raise a
ValueError that names the latent or factor at fault. Fits use the first two thirds of the rows and tests the last third
(10,000 and 5,000 of the study's sample); scores without a test use the first two thirds; BetaVAE and FactorVAE scores,
which draw thousands of batches from the sample, draw them from all rows. METRICS, the six of the study, and DOWNSTREAM
need the factors, UNSUPERVISED scores do not look at them.
"""

import inspect

import numpy as np

from dlnb import checks
from dlnb.metrics import rows
from dlnb.metrics.downstream import accuracies, downstream, statistical_efficiency
from dlnb.metrics.information import binned, mig, modularity, mutual_information
from dlnb.metrics.interventions import beta_vae_score, factor_vae_score
from dlnb.metrics.predictors import accuracies as accuracies_of_latents
from dlnb.metrics.predictors import areas, dci, explicitness, fit_trees, sap
from dlnb.metrics.unsupervised import average_mutual_information, total_correlation, udr, wasserstein_correlation

__all__ = ["DOWNSTREAM", "METRICS", "SCORES", "UNSUPERVISED", "measure", "score", "statistical_efficiency", "udr"]

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
BY_FACTOR = {"explicitness": areas, "downstream": accuracies}  # scores that are means over factors of these


def score(codes, factors, rng, names=tuple(SCORES), **options) -> dict[str, float]:
    """All scores of ``names``, keys of SCORES, in one dict; boosted trees that several need are fitted once.

    ``options`` are given to the scores that take them: ``boosting`` ("exact", "lightgbm", "scikit-learn"), ``solver``
    ("one_vs_rest", "multinomial"), ``sizes`` of the downstream task, ``points`` and ``batch`` of the interventions.
    A score has the same value whichever others are asked for. A score that fails raises an error that names it.
    """
    return measure(codes, factors, rng, names, **options)[0]


def measure(codes, factors, rng, names=tuple(SCORES), **options) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """What ``score`` returns, and of what it was made: arrays float [k] for each factor and [d, k] for each latent too.

    Of the downstream task and explicitness each factor's value, under the score's name; "information", mutual
    information in nats (MIG, Modularity); "importance" in boosted trees (DCI); "accuracy" of a support vector machine
    on one latent alone (SAP); "entropy" of each factor in nats.
    """
    checks.generator(rng, "score")
    names = (names,) if isinstance(names, str) else tuple(names)
    functions = {name: checks.choose(SCORES, name, "score") for name in names}
    taken = {name: set(inspect.signature(function).parameters) for name, function in SCORES.items()}
    known = dict.fromkeys(sorted(set().union(*taken.values()) - {"codes", "factors", "rng", "trees"}))
    for option in options:
        checks.choose(known, option, "option")
    forest, *streams = rng.spawn(1 + len(SCORES))
    streams = dict(zip(SCORES, streams, strict=True))
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
                found |= function(codes, factors, streams[name], **given)
        except ValueError as error:
            raise ValueError(str(error) if str(error).startswith(name) else f"{name}: {error}") from error
    return found, parts | _matrices(codes, factors, functions, options.get("trees"))


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
