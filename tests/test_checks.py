import numpy as np
import pytest

from dlnb import checks

SIZES = {"shape": 3, "scale": 6}


def test_choose_returns_the_entry():
    assert checks.choose({"a": 1, "b": 2}, "b", "letter") == 2


def test_choose_names_what_was_asked_for_and_every_choice():
    with pytest.raises(ValueError, match="unknown letter 'c': choose from a, b"):
        checks.choose({"a": 1, "b": 2}, "c", "letter")


def test_choose_takes_no_prefix_for_a_name():
    with pytest.raises(ValueError, match="unknown data set 'dsprite'"):
        checks.choose({"dsprites": 1}, "dsprite", "data set")


@pytest.mark.parametrize("value", [1, 7, np.int64(7), np.uint8(7)])
def test_whole_gives_a_python_integer(value):
    assert type(checks.whole(value, "n")) is int
    assert checks.whole(value, "n") == value


@pytest.mark.parametrize("value", [0, -1, 1.0, 1.5, "1", None, True, float("nan"), np.float32(2)])
def test_whole_refuses_what_is_no_count_and_says_so(value):
    with pytest.raises(ValueError, match="steps must be a whole number of at least 1, not"):
        checks.whole(value, "steps")


def test_whole_has_a_minimum_that_counts_itself():
    assert checks.whole(0, "seed", minimum=0) == 0
    with pytest.raises(ValueError, match="at least 8, not 7"):
        checks.whole(7, "size", minimum=8)


def test_generator_passes_the_same_one_on():
    rng = np.random.default_rng(0)
    assert checks.generator(rng, "sampling") is rng


@pytest.mark.parametrize("rng", [None, 0, np.random, np.random.RandomState(0)])
def test_generator_refuses_everything_else_and_shows_how_to_make_one(rng):
    with pytest.raises(ValueError, match=r"sampling needs rng, .*default_rng\(0\)"):
        checks.generator(rng, "sampling")


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.int32, np.int64])
def test_factors_of_any_integer_kind_become_int64(kind):
    values = checks.factors(np.array([[0, 0], [2, 5]], kind), SIZES)
    assert values.dtype == np.int64
    assert values.tolist() == [[0, 0], [2, 5]]


def test_factors_may_be_nested_lists_and_may_have_no_rows():
    assert checks.factors([[1, 2]], SIZES).tolist() == [[1, 2]]
    assert checks.factors(np.empty((0, 2), int), SIZES).shape == (0, 2)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 0], r"must be \[n, 2\] \(shape, scale\), not of shape \(2,\)"),
        ([[0, 0, 0]], r"not of shape \(1, 3\)"),
        ([[[0, 0]]], r"not of shape \(1, 1, 2\)"),
        ([[0.0, 1.0]], "must be integers, not float64"),
        ([[True, False]], "must be integers, not bool"),
        ([["0", "1"]], "must be integers, not <U1"),
        ([[0, 0], [0, 6]], "'scale' takes 0 to 5, not 0 to 6"),
        ([[-1, 0], [2, 0]], "'shape' takes 0 to 2, not -1 to 2"),
    ],
)
def test_factors_refuse_wrong_shapes_kinds_and_ranges(values, message):
    with pytest.raises(ValueError, match=message):
        checks.factors(np.array(values), SIZES)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_codes_keep_their_float_kind(kind):
    assert checks.codes(np.zeros((3, 2), kind)).dtype == kind


def test_whole_numbered_codes_become_floats():
    values = checks.codes([[0, 1], [2, 3]])
    assert values.dtype == np.float64
    assert values.tolist() == [[0.0, 1.0], [2.0, 3.0]]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros(4), r"must be \[n, d\] .* not of shape \(4,\)"),
        (np.zeros((4, 0)), r"not of shape \(4, 0\)"),
        (np.zeros((0, 4)), r"not of shape \(0, 4\)"),
        (np.zeros((2, 2), complex), "must be numbers, not complex128"),
        (np.zeros((2, 2), bool), "must be numbers, not bool"),
        (np.array([["a", "b"]]), "must be numbers, not <U1"),
        (np.array([[0, 1, np.nan], [0, np.inf, 0]]), "latent 1 .counted from 0. holds nan or infinity"),
    ],
)
def test_codes_refuse_wrong_shapes_kinds_and_infinities(values, message):
    with pytest.raises(ValueError, match=message):
        checks.codes(values)


def test_labelled_codes_keep_rows_together():
    codes, factors = checks.labelled_codes(np.ones((3, 2), np.float32), np.array([[0], [1], [2]], np.uint8))
    assert codes.dtype == np.float32
    assert factors.dtype == np.int64
    assert factors.tolist() == [[0], [1], [2]]


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        (np.zeros((2, 1), int), r"with the 3 rows of codes, not of shape \(2, 1\)"),
        (np.zeros(3, int), r"not of shape \(3,\)"),
        (np.zeros((3, 0), int), r"not of shape \(3, 0\)"),
        (np.full((3, 1), 0.5), r"must be whole numbers: factor 0 \(counted from 0\) holds 0.5"),
        (np.full((3, 1), np.nan), "holds nan"),
        (np.zeros((2, 1), int), "are codes transposed"),
    ],
)
def test_labelled_codes_refuse_factors_that_do_not_fit(factors, message):
    with pytest.raises(ValueError, match=message):
        checks.labelled_codes(np.zeros((3, 2)), factors)


@pytest.mark.parametrize("value", [0, 2.5, np.float32(1), np.int64(3)])
def test_numbers_come_back_as_floats(value):
    assert checks.number(value, "beta") == float(value)


@pytest.mark.parametrize("value", ["4", None, True, -1, float("nan"), float("inf")])
def test_what_is_no_number_in_range_is_refused(value):
    with pytest.raises(ValueError, match="beta must be a number of at least 0, not"):
        checks.number(value, "beta")


def test_a_number_can_be_asked_to_lie_above_the_minimum():
    with pytest.raises(ValueError, match="rate must be a number above 0, not 0"):
        checks.number(0, "rate", above=True)
