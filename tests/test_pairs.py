"""Weak supervision: pairs of images, and the method that learns from them."""

import numpy as np
import pytest
from common import rng

from dlnb import data, models, registry
from dlnb.data import DataSet, pairs
from dlnb.models import AdaGVAE, BetaVAE, Method, Posterior, Sweep, Training
from dlnb.models.backend import tf

ROOMS = data.load("shapes3d", size=32)
QUICK = Training(steps=12, batch=8, learning_rate=1e-3)


def grey(**sizes: int) -> DataSet:
    """Images of one grey value, that of the first factor."""
    first = next(iter(sizes.values()))

    def render(factors, rng=None):
        return np.broadcast_to((factors[:, :1] / first)[:, :, None, None], (len(factors), 32, 32, 1)).astype(np.float32)

    return DataSet("grey", sizes, render)


# Pairs


@pytest.mark.parametrize("changed", [1, 2, 5])
def test_pairs_differ_in_exactly_so_many_factors_and_every_one_changes(changed):
    factors, images = pairs(ROOMS, 300, rng(), changed)
    differ = factors[0] != factors[1]
    assert factors.shape == (2, 300, 6) and factors.dtype == np.int64 and images.shape == (2, 300, 32, 32, 3)
    assert (differ.sum(axis=1) == changed).all() and differ.any(axis=0).all()
    np.testing.assert_allclose(differ.mean(axis=0), changed / 6, atol=0.09)
    for side in range(2):
        np.testing.assert_array_equal(images[side], ROOMS.render(factors[side]))


def test_the_other_value_is_any_other_one_equally_often():
    factors, _ = pairs(grey(a=4, b=2), 6_000, rng(), 1)
    moved = factors[0, :, 0] != factors[1, :, 0]
    steps = (factors[1] - factors[0])[moved, 0] % 4
    np.testing.assert_allclose(np.bincount(steps, minlength=4)[1:] / moved.sum(), 1 / 3, atol=0.03)
    np.testing.assert_allclose(np.bincount(factors[1, :, 0], minlength=4) / 6_000, 1 / 4, atol=0.03)
    assert set(np.unique(factors[:, :, 1])) == {0, 1}


def test_the_number_of_changes_may_be_drawn_too():
    factors, _ = pairs(grey(a=4, b=3, c=2, d=5), 3_000, rng(), None)
    counts = np.bincount((factors[0] != factors[1]).sum(axis=1), minlength=5)
    np.testing.assert_allclose(counts / 3_000, [0, 1 / 3, 1 / 3, 1 / 3, 0], atol=0.03)


def test_a_factor_of_a_single_value_is_always_shared():
    fixed = data.restrict(ROOMS, scale=2)
    factors, _ = pairs(grey(a=3, one=1, b=3), 200, rng(), 1)
    assert (factors[:, :, 1] == 0).all() and (factors[0] != factors[1]).sum(axis=1).tolist() == [1] * 200
    assert pairs(fixed, 3, rng(), 4)[0].shape == (2, 3, 5)


def test_the_same_generator_gives_the_same_pairs():
    one, other = pairs(ROOMS, 5, rng(3)), pairs(ROOMS, 5, rng(3))
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])
    assert pairs(ROOMS, 0, rng())[1].shape == (2, 0, 32, 32, 3)


@pytest.mark.parametrize(
    ("data_set", "arguments", "message"),
    [
        (ROOMS, (3, rng(), 6), "changed must leave a factor that is shared: from 1 to 5, not 6"),
        (ROOMS, (3, rng(), 0), "changed must be a whole number of at least 1"),
        (ROOMS, (3, rng(), 1.5), "changed must be a whole number"),
        (ROOMS, (-1, rng()), "n must be a whole number of at least 0"),
        (ROOMS, (3, 0), "drawing pairs needs rng"),
        (grey(a=4), (3, rng()), "grey has 1 that vary"),
        (grey(a=4, b=1), (3, rng()), "grey has 1 that vary"),
        (data.of_images("mine", np.zeros((3, 32, 32, 1))), (3, rng()), "mine has no factors"),
        (None, (3, rng()), "data_set must be a DataSet"),
    ],
)
def test_what_cannot_be_paired_is_refused(data_set, arguments, message):
    with pytest.raises(ValueError, match=message):
        pairs(data_set, *arguments)


# The method


def by_hand(mean, logvar):
    """The posteriors of a batch whose second half are partners, latent by latent."""
    half = len(mean) // 2
    mean, variance = mean.copy(), np.exp(logvar)
    for i in range(half):
        j = i + half
        apart = [
            np.log(variance[j, k] / variance[i, k])
            + (variance[i, k] + (mean[i, k] - mean[j, k]) ** 2) / variance[j, k]
            - 1
            for k in range(mean.shape[1])
        ]
        for latent, distance in enumerate(apart):
            if distance < (min(apart) + max(apart)) / 2:
                mean[[i, j], latent] = (mean[i, latent] + mean[j, latent]) / 2
                variance[[i, j], latent] = (variance[i, latent] + variance[j, latent]) / 2
    return mean, np.log(variance)


def test_latents_that_differ_little_are_averaged():
    mean, logvar = rng().standard_normal((2, 12, 5)).astype(np.float32)
    found = [each.numpy() for each in AdaGVAE().posterior(tf.constant(mean), tf.constant(logvar))]
    expected = by_hand(mean, logvar)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
    shared = found[0][:6] == found[0][6:]
    assert shared.any(axis=1).all() and not shared.all(axis=1).any()  # the smallest always is, the largest never


def test_a_partner_that_is_the_same_image_changes_nothing():
    mean, logvar = rng().standard_normal((2, 4, 3)).astype(np.float32)
    twice = np.concatenate([mean, mean]), np.concatenate([logvar, logvar])
    for one, other in zip(AdaGVAE().posterior(*map(tf.constant, twice)), twice, strict=True):
        np.testing.assert_allclose(one.numpy(), other, rtol=1e-6, atol=1e-6)


def test_other_methods_see_what_the_encoder_says_and_single_images():
    mean, logvar = tf.constant(rng().standard_normal((2, 4, 3)).astype(np.float32))
    method = BetaVAE(2)
    assert method.posterior(mean, logvar)[0] is mean
    np.testing.assert_array_equal(method.draw(ROOMS, 6, rng(1)), ROOMS.sample(6, rng(1))[1])


def test_a_batch_has_the_partners_in_its_second_half():
    drawn = AdaGVAE(changed=2).draw(ROOMS, 8, rng(4))
    np.testing.assert_array_equal(drawn, np.concatenate(pairs(ROOMS, 4, rng(4), 2)[1]))
    with pytest.raises(ValueError, match="learns from pairs: batch must be even, not 7"):
        AdaGVAE().draw(ROOMS, 7, rng())


def test_the_regularizer_is_that_of_beta_vae():
    mean, logvar, z = tf.constant(rng().standard_normal((3, 4, 3)).astype(np.float32))
    q = Posterior(mean, logvar, z)
    assert AdaGVAE(3.0).regularizer(q, 0).numpy() == BetaVAE(3.0).regularizer(q, 0).numpy()


def test_it_trains_encodes_and_resumes_like_any_method(tmp_path):
    whole = models.train(ROOMS, AdaGVAE(2), QUICK, seed=1)
    again = models.train(ROOMS, AdaGVAE(2), QUICK, seed=1)
    part = tmp_path / "state.npz"
    models.train(ROOMS, AdaGVAE(2), Training(steps=5, batch=8, learning_rate=1e-3), seed=1, checkpoint=part)
    resumed = models.train(ROOMS, AdaGVAE(2), QUICK, seed=1, checkpoint=part)
    for other in (again, resumed):
        for one, two in zip(whole.encoder.get_weights(), other.encoder.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)
    assert whole.about["method"] == "AdaGVAE" and whole.about["hyperparameters"] == {"beta": 2, "changed": 1}
    np.testing.assert_allclose(whole.history["regularizer"], 2 * whole.history["kl"], rtol=1e-5)
    assert models.encode(whole, ROOMS.sample(9, rng())).mean.shape == (9, 10)
    alone = models.train(ROOMS, BetaVAE(2), QUICK, seed=1)
    assert not np.array_equal(alone.encoder.get_weights()[0], whole.encoder.get_weights()[0])


def test_what_pairs_need_is_told_before_a_model_learns():
    with pytest.raises(ValueError, match="batch must be even, not 7"):
        models.train(ROOMS, AdaGVAE(), steps=3, batch=7, seed=0)
    with pytest.raises(ValueError, match="mine has no factors"):
        models.train(data.of_images("mine", np.zeros((3, 32, 32, 1))), AdaGVAE(), steps=3, batch=4, seed=0)
    for wrong, message in ({"beta": -1}, "beta must be"), ({"changed": 0}, "changed must be"):
        with pytest.raises(ValueError, match=message):
            AdaGVAE(**wrong)


def test_a_method_that_draws_something_else_is_refused():
    class Few(BetaVAE):
        def draw(self, data_set, n, rng):
            return data_set.sample(n - 1, rng)[1]

    with pytest.raises(ValueError, match=r"Few.draw must return images \[8, 32, 32, 3\], not"):
        models.train(ROOMS, Few(1.0), QUICK, seed=0)


def test_it_may_be_registered_for_a_study_of_ones_own(monkeypatch):
    monkeypatch.setattr(models.methods, "METHODS", dict(models.METHODS))
    monkeypatch.setattr(models.methods, "SWEEPS", {})
    monkeypatch.setattr(registry, "_additions", {})
    assert issubclass(AdaGVAE, Method) and AdaGVAE not in models.METHODS.values()
    models.methods.register("ada_gvae", AdaGVAE, Sweep("Ada-GVAE", "beta", (1, 2, 4)))
    assert models.methods.METHODS["ada_gvae"] is AdaGVAE


@pytest.mark.slow
def test_pairs_disentangle_where_single_images_do_not():
    """After 1,500 updates of 64 images of Shapes3D, from one seed: far apart, and by more than one score."""
    from dlnb import metrics

    found = {}
    for method in (AdaGVAE(1.0), BetaVAE(1.0)):
        model = models.train(ROOMS, method, steps=1_500, batch=64, seed=0, learning_rate=1e-3, reconstruction_weight=4)
        factors, images = ROOMS.sample(6_000, models.generator(0, "sample"))
        codes = models.encode(model, images).mean
        found[type(method)] = metrics.score(codes, factors, rng(), ["mig", "dci"], boosting="lightgbm")
    ada, beta = found[AdaGVAE], found[BetaVAE]
    assert ada["mig"] > 2 * beta["mig"] and ada["dci_disentanglement"] > beta["dci_disentanglement"] + 0.1
