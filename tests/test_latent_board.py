"""The explorable latent-board: its decoder is Keras's but for weights of a byte, and its sliders move the image."""

import json
import re

import numpy as np
import pages
import pytest
from scipy.special import expit

from dlnb import data, results, storage
from dlnb.figures import board
from dlnb.lessons import lab
from dlnb.models import BetaVAE, Model, Training, decode, networks, train
from dlnb.results import keepsakes
from dlnb.study import STUDIES

FOLDER = results.TABLES / board.STUDY / "models"
ACTIVE = 0.01
TYPICAL, WORST = 2 / 255, 0.08  # allowed errors of a pixel in [0, 1]: root mean square (two grey levels), and any


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


def called(latent: int) -> str:
    return "z" + str(latent + 1).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def test_images_are_those_of_the_trained_model(page):
    call = """async ([name, codes]) => {
        await dlnb.script(`latent-board.${name}.data.js`);
        const { unpack, decode } = dlnb.formulas["latent-board"];
        const layers = unpack(dlnb.data[`latent-board.${name}`]);
        return codes.map((code) => [...decode(layers, code)]);
    }"""
    assert [name for name in board.names() if not name.endswith(keepsakes.BEST)] == list(keepsakes.FIGURE_7)
    for name in board.names():
        codes = keepsakes.codes(board.STUDY, name)[1]["codes"]
        codes = np.concatenate([codes[:6], 2 * np.random.default_rng(0).standard_normal((4, 10))])
        expected = by_keras(name, codes)
        found = np.array(page.evaluate(call, [name, codes.tolist()])).reshape(expected.shape)
        assert np.sqrt(np.mean((found - expected) ** 2)) < TYPICAL, name
        assert np.abs(found - expected).max() < WORST, name


def by_keras(name: str, codes: np.ndarray) -> np.ndarray:
    """Images that the kept decoder makes of codes, by Keras."""
    about, weights = keepsakes.decoder(board.STUDY, name)
    decoder = networks.decoder(tuple(about["image_shape"]), codes.shape[1], np.random.default_rng(0))
    decoder.set_weights(weights)
    return expit(decoder(codes.astype(np.float32)).numpy())


def test_the_best_models_are_those_of_the_table_and_nearly_as_good():
    table = results.load(board.STUDY)
    found = [
        name.removesuffix(keepsakes.BEST) for name in keepsakes.names(board.STUDY) if name.endswith(keepsakes.BEST)
    ]
    assert len(found) > 3
    for name in found:
        about, _ = keepsakes.decoder(board.STUDY, name + keepsakes.BEST)
        scored = table[table.data_set == name].set_index([*results.KEY])["dci_disentanglement"]
        chosen = next(cell for cell in STUDIES[board.STUDY].cells() if str(cell) == about["name"])
        assert results.key(chosen) == scored.idxmax()
        assert about["dci_of_the_table"] == scored.max() and about["dci"] >= scored.quantile(0.75)


@pytest.mark.parametrize("name", [name for name in board.names() if name.endswith(keepsakes.BEST)])
def test_the_best_decoders_answer_to_the_latents_that_carry_information(name):
    kept = keepsakes.codes(board.STUDY, name)[1]
    pictures = by_keras(name, kept["codes"])
    still = []
    for latent in range(10):
        moved = kept["codes"].copy()
        moved[:, latent] = np.roll(moved[:, latent], 1)
        still.append(np.abs(by_keras(name, moved) - pictures).mean())
    still, active = np.array(still), kept["kl"] > 1
    assert active.any() and still[active].min() > still[kept["kl"] < ACTIVE].max(initial=0)


def test_weights_of_a_byte_are_half_a_step_from_those_kept():
    rng = np.random.default_rng(0)
    for shape in [(10, 6), (4, 4, 3, 5)]:
        kernel = rng.standard_normal(shape) * np.geomspace(1e-3, 10, shape[-1])
        found, scale = storage.quantized(kernel)
        assert found.dtype == np.int8 and found.shape == shape and scale.shape == shape[-1:]
        assert (np.abs(found * scale - kernel) <= 0.5001 * scale).all()
        np.testing.assert_allclose(scale, np.abs(kernel).reshape(-1, shape[-1]).max(axis=0) / 127)
    assert not storage.quantized(np.zeros((2, 3)))[0].any()


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
    page.get_by_role("combobox", name="model").select_option(name)
    strongest = f"^{called(kl.argmax())}: {kl.max():.2f} nats"
    page.locator(".line").filter(has_text=re.compile(strongest)).wait_for()
    changes = []
    for latent in (int(kl.argmax()), int(kl.argmin())):
        slider = page.get_by_role("slider", name=called(latent), exact=True)
        slider.press("Home")
        line = page.locator(".line").filter(has_text=re.compile(f"^{called(latent)}: {kl[latent]:.2f} nats"))
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


@pytest.mark.parametrize(("size", "latents", "name"), [(32, 10, "shapes3d"), (64, 4, "dsprites")])
def test_a_model_from_the_laboratory_is_opened(page, tmp_path, size, latents, name):
    data_set = data.load(name, size=size)
    protocol = Training(steps=20, batch=16, learning_rate=1e-3, latents=latents)
    model = train(data_set, BetaVAE(1), protocol, seed=0, name="a model of mine")
    path = lab.for_board(tmp_path / "mine.json", model, data_set, np.random.default_rng(0), 500)
    page.get_by_label("your own").set_input_files(path)
    page.get_by_role("slider", name=called(latents - 1), exact=True).wait_for()
    page.wait_for_function(f"document.querySelector('canvas').width === {size}")
    assert page.locator(".explorable select option:checked").text_content() == "a model of mine"
    sliders = page.get_by_role("slider")
    assert sliders.count() == latents == page.locator(".chart text", has_text="nats").count()
    values = [float(sliders.nth(i).input_value()) for i in range(latents)]
    assert values == pytest.approx(np.clip(json.loads(path.read_text())["codes"][0], -3, 3), abs=0.026)
    image = decode(model, np.array([values]))[0]
    assert np.abs(shown(page)[..., : image.shape[-1]] - image).max() < WORST
    page.get_by_role("combobox", name="model").select_option("dsprites")  # and back to one of the book's
    page.wait_for_function("document.querySelector('canvas').width === 32")
    assert sliders.count() == 10


def test_another_file_is_refused_and_the_model_stays(page, tmp_path):
    before = shown(page)
    for name, text in {"a.json": "{}", "b.json": "[1", "c.json": '{"layers": [], "weights": "", "codes": []}'}.items():
        (tmp_path / name).write_text(text)
        page.get_by_label("your own").set_input_files(tmp_path / name)
        page.locator(".line", has_text=f"{name} is no model from the laboratory").wait_for()
    page.get_by_role("status").get_by_text("c.json is no model").wait_for(state="attached")
    assert (shown(page) == before).all() and page.locator(".explorable option").count() == len(board.names())


def test_a_file_that_is_written_anew_is_opened_anew(page, tmp_path):
    path = tmp_path / "board.json"
    own = board.contents(next(iter(board.names())))
    for name in ("first", "second"):
        path.write_text(json.dumps(own | {"model": name}))
        page.locator("input[type=file]").set_input_files(path)
        page.get_by_role("option", name=name, exact=True).wait_for(state="attached")
    assert page.get_by_role("option", name="first", exact=True).count() == 0
    assert page.locator("select").evaluate("each => each.selectedOptions[0].text") == "second"


def test_a_model_that_cannot_be_loaded_is_said_to_be_missing_and_is_asked_for_again(opened, tmp_path):
    page, (first, other) = opened(board.NAME, data=pages.data(board.NAME)), list(board.names())[:2]
    page.locator(".line").get_by_text("nats").wait_for()
    file = next(tmp_path.rglob(f"{board.NAME}.{other}.data.js"))
    content = file.read_text()
    file.unlink()
    page.locator("select").select_option(other)
    page.locator(".line").get_by_text("cannot be loaded").wait_for()
    file.write_text(content)
    page.locator("select").select_option(first)
    page.locator(".line").get_by_text("nats").wait_for()
    page.locator("select").select_option(other)
    page.wait_for_function("name => dlnb.data[name]", arg=f"{board.NAME}.{other}")
