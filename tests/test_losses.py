import numpy as np
import pytest

from dlnb.models.backend import tf, tfp
from dlnb.models.losses import (
    bernoulli_nll,
    covariance,
    critic_loss,
    critic_total_correlation,
    dip_penalty,
    gaussian_kl,
    minibatch_total_correlation,
)

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


# Total correlation within a batch, covariances, and the critic


def test_minibatch_total_correlation_by_brute_force():
    z, mean, logvar = random(6, 3, scale=2.0), random(6, 3, seed=2), random(6, 3, seed=3)
    laws = [tfd.Normal(mean[i], np.exp(logvar[i] / 2)) for i in range(6)]
    total = 0.0
    for one in z:
        densities = np.array([law.prob(one).numpy() for law in laws])  # [posterior, latent]
        total += np.log(densities.prod(axis=1).sum()) - np.log(densities.sum(axis=0)).sum()
    assert abs(total / 6) > 0.5
    assert minibatch_total_correlation(z, mean, logvar).numpy() == pytest.approx(total / 6, rel=1e-10)


def test_minibatch_total_correlation_of_equal_posteriors_is_the_documented_offset():
    # All posteriors are one law: log b + log q(z) - sum (log b + log q(z_l)) = (1 - d) log b.
    value = minibatch_total_correlation(random(8, 5), np.zeros((8, 5)), np.zeros((8, 5))).numpy()
    assert value == pytest.approx(-4 * np.log(8), rel=1e-10)


def test_minibatch_total_correlation_of_one_latent_is_zero():
    assert minibatch_total_correlation(random(8, 1), random(8, 1), random(8, 1)).numpy() == pytest.approx(0, abs=1e-12)


def test_covariance_divides_by_the_size_of_the_batch():
    x = random(7, 4, scale=3.0)
    np.testing.assert_allclose(covariance(x), np.cov(x, rowvar=False, bias=True), rtol=1e-10)
    np.testing.assert_allclose(covariance(x + 100), covariance(x), rtol=1e-8)


def test_dip_penalty_worked_out_by_hand():
    # Off the diagonal 2 * (0.5^2) = 0.5; on it (2 - 1)^2 + (0.5 - 1)^2 = 1.25.
    cov = np.array([[2.0, 0.5], [0.5, 0.5]])
    assert dip_penalty(cov, off_diagonal=10.0, diagonal=4.0).numpy() == pytest.approx(5 + 5)
    assert dip_penalty(np.eye(3), 10.0, 100.0).numpy() == 0


def test_critic_terms_worked_out_by_hand():
    # Odds of 3:1, 1:1 and 1:2 for a joint draw.
    joint, product = np.log([[3.0, 1.0], [1.0, 1.0]]), np.log([[1.0, 2.0], [1.0, 1.0]])
    assert critic_total_correlation(joint).numpy() == pytest.approx(np.log(3) / 2)
    expected = -0.5 * ((np.log(3 / 4) + np.log(1 / 2)) / 2 + (np.log(2 / 3) + np.log(1 / 2)) / 2)
    assert critic_loss(joint, product).numpy() == pytest.approx(expected)
    assert critic_loss(np.zeros((5, 2)), np.zeros((5, 2))).numpy() == pytest.approx(np.log(2))


def test_a_perfect_critic_knows_the_total_correlation():
    # For a pair of normal latents with correlation r it is -log(1 - r^2) / 2, the mean log odds of joint to product.
    r, draws = 0.8, 200_000
    z = np.random.default_rng(5).multivariate_normal([0, 0], [[1, r], [r, 1]], draws)
    joint = tfd.MultivariateNormalFullCovariance([0.0, 0.0], [[1, r], [r, 1]]).log_prob(z).numpy()
    product = tfd.Normal(0.0, 1.0).log_prob(z).numpy().sum(axis=1)
    value = critic_total_correlation(np.stack([joint, product], axis=1)).numpy()
    assert value == pytest.approx(-np.log(1 - r**2) / 2, rel=0.02)


LOSSES = {
    "bernoulli_nll": lambda x: bernoulli_nll(pixels(2, 3, 3, 1), tf.reshape(x[:18], (2, 3, 3, 1))),
    "gaussian_kl": lambda x: gaussian_kl(tf.reshape(x[:12], (4, 3)), tf.reshape(x[12:24], (4, 3))),
    "minibatch_total_correlation": lambda x: minibatch_total_correlation(*tf.unstack(tf.reshape(x, (3, 4, 3)))),
    "dip_penalty": lambda x: dip_penalty(covariance(tf.reshape(x, (12, 3))), 2.0, 5.0),
    "critic_total_correlation": lambda x: critic_total_correlation(tf.reshape(x, (18, 2))),
    "critic_loss": lambda x: critic_loss(*tf.unstack(tf.reshape(x, (2, 9, 2)))),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_gradients_agree_with_differences(loss):
    x, step = random(36, seed=7), 1e-5
    with tf.GradientTape() as tape:
        variable = tf.Variable(x)
        value = loss(variable)
    gradient = tape.gradient(value, variable).numpy()
    differences = [
        (loss(tf.constant(x + d)) - loss(tf.constant(x - d))).numpy() / (2 * step) for d in np.eye(36) * step
    ]
    assert np.abs(gradient).max() > 0.01
    np.testing.assert_allclose(gradient, differences, atol=1e-7)


@pytest.mark.parametrize("count", [1, 3])
def test_models_side_by_side_give_each_its_own_loss(count):
    z, mean, logvar = random(count, 6, 3), random(count, 6, 3, seed=2), random(count, 6, 3, seed=3)
    logits = random(count, 6, 2, seed=4)
    for together, each in (
        (minibatch_total_correlation(z, mean, logvar), map(minibatch_total_correlation, z, mean, logvar)),
        (dip_penalty(covariance(z), 2.0, 5.0), (dip_penalty(covariance(x), 2.0, 5.0) for x in z)),
        (critic_total_correlation(logits), map(critic_total_correlation, logits)),
        (critic_loss(logits, -logits), map(critic_loss, logits, -logits)),
    ):
        assert together.shape == (count,)
        np.testing.assert_allclose(together, list(each), rtol=1e-10)


class Foreign:
    """Refuses to be an array, as a tensor of PyTorch that needs a gradient does."""

    def __array__(self, *_, **__):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad")


CODES, PIXELS, LOGITS = np.zeros((4, 3)), np.zeros((4, 5, 5, 1)), np.zeros((4, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gaussian_kl(CODES, CODES[:, :1]), r"mean and logvar must have one dtype and one shape .*\(4, 1\)"),
        (lambda: gaussian_kl(CODES, CODES[:2]), r"mean and logvar must have .*\(2, 3\)"),
        (lambda: gaussian_kl(CODES, CODES.astype(np.float32)), "float64 .*, logvar float32"),
        (lambda: gaussian_kl(CODES[0], CODES[0]), r"mean must be \[..., b, d\] and not empty, not of shape \(3,\)"),
        (lambda: gaussian_kl(CODES[:0], CODES[:0]), r"not of shape \(0, 3\)"),
        (lambda: gaussian_kl(None, CODES), "mean must be floats .*, not None"),
        (lambda: gaussian_kl("x", CODES), "mean must be floats .*, not string"),
        (lambda: gaussian_kl(CODES, Foreign()), "logvar must be floats"),
        (lambda: gaussian_kl(CODES.astype(int), CODES), "mean must be floats .*, not int64"),
        (lambda: minibatch_total_correlation(CODES, CODES, CODES[:1]), "z and mean and logvar must have one dtype"),
        (lambda: bernoulli_nll(PIXELS, PIXELS[:1]), "images and logits must have one dtype and one shape"),
        (lambda: bernoulli_nll(PIXELS[0], PIXELS[0]), r"images must be \[..., b, h, w, c\]"),
        (lambda: bernoulli_nll(PIXELS.astype(np.uint8), PIXELS), "images must be floats .*, not uint8"),
        (lambda: covariance(CODES[0]), r"x must be \[..., b, d\]"),
        (lambda: dip_penalty(CODES, 1.0, 1.0), r"cov must be square \[..., d, d\], not of shape \(4, 3\)"),
        (lambda: dip_penalty(np.eye(3), "1", 1.0), "off_diagonal must be a number, not '1'"),
        (lambda: dip_penalty(np.eye(3), 1.0, None), "diagonal must be a number, not None"),
        (lambda: critic_total_correlation(CODES), r"logits must be \[..., b, 2\], not of shape \(4, 3\)"),
        (lambda: critic_loss(LOGITS, CODES), "joint_logits and product_logits must have one dtype and one shape"),
        (lambda: critic_loss(CODES, CODES), r"joint_logits must be \[..., b, 2\]"),
    ],
)
def test_arguments_of_other_shapes_and_kinds_are_refused_where_broadcasting_would_hide_them(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_shapes_that_are_known_only_when_a_graph_runs_are_let_through():
    @tf.function(input_signature=[tf.TensorSpec([None, None]), tf.TensorSpec(None)])
    def traced(mean, logvar):
        return gaussian_kl(mean, logvar)

    mean, logvar = random(6, 3).astype(np.float32), random(6, 3, seed=2).astype(np.float32)
    np.testing.assert_allclose(traced(mean, logvar), gaussian_kl(mean, logvar), rtol=1e-6)
