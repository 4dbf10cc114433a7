import json
import platform
import re
import signal
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from common import finished
from filelock import FileLock
from sweeps import ORIGIN, TINY

from dlnb import data, provenance, results, run, storage
from dlnb.run import feasible, status, sweep, worker
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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("model name\t: Some Processor, 2.40GHz\nflags\t\t: fpu avx avx2\n", "Some Processor  2.40GHz AVX2"),
        ("model name\t: Other\nflags\t\t: avx2 avx512f\nmodel name\t: Other\n", "Other AVX-512"),
        ("model name\t:\nflags\t\t: fpu avx\n", ""),
        ("processor\t: 0\nBogoMIPS\t: 48.00\n", ""),
        (None, ""),
    ],
)
def test_a_row_names_the_processor_as_far_as_the_system_tells(text, told, tmp_path):
    path = tmp_path / "cpuinfo"
    if text is not None:
        path.write_text(text)
    assert provenance.processor(path) == f"{platform.machine()} {told}".strip()


def test_origin_is_told_without_git_and_with_libraries_under_other_names(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(provenance, "PACKAGES", ("numpy", "no-such-package"))
    assert worker.origin() == {"commit": "unknown", "versions": f"numpy {np.__version__}, no-such-package unknown"}


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


# Rows where they do not belong, and cells that lack one


def move(folder, source, target, name="row.json"):
    place = folder / "tiny" / str(target)
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_text((folder / "tiny" / str(source) / name).read_text())


@pytest.mark.parametrize("target", [str(CELLS[1]), "dsprites/copy", f"{CELLS[0]}/again"])
@pytest.mark.parametrize("keep", [True, False])
def test_a_row_in_the_folder_of_another_cell_is_named_before_anything_is_trained(keep, target, trained, tmp_path):
    runs, tables = tmp_path / "runs", tmp_path / "tables"
    sweep.run(TINY, CELLS[:1], runs, tables)
    move(runs, CELLS[0], target)
    if not keep:
        (runs / "tiny" / str(CELLS[0]) / "row.json").unlink()
    what = rf"{target}/row\.json is of another cell, {CELLS[0]}, whose folder is .*{CELLS[0]}: move it there"
    what = f"{what}|two rows for" if keep else what
    for again in (
        lambda: sweep.run(TINY, CELLS, runs, tables),
        lambda: status.report(results.Store(TINY, runs, tables), CELLS),
        lambda: results.Store(TINY, runs, tables).collect(),
    ):
        with pytest.raises(ValueError, match=what):
            again()
    assert trained == CELLS[:1] and (runs / "tiny" / target / "row.json").exists()


def test_a_failure_in_the_folder_of_another_cell_is_named(trained, tmp_path):
    trained.failing = {CELLS[0]: "bad luck"}
    sweep.run(TINY, CELLS[:1], tmp_path, tmp_path / "tables")
    move(tmp_path, CELLS[0], CELLS[1], "failed.json")
    with pytest.raises(ValueError, match=rf"{CELLS[1]}/failed\.json is of another cell, {CELLS[0]}"):
        sweep.run(TINY, CELLS, tmp_path, tmp_path / "tables")


def test_a_cell_that_was_asked_for_and_has_no_row_ends_the_command_with_1(trained, tmp_path, capsys, monkeypatch):
    # As where its row is removed during the sweep.
    monkeypatch.setattr(sweep, "run", lambda *_: 0)
    assert command("tiny", "--only", "*/seed=0", folder=tmp_path) == 1
    assert f"2 models have no row, such as {CELLS[0]}" in capsys.readouterr().err
    with pytest.raises(RuntimeError, match=f"4 models have no row, such as {CELLS[0]}: another runner"):
        run.train(TINY, tmp_path / "runs", tmp_path / "tables")
    monkeypatch.setattr(sweep, "run", lambda *_: 2)
    assert command("tiny", "--only", "*/seed=0", folder=tmp_path) == sweep.ELSEWHERE


def test_merging_and_scoring_again_ask_for_no_cell(trained, tmp_path):
    sweep.run(TINY, CELLS[:1], tmp_path / "there", tmp_path / "shard")
    results.Store(TINY, tmp_path / "there", tmp_path / "shard").collect()
    assert command("tiny", "--merge", str(tmp_path / "shard"), folder=tmp_path) == 0


# What is found out before the first model is trained


@pytest.fixture
def own(monkeypatch):
    """Register a data set of given sizes of its factors."""

    def add(**sizes):
        made = data.DataSet("own", sizes, lambda f, rng=None: np.zeros((len(f), 32, 32, 1), np.float32))
        monkeypatch.setitem(data.DATA_SETS, "own", {"rendered": lambda size: made})
        return made

    return add


@pytest.mark.parametrize(
    ("sizes", "changes", "message"),
    [
        (None, {}, r"unknown data set 'own': choose from .*; register one of your own first: dlnb\.data\.register"),
        ({"a": 4, "b": 3}, {"source": "original"}, "unknown source of own 'original': choose from rendered"),
        ({"a": 4}, {"scores": ("mig", "dci")}, "dci compares factors, but own has one"),
        ({"a": 4}, {"scores": ("modularity",)}, "modularity compares factors"),
        ({"a": 4, "b": 1}, {"scores": ("mig",)}, "mig needs factors that vary, but b of own has one class"),
        (
            {"a": 4, "b": 100},
            {"scores": ("factor_vae_score",)},
            r"sample is 300, but factor_vae_score needs .* 1,280, 32 for",
        ),
        ({"a": 4, "b": 200}, {"scores": ("beta_vae_score",)}, r"sample is 300, but beta_vae_score needs .* 400, 2 for"),
        ({"a": 4, "b": 3}, {"size": 64}, r"own must draw images \[n, 64, 64"),
    ],
)
def test_a_study_that_cannot_be_run_trains_nothing(sizes, changes, message, trained, own, tmp_path):
    if sizes:
        own(**sizes)
    study = replace(TINY, data_sets=("dsprites", "own"), **changes)
    with pytest.raises(ValueError, match=message):
        sweep.run(study, study.cells(), tmp_path, tmp_path / "tables")
    assert trained == [] and not list(tmp_path.rglob("log.txt"))


def test_a_study_of_scores_without_labels_needs_no_factors_to_compare(trained, own, tmp_path):
    own(a=1)
    study = replace(TINY, data_sets=("own",), scores=("total_correlation",))
    feasible.check(study, study.data_sets)
    feasible.check(STUDIES["paper"], STUDIES["paper"].data_sets)  # without opening a published file
    feasible.check(STUDIES["desk"], STUDIES["desk"].data_sets)


def test_a_sample_without_some_class_is_refused_before_the_training(own):
    made = own(a=3, b=2)
    rng = np.random.default_rng(0)
    study = replace(TINY, data_sets=("own",), scores=("beta_vae_score", "factor_vae_score"))
    factors = made.sample_factors(300, rng)
    feasible.check_sample(study, made, factors)
    rare = np.where(factors == [2, 9], [1, 9], factors)
    rare[:31, 0] = 2
    with pytest.raises(ValueError, match="factor_vae_score needs 32 images of every class, not 31 of 300 in a 2"):
        feasible.check_sample(study, made, rare)
    rare[1:31, 0] = 1
    with pytest.raises(ValueError, match="beta_vae_score needs 2 images of every class, not 1 of 300 in a 2"):
        feasible.check_sample(study, made, rare)
    with pytest.raises(ValueError, match="all images that are fitted have the same b"):
        feasible.check_sample(replace(study, scores=("mig",)), made, np.where([False, True], 1, factors))


# Leftovers, checkpoints of finished models, signals


def test_what_killed_processes_left_is_swept_except_beside_a_process_that_works(trained, tmp_path):
    left = []
    for cell, name in ((CELLS[0], ".checkpoint.npz.999999999.npz"), (CELLS[1], ".row.json.999999999.json")):
        path = tmp_path / "tiny" / str(cell) / name
        path.parent.mkdir(parents=True)
        path.write_text("half")
        left.append(path)
    with FileLock(left[1].parent / "lock"):
        sweep.run(TINY, CELLS[3:], tmp_path, tmp_path / "tables")
        assert [path.exists() for path in left] == [False, True]
    sweep.run(TINY, CELLS[1:2], tmp_path, tmp_path / "tables")
    assert not left[1].exists()


def checkpoint(folder, study, cell, updates, **run):
    """A checkpoint as ``models.train`` leaves it, without weights."""
    known = {"name": str(cell), "data_set": cell.data_set, "source": "rendered", "image_shape": [32, 32, 1]}
    known |= {"hyperparameters": {cell.hyperparameter: cell.strength}, "seed": cell.seed, **asdict(study.training)}
    path = folder / "tiny" / str(cell) / worker.CHECKPOINT
    storage.save(path, {"kind": "checkpoint", "run": known | run}, {"history": np.ones((updates, 3))})
    return path


def test_a_retry_keeps_a_finished_checkpoint_and_starts_others_afresh(trained, tmp_path, monkeypatch):
    cases = [({}, 3, True), ({}, 2, False), ({"seed": 7}, 3, False), ({"steps": 4}, 3, False)]
    cases = dict(zip(CELLS, cases, strict=True))
    trained.failing = dict.fromkeys(CELLS, "its score failed")
    sweep.run(TINY, CELLS, tmp_path, tmp_path / "tables")
    paths = {cell: checkpoint(tmp_path, TINY, cell, updates, **run) for cell, (run, updates, _) in cases.items()}
    seen = {}
    monkeypatch.setattr(worker, "row", lambda study, cell, folder: seen.update({cell: paths[cell].exists()}) or {})
    sweep.run(TINY, CELLS, tmp_path, tmp_path / "tables", retry=True)
    assert seen == {cell: kept for cell, (_, _, kept) in cases.items()}


@pytest.mark.parametrize(
    "run",
    [
        {"name": "other"},
        {"data_set": "cars3d"},
        {"source": "original"},
        {"image_shape": [64, 64, 1]},
        {"hyperparameters": {"beta": 2}},
        {"learning_rate": 0.1},
        {"hyperparameters": None},
        {"image_shape": None},
    ],
)
def test_the_finished_checkpoint_of_another_run_is_not_scored(run, tmp_path):
    path = checkpoint(tmp_path, TINY, CELLS[0], 3)
    assert worker.finished(TINY, CELLS[0], path.parent)
    checkpoint(tmp_path, TINY, CELLS[0], 3, **run)
    assert not worker.finished(TINY, CELLS[0], path.parent)
    path.write_bytes(path.read_bytes()[:-1])
    assert not worker.finished(TINY, CELLS[0], path.parent)
    path.unlink()
    assert not worker.finished(TINY, CELLS[0], path.parent)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no such signals")
@pytest.mark.parametrize("name", sweep.ENDING)
def test_a_signal_to_end_interrupts_unless_it_is_ignored_as_after_nohup(name, monkeypatch):
    number = getattr(signal, name)
    before = signal.getsignal(number)
    try:
        with pytest.raises(KeyboardInterrupt), sweep._terminated_as_interrupted():
            signal.raise_signal(number)
        assert signal.getsignal(number) == before
        signal.signal(number, signal.SIG_IGN)
        with sweep._terminated_as_interrupted():
            signal.raise_signal(number)
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)
