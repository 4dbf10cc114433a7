import numpy as np
import pandas as pd
import pytest

from dlnb import checks
from dlnb.representation import Representation

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
        (None, "not None"),
        (np.ma.array([[0, 0]], mask=[[0, 1]]), "masked entries"),
        (np.array([[2**63, 0]], np.uint64), "'shape' takes 0 to 2, not 9223372036854775808"),
    ],
)
def test_factors_refuse_wrong_shapes_kinds_and_ranges(values, message):
    with pytest.raises(ValueError, match=message):
        checks.factors(np.array(values) if isinstance(values, list) else values, SIZES)


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


@pytest.mark.parametrize("values", [np.full((2, 2), 1e38), [[-1e300, 0]], np.full((2, 1), 2e4, np.float16)])
def test_codes_are_of_a_size_whose_range_is_finite(values):
    with pytest.raises(ValueError, match=r"codes must be at most .* in size, but latent 0 .*: divide its codes"):
        checks.codes(values)


def test_codes_and_factors_are_converted_from_what_holds_them():
    assert checks.codes(Tensor()).tolist() == [[1], [1]]
    assert checks.codes(NULLABLE).tolist() == [[1, 0.5], [2, 1.5]]
    assert checks.factors(Tensor().numpy().astype(int), {"a": 2}).tolist() == [[1], [1]]
    assert checks.factors(NULLABLE[["a"]], {"a": 3}).tolist() == [[1], [2]]
    codes, factors = checks.labelled_codes(Tensor(), Tensor())
    assert codes.tolist() == factors.tolist() == [[1], [1]] and factors.dtype == np.int64


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
        (np.zeros((1, 3), int), "are factors transposed"),
        (None, "not None"),
        (np.full((3, 1), 2.0**60), "holds 1.15.*; number huge ones by np.unique"),
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


class Tensor:
    """Like a tensor of PyTorch that requires a gradient: NumPy's conversion is refused until it is detached."""

    def __array__(self, *arguments, **more):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")

    def detach(self):
        return self

    cpu = detach

    def numpy(self):
        return np.ones((2, 1))


NULLABLE = pd.DataFrame({"a": pd.array([1, 2], "Int64"), "b": pd.array([0.5, 1.5], "Float64")})


@pytest.mark.parametrize("values", [[[1.0], [1.0]], Tensor(), np.ones((2, 1)), np.ma.array(np.ones((2, 1)))])
def test_array_converts_what_holds_numbers(values):
    assert checks.array(values, "codes", "[n, d]", 2).tolist() == [[1], [1]]


def test_array_converts_nullable_columns():
    assert checks.array(NULLABLE, "codes").tolist() == [[1, 0.5], [2, 1.5]]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (None, r"codes must be an array of numbers \[n, d\], not None"),
        ("x", "not 'x'"),
        ([["a", "b"]], r"not <U1 of shape \(1, 2\)"),
        ([[1], [1, 2]], "not .*inhomogeneous"),
        (np.ones((1, 1), complex), r"not complex128 of shape \(1, 1\)"),
        (np.ones(3), r"codes must be \[n, d\], not of shape \(3,\)"),
        (np.ma.array(np.ones((2, 1)), mask=[[0], [1]]), "masked entries: fill them"),
        (NULLABLE.assign(a=pd.array([1, None], "Int64")), "has missing values"),
        (pd.DataFrame({"a": ["x", "y"]}), "holds text"),
    ],
)
def test_array_refuses_the_rest_and_says_what_was_given(values, message):
    with pytest.raises(ValueError, match=message):
        checks.array(values, "codes", "[n, d]", 2)


def test_finite_names_the_place():
    with pytest.raises(ValueError, match=r"codes must be finite, but holds nan at \(1, 0\)"):
        checks.finite([[1.0, 2], [np.nan, np.inf]], "codes")
    with pytest.raises(ValueError, match="holds inf at 2"):
        checks.finite([1.0, 2, np.inf], "strengths")


TABLE = pd.DataFrame({"data_set": ["a", "b"], "mig": [0.1, 0.2]}, index=[5, 5])


def test_table_returns_rows_under_an_index_of_its_own():
    TABLE.attrs["models"] = 2
    found = checks.table(TABLE, ["mig"], key=["data_set"], finite=["mig"])
    assert found.index.tolist() == [0, 1]
    assert found.mig.tolist() == [0.1, 0.2]
    assert found.attrs == {"models": 2}
    assert TABLE.index.tolist() == [5, 5]


def test_holes_of_a_table_may_be_of_any_kind_that_pandas_has():
    for values in ([0.1, np.nan], pd.array([1, None], "Int64"), pd.array([0.5, None], "Float64")):
        assert checks.table(TABLE.assign(mig=values), holes=["mig"]).mig.isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("value", "wanted", "message"),
    [
        (None, {}, "the table must be a DataFrame"),
        (TABLE, {"columns": ["mug"]}, "unknown column 'mug': choose from data_set, mig"),
        (pd.concat([TABLE, TABLE]), {"key": ["data_set"]}, "several rows for {'data_set': 'a'}, 2 too many"),
        (TABLE, {"finite": ["data_set"]}, "column data_set must be numbers"),
        (TABLE.assign(mig=[0.1, np.nan]), {"finite": ["mig"]}, "column mig must be finite, but holds nan in row 1"),
        (TABLE.assign(mig=[np.inf, np.nan]), {"holes": ["mig"]}, "mig must be finite or NaN, but holds inf in row 0"),
        (TABLE.assign(mig=[True, False]), {"holes": ["mig"]}, "column mig must be numbers, not bool"),
        (TABLE.assign(mig=[1j, 2]), {"finite": ["mig"]}, "column mig must be numbers, not complex128"),
        (TABLE.assign(data_set=["a", None]), {"key": ["data_set"]}, "data_set must be known in every row, .* in row 1"),
        (
            TABLE.assign(data_set=[["a"], ["b"]]),
            {"key": ["data_set"]},
            "data_set must hold names or numbers, not lists",
        ),
        (pd.concat([TABLE, TABLE], axis=1), {"columns": ["mig"]}, "several columns 'data_set': rename or drop"),
    ],
)
def test_table_refuses_what_would_be_counted_wrong(value, wanted, message):
    with pytest.raises(ValueError, match=message):
        checks.table(value, **wanted)


def test_names_are_one_or_several_and_distinct():
    assert checks.names("mig", "score") == ("mig",)
    assert checks.names(["mig", "sap"], "score", ["sap", "mig"]) == ("mig", "sap")
    for bad, message in ((None, "a name or several, not None"), (["a", "a"], "'a' is given twice"), (3, "not 3")):
        with pytest.raises(ValueError, match=message):
            checks.names(bad, "score")


@pytest.mark.parametrize("value", [None, "", 3, b"x"])
def test_path_refuses_what_names_no_file(value):
    with pytest.raises(ValueError, match="folder must be the path of a file or folder"):
        checks.path(value, "folder")


def test_choose_answers_unhashable_names_and_suggests_one_of_many():
    with pytest.raises(ValueError, match=r"unknown letter \['b'\]: choose from a"):
        checks.choose({"a": 1}, ["b"], "letter")
    many = dict.fromkeys(["mig", "sap", "modularity", "b1", "b2", "b3", "b4", "b5", "b6"])
    with pytest.raises(ValueError, match="did you mean 'modularity'"):
        checks.choose(many, "modularty", "score")


def test_messages_show_long_values_by_what_they_are():
    assert checks.shown(np.ones((3, 2))) == "an array of float64 of shape (3, 2)"
    assert checks.shown(TABLE) == "a DataFrame of shape (2, 2)"
    assert checks.shown(list(range(100))) == "a list of 100 entries"
    assert len(checks.shown("x" * 1000)) < 80


def test_images_without_factors_are_told_what_can_be_scored():
    with pytest.raises(ValueError, match="without factors there are only scores that need none"):
        checks.labelled_codes(np.ones((3, 2)), np.empty((3, 0), int))


def test_named_columns_of_factors_may_come_in_any_order_but_not_in_part():
    named = pd.DataFrame({"scale": [5, 0], "shape": [2, 1]})
    assert checks.factors(named, SIZES).tolist() == [[2, 5], [1, 0]]
    assert checks.factors(named.set_axis([0, 1], axis=1)[[1, 0]], SIZES).tolist() == [[2, 5], [1, 0]]  # by place
    with pytest.raises(ValueError, match="columns of factors must be shape, scale, not scale, form"):
        checks.factors(named.rename(columns={"shape": "form"}), SIZES)


def test_who_gives_a_representation_for_its_codes_is_told_what_to_give():
    codes = Representation(np.zeros((2, 1), int), np.zeros((2, 3)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"codes must be an array .* not a Representation: give its mean"):
        checks.codes(codes)
    with pytest.raises(ValueError, match=r"codes must be numbers, not object: convert them by \.astype"):
        checks.codes(np.array([[1.0, None]], object))
