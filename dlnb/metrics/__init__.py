"""Scores of codes, all called alike: ``score(codes float [n, d], factors int [n, k], rng) -> {name: float}``.

Scores leave their arguments untouched, give the same value for the same ``rng``, and return finite numbers or raise a
ValueError that names the latent or factor at fault. Fits use the first two thirds of the rows and tests the last third
(10,000 and 5,000 of the study's sample); scores without a test use the first two thirds; BetaVAE and FactorVAE scores,
which draw thousands of batches from the sample, draw them from all rows. METRICS, the six of the study, and DOWNSTREAM
need the factors, UNSUPERVISED scores do not look at them.
"""

import inspect

from dlnb import checks
from dlnb.metrics.downstream import downstream, statistical_efficiency
from dlnb.metrics.information import mig, modularity
from dlnb.metrics.interventions import beta_vae_score, factor_vae_score
from dlnb.metrics.predictors import dci, explicitness, fit_trees, sap
from dlnb.metrics.unsupervised import average_mutual_information, total_correlation, udr, wasserstein_correlation

__all__ = ["DOWNSTREAM", "METRICS", "SCORES", "UNSUPERVISED", "score", "statistical_efficiency", "udr"]

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


def score(codes, factors, rng, names=tuple(SCORES), **options) -> dict[str, float]:
    """All scores of ``names``, keys of SCORES, in one dict; boosted trees that several need are fitted once.

    ``options`` are given to the scores that take them: ``boosting`` ("lightgbm", "scikit-learn"), ``solver``
    ("one_vs_rest", "multinomial"), ``sizes`` of the downstream task, ``points`` and ``batch`` of the interventions.
    A score has the same value whichever others are asked for. One that cannot be had raises its error, with its name.
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
        options = options | {"trees": fit_trees(codes, factors, forest, options.get("boosting", "lightgbm"))}
    found = {}
    for name, function in functions.items():
        given = {key: value for key, value in options.items() if key in taken[name]}
        try:
            found |= function(codes, factors, streams[name], **given)
        except ValueError as error:
            raise ValueError(str(error) if str(error).startswith(name) else f"{name}: {error}") from error
    return found
