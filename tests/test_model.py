import dataclasses
import json

import numpy as np
import pytest

from dlnb import data, storage
from dlnb.models import training
from dlnb.models.backend import keras
from dlnb.models.methods import BetaVAE
from dlnb.models.model import Model

DSPRITES = data.load("dsprites", size=32)
PLACES = data.restrict(DSPRITES, shape=1, scale=3, orientation=0)


@pytest.fixture(scope="module")
def model():
    return training.train(PLACES, BetaVAE(2), steps=2, seed=7, latents=3, batch=8, kernels="paper", name="a/cell")


@pytest.fixture
def path(model, tmp_path):
    model.save(tmp_path / "folder" / "model.npz")
    return tmp_path / "folder" / "model.npz"


def test_a_saved_model_comes_back_the_same(model, path):
    again = Model.load(path)
    for one, other in ((model.encoder, again.encoder), (model.decoder, again.decoder)):
        for weight, back in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(weight, back)
    images = PLACES.sample(5, np.random.default_rng(0))[1]
    np.testing.assert_array_equal(training.encode(model, images).mean, training.encode(again, images).mean)
    assert list(again.history) == list(model.history)
    for name, values in model.history.items():
        np.testing.assert_array_equal(again.history[name], values)
    assert (again.latents, again.image_shape) == (3, (32, 32, 1))
    assert [p.name for p in path.parent.iterdir()] == ["model.npz"], "one file and nothing beside it"


def test_half_the_bits_of_the_weights_are_half_the_file_and_three_digits(model, path, tmp_path):
    model.save(tmp_path / "half.npz", "float16")
    assert 0.45 < (tmp_path / "half.npz").stat().st_size / path.stat().st_size < 0.55
    again = Model.load(tmp_path / "half.npz", PLACES)
    for weight, back in zip(model.encoder.get_weights(), again.encoder.get_weights(), strict=True):
        assert back.dtype == np.float32
        np.testing.assert_allclose(back, weight, rtol=2**-11, atol=1e-7)
    for name, values in model.history.items():
        np.testing.assert_array_equal(again.history[name], values)


def test_bytes_without_their_scales_are_refused_by_name(model, tmp_path):
    path = tmp_path / "bytes.npz"
    model.save(path, "int8")
    about, arrays = storage.load(path, "trained model")
    for change in (
        {"scale/decoder/0": None},
        {"scale/decoder/0": np.ones(3)},
        {"scale/encoder/2": np.full(32, np.nan)},
    ):
        changed = {name: values for name, values in (arrays | change).items() if values is not None}
        storage.save(path, about, changed)
        with pytest.raises(ValueError, match=r"bytes\.npz is not a trained model file of this package, or is damaged"):
            Model.load(path)
    with pytest.raises(ValueError, match="unknown kind of weights 'half': choose from float32, float16, int8"):
        model.save(path, "half")


def test_a_saved_model_says_what_it_is_in_a_file_that_needs_no_pickles(path):
    with np.load(path, allow_pickle=False) as file:
        about = json.loads(str(file["about"]))
    assert about == Model.load(path).about
    assert about["name"] == "a/cell"
    assert (about["method"], about["hyperparameters"]) == ("BetaVAE", {"beta": 2})
    assert (about["data_set"], about["source"]) == (PLACES.name, "rendered")
    assert about["sizes"] == {"position x": 32, "position y": 32} == PLACES.sizes
    protocol = {"steps": 2, "seed": 7, "batch": 8, "latents": 3, "kernels": "paper", "precision": "float32"}
    assert protocol.items() <= about.items()
    assert {"dlnb", "tensorflow", "numpy"} <= {part.split(" ")[0] for part in about["versions"].split(", ")}


def test_the_right_data_set_and_latents_are_accepted(path):
    assert Model.load(path, PLACES, latents=3).latents == 3


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (DSPRITES, r"was trained on data_set 'dsprites\(.*\)', not 'dsprites'"),
        (data.load("color_dsprites", size=32), "not 'color_dsprites'"),
        (
            data.restrict(data.load("dsprites", size=64), shape=1, scale=3, orientation=0),
            r"on image_shape \[32, 32, 1\]",
        ),
    ],
)
def test_a_wrong_data_set_is_refused(path, other, message):
    with pytest.raises(ValueError, match=rf"model.npz .*{message}"):
        Model.load(path, other)


def test_another_source_or_other_factors_are_refused(path):
    original = dataclasses.replace(PLACES, source="original")
    with pytest.raises(ValueError, match="was trained on source 'rendered', not 'original'"):
        Model.load(path, original)
    fewer = dataclasses.replace(PLACES, sizes={"position x": 16, "position y": 32})
    with pytest.raises(ValueError, match="was trained on sizes"):
        Model.load(path, fewer)


def test_a_wrong_number_of_latents_is_refused(path):
    with pytest.raises(ValueError, match=r"model.npz has 3 latents, not 10"):
        Model.load(path, latents=10)


def test_something_else_is_refused(tmp_path, path):
    (tmp_path / "notes.npz").write_text("no model")
    with pytest.raises(ValueError, match="is not a trained model"):
        Model.load(tmp_path / "notes.npz")
    training.encode(Model.load(path), PLACES.sample(4, np.random.default_rng(0))).save(tmp_path / "codes.npz")
    with pytest.raises(ValueError, match="is not a trained model"):
        Model.load(tmp_path / "codes.npz")


def test_images_of_another_shape_are_refused(model):
    with pytest.raises(ValueError, match=r"32 x 32 x 1, not \(2, 64, 64, 1\)"):
        training.encode(model, np.zeros((2, 64, 64, 1), np.float32))
    with pytest.raises(ValueError, match=r"32 x 32 x 1, not \(2, 32, 32, 3\)"):
        training.encode(model, np.zeros((2, 32, 32, 3), np.float32))
    with pytest.raises(ValueError, match=r"with n above 0"):
        training.encode(model, np.zeros((0, 32, 32, 1), np.float32))


@pytest.mark.parametrize("wrong", [255, np.nan, -3.0, -0.21, 1.21, -0.1])
def test_images_that_are_no_shares_of_white_are_refused(model, wrong):
    with pytest.raises(ValueError, match=r"images must be floats in \[0, 1\], not float32 from"):
        training.encode(model, np.full((2, 32, 32, 1), wrong, np.float32))
    with pytest.raises(ValueError, match=r"not uint8 from 7 to 7: divide bytes by 255"):
        training.encode(model, np.full((2, 32, 32, 1), 7, np.uint8))


def test_codes_of_another_size_are_refused(model):
    for use in (training.decode, lambda m, codes: training.traverse(m, codes[0], [0.0])):
        with pytest.raises(ValueError, match=r"this model has 3 latents: codes must be \[n, 3\]"):
            use(model, np.zeros((1, 10)))
    with pytest.raises(ValueError, match="codes must be finite"):
        training.decode(model, np.full((1, 3), np.nan))


NONE = [None, "model.npz", 3, np.zeros(3)]


@pytest.mark.parametrize("wrong", NONE, ids=str)
def test_what_is_no_model_is_refused(wrong):
    images, codes, rng = np.zeros((1, 32, 32, 1), np.float32), np.zeros((1, 3)), np.random.default_rng(0)
    calls = {
        "encode": lambda: training.encode(wrong, images),
        "decode": lambda: training.decode(wrong, codes),
        "traverse": lambda: training.traverse(wrong, codes[0], [0.0]),
        "evaluate": lambda: training.evaluate(wrong, PLACES, rng, batches=1),
    }
    for call in calls.values():
        with pytest.raises(ValueError, match="model must be a Model as"):
            call()
    with pytest.raises(ValueError, match="encoder must be a Keras model"):
        Model(wrong, wrong, {})


@pytest.mark.parametrize("batch", [0, -1, 2.0, None, "all", True])
def test_a_batch_is_a_whole_number(model, batch):
    images, codes = np.zeros((2, 32, 32, 1), np.float32), np.zeros((2, 3))
    for call in (
        lambda: training.encode(model, images, batch=batch),
        lambda: training.decode(model, codes, batch=batch),
        lambda: training.evaluate(model, PLACES, np.random.default_rng(0), batches=1, batch=batch),
        lambda: training.evaluate(model, PLACES, np.random.default_rng(0), batches=batch),
    ):
        with pytest.raises(ValueError, match=r"batch(es)? must be a whole number of at least 1, not"):
            call()


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        ((np.zeros((3, 2), int), np.zeros((2, 32, 32, 1))), "one row of factors for each image, not 3 for 2"),
        ((np.zeros(2, int), np.zeros((2, 32, 32, 1))), r"factors must be \[n, k\], not of shape \(2,\)"),
        ((None, None, None), r"a sample must be \(factors, images\), not"),
        (None, "images must be"),
        ("images", "images must be"),
        ([], "images must be"),
        (np.zeros((32, 32, 1)), r"32 x 32 x 1, not \(32, 32, 1\): of a single image give image\[None\]"),
        (np.zeros((2, 32, 32)), r"of grey images give images\[..., None\]"),
    ],
)
def test_samples_that_are_none_are_refused(model, sample, message):
    with pytest.raises(ValueError, match=message):
        training.encode(model, sample)


@pytest.mark.parametrize(
    ("code", "values", "message"),
    [
        (None, [0.0], "code must be an array of numbers"),
        ("x", [0.0], "code must be an array of numbers"),
        ([0, np.nan, 0], [0.0], "code must be finite"),
        ([0, 0, 0], [], "values must hold at least one number"),
        ([0, 0, 0], None, "values must be an array of numbers"),
        ([0, 0, 0], 1.0, r"values must be \[v\]"),
        ([0, 0, 0], [np.inf], "values must be finite"),
        ([0, 0, 1e300], [0.0], r"codes must be at most 8.51e\+37 in size, but latent 2"),
    ],
)
def test_a_traversal_wants_one_code_and_finite_values(model, code, values, message):
    with pytest.raises(ValueError, match=message):
        training.traverse(model, code, values)


def test_codes_that_a_decoder_cannot_take_are_refused(model):
    with pytest.raises(ValueError, match=r"codes must be at most 8.51e\+37 in size"):
        training.decode(model, np.full((1, 3), 1e300))


def test_codes_and_losses_of_damaged_weights_are_no_numbers(model):
    damaged = Model(*(_damaged(each) for each in (model.encoder, model.decoder)), {})
    images = PLACES.sample(2, np.random.default_rng(0))[1]
    with pytest.raises(FloatingPointError, match="the codes are not finite"):
        training.encode(damaged, images)
    with pytest.raises(ValueError, match="images that are not finite"):
        training.decode(damaged, np.zeros((1, 3)))
    with pytest.raises(FloatingPointError, match="not finite: reconstruction nan"):
        training.evaluate(Model(model.encoder, damaged.decoder, {}), PLACES, np.random.default_rng(0), batches=1)


def _damaged(network):
    found = keras.models.clone_model(network)
    found.set_weights([np.full_like(weight, np.nan) for weight in network.get_weights()])
    return found


def test_evaluate_wants_a_data_set_that_fits_and_a_generator(model):
    for wrong, message in (
        ((None, np.random.default_rng(0)), "data_set must be a DataSet"),
        ((PLACES, None), "evaluate needs rng"),
        ((PLACES, 0), "evaluate needs rng"),
        ((data.load("color_dsprites", size=32), np.random.default_rng(0)), r"32 x 32 x 1, not \(64, 32, 32, 3\)"),
    ):
        with pytest.raises(ValueError, match=message):
            training.evaluate(model, *wrong, batches=1)


def test_networks_of_ones_own_are_saved_with_their_kernels_and_without_a_training(model, tmp_path):
    bare = Model(model.encoder, model.decoder, {})
    bare.save(tmp_path / "bare.npz")
    again = Model.load(tmp_path / "bare.npz")
    assert again.about["kernels"] == "paper"
    for weight, back in zip(model.encoder.get_weights(), again.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(back, weight)
    with pytest.raises(ValueError, match="about does not say for how many steps this model was trained"):
        _ = again.training
