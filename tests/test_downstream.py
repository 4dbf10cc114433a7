import sys

import numpy as np
import pandas as pd
import pytest
from common import rng
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import KFold
from sklearn.multiclass import OneVsRestClassifier

from dlnb.metrics import statistical_efficiency
from dlnb.metrics.downstream import SIZES, downstream
from dlnb.metrics.predictors import Fitted
from dlnb.metrics.trees import Trees

MODULE = sys.modules["dlnb.metrics.downstream"]  # the package gives its name to the function


def bits(n=300):
    """Two bits and codes that are these bits, -1 or 1: all four pairs equally often in any four rows."""
    factors = np.column_stack([np.arange(n) % 2, np.arange(n) // 2 % 2])
    return 2.0 * factors - 1, factors


def drawn(n=450, seed=0):
    """Factors of 2 and 3 values, and three codes that mix them."""
    factors = rng(seed).integers((2, 3), size=(n, 2))
    codes = factors @ np.array([[1.0, 0.5, 0.0], [0.0, 1.0, -0.5]]) + 0.5 * rng(seed + 1).standard_normal((n, 3))
    return codes, factors


# Which rows are fitted and which are told


def test_each_size_fits_the_first_rows_and_all_are_tested_on_the_last_third():
    # The first 8 of 200 fit rows, and a quarter of the 100 test rows, say the opposite of factor 0. 8 rows learn that
    # opposite, right in a quarter of the test; 80 and 200 learn what most of them say, right in three quarters. Factor
    # 1 is told always. Means: (1/4 + 1) / 2 and (3/4 + 1) / 2.
    codes, factors = bits()
    wrong = np.r_[:8, 200:225]
    factors[wrong, 0] = 1 - factors[wrong, 0]
    scores = downstream(codes, factors, rng(), sizes=(8, 80, 200))
    assert list(scores) == ["lr_8", "lr_80", "lr_200", "gbt_8", "gbt_80", "gbt_200"]
    for kind in ("lr", "gbt"):
        assert scores[f"{kind}_8"] == pytest.approx(0.625)
        assert scores[f"{kind}_80"] == scores[f"{kind}_200"] == pytest.approx(0.875)


def test_the_sizes_of_the_study_need_fifteen_thousand_rows():
    assert SIZES == (10, 100, 1_000, 10_000)
    codes, factors = bits(14_997)
    with pytest.raises(ValueError, match=r"fits 10000 rows, .* given 14997 in all: .* sizes=\(10, 100, 1000\)"):
        downstream(codes, factors, rng())
    codes, factors = bits(15_000)
    codes = codes[:, :1] + 0.5 * rng().standard_normal((15_000, 1))
    scores = downstream(codes, factors[:, :1], rng())
    assert list(scores) == [f"{kind}_{size}" for kind in ("lr", "gbt") for size in SIZES]
    # Noise of deviation 0.5 exceeds 1 upwards in 2.3 rows of 100. The 5,000 test rows have a standard error of 0.2 %.
    assert scores["lr_10000"] == pytest.approx(0.977, abs=0.01)
    assert scores["gbt_10000"] == pytest.approx(0.977, abs=0.015)


def test_more_rows_than_two_thirds_of_the_sample_are_refused_with_sizes_that_fit():
    codes, factors = bits(300)
    with pytest.raises(ValueError, match=r"fits 201 rows, .* given 300 in all: .* such as sizes=\(10, 100\)"):
        downstream(codes, factors, rng(), sizes=(10, 201))
    assert "lr_200" in downstream(codes, factors, rng(), sizes=(200,))


@pytest.mark.parametrize("size", [4, 0, -10, 10.0, "10", True, None])
def test_sizes_are_whole_numbers_that_can_be_folded(size):
    with pytest.raises(ValueError, match="each of sizes must be a whole number of at least 5"):
        downstream(*bits(), rng(), sizes=(10, size))


# The estimators are the study's


@pytest.mark.filterwarnings("ignore::FutureWarning:sklearn")
def test_accuracies_are_those_of_scikit_learn():
    codes, factors = drawn()
    scores = downstream(codes, factors, rng(5), sizes=(60,), boosting="scikit-learn")
    seeds = rng(5)
    cv = LogisticRegressionCV(Cs=10, cv=KFold(5), tol=1e-9, solver="newton-cholesky")
    linear = [OneVsRestClassifier(cv).fit(codes[:60], y[:60]) for y in factors.T]
    trees = [GradientBoostingClassifier(random_state=int(seeds.integers(2**31))) for _ in factors.T]
    grown = [model.fit(codes[:60], y[:60]) for model, y in zip(trees, factors.T, strict=True)]
    for kind, models in (("lr_60", linear), ("gbt_60", grown)):
        right = np.mean([model.score(codes[300:], y[300:]) for model, y in zip(models, factors.T, strict=True)])
        assert 0.4 < right < 0.9
        assert scores[kind] == pytest.approx(right, abs=1e-9)


def test_trees_of_all_fit_rows_are_taken_as_given():
    codes, factors = bits()
    known = Fitted(np.zeros((2, 2)), np.array([0.25, 0.5]))
    scores = downstream(codes, factors, rng(), sizes=(80, 200), trees=known)
    assert scores["gbt_200"] == 0.375
    assert scores["gbt_80"] == scores["lr_200"] == 1.0
    assert downstream(codes, factors, rng(), sizes=(80,), trees=known)["gbt_80"] == 1.0


# Few rows


@pytest.mark.parametrize("boosting", ["exact", "lightgbm", "scikit-learn"])
def test_a_small_size_with_a_single_value_of_a_factor_predicts_it(boosting):
    # The first ten rows all have value 6 of factor 0, and 30 of the 100 test rows do; factor 1 is told always.
    codes, factors = bits()
    factors[:, 0] = np.where(np.arange(300) % 10 < 3, 6, 4)
    factors[:10, 0] = 6
    scores = downstream(codes, factors, rng(), sizes=(10,), boosting=boosting)
    assert scores == {"lr_10": pytest.approx(0.65), "gbt_10": pytest.approx(0.65)}


def test_classes_that_are_in_one_part_of_the_rows_only_count_as_told_wrong():
    # A quarter of the test rows are of class 2, which no fit row has, though their codes say 1; no test row is of class
    # 3, as two of 200 fit rows are. Right in three quarters of the rows for factor 0, always for factor 1.
    codes, factors = bits()
    late = 200 + np.flatnonzero(factors[200:, 0])[::2]
    factors[late, 0] = 2
    factors[[50, 51], 0], codes[[50, 51], 0] = 3, 9.0
    scores = downstream(codes, factors, rng(), sizes=(200,))
    assert len(late) == 25
    assert scores == {"lr_200": pytest.approx(0.875), "gbt_200": pytest.approx(0.875)}


def test_classes_may_be_missing_from_folds():
    # Ten rows of ten classes: every fold of two rows lacks eight, and the rows fitted without it lack two.
    codes = np.arange(30.0)[:, None] % 10
    scores = downstream(np.column_stack([codes, -codes]), codes.astype(int), rng(), sizes=(10,))
    assert 0.1 <= scores["lr_10"] <= 1.0
    assert 0.1 <= scores["gbt_10"] <= 1.0


def test_two_rows_are_too_few():
    with pytest.raises(ValueError, match="2 rows are too few"):
        downstream(*bits(2), rng(), sizes=(5,))


def test_a_factor_with_a_single_value_in_all_fit_rows_is_refused():
    codes, factors = bits()
    factors[:200, 1] = 1
    with pytest.raises(ValueError, match=r"factor 1 \(counted from 0\) takes a single value in the 200 rows"):
        downstream(codes, factors, rng(), sizes=(10,))


# Options


def test_the_solver_is_the_one_asked_for(monkeypatch):
    asked = []

    def recorded(codes, labels, solver):
        asked.append((len(codes), solver))
        return Trees(np.array([labels[0]]), np.zeros(2))

    monkeypatch.setattr(MODULE, "logistic_regression_cv", recorded)
    downstream(*bits(), rng(), sizes=(10,), solver="multinomial")
    downstream(*bits(), rng(), sizes=(20,))
    assert asked == [(10, "multinomial")] * 2 + [(20, "one_vs_rest")] * 2


@pytest.mark.filterwarnings("ignore::FutureWarning:sklearn")
def test_what_multinomial_cannot_fit_is_refused_with_a_way_out(monkeypatch):
    def refuses(codes, labels, solver):  # older versions refuse folds that lack classes
        raise ValueError("ragged array")

    monkeypatch.setattr(MODULE, "logistic_regression_cv", refuses)
    with pytest.raises(
        ValueError, match=r"factor 0 .counted from 0. with 10 rows.* use solver='one_vs_rest' .*\(ragged array\)"
    ):
        downstream(*bits(), rng(), sizes=(10,), solver="multinomial")


def test_unknown_kinds_of_trees_and_solvers_are_refused_with_the_choices():
    with pytest.raises(ValueError, match="unknown boosting 'forest': choose from exact, lightgbm, scikit-learn"):
        downstream(*bits(), rng(), sizes=(10,), boosting="forest")
    with pytest.raises(ValueError, match="unknown solver 'sgd': choose from one_vs_rest, multinomial"):
        downstream(*bits(), rng(), sizes=(10,), solver="sgd")


# Statistical efficiency


def test_statistical_efficiency_is_accuracy_with_100_labels_by_accuracy_with_10000():
    scores = {"lr_10": 0.2, "lr_100": 0.6, "lr_1000": 0.7, "lr_10000": 0.8}  # .6 / .8
    scores |= {"gbt_10": 0.3, "gbt_100": 0.45, "gbt_1000": 0.8, "gbt_10000": 0.9}  # .45 / .9
    expected = {"lr_efficiency": pytest.approx(0.75), "gbt_efficiency": pytest.approx(0.5)}
    assert statistical_efficiency(scores) == expected


def test_statistical_efficiency_of_a_table_is_that_of_each_row():
    table = pd.DataFrame({"lr_100": [0.6, 0.4], "lr_10000": 0.8, "gbt_100": [0.9, 0.3], "gbt_10000": [0.9, 0.6]})
    found = pd.DataFrame(statistical_efficiency(table))
    np.testing.assert_allclose(found["lr_efficiency"], [0.75, 0.5])
    np.testing.assert_allclose(found["gbt_efficiency"], [1.0, 0.5])
