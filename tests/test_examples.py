"""Representations made by hand are what their names say."""

import numpy as np
import pytest

from dlnb.lessons import examples


def test_the_tiny_world_has_all_pairs_of_two_factors_equally_often():
    codes, factors = examples.tiny(copies=3)
    assert codes.shape == (24, 3) and factors.shape == (24, 2)
    pairs, counts = np.unique(factors, axis=0, return_counts=True)
    assert pairs.tolist() == [[c, s] for c in range(4) for s in range(2)] and set(counts) == {3}
    assert np.array_equal(codes[:, :2], factors)
    # colour 0..3 and side 0, 1 in one number: 0 or 1 for the upper two colours, and 2 for the side
    assert {(*f, z) for f, z in zip(factors.tolist(), codes[:, 2], strict=True)} >= {(1, 0, 0), (2, 0, 1), (3, 1, 3)}


def test_five_representations_of_the_same_factors():
    codes, factors = examples.five(20_000, np.random.default_rng(0))
    assert list(codes) == ["perfect", "rotated", "duplicated", "collapsed", "random"]
    assert factors.max(axis=0).tolist() == [2, 5, 7, 9]
    deviation = {name: z.std(axis=0).round(1).tolist() for name, z in codes.items()}
    assert deviation["perfect"] == deviation["rotated"] == deviation["random"] == [1, 1, 1, 1]
    assert deviation["duplicated"] == [1] * 8 and deviation["collapsed"] == [0, 0, 1, 1]


def test_each_is_related_to_the_factors_as_its_name_says():
    codes, factors = examples.five(20_000, np.random.default_rng(0))
    related = {name: np.corrcoef(z.T, factors.T)[: z.shape[1], z.shape[1] :] for name, z in codes.items()}
    np.testing.assert_allclose(related["perfect"], np.eye(4), atol=0.02)
    # turned by 30 degrees: cos 30 = .87 of the one, sin 30 = .5 of the other
    np.testing.assert_allclose(np.abs(related["rotated"][:2, :2]), [[0.87, 0.5], [0.5, 0.87]], atol=0.02)
    np.testing.assert_allclose(related["rotated"][:2, 2:], 0, atol=0.02)
    np.testing.assert_allclose(related["duplicated"], np.vstack([np.eye(4)] * 2), atol=0.02)
    # a signal of .01 in noise of .02: 1 / sqrt(1 + 4) = .45
    np.testing.assert_allclose(np.diag(related["collapsed"]), [0.45, 0.45, 1, 1], atol=0.02)
    np.testing.assert_allclose(related["random"], 0, atol=0.03)


def test_five_needs_a_generator():
    with pytest.raises(ValueError, match=r"five needs rng, a numpy.random.Generator"):
        examples.five(10, 0)


@pytest.mark.parametrize("count", [0, -1, 2.5, None, "x"])
def test_examples_have_at_least_one_row(count):
    with pytest.raises(ValueError, match="copies must be a whole number of at least 1"):
        examples.tiny(count)
    with pytest.raises(ValueError, match="n must be a whole number of at least 1"):
        examples.five(count, np.random.default_rng(0))


def test_broken_codes_are_the_perfect_ones_in_several_ways_at_once():
    def related(**ways):
        codes, factors = examples.broken(20_000, np.random.default_rng(0), **ways)
        return codes, np.corrcoef(codes.T, factors.T)[: codes.shape[1], codes.shape[1] :]

    codes, found = related()
    np.testing.assert_allclose(found, np.eye(4), atol=0.03)
    np.testing.assert_allclose(np.abs(related(angle=30)[1][2:, 2:]), [[0.87, 0.5], [0.5, 0.87]], atol=0.02)
    # a signal of .01 in noise of .02, as above; noise of 1 beside a signal of 1: 1 / sqrt(2)
    np.testing.assert_allclose(np.diag(related(collapsed=True)[1]), [0.45, 0.45, 1, 1], atol=0.03)
    np.testing.assert_allclose(np.diag(related(noise=1.0)[1]), [0.71] * 4, atol=0.02)
    twice, found = related(duplicated=True)
    np.testing.assert_allclose(found, np.vstack([np.eye(4)] * 2), atol=0.03)
    assert np.array_equal(twice[:, :4], codes) and 0.02 < (twice[:, 4:] - codes).std() < 0.04
    for wrong in ({"angle": np.nan}, {"noise": -1}, {"duplicated": 1}, {"collapsed": "yes"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            examples.broken(10, np.random.default_rng(0), **wrong)
