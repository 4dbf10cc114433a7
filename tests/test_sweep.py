import json
import re
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from common import finished
from sweeps import ORIGIN, TINY

from dlnb import results
from dlnb.run import sweep, worker
from dlnb.study import STUDIES

CELLS = TINY.cells()


def read(folder, cell, name="row.json"):
    return json.loads((folder / "tiny" / str(cell) / name).read_text())


def files(folder):
    """What is kept of cells."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.json"))


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
    monkeypatch.setattr(worker, "row", row)
    monkeypatch.setattr(worker, "origin", lambda: ORIGIN)
    return cells


def test_every_cell_is_trained_once(trained, tmp_path):
    assert sweep.run(TINY, CELLS, tmp_path, tmp_path / "tables") == 0
    assert trained == CELLS
    assert files(tmp_path) == sorted(f"tiny/{cell}/row.json" for cell in CELLS)


def test_a_second_run_trains_what_is_missing_only(trained, tmp_path, capsys):
    sweep.run(TINY, CELLS[:1], tmp_path, tmp_path / "tables")
    sweep.run(TINY, CELLS, tmp_path, tmp_path / "tables")
    assert trained == CELLS
    assert "tiny: 1 of 4 models done or failed before, 3 to train" in capsys.readouterr().out


def test_cells_of_the_table_are_not_trained_again(trained, tmp_path):
    sweep.run(TINY, CELLS[:3], tmp_path / "runs", tmp_path / "tables")
    results.Store(TINY, tmp_path / "runs", tmp_path / "tables").collect()
    sweep.run(TINY, CELLS, tmp_path / "elsewhere", tmp_path / "tables")
    assert trained == CELLS
    assert files(tmp_path / "elsewhere") == [f"tiny/{CELLS[3]}/row.json"]


def test_a_failing_cell_is_recorded_with_its_reason_and_the_others_go_on(trained, tmp_path, capsys):
    trained.failing = {CELLS[1]: "the loss is not finite at step 7"}
    assert sweep.run(TINY, CELLS, tmp_path, tmp_path / "tables") == 0
    why = "FloatingPointError('the loss is not finite at step 7')"
    assert results.Store(TINY, tmp_path, tmp_path / "tables").failed() == {CELLS[1]: why}
    assert trained == CELLS
    assert f"2/4 failed: {CELLS[1]}: {why}; " in capsys.readouterr().out
    assert files(tmp_path / "tiny" / str(CELLS[1])) == ["failed.json"]
    failure = read(tmp_path, CELLS[1], "failed.json")
    assert failure["error"] == "FloatingPointError('the loss is not finite at step 7')"
    assert "Traceback" in failure["traceback"]
    assert len(results.Store(TINY, tmp_path, tmp_path / "tables").collect()) == 3


def test_what_failed_is_left_alone_until_it_is_tried_again(trained, tmp_path):
    trained.failing = {CELLS[1]: "bad luck"}
    sweep.run(TINY, CELLS, tmp_path, tmp_path / "tables")
    trained.clear()
    trained.failing = {}
    sweep.run(TINY, CELLS, tmp_path, tmp_path / "tables")
    assert trained == []
    sweep.run(TINY, CELLS, tmp_path, tmp_path / "tables", retry=True)
    assert trained == [CELLS[1]]
    assert files(tmp_path / "tiny" / str(CELLS[1])) == ["row.json"]


def test_a_row_that_the_table_would_refuse_is_a_failure_of_its_cell(trained, tmp_path, monkeypatch):
    # Otherwise one bad row would keep the rows of all others from being collected.
    good = worker.row
    monkeypatch.setattr(worker, "row", lambda *a: good(*a) | ({"mig": float("nan")} if a[1] == CELLS[0] else {}))
    sweep.run(TINY, CELLS, tmp_path, tmp_path / "tables")
    why = "ValueError('the new row: column mig has empty or infinite values')"
    assert results.Store(TINY, tmp_path).failed() == {CELLS[0]: why}
    assert len(results.Store(TINY, tmp_path, tmp_path / "tables").collect()) == 3


def test_a_row_appears_whole_or_not_at_all(tmp_path, trained, monkeypatch):
    def interrupted(self, target):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            sweep.run(TINY, CELLS, tmp_path, tmp_path / "tables")
    assert not list(tmp_path.rglob("row.json"))
    sweep.run(TINY, CELLS, tmp_path, tmp_path / "tables")
    assert len(results.Store(TINY, tmp_path, tmp_path / "tables").collect()) == 4


# The command


def command(*arguments, folder):
    return sweep.main(
        [*arguments, "--runs", str(folder / "runs"), "--tables", str(folder / "tables"), "--workers", "1"]
    )


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
    monkeypatch.setattr(worker, "row", lambda *_: pytest.fail("nothing is to be trained"))
    with pytest.raises(SystemExit) as end:
        sweep.main([*arguments, "--runs", str(tmp_path), "--tables", str(tmp_path)])
    assert str(end.value).startswith(f"dlnb.run: {message}")
    assert files(tmp_path) == []


def test_origin_names_the_commit_and_the_versions_of_the_libraries():
    origin = worker.origin()
    assert set(origin) == {"commit", "versions"}
    assert origin["commit"]
    versions = dict(part.split(" ") for part in origin["versions"].split(", "))
    assert versions["numpy"] == np.__version__
    assert {"dlnb", "tensorflow", "keras", "scikit-learn"} <= set(versions)


@pytest.mark.slow
def test_the_smallest_study_runs_from_the_command_line_in_processes_of_its_own(tmp_path):
    arguments = ["smoke", "--only", "dsprites/beta_vae/beta=8/*", "--workers", "2"]
    folders = ["--runs", str(tmp_path / "runs"), "--tables", str(tmp_path / "tables")]
    ended = finished([sys.executable, "-m", "dlnb.run", *arguments, *folders], cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    expected = (
        r"smoke: 0 of 1 models done or failed before, 1 to train\n1/1 dsprites/beta_vae/beta=8/seed=0; .* hour, ends"
    )
    assert re.search(expected, ended.stdout)
    assert "smoke: 1 of 24 models in" in ended.stdout
    assert "it/s" not in ended.stderr, "no progress bars in a log"
    table = results.load("smoke", tmp_path / "tables")
    assert str(table.loc[0, "data_set"]) == "dsprites"
    assert 10 < table.loc[0, "reconstruction"] < 300  # nats; 710 before training
    assert 0 <= table.loc[0, "mig"] < 0.5
    assert (tmp_path / "runs/smoke/dsprites/beta_vae/beta=8/seed=0/codes.npz").exists()


def test_a_retry_does_not_go_on_from_a_damaged_checkpoint(trained, tmp_path):
    trained.failing = {CELLS[1]: "the checkpoint is damaged"}
    sweep.run(TINY, CELLS, tmp_path, tmp_path / "tables")
    checkpoint = tmp_path / "tiny" / str(CELLS[1]) / worker.CHECKPOINT
    checkpoint.write_bytes(b"PK half of it")
    trained.failing = {}
    sweep.run(TINY, CELLS, tmp_path, tmp_path / "tables", retry=True)
    assert not checkpoint.exists()
