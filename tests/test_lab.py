"""What the laboratory shows of a training: averages, traversals, a line of text and pictures that replace others."""

import base64
import io
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from dlnb import data, metrics, models, progress
from dlnb.lessons import lab
from dlnb.models import pace

DSPRITES = data.load("dsprites", size=32)
PROTOCOL = models.Training(steps=30, batch=16, learning_rate=1e-3)
IMAGES = DSPRITES.sample(12, np.random.default_rng(0))[1]


@pytest.fixture(scope="module")
def model():
    return models.train(DSPRITES, models.BetaVAE(1), PROTOCOL, seed=0)


# Averages


@pytest.mark.parametrize(
    ("count", "points", "sizes"),
    [
        (6, 3, [2, 2, 2]),
        (7, 3, [3, 4]),
        (8, 3, [3, 3, 2]),
        (5, 100, [1] * 5),
        (1, 10, [1]),
        (300_000, 100, [3_000] * 100),
    ],
)
def test_averages_are_means_over_stretches_of_all_updates(count, points, sizes):
    values = np.random.default_rng(0).standard_normal(count).astype(np.float32)
    middles, means = lab.averaged({"kl": values}, points)
    ends = np.cumsum(sizes)
    expected = [(values[b - n : b].astype(float).mean(), (b - n + 1 + b) / 2) for b, n in zip(ends, sizes, strict=True)]
    np.testing.assert_allclose(means["kl"], [mean for mean, _ in expected])
    np.testing.assert_allclose(middles, [middle for _, middle in expected])  # updates are counted from 1


@pytest.mark.parametrize(
    ("history", "points", "message"),
    [
        ({"kl": np.ones(3), "critic": np.ones(2)}, 10, r"one number of updates, at least 1, not of \[2, 3\]"),
        ({"kl": np.ones(0)}, 10, r"not of \[0\]"),
        ({}, 10, r"not of \[\]"),
        ([1, 2], 10, "history must be the losses of a Model or a Snapshot by name"),
        ({"kl": np.ones((2, 2))}, 10, r"history kl must be \[updates\], not of shape"),
        ({"kl": np.ones(3)}, 0, "points must be a whole number of at least 1"),
    ],
)
def test_what_has_no_average_is_refused(history, points, message):
    with pytest.raises(ValueError, match=message):
        lab.averaged(history, points)


# The decoder for the latent board


def test_a_decoder_for_the_board_has_the_weights_and_what_stands_beside_them(model, tmp_path):
    path = lab.for_board(tmp_path / "new" / "mine.json", model, DSPRITES, np.random.default_rng(0), 400)
    told = json.loads(path.read_text())
    codes = models.encode(model, DSPRITES.sample(400, np.random.default_rng(0)))
    assert told["shape"] == [32, 32, 1] and told["factors"][-1] == "position y" and told["model"] == model.about["name"]
    np.testing.assert_allclose(told["codes"], codes.mean[:24], rtol=6e-3)  # three digits
    np.testing.assert_allclose(told["kl"], codes.kl, rtol=6e-3)
    np.testing.assert_allclose(told["shares"], metrics.information.shares(codes.mean, codes.factors), rtol=6e-3)
    weights = np.frombuffer(base64.b64decode(told["weights"]), np.int8).astype(float)
    kernels = [kernel for kernel in model.decoder.get_weights() if kernel.ndim > 1]
    assert len(weights) == sum(kernel.size for kernel in kernels)
    first = told["layers"][0]
    step = np.array(first["scale"])
    np.testing.assert_allclose(weights[:2560].reshape(10, 256) * step, kernels[0], atol=0.51 * step.max())


def test_a_model_of_images_without_factors_has_a_decoder_for_the_board(tmp_path):
    images = data.of_images("mine", IMAGES)
    model = models.train(images, models.BetaVAE(1), models.Training(steps=2, batch=4), seed=0)
    told = json.loads(lab.for_board(tmp_path / "mine.json", model, images, np.random.default_rng(0), 12).read_text())
    assert told["factors"] == [] and told["shares"] == [[]] * 10 and len(told["codes"]) == 12


def test_what_the_board_cannot_show_is_refused(model, tmp_path):
    path, rng = tmp_path / "mine.json", np.random.default_rng(0)
    with pytest.raises(ValueError, match="model must be a Model"):
        lab.for_board(path, model.decoder, DSPRITES, rng)
    with pytest.raises(ValueError, match="data_set must be a DataSet"):
        lab.for_board(path, model, IMAGES, rng)
    with pytest.raises(ValueError, match="a sample needs rng"):
        lab.for_board(path, model, DSPRITES, 0)
    with pytest.raises(ValueError, match="64"):
        lab.for_board(path, model, data.load("dsprites", size=64), rng, 20)
    wide = models.train(DSPRITES, models.BetaVAE(1), models.Training(steps=1, batch=4, latents=11), seed=0)
    with pytest.raises(ValueError, match="10 sliders, but the model 11 latents"):
        lab.for_board(path, wide, DSPRITES, rng)
    assert not path.exists()


# Traversals


def test_the_strip_has_the_latents_with_the_largest_divergence(model):
    codes = models.encode(model, IMAGES)
    pictures, names = lab.strip(model, IMAGES, 3, [-1, 0.5])
    order = sorted(range(10), key=lambda latent: -codes.kl[latent])[:3]
    assert names == [f"latent {latent + 1}" for latent in order]
    assert pictures.shape == (3, 2, 32, 32, 1)
    for row, latent in enumerate(order):
        for column, value in enumerate([-1, 0.5]):
            code = codes.mean[:1].copy()
            code[0, latent] = value
            np.testing.assert_allclose(pictures[row, column], models.decode(model, code)[0], atol=1e-6)
    assert len(lab.strip(model, IMAGES, 99)[0]) == 10
    with pytest.raises(ValueError, match="count must be a whole number of at least 1"):
        lab.strip(model, IMAGES, 0)


# The display


class Handle:
    """Stands for a place in a notebook, and keeps what was shown there."""

    def __init__(self):
        self.shown = []

    def display(self, what, display_id):
        assert display_id and not self.shown
        self.update(what)
        return self

    def update(self, what):
        self.shown.append(what)


@pytest.fixture
def place(monkeypatch):
    place = Handle()
    monkeypatch.setattr("IPython.display.display", place.display)
    monkeypatch.delenv(progress.BUILDING, raising=False)
    return place


def run(updates, steps, seconds, model):
    history = {name: values[:updates] for name, values in model.history.items()}
    return models.Snapshot(updates, steps, seconds, history, lambda: model)


def test_a_line_and_two_pictures_are_replaced_where_they_stand(place, model, monkeypatch):
    clock = iter([100, 100, 104, 111, 112, 113, 114])
    monkeypatch.setattr(lab.time, "monotonic", lambda: next(clock))
    live = lab.Live(IMAGES, seconds=10)
    live(run(10, 30, 4.0, model))
    live(run(11, 30, 4.5, model))  # too soon
    live(run(20, 30, 24.0, model))
    live(run(30, 30, 30.0, model))  # the end, at once
    lines = [repr(shown) for shown in place.shown]
    assert [line.partition(". Nats")[0] for line in lines] == [
        "10 of 30 updates in 4.0 s, about 8.0 s to go",
        "20 of 30 updates in 24 s, about 20 s to go",  # at the speed since the last picture
        "30 of 30 updates in 30 s",
    ]
    assert re.search(r"Nats per image: reconstruction loss [\d.]+, KL [\d.e-]+, regularizer [\d.e-]+\.$", lines[0])
    for shown in place.shown:
        page = shown._repr_html_()
        assert page.count("<p>") == 1 and "\n" not in repr(shown)  # one line for a screen reader
        alts = re.findall(r'<img alt="([^"]+)" src="data:image/png;base64,', page)
        assert len(alts) == 2 and "Curves of reconstruction, kl, regularizer" in alts[0] and "latent" in alts[1]
        for png, _ in shown.pictures:
            with Image.open(io.BytesIO(png)) as picture:
                assert 600 < picture.width < 800


def test_nothing_is_drawn_while_the_book_is_built(place, model, monkeypatch):
    monkeypatch.setenv(progress.BUILDING, "1")
    lab.Live(IMAGES)(SimpleNamespace(updates=30, steps=30))
    assert place.shown == []


def test_a_training_is_shown_and_stays_the_same(place, model):
    live = lab.Live(IMAGES, seconds=0)
    watched = models.train(DSPRITES, models.BetaVAE(1), PROTOCOL, seed=0, watch=live, watch_every=10)
    assert [repr(shown).split()[0] for shown in place.shown] == ["10", "20", "30"]
    for one, other in zip(watched.encoder.get_weights(), model.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


# What an update costs


def test_the_time_of_an_update_does_not_count_what_is_done_once(monkeypatch):
    clock = SimpleNamespace(now=0.0, calls=0)

    class Graph:
        """Stands for a graph: the first call takes 1,000 seconds, the second none, all others 0.25 an update."""

        def run(self, images, *_):
            clock.now += 0.25 * len(images) if clock.calls > 1 else 1_000 * (clock.calls == 0)
            clock.calls += 1
            return np.ones((len(images), 3), np.float32)

    monkeypatch.setattr(models.training.graphs.Graph, "run", Graph.run)
    monkeypatch.setattr(models.training.time, "monotonic", lambda: clock.now)
    assert pace.seconds_an_update(DSPRITES, models.BetaVAE(1), PROTOCOL, seconds=7) == pytest.approx(0.25)
    assert clock.calls == 7  # of ten updates each: the first, two or more for 3.5 seconds, and three for 7


def test_the_time_of_an_update_is_positive_even_if_there_is_hardly_time_to_measure(model):
    small = models.Training(steps=1, batch=1, learning_rate=1e-3)
    assert 0 < pace.seconds_an_update(DSPRITES, models.BetaVAE(1), small, seconds=1e-9) < 60


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seconds": 0}, "seconds must be a number above 0"),
        ({"protocol": 300}, "protocol must be a Training"),
        ({"method": "beta_vae"}, "method must be"),
        ({"data_set": "dsprites"}, "data_set must be a DataSet"),
    ],
)
def test_what_cannot_be_timed_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        pace.seconds_an_update(**{"data_set": DSPRITES, "method": models.BetaVAE(1), "protocol": PROTOCOL} | wrong)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (4, "4.0 s"),
        (59.6, "60 s"),
        (100, "100 s"),
        (101, "1.7 minutes"),
        (1_800, "30 minutes"),
        (6_001, "1.7 hours"),
        (40 * 3_600, "40 hours"),
        (5 * 86_400, "5.0 days"),
        (4_000 * 86_400, "4,000 days"),
    ],
)
def test_a_time_is_said_in_the_unit_in_which_it_is_short(seconds, text):
    assert progress.duration(seconds) == text
