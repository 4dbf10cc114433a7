"""What a reader registers, and what is refused with a reason."""

from dataclasses import dataclass

import numpy as np
import pytest
from common import rng
from sweeps import TINY

from dlnb import data, metrics, models, registry, results, run, study
from dlnb.metrics import scores
from dlnb.models.backend import tf
from dlnb.paper import Sweep
from dlnb.run import worker
from dlnb.study import STUDIES, Study, Training

SCORED = {*STUDIES["smoke"].columns()}
REGISTRIES = (
    *(models.METHODS, study.SWEEPS, study.SCORES, study.STUDIES, data.DATA_SETS),
    *(scores.SCORES, scores.DOWNSTREAM, scores.UNSUPERVISED, registry._additions),
)


@pytest.fixture(autouse=True)
def as_before():
    kept = [dict(each) for each in REGISTRIES]
    yield
    for each, before in zip(REGISTRIES, kept, strict=True):
        each.clear()
        each.update(before)


@dataclass(frozen=True)
class Sparse(models.Method):
    alpha: float

    def regularizer(self, q, step, critic=None):
        return self.alpha * tf.reduce_mean(tf.abs(q.z))


@dataclass(frozen=True)
class Unfinished(models.Method):
    alpha: float


@dataclass(frozen=True)
class Bare(models.Method):
    rho = 1.0

    def regularizer(self, q, step, critic=None):
        return self.rho * tf.reduce_mean(q.z)


@dataclass(frozen=True)
class Short(models.Method):
    alpha: float

    def regularizer(self, q, step):
        return self.alpha * tf.reduce_mean(q.z)


@dataclass(frozen=True)
class Greedy(models.Method):
    alpha: float
    rho: float

    def regularizer(self, q, step, critic=None):
        return self.rho * tf.reduce_mean(q.z)


@dataclass(frozen=True)
class Constant(models.Method):
    alpha: float
    regularizer = 3


SWEEP = Sweep("Sparse", "alpha", (1, 2))


@pytest.mark.parametrize(
    ("name", "kind", "sweep", "message"),
    [
        ("beta_vae", Sparse, SWEEP, "beta_vae is a method of the package"),
        ("my-vae", Sparse, SWEEP, "must be one word of letters, digits and underscores, not 'my-vae'"),
        ("mine", object, SWEEP, "must be a dataclass derived from dlnb.models.Method"),
        ("mine", Sparse, ("Sparse", "alpha", (1,)), "sweep must be a Sweep such as"),
        ("mine", Sparse, None, "sweep must be a Sweep such as"),
        ("mine", Sparse(1), SWEEP, "must be a dataclass derived from dlnb.models.Method"),
        ("mine", None, SWEEP, "must be a dataclass derived from dlnb.models.Method"),
        (None, Sparse, SWEEP, "must be one word of letters, digits and underscores, not None"),
        ("mine", Greedy, SWEEP, "Greedy: give rho a default, since a study varies one field alone"),
        ("mine", Constant, SWEEP, "regularizer of Constant must be a function"),
        ("mine", Unfinished, SWEEP, "Unfinished must define regularizer"),
        ("mine", Short, SWEEP, r"must take \(self, q, step, critic\), not q, step"),
        ("mine", Bare, SWEEP, "Bare has no fields: annotate its hyperparameter, alpha: float"),
        ("mine", Sparse, Sweep("Sparse", "beta", (1,)), "unknown field of Sparse 'beta': choose from alpha"),
    ],
)
def test_what_is_no_method_is_refused_with_the_reason(name, kind, sweep, message):
    with pytest.raises(ValueError, match=message):
        models.register(name, kind, sweep)
    assert name in models.METHODS or name not in study.SWEEPS


@pytest.mark.parametrize("strengths", [(), 3, "12", (1, 1), ("a", "b"), (1, float("nan")), (True, 2)])
def test_strengths_are_different_numbers(strengths):
    with pytest.raises(ValueError, match="strengths must be a tuple of different numbers"):
        Sweep("label", "alpha", strengths)


def sample():
    factors = rng().integers([3, 4], size=(300, 2))
    return factors + 0.1 * rng(1).standard_normal(factors.shape), factors


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("mig", {}, "mig is a score of the package"),
        ("kl", {}, "the column kl of the score kl is another's"),
        ("mine", {"columns": ("sap",)}, "the column sap of the score mine is another's"),
        ("tc", {"unsupervised": True}, "the column tc_mean of the score tc is another's"),
        ("mine", {"columns": ("gbt_30",)}, "the column gbt_30 of the score mine is another's"),
        ("mine", {"columns": ("total_correlation",)}, "the column total_correlation of the score mine is another's"),
    ],
)
def test_no_score_overwrites_what_the_table_has(name, options, message):
    with pytest.raises(ValueError, match=message):
        metrics.register(name, lambda codes, factors, rng: {name: 1.0}, **options)


@pytest.mark.parametrize("column", [n for n in results.table.columns(STUDIES["smoke"]) if n not in SCORED])
def test_no_score_overwrites_the_description_of_a_model(column):
    with pytest.raises(ValueError, match=f"the column {column} of the score mine is another's"):
        metrics.register("mine", lambda codes, factors, rng: {column: 1.0}, columns=column)


@pytest.mark.parametrize("function", [lambda codes: {}, max, 3, lambda codes, factors, rng, more: {}])
def test_a_score_takes_codes_factors_and_rng(function):
    with pytest.raises(ValueError, match="a score must be a function of codes, factors and rng, in this order, not"):
        metrics.register("mine", function)


def test_a_score_returns_the_columns_that_it_was_registered_with():
    for returned in ({"mig": 1.0}, {"mine": 1.0, "more": 2.0}, {}):
        metrics.register("mine", lambda codes, factors, rng, returned=returned: returned)
        with pytest.raises(ValueError, match=r"mine returned .* but is registered with the columns mine"):
            metrics.score(*sample(), rng(), ["mig", "mine"])


def test_a_number_of_numpy_is_returned_as_a_float_that_can_be_written():
    metrics.register("mine", lambda codes, factors, rng: {"mine": codes.astype(np.float32).max()})
    assert type(metrics.score(*sample(), rng(), "mine")["mine"]) is float


@pytest.mark.parametrize("value", [0.5, {"mine": "much"}, {"mine": np.ones(2)}, {"mine": float("nan")}, None])
def test_a_score_that_returns_no_finite_numbers_is_named(value):
    metrics.register("mine", lambda codes, factors, rng: value)
    with pytest.raises(ValueError, match=r"mine must return a dict of finite numbers, such as {'mine': 0.5}, not"):
        metrics.score(*sample(), rng(), "mine")


def test_an_error_in_a_score_says_in_which():
    metrics.register("mine", lambda codes, factors, rng: codes + "one")
    with pytest.raises(TypeError) as raised:
        metrics.score(*sample(), rng(), "mine")
    assert raised.value.__notes__ == ["in the score mine, which is called as mine(codes, factors, rng)"]


def test_a_name_of_one_column_may_be_a_text_and_a_second_registration_replaces_the_first():
    metrics.register("mine", lambda codes, factors, rng: {"other": 1.0}, columns="other")
    metrics.register("mine", lambda codes, factors, rng: {"other": 2.0}, columns="other")
    assert metrics.score(*sample(), rng(), "mine") == {"other": 2.0} and study.SCORES["mine"] == ("other",)
    metrics.register("mine", lambda codes, factors, rng: {"mine": 3.0}, unsupervised=True)
    assert "mine" not in metrics.DOWNSTREAM and study.SCORES["mine"] == ("mine_mean", "mine_sampled")


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (None, "must return a DataSet, not None"),
        (data.DataSet("dots", {"a": 2}, lambda f, rng=None: np.zeros((len(f), 32, 32, 1))), "calls itself 'dots'"),
        (
            data.DataSet("mine", {"a": 2}, lambda f, rng=None: np.zeros((len(f), 64, 64, 3))),
            r"must draw images \[n, 32, 32, channels\] for size 32, not \[n, 64, 64, 3\]",
        ),
    ],
)
def test_a_data_set_is_what_it_was_registered_as(made, message):
    data.register("mine", lambda size: made)
    with pytest.raises(ValueError, match=message):
        data.load("mine", size=32)


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("dsprites", lambda size: None, "dsprites is a data set of the package"),
        ("my-set", lambda size: None, "must be one word of letters"),
        (None, lambda size: None, "must be one word of letters"),
        ("mine", None, "make must be a function from the size of an image to a DataSet, not None"),
        ("mine", data.load("dsprites", size=32), "make must be a function from the size of an image to a DataSet"),
    ],
)
def test_what_is_no_data_set_is_refused_with_the_reason(name, make, message):
    with pytest.raises(ValueError, match=message):
        data.register(name, make)


def test_images_of_a_registered_data_set_are_checked_when_it_is_loaded():
    data.register(
        "mine", lambda size: data.DataSet("mine", {"a": 2}, lambda f, rng=None: 255 * np.ones((1, 32, 32, 1)))
    )
    with pytest.raises(ValueError, match=r"images of mine must be floats in \[0, 1\], not float64 from 255 to 255"):
        data.load("mine", size=32)


@pytest.mark.parametrize("folder", [3, "", b"norb"])
def test_a_folder_is_a_path(folder):
    with pytest.raises(ValueError, match="folder must be the path of a file or folder"):
        data.load("smallnorb", "original", folder=folder)


@pytest.mark.parametrize("name", ["data_sets", "methods", "scores", "seeds"])
def test_a_study_lists_what_it_consists_of_in_tuples(name):
    values = {"data_sets": ("dsprites",), "methods": ("beta_vae",), "seeds": (0,), "scores": ("mig",)}
    with pytest.raises(ValueError, match=rf"{name} of a study must be a tuple, such as \('one',\), not 'one'"):
        Study("mine", size=32, training=Training(steps=1), **values | {name: "one"})


def test_a_protocol_of_training_is_checked_when_it_is_made():
    with pytest.raises(ValueError, match="unknown kernels '4x4': choose from code, paper"):
        Training(steps=1, kernels="4x4")
    with pytest.raises(ValueError, match="training must be a Training"):
        Study("mine", ("dsprites",), ("beta_vae",), (0,), 32, 50)


def test_a_failed_model_is_trained_again_when_that_is_asked_for(tmp_path, monkeypatch):
    folders = {"runs": tmp_path / "runs", "tables": tmp_path / "tables"}

    def fail(*_):
        raise RuntimeError("in user code:\n\n    File ...\n\n    ValueError: no number\n")

    with monkeypatch.context() as patched:
        patched.setattr(worker, "row", fail)
        with pytest.raises(ValueError, match="4 of 4 models failed; retry=True tries them again") as raised:
            run.train(TINY, **folders)
    assert str(raised.value).count("RuntimeError: ValueError: no number") == 4, "the last line says what went wrong"
    with pytest.raises(ValueError, match="retry=True"):
        run.train(TINY, **folders)
    assert len(run.train(TINY, **folders, retry=True)) == 4
    study.register(TINY)
    assert len(results.load("tiny", tmp_path / "tables")) == 4
