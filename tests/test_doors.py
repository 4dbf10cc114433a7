"""Every public function answers arguments that are wrong with one ValueError of this package, or is listed in doors."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from doors import CALLS, DOORS, passes

import dlnb

PACKAGE = str(Path(dlnb.__file__).parent)
BAD = {
    "None": None,
    "text": "x",
    "number 3": 3,
    "number -1": -1,
    "NaN": float("nan"),
    "[]": [],
    "empty table": pd.DataFrame(),
    "array of NaN": np.full((2, 2), np.nan),
    "rows of unequal length": [[1], [1, 2]],
    "object": object(),
}
TABLES = [name for name, call in CALLS.items() if call.table]


def refuses(name: str, argument: str, kind: str, value) -> None:
    """Fail unless the function raises a ValueError of its own, or the value is listed as let through."""
    try:
        CALLS[name](**{argument: value})
    except ValueError as error:
        last = error.__traceback__
        while last.tb_next:
            last = last.tb_next
        assert last.tb_frame.f_code.co_filename.startswith(PACKAGE), f"{argument} {kind}: raised outside: {error}"
        assert str(error) and not str(error).startswith("\n")
    except Exception as error:
        pytest.fail(f"{argument} {kind}: {type(error).__name__}: {error}")
    else:
        assert passes(name, argument, kind), f"{argument} {kind}: answered without complaint"


@pytest.mark.parametrize("door", DOORS)
def test_every_public_function_has_a_call(door):
    public = {name for name in DOORS[door].__all__ if callable(getattr(DOORS[door], name))}
    assert public == {name.removeprefix(f"{door}.") for name in CALLS if name.startswith(f"{door}.")}


@pytest.mark.parametrize("name", [name for name in CALLS if not name.startswith("atlas.figure")])
def test_good_arguments_are_answered(name):  # the figures of the atlas are drawn by its own tests
    CALLS[name]()


@pytest.mark.parametrize("name", CALLS)
def test_an_argument_that_is_wrong_is_one_clear_error(name):
    for argument in CALLS[name].arguments:
        for kind, value in (BAD | {"empty generator": iter(())}).items():
            refuses(name, argument, kind, value)


def damaged(call):
    """Tables with one fault each, by what it is."""
    good = call.arguments[call.table]
    yield "without rows", good[:0]
    for column in call.needs:
        yield f"without {column}", good.drop(columns=column)
    for column in call.measured[:3]:
        for kind, value in {"infinity": np.inf, "text": "high", "complex numbers": 1j}.items():
            yield f"{kind} in {column}", good.assign(**{column: value})
    for column in call.needs:
        if column in call.key and column not in call.measured:
            yield f"an unknown {column}", good.assign(**{column: [None, *good[column].astype(object)[1:]]})
    if call.key and set(call.key) <= set(good):
        yield "repeated rows", pd.concat([good, good], ignore_index=True)
        yield "columns of the same name", pd.concat([good, good.iloc[:, :1]], axis=1)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_is_wrong_is_one_clear_error(name):
    for kind, value in damaged(CALLS[name]):
        refuses(name, CALLS[name].table, kind, value)


@pytest.mark.parametrize("name", [name for name in TABLES if name.startswith("analysis.")])
@pytest.mark.parametrize("index", ["zeros", "two tables", "texts"])
def test_the_index_of_a_table_never_matters(name, index):
    call = CALLS[name]
    count = len(call.arguments[call.table])
    labels = {"zeros": [0] * count, "two tables": [*range(count // 2)] * 2, "texts": [str(i) for i in range(count)]}
    chosen = labels[index]

    def answer(relabel):
        rng = {"rng": np.random.default_rng(0)} if "rng" in call.arguments else {}
        values = {key: value for key, value in call.arguments.items() if isinstance(value, pd.DataFrame | pd.Series)}
        found = call(**rng, **{key: value.set_axis(chosen) if relabel else value for key, value in values.items()})
        found = found.at if hasattr(found, "sets") else found
        return found if isinstance(found, dict) else np.asarray(found, dtype=object)

    expected, found = answer(False), answer(True)
    if isinstance(found, dict):
        assert found == expected
    else:
        frames = [pd.DataFrame(each.reshape(len(each), -1)) for each in (found, expected)]
        pd.testing.assert_frame_equal(*frames)
