"""The transfer game against loops over all draws, and where the answer is known."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from grids import grid

from dlnb.analysis import transfer


def play(table, scores, same_set, same_score, same_seed, other_setting):
    """The transfer game by loops over all draws."""
    sets, seeds = table.data_set.unique(), table.seed.unique()
    models = {key: part.set_index(["method", "strength"]) for key, part in table.groupby(["data_set", "seed"])}
    wins, weights = 0.0, 0.0
    for d, k, s in product(sets, scores, seeds):
        source = models[d, s][k]
        best = source.index[source == source.max()]
        for e, m, t in product(sets, scores, seeds):
            if (d == e) != same_set or (k == m) != same_score or s == t:
                continue
            for setting in best:
                mine = models[e, t][m][setting]
                others = [
                    value
                    for u in ([t] if same_seed else seeds)
                    for index, value in models[e, u][m].items()
                    if not (other_setting and index == setting)
                ]
                wins += np.mean([mine >= other for other in others]) / len(best)
                weights += 1 / len(best)
    return wins / weights


@pytest.mark.parametrize("reading", transfer.READINGS)
@pytest.mark.parametrize("ties", [False, True])
def test_the_transfer_game_is_what_loops_over_all_draws_give(reading, ties):
    table = grid(np.random.default_rng(4), scores=("a", "b", "c"), ties=ties).sample(frac=1, random_state=0)
    found = transfer.game(table, ["a", "b", "c"], reading)
    for i, same_score in enumerate((False, True)):
        for j, same_set in enumerate((False, True)):
            expected = play(table, ["a", "b", "c"], same_set, same_score, *transfer.READINGS[reading])
            assert found.iloc[i, j] == pytest.approx(expected), (same_score, same_set)
    assert list(found.index) == ["other score", "same score"] and list(found) == ["other data set", "same data set"]


def test_the_transfer_game_at_its_ends():
    rng = np.random.default_rng(5)
    settings = tuple(tuple(range(6)) for _ in range(6))
    chance = transfer.game(grid(rng, 7, 8, settings, tuple("abcdef")), list("abcdef"), "another setting")
    assert chance.to_numpy() == pytest.approx(0.5, abs=0.03)
    table = grid(rng, 3, 4, settings)
    table["a"] = table["b"] = table.method.str[1:].astype(int) * 10 + table.strength  # the setting decides
    assert (transfer.game(table, ["a", "b"]) == 1).all(axis=None)
    table["b"] = -table.a
    found = transfer.game(table, ["a", "b"], "another setting")
    assert (found.loc["same score"] == 1).all() and (found.loc["other score"] == 0).all()


def test_an_incomplete_grid_is_no_game():
    table = grid(np.random.default_rng(0))
    with pytest.raises(ValueError, match="must have a model of every setting and seed"):
        transfer.game(table.iloc[1:], ["a", "b"])
    with pytest.raises(ValueError, match="needs at least two data sets, scores and seeds, not 3, 1 and 3"):
        transfer.game(table, ["a"])
    with pytest.raises(ValueError, match="unknown reading 'mine'"):
        transfer.game(table, ["a", "b"], "mine")


@pytest.mark.parametrize("reading", transfer.READINGS)
def test_with_half_a_win_for_a_tie_chance_is_a_half(reading):
    rng = np.random.default_rng(0)
    table = grid(rng, 4, 6, (range(30), range(10)))
    table["b"] = (table.b > 0.8).astype(float)  # nearly all tied
    found = transfer.game(table, ["a", "b"], reading, ties=0.5)
    assert found.loc["other score", "other data set"] == pytest.approx(0.5, abs=0.06)
    same = transfer.game(table.assign(a=1.0, b=1.0), ["a", "b"], reading, ties=0.5)
    np.testing.assert_allclose(same, 0.5)
    assert (transfer.game(table, ["a", "b"], reading) > found).all(axis=None)


@pytest.mark.parametrize("ties", [2, -0.5, float("nan"), None, "1", True])
def test_a_tie_counts_at_most_a_win(ties):
    with pytest.raises(ValueError, match="ties must be a number of at least 0 and at most 1"):
        transfer.game(grid(np.random.default_rng(0), ties=True), ["a", "b"], ties=ties)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_a_score_that_is_not_finite_is_no_game(value):
    table = grid(np.random.default_rng(0))
    table.loc[3, "a"] = value
    with pytest.raises(ValueError, match=f"column a must be finite, but holds {value} in row 3"):
        transfer.game(table, ["a", "b"])


@pytest.mark.parametrize("ties", [0, 0.5, 1])
def test_probabilities_are_from_0_to_1(ties):
    found = transfer.game(grid(np.random.default_rng(1), ties=True), ["a", "b"], ties=ties)
    assert found.min(axis=None) >= 0 and found.max(axis=None) <= 1


def test_one_setting_or_repeated_models_or_scores_are_no_game():
    table = grid(np.random.default_rng(0))
    with pytest.raises(ValueError, match="at least two settings"):
        transfer.game(table[(table.method == "m0") & (table.strength == 1)], ["a", "b"])
    with pytest.raises(ValueError, match="several rows for"):
        transfer.game(pd.concat([table, table]), ["a", "b"])
    with pytest.raises(ValueError, match="'a' is given twice"):
        transfer.game(table, ["a", "a"])
