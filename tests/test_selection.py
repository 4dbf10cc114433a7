"""Recipes for choosing a model against tables worked out by hand and loops."""

import numpy as np
import pandas as pd
import pytest

from dlnb.analysis import selection

SCORES = ["a", "b"]


def study(sets=3, seeds=2, settings=6, seed=0):
    rng = np.random.default_rng(seed)
    keys = [(f"d{d}", f"m{i % 2}", i // 2, s) for d in range(sets) for i in range(settings) for s in range(seeds)]
    table = pd.DataFrame(keys, columns=["data_set", "method", "strength", "seed"])
    columns = [*SCORES, "reconstruction", "kl", "elbo", "tc_sampled"]
    return table.assign(**{name: rng.uniform(size=len(table)) for name in columns})


def test_a_model_stands_as_high_as_the_share_that_it_beats():
    table = pd.DataFrame({"data_set": list("xxxxyy"), "a": [1, 2, 2, 3, 9, 9.0]})
    assert selection.standing(table, ["a"]).a.tolist() == [1 / 8, 1 / 2, 1 / 2, 7 / 8, 1 / 2, 1 / 2]


def test_the_highest_number_of_each_seed_is_chosen_and_ties_share():
    table = pd.DataFrame({"data_set": ["x"] * 4, "seed": [0, 0, 1, 1], "a": [1, 2, 3, 4.0]})
    first = selection.chosen(table, pd.DataFrame({"any": [5, 1, 7, 7.0]}), ["a"])
    assert first.loc["x", "a"] == pytest.approx(((0.5 / 4) + (2.5 + 3.5) / 2 / 4) / 2)
    some = selection.chosen(table, pd.DataFrame({"any": [np.nan, np.nan, 1, 2]}), ["a"])
    assert some.loc["x", "a"] == pytest.approx(3.5 / 4)
    by_score = selection.chosen(table, table[["a"]], ["a"])
    assert by_score.loc["x", "a"] == pytest.approx((1.5 + 3.5) / 2 / 4)


def test_experience_from_elsewhere_leaves_the_own_data_set_or_seed_out():
    table = study(seeds=3)
    place = selection.standing(table, SCORES).join(table[["data_set", "method", "strength", "seed"]])
    abroad, again = selection.elsewhere(table, SCORES), selection.at_other_seeds(table, SCORES)
    for number, row in enumerate(table.itertuples()):
        same = (place.method == row.method) & (place.strength == row.strength)
        there = place[same & (place.data_set != row.data_set)]
        assert abroad.a[number] == pytest.approx(there.a.mean())
        others = place[same & (place.data_set == row.data_set) & (place.seed != row.seed)]
        assert again.b[number] == pytest.approx(others.b.mean())
    assert selection.at_other_seeds(table[table.seed == 0], SCORES).isna().all(axis=None)
    assert selection.elsewhere(table[table.data_set == "d0"], SCORES).isna().all(axis=None)


def test_data_sets_count_alike_whatever_their_seeds():
    table = study(seeds=3)
    uneven = table[(table.seed == 0) | (table.data_set == "d0")]
    place = selection.standing(uneven, ["a"]).a
    one = uneven[(uneven.method == "m0") & (uneven.strength == 1)]
    means = place[one.index].groupby(one.data_set).mean()
    found = selection.elsewhere(uneven, ["a"])
    assert found.a[one.index[one.data_set == "d2"][0]] == pytest.approx((means["d0"] + means["d1"]) / 2)


def test_a_recipe_that_knows_buys_more_than_one_that_does_not():
    table = study(sets=4, seeds=4, settings=30)
    table["b"] = table.a
    table["reconstruction"] = -table.a  # the lower the better
    setting = table.groupby(["data_set", "method", "strength"]).ngroup()
    bought = selection.recipes(table, SCORES, udr=pd.Series(-table.a, table.index))
    means = bought.groupby("recipe").mean()
    assert means.a["reconstruction"] == pytest.approx(selection.chosen(table, table[SCORES], SCORES).a.mean())
    assert means.a["reconstruction"] > 0.95
    assert means.a["udr"] < 0.05 and means.a["kl"] == pytest.approx(0.5, abs=0.2)
    assert means.a["another score"] == pytest.approx(means.a["reconstruction"])
    table["a"] = setting * 1.0
    assert selection.recipes(table, SCORES).groupby("recipe").mean().a["other seeds"] > 0.95
    table["a"] = table.groupby(["method", "strength"]).ngroup() * 1.0
    assert selection.recipes(table, SCORES).groupby("recipe").mean().a["other data sets"] > 0.95


def test_chance_is_a_half():
    bought = [selection.recipes(study(4, 3, 20, seed), SCORES).groupby("recipe").mean() for seed in range(20)]
    assert np.mean(bought, axis=0) == pytest.approx(0.5, abs=0.06)


def repeated_index(table):
    """The table as ``pd.concat`` of one for each data set leaves it."""
    return pd.concat([part.reset_index(drop=True) for _, part in table.groupby("data_set", sort=False)])


@pytest.mark.parametrize("index", [repeated_index, lambda table: table.set_axis([0] * len(table))])
def test_a_choice_by_experience_elsewhere_does_not_depend_on_the_index(index):
    table = study(sets=2, seeds=4, settings=30)
    again = index(table)
    numbers = selection.elsewhere(again, SCORES)
    assert len(numbers) == len(table) and numbers.index.equals(again.index)
    right = selection.chosen(table, selection.elsewhere(table, SCORES), SCORES)
    pd.testing.assert_frame_equal(selection.chosen(again, numbers, SCORES), right)
    udr = pd.Series(table.a.to_numpy(), again.index)
    expected = selection.recipes(table, SCORES, pd.Series(table.a, table.index))
    pd.testing.assert_frame_equal(selection.recipes(again, SCORES, udr), expected)


def test_numbers_in_another_order_are_told_by_their_labels_and_foreign_ones_refused():
    table = study()
    numbers = table[["b"]].set_axis(["any"], axis=1)
    right = selection.chosen(table, numbers, ["a"])
    pd.testing.assert_frame_equal(selection.chosen(table, numbers.sample(frac=1, random_state=0), ["a"]), right)
    lead = table.seed == 0
    place = selection.standing(table, ["a"]).a
    best = numbers["any"][lead].groupby(table.data_set).idxmax()
    some = selection.chosen(table, numbers[lead], ["a"]).a
    assert some.to_dict() == pytest.approx({name: place[row] for name, row in best.items()})
    for foreign in (numbers.set_axis(numbers.index + 1), numbers.set_axis([0] * len(numbers))):
        with pytest.raises(ValueError, match="numbers must have the index of the table, with a value for each row"):
            selection.chosen(table, foreign, ["a"])


def test_one_score_has_no_choice_by_another():
    bought = selection.recipes(study(), "a")
    assert "another score" not in bought.index.get_level_values("recipe") and list(bought) == ["a"]


def test_models_without_a_score_have_no_standing():
    table = study().assign(a=lambda t: t.a.where(t.method == "m0"))
    place = selection.standing(table, ["a"]).a
    assert place.isna().equals(table.method == "m1")
    assert place[table.data_set == "d0"].mean() == pytest.approx(0.5)


def test_a_seed_that_has_just_begun_changes_no_recipe():
    whole = study(seeds=1)
    begun = pd.concat([whole, whole.groupby("data_set").head(1).assign(seed=1)], ignore_index=True)
    numbers = begun[["a"]].set_axis(["any"], axis=1)
    expected = selection.chosen(whole, whole[["a"]].set_axis(["any"], axis=1), ["a", "b"])
    pd.testing.assert_frame_equal(selection.chosen(begun, numbers, ["a", "b"]), expected)
