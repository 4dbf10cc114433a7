import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlnb import metrics, results
from dlnb.results import Store
from dlnb.study import SCORES, STUDIES, Study, Training

TINY = Study(
    name="tiny",
    data_sets=("dsprites", "color_dsprites"),
    methods=("beta_vae",),
    seeds=(0, 1),
    size=32,
    training=Training(steps=3, learning_rate=1e-3),
    strengths=(0, 2),
)
CELLS = TINY.cells()
LABELS = {"commit": "abc123", "versions": "dlnb 0", "machine": "some", "objective": "BetaVAE()"}
PROTOCOL = TINY.protocol("beta_vae")
COLUMNS = results.columns(TINY)
MEASURED = [name for name in COLUMNS if name not in asdict(CELLS[0]) | PROTOCOL | LABELS]


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(STUDIES, "tiny", TINY)


def row(cell, **changes):
    """A complete row, its numbers made of the cell's place in the study and awkward in binary."""
    place = CELLS.index(cell) if cell in CELLS else 0
    measured = {name: i if COLUMNS[name] == "int64" else place + i / 7 for i, name in enumerate(MEASURED)}
    return measured | LABELS | asdict(cell) | PROTOCOL | changes


def put(folder, *cells, **changes):
    """Leave the rows of cells as the runner does."""
    for cell in cells:
        path = folder / "tiny" / str(cell) / "row.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(row(cell, **changes)))


def frame(*cells, **changes):
    return pd.DataFrame([row(cell, **changes) for cell in cells])


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}


# Strictness


def test_a_good_table_comes_back_in_the_order_and_the_types_of_the_columns():
    shuffled = frame(*CELLS)[sorted(COLUMNS, reverse=True)]
    table = results.check(shuffled, TINY, "here")
    assert list(table) == list(COLUMNS)
    for name, kind in COLUMNS.items():
        assert pd.api.types.is_string_dtype(table[name]) if kind == "str" else table[name].dtype == kind
    assert table["mig"].tolist() == shuffled["mig"].tolist()


@pytest.mark.parametrize("name", COLUMNS)
def test_a_missing_column_is_refused(name):
    with pytest.raises(ValueError, match=f"here: columns {name} are missing"):
        results.check(frame(*CELLS).drop(columns=name), TINY, "here")


def test_a_column_that_the_study_does_not_promise_comes_last():
    beauty = [1.0, *[float("nan")] * (len(CELLS) - 1)]
    table = results.check(frame(*CELLS)[["mig", *COLUMNS]].iloc[:, 1:].assign(beauty=beauty), TINY, "here")
    assert list(table.columns) == [*COLUMNS, "beauty"]
    np.testing.assert_array_equal(table.beauty, beauty)


@pytest.mark.parametrize("name", COLUMNS)
def test_an_empty_value_is_refused_with_its_column(name):
    table = frame(*CELLS).astype({name: object})
    table.loc[2, name] = None
    with pytest.raises(ValueError, match=f"here: column {name} has empty"):
        results.check(table, TINY, "here")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_refused_with_their_column(value):
    with pytest.raises(ValueError, match="here: column tc_mean has empty or infinite values"):
        results.check(frame(CELLS[0], tc_mean=value), TINY, "here")


def test_two_rows_of_one_cell_are_refused_with_the_cell():
    table = pd.concat([frame(*CELLS), frame(CELLS[3], mig=0.5)])
    with pytest.raises(ValueError, match=r"two rows for .*'color_dsprites', .*'strength': 4.*, 'seed': 0"):
        results.check(table, TINY, "here")


@pytest.mark.parametrize(
    "change", [{"seed": 2}, {"strength": 2.0}, {"data_set": "cars3d"}, {"hyperparameter": "gamma"}]
)
def test_a_row_of_no_cell_is_refused(change):
    with pytest.raises(ValueError, match=r"here: \{'data_set': .*\} is not a cell of the study tiny"):
        results.check(frame(CELLS[0], **change), TINY, "here")


@pytest.mark.parametrize("name", PROTOCOL)
def test_a_row_of_another_protocol_is_refused_with_what_differs(name):
    other = f"{PROTOCOL[name]}x" if COLUMNS[name] == "str" else PROTOCOL[name] * 2
    with pytest.raises(ValueError, match=f"here: {name} is .* in a row of beta_vae but .* in the study tiny"):
        results.check(pd.concat([frame(*CELLS[1:]), frame(CELLS[0], **{name: other})]), TINY, "here")


def test_every_score_has_its_columns():
    assert set(SCORES) == set(metrics.SCORES)


def test_every_column_is_explained():
    text = (results.TABLES / "README.md").read_text()
    for name in COLUMNS:
        assert f"`{name}`" in text, name


# Collecting and loading


def test_rows_come_back_as_they_were_measured_in_the_order_of_the_cells(tmp_path):
    put(tmp_path / "runs", *reversed(CELLS))
    collected = Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    table = results.load("tiny", tmp_path / "tables")
    pd.testing.assert_frame_equal(table, collected)
    assert results.keys(table) == [results.key(cell) for cell in CELLS]
    for name in MEASURED:
        assert table[name].tolist() == [row(cell)[name] for cell in CELLS], "to the last digit"


def test_there_is_one_file_for_each_data_set_and_nothing_else(tmp_path):
    put(tmp_path / "runs", *CELLS)
    Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    assert set(contents(tmp_path / "tables")) == {"dsprites.parquet", "color_dsprites.parquet", "SHA256SUMS"}
    part = pd.read_parquet(tmp_path / "tables" / "tiny" / "color_dsprites.parquet")
    assert set(part["data_set"]) == {"color_dsprites"}
    assert len(part) == 4


def test_a_table_says_how_much_of_the_study_it_holds(tmp_path):
    put(tmp_path / "runs", *CELLS[:3])
    Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    assert results.load("tiny", tmp_path / "tables").attrs == {"study": "tiny", "models": 3, "cells": 8}
    assert Store(TINY, None, tmp_path / "tables").recorded() == set(CELLS[:3])


def test_collecting_twice_gives_the_same_bytes(tmp_path):
    put(tmp_path / "runs", *CELLS)
    Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    first = contents(tmp_path / "tables")
    Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    assert contents(tmp_path / "tables") == first


def test_how_the_rows_came_together_does_not_show_in_the_files(tmp_path):
    put(tmp_path / "all", *CELLS)
    Store(TINY, tmp_path / "all", tmp_path / "at_once").collect()
    for i, cell in enumerate(reversed(CELLS)):  # one machine after the other
        put(tmp_path / f"machine{i}", cell)
        Store(TINY, tmp_path / f"machine{i}", tmp_path / "one_by_one").collect()
    assert contents(tmp_path / "one_by_one") == contents(tmp_path / "at_once")


def test_rows_of_another_data_set_leave_a_file_as_it_is(tmp_path):
    mine, other = ([cell for cell in CELLS if cell.data_set == name] for name in TINY.data_sets)
    put(tmp_path / "runs", *mine)
    Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    before = contents(tmp_path / "tables")["dsprites.parquet"]
    put(tmp_path / "runs", *other)
    Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    assert contents(tmp_path / "tables")["dsprites.parquet"] == before


def test_rows_stay_when_their_runs_are_gone(tmp_path):
    put(tmp_path / "runs", *CELLS[:2])
    Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    table = Store(TINY, tmp_path / "nothing", tmp_path / "tables").collect()
    assert len(table) == len(results.load("tiny", tmp_path / "tables")) == 2


def test_conflicting_rows_are_refused_and_nothing_is_lost(tmp_path):
    put(tmp_path / "runs", *CELLS)
    Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    before = contents(tmp_path)
    put(tmp_path / "others", CELLS[5], mig=0.123)
    put(tmp_path / "others", CELLS[0])  # the same row is no conflict
    with pytest.raises(ValueError, match=r"'seed': 1\} differs between .*tables.tiny and .*others: leave one"):
        Store(TINY, tmp_path / "others", tmp_path / "tables").collect()
    after = contents(tmp_path)
    assert {name: after[name] for name in before if name.endswith("parquet")} == {
        name: content for name, content in before.items() if name.endswith("parquet")
    }


def test_a_bad_row_is_refused_with_its_file_and_nothing_is_written(tmp_path):
    put(tmp_path / "runs", *CELLS)
    put(tmp_path / "runs", CELLS[1], mig=float("nan"))
    with pytest.raises(ValueError, match=r"beta=4.seed=0.row.json: column mig has empty"):
        Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    assert not (tmp_path / "tables").exists()


def test_runs_that_hold_nothing_give_an_empty_table_and_no_file(tmp_path):
    table = Store(TINY, tmp_path, tmp_path / "tables").collect()
    assert (len(table), table.attrs["models"], table.attrs["cells"]) == (0, 0, len(CELLS))
    assert not contents(tmp_path)


def test_a_study_without_rows_says_how_to_train_some(tmp_path):
    with pytest.raises(ValueError, match=r"no rows of the study 'tiny' yet: .*python -m dlnb.run tiny"):
        results.load("tiny", tmp_path)
    assert Store(TINY, None, tmp_path).recorded() == set()


def test_an_unknown_study_names_the_choices():
    with pytest.raises(ValueError, match=f"unknown study 'huge': choose from {', '.join(STUDIES)}"):
        results.load("huge")


def test_a_damaged_file_is_refused_with_its_name(tmp_path):
    put(tmp_path / "runs", *CELLS)
    Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    path = tmp_path / "tables" / "tiny" / "dsprites.parquet"
    pd.read_parquet(path).drop(columns="mig").to_parquet(path)
    results.renew(path.parent)
    with pytest.raises(ValueError, match=r"dsprites.parquet: columns mig are missing"):
        results.load("tiny", tmp_path / "tables")


def test_the_same_cell_in_two_files_is_refused(tmp_path):
    put(tmp_path / "runs", *CELLS)
    Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    folder = tmp_path / "tables" / "tiny"
    (folder / "color_dsprites.parquet").write_bytes((folder / "dsprites.parquet").read_bytes())
    results.renew(folder)
    with pytest.raises(ValueError, match="tables of tiny: two rows for"):
        results.load("tiny", tmp_path / "tables")
    (folder / "copy.parquet").write_bytes((folder / "dsprites.parquet").read_bytes())
    with pytest.raises(ValueError, match=r"copy.parquet is not of a data set of the study tiny"):
        results.load("tiny", tmp_path / "tables")


def test_a_file_that_was_being_written_when_its_process_was_killed_is_no_table(tmp_path):
    put(tmp_path / "runs", *CELLS)
    Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    folder = tmp_path / "tables" / "tiny"
    (folder / ".dsprites.parquet.123.parquet").write_bytes((folder / "dsprites.parquet").read_bytes()[:100])
    assert len(results.load("tiny", tmp_path / "tables")) == len(CELLS)


def test_equal_rows_leave_the_file_as_it_is(tmp_path):
    put(tmp_path / "runs", *CELLS)
    Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    path = tmp_path / "tables" / "tiny" / "dsprites.parquet"
    pd.read_parquet(path).to_parquet(path, compression="gzip", index=False)  # as another version would write it
    results.renew(path.parent)
    before = path.read_bytes()
    Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mig": "abc"}, r"row.json: column mig does not hold float64: .*abc"),
        ({"active": 1.5}, r"row.json: column active holds 1.5, not a whole number"),
        ({"seed": [0]}, r"row.json: column seed does not hold int64"),
    ],
)
def test_values_of_another_kind_are_named_with_their_file(changes, message, tmp_path):
    put(tmp_path / "runs", CELLS[0], **changes)
    with pytest.raises(ValueError, match=message):
        Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()


def committed() -> list[tuple[str, Path]]:
    """Names of studies with the folders of tables in which they are."""
    homes = {path.parent for path in results.TABLES.rglob("*.parquet") if path.parent.name != "factors"}
    return sorted((home.name, home.parent) for home in homes if home != results.TABLES)


@pytest.mark.parametrize(("name", "folder"), committed(), ids=lambda part: Path(part).name)
def test_committed_tables_load(name, folder):
    table = results.load(name, folder)
    assert 0 < table.attrs["models"] <= table.attrs["cells"]
    assert set(table["data_set"]) == {path.stem for path in (folder / name).glob("*.parquet")}
    np.testing.assert_allclose(table["elbo"], -(table["reconstruction"] + table["kl"]), rtol=1e-9)
    assert table["mig"].between(0, 1).all()
    assert (table.filter(regex="^(tc|mi)_") >= 0).all(axis=None)


# Tables of several machines, and failures


def test_tables_of_other_machines_are_joined_and_the_bytes_do_not_tell_who_joined_them(tmp_path):
    put(tmp_path / "all", *CELLS)
    Store(TINY, tmp_path / "all", tmp_path / "whole").collect()
    for i in range(3):
        put(tmp_path / f"runs{i}", *CELLS[i::3])
        Store(TINY, tmp_path / f"runs{i}", tmp_path / f"tables{i}").collect()
    shards = [tmp_path / "tables2", tmp_path / "tables1" / "tiny"]  # of all studies, or of one
    table = Store(TINY, None, tmp_path / "tables0").collect(shards=shards)
    assert table.attrs["models"] == len(CELLS)
    assert contents(tmp_path / "tables0") == contents(tmp_path / "whole")


def test_a_row_that_differs_between_machines_is_named_and_nothing_is_written(tmp_path):
    put(tmp_path / "one", *CELLS[:3])
    put(tmp_path / "two", *CELLS[2:], seconds_training=1.5)
    for name in ("one", "two"):
        Store(TINY, tmp_path / name, tmp_path / f"tables-{name}").collect()
    before = contents(tmp_path / "tables-one")
    with pytest.raises(ValueError, match=r"differs between .*tables-one.tiny and .*tables-two.tiny: leave one"):
        Store(TINY, None, tmp_path / "tables-one").collect(shards=[tmp_path / "tables-two"])
    assert contents(tmp_path / "tables-one") == before


def test_a_folder_without_a_table_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"there is no folder .*nowhere"):
        Store(TINY, None, tmp_path).collect(shards=[tmp_path / "nowhere"])
    (tmp_path / "else").mkdir()
    with pytest.raises(ValueError, match=r"no table of the study tiny in .*else"):
        Store(TINY, None, tmp_path).collect(shards=[tmp_path / "else"])
    put(tmp_path / "runs", *CELLS)
    Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    with pytest.raises(ValueError, match=r"tables is the folder to merge into"):
        Store(TINY, None, tmp_path / "tables").collect(shards=[tmp_path / "tables"])


def fail(folder, *cells, error="FloatingPointError('no')"):
    for cell in cells:
        path = folder / "tiny" / str(cell) / "failed.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(cell) | {"error": error, "traceback": "", "commit": "abc"}))


def test_failures_are_listed_in_order_until_their_cells_have_rows(tmp_path):
    put(tmp_path / "runs", *CELLS[:2])
    fail(tmp_path / "runs", CELLS[5], CELLS[3])
    Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    listed = results.failures("tiny", tmp_path / "tables")
    assert results.keys(listed) == [results.key(CELLS[3]), results.key(CELLS[5])]
    assert set(listed.error) == {"FloatingPointError('no')"} and set(listed.commit) == {"abc"}
    put(tmp_path / "later", CELLS[3])
    Store(TINY, tmp_path / "later", tmp_path / "tables").collect()
    assert results.keys(results.failures("tiny", tmp_path / "tables")) == [results.key(CELLS[5])]
    assert Store(TINY, tmp_path / "nowhere", tmp_path / "tables").failed() == {CELLS[5]: "FloatingPointError('no')"}
    put(tmp_path / "later", CELLS[5])
    Store(TINY, tmp_path / "later", tmp_path / "tables").collect()
    assert not (tmp_path / "tables" / "tiny" / "failed.csv").exists()
    assert len(results.failures("tiny", tmp_path / "tables")) == 0


def test_failures_are_kept_where_no_model_is_done_yet(tmp_path):
    fail(tmp_path / "runs", CELLS[0])
    assert len(Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()) == 0
    assert len(results.failures("tiny", tmp_path / "tables")) == 1


@pytest.mark.parametrize(
    "text", ["a,b\n1,2\n", "data_set,method,strength,seed,error,commit\ncats,beta_vae,1,0,no,abc\n"]
)
def test_a_damaged_or_foreign_list_of_failures_is_named(text, tmp_path):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "failed.csv").write_text(text)
    with pytest.raises(ValueError, match=r"failed\.csv"):
        results.failures("tiny", tmp_path)


def test_a_damaged_table_is_named(tmp_path):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "dsprites.parquet").write_bytes(b"PAR1 half of it")
    with pytest.raises(ValueError, match=r"dsprites.parquet is not a table, or is damaged"):
        results.load("tiny", tmp_path)


def test_failures_of_other_machines_are_joined_and_a_row_from_elsewhere_ends_a_failure(tmp_path):
    put(tmp_path / "there", CELLS[0])
    fail(tmp_path / "there", CELLS[1])
    Store(TINY, tmp_path / "there", tmp_path / "shard").collect()
    put(tmp_path / "here", CELLS[1])
    fail(tmp_path / "here", CELLS[0], CELLS[2])
    Store(TINY, tmp_path / "here", tmp_path / "tables").collect(shards=[tmp_path / "shard"])
    assert results.keys(results.failures("tiny", tmp_path / "tables")) == [results.key(CELLS[2])]
    assert list(Store(TINY, tmp_path / "here", tmp_path / "tables").failed()) == [CELLS[2]]
    fail(tmp_path / "only", CELLS[3])
    Store(TINY, tmp_path / "only", tmp_path / "failures").collect()  # a shard without a single model
    table = Store(TINY, None, tmp_path / "tables").collect(shards=[tmp_path / "failures"])
    assert len(table) == 2 and len(results.failures("tiny", tmp_path / "tables")) == 2


@pytest.mark.parametrize("content", ['{"name": 1}', '{"data_set": "cats", "method": "m", "strength": 1, "seed": 0}'])
def test_a_foreign_failure_is_named(content, tmp_path):
    path = tmp_path / "runs" / "tiny" / str(CELLS[0]) / "failed.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(ValueError, match=r"failed.json is not a failure of the study tiny"):
        Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()


def test_a_column_of_ones_own_does_not_make_a_row_another(tmp_path):
    put(tmp_path / "runs", *CELLS[:2])
    store = Store(TINY, tmp_path / "runs", tmp_path / "tables")
    noted = store.collect().assign(note=["seen", "not seen"])
    for name, part in noted.groupby("data_set"):
        part.to_parquet(store.home / f"{name}.parquet", index=False)
    results.renew(store.home)
    assert store.collect().note.tolist() == ["seen", "not seen"]  # the runs still have the rows without it
    put(tmp_path / "runs", CELLS[2])
    assert store.collect().note.isna().tolist() == [False, False, True]
