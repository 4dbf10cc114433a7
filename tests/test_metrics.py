import sys
from functools import partial

import numpy as np
import pytest
from common import rng
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from dlnb import metrics
from dlnb.metrics import predictors
from dlnb.metrics.information import BINS, binned, mig, modularities, modularity, mutual_information, shares
from dlnb.metrics.rows import fit_rows
from dlnb.metrics.unsupervised import (
    average_mutual_information,
    covariance,
    gaussian_total_correlation,
    total_correlation,
    wasserstein_correlation,
)
from dlnb.run.worker import SHORT
from dlnb.study import SCORES as COLUMNS
from dlnb.study import STANDARD, Study, Training

LOG2 = np.log(2)
pytestmark = pytest.mark.filterwarnings("ignore:scores of .* rows tell little", "ignore:.* few of each")

# Less than the study's points and rows, so that a test takes a blink; batches of 8 leave something to tell.
QUICK = {"points": (600, 400), "batch": 8, "sizes": (50,)}
OPTIONS = {
    "beta_vae_score": {"points": (600, 400), "batch": 8},
    "factor_vae_score": {"points": (600, 400), "batch": 8},
    "downstream": {"sizes": (50,)},
}
SCORES = {name: partial(score, **OPTIONS.get(name, {})) for name, score in metrics.SCORES.items()}
SUPERVISED = {name: SCORES[name] for name in metrics.METRICS | metrics.DOWNSTREAM | metrics.LITERATURE}
UNSUPERVISED = {name: SCORES[name] for name in metrics.UNSUPERVISED}
# What a score of codes reads: the rows it is made from, and those it is tested on.
FIT_ONLY = ("mig", "modularity", *UNSUPERVISED, *metrics.LITERATURE)

each_score = pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
each_supervised = pytest.mark.parametrize("score", SUPERVISED.values(), ids=SUPERVISED)
each_unsupervised = pytest.mark.parametrize("score", UNSUPERVISED.values(), ids=UNSUPERVISED)


def sample(n=1500):
    """Factors, and codes that mix them: latent 0 tells factor 0, 1 tells 1 and a little of 0, 2 all of them, 3 none."""
    factors = rng().integers((4, 3, 5), size=(n, 3))
    mixing = np.array([[1.0, 0.3, 0.6, 0.0], [0.0, 1.0, 0.6, 0.0], [0.0, 0.0, 0.8, 0.0]])
    codes = factors @ mixing + 0.6 * rng(1).standard_normal((n, 4))
    return codes.astype(np.float32), factors


def table(*columns, copies=1):
    """Rows whose first two thirds are ``copies`` of the columns; the last third, which scores ignore, is all zeros."""
    rows = np.tile(np.column_stack(columns), (copies, 1))
    return np.vstack([rows, np.zeros((len(rows) // 2, rows.shape[1]), rows.dtype)])


def correlated(covariance, n=600, seed=0):
    """Codes whose first two thirds have exactly this sample covariance."""
    x = rng(seed).standard_normal((2 * n // 3, len(covariance)))
    x -= x.mean(axis=0)
    x = (
        x
        @ np.linalg.inv(np.linalg.cholesky(np.atleast_2d(np.cov(x, rowvar=False)))).T
        @ np.linalg.cholesky(covariance).T
    )
    return np.vstack([x, rng(seed + 1).standard_normal((n // 3, len(covariance)))])


# The contract of every score


def test_the_registries_have_every_score_once():
    families = metrics.METRICS, metrics.DOWNSTREAM, metrics.UNSUPERVISED, metrics.LITERATURE
    assert {name: score for family in families for name, score in family.items()} == metrics.SCORES
    assert sum(map(len, families)) == len(metrics.SCORES)
    six = {"beta_vae_score", "factor_vae_score", "mig", "modularity", "dci", "sap"}
    assert six <= metrics.METRICS.keys() and set(STANDARD) <= metrics.SCORES.keys()


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
    codes, factors = sample(300)
    kept = codes.copy(), factors.copy()
    codes.setflags(write=False)
    factors.setflags(write=False)
    score(codes, factors, rng())
    np.testing.assert_array_equal(codes, kept[0])
    np.testing.assert_array_equal(factors, kept[1])


@each_score
def test_the_same_generator_gives_the_same_score(score):
    assert score(*sample(300), rng(7)) == score(*sample(300), rng(7))


def test_scores_that_draw_nothing_do_not_depend_on_the_generator():
    drawing = {"beta_vae_score", "factor_vae_score", "dci"}  # trees draw which of two equal splits they take,
    perhaps = {"downstream"}  # which need not change what they tell of the test rows
    codes, factors = sample(300)
    changed = {name for name, score in SCORES.items() if score(codes, factors, rng(1)) != score(codes, factors, rng(2))}
    assert drawing <= changed <= drawing | perhaps


CHANGES = {
    "order": lambda codes: codes[:, [2, 0, 3, 1]],
    "sign": lambda codes: codes * [1.0, -1.0, -1.0, 1.0],
    "origin": lambda codes: codes + [1.0, -5.0, 10.0, 0.5],
    "unit": lambda codes: codes * 64.0,  # powers of two change no digits
    "units": lambda codes: codes * [4.0, 0.125, 32.0, 0.5],
    "bend": lambda codes: codes + codes**3,
}
# What leaves each score as it is. Whatever a score is, latents have no order and no sign.
INVARIANT = {
    # Differences have no origin; the regression on them penalises weights, so units matter.
    "beta_vae_score": {"order", "sign", "origin"},
    # Variances have no origin and count beside those of the sample; no latent here is near to collapse.
    "factor_vae_score": {"order", "sign", "origin", "unit", "units"},
    # Bins are of equal width from the smallest code to the largest: they move and stretch along, but do not bend.
    "mig": {"order", "sign", "origin", "unit", "units"},
    "modularity": {"order", "sign", "origin", "unit", "units"},
    "average_mutual_information": {"order", "sign", "origin", "unit", "units"},
    # Trees only ask what is larger.
    "dci_disentanglement": set(CHANGES),
    "dci_completeness": set(CHANGES),
    "dci_informativeness": set(CHANGES),
    "gbt_50": set(CHANGES),
    # The machines penalise slope and intercept on raw codes.
    "sap": {"order", "sign"},
    # Codes are standardised first.
    "explicitness": {"order", "sign", "origin", "unit", "units"},
    # The penalty is on the slopes of raw codes, intercepts are free.
    "lr_50": {"order", "sign", "origin"},
    # Bins again; of robustness the mean is weighted by how far latents stray, in their unit.
    "jemmig": {"order", "sign", "origin", "unit", "units"},
    "dcimig": {"order", "sign", "origin", "unit", "units"},
    "mig_sup": {"order", "sign", "origin", "unit", "units"},
    "irs": {"order", "sign", "origin", "unit"},
    # Neighbours of standardised codes have no unit, but latents are left out by their ranges in a common one. A little
    # noise, for ties, is drawn for one latent after the other.
    "info_modularity": {"order", "sign", "origin", "unit"},
    "info_compactness": {"order", "sign", "origin", "unit"},
    # A correlation has no unit; a distance is in that of the codes, its share of the variance in one that all share.
    "total_correlation": {"order", "sign", "origin", "unit", "units"},
    "wasserstein_correlation": {"order", "sign", "origin"},
    "wasserstein_correlation_norm": {"order", "sign", "origin", "unit"},
}
# Trees take the first of splits that are equally good, and LightGBM bins codes above and below zero apart.
TIES = {"dci_disentanglement": 0.02, "dci_completeness": 0.02, "dci_informativeness": 0.02, "gbt_50": 0.04}


@each_score
def test_order_sign_origin_and_units_of_latents_matter_where_the_table_says_so(score):
    codes, factors = sample()
    codes = codes.astype(float)
    before = score(codes, factors, rng())
    for change, changed in CHANGES.items():
        after = score(changed(codes), factors, rng())
        for name, value in before.items():
            if name not in INVARIANT and change != "order":  # a score of a reader's
                continue
            if change in INVARIANT.get(name, {"order"}):
                tolerance = TIES.get(name, 0.0) if change in ("order", "sign", "origin", "bend") else 0.0
                assert after[name] == pytest.approx(value, abs=max(tolerance, 1e-6)), (name, change)
            else:
                assert abs(after[name] - value) > 1e-4, (name, change)


def test_a_latent_that_is_shrunk_below_a_twentieth_leaves_the_factor_vae_score_only():
    # Latent 0 tells factor 0 best: without it this factor is told less.
    codes, factors = sample()
    shrunk = codes * np.float32([0.01, 1, 1, 1])
    assert SCORES["mig"](shrunk, factors, rng())["mig"] == pytest.approx(SCORES["mig"](codes, factors, rng())["mig"])
    before, after = (SCORES["factor_vae_score"](x, factors, rng())["factor_vae_score"] for x in (codes, shrunk))
    assert 0.4 < after < before - 0.1


@each_supervised
def test_values_of_factors_are_names_only(score):
    # Other numbers in the same order leave every draw and every fit as it is.
    codes, factors = sample(600)
    assert score(codes, 3 * factors - 4, rng()) == score(codes, factors, rng())


@each_score
def test_a_latent_that_never_changes_is_allowed(score):
    codes, factors = sample(600)
    for constant in (0.0, 0.1):
        codes[:, 1] = constant
        assert np.isfinite(list(score(codes, factors, rng()).values())).all()


# Codes that are all constant tell nothing: chance for what is told, nothing for what is compared.
NOTHING = {
    "factor_vae_score": 0.0,
    "mig": 0.0,
    "modularity": 0.0,
    "dci_disentanglement": 0.0,
    "dci_completeness": 0.0,
    "sap": 0.0,
    "explicitness": 0.5,
    "irs": 0.0,
    # What cannot be told of factors with 4, 3 and 5 values is less than it might be.
    "jemmig": pytest.approx(np.mean([1 - np.log(n) / np.log(20 * n) for n in (4, 3, 5)]), abs=0.01),
    "dcimig": 0.0,
    "mig_sup": 0.0,
    "info_modularity": 0.0,
    "info_compactness": 0.0,
    "total_correlation": 0.0,
    "average_mutual_information": 0.0,
    "wasserstein_correlation": 0.0,
    "wasserstein_correlation_norm": 0.0,
}


@each_score
@pytest.mark.parametrize("constant", [0.0, 0.1, -1e3])
def test_codes_that_never_change_tell_nothing(score, constant):
    factors = sample(600)[1]
    for name, value in score(np.full((600, 4), constant, np.float32), factors, rng()).items():
        # The most frequent value of 4, 3 and 5 is right in 1/4, 1/3 and 1/5 of the rows, 0.26 on average; one factor of
        # three is told right by chance.
        chance = 1 / 3 if name == "beta_vae_score" else 0.261
        expected = NOTHING[name] if name in NOTHING else pytest.approx(chance, abs=0.08)
        assert value == expected if name in INVARIANT else np.isfinite(value), name


@each_score
def test_a_latent_that_changes_in_its_last_digit_is_allowed(score):
    codes, factors = sample(600)
    codes[:, 1] = np.float32(0.3)
    codes[::2, 1] = np.nextafter(np.float32(0.3), np.float32(1))
    assert len(np.unique(codes[:, 1])) == 2
    assert np.isfinite(list(score(codes, factors, rng()).values())).all()


@each_score
def test_a_latent_may_be_there_twice(score):
    codes, factors = sample(600)
    twice = codes[:, [0, 1, 2, 2]]
    if "total_correlation" in score(codes, factors, rng()):
        with pytest.raises(ValueError, match="linear functions of others"):
            score(twice, factors, rng())
    else:
        assert np.isfinite(list(score(twice, factors, rng()).values())).all()


@each_score
@pytest.mark.parametrize(("latents", "sizes"), [(2, (2, 3, 4, 3, 2)), (3, (2, 3, 4, 3, 2)), (10, (3, 4))])
def test_there_may_be_fewer_latents_than_factors_or_more(score, latents, sizes):
    factors = rng().integers(sizes, size=(600, len(sizes)))
    codes = factors @ rng(1).standard_normal((len(sizes), latents)) + rng(2).standard_normal((600, latents))
    assert np.isfinite(list(score(codes, factors, rng()).values())).all()


@each_score
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_codes_that_are_not_finite_are_refused_with_the_latent(score, bad):
    codes, factors = sample(600)
    codes[-1, 2] = bad
    with pytest.raises(ValueError, match="latent 2"):
        score(codes, factors, rng())


@each_score
def test_codes_of_the_wrong_shape_are_refused(score):
    codes, factors = sample(600)
    for wrong in (codes[:, 0], codes[None], codes[:0], codes[:, :0]):
        with pytest.raises(ValueError, match=r"codes must be \[n, d\]"):
            score(wrong, factors, rng())


@each_supervised
def test_factors_that_do_not_fit_are_refused(score):
    codes, factors = sample(600)
    for wrong in (factors[:-1], factors[:, 0], factors[:, :0], factors[None]):
        with pytest.raises(ValueError, match=r"factors must be \[n, k\] with the 600 rows of codes"):
            score(codes, wrong, rng())
    with pytest.raises(ValueError, match=r"factors are class indices and must be integers, not <U.*pd\.factorize"):
        score(codes, factors.astype(str), rng())
    for bad in (0.5, np.nan, np.inf):
        wrong = factors.astype(float)
        wrong[7, 1] = bad
        with pytest.raises(ValueError, match=rf"must be whole numbers: factor 1 \(counted from 0\) holds {bad}"):
            score(codes, wrong, rng())
    with pytest.raises(ValueError, match="are codes transposed"):
        score(codes.T, factors, rng())
    assert score(codes, factors.astype(float), rng()) == score(codes, factors, rng())


@each_supervised
def test_a_factor_with_a_single_value_is_refused_with_its_number(score):
    codes, factors = sample(600)
    factors[:, 1] = 2
    with pytest.raises(ValueError, match=r"factor 1 \(counted from 0\) takes a single value in the [46]00 rows"):
        score(codes, factors, rng())


@each_score
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_a_handful_of_rows_has_a_finite_score_or_a_clear_error(score, n):
    codes, factors = rng().standard_normal((n, 2)), np.column_stack([np.arange(n) % 2, (np.arange(n) + 1) % 2])
    try:
        values = score(codes, factors, rng())
    except ValueError as error:
        assert str(n) in str(error) or "row" in str(error) or "linear functions" in str(error)
    else:
        assert np.isfinite(list(values.values())).all()


# Of noise InfoM and InfoC are ratios of errors, and high: tests/test_literature.py.
@pytest.mark.parametrize("score", [SUPERVISED[name] for name in SUPERVISED if name != "info"])
def test_scores_rank_perfect_codes_over_mixed_ones_over_noise(score):
    codes, factors = sample()
    perfect = score(factors.astype(np.float32), factors, rng())
    noise = score(rng(2).standard_normal(codes.shape), factors, rng())
    for name, mixed in score(codes, factors, rng()).items():
        assert 0.0 <= noise[name] < mixed - 0.05, name
        assert mixed + 0.05 < perfect[name] <= 1.0, name
        assert perfect[name] - noise[name] > 0.3, name


@each_unsupervised
def test_unsupervised_scores_do_not_look_at_factors_and_grow_with_dependence(score):
    codes, factors = sample(3000)
    mixed, free = score(codes), score(rng(2).standard_normal(codes.shape))
    assert score(codes, factors, rng()) == score(codes, None, None) == mixed
    for name, value in mixed.items():
        assert 0.0 <= free[name] < 0.75 * value, name


@pytest.mark.parametrize("name", FIT_ONLY)
def test_scores_without_a_test_use_the_first_two_thirds_of_the_rows(name):
    codes, factors = sample(3001)  # the first 2000
    changed, labels = codes.copy(), factors.copy()
    changed[2000:], labels[2000:] = 0.0, 0
    before = SCORES[name](codes, factors, rng())
    assert SCORES[name](changed, labels, rng()) == before
    changed[1999] = 100.0
    assert SCORES[name](changed, labels, rng()) != before


def test_scores_with_a_test_fit_the_first_two_thirds_of_the_rows_and_test_the_others():
    # Bits that the codes are, in the first two thirds; in the last they are the opposite. All that is told is wrong,
    # but what is important for what stays as it was.
    factors = rng().integers(2, size=(300, 2))
    codes = factors.astype(float)
    told = factors.copy()
    told[200:] = 1 - told[200:]
    expected = {"dci_disentanglement": 1.0, "dci_completeness": 1.0, "dci_informativeness": 0.0, "explicitness": 0.0}
    expected |= {f"{kind}_{size}": 0.0 for kind in ("lr", "gbt") for size in (10, 100)}
    found = metrics.score(codes, told, rng(), ("dci", "explicitness", "downstream"), sizes=(10, 100))
    assert found == {name: pytest.approx(value, abs=1e-6) for name, value in expected.items()}
    accuracies = predictors.accuracies(codes, told)
    np.testing.assert_allclose(np.diag(accuracies), 0.0)
    assert (accuracies[[0, 1], [1, 0]] > 0.3).all()


RANGES = {"average_mutual_information": np.log(20), "total_correlation": np.inf, "wasserstein_correlation": np.inf}
RANGES |= {"wasserstein_correlation_norm": 2.0}

small_samples = st.integers(9, 40).flatmap(
    lambda n: st.tuples(
        st.lists(st.tuples(*[st.integers(-3, 3)] * 3), min_size=n, max_size=n),
        st.lists(st.tuples(*[st.integers(0, 2)] * 2), min_size=n, max_size=n),
    )
)


@given(small_samples)
@settings(max_examples=12, deadline=None)
def test_scores_of_any_codes_are_in_their_range_or_say_why_not(drawn):
    codes, factors = (np.array(each) for each in drawn)
    for name, score in metrics.SCORES.items():
        options = {"points": (20, 10), "batch": 4} if name in ("beta_vae_score", "factor_vae_score") else {}
        options |= {"sizes": (5,)} if name == "downstream" else {}
        try:
            values = score(codes, factors, rng(), **options)
        except ValueError as error:
            assert any(reason in str(error) for reason in ("factor", "linear functions"))
        else:
            for column, value in values.items():
                assert 0.0 <= value <= RANGES.get(column, 1.0) + 1e-9, column


# All scores at once


def small():
    return sample(150)


def test_all_scores_at_once_are_each_alone():
    codes, factors = small()
    together = metrics.score(codes, factors, rng(5), **QUICK)
    assert INVARIANT.keys() <= together.keys()
    alone = {}
    for name in metrics.SCORES:
        found = metrics.score(codes, factors, rng(5), [name], **QUICK)
        assert found.items() <= together.items(), name
        alone |= found
    assert alone == together
    some = ["total_correlation", "downstream", "beta_vae_score"]
    for names in (some, some[::-1], tuple(some)):
        found = metrics.score(codes, factors, rng(5), names, **QUICK)
        assert found.items() <= together.items()
        assert len(found) == 4


def test_each_score_has_a_stream_of_its_own():
    codes, factors = small()
    streams = dict(zip(["trees", *STANDARD], rng(5).spawn(1 + len(STANDARD)), strict=True))
    together = metrics.score(codes, factors, rng(5), **QUICK)
    for name in STANDARD:
        stream = streams["trees" if name == "dci" else name]
        assert SCORES[name](codes, factors, stream).items() <= together.items(), name
    generator = rng(5)
    first, second = (metrics.score(codes, factors, generator, ["beta_vae_score"], **QUICK) for _ in range(2))
    assert first != second, "a generator that goes on"


def test_trees_that_draw_are_those_of_each_score_alone_too():
    codes, factors = small()
    codes, factors = codes[:90, :2], (factors[:90, :2] > 1).astype(int)
    options = {"boosting": "scikit-learn", "sizes": (10, 60)}
    together = metrics.score(codes, factors, rng(5), ["dci", "downstream"], **options)
    assert metrics.score(codes, factors, rng(5), ["downstream"], **options).items() <= together.items()
    assert metrics.score(codes, factors, rng(5), ["dci"], **options).items() <= together.items()
    assert together["gbt_60"] == together["dci_informativeness"]
    assert together != metrics.score(codes, factors, rng(5), ["dci", "downstream"], sizes=(10, 60))


@pytest.mark.parametrize(
    ("names", "fits"),
    # Three factors: once for all fit rows, and once for each smaller size of the downstream task.
    [(["dci", "downstream"], 6), (["dci"], 3), (["downstream"], 6), (["mig", "explicitness"], 0), (metrics.SCORES, 6)],
)
def test_trees_are_fitted_once_for_all_scores(monkeypatch, names, fits):
    codes, factors = small()
    rows, module = [], sys.modules["dlnb.metrics.downstream"]
    for user in (predictors, module):
        fit = user.boosted_trees
        monkeypatch.setattr(user, "boosted_trees", lambda x, *rest, fit=fit: rows.append(len(x)) or fit(x, *rest))
    metrics.score(codes, factors, rng(), names, **QUICK | {"sizes": (10, 100)})
    assert len(rows) == fits
    assert rows.count(100) == min(3, fits)


def test_options_reach_the_scores_that_take_them():
    codes, factors = small()
    assert set(metrics.score(codes, factors, rng(), ["downstream"], sizes=(20,))) == {"lr_20", "gbt_20"}
    for name in ("beta_vae_score", "factor_vae_score"):
        (share,) = metrics.score(codes, factors, rng(), [name], points=(60, 7), batch=8).values()
        assert (7 * share) % 1 == pytest.approx(0.0, abs=1e-9)
    with pytest.raises(ValueError, match="500 are needed"):
        metrics.score(codes, factors, rng(), ["factor_vae_score"], batch=1_000)
    for name in ("beta_vae_score", "explicitness", "downstream"):
        with pytest.raises(ValueError, match="unknown solver 'sgd'"):
            metrics.score(codes, factors, rng(), [name], **QUICK | {"solver": "sgd"})
    for name in ("dci", "downstream"):
        with pytest.raises(ValueError, match="unknown boosting 'forest'"):
            metrics.score(codes, factors, rng(), [name], **QUICK | {"boosting": "forest"})


def test_unknown_scores_and_options_are_refused():
    codes, factors = small()
    with pytest.raises(
        ValueError, match=r"unknown score 'migs': choose from beta_vae_score, .*wasserstein_correlation"
    ):
        metrics.score(codes, factors, rng(), ["mig", "migs"])
    with pytest.raises(
        ValueError, match="unknown option 'bosting': choose from batch, boosting, points, sizes, solver"
    ):
        metrics.score(codes, factors, rng(), ["dci"], bosting="lightgbm")
    for reserved in ("codes", "trees"):
        with pytest.raises((ValueError, TypeError), match=reserved):
            metrics.score(codes, factors, rng(), ["mig"], **{reserved: None})


def test_all_scores_at_once_need_a_generator_and_may_be_none():
    codes, factors = small()
    with pytest.raises(ValueError, match=r"score needs rng, a numpy\.random\.Generator"):
        metrics.score(codes, factors, None)
    assert metrics.score(codes, factors, rng(), []) == {}


def test_all_scores_at_once_leave_their_arguments_untouched():
    codes, factors = small()
    kept, options = (codes.copy(), factors.copy()), dict(QUICK)
    codes.setflags(write=False)
    factors.setflags(write=False)
    metrics.score(codes, factors, rng(), **QUICK)
    np.testing.assert_array_equal(codes, kept[0])
    np.testing.assert_array_equal(factors, kept[1])
    assert options == QUICK


# The columns of the table of results


def test_a_study_names_the_columns_that_scores_return():
    assert set(COLUMNS) == set(metrics.SCORES)
    study = Study("test", ("dsprites",), ("beta_vae",), (0,), 32, Training(steps=1), labels=(10, 100))
    codes, factors = small()
    expected = []
    for name in STANDARD:
        found = metrics.score(codes, factors, rng(), [name], **QUICK | {"sizes": study.labels})
        if name in metrics.UNSUPERVISED:
            expected += [f"{SHORT[column]}_{kind}" for column in found for kind in ("mean", "sampled")]
        else:
            expected += list(found)
    active = ["tc_mean_active", "tc_sampled_active"]
    assert sorted(study.columns()) == sorted(expected + active)
    assert len(set(study.columns())) == len(study.columns())


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
@settings(max_examples=25, deadline=None)
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
    codes, factors = table(digit, np.zeros(40), copies=5).astype(float), table(digit, copies=5)
    assert mig(codes, factors)["mig"] == pytest.approx(np.log(20) / np.log(40), abs=1e-9)


def test_mig_needs_two_latents_and_factors_that_vary():
    with pytest.raises(ValueError, match="compares latents: it needs at least 2 of them, not 1"):
        mig(table(BIT).astype(float), table(BIT))
    with pytest.raises(ValueError, match=r"factor 1 \(counted from 0\) takes a single value"):
        mig(table(BIT, NOISY).astype(float), table(BIT, np.ones(8, int)))


# Modularity


def test_modularity_of_a_latent_by_hand():
    # Squares 4 and 1: 1 - 1/4. The second tells of one factor only, the third of none.
    information = np.array([[2.0, 1.0], [0.0, 3.0], [0.0, 0.0]])
    np.testing.assert_allclose(modularities(information), [0.75, 1.0, 0.0])
    # Of three factors: 1 - (1 + 1) / (4 · 2), and 1 - (4 + 4) / (4 · 2).
    np.testing.assert_allclose(modularities(np.array([[1.0, 2.0, 1.0], [2.0, 2.0, 2.0]])), [0.75, 0.0])


def test_modularity_is_the_mean_over_latents():
    # A digit of four values and its upper half. Latents: the digit, which tells 2 log 2 of itself and log 2 of the
    # half: 3/4; its parity, which tells log 2 of the digit and nothing of the half: 1; one that never changes: 0.
    digit = np.arange(4)
    codes = table(digit, digit % 2, np.full(4, 0.1), copies=5).astype(float)
    assert modularity(codes, table(digit, digit // 2, copies=5))["modularity"] == pytest.approx(1.75 / 3, abs=1e-9)


def test_modularity_allows_several_latents_for_a_factor():
    digit, bit = np.arange(8) // 2, np.arange(8) % 2
    codes = table(digit // 2, digit % 2, bit, 3 * bit).astype(float)
    assert modularity(codes, table(digit, bit))["modularity"] == pytest.approx(1.0, abs=1e-9)


informations = st.integers(2, 4).flatmap(
    lambda k: st.lists(st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0]), min_size=k, max_size=k), min_size=1, max_size=5)
)


@given(informations)
@settings(max_examples=50, deadline=None)
def test_modularity_is_what_loops_over_latents_and_factors_find(information):
    expected = []
    for line in information:
        best = max(line)
        template = [best if k == line.index(best) else 0.0 for k in range(len(line))]
        error = sum((value - other) ** 2 for value, other in zip(line, template, strict=True))
        expected.append(1 - error / (best**2 * (len(line) - 1)) if best else 0.0)
    found = modularities(np.array(information))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert ((found >= -1e-12) & (found <= 1 + 1e-12)).all()


def test_modularity_needs_two_factors_that_vary():
    with pytest.raises(ValueError, match="compares factors: it needs at least 2 of them, not 1"):
        modularity(table(BIT, NOISY).astype(float), table(BIT))
    with pytest.raises(ValueError, match=r"factor 1 \(counted from 0\) takes a single value in the 8 rows"):
        modularity(table(BIT, NOISY).astype(float), table(BIT, np.ones(8, int)))


small_codes = st.lists(
    st.lists(st.floats(-4, 4, width=32).map(lambda x: round(x * 8) / 8), min_size=3, max_size=3),
    min_size=9,
    max_size=40,
)


@given(small_codes, st.permutations(range(3)), st.tuples(*[st.sampled_from([-2.0, -1.0, 0.5, 1.0, 4.0])] * 3))
@settings(max_examples=25, deadline=None)
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
    with pytest.raises(ValueError, match="compares latents: it needs at least 2 of them, not 1"):
        average_mutual_information(np.zeros((10, 1)))


# Wasserstein correlation


@pytest.mark.parametrize("rho", [0.0, 0.5, -0.8])
def test_wasserstein_correlation_of_two_latents_has_a_closed_form(rho):
    # The roots of the eigenvalues 1 + r and 1 - r, against twice the variance of both.
    scores = wasserstein_correlation(correlated(np.array([[1.0, rho], [rho, 1.0]])))
    expected = 2 * 2 - 2 * (np.sqrt(1 + rho) + np.sqrt(1 - rho))
    assert scores["wasserstein_correlation"] == pytest.approx(expected, abs=1e-7)
    assert scores["wasserstein_correlation_norm"] == pytest.approx(expected / 2, abs=1e-7)


def test_wasserstein_correlation_of_latents_of_different_variance_by_hand():
    # S = (4 1; 1 1) times its diagonal has trace 16 + 1 and determinant (4 - 1) · 4; a root of a 2x2 matrix has the
    # trace sqrt(trace + 2 sqrt(determinant)) = sqrt(17 + 2 sqrt 12) = 4.891646. The distance is 2 · 5 - 2 · 4.891646.
    scores = wasserstein_correlation(correlated(np.array([[4.0, 1.0], [1.0, 1.0]])))
    assert scores["wasserstein_correlation"] == pytest.approx(0.216708, abs=1e-5)
    assert scores["wasserstein_correlation_norm"] == pytest.approx(0.216708 / 5, abs=1e-5)


@pytest.mark.parametrize("latents", [1, 3, 6])
def test_wasserstein_correlation_is_the_formula_of_the_study_for_any_covariance(latents):
    root = rng(latents).standard_normal((latents, latents))
    matrix = root @ root.T + 0.1 * np.eye(latents)
    expected = 2 * np.trace(matrix) - 2 * np.trace(sqrtm(matrix * np.diag(matrix)[:, None]).real)
    scores = wasserstein_correlation(correlated(matrix))
    assert scores["wasserstein_correlation"] == pytest.approx(expected, abs=1e-6)
    assert scores["wasserstein_correlation_norm"] == pytest.approx(expected / np.trace(matrix), abs=1e-6)
    assert expected > 0.1 or latents == 1


def test_wasserstein_correlation_of_copies_is_finite():
    # Two copies of variance 1: the eigenvalues are 2 and 0, so 2 · 2 - 2 sqrt 2. A third latent of its own adds none.
    a, b = correlated(np.eye(2)).T
    scores = wasserstein_correlation(np.column_stack([a, a, b]))
    assert scores["wasserstein_correlation"] == pytest.approx(4 - 2 * np.sqrt(2), abs=1e-6)
    assert scores["wasserstein_correlation_norm"] == pytest.approx((4 - 2 * np.sqrt(2)) / 3, abs=1e-6)


def test_latents_that_never_change_add_nothing_to_the_distance():
    codes = correlated(np.array([[1.0, 0.8], [0.8, 1.0]]), n=3000)
    more = np.column_stack([codes, np.full((3000, 2), [0.1, 0.7])]).astype(np.float32)
    before, after = wasserstein_correlation(codes), wasserstein_correlation(more)
    assert after == {name: pytest.approx(value, abs=1e-5) for name, value in before.items()}


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_covariances_are_those_of_the_fit_rows_in_float64(kind):
    codes = (100 + rng().standard_normal((300, 3))).astype(kind)
    codes[:, 1] = 0.1
    found = covariance(codes)
    assert found.dtype == np.float64
    assert not found[1].any()
    assert not found[:, 1].any()
    x = codes[:200].astype(float)
    for i in (0, 2):
        for j in (0, 2):
            expected = ((x[:, i] - x[:, i].mean()) * (x[:, j] - x[:, j].mean())).sum() / 199
            assert found[i, j] == pytest.approx(expected, abs=1e-9)
