import numpy as np
import pytest
from common import rng
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from dlnb.metrics import predictors
from dlnb.metrics.predictors import accuracies, completeness, dci, disentanglement, explicitness, fit_trees, sap
from dlnb.metrics.trees import Trees

pytestmark = pytest.mark.filterwarnings("ignore:scores of .* rows tell little", "ignore:.* few of each")


def sample(fit, test, factors=1):
    """Codes and factors whose first two thirds repeat the rows of ``fit`` and whose last third those of ``test``.

    A row is its codes and then its factors.
    """
    rows = np.vstack([np.tile(fit, (2 * len(test), 1)), np.tile(test, (len(fit), 1))]).astype(float)
    return rows[:, :-factors], rows[:, -factors:].astype(int)


def drawn(n=600, seed=0):
    """Factors of 2, 5 and 3 values, some rare, and three codes that mix them."""
    shares = [0.7, 0.3], [0.4, 0.3, 0.15, 0.1, 0.05], [0.5, 0.1, 0.4]
    factors = np.column_stack([rng(seed + i).choice(len(p), size=n, p=p) for i, p in enumerate(shares)])
    mixing = np.array([[2.0, 0.3, 0.0], [0.2, 1.0, 0.4], [0.0, -0.5, 1.0]])
    return factors @ mixing + 0.5 * rng(seed + 9).standard_normal((n, 3)), factors


# DCI

# Three latents and two factors. Entropies in bits: of (3/4, 1/4) 0.811278, of (1/3, 2/3) 0.918296; log2 3 = 1.584963.
IMPORTANCE = np.array([[3.0, 1.0], [0.0, 2.0], [0.0, 0.0]])
# Latents: 1 - 0.811278 = 0.188722 with weight 4/6, 1 with weight 2/6, and one that counts for nothing.
DISENTANGLEMENT = 0.459148
# Factors: 1 with weight 3/6, and 1 - 0.918296 / 1.584963 = 0.420620 with weight 3/6.
COMPLETENESS = 0.710310


def test_disentanglement_and_completeness_by_hand():
    assert disentanglement(IMPORTANCE) == pytest.approx(DISENTANGLEMENT, abs=1e-6)
    assert completeness(IMPORTANCE) == pytest.approx(COMPLETENESS, abs=1e-6)


def test_disentanglement_and_completeness_do_not_depend_on_the_unit_of_importance():
    assert disentanglement(IMPORTANCE / 6) == pytest.approx(DISENTANGLEMENT, abs=1e-6)
    assert completeness(IMPORTANCE / 6) == pytest.approx(COMPLETENESS, abs=1e-6)


def test_a_latent_may_be_important_for_all_factors_and_a_factor_need_all_latents():
    assert disentanglement(np.ones((4, 3))) == pytest.approx(0.0, abs=1e-9)
    assert completeness(np.ones((4, 3))) == pytest.approx(0.0, abs=1e-9)
    # Two latents share a factor each with no other: latents are pure, factors are told by two of four alike, 1 - 1/2.
    pairs = np.repeat(np.eye(2), 2, axis=0)
    assert disentanglement(pairs) == pytest.approx(1.0, abs=1e-9)
    assert completeness(pairs) == pytest.approx(0.5, abs=1e-9)


def test_where_nothing_is_important_nothing_is_disentangled_or_complete():
    assert disentanglement(np.zeros((3, 2))) == 0.0
    assert completeness(np.zeros((3, 2))) == 0.0


matrices = st.integers(2, 5).flatmap(
    lambda k: st.lists(st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0]), min_size=k, max_size=k), min_size=2, max_size=5)
)


@given(matrices)
@settings(max_examples=50, deadline=None)
def test_disentanglement_and_completeness_are_between_0_and_1_and_each_others_transpose(rows):
    matrix = np.array(rows)
    assert -1e-9 <= disentanglement(matrix) <= 1 + 1e-9
    assert completeness(matrix) == pytest.approx(disentanglement(matrix.T), abs=1e-12)


def test_dci_is_made_of_the_importances_and_the_test_rows_of_its_trees(monkeypatch):
    # Trees that always say 1 of factor 0, right in 2 of 5 test rows, and 2 of factor 1, right in 4 of 5.
    always = {1: Trees(np.array([1]), IMPORTANCE[:, 0]), 2: Trees(np.array([2]), IMPORTANCE[:, 1])}
    monkeypatch.setattr(predictors, "boosted_trees", lambda codes, labels, rng, boosting: always[labels.max()])
    fit = [[0, 0, 0, 1, 2], [0, 0, 0, 0, 1]]
    test = [[0, 0, 0, 1, 2], [0, 0, 0, 1, 2], [0, 0, 0, 0, 2], [0, 0, 0, 0, 2], [0, 0, 0, 0, 1]]
    assert dci(*sample(fit, test, factors=2), rng()) == {
        "dci_disentanglement": pytest.approx(DISENTANGLEMENT, abs=1e-6),
        "dci_completeness": pytest.approx(COMPLETENESS, abs=1e-6),
        "dci_informativeness": pytest.approx(0.6),
    }


@pytest.mark.parametrize("boosting", ["exact", "lightgbm", "scikit-learn"])
def test_dci_of_two_factors_that_share_a_latent(boosting):
    # Latent 0 holds a bit and a digit, latent 1 noise: every factor needs one latent (complete), which is important for
    # both: one bit, whose impurity is 1/2, and a digit of three, whose is 2/3; entropies of shares near a half are 1.
    factors = rng().integers((2, 3), size=(240, 2))
    codes = np.column_stack([3 * factors[:, 0] + factors[:, 1], np.zeros(240)])
    scores = dci(codes, factors, rng(), boosting=boosting)
    assert 0.0 <= scores["dci_disentanglement"] < 0.05
    assert scores["dci_completeness"] == pytest.approx(1.0, abs=1e-6)
    assert scores["dci_informativeness"] == 1.0


def test_trees_that_were_fitted_before_give_the_same_dci(monkeypatch):
    codes, factors = drawn(300)
    trees, before = fit_trees(codes, factors, rng()), dci(codes, factors, rng())
    assert trees.importance.shape == (3, 3)
    np.testing.assert_allclose(trees.importance.sum(axis=0), 1.0)
    monkeypatch.setattr(predictors, "boosted_trees", None)
    assert dci(codes, factors, rng(), trees=trees) == before


def test_trees_are_fitted_to_the_first_two_thirds_of_the_rows():
    codes, factors = drawn(300)
    before = fit_trees(codes, factors, rng())
    right = []
    for label in (0, 1):
        codes[200:], factors[200:] = 0.0, label
        after = fit_trees(codes, factors, rng())
        np.testing.assert_array_equal(after.importance, before.importance)
        right.append(after.right)
    # Test rows have one code, and so one answer: right for one of two labels of factor 0, for at most one of others.
    assert np.isin(right, [0, 1]).all()
    assert sum(right)[0] == 1 and sum(right).max() == 1


# SAP


def test_sap_by_hand_with_balanced_classes():
    # A bit that is 0 in seven rows of nine. Latent 0 is -10 in four of them; at 10 are the other three, and both rows
    # of class 1. Balanced, a row weighs 9/14 in class 0 and 9/4 in class 1, so that at 10 class 1 outweighs (4.5
    # against 1.93): 4 + 2 of 9 rows are told right. (As they are, 3 rows outweigh 2, and 7 of 9 would be right.)
    # Latent 1 is the bit: all are right. SAP is 1 - 6/9.
    rows = [[-10, -10, 0]] * 4 + [[10, -10, 0]] * 3 + [[10, 10, 1]] * 2
    codes, factors = sample(rows, rows)
    np.testing.assert_allclose(accuracies(codes, factors)[:, 0], [6 / 9, 1.0])
    assert sap(codes, factors)["sap"] == pytest.approx(1 / 3)


def test_sap_is_the_mean_over_factors_of_how_far_the_best_latent_is_ahead_of_the_second():
    # Bits a and b, all four pairs. Latent 0 is a, latent 1 is b, latent 2 is a in three rows of four: in the rows where
    # b is 0, and half of the others. Factor a: 1, 1/2, 3/4: 1/4 ahead. Factor b: latent 1 is ahead of latents that tell
    # nothing. Latents 0 and 2 tell b right in half of the rows: 1/2 ahead. The mean is 3/8.
    rows = [[a, b, a if b == 0 or copy else 1 - a, a, b] for a in (0, 1) for b in (0, 1) for copy in (0, 1)]
    rows = np.array(rows)
    rows[:, :3] = 20 * rows[:, :3] - 10
    codes, factors = sample(rows, rows, factors=2)
    np.testing.assert_allclose(accuracies(codes, factors)[[0, 1, 2], [0, 1, 0]], [1.0, 1.0, 0.75])
    np.testing.assert_allclose(accuracies(codes, factors)[[1, 0, 2], [0, 1, 1]], 0.5)
    assert sap(codes, factors)["sap"] == pytest.approx(3 / 8)


def test_accuracies_are_those_of_linear_support_vector_machines():
    codes, factors = drawn()
    found = accuracies(codes, factors)
    expected = np.empty((3, 3))
    for latent, factor in np.ndindex(3, 3):
        model = LinearSVC(C=0.01, class_weight="balanced", dual=False, tol=1e-8, max_iter=10_000)
        model.fit(codes[:400, [latent]], factors[:400, factor])
        expected[latent, factor] = model.score(codes[400:, [latent]], factors[400:, factor])
    assert len(np.unique(expected)) > 5
    np.testing.assert_allclose(found, expected)
    second, first = np.sort(expected, axis=0)[1:]
    assert sap(codes, factors)["sap"] == pytest.approx(np.mean(first - second))


def test_a_line_hardly_tells_a_factor_of_many_values_along_one_latent():
    # Only the classes at the ends are on a side of their own.
    digits = np.arange(7).repeat(30)[rng().permutation(210)]
    told = accuracies(digits[:, None].astype(float), digits[:, None])[0, 0]
    assert 2 / 7 <= told < 4 / 7


# Explicitness


def test_explicitness_of_two_classes_by_hand():
    # The higher the code, the more likely class 1. Test codes 1 and 3 of class 0, 2 and 4 of class 1: of the four pairs
    # all but (3, 2) are in order.
    codes, factors = sample([[0, 0], [1, 1]], [[1, 0], [3, 0], [2, 1], [4, 1]])
    assert explicitness(codes, factors)["explicitness"] == pytest.approx(0.75)


THREE = [[-1, 0], [0, 1], [1, 2]]  # class 0 is the likelier the lower the code, class 2 the higher, 1 the nearer to 0


def test_explicitness_of_three_classes_is_the_mean_of_one_against_the_rest():
    # Class 0 at -2 and 2, others at -0.9, 0 and 1: the first is ahead of all three, the second of none: 3 of 6 pairs.
    # Class 1 at -0.9 and 0, others at -2, 1 and 2: both are ahead of all: 6 of 6. Class 2 at 1, others at -2, -0.9, 0
    # and 2: ahead of 3 of 4. The mean of 1/2, 1 and 3/4 is 3/4.
    codes, factors = sample(THREE, [[-2, 0], [-0.9, 1], [0, 1], [1, 2], [2, 0]])
    assert explicitness(codes, factors)["explicitness"] == pytest.approx(0.75)


def test_explicitness_leaves_out_a_class_that_no_test_row_has():
    # As above without class 2, and one more row of class 1 at 1.5: class 0 at -2 and 2 against -0.9, 0 and 1.5: 3 of 6.
    # Class 1 at -0.9, 0 and 1.5 against -2 and 2: all. The mean of 1/2 and 1 is 3/4; class 2 would make it another.
    codes, factors = sample(THREE, [[-2, 0], [-0.9, 1], [0, 1], [1.5, 1], [2, 0]])
    assert explicitness(codes, factors)["explicitness"] == pytest.approx(0.75)


def test_explicitness_counts_a_class_that_only_test_rows_have_among_the_others():
    # Test codes -1 of class 0, 1 and -1 of class 1, 1 of class 2. Class 0: ahead of 1 and 1, even with -1: 2.5 of 3.
    # Class 1: 1 is ahead of -1 and even with 1, -1 is even with -1 and behind 1: 2 of 4. The mean is 2/3.
    codes, factors = sample([[-1, 0], [1, 1]], [[-1, 0], [1, 1], [-1, 1], [1, 2]])
    assert explicitness(codes, factors)["explicitness"] == pytest.approx(2 / 3)


def test_explicitness_is_the_mean_over_factors():
    # The area of factor 0 is 3/4, as above; that of factor 1, in the order 1 (0), 2 (1), 3 (1), 4 (0), is 2 of 4.
    codes, factors = sample([[0, 0, 0], [1, 1, 1]], [[1, 0, 0], [3, 0, 1], [2, 1, 1], [4, 1, 0]], factors=2)
    assert explicitness(codes, factors)["explicitness"] == pytest.approx(0.625)


@pytest.mark.parametrize("solver", ["one_vs_rest", "multinomial"])
def test_explicitness_is_the_area_of_scikit_learn_on_standardised_codes(solver):
    codes, factors = drawn()
    codes = codes * [1.0, 300.0, 0.01] + [0.0, 1_000.0, 5.0]
    scaler = StandardScaler().fit(codes[:400])
    areas = []
    for labels in factors.T:
        one_vs_rest = OneVsRestClassifier(LogisticRegression(solver="liblinear", tol=1e-8))
        model = one_vs_rest if solver == "one_vs_rest" else LogisticRegression()
        chance = model.fit(scaler.transform(codes[:400]), labels[:400]).predict_proba(scaler.transform(codes[400:]))
        chance = chance[:, 1] if chance.shape[1] == 2 else chance
        areas.append(roc_auc_score(labels[400:], chance, multi_class="ovr", average="macro"))
    assert 0.6 < np.mean(areas) < 0.98
    assert explicitness(codes, factors, solver=solver)["explicitness"] == pytest.approx(np.mean(areas), abs=1e-4)


def test_latents_that_are_constant_where_the_regression_is_fitted_tell_nothing():
    codes, factors = drawn(300)
    before = explicitness(codes, factors)["explicitness"]
    assert np.full((200, 1), 0.3).std(axis=0) > 0, "the rounding of the mean passes for deviation"
    for constant in (0.0, 0.3):
        more = np.column_stack([codes, np.full(300, constant)])
        assert explicitness(more, factors)["explicitness"] == pytest.approx(before, abs=1e-6)
        more[200:, 3] = 1e6 * rng().standard_normal(100)
        assert explicitness(more, factors)["explicitness"] == pytest.approx(before, abs=1e-6)
    assert explicitness(np.full((300, 2), 0.3), factors)["explicitness"] == 0.5


def test_explicitness_needs_two_classes_in_the_test_rows():
    codes, factors = drawn(300)
    factors[200:, 1] = 3
    with pytest.raises(ValueError, match="the test rows have a single value of factor 1"):
        explicitness(codes, factors)


# Classes that are in one part of the rows only

LATE = [[-1, 0, 0], [1, 0, 1]], [[-1, 0, 0], [1, 0, 1], [1, 0, 2], [-1, 0, 1]]  # class 2 in test rows only


def test_a_class_that_only_test_rows_have_is_told_wrong():
    # Latent 0 at -1 means class 0 and at 1 class 1: right in the first two test rows of four. Latent 1 tells nothing:
    # the class it always predicts is right in one row if it is 0 and in two if it is 1.
    codes, factors = sample(*LATE)
    assert accuracies(codes, factors)[0, 0] == 0.5
    assert accuracies(codes, factors)[1, 0] in (0.25, 0.5)
    both = np.column_stack([factors, factors])
    assert dci(codes, both, rng())["dci_informativeness"] == 0.5


def test_a_class_that_only_fit_rows_have_is_a_wrong_answer():
    # Codes -1, 1 and 3 mean classes 0, 1 and 2; the test rows at 3 are of class 1, one of four rows told wrong.
    codes, factors = sample([[-1, 0], [1, 1], [3, 2]], [[-1, 0], [1, 1], [3, 1], [-1, 0]])
    codes, both = np.column_stack([codes, 0 * codes]), np.column_stack([factors, factors])
    assert dci(codes, both, rng())["dci_informativeness"] == 0.75


# Input that leaves nothing to compare


def test_scores_that_compare_latents_or_factors_need_two():
    codes, factors = drawn(90)
    for score in (sap, dci):
        with pytest.raises(ValueError, match="compares latents: it needs at least 2 of them, not 1"):
            score(codes[:, :1], factors, rng())
    with pytest.raises(ValueError, match="dci compares factors: it needs at least 2 of them, not 1"):
        dci(codes, factors[:, :1], rng())


@pytest.mark.parametrize("score", [dci, sap, explicitness, fit_trees])
def test_two_rows_are_too_few(score):
    codes, factors = drawn(2)
    with pytest.raises(ValueError, match="2 rows are too few"):
        score(codes, factors, rng())


@pytest.mark.parametrize("score", [dci, sap, explicitness])
def test_a_factor_with_a_single_value_where_the_score_is_fitted_is_refused(score):
    codes, factors = drawn(90)
    factors[:60, 2] = 1
    with pytest.raises(ValueError, match=r"factor 2 \(counted from 0\) takes a single value in the 60 rows"):
        score(codes, factors, rng())


def test_unknown_kinds_of_trees_and_solvers_are_refused_with_the_choices():
    with pytest.raises(ValueError, match="unknown boosting 'forest': choose from exact, lightgbm, scikit-learn"):
        dci(*drawn(90), rng(), boosting="forest")
    with pytest.raises(ValueError, match="unknown solver 'sgd': choose from one_vs_rest, multinomial"):
        explicitness(*drawn(90), rng(), solver="sgd")
