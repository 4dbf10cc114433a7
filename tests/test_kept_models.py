"""A trained model comes by its setting, with its row, from the files beside the tables, from afar, or from own runs."""

import hashlib
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import servers
from common import rng
from sweeps import ORIGIN, TINY

from dlnb import data, results
from dlnb.data.downloads import DataFileError
from dlnb.models import Model, encode, evaluate
from dlnb.results import weights
from dlnb.run import worker
from dlnb.study import STUDIES

CELL, OTHER, *REST = TINY.cells()
SETTING = {"data_set": "dsprites", "method": "beta_vae", "strength": CELL.strength, "seed": 0}
DSPRITES = data.load("dsprites", size=32)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Tables and runs of a small study, of which two models are kept and one is not trained."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(STUDIES, "tiny", TINY)
        for cell in (CELL, OTHER, REST[0]):
            assert worker.do(TINY, cell, folder / "runs", ORIGIN) == (cell, "done", "")
        results.Store(TINY, folder / "runs", folder / "tables").collect()
        for cell in (OTHER, CELL):  # one by one, as a grid grows, and in another order than the study's
            weights.keep("tiny", {cell: whole(folder, cell)}, folder / "tables")
    return folder


@pytest.fixture
def folder(made, tmp_path, monkeypatch):
    """A copy that a test may damage, with an empty cache."""
    monkeypatch.setitem(STUDIES, "tiny", TINY)
    monkeypatch.setenv("DLNB_DATA", str(tmp_path / "cache"))
    return shutil.copytree(made, tmp_path / "made")


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr("dlnb.data.downloads.PAUSE", 0)
    with servers.running() as server:
        monkeypatch.setattr(weights, "SOURCE", server.url("", None))
        yield server


def whole(folder, cell=CELL):
    return Model.load(folder / "runs" / "tiny" / str(cell) / "model.npz")


def file(folder, cell=CELL):
    return folder / "tables" / "tiny" / "weights" / f"{cell}.npz"


def test_a_kept_model_is_the_trained_one_to_half_a_step_of_its_bytes_and_has_its_row(folder):
    model, row = results.load_model("tiny", **SETTING, tables=folder / "tables")
    first = whole(folder)
    for kind in ("encoder", "decoder"):
        pairs = zip(getattr(first, kind).get_weights(), getattr(model, kind).get_weights(), strict=True)
        for one, other in pairs:
            assert other.dtype == np.float32
            step = np.abs(one).max(axis=tuple(range(one.ndim - 1))) / 127 if one.ndim > 1 else 0
            assert (np.abs(one - other) <= 0.501 * step).all()
    images = DSPRITES.sample(50, rng())[1]
    one, other = encode(first, images), encode(model, images)
    assert np.corrcoef(one.mean.ravel(), other.mean.ravel())[0, 1] > 0.999
    assert first.history and not model.history  # they would be a seventh of the file
    table = results.load("tiny", folder / "tables")
    pd.testing.assert_series_equal(row, table.iloc[0])
    assert results.keys(row.to_frame().T)[0] == results.key(CELL)


def test_the_file_is_a_quarter_of_the_model_at_most(folder):
    size, of = file(folder).stat().st_size, (folder / "runs" / "tiny" / str(CELL) / "model.npz").stat().st_size
    assert 0.15 < size / of < 0.27  # new weights are uniform; trained ones take less


def test_the_list_is_in_the_study_s_order_and_as_sha256sum_counts(folder):
    kept = results.kept_models("tiny", folder / "tables")
    assert results.keys(kept) == [results.key(CELL), results.key(OTHER)]
    for cell, row in zip((CELL, OTHER), kept.itertuples(), strict=True):
        content = file(folder, cell).read_bytes()
        assert (row.bytes, row.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert results.kept_models("smoke", folder / "tables").empty
    assert list(results.kept_models("smoke", folder / "tables")) == list(kept)


def test_a_study_of_which_nothing_is_kept_has_an_empty_list(folder):
    assert weights.keep("smoke", {}, folder / "tables").empty
    assert list(results.kept_models("smoke", folder / "tables")) == weights.COLUMNS
    with pytest.raises(ValueError, match=r"is not kept, but none is\. Train it"):
        results.load_model("smoke", data_set="dsprites", method="beta_vae", strength=1, tables=folder / "tables")


def test_own_runs_come_as_they_were_trained(folder):
    setting = SETTING | {"seed": REST[0].seed, "strength": REST[0].strength}
    model, row = results.load_model("tiny", **setting, runs=folder / "runs")
    for one, other in zip(whole(folder, REST[0]).decoder.get_weights(), model.decoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert row.elbo == results.load("tiny", folder / "tables").elbo.iloc[2]
    setting = SETTING | {"seed": REST[1].seed, "strength": REST[1].strength}
    with pytest.raises(ValueError, match=f"no finished run of {REST[1]} in .*: train it, python -m dlnb.run tiny"):
        results.load_model("tiny", **setting, runs=folder / "runs")


def test_where_the_files_are_not_installed_one_is_fetched_once(folder, server):
    content = file(folder).read_bytes()
    shutil.rmtree(file(folder).parents[3])

    def answer(request):
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    server.url(f"/tiny/weights/{CELL}.npz", answer)
    for _ in range(2):
        model, _ = results.load_model("tiny", **SETTING, tables=folder / "tables")
        assert model.about["name"] == str(CELL)
    assert len(server.requests) == 1
    content = file(folder.parent / "made", CELL).name.encode() * 9  # other bytes than those that are listed
    shutil.rmtree(folder.parent / "cache")
    with pytest.raises(DataFileError, match=r"(?s)bytes instead of .*a clone of the repository.*--only 'dsprites/beta"):
        results.load_model("tiny", **SETTING, tables=folder / "tables")
    assert not list((folder.parent / "cache").glob("*.npz"))


@pytest.mark.parametrize("damage", ["cut", "bit"])
def test_a_damaged_file_is_refused_by_name(folder, damage):
    content = bytearray(file(folder).read_bytes())
    content[len(content) // 2] ^= 1
    file(folder).write_bytes(content if damage == "bit" else content[:-9])
    with pytest.raises(ValueError, match=rf"{re.escape(str(file(folder)))} was damaged .*restore it from git"):
        results.load_model("tiny", **SETTING, tables=folder / "tables")


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "data_set,method,hyperparameter,strength,seed,bytes,sha256\nx\n"])
def test_a_damaged_list_is_refused_by_name(folder, text):
    (folder / "tables" / "tiny" / "weights.csv").write_text(text)
    with pytest.raises(ValueError, match=r"weights\.csv is not a list of kept models, or is damaged"):
        results.kept_models("tiny", folder / "tables")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"data_set": "cars3d"}, "unknown data set 'cars3d': choose from dsprites"),
        ({"method": "beta_tc_vae"}, "unknown method 'beta_tc_vae': choose from beta_vae"),
        ({"strength": 5}, "has no beta_vae with beta=5 and seed=0, but 1, 6 with seeds 0, 1"),
        ({"seed": 2}, "has no beta_vae with beta=1 and seed=2, but 1, 6 with seeds 0, 1"),
        ({"strength": "1"}, "strength must be a number, not '1'"),
        ({"strength": -1}, "has no beta_vae with beta=-1 and seed=0, but 1, 6"),
        ({"strength": float("nan")}, "strength must be a number"),
        ({"seed": 0.5}, "seed must be a whole number"),
        (
            {"seed": 1},
            r"is not kept, but those of dsprites with seed 0 \(2\)\. Train it, python -m dlnb\.run tiny --only",
        ),
    ],
)
def test_a_setting_that_there_is_not_is_refused_with_what_there_is(folder, setting, message):
    with pytest.raises(ValueError, match=message):
        results.load_model("tiny", **SETTING | setting, tables=folder / "tables")


def test_an_unknown_study_is_refused():
    with pytest.raises(ValueError, match="unknown study 'none'"):
        results.load_model("none", **SETTING)


def test_only_the_model_of_a_cell_is_kept_as_that(folder):
    before = file(folder).read_bytes()
    with pytest.raises(ValueError, match=f"the model '{OTHER}' is not that of {CELL}"):
        weights.keep("tiny", {CELL: whole(folder, OTHER)}, folder / "tables")
    assert file(folder).read_bytes() == before


KEPT = {name: kept for name in STUDIES if len(kept := results.kept_models(name))}
SOME = [(name, place) for name, kept in KEPT.items() for place in sorted({0, len(kept) // 2, len(kept) - 1})]


def test_what_is_committed_is_what_is_listed_and_below_30_mebibytes():
    assert "large" in KEPT
    assert sum(kept.bytes.sum() for kept in KEPT.values()) < 30 * 2**20
    for name in STUDIES:
        cells = {results.key(cell): cell for cell in STUDIES[name].cells()}
        home, listed = results.TABLES / name / weights.FOLDER, results.kept_models(name)
        paths = [home / f"{cells[key]}.npz" for key in results.keys(listed)]
        assert sorted(paths) == sorted(home.rglob("*.npz"))
        assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths] == listed.sha256.tolist()
        assert not len(listed) or set(results.keys(listed)) <= set(results.keys(results.load(name)))


@pytest.mark.parametrize(("study", "place"), SOME)
def test_a_committed_model_has_the_losses_of_its_row(study, place):
    """Evaluated anew, on other images: the row's values are means over 100 batches."""
    setting = KEPT[study].iloc[place][results.KEY].to_dict()
    model, row = results.load_model(study, **setting)
    found = evaluate(model, data.load(setting["data_set"], size=STUDIES[study].size), rng(1), 20, 64)
    for name in ("reconstruction", "kl"):
        assert found[name] == pytest.approx(row[name], rel=0.03, abs=0.5), name
