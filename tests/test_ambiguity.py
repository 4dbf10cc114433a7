"""Rotating the code of a trained VAE: the bound stays with a free posterior, and falls with a diagonal one."""

import numpy as np
import pytest

from dlnb import data
from dlnb.lessons import ambiguity
from dlnb.models import training
from dlnb.models.methods import BetaVAE


@pytest.fixture(scope="module")
def small():
    ellipse = data.restrict(data.load("dsprites", size=32), shape=1, scale=3, orientation=0)
    model = training.train(ellipse, BetaVAE(1), steps=40, seed=0, latents=2, learning_rate=1e-3)
    return model, ellipse, ellipse.sample(64, np.random.default_rng(0))[1]


def test_rotated_posterior_gives_the_same_bound_at_every_angle_and_a_diagonal_one_no_better(small):
    model, _, images = small
    full = ambiguity.rotated_elbo(model, images, [0, 20, 45, 90], seed=0, diagonal=False)
    diagonal = ambiguity.rotated_elbo(model, images, [0, 20, 45, 90], seed=0, diagonal=True, draws=64)
    assert np.allclose(full, full[0], atol=1e-3)
    assert diagonal[1:3].max() <= ambiguity.rotated_elbo(model, images, [0], seed=0, diagonal=True, draws=64)[0] + 0.05


def test_unrotated_bound_is_the_one_of_evaluate(small):
    model, ellipse, _ = small
    _, images = ellipse.sample(2_000, np.random.default_rng(1))
    expected = training.evaluate(model, ellipse, np.random.default_rng(2), batches=60)["elbo"]
    assert ambiguity.rotated_elbo(model, images, [0], seed=0, diagonal=True)[0] == pytest.approx(expected, rel=0.02)


def test_rotating_needs_two_latents(small):
    _, ellipse, images = small
    model = training.train(ellipse, BetaVAE(1), steps=1, seed=0, latents=3)
    with pytest.raises(ValueError, match="2 latents"):
        ambiguity.rotated_elbo(model, images, [0], seed=0, diagonal=True)


@pytest.mark.parametrize("degrees", [-170, -45, 0, 30, 135])
def test_direction_finds_the_angle_along_which_values_grow(degrees):
    codes = np.random.default_rng(0).standard_normal((500, 2))
    values = codes @ [np.cos(np.radians(degrees)), np.sin(np.radians(degrees))] + 5
    assert ambiguity.direction(codes, values) == pytest.approx(degrees)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"degrees": None}, "degrees must be an array of numbers"),
        ({"degrees": 30}, r"degrees must be \[a\]"),
        ({"degrees": [np.nan]}, "degrees must be finite"),
        ({"seed": "0"}, "seed must be a whole number of at least 0"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"diagonal": "yes"}, "diagonal must be True or False"),
        ({"draws": 0}, "draws must be a whole number of at least 1"),
        ({"model": None}, "model must be a Model"),
        ({"images": None}, "images must be"),
        ({"images": np.full((2, 32, 32, 1), 200.0)}, r"images must be floats in \[0, 1\]"),
    ],
)
def test_what_cannot_be_rotated_is_refused(changes, message, small):
    model, _, images = small
    values = {"model": model, "images": images, "degrees": [0], "seed": 0, "diagonal": True}
    with pytest.raises(ValueError, match=message):
        ambiguity.rotated_elbo(**values | changes)


@pytest.mark.parametrize(
    ("codes", "values", "message"),
    [
        (np.zeros((5, 3)), np.arange(5), r"codes must be \[n, 2\] and values \[n\]"),
        (np.zeros((5, 2)), np.arange(4), r"codes must be \[n, 2\] and values \[n\]"),
        (np.ones((5, 2)), np.arange(5), "codes and values must vary"),
        (np.eye(2), np.ones(2), "codes and values must vary"),
        (np.eye(2), None, "values must be an array of numbers"),
        (np.eye(2), [0, np.nan], "values must be finite"),
    ],
)
def test_a_direction_needs_values_that_grow(codes, values, message):
    with pytest.raises(ValueError, match=message):
        ambiguity.direction(codes, values)
