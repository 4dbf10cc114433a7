"""Scores of measurements: closed forms of normal distributions and circles, scikit-learn, and the scores of classes."""

import warnings

import numpy as np
import pytest
from common import rng
from scipy import stats
from sklearn.feature_selection import mutual_info_regression
from sklearn.linear_model import LinearRegression

from dlnb import metrics
from dlnb.metrics import measured

SCORES = [measured.mig, measured.mcc, measured.sap, measured.dci]
each_score = pytest.mark.parametrize("score", SCORES, ids=lambda score: score.__name__)


def gaussian(*correlations: float, n: int = 6_000, seed: int = 0):
    """A latent for each factor, with that correlation; all are normal."""
    values, noise = rng(seed).standard_normal((2, n, len(correlations)))
    r = np.array(correlations)
    return r * values + np.sqrt(1 - r**2) * noise, values


def turned(codes: np.ndarray, degrees: float) -> np.ndarray:
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return codes @ np.array([[cos, -sin], [sin, cos]])


# Information by neighbours


@pytest.mark.parametrize("r", [0.0, 0.3, -0.6, 0.9, 0.99])
def test_information_of_normal_distributions_is_that_of_their_correlation(r):
    codes, values = gaussian(r)
    (found,) = measured.information(codes, values, rng(), kinds="real")[0]
    assert found == pytest.approx(-0.5 * np.log(1 - r**2), abs=0.05)


def test_information_of_real_numbers_is_that_of_scikit_learn():
    codes, values = gaussian(0.5, 0.8, n=500)
    found = measured.information(codes, values, np.random.default_rng(3), kinds="real", neighbours=5)
    for k in range(2):
        expected = mutual_info_regression(codes, values[:, k], discrete_features=False, n_neighbors=5, random_state=0)
        np.testing.assert_allclose(found[:, k], expected, atol=1e-6)


def test_information_of_an_angle_that_stays_in_an_arc_is_that_of_a_number():
    """Far from the cut the circle is a line; scikit-learn divides by the standard deviation, which is 1 here."""
    codes, values = gaussian(0.7, n=800)
    inside = np.abs(values[:, 0]) < 1.5
    codes, arc = codes[inside], values[inside] / values[inside].std()
    angle = measured.information(codes, arc, rng(), kinds="angle")[0, 0]
    assert np.abs(arc).max() < 2.2
    number = mutual_info_regression(codes, arc[:, 0], discrete_features=False, random_state=0)[0]
    assert angle == pytest.approx(number, abs=1e-6)


@pytest.mark.parametrize("by", [1.0, -3.0, np.pi])
def test_information_of_an_angle_does_not_depend_on_where_the_circle_is_cut(by):
    angle = rng().uniform(0, 2 * np.pi, 1_000)
    codes = np.column_stack([np.cos(angle - 1), rng(1).standard_normal(1_000)]) + 0.1 * rng(2).standard_normal(
        (1_000, 2)
    )
    before = measured.information(codes, angle[:, None], rng(), kinds="angle")
    after = measured.information(codes, np.mod(angle + by, 2 * np.pi)[:, None], rng(), kinds="angle")
    np.testing.assert_allclose(after, before, atol=1e-6)
    assert before[0, 0] > 1 and before[1, 0] < 0.05
    cut = measured.information(codes, np.mod(angle + by, 2 * np.pi)[:, None], rng(), kinds="real")
    whole = measured.information(codes, angle[:, None], rng(), kinds="real")
    assert abs(cut - whole).max() > 1e-4  # as numbers it does


@pytest.mark.parametrize("noise", [0.1, 0.3])
def test_information_of_an_angle_with_noise_is_its_entropy_less_that_of_the_noise(noise):
    angle = rng().uniform(0, 2 * np.pi, 8_000)
    read = np.mod(angle + noise * rng(1).standard_normal(8_000), 2 * np.pi)
    found = measured.information(read[:, None], angle[:, None], rng(), kinds="angle")[0, 0]
    expected = np.log(2 * np.pi) - 0.5 * np.log(2 * np.pi * np.e * noise**2)
    assert found == pytest.approx(expected, abs=0.06)  # the reading is cut somewhere, which loses next to nothing


def test_the_estimate_of_strong_dependence_is_too_low_with_few_rows():
    """The bias that the docstring names: a latent that is the factor tells infinitely much."""
    found = []
    for n in (100, 1_000, 10_000):
        values = rng().standard_normal((n, 1))
        found.append(measured.information(values, values, rng(), kinds="real")[0, 0])
    assert found[0] < found[1] < found[2] and np.diff(found) == pytest.approx([np.log(10)] * 2, abs=0.3)


def test_information_of_classes_is_near_that_of_bins():
    factors = rng().integers(5, size=(4_000, 2))
    codes = factors + 0.5 * rng(1).standard_normal((4_000, 2))
    found = measured.information(codes, factors, rng(), kinds="class")
    binned = metrics.information.mutual_information(metrics.information.binned(codes), factors)
    np.testing.assert_allclose(found, binned, atol=0.05)


# The gap


@pytest.mark.parametrize(("r", "other"), [(0.8, 0.5), (0.95, 0.6)])
def test_mig_of_normal_distributions_is_a_gap_of_squared_correlations(r, other):
    first, values = gaussian(r)
    second, _ = gaussian(other, seed=0)
    second = other * values + np.sqrt(1 - other**2) * rng(7).standard_normal(values.shape)
    found = measured.mig(np.hstack([first, second]), values, rng(), kinds="real")["mig"]
    assert found == pytest.approx(r**2 - other**2, abs=0.04)


def test_mig_of_turned_codes_falls_to_0_and_back():
    values = rng().standard_normal((3_000, 2))
    gaps = [measured.mig(turned(values, a), values, rng(), kinds="real")["mig"] for a in (0, 20, 45, 90)]
    assert gaps[0] > 0.99 and gaps[3] > 0.99 and gaps[2] < 0.05 and gaps[2] < gaps[1] < gaps[0]
    assert gaps[1] == pytest.approx(np.cos(np.deg2rad(40)), abs=0.04)  # cos squared minus sin squared


def test_mig_of_classes_is_that_of_bins():
    factors = rng().integers(6, size=(6_000, 2))
    codes = factors @ [[1, 0.5, 0], [0, 1, 0.2]] + 0.4 * rng(1).standard_normal((6_000, 3))
    found = measured.mig(codes, factors, rng(), kinds="class")["mig"]
    assert found == pytest.approx(metrics.mig(codes, factors)["mig"], abs=0.03)


def test_classes_that_get_finer_tell_what_measurements_tell():
    codes, values = gaussian(0.8, n=12_000)
    limit = -0.5 * np.log(1 - 0.8**2)
    told = []
    for count in (2, 4, 8, 16):
        bins = metrics.quantile_classes(codes, 40)
        labels = metrics.quantile_classes(values, count)
        told.append(metrics.information.mutual_information(bins, labels)[0, 0])
    assert sorted(told) == told and told[0] < 0.7 * limit and told[-1] == pytest.approx(limit, abs=0.04)
    assert measured.information(codes, values, rng(), kinds="real")[0, 0] == pytest.approx(limit, abs=0.03)


# Correlations


def test_mcc_is_the_mean_correlation_under_the_best_assignment():
    codes, values = gaussian(0.9, 0.5, -0.7, n=20_000)
    found = measured.mcc(codes[:, [2, 0, 1]], values, kinds="real")["mcc"]
    assert found == pytest.approx(0.7, abs=0.02)
    expected = np.mean([abs(np.corrcoef(codes[:13_333, k], values[:13_333, k])[0, 1]) for k in range(3)])
    assert found == pytest.approx(expected, abs=1e-9)


def test_mcc_takes_the_assignment_and_not_the_largest_of_each_factor():
    values = rng().standard_normal((3_000, 2))
    codes = np.column_stack([values[:, 0] + values[:, 1], 0.01 * rng(1).standard_normal(3_000)])
    assert measured.mcc(codes, values, kinds="real")["mcc"] == pytest.approx(np.sqrt(0.5) / 2, abs=0.03)


def test_fewer_latents_than_factors_leave_some_without():
    values = rng().standard_normal((900, 3))
    assert measured.mcc(values[:, :1], values, kinds="real")["mcc"] == pytest.approx(1 / 3)


def test_spearman_forgives_what_is_increasing():
    values = rng().standard_normal((900, 2))
    bent = np.column_stack([np.exp(2 * values[:, 0]), -(values[:, 1] ** 3)])
    assert measured.mcc(bent, values, kinds="real", correlation="spearman")["mcc"] == pytest.approx(1)
    plain = measured.mcc(bent, values, kinds="real")["mcc"]
    each = [abs(stats.pearsonr(bent[:600, k], values[:600, k])[0]) for k in range(2)]
    assert plain == pytest.approx(np.mean(each)) and plain < 0.9


def test_an_angle_is_one_however_it_is_cut_and_turned():
    angle = rng().uniform(0, 2 * np.pi, 1_500)
    codes = np.column_stack([np.cos(angle - 0.4), rng(1).standard_normal(1_500)])
    for by in (0, 2, -1.5 * np.pi):
        given = np.mod(angle + by, 2 * np.pi)[:, None]
        assert measured.mcc(codes, given, kinds="angle")["mcc"] == pytest.approx(1)
    assert measured.mcc(codes, angle[:, None], kinds="real")["mcc"] < 0.8


def test_mcc_of_classes_is_the_correlation_ratio():
    factor = rng().integers(4, size=1_500)
    means = np.array([0.0, 3.0, -1.0, 2.0])
    code = means[factor] + rng(1).standard_normal(1_500)
    z, v = code[:1_000], factor[:1_000]
    between = sum((v == c).sum() * (z[v == c].mean() - z.mean()) ** 2 for c in range(4))
    expected = np.sqrt(between / ((z - z.mean()) ** 2).sum())
    assert measured.mcc(code[:, None], factor[:, None], kinds="class")["mcc"] == pytest.approx(expected)


# Attribute predictability


def test_sap_is_a_gap_of_r_squared_on_the_test_rows():
    codes, values = gaussian(0.8, 0.6, n=3_000)
    told = np.empty((2, 2))
    for j in range(2):
        for k in range(2):
            line = LinearRegression().fit(codes[:2_000, [j]], values[:2_000, k])
            told[j, k] = max(0, line.score(codes[2_000:, [j]], values[2_000:, k]))
    expected = np.mean(np.abs(told[0] - told[1]))
    assert measured.sap(codes, values, kinds="real")["sap"] == pytest.approx(expected)
    assert expected == pytest.approx((0.64 + 0.36) / 2, abs=0.05)


def test_sap_of_classes_is_the_gap_of_the_studys_classifiers():
    factors = rng().integers(4, size=(900, 2))
    codes = factors + 0.4 * rng(1).standard_normal((900, 2))
    assert measured.sap(codes, factors, kinds="class") == metrics.sap(codes, factors)


# Regression


@pytest.mark.parametrize("model", ["forest", "lasso"])
def test_dci_of_codes_that_are_the_factors_and_of_turned_ones(model):
    values = rng().uniform(-1, 1, size=(1_500, 2))
    perfect = measured.dci(values, values, rng(), kinds="real", model=model)
    half = measured.dci(turned(values, 45), values, rng(), kinds="real", model=model)
    assert min(perfect.values()) > 0.95
    assert half["dci_disentanglement"] < 0.1 and half["dci_completeness"] < 0.1 and half["dci_informativeness"] > 0.85


def test_the_lassos_importance_is_the_size_of_coefficients():
    """Two independent latents of variance 1, turned: the coefficients are cosine and sine."""
    values = rng().standard_normal((30_000, 2))
    found = measured.dci(turned(values, 30), values, rng(), kinds="real", model="lasso")
    share = np.array([np.cos(np.pi / 6), np.sin(np.pi / 6)])
    share = share / share.sum()
    expected = 1 + (share * np.log(share)).sum() / np.log(2)
    assert found["dci_disentanglement"] == pytest.approx(expected, abs=0.01)
    assert found["dci_completeness"] == pytest.approx(expected, abs=0.01)


def test_the_error_is_that_of_the_noise():
    codes, values = gaussian(0.8, 0.8, n=9_000)
    r2 = measured.dci(codes, values, rng(), kinds="real", model="lasso")["dci_informativeness"]
    error = measured.dci(codes, values, rng(), kinds="real", model="lasso", informativeness="nrmse")
    assert r2 == pytest.approx(0.64, abs=0.03) and error["dci_informativeness"] == pytest.approx(0.6, abs=0.03)


def test_what_bends_is_seen_by_the_forest_alone():
    values = rng().uniform(-1, 1, size=(1_500, 2))
    bent = np.column_stack([np.abs(values[:, 0]), values[:, 1]])  # of the first factor only the size is told
    sizes = np.abs(values)
    told = {
        model: measured.dci(bent, np.column_stack([sizes[:, 0] ** 8, values[:, 1]]), rng(), kinds="real", model=model)
        for model in ("forest", "lasso")
    }
    assert told["forest"]["dci_informativeness"] > 0.95 > told["lasso"]["dci_informativeness"] + 0.1


def test_an_angle_of_two_latents_is_disentangled_but_not_complete():
    values = rng().uniform(size=(2_400, 2)) * [1, 2 * np.pi]
    codes = np.column_stack([values[:, 0], np.cos(values[:, 1]), np.sin(values[:, 1])])
    for model in ("forest", "lasso"):
        found = measured.dci(codes, values, rng(), kinds=["real", "angle"], model=model)
        assert found["dci_disentanglement"] > 0.95 and found["dci_informativeness"] > 0.95
        half = 1 - np.log(2) / np.log(3)  # two of three latents; the lasso has two coefficients of 1 for the angle
        expected = (1 + half) / 2 if model == "forest" else (1 + 2 * half) / 3
        assert found["dci_completeness"] == pytest.approx(expected, abs=0.03)


def test_numbers_of_finer_classes_come_near_to_measurements_and_their_names_do_not():
    """What tells one of many classes from all others is spread over latents: DCI of classes depends on their number."""
    values = rng().uniform(size=(1_800, 3))
    codes = values @ [[1, 0.2, 0], [0, 1, 0.2], [0.2, 0, 1]]
    found = {}
    for kind in ("real", "class"):
        for count in (2, 16):
            labels = metrics.quantile_classes(values, count)
            found[kind, count] = measured.dci(codes, labels, rng(), kinds=kind)["dci_disentanglement"]
    limit = measured.dci(codes, values, rng(), kinds="real")["dci_disentanglement"]
    assert found["real", 16] == pytest.approx(limit, abs=0.03) and found["real", 2] < limit - 0.1
    assert found["class", 2] == pytest.approx(found["real", 2], abs=0.1)
    assert found["class", 16] < found["class", 2] - 0.3


@pytest.mark.parametrize("model", ["forest", "lasso"])
def test_classes_may_stand_beside_measurements(model):
    values = np.column_stack([rng().integers(3, size=900), rng(1).uniform(size=900)])
    found = measured.dci(values, values, rng(), kinds=["class", "real"], model=model)
    assert min(found.values()) > 0.9


# What all have in common


@each_score
def test_scores_are_floats_and_leave_their_arguments_untouched(score):
    values = np.column_stack([rng().uniform(size=300), rng(1).uniform(0, 6, 300), rng(2).integers(3, size=300)])
    codes, kinds = values @ rng(3).standard_normal((3, 4)), ["real", "angle", "class"]
    kept = codes.copy(), values.copy()
    codes.setflags(write=False)
    values.setflags(write=False)
    found = score(codes, values, rng(5), kinds=kinds)
    assert all(type(value) is float and 0 <= value <= 1 for value in found.values())
    assert score(codes, values, rng(5), kinds=kinds) == found
    np.testing.assert_array_equal(codes, kept[0])
    np.testing.assert_array_equal(values, kept[1])


@each_score
def test_latents_have_no_order_sign_or_unit(score):
    values = np.column_stack([rng().uniform(size=600), rng(1).uniform(0, 6, 600)])
    codes = values @ rng(3).standard_normal((2, 3)) + 0.1 * rng(4).standard_normal((600, 3))
    before = score(codes, values, rng(5), kinds=["real", "angle"])
    after = score((codes * [-1, 64, 0.5])[:, [2, 0, 1]], values, rng(5), kinds=["real", "angle"])
    for name, value in before.items():
        assert after[name] == pytest.approx(value, abs=0.04), name


@each_score
def test_values_of_real_factors_have_no_unit(score):
    codes, values = gaussian(0.8, 0.6, n=600)
    before = score(codes, values, rng(5), kinds="real")
    after = score(codes, 1_000 * values - 7, rng(5), kinds="real")
    assert after == {name: pytest.approx(value, abs=1e-3) for name, value in before.items()}


@each_score
def test_noise_scores_next_to_nothing_and_constant_codes_nothing(score):
    values = rng().uniform(size=(2_400, 2))
    noise = score(rng(1).standard_normal((2_400, 3)), values, rng(), kinds="real")
    assert max(noise.values()) < 0.1
    never = score(np.ones((2_400, 3)), values, rng(), kinds="real")
    assert max(never.values()) < (0.02 if score is measured.mig else 1e-9)  # neighbours of noise that breaks ties


@each_score
def test_what_does_not_fit_is_refused(score):
    codes, values = gaussian(0.8, 0.6, n=300)

    def refuses(message, codes=codes, values=values, kinds="real", **options):
        with pytest.raises(ValueError, match=message):
            score(codes, values, rng(), kinds=kinds, **options)

    refuses(r"values must be \[n, k\] with the 300 rows of codes, not of shape \(200, 2\)", values=values[:200])
    refuses(r"of a single factor, values\[:, None\]", values=values[:, 0])
    refuses("values must be finite, but holds nan", values=np.where(values > 2, np.nan, values))
    refuses("values must be", values=np.full((300, 2), "left"))
    refuses("codes must be finite: latent 0", codes=np.where(codes > 2, np.inf, codes))
    refuses("unknown kind 'number': choose from real, angle, class", kinds="number")
    refuses("one for each of the 2 factors, not", kinds=["real"])
    refuses("one for each of the 2 factors, not", kinds=None)
    refuses(
        r"factor 1 \(counted from 0\) is an angle in radians.*deg2rad", values=values * [1, 90], kinds=["real", "angle"]
    )
    refuses(r"factor 0 \(counted from 0\) takes a single value", values=values * [0, 1])
    refuses(r"factor 0 \(counted from 0\) takes a single value", values=values * [0, 1] + [2 * np.pi, 0], kinds="angle")
    refuses("must be whole numbers", kinds="class")
    refuses("2 rows are too few", codes=codes[:2], values=values[:2])
    with pytest.raises(TypeError, match="kinds"):
        score(codes, values, rng())
    if score is not measured.mcc:
        refuses("compares latents", codes=codes[:, :1])
    with pytest.warns(UserWarning, match="scores of 30 rows tell little"):
        score(codes[:30], values[:30], rng(), kinds="real")


def test_options_of_single_scores_are_refused_with_those_there_are():
    codes, values = gaussian(0.8, 0.6, n=300)
    with pytest.raises(ValueError, match="unknown correlation 'kendall': choose from pearson, spearman"):
        measured.mcc(codes, values, kinds="real", correlation="kendall")
    with pytest.raises(ValueError, match="unknown model 'trees': choose from forest, lasso"):
        measured.dci(codes, values, rng(), kinds="real", model="trees")
    with pytest.raises(ValueError, match="unknown informativeness 'mse': choose from r2, nrmse"):
        measured.dci(codes, values, rng(), kinds="real", informativeness="mse")
    with pytest.raises(ValueError, match=r"factor 1 \(counted from 0\) is one: ask for informativeness='r2'"):
        named = np.column_stack([values[:, 0], values[:, 1] > 0])
        measured.dci(codes, named, rng(), kinds=["real", "class"], informativeness="nrmse")
    with pytest.raises(ValueError, match="dci compares factors"):
        measured.dci(codes, values[:, :1], rng(), kinds="real")
    for score in (measured.mig, measured.dci, measured.information):
        with pytest.raises(ValueError, match="needs rng"):
            score(codes, values, None, kinds="real")
    with pytest.raises(ValueError, match="neighbours must be"):
        measured.information(codes, values, rng(), kinds="real", neighbours=300)


def test_all_at_once_are_each_alone():
    codes, values = gaussian(0.8, 0.6, n=300)
    together = measured.score(codes, values, rng(4), kinds="real", correlation="spearman", model="lasso")
    assert set(together) == {"mig", "mcc", "sap", "dci_disentanglement", "dci_completeness", "dci_informativeness"}
    for name in ("mig", "mcc", "sap", "dci"):
        found = measured.score(codes, values, rng(4), kinds="real", names=name, correlation="spearman", model="lasso")
        assert found.items() <= together.items()
    spearman = measured.mcc(codes, values, kinds="real", correlation="spearman")
    assert together["mcc"] == spearman["mcc"] != measured.mcc(codes, values, kinds="real")["mcc"]
    with pytest.raises(ValueError, match="unknown score 'irs': choose from mig, mcc, sap, dci"):
        measured.score(codes, values, rng(), kinds="real", names=["irs"])
    with pytest.raises(ValueError, match="unknown option 'models': choose from correlation, informativeness, model"):
        measured.score(codes, values, rng(), kinds="real", models="lasso")


def test_nothing_warns():
    values = np.column_stack([rng().uniform(size=600), rng(1).uniform(0, 6, 600), rng(2).integers(3, size=600)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for model in ("forest", "lasso"):
            measured.score(values, values, rng(), kinds=["real", "angle", "class"], model=model)


def test_classes_of_few_rows_tell_no_more_than_there_is_to_tell():
    values = np.repeat(np.arange(40), 6)[:, None]
    codes = np.column_stack([values[:, 0] + rng().uniform(0, 0.5, 240), np.zeros(240)])
    order = rng(1).permutation(240)
    assert measured.mig(codes[order], values[order], rng(), kinds="class")["mig"] <= 1


@pytest.mark.parametrize("scale", [1e-40, 1e-18, 1e20])
@pytest.mark.parametrize("kinds", ["real", "class", "angle"])
def test_information_has_no_unit_of_the_codes(kinds, scale):
    values = rng().integers(4, size=(300, 1)) if kinds == "class" else rng().uniform(0, 6, (300, 1))
    codes = values + 0.3 * rng(1).standard_normal((300, 1))
    found = [measured.information(codes * s, values, rng(2), kinds=kinds)[0, 0] for s in (1, scale)]
    assert found[1] == pytest.approx(found[0], abs=0.02) and found[0] > 0.5


def test_predictions_that_are_worse_than_the_mean_have_an_error_above_1():
    noise, values = rng().standard_normal((300, 2)), rng(1).standard_normal((300, 2))
    found = measured.dci(noise, values, rng(2), kinds="real", informativeness="nrmse")["dci_informativeness"]
    again = measured.dci(noise, values, rng(2), kinds="real")["dci_informativeness"]
    assert 1 < found < 1.5 and again == 0
