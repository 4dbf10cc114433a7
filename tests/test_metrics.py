import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlnb.metrics import METRICS, UNSUPERVISED, average_mutual_information, mig, total_correlation
from dlnb.metrics.information import BINS, binned, mutual_information, shares
from dlnb.metrics.rows import fit_rows
from dlnb.metrics.unsupervised import gaussian_total_correlation

LOG2 = np.log(2)
SCORES = METRICS | UNSUPERVISED

each_score = pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
each_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)


def rng(seed=0):
    return np.random.default_rng(seed)


def sample(n=3000):
    """Factors, and codes that mix them: latent 0 tells factor 0, 1 tells 1 and a little of 0, 2 all of them, 3 none."""
    factors = rng().integers((4, 3, 5), size=(n, 3))
    mixing = np.array([[1.0, 0.3, 0.6, 0.0], [0.0, 1.0, 0.6, 0.0], [0.0, 0.0, 0.8, 0.0]])
    codes = factors @ mixing + 0.3 * rng(1).standard_normal((n, 4))
    return codes.astype(np.float32), factors


def table(*columns, copies=1):
    """Rows whose first two thirds are ``copies`` of the columns; the last third, which scores ignore, is all zeros."""
    rows = np.tile(np.column_stack(columns), (copies, 1))
    return np.vstack([rows, np.zeros((len(rows) // 2, rows.shape[1]), rows.dtype)])


def correlated(covariance, n=600, seed=0):
    """Codes whose first two thirds have exactly this sample covariance."""
    x = rng(seed).standard_normal((2 * n // 3, len(covariance)))
    x -= x.mean(axis=0)
    x = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x, rowvar=False))).T @ np.linalg.cholesky(covariance).T
    return np.vstack([x, rng(seed + 1).standard_normal((n // 3, len(covariance)))])


# The contract of every score


@each_score
def test_scores_are_finite_python_floats_by_name(score):
    values = score(*sample(), rng())
    assert values
    for name, value in values.items():
        assert isinstance(name, str)
        assert type(value) is float
        assert np.isfinite(value)


@each_score
def test_scores_leave_their_arguments_untouched(score):
    codes, factors = sample()
    kept = codes.copy(), factors.copy()
    codes.setflags(write=False)
    factors.setflags(write=False)
    score(codes, factors, rng())
    np.testing.assert_array_equal(codes, kept[0])
    np.testing.assert_array_equal(factors, kept[1])


@each_score
def test_the_same_generator_gives_the_same_score(score):
    assert score(*sample(), rng(7)) == score(*sample(), rng(7))


@each_score
def test_order_scale_and_sign_of_latents_do_not_matter(score):
    codes, factors = sample()
    before = score(codes, factors, rng())
    for changed in (codes[:, [2, 0, 3, 1]], codes * np.float32([3.0, 0.01, 100.0, 1.0]), -codes, codes + 1):
        after = score(changed, factors, rng())
        for name, value in before.items():
            assert after[name] == pytest.approx(value, abs=0.02), name


@each_score
def test_a_latent_that_never_changes_is_allowed(score):
    codes, factors = sample()
    for constant in (0.0, 0.1):
        codes[:, 1] = constant
        assert np.isfinite(list(score(codes, factors, rng()).values())).all()


@each_score
def test_a_latent_that_changes_in_its_last_digit_is_allowed(score):
    codes, factors = sample()
    codes[:, 1] = np.float32(0.3)
    codes[::2, 1] = np.nextafter(np.float32(0.3), np.float32(1))
    assert len(np.unique(codes[:, 1])) == 2
    assert np.isfinite(list(score(codes, factors, rng()).values())).all()


@each_score
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_codes_that_are_not_finite_are_refused_with_the_latent(score, bad):
    codes, factors = sample()
    codes[-1, 2] = bad
    with pytest.raises(ValueError, match="latent 2"):
        score(codes, factors, rng())


@each_score
def test_codes_of_the_wrong_shape_are_refused(score):
    codes, factors = sample()
    for wrong in (codes[:, 0], codes[None], codes[:0], codes[:, :0]):
        with pytest.raises(ValueError, match=r"codes must be \[n, d\]"):
            score(wrong, factors, rng())


@each_metric
def test_factors_that_do_not_fit_are_refused(metric):
    codes, factors = sample()
    for wrong in (factors[:-1], factors[:, 0], factors[:, :0], factors.astype(float)):
        with pytest.raises(ValueError, match="factors"):
            metric(codes, wrong, rng())


@each_metric
def test_metrics_rank_perfect_codes_over_mixed_ones_over_noise(metric):
    codes, factors = sample()
    for name, mixed in metric(codes, factors, rng()).items():
        perfect = metric(factors.astype(np.float32), factors, rng())[name]
        noise = metric(rng(2).standard_normal(codes.shape), factors, rng())[name]
        assert 0.0 <= noise < mixed < perfect <= 1.0
        assert perfect - noise > 0.3


@pytest.mark.parametrize("score", UNSUPERVISED.values(), ids=UNSUPERVISED)
def test_unsupervised_scores_do_not_look_at_factors_and_grow_with_dependence(score):
    codes, factors = sample()
    (name, mixed), (_, free) = *score(codes).items(), *score(rng(2).standard_normal(codes.shape)).items()
    assert score(codes, factors, rng()) == {name: mixed}
    assert 0.0 <= free < 0.1 < mixed


@each_score
def test_only_the_first_two_thirds_of_the_rows_count(score):
    codes, factors = sample(3001)  # the first 2000
    changed, labels = codes.copy(), factors.copy()
    changed[2000:], labels[2000:] = 0.0, 0
    if score in METRICS.values() and score is not mig:
        pytest.skip("its test uses the last third")
    assert score(changed, labels, rng()) == score(codes, factors, rng())
    changed[1999] = 100.0
    assert score(changed, labels, rng()) != score(codes, factors, rng())


# Binning and mutual information


@pytest.mark.parametrize(("n", "rows"), [(15_000, 10_000), (3, 2), (4, 2), (5, 3), (1, 1), (2, 1)])
def test_fit_rows_are_the_first_two_thirds(n, rows):
    assert np.arange(n)[fit_rows(n)].tolist() == list(range(rows))


def test_bins_have_equal_width_and_the_largest_value_is_in_the_last():
    # From 0 to 20 a bin is 1 wide and holds its left end: 0 in bin 1, 19 in bin 20, and 20, which closes it.
    codes = np.array([0.0, 0.999, 1.0, 9.5, 18.999, 19.0, 20.0])
    assert binned(codes[:, None])[:, 0].tolist() == [1, 1, 2, 10, 19, 20, 20]


def test_every_latent_has_bins_of_its_own_numbered_1_to_20():
    codes = rng().standard_normal((5000, 3)) * [1.0, 100.0, 0.01] + [0.0, 5.0, -7.0]
    bins = binned(codes)
    assert bins.shape == codes.shape
    for column, code in zip(bins.T, codes.T, strict=True):
        assert column.min() == column[code.argmin()] == 1
        assert column.max() == column[code.argmax()] == BINS == 20
        assert (np.diff(column[np.argsort(code)]) >= 0).all()


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_bins_are_those_of_a_numpy_histogram_in_the_type_of_the_codes(kind):
    codes = rng().standard_normal((10_000, 2)).astype(kind)
    for column, code in zip(binned(codes).T, codes.T, strict=True):
        counts, edges = np.histogram(code, 20)
        assert edges.dtype == kind
        np.testing.assert_array_equal(column, np.digitize(code, edges[:-1]))
        np.testing.assert_array_equal(np.bincount(column, minlength=21)[1:], counts)


def test_edges_of_bins_have_the_precision_of_the_codes():
    # 0.35 in float32 is a little less than 7/20; rounded alike, the edge between bins 7 and 8 is that very number.
    assert binned(np.float32([[0.0], [0.35], [1.0]]))[:, 0].tolist() == [1, 8, 20]
    assert binned(np.float64([[0.0], [np.float32(0.35)], [1.0]]))[:, 0].tolist() == [1, 7, 20]


@pytest.mark.parametrize("value", [0.0, 0.1, -3.5, 1e6])
def test_a_constant_latent_falls_into_one_bin(value):
    # The original widens the range by a half on both sides, which puts the value in the middle: bin 11.
    assert set(binned(np.full((10, 1), value))[:, 0]) == {11}


# A fair bit, and one that agrees with it three times in four: 3 + 1 + 1 + 3 rows.
BIT = np.array([0, 0, 0, 0, 1, 1, 1, 1])
NOISY = np.array([0, 0, 0, 1, 0, 1, 1, 1])
# 6/8 log(3/8 / 1/4) + 2/8 log(1/8 / 1/4) = .75 log 1.5 - .25 log 2 = .3040988 - .1732868
NOISY_INFORMATION = 0.1308120


def test_mutual_information_by_hand():
    fair = np.array([0, 1, 0, 1, 0, 1, 0, 1])  # independent of BIT: 2 rows of each pair
    values = mutual_information(np.column_stack([BIT, NOISY, fair]), BIT[:, None])
    assert values.shape == (3, 1)
    np.testing.assert_allclose(values[:, 0], [LOG2, NOISY_INFORMATION, 0.0], atol=1e-7)


def test_mutual_information_of_two_bits_in_a_digit():
    # A digit 0 to 3 has two bits of entropy, its halves tell one bit each, and the halves tell nothing of each other.
    digit = np.arange(4).repeat(5)
    values = mutual_information(np.column_stack([digit, digit // 2, digit % 2]), np.column_stack([digit, digit // 2]))
    np.testing.assert_allclose(values, [[2 * LOG2, LOG2], [LOG2, LOG2], [LOG2, 0.0]], atol=1e-9)


def test_shares_are_information_by_the_entropy_of_the_factor():
    # The digit tells itself and its half whole; the half tells one of the digit's two bits.
    digit = np.arange(4).repeat(5)
    values = shares(np.column_stack([digit, digit // 2]).astype(float), np.column_stack([digit, digit // 2]))
    np.testing.assert_allclose(values, [[1.0, 1.0], [0.5, 1.0]], atol=1e-9)


integers = st.integers(2, 60).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 4), min_size=n, max_size=n) for _ in range(3)])
)


@given(integers)
@settings(max_examples=50, deadline=None)
def test_mutual_information_is_symmetric_and_at_most_the_entropy(columns):
    values = np.array(columns).T
    information = mutual_information(values, values)
    entropy = np.array([-sum(p * np.log(p) for p in np.unique(c, return_counts=True)[1] / len(c)) for c in columns])
    assert (information >= 0).all()
    np.testing.assert_allclose(information, information.T, atol=1e-9)
    np.testing.assert_allclose(np.diag(information), entropy, atol=1e-9)
    assert (information <= np.minimum.outer(entropy, entropy) + 1e-9).all()


# Mutual information gap


def test_mig_of_one_factor_told_whole_by_one_latent_and_partly_by_another():
    codes, factors = table(BIT, NOISY).astype(float), table(BIT)
    expected = (LOG2 - NOISY_INFORMATION) / LOG2  # .8112781, the entropy of (1/4, 3/4) in bits
    assert mig(codes, factors)["mig"] == pytest.approx(expected, abs=1e-7)
    assert expected == pytest.approx(0.8112781, abs=1e-7)


def test_mig_is_the_mean_over_factors_each_by_its_entropy():
    # All 8 pairs of a digit (two bits) and a bit. Latents: the digit, its upper half, the bit. The digit: best 2 log 2,
    # second log 2, over 2 log 2: 1/2. The bit: best log 2, second 0, over log 2: 1. The mean is 3/4.
    digit, bit = np.arange(8) // 2, np.arange(8) % 2
    codes, factors = table(digit, digit // 2, bit, copies=3).astype(float), table(digit, bit, copies=3)
    assert mig(codes, factors)["mig"] == pytest.approx(0.75, abs=1e-9)


def test_mig_does_not_mind_a_latent_that_tells_two_factors():
    # One latent holds both bits, the other none: the gap is whole for both factors, as known of this score.
    digit = np.arange(4).repeat(2)
    nothing = np.array([0, 1] * 4)
    codes, factors = table(digit, nothing).astype(float), table(digit // 2, digit % 2)
    assert mig(codes, factors)["mig"] == pytest.approx(1.0, abs=1e-9)


def test_mig_is_zero_when_two_latents_tell_the_same():
    assert mig(table(BIT, BIT).astype(float), table(BIT))["mig"] == 0.0


def test_mig_bins_codes_but_not_factors():
    # 40 classes and codes of the same 40 values: two classes a bin, so log 20 of the log 40 nats are told.
    digit = np.arange(40)
    codes, factors = table(digit, np.zeros(40)).astype(float), table(digit)
    assert mig(codes, factors)["mig"] == pytest.approx(np.log(20) / np.log(40), abs=1e-9)


def test_mig_needs_two_latents_and_factors_that_vary():
    with pytest.raises(ValueError, match="at least 2 columns, not 1"):
        mig(table(BIT).astype(float), table(BIT))
    with pytest.raises(ValueError, match="factor 1 takes a single value"):
        mig(table(BIT, NOISY).astype(float), table(BIT, np.ones(8, int)))


small_codes = st.lists(
    st.lists(st.floats(-4, 4, width=32).map(lambda x: round(x * 8) / 8), min_size=3, max_size=3),
    min_size=9,
    max_size=40,
)


@given(small_codes, st.permutations(range(3)), st.tuples(*[st.sampled_from([-2.0, -1.0, 0.5, 1.0, 4.0])] * 3))
@settings(max_examples=50, deadline=None)
def test_scores_of_any_codes_are_invariant_and_in_range(rows, order, scales):
    codes = np.array(rows)
    # Powers of two scale without rounding. A sign moves values that lie on an edge to the next bin, so it is left out
    # of binned scores here; smooth codes, where no value lies on an edge, have their test above.
    bins, free = codes[:, order] * np.abs(scales), codes[:, order] * scales
    factors = np.column_stack([np.arange(len(codes)) % 2, np.arange(len(codes)) % 3])
    gap, information = mig(codes, factors)["mig"], average_mutual_information(codes)["average_mutual_information"]
    assert 0.0 <= gap <= 1.0
    assert 0.0 <= information <= np.log(20)
    assert mig(bins, factors)["mig"] == pytest.approx(gap, abs=1e-9)
    assert average_mutual_information(bins)["average_mutual_information"] == pytest.approx(information, abs=1e-9)
    try:
        correlation = total_correlation(codes)["total_correlation"]
    except ValueError as error:
        assert "linear functions" in str(error)  # few rows of few values may well be
    else:
        assert correlation >= 0.0
        assert total_correlation(free)["total_correlation"] == pytest.approx(correlation, abs=1e-6)


# Total correlation


@pytest.mark.parametrize("rho", [0.0, 0.3, -0.6, 0.99])
def test_total_correlation_of_two_latents_has_a_closed_form(rho):
    codes = correlated(np.array([[1.0, rho], [rho, 1.0]]))
    assert total_correlation(codes)["total_correlation"] == pytest.approx(-0.5 * np.log(1 - rho**2), abs=1e-9)


def test_total_correlation_of_equally_correlated_latents_has_a_closed_form():
    # The determinant of 1 on the diagonal and r elsewhere is (1 - r)^(d - 1) (1 + (d - 1) r): .5^3 * 2.5 for d = 4.
    covariance = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    value = total_correlation(correlated(covariance))["total_correlation"]
    assert value == pytest.approx(-0.5 * np.log(0.3125), abs=1e-9)


def test_total_correlation_is_the_formula_of_the_study_for_any_covariance():
    root = rng().standard_normal((6, 6))
    covariance = root @ root.T + 0.1 * np.eye(6)
    expected = 0.5 * (np.log(np.diag(covariance)).sum() - np.linalg.slogdet(covariance)[1])
    assert expected > 1
    assert gaussian_total_correlation(covariance) == pytest.approx(expected, rel=1e-9)
    assert total_correlation(correlated(covariance))["total_correlation"] == pytest.approx(expected, rel=1e-6)


def test_total_correlation_ignores_scale_over_many_orders():
    codes = correlated(np.array([[1.0, 0.6], [0.6, 1.0]]))
    for scale in (1e-8, 1e8):
        value = total_correlation(codes * [1.0, scale])["total_correlation"]
        assert value == pytest.approx(-0.5 * np.log(0.64), abs=1e-9)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_latents_that_never_change_are_independent_of_all_others(kind):
    # 0.1 and 0.7 have no exact binary value, and their mean over many rows may be rounded.
    codes = np.column_stack([correlated(np.array([[1.0, 0.6], [0.6, 1.0]]), n=3000), np.zeros((3000, 2))]).astype(kind)
    codes[:, 2:] = 0.1, 0.7
    assert total_correlation(codes)["total_correlation"] == pytest.approx(-0.5 * np.log(0.64), abs=1e-6)
    assert total_correlation(codes[:, 2:])["total_correlation"] == 0.0


def test_latents_that_are_functions_of_others_are_refused():
    a, b = rng().standard_normal((2, 300))
    for codes in ([a, a], [a, -3 * a + 2], [a, b, a + b]):
        with pytest.raises(ValueError, match=r"linear functions of others: total correlation is infinite"):
            total_correlation(np.column_stack(codes))
    nearly = np.column_stack([a, a + 1e-4 * b])  # rho^2 is 1 - 1e-8 or so
    assert 8 < total_correlation(nearly)["total_correlation"] < 11


def test_total_correlation_needs_two_rows():
    with pytest.raises(ValueError, match="at least 2 rows of codes, not 1"):
        total_correlation(np.zeros((2, 3)))


def test_total_correlation_of_a_single_latent_is_zero():
    assert total_correlation(rng().standard_normal((30, 1)))["total_correlation"] == 0.0


# Average mutual information


def test_average_mutual_information_is_the_mean_over_pairs():
    # Latents: a bit, the same, one that agrees three times in four with both, and one of no use. Pairs: log 2, twice
    # .1308, and three times 0 (the last against 8 rows of each: see fair below).
    fair = np.array([0, 1] * 8)
    bit, noisy = BIT.repeat(2), NOISY.repeat(2)
    codes = table(bit, bit, noisy, fair).astype(float)
    value = average_mutual_information(codes)["average_mutual_information"]
    assert value == pytest.approx((LOG2 + 2 * NOISY_INFORMATION) / 6, abs=1e-7)


def test_average_mutual_information_of_copies_is_their_entropy():
    copies = np.tile(np.arange(40.0)[:, None], (3, 2))  # 20 bins of two values each
    assert average_mutual_information(copies[:60])["average_mutual_information"] == pytest.approx(np.log(20), abs=1e-9)


def test_average_mutual_information_needs_a_pair():
    with pytest.raises(ValueError, match="at least 2 columns, not 1"):
        average_mutual_information(np.zeros((10, 1)))
