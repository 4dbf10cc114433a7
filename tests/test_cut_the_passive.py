"""The explorable cut-the-passive: its numbers are those of the table, and its controls choose among them."""

import re

import numpy as np
import pandas as pd
import pytest

from dlnb import results
from dlnb.figures import play

GAPS = pd.read_csv(results.TABLES / "short/gap.csv")
DATA = play.passive(GAPS)


def expected(part, above):
    chosen = part[part.above == above]
    gap = chosen.tc_mean - chosen.tc_sampled
    return [gap.median(), (gap > 0.1).sum(), chosen.latents.mean()]


def test_numbers_are_those_of_the_table(opened):
    page = opened("cut-the-passive", data=DATA)
    call = """([models, rows]) => dlnb.range(6).map((step) => {
        const found = dlnb.formulas["cut-the-passive"](models, rows, step);
        return [found.median, found.far, found.latents];
    })"""
    models = {name: np.asarray(values).tolist() for name, values in DATA["models"].items()}
    for method in ("beta_vae", "annealed_vae"):
        rows = [i for i, name in enumerate(models["method"]) if name == method]
        found = page.evaluate(call, [models, rows[:-1]])  # an odd number, whose median is one of them
        last = rows[-1]
        one = pd.DataFrame({n: [models[n][last]] for n in ("data_set", "method")})
        part = GAPS[GAPS.method == method]
        part = part[~((part.data_set == one.data_set[0]) & (part.strength == part.strength.max()) & (part.seed == 1))]
        for step, above in enumerate(DATA["above"]):
            assert found[step] == pytest.approx(expected(part, above), abs=2e-5)


def test_data_are_the_table_whatever_its_order():
    mixed = play.passive(GAPS.sample(frac=1, random_state=0))
    for name, values in DATA["models"].items():
        np.testing.assert_array_equal(values, mixed["models"][name])
    with pytest.raises(ValueError, match="every model must have every threshold"):
        play.passive(GAPS.iloc[1:])


def test_slider_and_lists_change_dots_and_numbers(opened):
    page = opened("cut-the-passive", data=DATA)
    page.emulate_media(reduced_motion="reduce")  # dots then move at once
    status, dots = page.get_by_role("status"), page.locator("circle.one")

    def told(part, above):
        median, far, latents = expected(part, above)
        status.filter(has_text=f"median gap is {median:.3f} nats").wait_for(state="attached")
        text = status.text_content()
        assert f"{len(part) // 6} models" in text and f"{latents:.1f} of 10 latents" in text
        assert f"{far} models are more than 0.1 nats apart" in text and dots.count() == len(part) // 6

    def off_the_diagonal():
        """Mean distance of the dots from the dashed line, in pixels."""
        ends = re.findall(r"[\d.]+", page.locator("path.mark").get_attribute("d"))
        (x, y, *_), slope = map(float, ends), (float(ends[3]) - float(ends[1])) / (float(ends[2]) - float(ends[0]))
        found = dots.evaluate_all("all => all.map((each) => [each.cx.baseVal.value, each.cy.baseVal.value])")
        return np.mean([abs(b - (y + slope * (a - x))) for a, b in found])

    told(GAPS, 0.0)
    before = off_the_diagonal()
    slider = page.get_by_role("slider")
    slider.press("End")
    assert slider.get_attribute("aria-valuetext") == "1 nats"
    told(GAPS, 1.0)
    assert off_the_diagonal() < before / 4
    slider.press("ArrowLeft")
    page.get_by_label("method").select_option("AnnealedVAE")
    told(GAPS[GAPS.method == "annealed_vae"], 0.3)
    page.get_by_label("data set").select_option("Cars3D")
    told(GAPS[(GAPS.method == "annealed_vae") & (GAPS.data_set == "cars3d")], 0.3)
