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


@pytest.mark.parametrize("weight", [None, "1", float("nan"), float("inf")])
def test_the_toy_has_a_finite_weight(weight):
    with pytest.raises(ValueError, match="weight must be a number"):
        LinearGaussian(weight, 1.0)


@pytest.mark.parametrize("noise", [None, "1", 0, -1.0, float("inf")])
def test_the_toy_has_noise_above_0(noise):
    with pytest.raises(ValueError, match="noise must be a number above 0"):
        LinearGaussian(1.0, noise)


@pytest.mark.parametrize("wrong", [None, "x", float("nan"), np.array([0.0, np.inf])])
def test_arguments_are_finite_numbers(wrong):
    calls = [TOY.log_prior, TOY.evidence, TOY.posterior, TOY.maximum_likelihood, lambda z: TOY.log_likelihood(0.0, z)]
    calls += [lambda m: TOY.kl(m, 1.0), lambda d: TOY.kl(0.0, d), lambda d: TOY.elbo(0.0, 0.0, d)]
    for call in calls:
        with pytest.raises(ValueError, match=r"must be (finite|an array of numbers)"):
            call(wrong)


def test_deviations_are_above_0_and_a_weight_of_0_tells_nothing():
    for call in (TOY.kl, lambda m, d: TOY.reconstruction(0.0, m, d)):
        for wrong in (0, -1.0, np.array([1.0, 0.0])):
            with pytest.raises(ValueError, match="deviation must be above 0"):
                call(0.0, wrong)
    with pytest.raises(ValueError, match="says nothing about z if the weight is 0"):
        LinearGaussian(0.0, 1.0).maximum_likelihood(1.0)
    assert LinearGaussian(0.0, 1.0).posterior(1.0) == (0.0, 1.0)
