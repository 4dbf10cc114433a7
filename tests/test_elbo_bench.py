"""The explorable elbo-bench: its numbers are those of dlnb's toy model, and its controls change them."""

import re

import numpy as np
import pytest

from dlnb.lessons.toy import LinearGaussian

QS = [(0.3, 0.85), (-0.5, 0.4), (2.5, 1.2)]
MODELS = [{"weight": 1.5, "noise": 1.0, "x": 2.4}, {"weight": -0.7, "noise": 0.4, "x": 1.1}]
BETAS = [0.5, 1.0, 4.0, 16.0]
NUMBERS = """([model, qs, betas]) => {
    const toy = dlnb.formulas["elbo-bench"](model);
    const of = (q) => [toy.reconstruction(...q), toy.kl(...q), toy.gap(...q)];
    return { evidence: toy.evidence, qs: qs.map(of), best: betas.map(toy.best) };
}"""


def numbers(page) -> list[float]:
    """Reconstruction, KL, gap and -log p(x), as the line below the bars has them."""
    found = re.findall(r"[−-]?\d+\.\d+", page.locator(".line").text_content())
    return [float(number.replace("−", "-")) for number in found]


def test_numbers_are_those_of_the_toy_model(opened):
    page = opened("elbo-bench")
    for model in MODELS:
        found = page.evaluate(NUMBERS, [model, QS, BETAS])
        toy, x = LinearGaussian(model["weight"], model["noise"]), model["x"]
        assert found["evidence"] == pytest.approx(toy.evidence(x))
        for q, (reconstruction, kl, gap) in zip(QS, found["qs"], strict=True):
            assert reconstruction == pytest.approx(toy.reconstruction(x, *q))
            assert kl == pytest.approx(toy.kl(*q))
            assert gap == pytest.approx(toy.evidence(x) - toy.elbo(x, *q))
        assert found["best"][BETAS.index(1.0)] == pytest.approx(toy.posterior(x))
        for beta, (mean, width) in zip(BETAS, found["best"], strict=True):
            near = [(mean + a, width + b) for a in (-0.01, 0, 0.01) for b in (-0.01, 0, 0.01)]
            losses = [toy.reconstruction(x, *q) + beta * toy.kl(*q) for q in near]
            assert np.argmin(losses) == 4  # the middle one


def test_sliders_and_buttons_move_q(opened):
    page = opened("elbo-bench")
    page.emulate_media(reduced_motion="reduce")  # buttons then act at once
    toy, x = LinearGaussian(weight=1.5, noise=1.0), 2.4
    mean, width, beta = (page.get_by_role("slider", name=name, exact=True) for name in ("mean of q", "width of q", "β"))

    def expect(q):
        expected = [-toy.elbo(x, *q), toy.evidence(x) - toy.elbo(x, *q), -toy.evidence(x)]
        page.wait_for_function(f"document.querySelector('.line').textContent.includes('gap {expected[1]:.2f}')")
        reconstruction, kl, gap, evidence = numbers(page)
        assert [reconstruction + kl, gap, evidence] == pytest.approx(expected, abs=0.0101)  # of rounding

    expect((0.3, 0.85))
    mean.press("ArrowRight")
    width.press("Home")
    expect((0.31, 0.4))
    page.get_by_role("button", name="q = posterior").click()
    expect([round(value, 2) for value in toy.posterior(x)])
    beta.press("End")
    assert beta.get_attribute("aria-valuetext") == "16"
    page.get_by_role("button", name="lowest loss").press("Enter")
    expect((0.2, 0.94))  # worked by hand: 3.6 / 18.25 and sqrt(16 / 18.25), in steps of the sliders


def test_a_slider_that_a_reader_takes_is_his_at_once(opened):
    page = opened("elbo-bench")
    page.get_by_role("button", name="q = posterior").click()
    slider = page.get_by_role("slider", name="mean of q")
    slider.press("End")
    page.evaluate("new Promise((done) => setTimeout(done, 700))")  # the way to the posterior takes half a second
    assert float(slider.input_value()) == 2.5
