import json
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlnb import results, run, training
from dlnb.data import load
from dlnb.metrics import average_mutual_information, mig, total_correlation
from dlnb.models import Model
from dlnb.representation import Representation
from dlnb.study import SCORES, STUDIES, Study

TINY = Study(
    name="tiny",
    data_sets=("dsprites",),
    methods=("beta_vae",),
    seeds=(0, 1),
    steps=3,
    size=32,
    learning_rate=1e-3,
    strengths=(0, 3),
    batch=16,
    sample=300,
    evaluation=1,
    scores=("mig", "total_correlation", "average_mutual_information"),
)
CELLS = TINY.cells()
ORIGIN = {"commit": "abc123", "versions": "dlnb 0"}


def read(folder, cell, name="row.json"):
    return json.loads((folder / "tiny" / str(cell) / name).read_text())


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# One cell, really trained


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The folder of runs in which the second cell was trained."""
    folder = tmp_path_factory.mktemp("runs")
    assert run.run_cell(TINY, CELLS[1], folder, ORIGIN) is None
    return folder


def test_a_cell_leaves_its_row_codes_and_model_and_nothing_else(done):
    names = ["codes.npz", "model.npz", "row.json"]
    assert files(done) == [f"tiny/dsprites/beta_vae/beta=6/seed=0/{name}" for name in names]


def test_a_row_is_a_valid_row_of_the_table_with_cell_protocol_and_origin(done):
    row = read(done, CELLS[1])
    assert len(results.check(pd.DataFrame([row]), TINY, "row")) == 1
    assert asdict(CELLS[1]).items() | TINY.protocol("beta_vae").items() | ORIGIN.items() <= row.items()
    assert row["elbo"] == pytest.approx(-row["reconstruction"] - row["kl"])


def test_scores_are_those_of_the_codes_that_were_kept(done):
    row = read(done, CELLS[1])
    codes = Representation.load(done / "tiny" / str(CELLS[1]) / "codes.npz")
    assert codes.mean.shape == (300, 10)
    assert row["mig"] == mig(codes.mean, codes.factors)["mig"]
    assert row["tc_mean"] == total_correlation(codes.mean)["total_correlation"]
    assert row["mi_mean"] == average_mutual_information(codes.mean)["average_mutual_information"]
    active = codes.mean[:, codes.active]
    assert row["active"] == active.shape[1]
    assert row["tc_mean_active"] == pytest.approx(total_correlation(active)["total_correlation"] if active.size else 0)
    # Sampled codes of a model that knows nothing yet are noise of variance 1: a little correlated by chance.
    assert 0 < row["tc_sampled"] < 1 < row["tc_mean"]


def test_the_model_that_was_kept_gives_the_codes_that_were_kept(done):
    folder, data_set = done / "tiny" / str(CELLS[1]), load("dsprites", size=32)
    model = Model.load(folder / "model.npz", data_set, latents=10)
    codes = Representation.load(folder / "codes.npz")
    again = training.encode(model, data_set.render(codes.factors))
    np.testing.assert_allclose(again.mean, codes.mean, atol=1e-6)
    np.testing.assert_allclose(again.logvar, codes.logvar, atol=1e-6)
    assert {name: values.shape for name, values in model.history.items()} == dict.fromkeys(
        ("reconstruction", "kl", "regularizer"), (3,)
    )
    assert model.about["name"] == str(CELLS[1])
    assert read(done, CELLS[1])["objective"] == "BetaVAE(beta=6)"


def test_scoring_again_mends_the_scores_from_the_codes_and_nothing_else(done, tmp_path):
    shutil.copytree(done, tmp_path, dirs_exist_ok=True)
    right = read(done, CELLS[1])
    path = tmp_path / "tiny" / str(CELLS[1]) / "row.json"
    path.write_text(json.dumps({k: v for k, v in right.items() if k != "active"} | {"mig": 0.9, "tc_sampled": 9.0}))
    run.rescore(TINY, CELLS, tmp_path)  # the cells that are not trained are passed over
    assert read(tmp_path, CELLS[1]) == right
    assert files(tmp_path) == files(done)


def test_the_command_puts_new_scores_in_place_of_the_old_ones_in_the_table(done, tmp_path, monkeypatch):
    monkeypatch.setitem(STUDIES, "tiny", TINY)
    monkeypatch.setattr(run, "row", lambda *_: pytest.fail("nothing is to be trained"))
    shutil.copytree(done, tmp_path / "runs")
    right = read(done, CELLS[1])
    (tmp_path / "tables" / "tiny").mkdir(parents=True)
    old = pd.DataFrame([right | {"mig": 0.9}]).drop(columns="active")  # from before the score existed
    old.to_parquet(tmp_path / "tables" / "tiny" / "dsprites.parquet")
    assert command("tiny", "--rescore", folder=tmp_path) == 0
    table = results.load("tiny", tmp_path / "tables")
    assert (table.mig[0], table.active[0]) == (right["mig"], right["active"])


def test_damaged_codes_are_named_when_scored_again(done, tmp_path):
    shutil.copytree(done, tmp_path, dirs_exist_ok=True)
    (tmp_path / "tiny" / str(CELLS[1]) / "codes.npz").write_bytes(b"PK half of")
    with pytest.raises(ValueError, match=f"{CELLS[1]}: its codes cannot be read"):
        run.rescore(TINY, CELLS, tmp_path)
    assert read(tmp_path, CELLS[1]) == read(done, CELLS[1])


def test_the_same_cell_gives_the_same_row(done, tmp_path):
    # On the way: a run that was killed before its row was written is done again.
    leftover = tmp_path / "tiny" / str(CELLS[1])
    leftover.mkdir(parents=True)
    (leftover / ".row.json.123").write_text('{"data_set": "dspr')
    (leftover / "codes.npz").write_bytes(b"PK half of")
    assert run.run_cell(TINY, CELLS[1], tmp_path, ORIGIN) is None
    one, other = read(done, CELLS[1]), read(tmp_path, CELLS[1])
    for row in (one, other):
        del row["seconds_training"], row["seconds_scoring"]
    assert one == other


# Many cells, with a stand-in for the training


@pytest.fixture
def trained(monkeypatch):
    """The cells that were trained, in order; a cell named in ``trained.failing`` fails, with a message."""

    class Trained(list):
        """A list that can hold ``failing``."""

    cells = Trained()
    cells.failing = {}

    def row(study, cell, folder):
        cells.append(cell)
        if cell in cells.failing:
            raise FloatingPointError(cells.failing[cell])
        others = asdict(cell) | study.protocol(cell.method) | ORIGIN
        return {name: 1 for name in results.columns(TINY) if name not in others} | {
            "machine": "some",
            "objective": "BetaVAE()",
        }

    monkeypatch.setitem(STUDIES, "tiny", TINY)
    monkeypatch.setattr(run, "row", row)
    monkeypatch.setattr(run, "origin", lambda: ORIGIN)
    return cells


def test_every_cell_is_trained_once(trained, tmp_path):
    assert run.run(TINY, CELLS, tmp_path, tmp_path / "tables") == []
    assert trained == CELLS
    assert files(tmp_path) == sorted(f"tiny/{cell}/row.json" for cell in CELLS)


def test_a_second_run_trains_what_is_missing_only(trained, tmp_path, capsys):
    run.run(TINY, CELLS[:1], tmp_path, tmp_path / "tables")
    run.run(TINY, CELLS, tmp_path, tmp_path / "tables")
    assert trained == CELLS
    assert "tiny: 1 of 4 models done or failed before, 3 to train" in capsys.readouterr().out


def test_cells_of_the_table_are_not_trained_again(trained, tmp_path):
    run.run(TINY, CELLS[:3], tmp_path / "runs", tmp_path / "tables")
    results.collect(TINY, tmp_path / "runs", tmp_path / "tables")
    run.run(TINY, CELLS, tmp_path / "elsewhere", tmp_path / "tables")
    assert trained == CELLS
    assert files(tmp_path / "elsewhere") == [f"tiny/{CELLS[3]}/row.json"]


def test_a_done_cell_is_left_alone_even_when_asked_for_directly(done):
    before = (done / "tiny" / str(CELLS[1]) / "row.json").read_bytes()
    assert run.run_cell(TINY, CELLS[1], done, {"commit": "other", "versions": "other"}) is None
    assert (done / "tiny" / str(CELLS[1]) / "row.json").read_bytes() == before


def test_a_failing_cell_is_recorded_with_its_reason_and_the_others_go_on(trained, tmp_path, capsys):
    trained.failing = {CELLS[1]: "the loss is not finite at step 7"}
    failures = run.run(TINY, CELLS, tmp_path, tmp_path / "tables")
    assert failures == [f"{CELLS[1]}: the loss is not finite at step 7"]
    assert trained == CELLS
    assert f"2/4 failed: {CELLS[1]}: the loss is not finite at step 7" in capsys.readouterr().out
    assert files(tmp_path / "tiny" / str(CELLS[1])) == ["failed.json"]
    failure = read(tmp_path, CELLS[1], "failed.json")
    assert failure["error"] == "FloatingPointError('the loss is not finite at step 7')"
    assert "Traceback" in failure["traceback"]
    assert len(results.collect(TINY, tmp_path, tmp_path / "tables")) == 3


def test_what_failed_is_left_alone_until_it_is_tried_again(trained, tmp_path):
    trained.failing = {CELLS[1]: "bad luck"}
    run.run(TINY, CELLS, tmp_path, tmp_path / "tables")
    trained.clear()
    trained.failing = {}
    assert run.run(TINY, CELLS, tmp_path, tmp_path / "tables") == []
    assert trained == []
    assert run.run(TINY, CELLS, tmp_path, tmp_path / "tables", retry=True) == []
    assert trained == [CELLS[1]]
    assert files(tmp_path / "tiny" / str(CELLS[1])) == ["row.json"]


def test_a_row_that_the_table_would_refuse_is_a_failure_of_its_cell(trained, tmp_path, monkeypatch):
    # Otherwise one bad row would keep the rows of all others from being collected.
    good = run.row
    monkeypatch.setattr(run, "row", lambda *a: good(*a) | ({"mig": float("nan")} if a[1] == CELLS[0] else {}))
    assert run.run(TINY, CELLS, tmp_path, tmp_path / "tables") == [
        f"{CELLS[0]}: what was measured: column mig has empty or infinite values"
    ]
    assert len(results.collect(TINY, tmp_path, tmp_path / "tables")) == 3


def test_a_row_appears_whole_or_not_at_all(tmp_path, trained, monkeypatch):
    def interrupted(self, target):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run.run(TINY, CELLS, tmp_path, tmp_path / "tables")
    assert not list(tmp_path.rglob("row.json"))
    run.run(TINY, CELLS, tmp_path, tmp_path / "tables")
    assert len(results.collect(TINY, tmp_path, tmp_path / "tables")) == 4


# The command


def command(*arguments, folder):
    return run.main([*arguments, "--runs", str(folder / "runs"), "--tables", str(folder / "tables"), "--workers", "1"])


def test_the_command_trains_the_cells_of_a_pattern_and_writes_the_table(trained, tmp_path, capsys):
    assert command("tiny", "--only", "*/*/beta=6/*", folder=tmp_path) == 0
    assert trained == [CELLS[1], CELLS[3]]
    assert f"tiny: 2 of 4 models in {tmp_path / 'tables'}/tiny" in capsys.readouterr().out
    assert len(results.load("tiny", tmp_path / "tables")) == 2
    assert command("tiny", folder=tmp_path) == 0
    assert len(results.load("tiny", tmp_path / "tables")) == 4


def test_the_command_reports_failures_and_keeps_the_rest(trained, tmp_path, capsys):
    trained.failing = {CELLS[2]: "bad luck"}
    assert command("tiny", folder=tmp_path) == 1
    assert f"failed: {CELLS[2]}: FloatingPointError('bad luck')" in capsys.readouterr().err
    assert len(results.load("tiny", tmp_path / "tables")) == 3
    trained.failing = {}
    assert command("tiny", folder=tmp_path) == 1  # nothing to train, but not all is well
    assert "--retry" in capsys.readouterr().err
    assert command("tiny", "--retry", folder=tmp_path) == 0
    assert len(results.load("tiny", tmp_path / "tables")) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["huge"], f"unknown study 'huge': choose from {', '.join(STUDIES)}"),
        (["smoke", "--only", "*/vae/*/*"], "no cell of smoke matches '*/vae/*/*'"),
        (["smoke", "--workers", "0"], "--workers must be a whole number of at least 1, not 0"),
    ],
)
def test_the_command_ends_with_one_clear_line_when_asked_for_nonsense(arguments, message, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "row", lambda *_: pytest.fail("nothing is to be trained"))
    with pytest.raises(SystemExit) as end:
        run.main([*arguments, "--runs", str(tmp_path), "--tables", str(tmp_path)])
    assert str(end.value).startswith(f"dlnb.run: {message}")
    assert files(tmp_path) == []


def test_origin_names_the_commit_and_the_versions_of_the_libraries():
    origin = run.origin()
    assert set(origin) == {"commit", "versions"}
    assert origin["commit"]
    versions = dict(part.split(" ") for part in origin["versions"].split(", "))
    assert versions["numpy"] == np.__version__
    assert {"dlnb", "tensorflow", "keras", "scikit-learn"} <= set(versions)


def test_the_smallest_study_runs_from_the_command_line_in_processes_of_its_own(tmp_path):
    arguments = ["smoke", "--only", "dsprites/beta_vae/beta=8/*", "--workers", "2"]
    folders = ["--runs", str(tmp_path / "runs"), "--tables", str(tmp_path / "tables")]
    ended = subprocess.run(
        [sys.executable, "-m", "dlnb.run", *arguments, *folders], capture_output=True, text=True, cwd=tmp_path
    )
    assert ended.returncode == 0, ended.stderr
    assert (
        "smoke: 0 of 1 models done or failed before, 1 to train\n1/1 dsprites/beta_vae/beta=8/seed=0\n" in ended.stdout
    )
    assert "smoke: 1 of 24 models in" in ended.stdout
    assert "it/s" not in ended.stderr, "no progress bars in a log"
    table = results.load("smoke", tmp_path / "tables")
    assert str(table.loc[0, "data_set"]) == "dsprites"
    assert 10 < table.loc[0, "reconstruction"] < 300  # nats; 710 before training
    assert 0 <= table.loc[0, "mig"] < 0.5
    assert (tmp_path / "runs/smoke/dsprites/beta_vae/beta=8/seed=0/codes.npz").exists()


def test_every_score_of_a_study_comes_into_its_row(tmp_path):
    # Codes that know their factors, of a data set with few values, so that few rows do for all scores.
    rng = np.random.default_rng(0)
    factors = rng.integers(3, size=(600, 4))
    codes = Representation(factors, np.float32(factors + 0.1 * rng.standard_normal((600, 4))), np.full((600, 4), -3.0))
    study = replace(TINY, scores=tuple(SCORES), labels=(10, 100))
    found = run.score(study, codes, rng)
    assert list(found) == [*study.columns(), "active"]
    assert {"lr_10", "lr_100", "gbt_10", "gbt_100", "sap", "wasserstein_norm_sampled"} <= set(found)
    assert all(np.isfinite(value) for value in found.values()) and found["active"] == 4
    assert found["dci_disentanglement"] > 0.9 > 0.5 > found["tc_mean"] and found["gbt_100"] > 0.9
    again = run.score(replace(study, scores=("dci", "mig")), codes, np.random.default_rng(5))
    assert set(again) == {"dci_disentanglement", "dci_completeness", "dci_informativeness", "mig", "active"}
    assert again["mig"] == found["mig"]


def test_a_study_refuses_a_score_that_does_not_exist():
    with pytest.raises(ValueError, match="unknown score 'migg': choose from beta_vae_score, factor_vae_score, mig"):
        replace(TINY, scores=("migg",))
