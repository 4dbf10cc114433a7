import json
import shutil

import numpy as np
import pandas as pd
import pytest
from sweeps import ORIGIN, TINY

from dlnb import metrics, results
from dlnb.metrics.information import shares
from dlnb.metrics.predictors import disentanglement, fit_trees
from dlnb.results import factors
from dlnb.run import worker
from dlnb.study import STUDIES

CELLS, NAMES = TINY.cells(), ("shape", "scale", "x")


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(STUDIES, "tiny", TINY)


def sample(n=300, seed=0):
    rng = np.random.default_rng(seed)
    factors = rng.integers([3, 4, 5], size=(n, 3))
    return factors + 0.5 * rng.standard_normal(factors.shape), factors


def put(folder, *cells, scale=1.0):
    """Leave what the runner leaves of a cell's factors, and a row, of which only the presence counts here."""
    for cell in cells:
        place = folder / "tiny" / str(cell)
        place.mkdir(parents=True, exist_ok=True)
        (place / "row.json").write_text("{}")
        parts = {
            "gbt_10": np.array([0.5, 0.25, 0.125]) * scale,
            "information": np.arange(6.0).reshape(2, 3) + cell.seed,
        }
        factors.record(place, NAMES, parts)


def collect(runs, *tables, replace=False):
    """As the store of a study does, with the first of the folders of tables as its own."""
    homes = [folder / "tiny" for folder in tables]
    factors.save(factors.joined(TINY, runs and runs / "tiny", homes, replace), homes[0])


def home(tmp_path, name="tables"):
    (tmp_path / name / "tiny").mkdir(parents=True)
    return tmp_path / name


def test_a_score_is_the_mean_of_what_was_measured_of_each_factor():
    codes, factors = sample()
    options = {"sizes": (10, 100)}
    found, parts = metrics.measure(codes, factors, np.random.default_rng(1), **options)
    assert found == metrics.score(codes, factors, np.random.default_rng(1), **options)
    for name in ("lr_10", "lr_100", "gbt_10", "gbt_100", "explicitness"):
        assert parts[name].shape == (3,)
        assert found[name] == pytest.approx(parts[name].mean())
    assert np.ptp(parts["gbt_100"]) > 0.05, "factors differ"


def test_scores_can_be_computed_again_from_the_matrices():
    codes, factors = sample()
    found, parts = metrics.measure(codes, factors, np.random.default_rng(1), ["mig", "dci", "sap", "modularity"])
    share = parts["information"] / parts["entropy"]
    np.testing.assert_allclose(share, shares(codes[:200], factors[:200]))
    second, first = np.sort(share, axis=0)[-2:]
    assert found["mig"] == pytest.approx(np.mean(first - second))
    second, first = np.sort(parts["accuracy"], axis=0)[-2:]
    assert found["sap"] == pytest.approx(np.mean(first - second))
    assert found["dci_disentanglement"] == disentanglement(parts["importance"])
    forest = np.random.default_rng(1).spawn(1)[0]
    np.testing.assert_array_equal(parts["importance"], fit_trees(codes, factors, forest).importance)


def test_what_is_measured_comes_back_with_a_row_for_each_factor_and_a_column_for_each_latent(tmp_path):
    tables = home(tmp_path)
    put(tmp_path / "runs", CELLS[2], CELLS[0])
    collect(tmp_path / "runs", tables)
    table = factors.load("tiny", tables)
    assert list(table.columns) == [*factors.KEY, "gbt_10", "information_0", "information_1"]
    assert results.keys(table) == [results.key(CELLS[0])] * 3 + [results.key(CELLS[2])] * 3
    assert table.factor.tolist() == [*NAMES, *NAMES]
    assert table.gbt_10.tolist() == [0.5, 0.25, 0.125] * 2
    assert table.information_1.tolist() == [3, 4, 5, 4, 5, 6]


def test_rows_stay_when_runs_are_gone_and_others_join_them(tmp_path):
    tables, shard = home(tmp_path), home(tmp_path, "shard")
    put(tmp_path / "here", CELLS[0])
    put(tmp_path / "there", CELLS[1])
    collect(tmp_path / "here", tables)
    collect(tmp_path / "there", shard)
    before = (tables / "tiny" / "factors" / "dsprites.parquet").read_bytes()
    collect(tmp_path / "nothing", tables)
    assert (tables / "tiny" / "factors" / "dsprites.parquet").read_bytes() == before
    collect(None, tables, shard)
    assert results.keys(factors.load("tiny", tables))[::3] == [results.key(cell) for cell in CELLS[:2]]


def test_only_new_scores_take_the_place_of_others(tmp_path):
    tables = home(tmp_path)
    put(tmp_path / "runs", CELLS[0])
    collect(tmp_path / "runs", tables)
    put(tmp_path / "runs", CELLS[0], scale=2.0)
    collect(tmp_path / "runs", tables)
    assert factors.load("tiny", tables).gbt_10.tolist() == [0.5, 0.25, 0.125]
    collect(tmp_path / "runs", tables, replace=True)
    assert factors.load("tiny", tables).gbt_10.tolist() == [1.0, 0.5, 0.25]


def test_a_trained_cell_leaves_the_scores_of_its_factors_and_scoring_again_mends_them(tmp_path):
    assert worker.do(TINY, CELLS[1], tmp_path, ORIGIN)[1] == "done"
    path = tmp_path / "tiny" / str(CELLS[1]) / factors.FILE
    right = json.loads(path.read_text())
    assert right["factor"] == ["shape", "scale", "orientation", "position x", "position y"]
    assert {"entropy", "information_0", "information_9"} < right.keys()
    path.write_text(json.dumps(right | {"entropy": [9.0] * 5}))
    worker.rescore(TINY, CELLS, tmp_path)
    assert json.loads(path.read_text()) == right


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gbt_10": [0.5, None, 0.1]}, "empty or infinite"),
        ({"gbt_10": [0.5, float("inf"), 0.1]}, "empty or infinite"),
        ({"factor": ["shape", "shape", "x"]}, "two rows for"),
    ],
)
def test_damaged_scores_are_refused(change, message, tmp_path):
    tables = home(tmp_path)
    put(tmp_path / "runs", CELLS[0])
    path = tmp_path / "runs" / "tiny" / str(CELLS[0]) / factors.FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=message):
        collect(tmp_path / "runs", tables)
    assert not (tables / "tiny" / "factors").exists()


def test_a_damaged_file_and_a_foreign_cell_are_named(tmp_path):
    tables = home(tmp_path)
    put(tmp_path / "runs", CELLS[0])
    collect(tmp_path / "runs", tables)
    path = tables / "tiny" / "factors" / "dsprites.parquet"
    pd.read_parquet(path).assign(seed=77).to_parquet(path)
    results.renew(tables / "tiny")
    with pytest.raises(ValueError, match=r"factors/dsprites.parquet.*not a cell of the study tiny"):
        factors.load("tiny", tables)
    path.write_bytes(b"PAR1 half of")
    results.renew(tables / "tiny")
    with pytest.raises(ValueError, match=r"factors/dsprites.parquet is not a table of factors, or is damaged"):
        factors.load("tiny", tables)
    shutil.rmtree(path.parent)
    with pytest.raises(ValueError, match="no scores of factors of the study 'tiny'"):
        factors.load("tiny", tables)
