import dataclasses
import inspect

import numpy as np
import pytest

from dlnb.data import DATA_SETS
from dlnb.methods import METHODS, BetaVAE, Method, Posterior
from dlnb.networks import KERNELS, SIZES
from dlnb.study import STUDIES, SWEEPS

MEAN = np.array([[1.0, 0.0], [0.0, -2.0]], np.float32)
LOGVAR = np.log([[1.0, 1.0], [4.0, 1.0]]).astype(np.float32)
# One latent each: 1/2; 0; (4 - 1 - log 4) / 2 = .8068528; 4/2. Sums of the rows .5 and 2.8068528, their mean:
KL = 1.6534264


def posterior():
    return Posterior(MEAN, LOGVAR, MEAN)


@pytest.mark.parametrize("beta", [0, 1, 4.0, 16, 0.25])
def test_beta_vae_weighs_the_kl_divergence(beta):
    assert BetaVAE(beta).regularizer(posterior(), 0, critic=None).numpy() == pytest.approx(beta * KL, rel=1e-6)


def test_beta_vae_is_the_same_at_every_update():
    values = [BetaVAE(4).regularizer(posterior(), step, critic=None).numpy() for step in (0, 1, 100_000)]
    assert values == [values[0]] * 3


@pytest.mark.parametrize("beta", [-1, -1e-9, float("nan"), float("inf")])
def test_beta_vae_refuses_a_senseless_beta(beta):
    with pytest.raises(ValueError, match="beta must be a number of at least 0, not"):
        BetaVAE(beta)


def test_a_method_without_a_regularizer_cannot_be_made():
    with pytest.raises(TypeError, match="regularizer"):
        Method()


def test_every_method_has_a_sweep_and_every_sweep_a_method():
    assert list(METHODS) == list(SWEEPS)
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
    assert study.kernels in KERNELS
