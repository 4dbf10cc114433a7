"""Scores of codes, all called as ``score(codes float [n, d], factors int [n, k], rng) -> {name: float}``.

Scores do not modify their arguments, return the same value for the same state of ``rng`` (several at once, by
``score``: for the same seed and number of calls), and either return finite numbers or raise a ValueError that names the
latent or factor at fault. Classifiers are trained on the first two thirds of the rows and tested on the last third
(10,000 and 5,000 of the study's sample; at least 3 rows); scores without a test use the first two thirds; the BetaVAE
and FactorVAE scores draw thousands of batches from all rows. METRICS (the six scores of the study), DOWNSTREAM and
LITERATURE (five that are not in the study) need the factors; UNSUPERVISED scores ignore them.

Rows must be in random order, and factors have several rows of each class: ``quantile_classes`` makes classes of
measurements, and ``measured`` has scores that take them as they are. A score that may mislead, for fewer than 50 rows
or latents squeezed into few bins, comes with a warning.

``interventions`` has the BetaVAE and FactorVAE scores, ``information`` MIG and Modularity, ``predictors`` DCI, SAP and
explicitness, on ``trees`` (``exact``) and ``linear`` classifiers; ``downstream`` the task of section 5.5,
``unsupervised`` the scores without factors, ``literature`` those that are not in the study, ``classes`` and ``rows``
what all require of a sample, ``scores`` the registry and several scores at once.
"""

from dlnb.metrics import measured
from dlnb.metrics.classes import quantile_classes
from dlnb.metrics.downstream import downstream, statistical_efficiency
from dlnb.metrics.information import mig, modularity
from dlnb.metrics.interventions import beta_vae_score, factor_vae_score
from dlnb.metrics.literature import dcimig, info, irs, jemmig, mig_sup
from dlnb.metrics.predictors import dci, explicitness, sap
from dlnb.metrics.scores import DOWNSTREAM, LITERATURE, METRICS, SCORES, UNSUPERVISED, measure, register, score
from dlnb.metrics.unsupervised import average_mutual_information, total_correlation, udr, wasserstein_correlation

__all__ = [
    "DOWNSTREAM",
    "LITERATURE",
    "METRICS",
    "SCORES",
    "UNSUPERVISED",
    "average_mutual_information",
    "beta_vae_score",
    "dci",
    "dcimig",
    "downstream",
    "explicitness",
    "factor_vae_score",
    "info",
    "irs",
    "jemmig",
    "measure",
    "measured",
    "mig",
    "mig_sup",
    "modularity",
    "quantile_classes",
    "register",
    "sap",
    "score",
    "statistical_efficiency",
    "total_correlation",
    "udr",
    "wasserstein_correlation",
]
