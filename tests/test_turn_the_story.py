"""The explorable turn-the-story: its map is the theorem's, and dot, angle and prior change what it shows."""

import re

import numpy as np
import pytest
from scipy import stats

from dlnb.data.dsprites import inside
from dlnb.lessons import theorem
from dlnb.models.backend import tfp

tfd = tfp.distributions
ONES = np.ones(2)
PRIORS = {
    "uniform": (tfd.Uniform(0 * ONES, ONES), stats.uniform()),
    "normal": (tfd.Normal(0 * ONES, ONES), stats.norm()),
    "exponential": (tfd.Exponential(ONES), stats.expon()),
}
FORMULAS = 'dlnb.formulas["turn-the-story"]'
SHARES = re.compile(r"ẑ₁ is moved by z₁ (\S+), z₂ (\S+); ẑ₂ is moved by z₁ (\S+), z₂ (\S+)\.")


@pytest.fixture
def page(opened):
    return opened("turn-the-story")


def test_normal_distribution_is_that_of_scipy(page):
    x = [*np.linspace(-8, 8, 65), -0.0, 1e-9, 4.999, 5.001, -4.999, -5.001, -20.0]
    p = [1e-12, 1e-6, 0.02, 0.3, 0.5 - 1e-9, 0.5, 0.5 + 1e-9, 0.7, 0.98, 1 - 1e-6]
    cdf, quantile = page.evaluate(f"([x, p]) => [x.map({FORMULAS}.cdf), p.map({FORMULAS}.quantile)]", [x, p])
    np.testing.assert_allclose(cdf, stats.norm.cdf(x), rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose(quantile, stats.norm.ppf(p), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("prior", PRIORS)
def test_map_inverse_and_slopes_are_those_of_the_theorem(page, prior):
    call = f"([prior, a, z]) => ['map', 'jacobian'].map((n) => z.map((p) => {FORMULAS}[n](prior, a, p)))"
    law, reference = PRIORS[prior]
    z = reference.ppf(np.random.default_rng(0).uniform(0.02, 0.98, (20, 2)))
    for degrees in (0, 90, 137):
        f = theorem.entangle(law, theorem.rotation(degrees))
        there, slopes = page.evaluate(call, [prior, degrees, z.tolist()])
        back, _ = page.evaluate(call, [prior, -degrees, z.tolist()])  # turned back, the map is the inverse
        np.testing.assert_allclose(there, f.forward(z), rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(back, f.inverse(z), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(slopes, theorem.jacobian(f, z), rtol=1e-6, atol=1e-7)


def test_heart_is_that_of_the_pictures(page):
    outline = np.array(page.evaluate(f"{FORMULAS}.HEART")) / 0.8  # of scale 0.8
    middle = np.array([0.0, -2.0])  # every ray from here meets the outline once
    for share, expected in ((0.98, True), (1.02, False)):
        a, b = (middle + share * (outline - middle)).T
        assert (inside(2, a, b) == expected).mean() > 0.95  # at the tips a ray may graze it


def test_dot_angle_and_prior_change_what_is_shown(page):
    status, below = page.get_by_role("status"), page.locator(".below")

    def shown():
        texts = [below.nth(i).text_content().replace("−", "-") for i in (0, 2)]
        return [[float(number) for number in re.findall(r"-?\d\.\d\d", text)] for text in texts]

    def shares(text):
        status.filter(has_text=text).wait_for(state="attached")
        return np.array(SHARES.search(status.text_content()).groups(), float).reshape(2, 2)

    def expected(prior, degrees, z):
        """The new code and the shares, by SciPy."""
        law, turn = PRIORS[prior][1], theorem.rotation(degrees)
        w = stats.norm.ppf(law.cdf(z))
        sizes = np.abs(turn * law.pdf(z) / stats.norm.pdf(w))  # the slope at the new code cancels
        return law.ppf(stats.norm.cdf(turn @ w)), sizes / sizes.sum(axis=1, keepdims=True)

    def agree(prior, degrees, z):
        new, parts = expected(prior, degrees, z)
        found = shares(f"{degrees} degrees. z₁ {z[0]:.2f}, z₂ {z[1]:.2f}".replace("-", "−"))
        assert shown()[0] == pytest.approx(z, abs=0.0051) and shown()[1] == pytest.approx(new, abs=0.0101)
        assert found == pytest.approx(parts, abs=0.0101)

    agree("uniform", 45, (0.3, 0.65))
    angle = page.get_by_role("slider", name="angle")
    angle.press("ArrowRight")
    agree("uniform", 46, (0.3, 0.65))
    page.get_by_role("slider", name="Dot in story one").press("Shift+ArrowRight")
    agree("uniform", 46, (0.4, 0.65))
    page.get_by_role("slider", name="Place of the heart").press("ArrowUp")
    agree("uniform", 46, (0.4, 0.63))
    page.get_by_role("radio", name="normal").check(force=True)
    agree("normal", 46, stats.norm.ppf((0.4, 0.63)))
    page.get_by_role("radio", name="exponential").check(force=True)
    agree("exponential", 46, stats.expon.ppf((0.4, 0.63)))
    before = shown()[1]
    page.get_by_role("slider", name="Dot in story two").press("ArrowRight")
    below.filter(has_text=f"ẑ = ({before[0]:.2f},").wait_for(state="detached")
    old, new = shown()
    assert new[0] > before[0] and new[1] == pytest.approx(before[1], abs=0.011)
    assert old == pytest.approx(expected("exponential", -46, new)[0], abs=0.03)


def test_at_a_quarter_turn_the_second_story_shows_the_pictures_of_the_first(page):
    hearts = (
        "svg => [...svg.querySelectorAll('.white')].map(e => e.getAttribute('transform').match(/[\\d.]+/g).map(Number))"
    )
    strips = page.get_by_role("img", name="Two rows of seven pictures")
    one = np.array(strips.nth(0).evaluate(hearts)).reshape(2, 7, 2)
    # Rows of the first story move along one side of the picture each, by equal steps.
    assert np.ptp(one[0, :, 1]) < 1e-6 and np.ptp(one[1, :, 0]) < 1e-6
    assert one[0, :, 0] == pytest.approx(16 + 32 * np.linspace(0.05, 0.95, 7))
    angle = page.get_by_role("slider", name="angle")
    angle.fill("90")
    page.get_by_role("status").filter(has_text="90 degrees").wait_for(state="attached")
    two = np.array(strips.nth(1).evaluate(hearts)).reshape(2, 7, 2)
    assert two[0] == pytest.approx(one[1, ::-1], abs=1e-6)  # a quarter turn: ẑ₁ = 1 - z₂ and ẑ₂ = z₁
    assert two[1] == pytest.approx(one[0], abs=1e-6)


def test_clouds_have_the_same_density_before_and_after(page):
    """Those of the stories and, between them, of the steps of the map."""
    dots = "svg => [...svg.querySelectorAll('path[stroke-linecap]')].map(e => e.getAttribute('d')).join('')"
    page.locator("summary").click()
    for prior in PRIORS:
        page.get_by_role("radio", name=prior).check(force=True)
        first = f"z = ({PRIORS[prior][1].ppf(0.3):.2f},".replace("-", "−")
        page.locator(".below").filter(has_text=first).first.wait_for()
        frames = page.locator(".story svg, .chain svg").all()
        drawn = [re.findall(r"M(\S+) (\S+?)h", each.evaluate(dots)) for each in frames]
        clouds = [np.array(cloud, float) for cloud in drawn]
        before, after, uniform, normal, turned, back, last = clouds
        assert min(map(len, clouds)) > 0.95 * 700  # few lie outside the frames
        for one, other in ((before, after), (normal, turned), (uniform, back), (after, last)):
            for i in (0, 1):
                spread = [(cloud[:, i] - cloud[:, i].min()) / np.ptp(cloud[:, i]) for cloud in (one, other)]
                assert stats.ks_2samp(*spread).pvalue > 1e-3
        assert stats.ks_2samp(normal[:, 0], uniform[:, 0]).pvalue < 1e-3  # the test can tell them apart


@pytest.mark.parametrize("prior", PRIORS)
def test_the_dot_may_be_taken_to_every_edge_and_back(page, prior):
    page.get_by_role("radio", name=prior).check(force=True)
    for name in ("Dot in story one", "Place of the heart", "Dot in story two"):
        pad = page.get_by_role("slider", name=name)
        for key in ("Right", "Down", "Left", "Left", "Up", "Up", "Right"):  # corners and sides, ten steps from each
            for _ in range(12):
                pad.press(f"Shift+Arrow{key}")
            shown = page.locator(".below").evaluate_all("all => all.map((each) => each.textContent).join()")
            assert "NaN" not in shown and "Infinity" not in shown
            assert page.locator("svg .way").count() == 8
