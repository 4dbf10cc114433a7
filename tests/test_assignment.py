"""The assignment: its page says what the table has, can be done from the table alone, and its solution is right."""

import ast
import itertools
import re
import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest
from exercises import ANSWERS, BLOCK, ROOT, prose
from scipy import stats

from dlnb import analysis, results
from dlnb.claims import intervals
from dlnb.paper import SCORES
from dlnb.results import flat

sys.path.insert(0, str(ROOT / "teaching"))

import answer_key

PAGE = prose("assignment")
TASKS = re.findall(
    r"^\(graded-[\w-]+\)=\n## Task (\d)\. [^\n]* \((\d+) points\)\n(.*?)(?=^\(graded-|^## |\Z)", PAGE, re.M | re.S
)
LIBRARIES = {"numpy", "pandas", "matplotlib"}


@pytest.fixture(scope="module")
def table():
    return results.load("short")


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory):
    """A folder with the table and nothing else, in which everything here runs."""
    folder = tmp_path_factory.mktemp("student")
    flat.write(folder)
    matplotlib.use("agg")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


@pytest.fixture(scope="module", params=[25, pytest.param(1, marks=pytest.mark.slow)])
def solved(request):
    return answer_key.solved(request.param)


# The page


def test_points_add_up_to_those_of_the_tasks_and_these_to_100():
    assert [int(number) for number, _, _ in TASKS] == [1, 2, 3, 4, 5]
    assert [int(points) for _, points, _ in TASKS] == [30, 25, 20, 15, 10]
    for _, points, text in TASKS[:4]:
        assert sum(int(each) for each in re.findall(r"^\*\*[a-d]\. \((\d+) points\)\*\*", text, re.M)) == int(points)
    assert sum(int(each) for each in re.findall(r"\((\d)\)", TASKS[4][2])) == 10
    graded = re.findall(r"^\| \[\d\. .*\]\(#graded-[\w-]+\) \| (\d+) \| (\S+) \|$", PAGE, re.M)
    assert [int(points) for points, _ in graded] == [int(points) for _, points, _ in TASKS]
    hours = {"½": 0.5, "1½": 1.5, "1": 1, "2": 2}
    assert sum(hours[each] for _, each in graded) == 6 and "about six hours" in PAGE


def test_points_of_the_solution_are_those_of_the_tasks():
    for (_, points, text), label in zip(TASKS, re.findall(r"^\((graded-[\w-]+)\)=", PAGE, re.M), strict=True):
        (rubric,) = re.findall(r"^\*\*Points\.\*\* (.*)", ANSWERS[label], re.M)
        if label == "graded-report":
            assert {int(each) for each in re.findall(r"[a-z]+ (\d):", rubric)} == {3, 4}
            continue
        parts = dict(re.findall(r"\b([a-d]): (.*?)(?= [a-d]: |$)", rubric))
        asked = dict(re.findall(r"^\*\*([a-d])\. \((\d+) points\)", text, re.M))
        found = {part: counted(words) for part, words in parts.items()}
        assert found == {part: int(each) for part, each in asked.items()} and sum(found.values()) == int(points)


def counted(words: str) -> int:
    """The points that a line of a rubric gives away: "2 for each question" is said of three, "3 for each" of two."""
    words = re.sub(r"\([^)]*\)|, otherwise 0.*", "", words)
    each = {"2 for each question": 6, "3 for each.": 6, "3 for each kind of draw": 6}
    total = 0
    for text, points in each.items():
        if text in words:
            words, total = words.replace(text, ""), total + points
    return total + sum(int(number) for number in re.findall(r"\b(\d) (?:for|if)", words))


def test_the_page_says_what_the_table_has():
    models = pd.read_csv("models.csv")
    assert PAGE.startswith(f"# An assignment: what do {len(models)} models say?")
    by_set = models.groupby("data_set")
    assert by_set.size().eq(72).all() and "over the 72 models of a data set" in PAGE
    assert len(by_set) == 7 and models.method.nunique() == 6 and models.seed.nunique() == 2
    assert models.groupby(["data_set", "method", "position", "seed"]).size().eq(1).all()
    assert models.groupby(["method", "strength"]).ngroups == 36


def test_factors_of_student_s_t_are_right():
    for factor, freedom in ((3.18, 3), (2.45, 6), (4.30, 2)):
        assert f"{factor:.2f}" in PAGE and stats.t.ppf(0.975, freedom) == pytest.approx(factor, abs=0.005)


def test_the_assignment_needs_three_libraries_and_not_the_package():
    imported = set()
    for node in ast.walk(ast.parse("\n".join(answer_key.blocks()))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module.split(".")[0])
    assert imported - set(sys.stdlib_module_names) == LIBRARIES


def test_what_students_start_from_runs(capsys):
    exec("\n".join(answer_key.blocks(answers=False)), names := {})
    told = capsys.readouterr().out
    assert "288 models of cars3d, color_dsprites, dsprites, noisy_dsprites" in told
    assert re.search(r"^[0-9a-f]{64}$", told, re.M)
    assert len(names["mine"]) + len(names["later"]) == len(names["models"]) == 504
    assert names["SCORES"] == list(SCORES)


@pytest.mark.parametrize("number", [0, 36, 1.5, "'1'"])
def test_a_number_that_there_is_not_is_refused(number):
    program = "\n".join(answer_key.blocks(answers=False)).replace(answer_key.CHOICE, f"GROUP = {number} ")
    with pytest.raises(AssertionError, match="GROUP must be a whole number from 1 to 35"):
        exec(program, {})


# Numbers differ


def choice(number: int) -> tuple[tuple[str, ...], tuple[str, str]]:
    first, second = answer_key.blocks(answers=False)[:2]
    exec(f"{first}\n{second}".replace(answer_key.CHOICE, f"GROUP = {number} "), names := {"print": lambda *_: None})
    return names["sets"], names["pair"]


@pytest.fixture(scope="module")
def choices():
    return {number: choice(number) for number in answer_key.NUMBERS}


def test_no_two_numbers_choose_the_same_data(choices):
    sets = [frozenset(each) for each, _ in choices.values()]
    assert len(set(sets)) == len(sets) == 35 and all(len(each) == 4 for each in sets)
    assert len({pair for _, pair in choices.values()}) == 15


def test_right_answers_differ_between_any_two_numbers(choices, table):
    """To the three digits that a solution prints: in the shares, or in the difference of the two methods."""
    shares = analysis.explained(table, SCORES).groupby("data_set")[["method", "setting_corrected"]].mean()
    scores = table.groupby(["data_set", "method"]).dci_disentanglement.mean().unstack()
    rows = {
        number: (*shares.loc[list(sets)].mean().round(3), (scores[a] - scores[b]).loc[list(sets)].mean().round(3))
        for number, (sets, (a, b)) in choices.items()
    }
    for one, other in itertools.combinations(rows, 2):
        assert rows[one] != rows[other]


# The solution against the package


def of(solved: dict, table: pd.DataFrame) -> pd.DataFrame:
    return table[table.data_set.isin(solved["sets"])].reset_index(drop=True)


def test_shares_of_the_variance_are_the_package_s(solved, table):
    found = analysis.explained(of(solved, table), SCORES).set_index(["data_set", "score"])
    theirs = solved["by_cell"]
    names = {"method": "method", "setting": "setting"}
    names |= {f"{name}, corrected": f"{name}_corrected" for name in names}
    for name, column in names.items():
        np.testing.assert_allclose(theirs[name], found[column].loc[theirs.index], atol=1e-4, err_msg=name)
    means = found[["method_corrected", "setting_corrected"]].mean()
    assert solved["corrected"]["method"] == pytest.approx(means["method_corrected"], abs=1e-4)
    assert solved["corrected"]["seed"] == pytest.approx(1 - means["setting_corrected"], abs=1e-4)
    for parts in (solved["plain"], solved["corrected"]):
        assert sum(parts.values()) == pytest.approx(1)


def test_noise_is_explained_as_theory_says(solved):
    noise = solved["noise"]
    assert noise["method"] == pytest.approx(5 / 71, abs=0.01) and noise["setting"] == pytest.approx(35 / 71, abs=0.02)
    assert abs(noise["method, corrected"]) < 0.03 and abs(noise["setting, corrected"]) < 0.05


def test_intervals_over_data_sets_are_the_package_s(solved, table):
    means = of(solved, table).groupby(["data_set", "method"]).dci_disentanglement.mean().unstack()
    one, other = (means[name].to_numpy() for name in solved["pair"])
    low, high = intervals.of_sets(one - other)
    assert solved["advantage"] == pytest.approx((low + high) / 2, abs=1e-6)
    assert solved["halves"]["other data sets, paired"] == pytest.approx((high - low) / 2, rel=0.003)
    apart = stats.ttest_ind(one, other).confidence_interval()
    assert solved["halves"]["other data sets, separate"] == pytest.approx((apart.high - apart.low) / 2, rel=0.003)


def test_intervals_over_seeds_are_those_of_all_resamples(solved, table):
    """Two of two seeds are drawn in four ways; the variance of a mean of them is a quarter of (a - b)^2 / 2."""
    score = of(solved, table).groupby(["method", "data_set", "seed"]).dci_disentanglement.mean().unstack()
    one, other = (score.loc[name] for name in solved["pair"])
    together = ((one - other)[0] - (one - other)[1]) ** 2
    separate = (one[0] - one[1]) ** 2 + (other[0] - other[1]) ** 2
    for name, squares, freedom in (("paired", together, 4), ("separate", separate, 8)):
        exact = stats.t.ppf(0.975, freedom) * np.sqrt(2) * np.sqrt((squares / 8).sum()) / 4
        assert solved["halves"][f"other seeds, {name}"] == pytest.approx(exact, rel=0.03), name


def test_standings_of_recipes_are_the_package_s(solved, table):
    found = analysis.recipes(of(solved, table), ["dci_disentanglement"]).groupby("recipe").mean().dci_disentanglement
    for name, standing in solved["reached"].items():
        assert standing == pytest.approx(found[name], abs=0.002), name  # equal models share a choice there


def test_luck_is_that_of_tables_that_the_package_shuffles(solved, table):
    part, rng = of(solved, table), np.random.default_rng(5)
    cells = analysis.Cells(part)
    best = []
    for _ in range(60):
        mixed = part.assign(dci_disentanglement=intervals.shuffled(part, cells, rng).dci_disentanglement)
        found = analysis.recipes(mixed, ["dci_disentanglement"]).groupby("recipe").mean().dci_disentanglement
        best.append(found[list(solved["recipes"])].max())
    error = np.std(best) / np.sqrt(len(best))
    assert solved["luck"].mean() == pytest.approx(np.mean(best), abs=4 * error)
    assert solved["luck"].std() == pytest.approx(np.std(best), rel=0.4)
    assert solved["luck"].mean() > 0.55, "the best of four stands above one half by luck"
    beaten = (solved["luck"] >= solved["reached"].max() - 1e-9).mean()
    assert solved["p"] == pytest.approx(beaten, abs=2e-3) and 0 < solved["p"] <= 1


@pytest.mark.parametrize(("blocks", "together"), [(1, False), (2, True)])
def test_a_shuffle_of_settings_keeps_the_seeds_of_a_setting_together(solved, blocks, together):
    (source,) = [block for block in BLOCK.findall(ANSWERS["graded-luck"]) if "def best_by_luck" in block]
    function = source[source.index("def best_by_luck") : source.index("luck = best_by_luck")]
    setting = pd.Series(np.repeat(np.arange(144), 2))  # both seeds of a setting have its number as their standing
    names = {"np": np, "mine": solved["mine"], "sets": solved["sets"], "standing": setting}
    exec(function, names)
    found = []
    for row in (10, 11):  # two seeds of one setting, chosen alone, in the same shuffles
        names["chosen"] = {"one": [row]}
        found.append(names["best_by_luck"](np.random.default_rng(0), blocks))
    assert (found[0] == found[1]).all() == together
    assert len(set(found[0])) == 36, "it comes from every setting of its data set, and from no other one"


def test_the_claim_of_the_solution_is_tested_on_the_other_data_sets(solved, table):
    rest = table[~table.data_set.isin(solved["sets"])]
    found = {
        n: stats.spearmanr(part.reconstruction, part.dci_disentanglement)[0] for n, part in rest.groupby("data_set")
    }
    assert solved["tested"].to_dict() == pytest.approx(found, abs=1e-3) and len(found) == 3  # six digits tie
    low, high = intervals.of_sets(np.array(list(found.values())))
    assert (solved["low"], solved["high"]) == pytest.approx((low, high), abs=0.005)
    assert solved["verdict"] == ("agrees" if low > 0 else "disagrees" if high < 0 else "undecided")


# What the model answers say of all numbers


def test_what_is_said_of_parts_and_pairs_holds_for_all_numbers(choices, table):
    found = analysis.explained(table, SCORES).groupby("data_set")[["method", "setting"]].mean()
    fixed = analysis.explained(table, SCORES).groupby("data_set")[["method_corrected", "setting_corrected"]].mean()
    scores = table.groupby(["data_set", "method"]).dci_disentanglement.mean().unstack()
    by_seed = table.groupby(["method", "data_set", "seed"]).dci_disentanglement.mean().unstack()
    strength_leads, ratios, wider = [], [], []
    for number, (sets, (a, b)) in choices.items():
        plain, corrected = found.loc[list(sets)].mean(), fixed.loc[list(sets)].mean()
        if plain.setting - plain.method > 1 - plain.setting:
            strength_leads.append(number)
        strength = corrected.setting_corrected - corrected.method_corrected
        assert 1 - corrected.setting_corrected > max(corrected.method_corrected, strength)
        one, other = scores[a].loc[list(sets)], scores[b].loc[list(sets)]
        ratios.append(2.45 * np.sqrt(one.var() + other.var()) / (3.18 * (one - other).std()))
        (p, q), (r, s) = (by_seed.loc[name].loc[list(sets)].to_numpy().T for name in (a, b))
        wider.append(((p - r - q + s) ** 2).sum() / ((p - q) ** 2 + (r - s) ** 2).sum())
    assert strength_leads == list(range(2, 36)), "every number but 1"
    assert min(ratios) > 1 and 9 < max(ratios) < 11
    assert 0.4 < np.mean(np.array(wider) > 1) < 0.6, "about half of the numbers, by the standard deviation"
    assert 0.7 < np.mean(np.array(wider) > (2.31 / 2.78) ** 2) < 0.85, "about four in five, by the interval"


def test_normal_intervals_of_two_seeds_on_four_data_sets_hold_too_seldom():
    a, b = np.random.default_rng(0).normal(size=(2, 20_000, 4))  # two seeds of each data set
    spread = np.sqrt(2) * np.sqrt((np.square(a - b) / 8).sum(axis=1)) / 4
    held = [(np.abs((a + b).mean(axis=1) / 2) < factor * spread).mean() for factor in (1.96, 2.78)]
    assert held == pytest.approx([0.88, 0.95], abs=0.01)


# The answer key


def test_the_key_takes_one_file(monkeypatch):
    monkeypatch.setattr(answer_key, "solved", lambda number: pytest.fail("nothing is to be computed"))
    for arguments in ([], ["a.csv", "b.csv"]):
        with pytest.raises(SystemExit, match=r"python teaching/answer_key\.py FILE"):
            answer_key.main(arguments)


def test_the_key_has_a_row_a_number(tmp_path, monkeypatch, solved):
    monkeypatch.setattr(answer_key, "NUMBERS", (solved["GROUP"],))
    assert answer_key.main([str(tmp_path / "new" / "key.csv")]) == 0
    row = pd.read_csv(tmp_path / "new" / "key.csv").iloc[0]
    assert row.number == solved["GROUP"] and row["data sets"] == " ".join(solved["sets"])
    assert row["seed, corrected"] == pytest.approx(solved["corrected"]["seed"], rel=1e-3)
    assert row["advantage"] == pytest.approx(solved["advantage"], rel=1e-3) and row["p"] == pytest.approx(
        solved["p"], rel=1e-3
    )


@pytest.mark.slow
def test_the_key_of_all_numbers_bears_out_what_the_model_answers_say(tmp_path):
    answer_key.main([str(tmp_path / "key.csv")])
    key = pd.read_csv(tmp_path / "key.csv")
    assert list(key.number) == list(range(1, 36)) and key.notna().all(axis=None)
    assert (key["p, settings"] >= key["p"]).mean() > 0.8, "as a rule p is too small"
    assert key["claim of the solution"].isin(["agrees", "undecided"]).all()
    assert (key["claim of the solution"] == "undecided").mean() > 0.5
    assert key["p"].between(1 / 1_001, 1).all()
