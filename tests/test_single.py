"""A model of a notebook gets the row that the runner records for its cell, in tables that ``results`` reads."""

import json
import re
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from sweeps import ORIGIN, TINY

from dlnb import data, models, results, run
from dlnb.run import worker
from dlnb.study import STUDIES

# As smoke, but small: the runner's steps are the same at any length
SMOKE = replace(STUDIES["smoke"], sample=2_400, labels=(10, 100), evaluation=2)
SMOKE = replace(SMOKE, training=replace(SMOKE.training, steps=30))
CELL = TINY.cells()[1]
DSPRITES = data.load("dsprites", size=32)
SECONDS = ["seconds_training", "seconds_scoring"]


def trained(of, cell, **changes):
    """The model of a cell, as a reader trains it; ``changes`` of the method, the data set or the protocol."""
    images = changes.pop("data_set", None) or data.load(cell.data_set, of.source, of.size)
    method, seed = changes.pop("method", run.method_of(of, cell)), changes.pop("seed", cell.seed)
    return models.train(images, method, replace(of.training_of(cell.method), **changes), seed=seed)


@pytest.fixture(scope="module")
def row():
    return run.measure_model(TINY, CELL, trained(TINY, CELL))


@pytest.mark.parametrize(
    "pattern",
    ["dsprites/factor_vae/*=10/*", pytest.param("color_dsprites/annealed_vae/*=75/*", marks=pytest.mark.slow)],
)
def test_the_row_is_that_of_the_runner_bit_for_bit(pattern, tmp_path):
    (cell,) = SMOKE.select(pattern)
    found = run.measure_model(SMOKE, cell, trained(SMOKE, cell, steps=SMOKE.training_of(cell.method).steps))
    assert worker.do(SMOKE, cell, tmp_path, worker.origin()) == (cell, "done", "")
    recorded = json.loads((tmp_path / "smoke" / str(cell) / results.ROW).read_text())
    expected = results.check(pd.DataFrame([recorded]), SMOKE, "row")
    assert list(found) == list(expected) == list(results.columns(SMOKE))
    pd.testing.assert_frame_equal(found.drop(columns=SECONDS), expected.drop(columns=SECONDS), check_exact=True)
    assert (found[SECONDS] >= 0).all(axis=None)


def test_the_data_set_may_be_given_or_not(row):
    again = run.measure_model(TINY, CELL, trained(TINY, CELL), DSPRITES)
    pd.testing.assert_frame_equal(row.drop(columns=SECONDS), again.drop(columns=SECONDS), check_exact=True)


def test_a_row_is_added_to_tables_of_ones_own_and_read_from_them(row, tmp_path, monkeypatch):
    store = results.Store(TINY, tables=tmp_path)
    store.collect(rows=row)
    other = row.assign(seed=1, mig=0.5)
    table = store.collect(rows=other)
    assert table.attrs["models"] == 2 and results.keys(table) == [*results.keys(row), *results.keys(other)]
    monkeypatch.setitem(STUDIES, "tiny", TINY)
    pd.testing.assert_frame_equal(results.load("tiny", tmp_path)[:1], row)
    assert store.collect(rows=row).equals(table)
    with pytest.raises(ValueError, match=f"differs between {re.escape(str(tmp_path))}.* and rows: leave one"):
        store.collect(rows=row.assign(mig=0.25))
    assert store.load().equals(table)
    assert store.collect(rows=row.assign(mig=0.25), replace=True).mig.tolist() == [0.25, 0.5]
    with pytest.raises(ValueError, match=r"rows: steps is .* in a row of beta_vae but 3 in the study tiny"):
        store.collect(rows=row.assign(steps=4))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 1}, "the model was trained with seed 1, but .* of the study tiny has 0: train run.method_of"),
        ({"steps": 4}, "trained with steps 4, but .* has 3"),
        ({"learning_rate": 1e-4}, "trained with learning_rate 0.0001, but .* has 0.001"),
        ({"method": models.BetaVAE(7)}, r"with hyperparameters \{'beta': 7\}, but .* has \{'beta': 6\}"),
        ({"method": models.BetaTCVAE(6)}, "with method 'BetaTCVAE', but .* has 'BetaVAE'"),
        ({"data_set": data.restrict(DSPRITES, shape=1)}, "the model was trained with "),
    ],
)
def test_a_model_of_another_cell_is_refused_with_what_differs(changes, message):
    with pytest.raises(ValueError, match=message):
        run.measure_model(TINY, CELL, trained(TINY, CELL, **changes))


def test_what_is_no_model_no_cell_or_another_data_set_is_refused(row):
    model = trained(TINY, CELL)
    foreign = replace(CELL, seed=9)
    with pytest.raises(ValueError, match="study must be a Study"):
        run.measure_model("tiny", CELL, model)
    with pytest.raises(ValueError, match="cell must be a Cell"):
        run.measure_model(TINY, str(CELL), model)
    with pytest.raises(ValueError, match=f"{foreign} is not a cell of the study tiny"):
        run.measure_model(TINY, foreign, model)
    with pytest.raises(ValueError, match="model must be a Model"):
        run.measure_model(TINY, CELL, "model.npz")
    with pytest.raises(ValueError, match="data_set must be a DataSet"):
        run.measure_model(TINY, CELL, model, "dsprites")
    with pytest.raises(ValueError, match="the data set is size 64, but"):
        run.measure_model(TINY, CELL, model, data.load("dsprites", size=64))
    with pytest.raises(ValueError, match="trained with data_set None, but"):
        run.measure_model(TINY, CELL, models.Model(model.encoder, model.decoder, {}))
    small = replace(TINY, scores=("factor_vae_score",), sample=1_300)
    with pytest.raises(ValueError, match="factor_vae_score needs 32 images of every class"):
        run.measure_model(small, CELL, model)


def test_the_method_of_a_cell_has_the_constants_of_the_study_and_the_length_of_the_run():
    short = STUDIES["short"]
    (cell,) = short.select("dsprites/annealed_vae/*=25/seed=0")
    method = run.method_of(short, cell)
    assert (method.capacity, method.gamma) == (25, 30) and np.isclose(method.warm_up, 2_000 / 3)
    assert asdict(run.method_of(short, short.select("dsprites/beta_vae/*=8/seed=0")[0])) == {"beta": 8}


def test_the_origin_of_the_row_is_told(row):
    assert row[["commit", "versions"]].iloc[0].to_dict() == worker.origin()
    assert set(ORIGIN) == set(worker.origin())
