import numpy as np
import pytest
from common import rng
from scipy.stats import chisquare

from dlnb import data
from dlnb.data.dataset import DataSet
from dlnb.metrics import interventions
from dlnb.metrics.interventions import (
    ACTIVE,
    CHUNK,
    beta_vae_score,
    beta_vae_score_of_encoder,
    differences,
    factor_vae_score,
    factor_vae_score_of_encoder,
    votes,
)
from dlnb.models import training
from dlnb.models.methods import BetaVAE

SCORES = {"beta_vae_score": beta_vae_score, "factor_vae_score": factor_vae_score}
OF_ENCODER = {"beta_vae_score": beta_vae_score_of_encoder, "factor_vae_score": factor_vae_score_of_encoder}
each_score = pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
each_of_encoder = pytest.mark.parametrize("score", OF_ENCODER.values(), ids=OF_ENCODER)
UNLIKELY = 1e-4  # chance that a correct sampler fails a test of its counts, had its seed been drawn for the test


# 60 rows, shuffled. Factor 0 has values 5, 0 and 9 in 30, 10 and 20 of them, factor 1 values 1 and 2 in half of them.
SHUFFLED = rng(9).permutation(60)
FACTORS = np.column_stack([np.repeat([5, 0, 9], [30, 10, 20])[SHUFFLED], rng(8).permutation(60) % 2 + 1])
ROWS = np.eye(60)  # codes that say which row they are of


def uniform(counts):
    return chisquare(counts).pvalue > UNLIKELY


# BetaVAE: differences of pairs that share a value


def test_pairs_are_two_different_rows_that_share_the_value_of_the_fixed_factor():
    # The difference of two rows of the identity is 1 at both and 0 elsewhere, and 0 for a row and itself.
    points, fixed = differences(ROWS, FACTORS, rng(), points=4_000, batch=1)
    assert points.shape == (4_000, 60)
    assert set(np.unique(points)) == {0.0, 1.0}
    np.testing.assert_array_equal(points.sum(axis=1), 2)
    left, right = np.nonzero(points)[1].reshape(-1, 2).T
    values = FACTORS[left, fixed]
    np.testing.assert_array_equal(values, FACTORS[right, fixed])
    assert uniform(np.bincount(fixed)), "each factor is fixed as often"
    for factor in (0, 1):
        here = fixed == factor
        assert uniform(np.unique(values[here], return_counts=True)[1]), "however many rows each value has"
        for value in np.unique(FACTORS[:, factor]):
            mine = here & (values == value)
            rows = np.bincount(np.concatenate([left[mine], right[mine]]), minlength=60)
            assert uniform(rows[FACTORS[:, factor] == value])
    few = (fixed == 0) & (values == 0)  # ten rows, 45 pairs
    assert uniform(np.unique(left[few] * 60 + right[few], return_counts=True)[1])
    assert len(np.unique(left[few] * 60 + right[few])) == 45


def test_each_pair_of_a_point_has_a_value_of_its_own():
    # Two pairs of factor 0, which has three values: they are of different values in two points of three.
    points, fixed = differences(ROWS, FACTORS, rng(), points=6_000, batch=2)
    of_value = np.stack([points @ (FACTORS[:, 0] == value) for value in (0, 5, 9)], axis=1)[fixed == 0]
    np.testing.assert_allclose(of_value.sum(axis=1), 2.0)
    assert set(np.unique(of_value)) == {0.0, 1.0, 2.0}, "means over two pairs of two rows each"
    different = (of_value == 1.0).any(axis=1)
    assert len(different) > 2_500
    assert different.mean() == pytest.approx(2 / 3, abs=4 * np.sqrt(2 / 9 / len(different)))


def test_differences_by_hand():
    # Value 0 has the codes (0, 5) and (3, 5), value 1 has (10, 1) and (10, 2). If m of 4 pairs are of value 0, the mean
    # absolute differences are 3 m / 4 and (4 - m) / 4. Fixing the other factor pairs (0, 5) with (10, 1) and (3, 5)
    # with (10, 2): between 7 and 10, and between 4 and 3.
    codes = np.array([[0, 5], [3, 5], [10, 1], [10, 2]])
    factors = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    points, fixed = differences(codes, factors, rng(), points=200, batch=4)
    first, second = points[fixed == 0].T
    np.testing.assert_allclose(first / 3 + second, 1.0)
    assert set(np.unique(second)) == {0.0, 0.25, 0.5, 0.75, 1.0}
    first, second = points[fixed == 1].T
    np.testing.assert_allclose((first - 7) / 3, second - 3)
    assert {7.0, 7.75, 8.5, 9.25, 10.0} == set(np.unique(first))


def test_the_beta_vae_score_is_the_share_of_points_that_a_linear_classifier_tells(monkeypatch):
    # Fixing factor 0 leaves latent 0 still, fixing factor 1 latent 1. Of the test points a quarter is of the other.
    still = np.array([[0.0, 9.0], [9.0, 0.0]])
    fit = still.repeat(50, axis=0), np.array([0, 1]).repeat(50)
    test = still[[0, 0, 0, 1, 1, 1, 0, 1]], np.array([0, 0, 0, 1, 1, 1, 1, 0])
    given = iter((fit, test))
    monkeypatch.setattr(interventions, "_differences", lambda codes, groups, points, batch, rng: next(given))
    assert beta_vae_score(ROWS, FACTORS, rng()) == {"beta_vae_score": 0.75}


# FactorVAE: variances of batches that share a value


def batches(points, batch, seed=0):
    codes, groups = interventions._groups(ROWS, FACTORS, rng(), "test", 2)
    return interventions._variances(codes, groups, points, batch, rng(seed))


def test_batches_share_a_value_and_no_row_is_drawn_twice():
    # The variance of m numbers, one of them 1 and the others 0, is 1/m; if two of them were 1, 2 (m - 2) / m / (m - 1).
    variances, fixed = batches(3_000, 8)
    assert set(np.unique(variances.round(9))) == {0.0, 1 / 8}
    drawn = variances > 0
    np.testing.assert_array_equal(drawn.sum(axis=1), 8)
    assert uniform(np.bincount(fixed)), "each factor is fixed as often"
    for factor in (0, 1):
        values = [np.unique(FACTORS[rows, factor]) for rows in drawn[fixed == factor]]
        assert {len(each) for each in values} == {1}
        values = np.concatenate(values)
        assert uniform(np.unique(values, return_counts=True)[1]), "however many rows each value has"
        for value in np.unique(FACTORS[:, factor]):
            rows = drawn[fixed == factor][values == value].sum(axis=0)
            assert uniform(rows[FACTORS[:, factor] == value])
            assert not rows[FACTORS[:, factor] != value].any()


def test_a_value_with_fewer_rows_than_a_batch_gives_all_of_them():
    # Value 0 of factor 0 has 10 rows, the others at least 20.
    variances, fixed = batches(300, 16)
    drawn = variances[fixed == 0] > 0
    few = drawn[:, FACTORS[:, 0] == 0].any(axis=1)
    assert 20 < few.sum() < len(few) - 20
    np.testing.assert_array_equal(drawn[few], np.tile(FACTORS[:, 0] == 0, (few.sum(), 1)))
    np.testing.assert_allclose(variances[fixed == 0][few].max(axis=1), 1 / 10)
    np.testing.assert_array_equal(drawn[~few].sum(axis=1), 16)


def test_variances_of_batches_are_those_of_their_value_also_where_points_are_many():
    # About 2,500 points of a value of 2,000 rows: more than are drawn at once. The variance of a batch that is drawn
    # without replacement, divided by one less than its size, is on average that of the value.
    codes = np.concatenate([rng().standard_normal((2_000, 1)), 3 + 3 * rng(1).standard_normal((100, 1))])
    factors = np.column_stack([np.arange(2_100) >= 2_000, np.arange(2_100) % 2]).astype(int)
    factors[:2_000, 1] = 0
    codes, groups = interventions._groups(codes, factors, rng(), "test", 2)
    variances, fixed = interventions._variances(codes, groups, 10_000, 8, rng(2))
    small = codes[:2_000].var(ddof=1)
    found = variances[fixed == 0, 0]
    large = codes[2_000:].var(ddof=1)
    assert 3 * small < large
    expected = (small + large) / 2
    assert found.mean() == pytest.approx(expected, abs=4 * found.std() / np.sqrt(len(found)))


# Latents 0 to 2, the last collapsed. A batch's variance counts beside the latent's in the sample, 1, 4 and .0001: in
# the first row .5 against .25 for latent 1, though .5 is the smaller variance and beside deviations they would be even.
DEVIATION = np.array([1.0, 2.0, 0.01])
VARIANCES = np.array([[0.5, 1.0, 0.0], [0.2, 1.0, 0.0], [0.9, 8.0, 0.0]])
VOTES = [1, 0, 0]


def test_votes_go_to_the_active_latent_whose_variance_is_smallest_beside_the_samples(monkeypatch):
    # Six points, one of each row when factor 0 is fixed, twice the first and once the second when factor 1 is. Latent
    # 0: 2 votes for factor 0, 1 for factor 1. Latent 1: 1 and 2. Latent 2 has none.
    rows, fixed = [0, 1, 2, 0, 0, 1], np.array([0, 0, 0, 1, 1, 1])
    monkeypatch.setattr(interventions, "_variances", lambda codes, groups, points, batch, rng: (VARIANCES[rows], fixed))
    codes = DEVIATION * np.array([[1.0], [-1.0]] * 30) * np.sqrt(59 / 60)
    np.testing.assert_allclose(codes.std(axis=0, ddof=1), DEVIATION)
    assert votes(codes, FACTORS, rng(), points=6, batch=8).tolist() == [[2, 1], [1, 2], [0, 0]]


def test_the_factor_vae_score_is_the_share_of_test_votes_from_the_factor_that_gave_most():
    # By the votes above latent 0 stands for factor 0, latent 1 for factor 1. Test points that vote for latents 1, 1, 0,
    # 0 and 1 while factors 1, 0, 0, 1 and 1 are fixed: the first, third and last are right.
    fit = VARIANCES[[0, 1, 2, 0, 0, 1]], np.array([0, 0, 0, 1, 1, 1])
    test = VARIANCES[[0, 0, 1, 2, 0]], np.array([1, 0, 0, 1, 1])
    assert interventions._voted(fit, test, DEVIATION, 2) == pytest.approx(0.6)
    assert interventions._voted(fit, test, np.array([0.01, 0.04, 0.0]), 2) == 0.0, "no latent is active"


def test_a_latent_that_no_fit_point_voted_for_stands_for_the_first_factor():
    fit = VARIANCES[[1, 1]], np.array([1, 1])
    test = VARIANCES[[0, 0, 0, 1]], np.array([0, 1, 1, 1])  # latents 1, 1, 1 and 0: factors 0, 0, 0 and 1
    assert interventions._voted(fit, test, DEVIATION, 2) == 0.5


def test_latents_collapse_below_a_standard_deviation_of_a_twentieth():
    # Codes of 1 and -1 times the deviation; the score of a single active latent is the share of its majority factor.
    assert ACTIVE == 0.05
    signs = np.array([1.0, -1.0] * 30) * np.sqrt(59 / 60)
    for deviation, active in ((0.0501, True), (0.0499, False)):
        counts = votes((deviation * signs)[:, None], FACTORS, rng(), points=100, batch=8)
        assert counts.sum() == (100 if active else 0)
        score = factor_vae_score((deviation * signs)[:, None], FACTORS, rng(), points=(200, 100), batch=8)
        assert (score["factor_vae_score"] > 0.3) == active


def test_all_rows_are_drawn():
    # Unlike the fits of other scores, which keep to the first two thirds.
    points, _ = differences(ROWS, FACTORS, rng(), points=2_000, batch=1)
    assert points.any(axis=0).all()
    assert (batches(2_000, 8)[0] > 0).any(axis=0).all()


# Fresh images of every point


def readable(sizes=(3, 4)):
    """A data set whose images are the factors themselves, its encoder, and a list of all codes that were asked for."""
    asked = []
    toy = DataSet("toy", {f"factor {i}": s for i, s in enumerate(sizes)}, lambda f, rng: f[:, None, :, None] / 10.0)

    def encode(images):
        asked.append(np.rint(10 * images[:, 0, :, 0]).astype(int))
        return images[:, 0, :, 0].astype(np.float32)

    return toy, encode, asked


def test_the_paper_draws_both_images_of_every_pair_anew(monkeypatch):
    toy, encode, asked = readable()
    seen = []
    monkeypatch.setattr(interventions, "_told", lambda fit, test, solver: seen.append((fit, test)) or 0.5)
    assert beta_vae_score_of_encoder(toy, encode, rng(), points=(100, 37), batch=20) == {"beta_vae_score": 0.5}
    fixed = np.concatenate([labels for _, labels in seen[0]])
    points = np.concatenate([features for features, _ in seen[0]])
    assert [len(labels) for _, labels in seen[0]] == [100, 37]
    assert sum(len(each) for each in asked) == 137 * 20 * 2
    left, right = (np.concatenate(asked[i::2]).reshape(137, 20, 2) for i in (0, 1))
    np.testing.assert_allclose(points, np.abs(left - right).mean(axis=1) / 10, atol=1e-6)
    every = np.arange(137)
    np.testing.assert_array_equal(left[every, :, fixed], right[every, :, fixed])
    assert (left[every, :, 1 - fixed] != right[every, :, 1 - fixed]).mean() > 0.5, "others are free: 1/3 or 1/4 agree"
    assert (np.ptp(left, axis=1) > 0).all(), "each pair has a value of its own"
    assert uniform(np.bincount(fixed))
    for factor, size in enumerate(toy.factor_sizes):
        assert uniform(np.bincount(left[:, :, factor].ravel(), minlength=size))


def test_the_paper_draws_all_images_of_a_batch_anew(monkeypatch):
    toy, encode, asked = readable()
    seen = []
    monkeypatch.setattr(
        interventions, "_voted", lambda fit, test, deviation, factors: seen.extend((fit, test, deviation)) or 0.5
    )
    assert factor_vae_score_of_encoder(toy, encode, rng(), points=(700, 37), batch=20) == {"factor_vae_score": 0.5}
    (first, labels), (second, more), deviation = seen
    fixed, variances, codes = np.concatenate([labels, more]), np.concatenate([first, second]), np.concatenate(asked)
    assert [len(labels), len(more)] == [700, 37]
    assert len(codes) == 700 + 737 * 20, "as many images for the variance of the sample as there are points to fit"
    np.testing.assert_allclose(deviation, codes[:700].std(axis=0, ddof=1) / 10, atol=1e-6)
    # Deviations of uniform digits, sqrt((s² - 1) / 12).
    np.testing.assert_allclose(10 * deviation, np.sqrt([8 / 12, 15 / 12]), rtol=0.1)
    drawn = codes[700:].reshape(737, 20, 2)
    np.testing.assert_allclose(variances, drawn.var(axis=1, ddof=1) / 100, atol=1e-6)
    every = np.arange(737)
    assert not np.ptp(drawn[every, :, fixed], axis=1).any(), "the fixed factor"
    assert np.ptp(drawn[every, :, 1 - fixed], axis=1).all(), "the other: all alike once in 3^19"
    assert uniform(np.bincount(fixed))
    for factor, size in enumerate(toy.factor_sizes):
        assert uniform(np.bincount(drawn[fixed == factor, 0, factor], minlength=size))


@each_of_encoder
def test_an_encoder_that_reads_the_factors_scores_one(score):
    toy, encode, asked = readable()
    assert next(iter(score(toy, encode, rng(), points=(300, 100), batch=20).values())) == 1.0
    assert max(len(each) for each in asked) <= CHUNK * 20, "memory is bounded"


@each_of_encoder
def test_the_same_generator_gives_the_same_score_of_an_encoder(score):
    toy, encode, _ = readable((5, 5))
    both = np.array([[1.0], [0.6]])  # a single latent, of both factors
    one, same, other = (score(toy, lambda i: encode(i) @ both, rng(s), points=(300, 100), batch=4) for s in (1, 1, 2))
    assert one == same
    assert one != other
    assert 0.4 < next(iter(one.values())) < 0.95


# The sample against fresh images


def assert_alike(codes, factors, data_set, encode, batch, points):
    """Both ways to each score differ by no more than four standard errors of the difference of two shares.

    A share of n test points has a variance of at most 1 / (4 n). The fits and the sample add less than that at the
    sizes here: the scores of twelve samples of 4,000 rows, by 10,000 points each, had a deviation of .006, of which
    .004 are due to the points. So the sum is doubled.
    """
    least = 4 * np.sqrt(2 * 2 / (4 * points[1]))
    for name, score in SCORES.items():
        options = {"points": points, "batch": batch}
        (ours,) = score(codes, factors, rng(11), **options).values()
        (papers,) = OF_ENCODER[name](data_set, encode, rng(12), **options).values()
        assert 1.2 / factors.shape[1] < papers < 0.95, name
        assert ours == pytest.approx(papers, abs=least), name


DSPRITES = data.load("dsprites", size=32)


def moments(images):
    """Six codes of a sprite: where it is across and down, and both mixed with its area; its area, its two slants."""
    y, x = np.mgrid[:32, :32] / 32 - 0.5
    powers = np.stack([np.ones_like(x), x, y, x * x - y * y, x * y]).reshape(5, -1)
    area, *sums = powers @ images.reshape(len(images), -1).T
    x, y, upright, slanted = np.array(sums) / area
    codes = np.column_stack([x, y, x + y + area / 100, area, upright - x * x + y * y, slanted - x * y])
    return codes / [0.15, 0.15, 0.3, 40, 0.006, 0.004]


def test_scores_of_a_sample_are_those_of_fresh_images():
    factors, images = DSPRITES.sample(4_000, rng(1))
    assert_alike(moments(images), factors, DSPRITES, moments, batch=4, points=(1_500, 3_000))


def test_scores_of_a_trained_model_are_those_of_fresh_images(monkeypatch):
    monkeypatch.setattr(interventions, "CHUNK", 200)  # fewer calls of the network
    ellipses = data.restrict(DSPRITES, shape=1, orientation=0)  # scale and position: learned in 250 updates
    model = training.train(ellipses, BetaVAE(1), steps=250, seed=0, batch=16, learning_rate=2e-3)
    codes = training.encode(model, ellipses.sample(3_000, rng(1)))
    assert codes.kl.sum() > 2, "it has learned something"

    def encode(images):
        return training.encode(model, images).mean

    assert_alike(codes.mean, codes.factors, ellipses, encode, batch=4, points=(400, 800))


# Input


def test_values_with_too_few_rows_are_refused_with_what_to_do():
    factors = np.column_stack([np.arange(60) % 2, np.where(np.arange(60) < 15, 7, 4)])
    with pytest.raises(
        ValueError,
        match=r"factor_vae_score: value 0 of factor 0 \(counted from 0\) has 30 of the 60 rows, and 32 are need",
    ):
        factor_vae_score(ROWS, factors, rng())
    advice = "encode more images, leave the factor out, or pass a smaller batch"
    with pytest.raises(
        ValueError, match=rf"value 7 of factor 1 \(counted from 0\) has 15 of the 60 rows, and 16 are needed; {advice}"
    ):
        factor_vae_score(ROWS, factors, rng(), batch=32, points=(60, 30))
    factor_vae_score(ROWS, factors, rng(), batch=30, points=(60, 30))
    factors[:, 1] = np.arange(60) == 20
    with pytest.raises(
        ValueError,
        match=r"beta_vae_score: value 1 of factor 1 \(counted from 0\) has 1 of the 60 rows, and 2 are needed",
    ):
        beta_vae_score(ROWS, factors, rng())


@each_score
def test_a_score_that_tells_factors_apart_needs_two(score):
    with pytest.raises(ValueError, match="compares factors: it needs at least 2 of them, not 1"):
        score(ROWS, FACTORS[:, :1], rng())


@each_score
def test_a_factor_with_a_single_value_is_refused(score):
    with pytest.raises(ValueError, match=r"factor 2 \(counted from 0\) takes a single value in the 60 rows"):
        score(ROWS, np.column_stack([FACTORS, np.full(60, 3)]), rng())


@each_score
@pytest.mark.parametrize("missing", [None, 0, np.random.RandomState(0)])
def test_a_generator_is_needed(score, missing):
    with pytest.raises(ValueError, match=r"needs rng, a numpy\.random\.Generator"):
        score(ROWS, FACTORS, missing)


@each_of_encoder
def test_a_generator_is_needed_for_fresh_images(score):
    toy, encode, _ = readable()
    with pytest.raises(ValueError, match=r"needs rng, a numpy\.random\.Generator"):
        score(toy, encode, None)


@each_of_encoder
def test_an_encoder_must_return_a_code_for_each_image(score):
    toy, encode, _ = readable()
    options = {"points": (20, 10), "batch": 4}
    with pytest.raises(ValueError, match=r"a code for each of \d+ images, not \d+"):
        score(toy, lambda images: encode(images)[1:], rng(), **options)
    with pytest.raises(ValueError, match=r"codes must be \[n, d\]"):
        score(toy, lambda images: encode(images)[:, 0], rng(), **options)
    with pytest.raises(ValueError, match="codes must be finite: latent 1"):
        score(toy, lambda images: np.where([True, False], encode(images), np.nan), rng(), **options)


def test_an_unknown_solver_is_refused_with_the_choices():
    with pytest.raises(ValueError, match="unknown solver 'sgd': choose from one_vs_rest, multinomial"):
        beta_vae_score(ROWS, FACTORS, rng(), points=(60, 30), batch=4, solver="sgd")


def test_the_spread_of_latents_is_never_that_of_one_image():
    factors = lambda images: moments(images) * 10  # noqa: E731
    score = interventions.factor_vae_score_of_encoder(DSPRITES, factors, rng(), points=(1, 50), batch=8)
    assert 0 < score["factor_vae_score"] <= 1


def test_codes_of_a_small_unit_are_told_from_codes_that_say_nothing():
    factors = rng().integers([3, 4], size=(300, 2))
    with pytest.warns(UserWarning, match=r"no latent has a standard deviation of 0.05 or more, the largest being 0.0"):
        found = interventions.factor_vae_score(factors / 1_000, factors, rng(), points=(20, 20), batch=8)
    assert found["factor_vae_score"] == 0
