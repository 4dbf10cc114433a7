import io
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from dlnb import data, networks, training
from dlnb.backend import tf, tfp
from dlnb.losses import gaussian_kl
from dlnb.methods import METHODS, BetaVAE, Method
from dlnb.study import SWEEPS
from dlnb.training import decode, encode, evaluate, train, traverse

tfd = tfp.distributions
DSPRITES = data.load("dsprites", size=32)
STEPS = 45  # more than two calls of the graph, the last of them short
QUICK = {"batch": 16, "learning_rate": 1e-3}


class Screen(io.StringIO):
    """A stderr that says whether it is a terminal."""

    def __init__(self, terminal):
        super().__init__()
        self.isatty = lambda: terminal


@pytest.fixture(scope="module")
def trained():
    """A plain VAE, and what its training printed on a stderr that is no terminal."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DLNB_BOOK", raising=False)
        patch.setattr(sys, "stderr", Screen(terminal=False))
        return train(DSPRITES, BetaVAE(1), steps=STEPS, seed=3, **QUICK), sys.stderr.getvalue()


@pytest.fixture(scope="module")
def again():
    """The same model, and what its training printed on a terminal."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DLNB_BOOK", raising=False)
        patch.setattr(sys, "stderr", Screen(terminal=True))
        return train(DSPRITES, BetaVAE(1), steps=STEPS, seed=3, **QUICK), sys.stderr.getvalue()


@pytest.fixture(scope="module")
def model(trained):
    return trained[0]


@pytest.fixture(scope="module")
def lively():
    """An untrained model with large codes and contrasts, so that no term of a formula is next to nothing."""
    rng = np.random.default_rng(0)
    model = training.Model(networks.encoder((32, 32, 1), 10, rng), networks.decoder((32, 32, 1), 10, rng), {})
    for head in ("mean", "logvar"):
        layer = model.encoder.get_layer(head)
        layer.set_weights([(30.0 if head == "mean" else 10.0) * w for w in layer.get_weights()])
    last = model.decoder.layers[-1]
    last.set_weights([30.0 * w for w in last.get_weights()])
    return model


@pytest.fixture(scope="module")
def images():
    return DSPRITES.sample(70, np.random.default_rng(9))[1]


def weights(model):
    return model.encoder.get_weights() + model.decoder.get_weights()


# Training


def test_the_same_call_gives_the_same_codes_bit_for_bit(trained, again, images):
    for one, other in zip(weights(trained[0]), weights(again[0]), strict=True):
        np.testing.assert_array_equal(one, other)
    for name, values in trained[0].history.items():
        np.testing.assert_array_equal(values, again[0].history[name])
    np.testing.assert_array_equal(encode(trained[0], images).mean, encode(again[0], images).mean)


def test_another_seed_gives_other_codes_and_the_book_shows_no_bar(model, images, monkeypatch):
    monkeypatch.setenv("DLNB_BOOK", "1")
    monkeypatch.setattr(sys, "stderr", Screen(terminal=True))
    other = train(DSPRITES, BetaVAE(1), steps=STEPS, seed=4, **QUICK)
    assert sys.stderr.getvalue() == ""
    assert other.history["reconstruction"][0] != model.history["reconstruction"][0]
    assert (encode(other, images).mean != encode(model, images).mean).all()


def test_a_bar_with_the_name_is_shown_on_a_terminal_only(trained, again):
    assert trained[1] == ""
    assert "dsprites/BetaVAE(beta=1)/seed=3" in again[1]
    assert f"{STEPS}/{STEPS}" in again[1]


def test_history_has_a_finite_value_for_every_update(model):
    assert list(model.history) == ["reconstruction", "kl", "regularizer"]
    for values in model.history.values():
        assert values.shape == (STEPS,)
        assert values.dtype == np.float32
        assert np.isfinite(values).all()


def test_the_loss_falls(model):
    # An untrained decoder says one half of every pixel, log 2 nats each; a black image is right in 95 of 100.
    reconstruction = model.history["reconstruction"]
    assert reconstruction[0] == pytest.approx(32 * 32 * np.log(2), rel=0.01)
    assert 10 < reconstruction[-5:].mean() < 0.5 * reconstruction[0]


def test_the_regularizer_of_the_plain_vae_is_its_kl(model):
    np.testing.assert_array_equal(model.history["regularizer"], model.history["kl"])
    assert model.history["kl"].min() > 0


@pytest.mark.parametrize("name", METHODS)
def test_every_method_trains(name):
    method = METHODS[name](**{SWEEPS[name].hyperparameter: SWEEPS[name].strengths[-1]})
    history = train(DSPRITES, method, steps=2, seed=0, **QUICK).history
    assert all(np.isfinite(values).all() for values in history.values())
    assert not np.array_equal(history["regularizer"], history["kl"]), "the strongest differs from the plain VAE"


def test_how_updates_are_grouped_in_calls_does_not_matter(monkeypatch):
    assert training.CHUNK > 7
    whole = train(DSPRITES, BetaVAE(4), steps=7, seed=0, **QUICK)
    monkeypatch.setattr(training, "CHUNK", 3)
    pieces = train(DSPRITES, BetaVAE(4), steps=7, seed=0, **QUICK)
    np.testing.assert_array_equal(whole.history["reconstruction"], pieces.history["reconstruction"])
    for one, other in zip(weights(whole), weights(pieces), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.fixture(scope="module")
def two_updates():
    return train(DSPRITES, BetaVAE(4), steps=2, seed=5, **QUICK)


def test_updates_are_those_of_adam_on_the_objective_of_the_study(two_updates):
    # From the formulas: the loss by TensorFlow Probability, Adam as the original's TensorFlow 1 computes it,
    # v -= rate sqrt(1 - .999^t) / (1 - .9^t) m / (sqrt(s) + 1e-8), from gradients of fresh networks.
    encoder = networks.encoder((32, 32, 1), 10, training.generator(5, "encoder"))
    decoder = networks.decoder((32, 32, 1), 10, training.generator(5, "decoder"))
    batches = [DSPRITES.sample(16, training.generator(5, "training", step))[1] for step in range(2)]
    variables = encoder.trainable_variables + decoder.trainable_variables
    first = [v.numpy() for v in variables]
    m, s = ([np.zeros(v.shape) for v in variables] for _ in range(2))
    prior = tfd.MultivariateNormalDiag(tf.zeros(10), tf.ones(10))
    for t, images in enumerate(batches, start=1):
        noise = tf.random.stateless_normal((16, 10), [5, t - 1])
        with tf.GradientTape() as tape:
            mean, logvar = encoder(images)
            logits = decoder(mean + tf.exp(logvar / 2) * noise)
            pixels = tfd.Independent(tfd.Bernoulli(logits=logits, dtype=tf.float32), 3)
            kl = tfd.kl_divergence(tfd.MultivariateNormalDiag(mean, tf.exp(logvar / 2)), prior)
            reconstruction, kl = -tf.reduce_mean(pixels.log_prob(images)), tf.reduce_mean(kl)
            loss = reconstruction + 4 * kl
        gradients = [g.numpy().astype(float) for g in tape.gradient(loss, variables)]
        assert two_updates.history["reconstruction"][t - 1] == pytest.approx(reconstruction.numpy(), rel=1e-5)
        assert two_updates.history["kl"][t - 1] == pytest.approx(kl.numpy(), rel=1e-3)
        assert two_updates.history["regularizer"][t - 1] == pytest.approx(4 * kl.numpy(), rel=1e-3)
        rate = 1e-3 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        for i, gradient in enumerate(gradients):
            m[i] += 0.1 * (gradient - m[i])
            s[i] += 0.001 * (gradient**2 - s[i])
            variables[i].assign_sub((rate * m[i] / (np.sqrt(s[i]) + 1e-8)).astype(np.float32))
    moved = np.concatenate([(v.numpy() - f).ravel() for v, f in zip(variables, first, strict=True)])
    theirs = np.concatenate([(v - f).ravel() for v, f in zip(weights(two_updates), first, strict=True)])
    assert np.abs(moved).mean() > 1e-4
    # The step of a weight depends on the sign of its gradient, which rounding decides where it is next to nothing.
    assert (np.abs(moved - theirs) < 1e-5).mean() > 0.999
    assert np.abs(theirs).max() < 2.1e-3


def test_compiled_updates_are_the_same_up_to_rounding(two_updates):
    compiled = train(DSPRITES, BetaVAE(4), steps=2, seed=5, jit=True, **QUICK)
    for name, values in two_updates.history.items():
        np.testing.assert_allclose(compiled.history[name], values, rtol=1e-3)
    differences = np.concatenate(
        [(a - b).ravel() for a, b in zip(weights(compiled), weights(two_updates), strict=True)]
    )
    assert (np.abs(differences) < 1e-5).mean() > 0.99


@dataclass(frozen=True)
class Breaks(Method):
    """The plain VAE until a step at which the regularizer takes another value."""

    step: int
    value: float

    def regularizer(self, q, step, critic=None):
        return tf.where(step < self.step, gaussian_kl(q.mean, q.logvar), self.value)


@pytest.mark.parametrize(("step", "value"), [(0, float("nan")), (training.CHUNK + 3, float("inf"))])
def test_a_loss_that_is_not_finite_stops_the_run_and_names_it_and_the_step(step, value):
    with pytest.raises(FloatingPointError, match=rf"dsprites/breaks/seed=0: .* not finite at step {step}$"):
        train(DSPRITES, Breaks(step, value), steps=training.CHUNK + 10, seed=0, name="dsprites/breaks/seed=0", **QUICK)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 0}, "steps must be a whole number of at least 1, not 0"),
        ({"steps": 10.0}, "steps must be a whole number"),
        ({"batch": 0}, "batch must be a whole number of at least 1"),
        ({"latents": 0}, "latents must be a whole number of at least 1"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"seed": None}, "seed must be a whole number of at least 0"),
        ({"kernels": "small"}, "unknown kernels 'small': choose from code, paper"),
    ],
)
def test_bad_arguments_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        train(DSPRITES, BetaVAE(1), **({"steps": 1, "seed": 0} | wrong))


def test_images_the_networks_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="side of 32, 64, 128, not 16 x 16"):
        train(data.load("dsprites", size=16), BetaVAE(1), steps=1, seed=0)


def test_every_seed_and_purpose_has_random_numbers_of_its_own():
    draws = {(s, name): training.generator(s, name).integers(2**62) for s in range(5) for name in training.STREAMS}
    assert len(set(draws.values())) == len(draws)
    assert draws[3, "training"] == training.generator(3, "training").integers(2**62)


# What a model is used for


def test_encode_gives_the_heads_of_the_encoder(lively, images):
    codes = encode(lively, images)
    mean, logvar = lively.encoder(images)
    np.testing.assert_allclose(codes.mean, mean, atol=1e-5)
    np.testing.assert_allclose(codes.logvar, logvar, atol=1e-5)
    assert codes.mean.dtype == codes.logvar.dtype == np.float32
    assert codes.factors.shape == (70, 0)
    assert codes.mean.std() > 0.3


def test_encode_keeps_the_factors_of_a_sample(lively):
    sample = DSPRITES.sample(30, np.random.default_rng(0))
    codes = encode(lively, sample)
    np.testing.assert_array_equal(codes.factors, sample[0])
    np.testing.assert_array_equal(codes.mean, encode(lively, sample[1]).mean)


def test_batches_do_not_matter(lively, images):
    np.testing.assert_allclose(encode(lively, images, batch=16).mean, encode(lively, images).mean, atol=1e-5)
    codes = encode(lively, images).mean
    np.testing.assert_allclose(decode(lively, codes, batch=16), decode(lively, codes), atol=1e-5)


def test_decode_gives_mean_images(lively):
    codes = 3 * np.random.default_rng(0).standard_normal((70, 10))
    images = decode(lively, codes)
    assert images.shape == (70, 32, 32, 1)
    assert images.dtype == np.float32
    assert 0.0 <= images.min() < 0.2
    assert images.max() <= 1.0
    logits = lively.decoder(codes.astype(np.float32)).numpy().astype(float)
    np.testing.assert_allclose(images, 1 / (1 + np.exp(-logits)), atol=1e-5)


def test_a_traversal_decodes_one_changed_latent_a_row(lively):
    code = np.linspace(-1, 1, 10)
    images = traverse(lively, code, [-2.0, 0.0, 3.0])
    assert images.shape == (10, 3, 32, 32, 1)
    changed = code.copy()
    changed[4] = 3.0
    np.testing.assert_allclose(images[4, 2], decode(lively, changed[None])[0], atol=1e-5)
    with pytest.raises(ValueError, match=r"one code \[d\] can be traversed at a time"):
        traverse(lively, code[None], [0.0])


def test_evaluate_is_the_mean_of_the_formulas_over_fresh_batches(lively):
    result = evaluate(lively, DSPRITES, np.random.default_rng(1), batches=3, batch=20)
    rng, values = np.random.default_rng(1), []
    for _ in range(3):
        images = DSPRITES.sample(20, rng)[1].astype(float)
        mean, logvar = (head.numpy().astype(float) for head in lively.encoder(images.astype(np.float32)))
        z = mean + np.exp(logvar / 2) * rng.standard_normal(mean.shape, np.float32)
        p = 1 / (1 + np.exp(-lively.decoder(z.astype(np.float32)).numpy().astype(float)))
        nll = -(images * np.log(p) + (1 - images) * np.log(1 - p)).sum(axis=(1, 2, 3))
        kl = 0.5 * (mean**2 + np.exp(logvar) - logvar - 1).sum(axis=1)
        values.append((nll.mean(), kl.mean()))
    reconstruction, kl = np.mean(values, axis=0)
    assert kl > 0.5
    assert abs(reconstruction - 32 * 32 * np.log(2)) > 5, "the decoder does not say one half of every pixel"
    assert result["reconstruction"] == pytest.approx(reconstruction, rel=1e-4)
    assert result["kl"] == pytest.approx(kl, rel=1e-4)
    assert result["elbo"] == -(result["reconstruction"] + result["kl"])
    assert all(type(value) is float for value in result.values())


def test_evaluate_agrees_with_the_last_losses_of_training(model):
    losses = evaluate(model, DSPRITES, np.random.default_rng(2), batches=5)
    assert losses["reconstruction"] == pytest.approx(model.history["reconstruction"][-5:].mean(), rel=0.2)


def test_evaluating_no_batch_is_refused(model):
    with pytest.raises(ValueError, match="batches must be a whole number of at least 1"):
        evaluate(model, DSPRITES, np.random.default_rng(0), batches=0)
