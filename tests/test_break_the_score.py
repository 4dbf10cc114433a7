"""The explorable break-the-score: its grid is what dlnb.metrics makes of broken codes; its controls choose in it."""

import numpy as np
import pages
import pytest

from dlnb import metrics
from dlnb.lessons import examples

NAME = "break-the-score"
TABLE = pages.data(NAME)
SCORES = {  # as they stand on the page
    "beta_vae_score": "BetaVAE",
    "factor_vae_score": "FactorVAE",
    "mig": "MIG",
    "dci_disentanglement": "DCI",
    "modularity": "Modularity",
    "sap": "SAP",
}
WAYS = ["angle", "duplicated", "collapsed", "noise", "rows"]
PERFECT = {"angle": 0, "duplicated": False, "collapsed": False, "noise": 0.02}


def test_the_grid_is_whole():
    counts = [TABLE[way].nunique() for way in WAYS]
    assert len(TABLE) == np.prod(counts) and not TABLE.duplicated(WAYS).any()
    shares = TABLE.filter(like="share_")
    assert shares.shape[1] == 8 * 4 and TABLE[list(SCORES)].notna().all(axis=None)
    assert shares.notna().sum(axis=1).eq(np.where(TABLE["duplicated"], 32, 16)).all()


@pytest.mark.parametrize(
    "changed", [{}, {"angle": 30}, {"duplicated": True, "noise": 0.3}, {"collapsed": True, "angle": 10}]
)
def test_what_is_shown_is_what_the_scores_say(opened, changed):
    ways, rows = PERFECT | changed, int(TABLE.rows.min())
    call = f'([table, ways]) => dlnb.formulas["{NAME}"](table, ways)'
    page = opened(NAME, data=TABLE)
    given = TABLE.astype(object).where(TABLE.notna(), None).to_dict("list")
    found = page.evaluate(call, [given, ways | {"rows": rows}])
    codes, factors = examples.broken(int(TABLE.rows.max()), np.random.default_rng(0), **ways)
    names = list(metrics.METRICS)
    scores, parts = metrics.measure(codes[:rows], factors[:rows], np.random.default_rng(0), names)
    assert found["scores"] == pytest.approx([scores[name] for name in SCORES], abs=0.01)
    np.testing.assert_allclose(found["shares"], parts["information"] / parts["entropy"], atol=1e-4)


def test_controls_choose_a_row_of_the_grid(opened):
    page = opened(NAME, data=TABLE)
    line, bars = page.locator(".line"), page.get_by_role("img", name="Bars of the six scores")
    line.get_by_text("These codes are perfect.").wait_for()

    def told(**changed):
        """Wait until the bars are those of the table; the share that the first latent is said to tell of the first."""
        rows = {"rows": TABLE.rows.max()}
        (row,) = [row for _, row in TABLE.iterrows() if all(row[w] == v for w, v in (PERFECT | rows | changed).items())]
        numbers = " ".join(f"{row[name]:.2f}" for name in SCORES)
        shown = "svg => [...svg.querySelectorAll('.number')].map((each) => each.textContent).join(' ')"
        page.wait_for_function(f"({shown})(document.querySelectorAll('.half svg')[1]) === '{numbers}'")
        widths = bars.evaluate("svg => [...svg.querySelectorAll('[fill]')].map((each) => each.width.baseVal.value)")
        whole = bars.evaluate("svg => svg.viewBox.baseVal.width")
        assert np.array(widths) / whole == pytest.approx(row[list(SCORES)].to_numpy(float), abs=1e-4)
        matrix = page.locator(".half svg").first
        assert matrix.locator("rect").count() == (32 if row["duplicated"] else 16)
        assert f"{row.share_0_0:.2f}" in matrix.text_content()

    rotate, noise, drop = (page.get_by_role("slider", name=name) for name in ("rotate", "add noise", "drop samples"))
    rotate.press("ArrowRight")
    assert rotate.get_attribute("aria-valuetext") == "2°"
    told(angle=2)
    line.get_by_text("Most is lost by MIG (−0.12), least by").wait_for()
    drop.press("End")
    noise.press("ArrowRight")
    told(angle=2, rows=TABLE.rows.min(), noise=0.1)
    page.get_by_role("radio", name="once").press("ArrowRight")
    page.get_by_role("radio", name="collapsed").check(force=True)
    told(angle=2, rows=TABLE.rows.min(), noise=0.1, duplicated=True, collapsed=True)
    page.get_by_role("button", name="mend all").press("Enter")
    told()
    line.get_by_text("These codes are perfect.").wait_for()


def test_on_a_phone_the_bars_stay_in_view_and_cover_no_slider(opened):
    page = opened(NAME, data=TABLE, width=390, height=600)
    page.evaluate("document.querySelector('main').style.padding = '60px 0 100vh'")  # as below the bar of the theme
    boxes = """() => ['.watched > :last-child', '.controls .control'].map((each) => {
        const { top, bottom } = document.querySelector(each).getBoundingClientRect();
        return [top, bottom];
    })"""
    bars, slider = page.evaluate(boxes)
    assert bars[1] <= slider[0]
    page.evaluate("scrollBy(0, 250)")
    moved, gone = page.evaluate(boxes)
    assert gone[0] == pytest.approx(slider[0] - 250, abs=1)
    assert moved[0] == pytest.approx(56, abs=1) and bars[0] - 250 < 0
