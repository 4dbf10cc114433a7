import json
import re
import shutil
import sys
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock
from sweeps import ORIGIN, TINY

from dlnb import results, run
from dlnb.data import load
from dlnb.metrics import average_mutual_information, mig, total_correlation
from dlnb.models import training
from dlnb.models.methods import AnnealedVAE, rescaled
from dlnb.models.model import Model
from dlnb.representation import Representation
from dlnb.run import sweep, worker
from dlnb.study import SCORES, STUDIES

CELLS = TINY.cells()


def read(folder, cell, name="row.json"):
    return json.loads((folder / "tiny" / str(cell) / name).read_text())


def refuse(*_):
    pytest.fail("nothing is to be trained")


def files(folder):
    """Without locks, which older versions of filelock leave."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != "lock")


# One cell, really trained


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The folder of runs in which the second cell was trained."""
    folder = tmp_path_factory.mktemp("runs")
    assert worker.do(TINY, CELLS[1], folder, ORIGIN) == (CELLS[1], "done", "")
    return folder


def test_a_cell_leaves_its_row_codes_and_model_and_nothing_else(done):
    names = ["codes.npz", "factors.json", "log.txt", "model.npz", "row.json"]
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


def test_a_study_may_weigh_the_capacity_of_annealed_vae_otherwise_than_the_paper(tmp_path):
    gentle = replace(TINY, methods=("annealed_vae",), annealed_gamma=30.0)
    cell = gentle.cells()[0]
    assert worker.do(gentle, cell, tmp_path, ORIGIN) == (cell, "done", "")
    row = read(tmp_path, cell)
    assert row["objective"] == str(rescaled(AnnealedVAE(cell.strength, gamma=30.0), gentle.training.steps))
    assert row["annealed_gamma"] == 30
    other = {m: STUDIES["paper"].constants(m) for m in ("beta_vae", "factor_vae", "annealed_vae")}
    assert other == {"beta_vae": {}, "factor_vae": {}, "annealed_vae": {"gamma": 1_000}}


def test_scoring_again_mends_the_scores_from_the_codes_and_nothing_else(done, tmp_path):
    shutil.copytree(done, tmp_path, dirs_exist_ok=True)
    right = read(done, CELLS[1])
    path = tmp_path / "tiny" / str(CELLS[1]) / "row.json"
    path.write_text(json.dumps({k: v for k, v in right.items() if k != "active"} | {"mig": 0.9, "tc_sampled": 9.0}))
    worker.rescore(TINY, CELLS, tmp_path)  # the cells that are not trained are passed over
    assert read(tmp_path, CELLS[1]) == right
    assert files(tmp_path) == files(done)


def test_the_command_puts_new_scores_in_place_of_the_old_ones_in_the_table(done, tmp_path, monkeypatch):
    monkeypatch.setitem(STUDIES, "tiny", TINY)
    monkeypatch.setattr(worker, "row", refuse)
    shutil.copytree(done, tmp_path / "runs")
    right = read(done, CELLS[1])
    (tmp_path / "tables" / "tiny").mkdir(parents=True)
    old = pd.DataFrame([right | {"mig": 0.9}]).drop(columns="active")  # from before the score existed
    old.to_parquet(tmp_path / "tables" / "tiny" / "dsprites.parquet")
    folders = ["--runs", str(tmp_path / "runs"), "--tables", str(tmp_path / "tables")]
    assert sweep.main(["tiny", "--rescore", *folders]) == 0
    table = results.load("tiny", tmp_path / "tables")
    assert (table.mig[0], table.active[0]) == (right["mig"], right["active"])


def test_a_score_that_is_added_to_a_study_of_ones_own_needs_no_training(done, tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "row", refuse)
    shutil.copytree(done, tmp_path / "runs")
    more = replace(TINY, scores=(*TINY.scores, "sap"))
    with pytest.raises(ValueError, match=r"columns sap are missing: score its models again \(--rescore, run.rescore\)"):
        run.train(more, tmp_path / "runs", tmp_path / "tables")
    table = run.rescore(more, tmp_path / "runs", tmp_path / "tables")
    assert len(table) == 1 and 0 <= table.sap[0] <= 1 and table.mig[0] == read(done, CELLS[1])["mig"]


def test_damaged_codes_are_named_when_scored_again(done, tmp_path):
    shutil.copytree(done, tmp_path, dirs_exist_ok=True)
    (tmp_path / "tiny" / str(CELLS[1]) / "codes.npz").write_bytes(b"PK half of")
    with pytest.raises(ValueError, match=f"{CELLS[1]}: its codes cannot be read"):
        worker.rescore(TINY, CELLS, tmp_path)
    assert read(tmp_path, CELLS[1]) == read(done, CELLS[1])


def test_a_done_cell_is_left_alone_even_when_asked_for_directly(done):
    before = (done / "tiny" / str(CELLS[1]) / "row.json").read_bytes()
    assert worker.do(TINY, CELLS[1], done, {"commit": "other", "versions": "other"}) == (CELLS[1], "done", "")
    assert (done / "tiny" / str(CELLS[1]) / "row.json").read_bytes() == before


def test_the_same_cell_gives_the_same_row(done, tmp_path):
    # On the way: a run that was killed before its row was written is done again.
    leftover = tmp_path / "tiny" / str(CELLS[1])
    leftover.mkdir(parents=True)
    (leftover / ".row.json.123").write_text('{"data_set": "dspr')
    (leftover / "codes.npz").write_bytes(b"PK half of")
    assert worker.do(TINY, CELLS[1], tmp_path, ORIGIN) == (CELLS[1], "done", "")
    one, other = read(done, CELLS[1]), read(tmp_path, CELLS[1])
    for row in (one, other):
        del row["seconds_training"], row["seconds_scoring"]
    assert one == other


def test_a_model_whose_scores_failed_is_scored_by_a_retry_and_not_trained_again(done, tmp_path, monkeypatch):
    def fail(*_):
        raise ValueError("the score is not what it should be")

    with monkeypatch.context() as patch:
        patch.setattr(worker, "measure", fail)
        sweep.run(TINY, CELLS[1:2], tmp_path, tmp_path / "tables")
    assert "the score is not" in read(tmp_path, CELLS[1], "failed.json")["error"]
    monkeypatch.setattr(training.graphs.Graph, "run", refuse)
    monkeypatch.setattr(worker, "origin", lambda: ORIGIN)
    sweep.run(TINY, CELLS[1:2], tmp_path, tmp_path / "tables", retry=True)
    one, other = read(done, CELLS[1]), read(tmp_path, CELLS[1])
    seconds = dict.fromkeys(("seconds_training", "seconds_scoring"))
    assert one | seconds == other | seconds
    assert not (tmp_path / "tiny" / str(CELLS[1]) / worker.CHECKPOINT).exists()


def test_a_sample_that_cannot_be_scored_fails_before_the_training(tmp_path, monkeypatch):
    monkeypatch.setattr(training.graphs.Graph, "run", refuse)
    study = replace(TINY, scores=("factor_vae_score",), sample=1_300)  # 40 orientations, some of them 32 times or fewer
    _, state, why = worker.do(study, study.cells()[0], tmp_path, ORIGIN)
    assert state == "failed" and "factor_vae_score needs 32 images of every class, not" in why


def test_every_score_of_a_study_comes_into_its_row(tmp_path):
    # Codes that know their factors, of a data set with few values, so that few rows do for all scores.
    rng = np.random.default_rng(0)
    factors = rng.integers(3, size=(600, 4))
    codes = Representation(factors, np.float32(factors + 0.1 * rng.standard_normal((600, 4))), np.full((600, 4), -3.0))
    study = replace(TINY, scores=tuple(SCORES), labels=(10, 100))
    found = worker.score(study, codes, rng)
    assert list(found) == [*study.columns(), "active"]
    assert {"lr_10", "lr_100", "gbt_10", "gbt_100", "sap", "wasserstein_norm_sampled"} <= set(found)
    assert all(np.isfinite(value) for value in found.values()) and found["active"] == 4
    assert found["dci_disentanglement"] > 0.9 > 0.5 > found["tc_mean"] and found["gbt_100"] > 0.9
    again = worker.score(replace(study, scores=("dci", "mig")), codes, np.random.default_rng(5))
    assert set(again) == {"dci_disentanglement", "dci_completeness", "dci_informativeness", "mig", "active"}
    assert again["mig"] == found["mig"]


def test_a_study_refuses_a_score_that_does_not_exist():
    with pytest.raises(ValueError, match="unknown score 'migg': choose from beta_vae_score, factor_vae_score, mig"):
        replace(TINY, scores=("migg",))


# Failures, locks, logs


def test_a_cell_that_failed_is_left_alone_and_tells_why(tmp_path, monkeypatch):
    def diverge(*_):
        raise FloatingPointError("the loss is not finite at step 2")

    monkeypatch.setattr(worker, "row", diverge)
    ended = CELLS[0], "failed", "FloatingPointError('the loss is not finite at step 2')"
    assert worker.do(TINY, CELLS[0], tmp_path, ORIGIN) == ended
    monkeypatch.setattr(worker, "row", refuse)
    assert worker.do(TINY, CELLS[0], tmp_path, ORIGIN) == ended
    failure = read(tmp_path, CELLS[0], "failed.json")
    assert asdict(CELLS[0]).items() | ORIGIN.items() <= failure.items()
    assert "in diverge" in failure["traceback"]


def test_a_cell_that_another_process_has_is_left_to_it(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "row", refuse)
    folder = tmp_path / "tiny" / str(CELLS[0])
    folder.mkdir(parents=True)
    assert not worker.held(folder)
    with FileLock(folder / "lock"):
        assert worker.do(TINY, CELLS[0], tmp_path, ORIGIN) == (CELLS[0], "running", "")
        assert worker.held(folder)
    assert not worker.held(folder)


def test_what_is_printed_on_the_way_is_in_the_log_of_the_cell_and_nowhere_else(tmp_path, monkeypatch, capfd):
    def talkative(*_):
        print("half way")
        print("a hair in the soup", file=sys.stderr)
        raise ValueError("spilt")

    monkeypatch.setattr(worker, "row", talkative)
    worker.do(TINY, CELLS[0], tmp_path, ORIGIN)
    log = (tmp_path / "tiny" / str(CELLS[0]) / "log.txt").read_text()
    assert re.match(
        r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\nhalf way\n.*a hair in the soup.*ValueError: spilt", log, re.DOTALL
    )
    assert capfd.readouterr() == ("", "")


def test_the_log_of_a_trained_cell_tells_losses_scores_and_seconds(done):
    log = (done / "tiny" / str(CELLS[1]) / "log.txt").read_text()
    assert re.search(r"trained in \d+ s: reconstruction \d", log)
    assert re.search(r"scored in \d+ s: .*mig 0\.", log)


def test_trouble_with_the_disk_is_no_failure_of_the_cell_and_says_where(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(worker, "row", full)
    with pytest.raises(OSError, match=f"No space left on device: '.*{CELLS[0]}'"):
        worker.do(TINY, CELLS[0], tmp_path, ORIGIN)
    assert files(tmp_path / "tiny" / str(CELLS[0])) == ["log.txt"]
    assert not worker.held(tmp_path / "tiny" / str(CELLS[0]))


@pytest.mark.parametrize(
    "error",
    [MemoryError("no memory"), ImportError("no library"), type("ResourceExhaustedError", (Exception,), {})("OOM\nat")],
)
def test_trouble_with_the_machine_is_no_failure_of_the_cell(error, tmp_path, monkeypatch):
    def broken(*_):
        raise error

    monkeypatch.setattr(worker, "row", broken)
    with pytest.raises((MemoryError, ImportError), match=r"no memory|no library|OOM$"):
        worker.do(TINY, CELLS[0], tmp_path, ORIGIN)
    assert files(tmp_path / "tiny" / str(CELLS[0])) == ["log.txt"]


def test_a_model_of_another_protocol_is_not_scored_again(done, tmp_path):
    shutil.copytree(done, tmp_path, dirs_exist_ok=True)
    other = replace(TINY, training=replace(TINY.training, learning_rate=1e-4))
    with pytest.raises(ValueError, match="trained by another protocol than that of tiny: learning_rate"):
        worker.rescore(other, CELLS, tmp_path)
    assert read(tmp_path, CELLS[1]) == read(done, CELLS[1])
