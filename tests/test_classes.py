"""Factors of one's own: measurements made classes, and samples that would give wrong numbers without a word."""

import numpy as np
import pandas as pd
import pytest
from common import rng
from test_checks import Tensor

from dlnb import metrics
from dlnb.metrics import information, predictors, unsupervised
from dlnb.metrics.information import binned

QUICK = {"points": (60, 40), "batch": 8, "sizes": (10,)}
SUPERVISED = [*metrics.METRICS, *metrics.DOWNSTREAM]


def sample(n=300, sizes=(4, 3, 5)):
    """Codes that tell the factors, with a little noise."""
    factors = rng().integers(sizes, size=(n, len(sizes)))
    return factors + 0.1 * rng(1).standard_normal(factors.shape), factors


def score(codes, factors, names):
    return metrics.score(codes, factors, rng(), names, **QUICK)


# Measurements


def test_quantile_classes_are_equally_frequent_and_in_order():
    values = rng().permutation(1_000.0 + np.arange(1_000) ** 3)
    found = metrics.quantile_classes(values, classes=8)
    assert found.dtype == np.int64
    assert np.bincount(found).tolist() == [125] * 8
    assert (np.diff(found[np.argsort(values)]) >= 0).all()


@pytest.mark.parametrize("classes", [2, 7, 10])
def test_quantile_classes_are_those_of_pandas(classes):
    # At a quantile between two values pandas puts the border between them, too.
    values = rng().standard_normal((501, 2))
    expected = np.column_stack([pd.qcut(column, classes, labels=False) for column in values.T])
    assert (metrics.quantile_classes(values, classes) == expected).mean() > 0.97  # n is no multiple: ± 1 row a border


def test_equal_values_share_a_class_and_few_values_have_one_each():
    assert metrics.quantile_classes([5, 5, 5, 5, 1, 9, 10, 11], classes=4).tolist() == [0, 0, 0, 0, 0, 1, 2, 2]
    mostly = np.r_[np.zeros(90), 1 + np.arange(30)]
    found = metrics.quantile_classes(mostly, classes=4)
    assert len(set(found[:90])) == 1 and set(found) == set(range(found.max() + 1))
    assert metrics.quantile_classes([0.5] * 97 + [1.5, 2.5, 1.5], classes=3).tolist() == [0] * 97 + [1, 2, 1]


@pytest.mark.parametrize(
    ("values", "classes", "message"),
    [
        ([1.0, np.nan], 10, "values must be finite, but holds nan at 1"),
        (["a", "b"], 10, "values must be an array of numbers"),
        (None, 10, "values must be an array of numbers"),
        (np.zeros((2, 2, 2)), 10, r"values must be \[n\] or \[n, k\]"),
        ([], 10, "at least one row"),
        ([1.0, 2.0], 1, "classes must be a whole number of at least 2, not 1"),
    ],
)
def test_quantile_classes_refuse_what_has_no_quantiles(values, classes, message):
    with pytest.raises(ValueError, match=message):
        metrics.quantile_classes(values, classes)


@pytest.mark.parametrize("name", SUPERVISED)
def test_a_factor_with_a_class_for_nearly_every_row_is_refused_with_the_remedy(name):
    # Three uniform measurements, numbered: every latent tells all of each, so that there is no gap.
    measured = rng().uniform(size=(300, 3))
    each = np.column_stack([pd.factorize(column, sort=True)[0] for column in measured.T])
    for factors in (each, np.column_stack([sample()[1], np.arange(300)])):
        with pytest.raises(ValueError, match=r"has \d+ classes in \d+ rows: .* metrics\.quantile_classes"):
            score(measured, factors, name)


def test_codes_that_are_the_measurements_are_perfect_by_quantile_classes():
    measured = rng().uniform(size=(15_000, 3))
    found = metrics.score(measured, metrics.quantile_classes(measured), rng(), ["mig", "modularity"])
    # Ten classes of equal width are two bins each, but for the rows beside a border: those of quantiles lie near.
    assert 0.93 < found["mig"] < 1 and found["modularity"] > 0.999


def test_many_classes_with_few_rows_each_are_remarked():
    codes, factors = sample(300, sizes=(4, 100))
    with pytest.warns(UserWarning, match=r"factor 1 \(counted from 0\) has \d+ classes in 200 rows, few of each"):
        metrics.mig(codes, factors)


# Kinds of labels


@pytest.mark.parametrize("kind", ["bool", "Int64", "UInt8", "boolean", "category", "Float64", "object", "mixed"])
def test_labels_of_any_kind_that_says_which_class_are_converted(kind):
    codes, factors = sample(300, sizes=(2, 2))
    table = pd.DataFrame(factors, columns=["shape", "side"])
    table = table.astype({"shape": bool, "side": "Int64"}) if kind == "mixed" else table.astype(kind)
    if kind == "category":
        table["side"] = pd.Categorical(np.array(["left", "right"])[factors[:, 1]])
    expected = score(codes, factors, ["mig", "sap", "beta_vae_score"])
    assert score(codes, table, ["mig", "sap", "beta_vae_score"]) == expected
    if kind in ("bool", "object"):
        assert score(codes, table.to_numpy(), ["mig", "sap", "beta_vae_score"]) == expected


BASE = pd.DataFrame(sample()[1])


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        (None, r"factors must be \[n, k\] with the 300 rows of codes, not None"),
        ("x", "not 'x'"),
        (BASE[0].to_numpy(), r"of a single factor, factors\[:, None\]"),
        (BASE.assign(name="ellipse"), r"factor 3 .* holds (object|str).* pd\.factorize\(column, sort=True\)"),
        (BASE.astype("Int64").mask(BASE == 2), r"factor 0 \(counted from 0\) has missing values"),
        (BASE.astype("category").mask(BASE == 2), "has missing values: leave their rows out"),
        (BASE + 0.5, r"holds 0\.5|holds \d\.5; for measurements, take metrics\.quantile_classes"),
        (BASE.to_numpy().astype(np.uint64) + np.uint64(2**63), "number huge ones by np.unique"),
        (BASE.to_numpy() + 2.0**63, "number huge ones"),
        (np.ma.array(BASE.to_numpy(), mask=BASE == 2), "factors has masked entries"),
        (BASE.to_numpy().T, "are factors transposed"),
        (BASE.to_numpy().astype("datetime64[D]"), "must be integers, not datetime64"),
    ],
)
def test_labels_that_do_not_say_which_class_are_refused_with_the_remedy(factors, message):
    with pytest.raises(ValueError, match=message):
        metrics.score(sample()[0], factors, rng(), "mig")


def test_classes_of_any_size_that_fits_are_names_only():
    codes, factors = sample()
    expected = score(codes, factors, ["mig", "sap"])
    assert score(codes, factors + np.int64(-(2**63)), ["mig", "sap"]) == expected
    assert score(codes, factors.astype(np.uint64) + np.uint64(2**62), ["mig", "sap"]) == expected


# Rows in an order, arrays that lie on their side, small samples

GRID = np.array(list(np.ndindex(3, 6, 8))).repeat(3, axis=0)


@pytest.mark.parametrize("name", ["mig", "modularity", "dci", "sap", "explicitness", "downstream"])
def test_a_grid_in_its_order_is_refused_and_shuffled_is_not(name):
    with pytest.raises(ValueError, match=r"1 of the 3 classes of factor 0 .* such as 2, are in the last third .*shuff"):
        metrics.score(GRID.astype(float), GRID, rng(), name, sizes=(10,))
    shuffled = rng().permutation(GRID)
    found = metrics.score(shuffled.astype(float), shuffled, rng(), name, sizes=(200,))
    assert found.get("dci_informativeness", 1) > 0.95 and found.get("gbt_200", 1) > 0.9


def test_ids_in_order_are_told_from_rare_classes_in_a_random_order():
    # 100 objects with 5 rows each. In order a third of them is missing from the first two thirds of the rows; in a
    # random order (1/3)^5 of each, 0.4 objects.
    objects = np.arange(500) // 5
    with pytest.raises(ValueError, match="33 of the 100 classes"):
        predictors.accuracies(rng().standard_normal((500, 2)), objects[:, None])
    for seed in range(20):
        factors = rng(seed).permutation(objects)[:, None]
        with pytest.warns(UserWarning, match="few of each"):
            predictors.accuracies(rng().standard_normal((500, 2)), factors)


def test_a_factor_that_varies_in_the_last_rows_only_asks_for_a_shuffle():
    codes, factors = sample()
    factors[:200, 1] = 0
    with pytest.raises(ValueError, match=r"factor 1 .* a single value in the 200 rows, but not in all 300: .* shuffle"):
        metrics.mig(codes, factors)


@pytest.mark.parametrize("latents", [3, 5])
@pytest.mark.parametrize("name", ["mig", "dci", "factor_vae_score"])
def test_both_arrays_transposed_are_refused_at_once(name, latents):
    codes, factors = sample(5_000)
    codes = np.hstack([codes, codes])[:, :latents]
    with pytest.raises(ValueError, match=r"transposed.*A row is an image"):
        score(codes.T, factors.T, name)


@pytest.mark.parametrize("name", metrics.UNSUPERVISED)
def test_codes_alone_with_more_latents_than_rows_are_refused_at_once(name):
    with pytest.raises(ValueError, match=r"transposed|give more rows"):
        metrics.SCORES[name](rng().standard_normal((10, 5_000)))


def test_more_latents_than_rows_are_remarked_where_they_have_a_score():
    codes, factors = sample(60)
    with pytest.warns(UserWarning, match="codes have 90 latents in 60 rows: are they transposed"):
        metrics.mig(np.tile(codes, (1, 30)), factors)


def test_scores_of_a_handful_of_rows_are_remarked():
    codes, factors = sample(24, sizes=(2, 2))
    for name in ("dci", "mig", "explicitness"):
        with pytest.warns(UserWarning, match="scores of 24 rows tell little: from fewer than 50"):
            metrics.SCORES[name](codes, factors, rng())


# Bins that see little


def test_an_outlier_is_remarked_and_the_score_is_that_of_the_study():
    codes, factors = sample(3_000, sizes=(10, 10))
    before = metrics.mig(codes, factors)["mig"]
    codes[5] = 1_000
    with pytest.warns(UserWarning, match=r"latents \[0, 1\] .* most rows in one or two of 20 bins"):
        after = metrics.mig(codes, factors)["mig"]
    assert before > 0.8 and after < 0.01


OUT = np.r_[1e3, -1e3, np.zeros(2_998)]
NORMAL = rng().standard_normal(3_000)


@pytest.mark.parametrize(
    ("code", "squeezed"),
    [
        (NORMAL + OUT, True),
        (NORMAL + np.abs(OUT), True),
        (np.exp(NORMAL * 1.5), True),
        (np.exp(rng().integers(10, size=3_000) + 0.02 * NORMAL), True),
        (NORMAL, False),
        (rng().laplace(size=3_000), False),
        (rng().integers(2, size=3_000), False),
        (rng().integers(2, size=3_000) + 1e-3 * NORMAL, False),
        ((rng().uniform(size=3_000) < 0.2) + 1e-3 * NORMAL, False),
        (np.arange(3_000) == 7, False),
        (np.full(3_000, 0.3), False),
        (1e-3 * (NORMAL + OUT / 100), False),  # collapsed: what it holds is no matter
    ],
)
def test_a_latent_is_squeezed_if_bins_of_equal_width_are_too_wide_for_most_rows(code, squeezed, recwarn):
    binned(np.column_stack([NORMAL, code.astype(float)]))
    assert [str(each.message).startswith("latents [1]") for each in recwarn] == [True] * squeezed


# A finite number or one clear error

BAD = {
    "none": None,
    "text": "x",
    "empty": [],
    "nan": np.full((300, 3), np.nan),
    "flat": np.ones(300),
    "objects": np.full((300, 3), object()),
    "ragged": [[1], [1, 2]],
    "huge": sample()[0] * 1e200,
    "tiny": sample()[0] * 1e-200,
    "masked": np.ma.array(sample()[0], mask=sample()[1] == 0),
    "bool": sample()[1] > 1,
    "generator": (row for row in sample()[0]),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", metrics.SCORES)
def test_bad_codes_are_refused(name, bad):
    with pytest.raises(ValueError, match="codes"):
        score(BAD[bad], sample()[1], name)


ROOT = np.array([[1.0, 0.5], [0.5, 1.0]])


@pytest.mark.parametrize(
    ("function", "argument", "message"),
    [
        (unsupervised.gaussian_total_correlation, np.full((2, 2), np.nan), "must be finite, but holds nan"),
        (unsupervised.gaussian_total_correlation, [[1.0, 0.5], [0.0, 1.0]], "must be symmetric"),
        (unsupervised.gaussian_total_correlation, -ROOT, "variances of at least 0"),
        (unsupervised.gaussian_total_correlation, [[1.0, 2.0], [2.0, 1.0]], "must not exceed"),
        (unsupervised.gaussian_total_correlation, [[0.0, 1.0], [1.0, 1.0]], "must not exceed"),
        (unsupervised.gaussian_total_correlation, 1.9 * np.eye(3) - 0.9, "no negative eigenvalue"),
        (unsupervised.gaussian_total_correlation, ROOT[:1], r"must be \[d, d\], not of shape \(1, 2\)"),
        (unsupervised.gaussian_total_correlation, None, "must be an array of numbers"),
        (information.modularities, ROOT[:, :1], "compares factors"),
        (information.modularities, -ROOT, "from 0 to"),
        (information.modularities, np.full((2, 2), np.inf), "must be finite"),
        (predictors.disentanglement, ROOT[:, :1], "at least 2 factors"),
        (predictors.completeness, ROOT[:1], "at least 2 latents"),
        (predictors.completeness, "x", "importance must be an array"),
        (predictors.disentanglement, np.full((2, 2), np.nan), "must be finite"),
        (lambda x: information.mutual_information(x, x), ROOT, "is that of integers"),
        (lambda x: information.mutual_information(x, x[:1]), np.ones((2, 2), int), "of the same rows"),
        (metrics.statistical_efficiency, {"lr_100": 1.0}, "needs lr_10000: score with sizes"),
        (metrics.statistical_efficiency, None, "scores must be the result of downstream"),
        (metrics.statistical_efficiency, dict.fromkeys(("lr_100", "lr_10000", "gbt_100", "gbt_10000"), 0), "above 0"),
        (lambda x: metrics.score(*sample(), rng(), x), 3, "names must be a score or several, not 3"),
        (lambda x: metrics.register("own", print, columns=x), 3, "columns must be a name or several"),
        (lambda x: metrics.register("own", print, unsupervised=x), "no", "unsupervised must be True or False"),
    ],
)
def test_helpers_refuse_what_has_no_finite_value(function, argument, message):
    with pytest.raises(ValueError, match=message):
        function(argument)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"points": 5}, "points must be the numbers to train and to test"),
        ({"points": "12"}, "points must be the numbers"),
        ({"points": (0, 5)}, "each of points must be a whole number of at least 1, not 0"),
        ({"points": (10**9, 10)}, "points times batch must be at most 100,000,000"),
        ({"batch": 10**9}, "points times batch must be at most"),
        ({"batch": 0}, "batch must be a whole number"),
        ({"sizes": 0}, "each of sizes must be a whole number of at least 5, not 0"),
        ({"sizes": (10, 10**6)}, "fits 1000000 rows"),
        ({"solver": None}, "unknown solver None"),
        ({"boosting": ["exact"]}, "unknown boosting"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    (name,) = options
    names = {"sizes": ["downstream"], "boosting": ["dci"], "solver": ["beta_vae_score"]}
    with pytest.raises(ValueError, match=message):
        metrics.score(*sample(), rng(), names.get(name, ["beta_vae_score", "factor_vae_score"]), **QUICK | options)


def test_unsupervised_scores_need_no_factors_and_others_do():
    codes = sample()[0]
    assert metrics.score(codes, None, rng(), list(metrics.UNSUPERVISED))
    with pytest.raises(ValueError, match="with the 300 rows of codes, not None"):
        metrics.score(codes, None, rng(), ["total_correlation", "mig"])


def test_tensors_and_tables_are_converted():
    codes, factors = sample()

    class Codes(Tensor):
        def numpy(self):
            return codes

    expected = score(codes, factors, ["mig", "average_mutual_information"])
    for given in (Codes(), pd.DataFrame(codes), codes.tolist(), pd.DataFrame(codes).astype("Float64")):
        assert score(given, factors, ["mig", "average_mutual_information"]) == expected


def test_scores_that_ignore_the_scale_do_so_far_from_one():
    codes, factors = sample()
    names = ["mig", "modularity", "explicitness", "total_correlation", "average_mutual_information"]
    expected = score(codes, factors, names)
    for scale in (2.0**-130, 2.0**120):
        assert score(codes * scale, factors, names) == {
            name: pytest.approx(v, abs=1e-6) for name, v in expected.items()
        }
    with pytest.raises(ValueError, match=r"at most 8.51e\+37 in size, but latent 0 .* divide its codes by a constant"):
        metrics.total_correlation(codes * 1e200)
    with pytest.raises(ValueError, match=r"at most 1\.64e"):
        metrics.mig(codes.astype(np.float16) * np.float16(1e4), factors)


@pytest.mark.parametrize("boosting", ["exact", "lightgbm"])
def test_trees_do_not_separate_codes_that_differ_by_next_to_nothing(boosting):
    codes, factors = sample()
    found = metrics.dci(codes * 1e-40, factors, rng(), boosting=boosting)
    assert found["dci_disentanglement"] == found["dci_completeness"] == 0
    assert found["dci_informativeness"] < 0.5
