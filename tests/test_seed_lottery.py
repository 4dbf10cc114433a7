"""The explorable seed-lottery: its chances are those of all draws, and what it tells of a draw is what was drawn."""

import re
from itertools import product

import numpy as np
import pandas as pd
import pytest

from dlnb import analysis, results
from dlnb.figures import play
from dlnb.paper import METHODS, SCORES

FORMULAS = 'dlnb.formulas["seed-lottery"]'
TABLE = results.load("short")
UDR = pd.read_csv(results.TABLES / "short/udr.csv").query("kind == 'spearman'")
CARS = TABLE[TABLE.data_set == "cars3d"].reset_index(drop=True)


@pytest.fixture
def page(opened):
    return opened("seed-lottery", data=play.lottery(TABLE, UDR))


def groups(column, methods=METHODS):
    return [CARS[column][CARS.method == method].round(play.DIGITS).to_numpy(copy=True) for method in methods]


def chances(page, values):
    return page.evaluate(f"groups => {FORMULAS}.chances(groups)", [each.tolist() for each in values])


def test_chances_are_those_of_all_draws(page):
    values = [each[:4] for each in groups("factor_vae_score", METHODS[:4])] + [np.array([0.5, 0.5])]
    values[0][0] = values[1][1]  # a tie: nobody wins
    draws = list(product(*(range(len(each)) for each in values)))
    won = np.zeros((len(values), 4))
    for runs in draws:
        drawn = np.array([each[run] for each, run in zip(values, runs, strict=True)])
        if (drawn == drawn.max()).sum() == 1:
            won[drawn.argmax(), runs[drawn.argmax()]] += 1
    found = chances(page, values)
    for m, each in enumerate(found):
        assert each == pytest.approx(won[m, : len(each)] / len(draws))


@pytest.mark.parametrize("score", SCORES)
def test_two_methods_win_as_often_as_the_table_of_pairs_says(page, score):
    superior = analysis.superiority(CARS, score)
    for pair in [METHODS[:2], METHODS[3:5]]:
        one, two = (sum(each) for each in chances(page, groups(score, pair)))
        assert one + (1 - one - two) / 2 == pytest.approx(superior.loc[pair], abs=1e-9)


@pytest.mark.parametrize("score", ["factor_vae_score", "mig"])
def test_a_choice_stands_where_the_ranking_of_all_models_has_it(page, score):
    call = f"([groups, some]) => some.map((score) => {FORMULAS}.atLeast(groups, score))"
    found = page.evaluate(call, [[each.tolist() for each in groups(score)], CARS[score].round(play.DIGITS).tolist()])
    assert found == pytest.approx(CARS[score].round(play.DIGITS).rank(method="max").to_numpy() / len(CARS))


def test_a_draw_has_a_winner_and_the_choice_of_each_rule(page):
    """Every method's fourth model of twelve is drawn; what is told of them is worked out by pandas."""
    fourth = CARS.groupby("method", sort=False).nth(3).set_index("method").loc[list(METHODS)]
    names = {method: play.lottery(TABLE, UDR)["methods"][method] for method in METHODS}
    alike = UDR.set_index([*results.KEY]).udr
    fourth["udr"] = [alike["cars3d", m, row.strength, row.seed] for m, row in fourth.iterrows()]
    status = page.get_by_role("status")

    def told(text):
        status.filter(has_text=text).wait_for(state="attached")
        return status.text_content()

    page.evaluate("Math.random = () => 3.5 / 12")
    page.get_by_role("button", name="Draw one").press("Enter")
    place = CARS.factor_vae_score.rank(method="max") / len(CARS)
    rules = {"highest ELBO": fourth.elbo.idxmax(), "lowest KL": fourth.kl.idxmin(), "highest UDR": fourth.udr.idxmax()}
    for rule, method in rules.items():
        page.get_by_role("radio", name=rule).check(force=True)
        drawn = fourth.loc[method]
        model = CARS.method.eq(method) & CARS.strength.eq(drawn.strength) & CARS.seed.eq(drawn.seed)
        text = told(f"The choice, {names[method]}, matches or beats {100 * place[model].item():.0f}%")
        assert f"{names[fourth.factor_vae_score.idxmax()]} wins." in text
    page.get_by_role("combobox", name="score").select_option("MIG")
    told(f"{names[fourth.mig.idxmax()]} wins.")
    page.get_by_role("button", name="Draw 100 times").click()
    page.locator("svg text").get_by_text("101 of 101").wait_for()  # the same draw each time
    page.get_by_role("combobox", name="data set").select_option("SmallNORB")  # which has no UDR
    page.locator("svg text").get_by_text("this data set has no UDR").wait_for()
    page.get_by_role("button", name="Start again").press("Enter")
    page.locator("svg text").get_by_text("0 of 0").first.wait_for()
    page.locator("p.line").filter(has_text=re.compile("^Two papers")).wait_for()


def test_marks_are_where_the_long_run_ends(page):
    """In ten thousand draws of the browser's own chance, wins come near the chances, and the record near its mark."""
    for _ in range(100):
        page.get_by_role("button", name="Draw 100 times").click()
    page.locator("svg text").get_by_text("of 10000").first.wait_for()
    bars = "svg => [...svg.querySelectorAll('rect:not(.pale)')].map((each) => each.width.baseVal.value)"
    marks = "svg => [...svg.querySelectorAll('.mark')].map((each) => each.x1.baseVal.value)"
    for label in ("Bars: how often", "Bars: the record"):
        chart = page.get_by_role("img", name=label)
        wide = chart.evaluate("svg => svg.viewBox.baseVal.width")
        found, expected = np.array(chart.evaluate(bars)), np.array(chart.evaluate(marks))
        if len(expected) == 1:
            found = found[-1:]  # the record is drawn last
        assert found / wide == pytest.approx(expected / wide, abs=5 * 0.5 / 10_000**0.5)
