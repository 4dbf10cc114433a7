import io
import signal
import sys
import warnings
from dataclasses import dataclass, replace

import numpy as np
import pytest
from common import finished

from dlnb import data, storage
from dlnb.models import graphs, networks, training
from dlnb.models.backend import tf, tfp
from dlnb.models.losses import gaussian_kl
from dlnb.models.methods import METHODS, AnnealedVAE, BetaTCVAE, BetaVAE, FactorVAE, Method, rescaled
from dlnb.models.model import Model
from dlnb.models.training import decode, encode, evaluate, train, traverse
from dlnb.study import SWEEPS

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
    model = Model(networks.encoder((32, 32, 1), 10, rng), networks.decoder((32, 32, 1), 10, rng), {})
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
    method = rescaled(METHODS[name](**{SWEEPS[name].hyperparameter: SWEEPS[name].strengths[-1]}), 2)
    history = train(DSPRITES, method, steps=2, seed=0, critic_width=20, **QUICK).history
    assert set(history) == {"reconstruction", "kl", "regularizer"} | ({"critic"} if method.critic else set())
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


class Adam:
    """Adam by its formulas, in float64, as the original's TensorFlow 1 computes it."""

    def __init__(self, variables, rate, beta_1, beta_2):
        self.variables, self.rate, self.betas, self.t = variables, rate, (beta_1, beta_2), 0
        self.m, self.s = ([np.zeros(v.shape) for v in variables] for _ in range(2))

    def update(self, gradients):
        """v -= rate sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(s) + 1e-8)."""
        self.t += 1
        one, two = self.betas
        rate = self.rate * np.sqrt(1 - two**self.t) / (1 - one**self.t)
        for i, gradient in enumerate(g.numpy().astype(float) for g in gradients):
            self.m[i] += (1 - one) * (gradient - self.m[i])
            self.s[i] += (1 - two) * (gradient**2 - self.s[i])
            self.variables[i].assign_sub((rate * self.m[i] / (np.sqrt(self.s[i]) + 1e-8)).astype(np.float32))


def assert_moved_alike(first, right, found, steps):
    """Nearly all weights went from ``first`` as far as they should have: small gradients have signs by rounding."""
    right, found = (np.concatenate([(v - f).ravel() for v, f in zip(vs, first, strict=True)]) for vs in (right, found))
    assert np.abs(right).mean() > 1e-4
    assert (np.abs(right - found) < 1e-5).mean() > 0.999
    assert np.abs(found).max() < 1.05e-3 * steps


PRIOR = tfd.MultivariateNormalDiag(tf.zeros(10), tf.ones(10))


def terms(encoder, decoder, images, noise):
    """(reconstruction, KL, codes) by TensorFlow Probability."""
    mean, logvar = encoder(images)
    z = mean + tf.exp(logvar / 2) * noise
    pixels = tfd.Independent(tfd.Bernoulli(logits=decoder(z), dtype=tf.float32), 3)
    kl = tfd.kl_divergence(tfd.MultivariateNormalDiag(mean, tf.exp(logvar / 2)), PRIOR)
    return -tf.reduce_mean(pixels.log_prob(images)), tf.reduce_mean(kl), z


@pytest.fixture(scope="module")
def two_updates():
    return train(DSPRITES, BetaVAE(4), steps=2, seed=5, **QUICK)


def test_updates_are_those_of_adam_on_the_objective_of_the_study(two_updates):
    encoder = networks.encoder((32, 32, 1), 10, training.generator(5, "encoder"))
    decoder = networks.decoder((32, 32, 1), 10, training.generator(5, "decoder"))
    variables = encoder.trainable_variables + decoder.trainable_variables
    first, adam = [v.numpy() for v in variables], Adam(variables, 1e-3, 0.9, 0.999)
    for t in range(2):
        images = DSPRITES.sample(16, training.generator(5, "training", t))[1]
        with tf.GradientTape() as tape:
            reconstruction, kl, _ = terms(encoder, decoder, images, tf.random.stateless_normal((16, 10), [5, t]))
            loss = reconstruction + 4 * kl
        assert two_updates.history["reconstruction"][t] == pytest.approx(reconstruction.numpy(), rel=1e-5)
        assert two_updates.history["kl"][t] == pytest.approx(kl.numpy(), rel=1e-3)
        assert two_updates.history["regularizer"][t] == pytest.approx(4 * kl.numpy(), rel=1e-3)
        adam.update(tape.gradient(loss, variables))
    assert_moved_alike(first, [v.numpy() for v in variables], weights(two_updates), steps=2)


def test_factor_vae_and_its_critic_learn_at_once_from_weights_before_either_update(tmp_path):
    # Kim and Mnih 2018 as the original code does it: one batch for both, both gradients at the old weights.
    options = {"critic_width": 30, "critic_learning_rate": 1e-3, "checkpoint": tmp_path / "state.npz"}
    model = train(DSPRITES, FactorVAE(40), steps=3, seed=5, **QUICK, **options)
    encoder = networks.encoder((32, 32, 1), 10, training.generator(5, "encoder"))
    decoder = networks.decoder((32, 32, 1), 10, training.generator(5, "decoder"))
    critic = networks.critic(10, training.generator(5, "critic"), width=30)
    both = [encoder.trainable_variables + decoder.trainable_variables, critic.trainable_variables]
    first = [[v.numpy() for v in variables] for variables in both]
    adams = Adam(both[0], 1e-3, 0.9, 0.999), Adam(both[1], 1e-3, 0.5, 0.9)
    for t in range(3):
        images = DSPRITES.sample(16, training.generator(5, "training", t))[1]
        order = np.argsort(tf.random.stateless_uniform((10, 16), [5, -1 - t]).numpy(), axis=1)
        assert len({tuple(row) for row in order}) == 10, "every latent has an order of its own"
        with tf.GradientTape(persistent=True) as tape:
            reconstruction, kl, z = terms(encoder, decoder, images, tf.random.stateless_normal((16, 10), [5, t]))
            shuffled = tf.stack([tf.gather(z[:, j], order[j]) for j in range(10)], axis=1)
            joint, product = tf.nn.softmax(critic(z)), tf.nn.softmax(critic(shuffled))
            total_correlation = tf.reduce_mean(tf.math.log(joint[:, 0] / joint[:, 1]))
            loss = reconstruction + kl + 40 * total_correlation
            judgement = -tf.reduce_mean(tf.math.log(joint[:, 0]) + tf.math.log(product[:, 1])) / 2
        assert model.history["critic"][t] == pytest.approx(judgement.numpy(), rel=1e-4)
        assert model.history["regularizer"][t] == pytest.approx((kl + 40 * total_correlation).numpy(), rel=2e-3)
        gradients = [tape.gradient(loss, both[0]), tape.gradient(judgement, both[1])]
        for adam, gradient in zip(adams, gradients, strict=True):
            adam.update(gradient)
    assert_moved_alike(first[0], [v.numpy() for v in both[0]], weights(model), steps=3)
    with np.load(tmp_path / "state.npz") as state:
        vector = state["critic/vector"]
    right = np.concatenate([v.numpy().ravel() for v in both[1]])
    start = np.concatenate([v.ravel() for v in first[1]])
    assert_moved_alike([start], [right], [vector], steps=3)


@pytest.mark.parametrize("kind", [BetaTCVAE, BetaVAE])
def test_beta_of_1_is_the_plain_vae_bit_for_bit(kind):
    plain = train(DSPRITES, FactorVAE(0), steps=25, seed=2, critic_width=8, **QUICK)
    other = train(DSPRITES, kind(1), steps=25, seed=2, **QUICK)
    for one, two in zip(weights(plain), weights(other), strict=True):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(plain.history["reconstruction"], other.history["reconstruction"])


def test_a_sweep_shares_one_graph(monkeypatch):
    monkeypatch.setattr(graphs, "_graphs", type(graphs._graphs)())
    models = [train(DSPRITES, BetaTCVAE(beta), steps=3, seed=s, **QUICK) for s in (0, 1) for beta in (2, 9)]
    (graph,) = graphs._graphs.values()
    assert graph._run.experimental_get_tracing_count() == 1
    assert len({float(model.history["regularizer"][-1]) for model in models}) == 4
    # And nothing of a model is left to the next.
    monkeypatch.setattr(graphs, "_graphs", type(graphs._graphs)())
    alone = train(DSPRITES, BetaTCVAE(9), steps=3, seed=1, **QUICK)
    for one, other in zip(weights(models[-1]), weights(alone), strict=True):
        np.testing.assert_array_equal(one, other)


def test_only_the_last_graphs_are_kept(monkeypatch):
    monkeypatch.setattr(graphs, "_graphs", type(graphs._graphs)())
    monkeypatch.setattr(graphs, "KEPT", 2)
    for batch in (2, 3, 4, 3):
        train(DSPRITES, BetaVAE(1), steps=1, seed=0, batch=batch)
    assert [graph.size[0] for graph in graphs._graphs.values()] == [4, 3]


def test_bfloat16_reaches_the_losses_of_float32_up_to_a_few_percent():
    # Eight bits of mantissa: single losses differ by up to 2 %, and paths drift apart slowly.
    full = train(DSPRITES, BetaVAE(1), steps=STEPS, seed=3, **QUICK)
    half = train(DSPRITES, BetaVAE(1), steps=STEPS, seed=3, precision="bfloat16", **QUICK)
    assert not np.array_equal(full.history["reconstruction"], half.history["reconstruction"])
    for last in (1, 20):
        one, other = (model.history["reconstruction"][-last:].mean() for model in (full, half))
        assert other == pytest.approx(one, rel=0.05)
    assert {w.dtype for w in weights(half)} == {np.dtype(np.float32)}
    assert half.about["precision"] == "bfloat16"


def test_compiled_updates_are_the_same_up_to_rounding(two_updates):
    compiled = train(DSPRITES, BetaVAE(4), steps=2, seed=5, jit=True, **QUICK)
    for name, values in two_updates.history.items():
        np.testing.assert_allclose(compiled.history[name], values, rtol=1e-3)
    differences = np.concatenate(
        [(a - b).ravel() for a, b in zip(weights(compiled), weights(two_updates), strict=True)]
    )
    assert (np.abs(differences) < 1e-5).mean() > 0.99


# Checkpoints


def interrupted(data_set, at):
    """``data_set``, whose images cannot be drawn a moment after the ``at``-th batch."""
    drawn = iter(range(10**9))

    def render(factors, rng):
        if next(drawn) >= at:
            raise KeyboardInterrupt
        return data_set.render(factors, rng)

    return replace(data_set, render=render)


@pytest.mark.parametrize(
    "method", [BetaVAE(4), FactorVAE(10), AnnealedVAE(5, warm_up=20)], ids=lambda m: type(m).__name__
)
def test_a_run_stopped_anywhere_any_number_of_times_ends_with_the_same_bits(method, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "CHUNK", 3)  # so that there is a checkpoint every third step
    options = {"steps": 40, "seed": 1, "critic_width": 10, **QUICK}
    whole = train(DSPRITES, method, **options)
    path, rng, stops = tmp_path / "state.npz", np.random.default_rng(0), 0
    kept = {"checkpoint": path, "checkpoint_seconds": 0.0}
    while True:
        try:
            # 1 to 3 updates ahead are drawn before the first is made, so some stops come before any progress.
            found = train(interrupted(DSPRITES, rng.integers(2, 20)), method, **options, **kept)
            break
        except KeyboardInterrupt:
            stops += 1
    assert stops >= 3
    for one, other in zip(weights(whole), weights(found), strict=True):
        np.testing.assert_array_equal(one, other)
    for name, values in whole.history.items():
        np.testing.assert_array_equal(values, found.history[name])


CHILD = """
import os, signal, sys
import numpy as np
from dataclasses import replace
from dlnb import data
from dlnb.models import FactorVAE, training

path, steps, batches = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
sprites, drawn = data.load("dsprites", size=32), iter(range(10**9))

def render(factors, rng):
    if next(drawn) == batches:
        os.kill(os.getpid(), signal.SIGKILL)
    return sprites.render(factors, rng)

if batches < 0:  # killed in the middle of writing the checkpoint after the second one
    saves, whole = iter(range(10**9)), np.savez
    def savez(target, **arrays):
        if next(saves) < 2:
            return whole(target, **arrays)
        target.write(b"PK half of it")
        target.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    np.savez = savez
options = {"seed": 1, "critic_width": 10, "batch": 16, "learning_rate": 1e-3}
model = training.train(replace(sprites, render=render), FactorVAE(10), steps=steps, name="killed",
                       checkpoint=path, checkpoint_seconds=0.0, **options)
model.save(path + ".model.npz")
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot kill a process outright")
def test_a_killed_process_goes_on_where_its_last_checkpoint_was(tmp_path):
    options = {"seed": 1, "critic_width": 10, "name": "killed", **QUICK}
    steps, rng = 160, np.random.default_rng()
    whole = train(DSPRITES, FactorVAE(10), steps=steps, **options)
    path, done = tmp_path / "state.npz", [0]
    kills = [rng.integers(3 * training.CHUNK, 5 * training.CHUNK), -1, 10**8]
    for batches in kills:
        child = [sys.executable, "-c", CHILD, str(path), str(steps), str(batches)]
        ended = finished(child)
        assert ended.returncode == (0 if batches == 10**8 else -signal.SIGKILL), (kills, ended.stderr)
        done.append(len(storage.load(path, training.CHECKPOINT)[1]["history"]))
        assert done[-1] > done[-2], f"no progress between kills {kills}: {done}"
    found = Model.load(f"{path}.model.npz")
    assert done[-1] == steps
    for one, other in zip(weights(whole), weights(found), strict=True):
        np.testing.assert_array_equal(one, other)
    for name, values in whole.history.items():
        np.testing.assert_array_equal(values, found.history[name])


def test_a_finished_run_is_not_trained_again(tmp_path):
    options = {"steps": 5, "seed": 1, "checkpoint": tmp_path / "state.npz", **QUICK}
    first = train(DSPRITES, BetaVAE(4), **options)
    again = train(interrupted(DSPRITES, 1), BetaVAE(4), **options)  # one image tells the shape
    for one, other in zip(weights(first), weights(again), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_finished_run_can_be_trained_further_but_not_back(tmp_path):
    options = {"seed": 1, "checkpoint": tmp_path / "state.npz", **QUICK}
    whole = train(DSPRITES, BetaVAE(4), steps=17, seed=1, **QUICK)
    for steps in (4, 12, 17):
        further = train(DSPRITES, BetaVAE(4), steps=steps, **options)
        assert len(further.history["kl"]) == steps
    for one, other in zip(weights(whole), weights(further), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match=r"state.npz is the checkpoint of 17 updates, more than steps=12"):
        train(DSPRITES, BetaVAE(4), steps=12, **options)


def test_the_weight_of_the_reconstruction_presses_less():
    # Adam divides a gradient by its own size: 4 (reconstruction + KL) leads where reconstruction + KL does.
    plain = train(DSPRITES, BetaVAE(1), steps=30, seed=1, **QUICK)
    weighted = train(DSPRITES, BetaVAE(4), steps=30, seed=1, reconstruction_weight=4, **QUICK)
    other = train(DSPRITES, BetaVAE(4), steps=30, seed=1, **QUICK)
    np.testing.assert_allclose(weighted.history["reconstruction"], plain.history["reconstruction"], rtol=0.02)
    same, less = (abs(np.log(model.history["kl"][-5:] / plain.history["kl"][-5:])).max() for model in (weighted, other))
    assert same < 0.1 < 0.2 < less


def test_the_seconds_before_an_interruption_count(tmp_path):
    options = {"steps": 5, "seed": 1, "checkpoint": tmp_path / "state.npz", **QUICK}
    train(DSPRITES, BetaVAE(4), **options)
    about, arrays = storage.load(tmp_path / "state.npz", training.CHECKPOINT)
    assert about["seconds"] > 0
    storage.save(tmp_path / "state.npz", about | {"seconds": 1_000.0}, arrays)
    assert 1_000 <= train(DSPRITES, BetaVAE(4), **options).about["seconds"] < 1_100


def test_checkpoints_are_written_as_often_as_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "CHUNK", 2)
    written = []
    monkeypatch.setattr(training.storage, "save", lambda path, about, arrays: written.append(len(arrays["history"])))
    for seconds in (0.0, 1e9):
        options = {"checkpoint": tmp_path / "state.npz", "checkpoint_seconds": seconds}
        train(DSPRITES, BetaVAE(4), steps=7, seed=1, **options, **QUICK)
    assert written == [2, 4, 6, 7, 7], "after every call of the graph, then at the end alone"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": BetaVAE(8)}, r"with hyperparameters \{'beta': 4\}, not \{'beta': 8\}"),
        ({"method": FactorVAE(4)}, "with method 'BetaVAE', not 'FactorVAE'"),
        ({"seed": 2}, "with seed 1, not 2"),
        ({"reconstruction_weight": 4}, "with reconstruction_weight 1.0, not 4.0"),
        ({"learning_rate": 0.1}, "with learning_rate 0.001, not 0.1"),
        ({"data_set": data.load("noisy_dsprites", size=32)}, "with data_set 'dsprites', not 'noisy_dsprites'"),
    ],
)
def test_the_checkpoint_of_another_run_is_refused_and_kept(changes, message, tmp_path):
    options = {"data_set": DSPRITES, "method": BetaVAE(4), "steps": 4, "seed": 1, "name": "same", **QUICK}
    path = tmp_path / "state.npz"
    train(**options, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=f"state.npz is the checkpoint of another run, {message}"):
        train(**(options | changes), checkpoint=path)
    assert path.read_bytes() == before


def test_a_damaged_checkpoint_is_named_and_kept(tmp_path):
    path = tmp_path / "state.npz"
    path.write_bytes(b"PK half of it")
    with pytest.raises(ValueError, match=r"state.npz is not a checkpoint file of this package, or is damaged"):
        train(DSPRITES, BetaVAE(4), steps=4, seed=1, checkpoint=path, **QUICK)
    assert path.read_bytes() == b"PK half of it"


@dataclass(frozen=True)
class Breaks(Method):
    """The plain VAE until a step at which the regularizer takes another value."""

    step: int
    value: float

    def regularizer(self, q, step, critic=None):
        return tf.where(step < self.step, gaussian_kl(q.mean, q.logvar), self.value)


NUMBERS = r"the losses one step before were reconstruction \d+\.\d+, kl \d\.\d+, regularizer \d\.\d+ nats$"


@pytest.mark.parametrize(
    ("step", "value", "before"),
    [
        (0, float("nan"), "it is the first step$"),
        (training.CHUNK, float("nan"), NUMBERS),
        (training.CHUNK + 3, float("inf"), NUMBERS),
    ],
)
def test_a_loss_that_is_not_finite_stops_the_run_and_names_it_with_the_last_that_were(step, value, before):
    found = rf"dsprites/breaks/seed=0: the loss \(regularizer {value}\) is not finite at step {step}; {before}"
    with pytest.raises(FloatingPointError, match=found):
        train(DSPRITES, Breaks(step, value), steps=training.CHUNK + 10, seed=0, name="dsprites/breaks/seed=0", **QUICK)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 0}, "steps must be a whole number of at least 1 and below 2147483648, not 0"),
        ({"steps": 10.0}, "steps must be a whole number"),
        ({"batch": 0}, "batch must be a whole number of at least 1"),
        ({"latents": 0}, "latents must be a whole number of at least 1"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"seed": None}, "seed must be a whole number of at least 0"),
        ({"seed": 2**63}, "seed must be a whole number of at least 0 and below 9223372036854775808"),
        ({"learning_rate": 0.0}, "learning_rate must be a number above 0"),
        ({"critic_learning_rate": -1.0}, "critic_learning_rate must be a number above 0"),
        ({"critic_width": 0}, "critic_width must be a whole number of at least 1"),
        ({"precision": "float16"}, "unknown precision 'float16': choose from float32, bfloat16"),
        ({"kernels": "small"}, "unknown kernels 'small': choose from code, paper"),
        ({"seed": "0"}, "seed must be a whole number of at least 0"),
        ({"seed": True}, "seed must be a whole number of at least 0"),
        ({"data_set": None}, r"data_set must be a DataSet such as data.load\('dsprites'\), not None"),
        ({"data_set": "dsprites"}, "data_set must be a DataSet"),
        ({"jit": "yes"}, "jit must be True or False"),
        ({"name": 3}, "name must be text, not 3"),
        ({"checkpoint": 3}, "checkpoint must be the path of a file or folder, not 3"),
        ({"checkpoint": ""}, "checkpoint must be the path"),
        ({"checkpoint": "."}, "checkpoint must be a file, not the folder"),
        ({"checkpoint_seconds": -1}, "checkpoint_seconds must be a number of at least 0, not -1"),
        ({"checkpoint_seconds": float("nan")}, "checkpoint_seconds must be a number of at least 0"),
        ({"checkpoint_seconds": "60"}, "checkpoint_seconds must be a number of at least 0"),
    ],
)
def test_bad_arguments_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        train(**({"data_set": DSPRITES, "method": BetaVAE(1), "steps": 1, "seed": 0} | wrong))


@dataclass(frozen=True)
class Wrong(Method):
    """A method that forgets the mean over the batch, or to return anything."""

    forgets: str

    def regularizer(self, q, step, critic=None):
        return q.mean[:, 0] if self.forgets == "the mean" else None


@pytest.mark.parametrize(("forgets", "got"), [("the mean", r"of shape \(16,\)"), ("to return", "None")])
def test_a_regularizer_that_is_no_number_is_named(forgets, got):
    with pytest.raises(ValueError, match=rf"Wrong.regularizer must return one tensor of shape \(\), not {got}"):
        train(DSPRITES, Wrong(forgets), steps=1, seed=0, **QUICK)


class Bare(Method):
    """A method that forgot to be a dataclass."""

    def regularizer(self, q, step, critic=None):
        return 0.0


@dataclass(frozen=True)
class Given(Method):
    """A method that takes what it is given."""

    weight: float = 1.0
    sizes: object = ()

    def regularizer(self, q, step, critic=None):
        return self.weight * gaussian_kl(q.mean, q.logvar)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (Given(weight=None), "Given.weight is annotated float, but is None: give a number"),
        (Given(weight="1"), "Given.weight is annotated float, but is '1'"),
        (Given(sizes=[1, 2]), r"Given.sizes must be hashable, such as a number or a tuple, not \[1, 2\]"),
        (Given(sizes={"a": 1}), "Given.sizes must be hashable"),
    ],
)
def test_hyperparameters_that_no_graph_can_take_are_named(method, message):
    with pytest.raises(ValueError, match=message):
        train(DSPRITES, method, steps=1, seed=0, **QUICK)


def test_a_method_made_for_a_longer_run_says_so_and_a_scaled_one_does_not():
    with pytest.warns(
        UserWarning, match=r"AnnealedVAE: warm_up counts 100,000 updates, but this run has 2: models.resc"
    ):
        train(DSPRITES, AnnealedVAE(25), steps=2, seed=0, **QUICK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for steps in (2, 3):
            train(DSPRITES, rescaled(AnnealedVAE(25), steps), steps=steps, seed=0, **QUICK)
        train(DSPRITES, AnnealedVAE(25, warm_up=2), steps=2, seed=0, **QUICK)
        train(DSPRITES, BetaVAE(25), steps=2, seed=0, **QUICK)


@pytest.mark.parametrize("method", ["beta_vae", BetaVAE, Bare()], ids=["a name", "a class", "no dataclass"])
def test_what_is_no_method_is_refused(method):
    with pytest.raises(
        ValueError, match=r"method must be a dataclass derived from Method, such as BetaVAE\(beta=4\), not"
    ):
        train(DSPRITES, method, steps=1, seed=0)


def test_images_the_networks_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="side of 32, 64, 128, not 16 x 16"):
        train(data.load("dsprites", size=16), BetaVAE(1), steps=1, seed=0)


def test_every_seed_and_purpose_has_random_numbers_of_its_own():
    draws = {(s, name): training.generator(s, name).integers(2**62) for s in range(5) for name in training.STREAMS}
    assert len(set(draws.values())) == len(draws)
    assert draws[3, "training"] == training.generator(3, "training").integers(2**62)
    assert draws[3, "training"] == np.random.default_rng([3, training.STREAMS.index("training"), 0]).integers(2**62)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((0, "x"), "unknown stream 'x': choose from encoder, decoder, training"),
        ((0, None), "unknown stream None"),
        ((0, 2), "unknown stream 2"),
        (("0", "training"), "seed must be a whole number of at least 0, not '0'"),
        ((-1, "training"), "seed must be a whole number of at least 0, not -1"),
        ((0.5, "training"), "seed must be a whole number of at least 0, not 0.5"),
        ((None, "training"), "seed must be a whole number of at least 0, not None"),
        ((0, "training", -1), "step must be a whole number of at least 0, not -1"),
        ((0, "training", 1.5), "step must be a whole number of at least 0, not 1.5"),
    ],
)
def test_random_numbers_are_asked_for_by_seed_purpose_and_update(given, message):
    with pytest.raises(ValueError, match=message):
        training.generator(*given)


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
