import numpy as np
import pytest

from dlnb.backend import tf, tfp
from dlnb.losses import bernoulli_nll, gaussian_kl

tfd = tfp.distributions


def random(*shape, scale=1.0, seed=0):
    return scale * np.random.default_rng(seed).standard_normal(shape)


def pixels(*shape):
    return np.random.default_rng(1).uniform(size=shape)


def test_bernoulli_nll_is_minus_the_log_probability_of_tfp():
    images, logits = np.round(pixels(5, 4, 6, 3)), random(5, 4, 6, 3, scale=3.0)
    law = tfd.Independent(tfd.Bernoulli(logits=logits, dtype=tf.float64), reinterpreted_batch_ndims=3)
    expected = -law.log_prob(images).numpy().mean()
    assert expected > 10
    assert bernoulli_nll(images, logits).numpy() == pytest.approx(expected, rel=1e-6)  # TFP takes float32


def test_bernoulli_nll_takes_grey_pixels_as_they_are():
    images, logits = pixels(5, 4, 6, 3), random(5, 4, 6, 3)
    p = 1 / (1 + np.exp(-logits))
    expected = -(images * np.log(p) + (1 - images) * np.log(1 - p)).sum(axis=(1, 2, 3)).mean()
    assert bernoulli_nll(images, logits).numpy() == pytest.approx(expected, rel=1e-12)


def test_bernoulli_nll_of_a_fair_coin_is_log_2_a_pixel():
    images = pixels(3, 8, 8, 2).astype(np.float32)
    loss = bernoulli_nll(images, np.zeros_like(images)).numpy()
    assert loss == pytest.approx(8 * 8 * 2 * np.log(2), rel=1e-6)


def test_bernoulli_nll_of_certainty_is_zero_if_right_and_the_logit_if_wrong():
    # log(1 + exp(1000)) = 1000 without overflow.
    images = np.zeros((1, 1, 2, 1), np.float32)
    assert bernoulli_nll(images, np.full_like(images, -1000.0)).numpy() == 0.0
    assert bernoulli_nll(images, np.full_like(images, 1000.0)).numpy() == 2000.0


def test_gaussian_kl_is_that_of_tfp():
    mean, logvar = random(7, 4, scale=2.0), random(7, 4, seed=2)
    q = tfd.MultivariateNormalDiag(mean, np.exp(logvar / 2))
    p = tfd.MultivariateNormalDiag(np.zeros(4), np.ones(4))
    expected = tfd.kl_divergence(q, p).numpy().mean()
    assert expected > 1
    assert gaussian_kl(mean, logvar).numpy() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("mean", "variance", "expected"),
    [
        (0.0, 1.0, 0.0),  # q is p
        (3.0, 1.0, 4.5),  # mean^2 / 2
        (0.0, 4.0, 0.8068528),  # (4 - 1 - log 4) / 2 = (3 - 1.3862944) / 2
        (1.0, 0.25, 0.8181472),  # (1 + .25 - 1 + log 4) / 2 = (.25 + 1.3862944) / 2
    ],
)
def test_gaussian_kl_of_a_single_latent_by_hand(mean, variance, expected):
    assert gaussian_kl(np.array([[mean]]), np.log([[variance]])).numpy() == pytest.approx(expected, abs=1e-6)


def test_losses_sum_over_an_image_and_average_over_the_batch():
    # Two images: latents with KL 4.5 + 0.5 and 0 + 0, so (5 + 0) / 2.
    mean = np.array([[3.0, 1.0], [0.0, 0.0]])
    assert gaussian_kl(mean, np.zeros((2, 2))).numpy() == pytest.approx(2.5)
    # Two images of two pixels: certain and wrong in one pixel of the first, certain and right elsewhere: (40 + 0) / 2.
    logits = np.array([[[[40.0], [-40.0]]], [[[-40.0], [-40.0]]]])
    assert bernoulli_nll(np.zeros((2, 1, 2, 1)), logits).numpy() == pytest.approx(20.0)


def test_leading_axes_are_models_side_by_side():
    images, logits = pixels(2, 3, 5, 4, 4, 1), random(2, 3, 5, 4, 4, 1)
    mean, logvar = random(2, 3, 5, 6), random(2, 3, 5, 6, seed=2)
    nll, kl = bernoulli_nll(images, logits).numpy(), gaussian_kl(mean, logvar).numpy()
    assert nll.shape == kl.shape == (2, 3)
    for i in np.ndindex(2, 3):
        assert nll[i] == pytest.approx(bernoulli_nll(images[i], logits[i]).numpy())
        assert kl[i] == pytest.approx(gaussian_kl(mean[i], logvar[i]).numpy())


def test_losses_keep_the_precision_of_their_arguments():
    for kind in (np.float32, np.float64):
        assert bernoulli_nll(pixels(1, 2, 2, 1).astype(kind), random(1, 2, 2, 1).astype(kind)).dtype == kind
        assert gaussian_kl(random(1, 2).astype(kind), random(1, 2).astype(kind)).dtype == kind


@pytest.mark.parametrize("latent", ["mean", "logvar"])
def test_gradients_of_the_kl_are_those_of_finite_differences(latent):
    values = {"mean": random(3, 2), "logvar": random(3, 2, seed=2)}
    exact, numerical = tf.test.compute_gradient(lambda x: gaussian_kl(**(values | {latent: x})), [values[latent]])
    assert np.abs(exact[0]).max() > 0.1
    np.testing.assert_allclose(exact[0], numerical[0], atol=1e-5)


def test_gradients_of_the_reconstruction_are_those_of_finite_differences():
    images, logits = pixels(2, 3, 3, 1), random(2, 3, 3, 1)
    exact, numerical = tf.test.compute_gradient(lambda x: bernoulli_nll(images, x), [logits])
    assert np.abs(exact[0]).max() > 0.1
    np.testing.assert_allclose(exact[0], numerical[0], atol=1e-5)
