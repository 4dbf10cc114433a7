"""The one rule of what an image is, at every door: data sets, training, encoding, evaluation."""

import pickle

import numpy as np
import pytest
from common import rng
from PIL import Image

from dlnb import data, metrics
from dlnb.data import DataSet, of_images
from dlnb.data.images import valid_images
from dlnb.models import BetaVAE, encode, evaluate, train

SPRITES = data.load("dsprites", size=32)


def grey(n=4, side=32, channels=1, kind=np.float32):
    return rng().uniform(size=(n, side, side, channels)).astype(kind)


def showing(images, sizes=None):
    """A data set whose ``render`` returns the rows of ``images`` that one factor numbers."""
    return DataSet("mine", sizes or {"row": len(images)}, lambda factors, rng=None: images[factors[:, 0]])


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble])
def test_floats_of_every_kind_are_cast(kind):
    images = grey(kind=kind)
    found = valid_images(images)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, images.astype(np.float32))
    assert valid_images(found) is found, "what is right is not copied"


def test_one_trains_the_same_model_on_other_floats():
    images = grey(8)
    options = {"steps": 3, "seed": 0, "batch": 8}
    one, other = (train(showing(images.astype(kind)), BetaVAE(1), **options) for kind in (np.float32, np.float64))
    np.testing.assert_array_equal(one.history["reconstruction"], other.history["reconstruction"])


BYTES = rng(1).integers(256, size=(4, 32, 32, 1))
WRONG = {
    "-1 to 1": (
        2 * np.rint(grey()) - 1,
        r"not float32 from -1 to 1: divide bytes by 255, map -1 to 1 by \(images \+ 1\) / 2",
    ),
    "standardised": ((grey() - 0.5) / 0.29, r"not float32 from -1\.\d+ to 1\.\d+: .* neither centre nor standardise"),
    "centred": (
        SPRITES.sample(4, rng())[1] - np.float32(0.043),
        r"from -0.043 to 0.957 with 9\d% of the values outside",
    ),
    "0 to 2": (2 * np.rint(grey()), "not float32 from .* to 2: divide"),
    "0 to 255": (BYTES.astype(np.float32), "not float32 from 0 to 255: divide bytes by 255"),
    "nan": (np.full((4, 32, 32, 1), np.nan), r"from nan to nan \([\d,]+ values are nan\)"),
    "infinite": (np.where(grey() > 0.5, np.float32(np.inf), 0), "from 0 to inf: divide"),
    "bytes": (BYTES.astype(np.uint8), r"not uint8 from 0 to 255: divide bytes by 255 \(images / 255\)"),
    "integers": (BYTES, r"not int64 from 0 to 255: divide bytes by 255"),
    "16 bits": (257 * BYTES.astype(np.uint16), r"not uint16 from 0 to 65535: divide 16-bit values by 65535"),
    "binary bytes": (np.uint8(grey() > 0.5), r"not uint8 from 0 to 1: if 1 is white, give images.astype\(np.float32\)"),
    "bool": (grey() > 0.5, r"not bool: give images.astype\(np.float32\)"),
    "text": (np.full((4, 32, 32, 1), "a"), "an array of numbers.*, not <U1"),
    "no channels": (grey()[..., 0], r"not \(\d+, 32, 32\): of grey images give images\[..., None\]"),
    "channels first": (grey(channels=3).transpose(0, 3, 1, 2), r"channels come last, images.transpose\(0, 2, 3, 1\)"),
    "flat": (grey().reshape(4, -1), r"\[n, height, width, channels\].*, not \(\d+, 1024\)"),
    "no width": (grey()[:, :, :0], r"not \(\d+, 32, 0, 1\)"),
}
every_wrong = pytest.mark.parametrize(("images", "message"), WRONG.values(), ids=WRONG)


@pytest.fixture(scope="module")
def model():
    return train(SPRITES, BetaVAE(1), steps=1, seed=0, batch=8)


@every_wrong
def test_what_is_no_image_is_refused_at_every_door_with_the_remedy(images, message, model):
    mine = showing(images)
    with pytest.raises(ValueError, match=f"images of mine must be .*{message}"):
        mine.sample(64, rng())
    with pytest.raises(ValueError, match=f"images of mine must be .*{message}"):
        train(mine, BetaVAE(1), steps=1, seed=0)
    with pytest.raises(ValueError, match=f"images of mine must be .*{message}"):
        evaluate(model, mine, rng(), batches=1)
    with pytest.raises(ValueError, match=f"images must be .*{message}"):
        encode(model, images)
    if images.dtype != np.uint8 or images.max() < 2:
        with pytest.raises(ValueError, match=f"images of mine must be .*{message}"):
            of_images("mine", images)


def test_the_first_image_may_be_right_and_a_later_batch_wrong():
    drawn = iter(range(99))

    def render(factors, rng=None):
        return grey(len(factors)) * (255 if next(drawn) == 15 else 1)

    with pytest.raises(ValueError, match=r"images of mine must be floats in .* not float32 from"):
        train(DataSet("mine", {"a": 2}, render), BetaVAE(1), steps=30, seed=0, batch=8)


@pytest.mark.parametrize(("large", "size"), [(128, 64), (96, 64), (128, 32), (96, 32)])
def test_what_resizing_leaves_outside_passes_at_every_door(large, size):
    sharp = np.zeros((40, large, large), np.float32)
    for image, (left, top) in zip(sharp, rng().integers(5, large - 20, size=(40, 2)), strict=True):
        image[top : top + 15, left : left + 15] = 1  # a white square on black, or black on white
    sharp[::2] = 1 - sharp[::2]
    images = np.stack([np.asarray(Image.fromarray(i).resize((size, size), Image.Resampling.LANCZOS)) for i in sharp])
    images = images[..., None]
    assert images.min() < -0.05 and images.max() > 1.05
    np.testing.assert_array_equal(valid_images(images), images)
    np.testing.assert_array_equal(showing(images).sample(0, rng())[1], images[:0])
    if size == 64:
        return  # another graph
    found = train(showing(images), BetaVAE(1), steps=1, seed=0, batch=8)
    assert np.isfinite(encode(found, showing(images).sample(64, rng())).mean).all()
    assert np.isfinite(evaluate(found, showing(images), rng(), batches=1)["elbo"])


@pytest.mark.parametrize(
    ("render", "message"),
    [
        (lambda f, rng: grey(1), "must be one for each row of factors: 1 for 64"),
        (lambda f, rng: grey(65), "must be one for each row of factors: 65 for 64"),
        (lambda f, rng: grey(0), "must be one for each row of factors: 0 for 64"),
        (lambda f, rng: grey(1)[0], r"not \(32, 32, 1\): of a single image give image\[None\]"),
        (lambda f, rng: None, "must be an array of numbers"),
        (lambda f, rng: list(grey(3)) + ["x"], "must be an array of numbers"),
        (lambda f, rng: np.where(grey(len(f)) < 0, 0, None), "must be an array of numbers"),
    ],
)
def test_a_batch_has_one_image_for_each_row_of_factors(render, message):
    train(SPRITES, BetaVAE(1), steps=1, seed=0, batch=8)  # its graph is kept, which takes batches of any size
    mine = DataSet("mine", {"a": 4, "b": 3}, render)
    with pytest.raises(ValueError, match=f"images of mine .*{message}"):
        mine.sample(64, rng())
    with pytest.raises(ValueError, match="images of mine must be"):
        train(mine, BetaVAE(1), steps=1, seed=0, batch=8)


def test_images_keep_their_shape_once_it_is_known():
    sides = iter([32, 64])
    mine = DataSet("mine", {"a": 2}, lambda factors, rng: grey(len(factors), next(sides)))
    assert mine.image_shape == (32, 32, 1)
    with pytest.raises(ValueError, match=r"with 32 x 32 x 1, not \(5, 64, 64, 1\)"):
        mine.sample(5, rng())


def test_a_render_that_writes_to_the_factors_changes_no_sample():
    def render(factors, rng=None):
        factors[:] = 0
        return grey(len(factors))

    factors = DataSet("mine", {"a": 9}, render).sample(50, rng())[0]
    np.testing.assert_array_equal(factors, DataSet("mine", {"a": 9}, SPRITES.render).sample_factors(50, rng()))
    assert factors.any()


# What a data set is made of


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sizes": [4, 3]}, r"sizes of mine must be a dict .* such as {'shape': 3, 'scale': 6}, not \[4, 3\]"),
        ({"sizes": None}, "sizes of mine must be a dict"),
        ({"sizes": {}}, r"at least one factor; images without factors: data.of_images\(name, images\)"),
        ({"sizes": {3: 4}}, "sizes of mine must be a dict"),
        ({"sizes": {"": 4}}, "sizes of mine must be a dict"),
        ({"sizes": {"a": 0}}, "the size of the factor 'a' must be a whole number of at least 1, not 0"),
        ({"sizes": {"a": -3}}, "at least 1, not -3"),
        ({"sizes": {"a": 4.0}}, "at least 1, not 4.0"),
        ({"sizes": {"a": True}}, "at least 1, not True"),
        ({"sizes": {"a": np.arange(3)}}, "at least 1, not an array"),
        ({"render": grey()}, r"render of mine must be a function .*data.of_images\(name, images\)\), not an array"),
        ({"render": None}, "render of mine must be a function from factors"),
        ({"render": "draw"}, "render of mine must be a function from factors"),
        ({"name": None}, "the name of a data set must be text, not None"),
        ({"name": ""}, "must not be empty"),
        ({"about": 3}, "the about of a data set must be text, not 3"),
        ({"source": None}, "the source of a data set must be text"),
    ],
)
def test_a_data_set_is_checked_when_it_is_made(changes, message):
    values = {"name": "mine", "sizes": {"a": 4, "b": 3}, "render": lambda factors, rng=None: grey(len(factors))}
    with pytest.raises(ValueError, match=message):
        DataSet(**values | changes)


def test_sizes_are_copied_as_python_integers():
    sizes = {"a": np.int64(4)}
    mine = DataSet("mine", sizes, SPRITES.render)
    sizes["a"] = 9
    assert mine.sizes == {"a": 4} and type(mine.sizes["a"]) is int


@pytest.mark.parametrize("wrong", [None, "dsprites", SPRITES.render])
def test_functions_of_data_sets_want_one(wrong):
    calls = (lambda: data.restrict(wrong, a=1), lambda: data.traversals(wrong, [0], 3), lambda: train_on(wrong))
    for call in calls:
        with pytest.raises(ValueError, match="data_set must be a DataSet such as"):
            call()


def train_on(data_set):
    return train(data_set, BetaVAE(1), steps=1, seed=0)


def test_a_traversal_wants_a_generator_or_none():
    with pytest.raises(ValueError, match="a traversal of random images needs rng"):
        data.traversals(SPRITES, [0] * 5, 3, rng="x")


# Images without factors


@pytest.fixture(scope="module")
def photographs():
    return rng(2).integers(256, size=(30, 32, 32, 1)).astype(np.uint8)


def test_a_sample_of_images_without_factors_draws_each_as_often(photographs):
    mine = of_images("photographs", photographs)
    factors, images = mine.sample(6_000, rng())
    assert factors.shape == (6_000, 0) and factors.dtype == np.int64
    assert images.dtype == np.float32 and images.shape == (6_000, *mine.image_shape)
    whole = np.rint(255 * images).astype(np.uint8)
    counts = [(whole == image).all(axis=(1, 2, 3)).sum() for image in photographs]
    assert sum(counts) == 6_000
    assert min(counts) > 200 - 5 * np.sqrt(200) and max(counts) < 200 + 5 * np.sqrt(200)
    for one, other in zip(mine.sample(9, rng(3)), mine.sample(9, rng(3)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_bytes_and_shares_of_white_are_the_same_images(photographs):
    one, other = (of_images("mine", i).sample(8, rng())[1] for i in (photographs, photographs / 255))
    np.testing.assert_allclose(one, other, atol=1e-7)


def test_bytes_stay_where_they_are_and_only_what_is_drawn_is_converted(photographs, tmp_path):
    np.save(tmp_path / "many.npy", photographs)
    mine = of_images("mine", kept := np.load(tmp_path / "many.npy", mmap_mode="r"))
    assert np.may_share_memory(mine.render.images, kept)
    np.testing.assert_array_equal(mine.sample(8, rng())[1], of_images("mine", photographs).sample(8, rng())[1])


def test_a_model_of_images_without_factors_trains_encodes_and_is_compared(photographs, tmp_path):
    mine = of_images("photographs", photographs)
    options = {"steps": 12, "learning_rate": 1e-3, "batch": 8}
    found = [train(mine, BetaVAE(1), seed=seed, checkpoint=tmp_path / f"{seed}.npz", **options) for seed in (0, 1)]
    assert found[0].history["reconstruction"][-1] < found[0].history["reconstruction"][0]
    assert np.isfinite(list(evaluate(found[0], mine, rng(), batches=2).values())).all()
    sample = mine.sample(200, rng())
    codes = [encode(each, sample) for each in found]
    assert codes[0].factors.shape == (200, 0)
    assert np.isfinite(metrics.total_correlation(codes[0].mean)["total_correlation"])
    metrics.udr(codes)
    with pytest.raises(ValueError, match=r"factors must be \[n, k\]"):
        metrics.score(codes[0].mean, codes[0].factors, rng(), "mig")
    # A checkpoint is not continued on other images of the same name and shape.
    with pytest.raises(ValueError, match="checkpoint of another run, with source '30 images, SHA-256"):
        train(of_images("photographs", photographs[::-1]), BetaVAE(1), seed=0, checkpoint=tmp_path / "0.npz", **options)


def test_images_without_factors_travel_to_other_processes(photographs):
    again = pickle.loads(pickle.dumps(of_images("mine", photographs)))
    np.testing.assert_array_equal(again.sample(5, rng())[1], of_images("mine", photographs).sample(5, rng())[1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda mine: mine.render(np.zeros((2, 0), int)), "mine draws which images are shown and needs rng"),
        (lambda mine: mine.render(np.zeros((2, 1), int), rng()), "factors must be"),
        (lambda mine: data.traversals(mine, [], 3), "mine has no factors to fix or to vary"),
        (lambda mine: data.restrict(mine), "mine has no factors to fix or to vary"),
    ],
)
def test_images_without_factors_have_none_to_vary(call, message, photographs):
    with pytest.raises(ValueError, match=message):
        call(of_images("mine", photographs))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (grey(0), "with n above 0, not"),
        (np.zeros((0, 8, 8, 1), np.uint8), "with n above 0, not"),
        (np.zeros((3, 8, 8, 1), np.uint8), "not uint8 from 0 to 0: if 1 is white"),
        (BYTES.astype(np.uint8)[..., 0], r"of grey images give images\[..., None\]"),
        (None, "images of mine must be"),
        ("photographs/*.jpg", "images of mine must be"),
    ],
)
def test_collections_that_are_none_are_refused(images, message):
    with pytest.raises(ValueError, match=message):
        of_images("mine", images)
