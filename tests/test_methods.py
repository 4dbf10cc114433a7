import dataclasses
import inspect

import numpy as np
import pytest

from dlnb.data import DATA_SETS
from dlnb.models.methods import (
    DIPVAE1,
    DIPVAE2,
    METHODS,
    AnnealedVAE,
    BetaTCVAE,
    BetaVAE,
    FactorVAE,
    Method,
    Posterior,
    checked,
    rescaled,
    warn_of_length,
)
from dlnb.models.networks import KERNELS, SIZES
from dlnb.study import STUDIES, SWEEPS, Sweep

MEAN = np.array([[1.0, 0.0], [0.0, -2.0]], np.float32)
LOGVAR = np.log([[1.0, 1.0], [4.0, 1.0]]).astype(np.float32)
# One latent each: 1/2; 0; (4 - 1 - log 4) / 2 = .8068528; 4/2. Sums of the rows .5 and 2.8068528, their mean:
KL = 1.6534264
Z = np.array([[1.0, 0.0], [1.0, -2.0]], np.float32)


def value(method, step=0, critic=None):
    return method.regularizer(Posterior(MEAN, LOGVAR, Z), step, critic).numpy()


@pytest.mark.parametrize("beta", [0, 1, 4.0, 16, 0.25])
def test_beta_vae_weighs_the_kl_divergence(beta):
    assert value(BetaVAE(beta)) == pytest.approx(beta * KL, rel=1e-6)


@pytest.mark.parametrize(("gamma", "expected"), [(0, KL), (10, KL + 10 * (2 - 0.5) / 2)])
def test_factor_vae_adds_the_log_odds_of_its_critic(gamma, expected):
    # Log odds that a code is a joint draw: 3 - 1 = 2 for the first, 0 - 0.5 for the second; their mean .75.
    logits = np.array([[3.0, 1.0], [0.0, 0.5]], np.float32)
    assert value(FactorVAE(gamma), critic=logits) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("beta", "weight"), [(1, 0), (4, 3), (0, -1)])
def test_beta_tc_vae_adds_the_total_correlation_in_the_batch(beta, weight):
    # Densities of the four pairs (code j, posterior i), latent by latent, in units of 1 / sqrt(2 pi), which cancel:
    # latent 1, code 1 at both: N(1; 1, 1) = 1, N(1; 0, 4) = exp(-1/8) / 2; latent 2 at 0: 1 and exp(-2), at -2: the
    # reverse. TC is the mean over codes of log sum_i prod_l - sum_l log sum_i.
    first, second = np.array([1.0, np.exp(-1 / 8) / 2]), np.array([[1.0, np.exp(-2)], [np.exp(-2), 1.0]])
    joint = np.log([(first * row).sum() for row in second])
    product = np.log(first.sum()) + np.log(second.sum(axis=1))
    total_correlation = (joint - product).mean()
    assert abs(total_correlation) > 0.1
    assert value(BetaTCVAE(beta)) == pytest.approx(KL + weight * total_correlation, rel=1e-5)


@pytest.mark.parametrize(("method", "factor"), [(DIPVAE1, 10), (DIPVAE2, 1)])
def test_dip_vae_penalizes_the_covariance(method, factor):
    # Means (1, 0) and (0, -2): variances 1/4 and 1, covariance (1*0 + 0*-2)/2 - (1/2)(-1) = 1/2, which counts twice.
    # DIP-VAE-II adds the mean variances (1 + 4)/2 and 1 to the diagonal: 2.75 and 2.
    on = (0.25 - 1) ** 2 + (1 - 1) ** 2 if method is DIPVAE1 else 1.75**2 + 1**2
    for weight in (1, 20):
        expected = KL + weight * 2 * 0.5**2 + factor * weight * on
        assert value(method(weight)) == pytest.approx(expected, rel=1e-6)
    assert value(method(2, diagonal_factor=3)) == pytest.approx(KL + 2 * 2 * 0.5**2 + 6 * on, rel=1e-6)


@pytest.mark.parametrize(
    ("step", "capacity"), [(0, 0.0), (25_000, 6.25), (50_000, 12.5), (100_000, 25.0), (299_999, 25.0)]
)
def test_annealed_vae_asks_for_a_growing_capacity(step, capacity):
    assert value(AnnealedVAE(25), step) == pytest.approx(1000 * abs(KL - capacity), rel=1e-5)
    assert value(AnnealedVAE(25, gamma=2), step) == pytest.approx(2 * abs(KL - capacity), rel=1e-5)


@pytest.mark.parametrize("name", [name for name in METHODS if name != "annealed_vae"])
def test_the_other_methods_are_the_same_at_every_update(name):
    method = METHODS[name](4)
    logits = np.ones((2, 2), np.float32) if method.critic else None
    assert len({float(value(method, step, logits)) for step in (0, 1, 100_000)}) == 1


def test_constants_that_count_updates_are_scaled_to_the_length_of_a_run():
    assert rescaled(AnnealedVAE(25), 300_000) == AnnealedVAE(25)
    assert rescaled(AnnealedVAE(25), 3_000) == AnnealedVAE(25, warm_up=1_000)
    assert rescaled(AnnealedVAE(25, gamma=7, warm_up=30_000), 3_000) == AnnealedVAE(25, gamma=7, warm_up=300)
    for name in METHODS:
        if name != "annealed_vae":
            assert rescaled(METHODS[name](3), 3_000) == METHODS[name](3)


NUMBERS = [(kind, f.name) for kind in METHODS.values() for f in dataclasses.fields(kind)]


@pytest.mark.parametrize(("kind", "name"), NUMBERS)
@pytest.mark.parametrize("bad", [-1, -1e-9, float("nan"), float("inf"), "4", None])
def test_senseless_hyperparameters_are_refused_by_name(kind, name, bad):
    good = {f.name: 1.0 for f in dataclasses.fields(kind)}
    with pytest.raises(ValueError, match=f"{name} must be a number (of at least|above) 0, not"):
        kind(**(good | {name: bad}))


def test_a_method_without_a_regularizer_cannot_be_made():
    with pytest.raises(TypeError, match="regularizer"):
        Method()


def test_every_method_has_a_sweep_and_every_sweep_a_method():
    assert set(METHODS) == set(SWEEPS)
    assert len({sweep.label for sweep in SWEEPS.values()}) == len(SWEEPS)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_a_frozen_value_made_of_its_swept_hyperparameter(name):
    kind, sweep = METHODS[name], SWEEPS[name]
    assert issubclass(kind, Method)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    assert sweep.hyperparameter in fields
    required = [f.name for f in fields.values() if f.default is f.default_factory is dataclasses.MISSING]
    assert required == [sweep.hyperparameter]
    for strength in sweep.strengths:
        method = kind(**{sweep.hyperparameter: strength})
        assert method == kind(**{sweep.hyperparameter: strength})
        assert getattr(method, sweep.hyperparameter) == strength
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(method, sweep.hyperparameter, 0)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_final_and_cites_its_paper(name):
    assert not METHODS[name].__subclasses__()
    assert METHODS[name].__mro__[1] is Method
    assert any(character.isdigit() for character in inspect.getdoc(METHODS[name])), "the year of a publication"


@pytest.mark.parametrize("name", STUDIES)
def test_studies_name_data_sets_methods_sizes_and_kernels_that_exist(name):
    study = STUDIES[name]
    assert set(study.data_sets) <= set(DATA_SETS)
    assert set(study.methods) <= set(METHODS)
    assert study.size in SIZES
    assert study.training.kernels in KERNELS


@pytest.mark.parametrize(
    ("method", "steps", "message"),
    [
        ("annealed_vae", 10, "method must be a dataclass derived from Method"),
        (AnnealedVAE, 10, "method must be a dataclass derived from Method"),
        (None, 10, "method must be a dataclass derived from Method"),
        (AnnealedVAE(25), 0, "steps must be a whole number of at least 1"),
        (AnnealedVAE(25), "10", "steps must be a whole number of at least 1"),
        (BetaVAE(4), None, "steps must be a whole number of at least 1"),
    ],
)
def test_rescaling_wants_a_method_and_a_number_of_updates(method, steps, message):
    with pytest.raises(ValueError, match=message):
        rescaled(method, steps)


@pytest.mark.parametrize("name", STUDIES)
def test_no_study_trains_a_method_made_for_a_longer_run(name):
    study = STUDIES[name]
    for cell in study.cells():
        steps = study.training_of(cell.method).steps
        method = rescaled(METHODS[cell.method](**{cell.hyperparameter: cell.strength}), steps)
        warn_of_length(method, steps)  # warnings of the package are errors in tests


def test_the_warning_blames_who_trains():
    with pytest.warns(UserWarning, match="warm_up counts 100,000 updates, but this run has 500") as caught:
        warn_of_length(AnnealedVAE(25), 500, stacklevel=2)
    assert caught[0].filename == __file__


def test_a_strength_of_numpy_is_that_number():
    method = checked(BetaVAE(np.arange(5)[4]))
    assert str(method) == str(BetaVAE(4)) and type(method.beta) is int
    strengths = Sweep("Own", "beta", tuple(np.arange(1, 4))).strengths
    assert strengths == (1, 2, 3) and {*map(type, strengths)} == {int}
