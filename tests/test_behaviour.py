"""Each method, trained for some seconds on simple images, lowers what its regularizer penalizes."""

import numpy as np
import pytest

from dlnb import data
from dlnb.metrics import total_correlation
from dlnb.models import training
from dlnb.models.methods import DIPVAE1, DIPVAE2, AnnealedVAE, BetaTCVAE, BetaVAE, FactorVAE

# Ellipses of one size and orientation at all places: two factors, learned within a few hundred updates.
PLACES = data.restrict(data.load("dsprites", size=32), shape=1, scale=5, orientation=0)
STEPS = 400
QUICK = {"steps": STEPS, "seed": 0, "batch": 32, "learning_rate": 1e-3}


class Trained:
    """A model after training, and codes of fresh images."""

    def __init__(self, method, **options):
        self.model = training.train(PLACES, method, **QUICK, **options)
        codes = training.encode(self.model, PLACES.sample(3_000, np.random.default_rng(1)))
        self.kl, self.mean, self.z = float(codes.kl.sum()), codes.mean, codes.draw(np.random.default_rng(2))

    def total_correlation(self):
        return total_correlation(self.z)["total_correlation"]

    def last(self, name):
        return float(self.model.history[name][-40:].mean())


def off_diagonal(codes):
    covariance = np.cov(codes, rowvar=False)
    return float(np.square(covariance - np.diag(np.diag(covariance))).sum())


def off_unit(codes):
    return float(np.square(codes.var(axis=0) - 1).sum())


@pytest.fixture(scope="module")
def plain():
    trained = Trained(BetaVAE(1))
    assert trained.last("reconstruction") < 0.5 * trained.model.history["reconstruction"][20], (
        "it has learned the images"
    )
    assert trained.total_correlation() > 0.2, "there is something to lower"
    return trained


def test_beta_vae_lowers_the_kl_divergence(plain):
    assert Trained(BetaVAE(8)).kl < 0.7 * plain.kl


def test_beta_tc_vae_lowers_the_total_correlation_of_the_sampled_code(plain):
    assert Trained(BetaTCVAE(8)).total_correlation() < 0.3 * plain.total_correlation()


def test_factor_vae_lowers_the_total_correlation_of_the_sampled_code(plain):
    # A narrow and quick critic: the study's needs more updates than this test can make.
    trained = Trained(FactorVAE(30), critic_width=128, critic_learning_rate=1e-3)
    assert trained.total_correlation() < 0.3 * plain.total_correlation()
    assert trained.last("critic") < np.log(2), "the critic tells more than a coin does"


def test_dip_vae_i_makes_the_covariance_of_the_means_the_identity(plain):
    trained = Trained(DIPVAE1(10))
    assert off_diagonal(trained.mean) < 0.2 * off_diagonal(plain.mean)
    assert off_unit(trained.mean) < 0.2 * off_unit(plain.mean)


def test_dip_vae_ii_makes_the_covariance_of_the_samples_the_identity(plain):
    trained = Trained(DIPVAE2(10))
    assert off_diagonal(trained.z) < 0.2 * off_diagonal(plain.z)
    assert off_unit(trained.z) < 0.2 * off_unit(plain.z)


@pytest.mark.parametrize("capacity", [12.0, pytest.param(2.0, marks=pytest.mark.slow)])
def test_annealed_vae_brings_the_kl_divergence_to_its_capacity(capacity):
    trained = Trained(AnnealedVAE(capacity, warm_up=STEPS / 4))
    assert abs(trained.last("kl") - capacity) < 1.0
