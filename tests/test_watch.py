"""A function that watches a training sees the run as it is, changes nothing in it, and may end it without a loss."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from dlnb import data, storage
from dlnb.models import BetaVAE, FactorVAE, Model, encode, train, training, traverse
from dlnb.models.backend import tf

DSPRITES = data.load("dsprites", size=32)
OPTIONS = {"steps": 45, "seed": 3, "batch": 16, "learning_rate": 1e-3, "critic_width": 10}
METHODS = pytest.mark.parametrize("method", [BetaVAE(1), FactorVAE(10)], ids=lambda m: type(m).__name__)
IMAGES = DSPRITES.sample(8, np.random.default_rng(0))[1]


def same(one: Model, other: Model) -> None:
    """Fail unless two models have the same weights and losses, bit for bit."""
    for name in ("encoder", "decoder"):
        pairs = zip(getattr(one, name).get_weights(), getattr(other, name).get_weights(), strict=True)
        for first, second in pairs:
            np.testing.assert_array_equal(first, second)
    assert one.history.keys() == other.history.keys()
    for name, values in one.history.items():
        np.testing.assert_array_equal(values, other.history[name])


def meddle(run) -> None:
    """What a careless reader may do while a model is trained."""
    tf.random.set_seed(run.updates)
    np.random.seed(run.updates)  # noqa: NPY002
    model = run.model()
    traverse(model, encode(model, IMAGES).mean[0], [-1, 1])
    for network in (model.encoder, model.decoder):
        network.set_weights([0 * weight for weight in network.get_weights()])
    for history in (run.history, model.history):
        for values in history.values():
            values[:] = np.nan


@METHODS
def test_a_run_that_is_watched_ends_with_the_same_bits(method):
    same(train(DSPRITES, method, **OPTIONS), train(DSPRITES, method, watch=meddle, watch_every=10, **OPTIONS))


@pytest.mark.parametrize(
    ("every", "seen"), [(1, [10, 20, 30, 40, 45]), (20, [20, 40, 45]), (15, [20, 30, 45]), (1_000, [45])]
)
def test_it_is_watched_about_as_often_as_asked_and_at_the_end(every, seen):
    runs = []
    train(DSPRITES, BetaVAE(1), watch=runs.append, watch_every=every, **OPTIONS)
    assert [run.updates for run in runs] == seen and {run.steps for run in runs} == {45}
    assert all(0 < one.seconds < other.seconds for one, other in pairwise(runs))


@METHODS
def test_the_model_on_the_way_is_that_of_a_shorter_run(method, tmp_path):
    models = {}
    last = train(DSPRITES, method, watch=lambda run: models.update({run.updates: run.model()}), **OPTIONS)
    assert list(models) == [45]
    train(DSPRITES, method, watch=lambda run: models.update({run.updates: run.model()}), watch_every=20, **OPTIONS)
    same(models[45], last)
    short = train(DSPRITES, method, **OPTIONS | {"steps": 20})
    same(models[20], short)  # also after training went on
    unlike = {"seconds": 0, "versions": ""}
    assert models[20].about | unlike == short.about | unlike
    models[20].save(tmp_path / "model.npz")
    same(Model.load(tmp_path / "model.npz", DSPRITES), short)


def test_losses_so_far_are_those_of_the_run_in_nats():
    runs = []
    model = train(DSPRITES, FactorVAE(10), watch=runs.append, watch_every=30, **OPTIONS)
    for run in runs:
        assert list(run.history) == ["reconstruction", "kl", "regularizer", "critic"]
        for name, values in run.history.items():
            assert values.dtype == np.float32
            np.testing.assert_array_equal(values, model.history[name][: run.updates])


def test_a_snapshot_that_is_over_makes_no_model():
    runs = []
    train(DSPRITES, BetaVAE(1), watch=runs.append, **OPTIONS)
    with pytest.raises(ValueError, match="gone on since update 45: ask for its model within watch"):
        runs[0].model()


@METHODS
@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_what_watch_raises_ends_the_run_which_then_goes_on_where_it_was(method, error, tmp_path):
    kept = {"checkpoint": tmp_path / "run.npz", "checkpoint_seconds": np.inf}

    def stop(run):
        meddle(run)
        if run.updates == 20:
            raise error

    with pytest.raises(error):
        train(DSPRITES, method, watch=stop, watch_every=10, **OPTIONS, **kept)
    assert len(storage.load(tmp_path / "run.npz", training.CHECKPOINT)[1]["history"]) == 20
    seen = []
    watched = {"watch": lambda run: seen.append((run.updates, len(run.history["kl"]))), "watch_every": 10}
    resumed = train(DSPRITES, method, **watched, **OPTIONS, **kept)
    assert seen == [(30, 30), (40, 40), (45, 45)]
    same(resumed, train(DSPRITES, method, **OPTIONS))


def test_without_a_checkpoint_what_watch_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        train(DSPRITES, BetaVAE(1), watch=lambda run: 1 / 0, **OPTIONS)


def test_the_time_of_watching_is_not_that_of_training(monkeypatch):
    clock = SimpleNamespace(now=0.0, step=1.0)

    def monotonic():
        clock.now += clock.step
        return clock.now

    monkeypatch.setattr(training.time, "monotonic", monotonic)
    idle = train(DSPRITES, BetaVAE(1), watch=lambda run: None, watch_every=10, **OPTIONS)

    def linger(run):
        clock.now += 1_000

    busy = train(DSPRITES, BetaVAE(1), watch=linger, watch_every=10, **OPTIONS)
    assert busy.about["seconds"] == idle.about["seconds"] < 100


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"watch": "yes"}, "watch must be a function of one argument, a Snapshot, not 'yes'"),
        ({"watch_every": 0}, "watch_every must be a whole number of at least 1, not 0"),
        ({"watch_every": 2.5}, "watch_every must be a whole number of at least 1, not 2.5"),
    ],
)
def test_bad_values_are_refused_before_the_training(wrong, message):
    with pytest.raises(ValueError, match=message):
        train(DSPRITES, BetaVAE(1), **{"watch": print} | wrong, **OPTIONS)
