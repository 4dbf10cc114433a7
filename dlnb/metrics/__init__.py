"""Scores of codes, all called alike: ``score(codes float [n, d], factors int [n, k], rng) -> {name: float}``.

Scores leave their arguments untouched, give the same value for the same ``rng``, and return finite numbers or raise a
ValueError that names the latent or factor at fault. Fits use the first two thirds of the rows and tests the last third
(10,000 and 5,000 of the study's sample); scores without a test use the first two thirds. METRICS need the factors,
UNSUPERVISED scores do not look at them.
"""

from dlnb.metrics.information import mig
from dlnb.metrics.unsupervised import average_mutual_information, total_correlation

METRICS = {"mig": mig}
UNSUPERVISED = {"total_correlation": total_correlation, "average_mutual_information": average_mutual_information}
