"""The explorable latent-board: its decoder is Keras's but for weights of a byte, and its sliders move the image."""

import re

import numpy as np
import pages
import pytest

from dlnb import data, results
from dlnb.figures import board
from dlnb.models import Model, decode
from dlnb.results import keepsakes
from dlnb.study import STUDIES

FOLDER = results.TABLES / board.STUDY / "models"
ACTIVE = 0.01
TYPICAL, WORST = 0.004, 0.08  # allowed errors of a pixel in [0, 1]: root mean square, and any


@pytest.fixture
def page(opened):
    page = opened(board.NAME, data=pages.data(board.NAME))
    page.locator(".line").get_by_text("nats").wait_for()
    return page


def shown(page) -> np.ndarray:
    """The canvas once it is drawn, [h, w, c] in [0, 1]."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    pixels = """canvas => [canvas.width, canvas.height, ...canvas.getContext("2d")
        .getImageData(0, 0, canvas.width, canvas.height).data]"""
    width, height, *values = page.locator("canvas").evaluate(pixels)
    return np.array(values).reshape(height, width, 4)[..., :3] / 255


def test_images_are_those_of_the_trained_model(page):
    call = """async ([name, codes]) => {
        await dlnb.script(`latent-board.${name}.data.js`);
        const { unpack, decode } = dlnb.formulas["latent-board"];
        const layers = unpack(dlnb.data[`latent-board.${name}`]);
        return codes.map((code) => [...decode(layers, code)]);
    }"""
    assert list(board.names()) == list(keepsakes.FIGURE_7)
    for name in board.names():
        model = Model.load(FOLDER / f"{name}.npz")
        codes = keepsakes.codes(board.STUDY, name)[1]["codes"]
        codes = np.concatenate([codes[:6], 2 * np.random.default_rng(0).standard_normal((4, 10))])
        expected = decode(model, codes)
        found = np.array(page.evaluate(call, [name, codes.tolist()])).reshape(expected.shape)
        assert np.sqrt(np.mean((found - expected) ** 2)) < TYPICAL, name
        assert np.abs(found - expected).max() < WORST, name


def test_weights_of_a_byte_are_half_a_step_from_those_kept():
    rng = np.random.default_rng(0)
    for shape in [(10, 6), (4, 4, 3, 5)]:
        kernel = rng.standard_normal(shape) * np.geomspace(1e-3, 10, shape[-1])
        found, scale = board.quantized(kernel)
        assert found.dtype == np.int8 and found.shape == shape and scale.shape == shape[-1:]
        assert (np.abs(found * scale - kernel) <= 0.5001 * scale).all()
        np.testing.assert_allclose(scale, np.abs(kernel).reshape(-1, shape[-1]).max(axis=0) / 127)
    assert not board.quantized(np.zeros((2, 3)))[0].any()


@pytest.mark.parametrize("name", keepsakes.FIGURE_7)
def test_what_stands_beside_a_model_is_its_own(name):
    """Encoded again from fewer and other images, so that the numbers are estimates of the same."""
    about, kept = keepsakes.codes(board.STUDY, name)
    data_set = data.load(name, STUDIES[board.STUDY].source, STUDIES[board.STUDY].size)
    assert tuple(about["factors"]) == data_set.factor_names
    assert kept["shares"].shape == (10, len(about["factors"]))
    assert 0 <= kept["shares"].min() <= kept["shares"].max() <= 1
    codes = Model.load(FOLDER / f"{name}.npz").encoder(data_set.sample(500, np.random.default_rng(5))[1])
    mean, logvar = (each.numpy() for each in codes)
    kl = 0.5 * (mean**2 + np.exp(logvar) - 1 - logvar).mean(axis=0)
    np.testing.assert_allclose(kept["kl"], kl, atol=0.3)
    np.testing.assert_allclose(kept["codes"].std(axis=0), mean.std(axis=0), atol=0.6)


def test_active_latents_move_the_image_and_passive_ones_do_not(page):
    name = "noisy_dsprites"
    kl = keepsakes.codes(board.STUDY, name)[1]["kl"]
    page.get_by_role("combobox", name="data set").select_option(name)
    strongest = f"^z{kl.argmax() + 1}: {kl.max():.2f} nats"
    page.locator(".line").filter(has_text=re.compile(strongest)).wait_for()
    changes = []
    for latent in (int(kl.argmax()), int(kl.argmin())):
        slider = page.get_by_role("slider", name=f"z{latent + 1}", exact=True)
        slider.press("Home")
        line = page.locator(".line").filter(has_text=re.compile(f"^z{latent + 1}: {kl[latent]:.2f} nats"))
        line.wait_for()
        assert ("passive" in line.text_content()) == (kl[latent] < ACTIVE)
        assert page.locator("rect.lit").get_attribute("y") == str(84 + 26 * latent)
        before = shown(page)
        slider.press("End")
        changes.append(np.abs(shown(page) - before).mean())
    assert kl.max() > 1 and kl.min() < ACTIVE and changes[0] > 20 * changes[1]


def test_surprise_shows_another_image_as_keras_decodes_it(page):
    name = "dsprites"
    codes = keepsakes.codes(board.STUDY, name)[1]["codes"]
    model = Model.load(FOLDER / f"{name}.npz")
    page.get_by_role("button", name="Surprise me").press("Enter")
    sliders = page.get_by_role("slider")
    values = [float(sliders.nth(i).input_value()) for i in range(10)]
    assert values == pytest.approx(np.clip(codes[1], -3, 3), abs=0.026)
    image = decode(model, np.array([values]))[0]
    assert np.abs(shown(page)[..., :1] - image).max() < WORST
    page.get_by_role("button", name="All to 0").click()
    assert {sliders.nth(i).input_value() for i in range(10)} == {"0"}
