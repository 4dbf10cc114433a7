"""Scores that are not in the study: closed forms, brute force, and codes that fool them."""

import itertools
import math

import numpy as np
import pytest
from common import rng
from sklearn.metrics import mutual_info_score

from dlnb.metrics import dcimig, info, irs, jemmig, mig, mig_sup, modularity
from dlnb.metrics.information import binned

LEVELS = (2, 4, 3)
FACTORS = np.array(list(np.ndindex(*LEVELS)) * 60)  # 1,440 rows, of which 960 are used: 40 of each combination


def entropy(*columns) -> float:
    """In nats, counted by hand."""
    rows = list(zip(*columns, strict=True))
    counts = [rows.count(row) for row in set(rows)]
    return -sum(n / len(rows) * math.log(n / len(rows)) for n in counts)


def mixed(seed=0, n=1_440):
    order = rng(seed).permutation(len(FACTORS))[:n]
    factors = FACTORS[order]
    codes = factors @ [[1.0, 0.4, 0.0, 0.3], [0.0, 1.0, 0.3, 0.3], [0.2, 0.0, 1.0, 0.3]]
    return codes + 0.3 * rng(seed + 1).standard_normal(codes.shape), factors


# Closed forms


def test_codes_that_are_the_factors_are_perfect():
    for score in (irs, jemmig, dcimig, mig_sup):
        assert list(score(FACTORS.astype(float), FACTORS).values()) == [pytest.approx(1.0)]
    assert info(FACTORS.astype(float), FACTORS, rng()) == {
        "info_modularity": pytest.approx(1.0, abs=0.05),
        "info_compactness": pytest.approx(1.0, abs=0.05),
    }


def test_jemmig_asks_what_else_the_best_latent_tells():
    """Latent k is the pair of factors k and k + 1: its entropy is that of both, and two latents tell each factor."""
    codes = np.column_stack([LEVELS[(k + 1) % 3] * FACTORS[:, k] + FACTORS[:, (k + 1) % 3] for k in range(3)])
    expected = []
    for k, n in enumerate(LEVELS):
        pairs = [n * LEVELS[(k + 1) % 3], n * LEVELS[k - 1]]  # both tell the factor: which is first is a tie
        expected.append([1 - np.log(m) / np.log(20 * n) for m in pairs])  # joint entropy log m, no gap
    found = jemmig(codes.astype(float), FACTORS)["jemmig"]
    assert any(found == pytest.approx(np.mean(some)) for some in itertools.product(*expected))
    one = jemmig(codes[:, [0, 0]].astype(float), FACTORS[:, :1])["jemmig"]
    assert one == pytest.approx(1 - np.log(LEVELS[0] * LEVELS[1]) / np.log(20 * LEVELS[0]))


def test_jemmig_of_codes_that_never_change_is_far_from_0():
    """Its known flaw: nothing is told, but the joint entropy is small too."""
    expected = np.mean([1 - np.log(n) / np.log(20 * n) for n in LEVELS])
    assert jemmig(np.zeros((len(FACTORS), 2)), FACTORS)["jemmig"] == pytest.approx(expected)
    assert expected > 0.6


def test_dcimig_wants_one_factor_for_a_latent_and_mig_one_latent_for_a_factor():
    twice = FACTORS[:, [0, 1, 2, 0]].astype(float)
    assert dcimig(twice, FACTORS)["dcimig"] == pytest.approx(1)
    assert mig(twice, FACTORS)["mig"] == pytest.approx(2 / 3)
    pair = np.column_stack([FACTORS[:, 0] + 2 * FACTORS[:, 1], FACTORS[:, 2]]).astype(float)  # 0 has no latent
    left = np.log(4) - np.log(2) + np.log(3)  # of its pair the first latent is given factor 1, its entropy less
    assert dcimig(pair, FACTORS)["dcimig"] == pytest.approx(left / np.log(24))


def test_mig_sup_counts_latents_that_tell_nothing_and_mig_does_not():
    passive = np.column_stack([FACTORS, np.zeros((len(FACTORS), 3))]).astype(float)
    assert mig_sup(passive, FACTORS)["mig_sup"] == pytest.approx(0.5)
    assert mig(passive, FACTORS)["mig"] == pytest.approx(1)
    gap = mig_sup(FACTORS[:, [0]] + 2.0 * FACTORS[:, [1]], FACTORS)["mig_sup"]  # both are told wholly
    assert gap == pytest.approx(0, abs=1e-9)


def test_irs_of_a_sum_is_that_of_the_uniform_triangle():
    """A latent u + v of two grids of n values strays by v: at most half as far as the sum itself."""
    n = 21
    factors = np.array(list(np.ndindex(n, n)) * 3)[rng().permutation(3 * n * n)]
    codes = np.column_stack([factors.sum(axis=1), factors[:, 0]]).astype(float)
    found = irs(codes, factors)["irs"]
    robust = (1 - 10 / 20, 1.0)  # the 99th percentile of |v - mean| is about its largest, 10; the sum strays 20
    assert found == pytest.approx(np.average(robust, weights=[20, 10]), abs=0.03)


def test_irs_does_not_see_that_a_latent_is_there_twice_or_that_a_factor_is_missing():
    for columns in ([0, 1, 2, 0], [1], [2, 2]):
        assert irs(FACTORS[:, columns].astype(float), FACTORS)["irs"] == pytest.approx(1)
    never = np.column_stack([FACTORS[:, 0], np.full(len(FACTORS), 3.0)])
    assert irs(never, FACTORS)["irs"] == pytest.approx(1)  # a latent that never changes is left out


def test_info_ratios_of_noise_are_ratios_of_errors():
    """What fools them: the part of its first factor in what a latent tells is large where it tells next to nothing."""
    factors = rng().integers(LEVELS, size=(1_500, 3))
    found = info(rng(1).standard_normal((1_500, 6)), factors, rng())
    assert min(found.values()) > 0.3
    assert mig(rng(1).standard_normal((1_500, 6)), factors)["mig"] < 0.02


def test_info_leaves_out_latents_of_a_small_range():
    codes = np.column_stack([FACTORS, 0.01 * rng().standard_normal((len(FACTORS), 4))]).astype(float)
    found = info(codes, FACTORS, rng())
    assert found["info_modularity"] == pytest.approx(1, abs=0.05)
    codes[:, 3:] *= 20  # not above a twentieth: the same codes, no longer left out
    assert info(codes, FACTORS, rng())["info_modularity"] < 0.9


def test_info_of_a_code_mixed_by_a_rotation_falls_to_0():
    """Two latents that tell as much of either factor."""
    factors = rng().integers(0, 8, size=(3_000, 2))
    angle = np.pi / 4
    turned = factors @ [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    found = info(turned, factors, rng())
    assert max(found.values()) < 0.15
    assert info(factors.astype(float), factors, rng())["info_modularity"] > 0.85


def test_info_of_a_single_latent_in_use():
    one = np.column_stack([FACTORS[:, 1] + 0.1 * rng().standard_normal(len(FACTORS)), np.zeros(len(FACTORS))])
    found = info(one, FACTORS, rng())
    assert found["info_compactness"] > 0.3  # the share of factors of which it tells anything at all
    assert found["info_modularity"] > 0.8


# Brute force


@pytest.mark.parametrize("seed", [0, 1])
def test_information_scores_are_those_of_counts_by_hand(seed):
    codes, factors = mixed(seed, 150)
    bins, labels = binned(codes[:100]), factors[:100]
    told = np.array([[entropy(z) + entropy(v) - entropy(z, v) for v in labels.T] for z in bins.T])
    of_factors = np.array([entropy(v) for v in labels.T])
    parts = []
    for k, v in enumerate(labels.T):
        order = np.argsort(-told[:, k])
        most = entropy(v) + np.log(20)
        parts.append(1 - (entropy(bins[:, order[0]], v) - told[order[0], k] + told[order[1], k]) / most)
    assert jemmig(codes, factors)["jemmig"] == pytest.approx(np.mean(parts))
    gaps, wins = [], np.zeros(3)
    for row in told:
        first, second = sorted(row, reverse=True)[:2]
        best = list(row).index(first)
        wins[best] = max(wins[best], first - second)
        shares = sorted(row / of_factors, reverse=True)
        gaps.append(shares[0] - shares[1])
    assert dcimig(codes, factors)["dcimig"] == pytest.approx(wins.sum() / of_factors.sum())
    assert mig_sup(codes, factors)["mig_sup"] == pytest.approx(np.mean(gaps))


def test_irs_is_that_of_loops():
    codes, factors = mixed(3)
    codes, labels = codes[:960], factors[:960]
    best, weights = [], []
    for z in codes.T:
        farthest = max(abs(value - z.mean()) for value in z)
        robust = []
        for v in labels.T:
            strays = []
            for value in sorted(set(v)):
                inside = np.sort(np.abs(z[v == value] - z[v == value].mean()))
                place = 0.99 * (len(inside) - 1)  # linear interpolation
                low = int(place)
                strays.append(inside[low] + (place - low) * (inside[min(low + 1, len(inside) - 1)] - inside[low]))
            robust.append(1 - np.mean(strays) / farthest)
        best.append(max(robust))
        weights.append(farthest)
    expected = np.average(best, weights=weights)
    assert irs(*mixed(3))["irs"] == pytest.approx(expected)
    assert 0.2 < expected < 0.9


def test_information_by_neighbours_is_near_that_by_bins_for_many_rows():
    codes, factors = mixed(5)
    shares = np.array([[mutual_info_score(z, v) for v in factors[:960].T] for z in binned(codes[:960]).T])
    shares /= [entropy(v) for v in factors[:960].T]
    parts = shares.max(axis=1) / shares.sum(axis=1)
    expected = np.mean((parts - 1 / 3) / (1 - 1 / 3))
    assert info(codes, factors, rng())["info_modularity"] == pytest.approx(expected, abs=0.1)


# Refusals


def test_what_is_compared_must_be_several():
    codes, factors = mixed()
    for score, wrong in ((jemmig, codes[:, :1]), (info, codes[:, :1])):
        with pytest.raises(ValueError, match=f"{score.__name__} compares latents"):
            score(wrong, factors, rng())
    for score in (dcimig, mig_sup, info, modularity):
        with pytest.raises(ValueError, match=f"{score.__name__} compares factors"):
            score(codes, factors[:, :1], rng())


def test_info_needs_a_generator_and_several_rows_of_some_value():
    codes, factors = mixed()
    with pytest.raises(ValueError, match="info needs rng"):
        info(codes, factors, None)
    pairs = np.column_stack([np.arange(4) % 2, (np.arange(4) + 1) % 2])
    with pytest.warns(UserWarning, match="tell little"), pytest.raises(ValueError, match="no two rows share a value"):
        info(codes[:4, :2], pairs, rng())
