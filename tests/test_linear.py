import numpy as np
import pytest
from common import rng
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import KFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

from dlnb.metrics import linear
from dlnb.metrics.linear import (
    CONVERGED,
    STRENGTHS,
    SURE,
    OneVsRest,
    logistic,
    logistic_regression,
    logistic_regression_cv,
    products,
    support_vectors,
    with_ones,
)


def problem(n=200, classes=5, seed=0):
    """Codes that tell labels 3, 7, 11, ... in part: the first grows with them, the second bends, the third is noise."""
    place = rng(seed).integers(classes, size=n)
    codes = np.column_stack([place, (place - 2) ** 2, 0 * place]) + rng(seed + 1).standard_normal((n, 3))
    return codes, 4 * place + 3


def weights_of(estimators):
    return np.array([np.append(each.coef_[0], each.intercept_) for each in estimators])


# Called as scikit-learn's classifiers are


def test_one_vs_rest_predicts_the_class_with_the_best_odds_and_scales_chances_to_one():
    # Log odds of x = 2: 2 * 1 + 0, -2 * 1 + 1, 0 * 2 + 1.5: 2, -1 and 1.5. Chances .880797, .268941 and .817574 before
    # they are divided by their sum 1.967312. Of x = -2: -2, 3 and 1.5.
    model = OneVsRest(np.array([4, 6, 9]), np.array([[1.0, 0.0], [-1.0, 1.0], [0.0, 1.5]]))
    codes = np.array([[2.0], [-2.0]])
    np.testing.assert_allclose(model.decision_function(codes), [[2.0, -1.0, 1.5], [-2.0, 3.0, 1.5]])
    assert model.predict(codes).tolist() == [4, 6]
    np.testing.assert_allclose(model.predict_proba(codes)[0], [0.447716, 0.136705, 0.415579], atol=1e-6)
    np.testing.assert_allclose(model.predict_proba(codes).sum(axis=1), 1.0)


@pytest.mark.parametrize("fit", [logistic_regression, logistic_regression_cv])
def test_unknown_solvers_are_refused_with_the_choices(fit):
    with pytest.raises(ValueError, match="unknown solver 'newton': choose from one_vs_rest, multinomial"):
        fit(*problem(), solver="newton")


@pytest.mark.parametrize("fit", [logistic_regression, logistic_regression_cv])
def test_a_single_class_is_predicted_for_sure(fit):
    codes, _ = problem(20)
    model = fit(codes, np.full(20, 6))
    assert model.classes_.tolist() == [6]
    assert set(model.predict(100 * codes)) == {6}
    np.testing.assert_allclose(model.predict_proba(codes), 1.0)


@pytest.mark.parametrize("fit", [logistic_regression, logistic_regression_cv])
def test_fits_leave_their_arguments_untouched(fit):
    codes, labels = problem(60)
    kept = codes.copy(), labels.copy()
    codes.setflags(write=False)
    labels.setflags(write=False)
    fit(codes, labels)
    np.testing.assert_array_equal(codes, kept[0])
    np.testing.assert_array_equal(labels, kept[1])


# Logistic regression is scikit-learn's


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_logistic_regression_is_that_of_liblinear_one_class_against_the_rest(classes):
    codes, labels = problem(classes=classes)
    model = logistic_regression(codes, labels)
    theirs = OneVsRestClassifier(LogisticRegression(solver="liblinear", tol=1e-8)).fit(codes, labels)
    expected = weights_of(theirs.estimators_)
    if classes == 2:  # one problem there, here the same one twice
        expected = np.vstack([-expected, expected])
    assert np.abs(expected).max() > 0.5
    np.testing.assert_allclose(model.weights, expected, atol=1e-4)
    fresh = problem(seed=7, classes=classes)[0]
    np.testing.assert_array_equal(model.classes_, theirs.classes_)
    np.testing.assert_array_equal(model.predict(fresh), theirs.predict(fresh))
    np.testing.assert_allclose(model.predict_proba(fresh), theirs.predict_proba(fresh), atol=1e-4)


def with_rare_class(where):
    """120 rows of classes 1, 3 and 5, told in part, and a few rows of class 9."""
    place = rng(3).integers(3, size=120)
    codes = np.column_stack([2 * place + 1, 0 * place]) + rng(4).standard_normal((120, 2)) * [1.0, 3.0]
    labels = 2 * place + 1
    labels[where] = 9
    return codes, labels


@pytest.mark.filterwarnings("ignore::FutureWarning:sklearn", "ignore::RuntimeWarning")
@pytest.mark.parametrize("where", [[60], range(5)], ids=["one row", "all rows in one fold"])
def test_the_penalty_of_each_class_is_the_one_scikit_learn_chooses(where, monkeypatch):
    # The folds are five runs of 24 rows. A class of one row is absent from four of them; a class that is all in one
    # fold is absent from the rows that are fitted when this one is left out.
    codes, labels = with_rare_class(where)
    strengths = []

    def recorded(inputs, targets, strength, penalty, **more):
        strengths.append(strength)
        return logistic(inputs, targets, strength, penalty, **more)

    monkeypatch.setattr(linear, "logistic", recorded)
    model = logistic_regression_cv(codes, labels)
    cv = LogisticRegressionCV(Cs=10, cv=KFold(5), tol=1e-9, max_iter=1_000, solver="newton-cholesky")
    theirs = OneVsRestClassifier(cv).fit(codes, labels)
    chosen = np.array([each.C_[0] for each in theirs.estimators_])
    assert len(set(chosen)) > 2
    np.testing.assert_allclose(strengths[-1], chosen)
    np.testing.assert_allclose(model.weights, weights_of(theirs.estimators_), atol=1e-4)
    np.testing.assert_array_equal(model.predict(codes), theirs.predict(codes))


@pytest.mark.filterwarnings("ignore::FutureWarning:sklearn")
def test_two_classes_share_their_penalty_and_have_opposite_weights():
    codes, labels = problem(100, classes=2)
    theirs = LogisticRegressionCV(Cs=10, cv=KFold(5), tol=1e-9, solver="newton-cholesky").fit(codes, labels)
    model = logistic_regression_cv(codes, labels)
    np.testing.assert_allclose(model.weights[1], np.append(theirs.coef_[0], theirs.intercept_), atol=1e-4)
    np.testing.assert_allclose(model.weights[0], -model.weights[1], atol=1e-5)


def test_multinomial_is_the_minimum_of_the_penalised_softmax():
    # Sum over rows of -log p(label) plus half the squared weights, without the intercepts: its slope is zero.
    codes, labels = problem()
    model = logistic_regression(codes, labels, "multinomial")
    missing = (labels[:, None] == model.classes_) - model.predict_proba(codes)
    np.testing.assert_allclose(missing.T @ codes, model.coef_, atol=0.05)
    np.testing.assert_allclose(missing.sum(axis=0), 0.0, atol=0.05)
    assert np.abs(model.coef_).max() > 0.5
    ours = logistic_regression(codes, labels)
    assert (model.predict(codes) == labels).mean() > (ours.predict(codes) == labels).mean() - 0.1


@pytest.mark.filterwarnings("ignore::FutureWarning:sklearn")
def test_multinomial_chooses_one_penalty_for_all_classes():
    codes, labels = problem(50, classes=3)
    model = logistic_regression_cv(codes[:, :1], labels, "multinomial")
    chosen = np.unique(model.C_)
    assert len(chosen) == 1
    assert np.isclose(STRENGTHS, chosen).any()
    np.testing.assert_array_equal(model.classes_, [3, 7, 11])
    assert 0.5 < (model.predict(codes[:, :1]) == labels).mean() < 0.95


# Logistic regression is a minimum


def slope_of_logistic(weights, inputs, targets, strength, penalty):
    """Derivative of penalty w² / 2 + strength · (sum of log(1 + exp(-y f))) by the weights of one problem."""
    y = np.where(targets, 1.0, -1.0)
    return penalty * weights - strength * (y * expit(-y * (inputs @ weights))) @ inputs


def largest_slope(n, curvature):
    """What is left when another Newton step, whose gain is g H⁻¹ g / 2, would gain less than ``CONVERGED`` a row."""
    return 2 * np.sqrt(CONVERGED * n * curvature) + 1e-9 * n


sixteenths = st.integers(-64, 64).map(lambda value: value / 16)
small_problems = st.integers(4, 30).flatmap(
    lambda n: st.tuples(
        st.lists(st.tuples(sixteenths, sixteenths), min_size=n, max_size=n),
        st.lists(st.integers(0, 2), min_size=n, max_size=n),
        st.booleans(),
        st.sampled_from(STRENGTHS.tolist()),
        st.sampled_from([0.0, 1.0]),
    )
)


@given(small_problems)
@settings(max_examples=100, deadline=None)
def test_weights_of_logistic_regression_are_where_the_slope_is_zero(drawn):
    codes, labels, separable, strength, of_intercept = drawn
    inputs, labels = with_ones(np.array(codes)), np.array(labels)
    if separable:
        labels = (inputs[:, 0] > 0).astype(int) + (inputs[:, 0] > 1)
    targets, penalty = labels[:, None] == np.arange(3), np.array([1.0, 1.0, of_intercept])
    weights = logistic(inputs, targets, strength, penalty)
    assert weights.shape == (3, 3)
    assert np.isfinite(weights).all()
    curvature = np.square(inputs).sum() / 4 + penalty.sum() / strength
    for w, target in zip(weights, targets.T, strict=True):
        if target.all() or not target.any():
            assert w.tolist() == [0.0, 0.0, SURE if target.all() else -SURE]
        else:
            slope = slope_of_logistic(w, inputs, target, strength, penalty) / strength
            assert np.abs(slope).max() <= largest_slope(len(inputs), curvature)


def test_problems_with_strengths_of_their_own_are_solved_as_each_alone():
    codes, labels = problem(100)
    inputs, targets = with_ones(codes), labels[:, None] == np.unique(labels)
    penalty, strengths = np.array([1.0, 1.0, 1.0, 0.0]), np.array([1e-3, 0.1, 1.0, 10.0, 1e3])
    together = logistic(inputs, targets, strengths, penalty)
    for i, strength in enumerate(strengths):
        np.testing.assert_allclose(together[i], logistic(inputs, targets[:, [i]], strength, penalty)[0], atol=1e-5)


def test_where_the_search_starts_does_not_matter():
    codes, labels = problem(100)
    inputs, targets = with_ones(codes), labels[:, None] == np.unique(labels)
    before = logistic(inputs, targets, 1.0, np.ones(4))
    start = 3 * rng(2).standard_normal(before.shape)
    kept = start.copy()
    after = logistic(inputs, targets, 1.0, np.ones(4), start=start, pairs=products(inputs))
    np.testing.assert_allclose(after, before, atol=1e-5)
    np.testing.assert_array_equal(start, kept)


# Support vector machines


def balanced(labels, strength=0.01):
    """Targets and the weights of both sides as scikit-learn's class_weight="balanced" gives them to LinearSVC."""
    classes, counts = np.unique(labels, return_counts=True)
    weight = strength * len(labels) / (len(classes) * counts)
    return labels[:, None] == classes, weight, weight[::-1] if len(classes) == 2 else np.full(len(classes), strength)


def support_vectors_of_scikit_learn(code, labels):
    model = LinearSVC(C=0.01, class_weight="balanced", dual=False, tol=1e-9, max_iter=100_000)
    model.fit(code[:, None], labels)
    found = np.column_stack([model.coef_, model.intercept_])
    return np.vstack([-found, found]) if len(found) == 1 else found


CODES = {
    "rising": lambda place, noise: place + noise,
    "falling": lambda place, noise: -3 * place + noise,
    "bending": lambda place, noise: (place - 1) ** 2 + noise,
    "ties": lambda place, noise: np.round(place + noise),
    "far from zero": lambda place, noise: place + noise + 30,
    "large": lambda place, noise: 100 * (place + noise),
    "small": lambda place, noise: 0.01 * (place + noise),
    "told whole": lambda place, noise: place - 1.0,
    "noise": lambda place, noise: noise,
    "constant": lambda place, noise: np.full(len(place), 0.7),
    "zero": lambda place, noise: np.zeros(len(place)),
}


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_support_vectors_are_those_of_scikit_learn(code, classes):
    share = np.array([0.6, 0.4] if classes == 2 else [0.35, 0.3, 0.2, 0.1, 0.05])  # unbalanced
    place = rng().choice(classes, size=300, p=share)
    code = code(place, rng(1).standard_normal(300))
    assert (np.diff(code) < 0).any() or np.ptp(code) == 0, "unsorted"
    found = support_vectors(code, *balanced(place))
    assert found.shape == (classes, 2)
    np.testing.assert_allclose(found, support_vectors_of_scikit_learn(code, place), atol=1e-5)


def test_support_vectors_do_not_depend_on_the_order_of_rows():
    place = rng().integers(5, size=200)
    code = np.round(place + rng(1).standard_normal(200), 1)
    targets, weight, rest = balanced(place)
    order = rng(2).permutation(200)
    before, after = (support_vectors(code[o], targets[o], weight, rest) for o in (np.arange(200), order))
    np.testing.assert_allclose(after, before, atol=1e-9)


eighths = st.integers(-40, 40).map(lambda value: value / 8)
machines = st.integers(2, 40).flatmap(
    lambda n: st.tuples(
        st.lists(eighths, min_size=n, max_size=n),
        st.lists(st.booleans(), min_size=n, max_size=n),
        st.booleans(),
        *[st.sampled_from([1e-4, 0.01, 0.3, 10.0, 1e3])] * 2,
    )
)


@given(machines)
@settings(max_examples=150, deadline=None)
def test_support_vectors_are_where_the_slope_is_zero(drawn):
    code, target, separable, weight, rest = drawn
    code = np.array(code)
    target = code > 0 if separable else np.array(target)
    # In the company of another problem, which takes another number of steps.
    targets = np.column_stack([target, code >= 1])
    found = support_vectors(code, targets, np.array([weight, 0.01]), np.array([rest, 0.01]))
    inputs = with_ones(code[:, None])
    for w, truth, strength in zip(found, targets.T, ((weight, rest), (0.01, 0.01)), strict=True):
        y, c = np.where(truth, 1.0, -1.0), np.where(truth, *strength)
        slope = w - 2 * (c * y * np.maximum(0, 1 - y * (inputs @ w))) @ inputs
        curvature = 2 + 2 * (c[:, None] * inputs**2).sum()
        assert np.abs(slope).max() <= largest_slope(len(code), curvature) * max(1, strength[0], strength[1]) ** 0.5


def test_a_support_vector_machine_by_hand():
    # Two rows at 1 and -1, told apart, with c = 1/4. By symmetry the intercept is 0; slope s has the loss
    # s² / 2 + 2 · (1 - s)² / 4, whose derivative s - (1 - s) is zero at s = 1/2.
    found = support_vectors(np.array([1.0, -1.0]), np.array([[True], [False]]), np.array([0.25]), np.array([0.25]))
    np.testing.assert_allclose(found, [[0.5, 0.0]], atol=1e-9)
    # Both at 2, positive with c = 1/4 and negative with 3/4: slope s and intercept b = s / 2 (the penalty is least for
    # a multiple of (2, 1)), f = 2 s + b = 5 b: 5 b² / 2 + (1 - 5 b)² / 4 + 3 (1 + 5 b)² / 4 is least where
    # 5 b - 5 (1 - 5 b) / 2 + 15 (1 + 5 b) / 2 = 0: 5 + 55 b = 0, b = -1/11, s = -2/11.
    found = support_vectors(np.array([2.0, 2.0]), np.array([[True], [False]]), np.array([0.25]), np.array([0.75]))
    np.testing.assert_allclose(found, [[-2 / 11, -1 / 11]], atol=1e-9)
