"""The toy model against numerical integration and TFP."""

import numpy as np
import pytest
from scipy.integrate import quad

from dlnb.lessons.toy import LinearGaussian

TOY = LinearGaussian(weight=1.5, noise=0.7)


@pytest.mark.parametrize("x", [-2.0, 0.3, 1.7])
def test_evidence_and_posterior_are_those_of_numerical_integration(x):
    def joint(z):
        return np.exp(TOY.log_prior(z) + TOY.log_likelihood(x, z))

    evidence = quad(joint, -12, 12, points=[x])[0]
    mean = quad(lambda z: z * joint(z), -12, 12, points=[x])[0] / evidence
    square = quad(lambda z: z**2 * joint(z), -12, 12, points=[x])[0] / evidence
    assert TOY.evidence(x) == pytest.approx(np.log(evidence))
    assert TOY.posterior(x) == pytest.approx((mean, np.sqrt(square - mean**2)))


def test_maximum_likelihood_is_the_peak_of_the_likelihood():
    z = np.linspace(-3, 3, 60_001)
    assert z[TOY.log_likelihood(1.7, z).argmax()] == pytest.approx(TOY.maximum_likelihood(1.7), abs=1e-4)


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (0.9, 0.3), (-1.2, 2.0)])
def test_bound_is_the_expectation_it_stands_for_and_misses_the_evidence_by_the_divergence(mean, deviation):
    x, (centre, width) = 1.7, TOY.posterior(1.7)

    def expected(values):
        def weighted(z):
            return np.exp(-0.5 * ((z - mean) / deviation) ** 2) / (deviation * np.sqrt(2 * np.pi)) * values(z)

        return quad(weighted, mean - 12 * deviation, mean + 12 * deviation)[0]

    assert TOY.reconstruction(x, mean, deviation) == pytest.approx(-expected(lambda z: TOY.log_likelihood(x, z)))
    # KL between two normal laws in closed form
    gap = np.log(width / deviation) + (deviation**2 + (mean - centre) ** 2) / (2 * width**2) - 0.5
    assert TOY.elbo(x, mean, deviation) == pytest.approx(TOY.evidence(x) - gap)


def test_bound_touches_the_evidence_at_the_posterior():
    assert TOY.elbo(1.7, *TOY.posterior(1.7)) == pytest.approx(TOY.evidence(1.7))
