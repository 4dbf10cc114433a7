"""Cells on a Dask cluster whose workers, scheduler or versions are not as they should be; nothing is trained."""

import importlib
import re
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
from sweeps import ORIGIN, TINY

from dlnb import results, run
from dlnb.run import cluster, engines, sweep, worker

distributed = pytest.importorskip("distributed", reason="needs the extra dlnb[dask]")
A, B, C, D = CELLS = TINY.cells()
TABLE = pd.DataFrame(columns=["data_set", "method", "strength", "seed"])
ONE = {"nthreads": 1, "status": "running"}


def about(**others):
    return ONE | others


class Fake:
    """A client of a scheduler that is asked again and again: each answer, or error, in turn, the last for ever."""

    status, cluster = "running", None
    scheduler = SimpleNamespace(address="tcp://there:1", identity="identity", events="events")
    came = ()  # times at which workers came

    def __init__(self, *answers):
        self.answers = list(answers)

    def sync(self, what, **_):
        if what == "events":
            return [*((when, {"action": "add-worker"}) for when in self.came), (9e9, {"action": "remove-worker"})]
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return {"workers": answer}


@pytest.fixture
def seconds(monkeypatch):
    """The time, which passes only by being set."""
    now = [1_000.0]
    monkeypatch.setattr(cluster, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=time.sleep))
    return now


def passing(look, seconds, until):
    while seconds[0] < until:
        seconds[0] += 10
        look()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({}, "no worker at tcp://there:1"),
        ({"a": about(status="paused"), "b": about(status="closing")}, "all 2 workers of tcp://there:1 are paused"),
        (OSError("it is gone"), r"the Dask scheduler at tcp://there:1 does not answer \(it is gone\)"),
        (TimeoutError(), r"the Dask scheduler at tcp://there:1 does not answer \(TimeoutError\)"),
    ],
    ids=["none", "paused", "lost", "silent"],
)
def test_a_cluster_without_workers_is_told_more_and_more_seldom_until_patience_ends(answer, why, seconds, capsys):
    look = cluster.watch(Fake(answer), patience=600)
    with pytest.raises(RuntimeError, match=rf"^{why}.* for 10 min: start workers, or wait longer \(--patience HOURS"):
        passing(look, seconds, 10_000)
    assert seconds[0] == 1_600
    lines = capsys.readouterr().out.splitlines()
    assert [re.search(r"for (\d+) min; the sweep ends after 10 min", line)[1] for line in lines] == ["1", "2", "4", "8"]
    assert all(re.match(why, line) for line in lines)


def test_workers_that_come_back_begin_the_wait_anew(seconds, capsys):
    busy = about(status="paused", metrics={"task_counts": {"executing": 1}})
    for back in ({"a": ONE}, {"a": about(status="paused"), "b": ONE}, {"a": busy}):
        begun = seconds[0]
        look = cluster.watch(Fake(*[{}] * 40, back, {}), patience=600)
        with pytest.raises(RuntimeError):
            passing(look, seconds, 10_000)
        assert seconds[0] == begun + 410 + 600
        assert capsys.readouterr().out.count("there are workers again") == 1


def test_workers_that_end_before_they_are_seen_are_no_absence(seconds, capsys):
    client = Fake({})
    look = cluster.watch(client, patience=120)
    for _ in range(10):  # each comes and ends between two looks
        passing(look, seconds, seconds[0] + 100)
        client.came = (*client.came, 5.0 + len(client.came))
    begun = seconds[0]
    with pytest.raises(RuntimeError, match=r"no worker at .* for 2 min"):
        passing(look, seconds, 10_000)
    assert seconds[0] == begun + 10 + 120


def test_nobody_is_asked_more_often_than_needed(seconds):
    look = cluster.watch(Fake({"a": ONE}, RuntimeError("asked again")), patience=600)
    seconds[0] += cluster.LOOK - 0.1
    look()
    seconds[0] += 0.2
    with pytest.raises(RuntimeError, match="asked again"):
        look()


def test_lost_workers_of_this_machine_are_started_again_and_the_end_is_told_otherwise(seconds):
    asked, client = [], Fake({"a": ONE}, {})
    client.cluster = SimpleNamespace(worker_spec={0: {}, 1: {}}, scale=asked.append)
    look = cluster.watch(client, patience=60)
    with pytest.raises(RuntimeError, match=r"for 1 min: its workers end and do not come back: see what they printed"):
        passing(look, seconds, 10_000)
    assert set(asked) == {2}


def test_workers_of_several_threads_are_refused_whenever_they_come(seconds, tmp_path):
    match = r"each Dask worker must have one thread: start it with --nthreads 1"
    several = {"tcp://here:1": ONE, "tcp://there:2": about(nthreads=4)}
    with pytest.raises(ValueError, match=match):
        list(cluster.dask(TINY, CELLS, tmp_path, ORIGIN, Fake(several)))
    look = cluster.watch(Fake({"a": ONE}, several), patience=60)
    with pytest.raises(ValueError, match=match):
        passing(look, seconds, 10_000)


# A real scheduler, in this process, and a worker that is a thread


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(cluster, "LOOK", 0.05)


@pytest.fixture
def here(quick):
    """A client with one worker."""
    client = started(1)
    yield client
    close(client)


def started(workers):
    options = {"processes": False, "threads_per_worker": 1, "dashboard_address": ":0"}
    return distributed.Client(distributed.LocalCluster(n_workers=workers, **options), timeout=1)


def close(client):
    there = client.cluster
    client.close()
    there.close()


def done(study, cell, runs, origin, added):
    worker._write(runs / study.name / str(cell) / results.ROW, {})
    return cell, worker.State.DONE, ""


def test_the_sweep_ends_if_no_worker_ever_comes(quick, tmp_path):
    client = started(0)
    with pytest.raises(RuntimeError, match=r"no worker at .* for 0.3 s"):
        list(cluster.dask(TINY, CELLS, tmp_path, ORIGIN, client, patience=0.3))
    assert client.status == "running" and not client.futures
    close(client)


def test_the_sweep_ends_if_the_scheduler_is_lost(quick, tmp_path, monkeypatch):
    client = started(0)
    monkeypatch.setattr(cluster, "TOLD", 0.2)
    monkeypatch.setattr(cluster.progress, "note", lambda _: client.cluster.close())
    with pytest.raises(RuntimeError, match=r"the Dask scheduler was lost, and with it dsprites/"):
        list(cluster.dask(TINY, CELLS, tmp_path, ORIGIN, client, patience=600))
    client.close()


def test_cells_run_and_a_folder_that_is_not_shared_is_named(here, tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "work", done)
    ended = list(cluster.dask(TINY, CELLS, tmp_path, ORIGIN, here))
    assert sorted(map(str, ended)) == sorted(str((cell, worker.State.DONE, "")) for cell in CELLS)
    monkeypatch.setattr(engines, "work", lambda study, cell, *_: (cell, worker.State.DONE, ""))
    with pytest.raises(ValueError, match=r"a worker has finished .* lacks its row: all must share that folder"):
        list(cluster.dask(TINY, CELLS, tmp_path / "other", ORIGIN, here))


def test_a_worker_with_other_versions_is_refused_before_it_trains(here, tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "work", lambda *_: pytest.fail("rows would name the versions of the runner"))
    alike = "Python 3.11, dlnb 0.1.0, "
    runner = threading.get_ident()
    versions = {True: alike + "keras 3.13, numpy 2.0", False: alike + "keras 3.14, numpy 2.0"}
    monkeypatch.setattr(cluster, "_versions", lambda: versions[threading.get_ident() == runner])
    with pytest.raises(ValueError, match=r"the Dask worker on \S+ has keras 3.14, the runner keras 3.13: install the"):
        list(cluster.dask(TINY, CELLS, tmp_path, ORIGIN, here))


class Elsewhere:
    """What a worker without a package cannot read."""

    def __reduce__(self):
        return importlib.import_module, ("not_installed_here",)


def test_a_worker_without_the_package_says_what_it_lacks(here, tmp_path):
    with pytest.raises(
        ImportError, match=r"a Dask worker cannot import what it needs.*: No module named 'not_installed_here'"
    ):
        list(cluster.dask(TINY, CELLS, tmp_path, {"commit": Elsewhere()}, here))


def test_an_error_of_time_is_the_cells_own_and_no_wait(here, tmp_path, monkeypatch):
    def late(*_):
        raise TimeoutError("a disk did not answer")

    monkeypatch.setattr(engines, "work", late)
    with pytest.raises(TimeoutError, match="a disk did not answer"):
        list(cluster.dask(TINY, CELLS, tmp_path, ORIGIN, here))


# Workers that are lost, made up


@pytest.fixture
def losing(monkeypatch):
    """A function: run cells on a cluster that loses the workers of those given; others are done if run alone too."""
    begun = []
    client = Fake({"a": ONE})
    client.cancel = lambda futures: begun.append("cancelled")

    def submit(_, payload, key):
        begun.append(key.partition(",")[0])
        return begun[-1]

    client.submit = submit
    monkeypatch.setattr(cluster, "_completed", lambda futures, look: iter(futures))

    def run(cells, lost, alone, folder):
        def result(future, look):
            if future in (alone if begun.count(future) > 1 else lost):
                raise distributed.scheduler.KilledWorker("task", None, 3)
            return next(done(TINY, cell, folder, None, None) for cell in cells if str(cell) == future)

        monkeypatch.setattr(cluster, "_result", result)
        begun.clear()
        yield from cluster.dask(TINY, cells, folder, ORIGIN, client)

    return run


def names(cells):
    return {str(cell) for cell in cells}


def test_a_cell_that_ends_its_workers_is_retried_alone_and_recorded(losing, tmp_path):
    ended = list(losing(CELLS, names([A, B]), names([A]), tmp_path))
    assert [(cell, str(how)) for cell, how, _ in ended] == [(C, "done"), (D, "done"), (A, "failed"), (B, "done")]
    failure = results.read_json(tmp_path / "tiny" / str(A) / results.FAILURE)
    assert failure["error"] == "KilledWorker: workers that ran it were lost repeatedly"


@pytest.mark.parametrize("count", [1, 4, 12])
def test_a_cluster_that_loses_every_worker_blames_no_cell(count, losing, tmp_path):
    cells = [replace(A, seed=seed) for seed in range(count)]
    with pytest.raises(RuntimeError, match=rf"workers were lost repeatedly at {min(count, 10)} models in a row, dspr"):
        list(losing(cells, names(cells), names(cells), tmp_path))
    assert not list(tmp_path.rglob("*.json"))


def test_cells_that_were_done_before_the_workers_were_lost_stay_done_and_the_others_are_not_blamed(losing, tmp_path):
    cells = [replace(A, seed=seed) for seed in range(6)]
    ended = losing(cells, names(cells[1:]), names(cells[1:]), tmp_path)
    assert next(ended)[0] == cells[0]
    with pytest.raises(RuntimeError, match=r"workers were lost repeatedly at 4 models in a row"):
        list(ended)
    assert len(list(tmp_path.rglob("*.json"))) == 1


def test_what_is_done_is_in_the_table_when_the_engine_has_lost_its_workers(tmp_path, monkeypatch):
    collected = []
    monkeypatch.setattr(results.Store, "collect", lambda self, *_, **__: collected.append(self) or TABLE)

    def engine(study, cells, runs, origin):
        yield A, worker.State.DONE, ""
        raise RuntimeError("no worker is left")

    with pytest.raises(RuntimeError, match="no worker is left"):
        sweep.run(TINY, CELLS, tmp_path / "runs", tmp_path / "tables", engine)
    assert len(collected) == 2, "before and after"


# Options and addresses


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--address", "tcp://127.0.0.1:9"],
            "address is that of a Dask cluster, but the engine is local: add --engine",
        ),
        (["--patience", "3"], "patience is that of a Dask cluster, but the engine is local: add --engine dask"),
        (["--engine", "dask", "--patience", "0"], "patience, in hours, must be a number above 0, not 0.0"),
        (["--engine", "dask", "--patience", "nan"], "patience, in hours, must be a number above 0, not nan"),
        (
            ["--engine", "dask", "--address", ""],
            "no Dask scheduler answers at an empty address: .*; give an address such as",
        ),
        (["--engine", "dask", "--address", "x://a:1"], "no Dask scheduler answers at x://a:1: unknown address scheme"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_is_trained(options, message, tmp_path):
    with pytest.raises(SystemExit, match=message):
        sweep.main(["smoke", *options, "--runs", str(tmp_path), "--tables", str(tmp_path)])
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "slurm"}, "unknown engine 'slurm': choose from local, dask"),
        ({"engine": None}, "unknown engine None"),
        ({"address": "tcp://a:1"}, "address is that of a Dask cluster"),
        ({"engine": "dask", "patience": "3"}, "patience, in hours, must be a number above 0, not '3'"),
        ({"engine": "dask", "address": 5}, "the address of a Dask scheduler must be text such as .*, not 5"),
    ],
)
def test_a_notebook_is_told_the_same(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        run.train(TINY, tmp_path / "runs", tmp_path / "tables", **options)


def test_a_scheduler_that_does_not_answer_is_named():
    with (
        pytest.raises(ValueError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9"),
        cluster.client("tcp://127.0.0.1:9", 1, timeout=1),
    ):
        pytest.fail("nobody is there")


def test_slurm_gets_workers_of_one_thread():
    # As the chapter "reproduce" has it; nothing is submitted.
    jobqueue = pytest.importorskip("dask_jobqueue", reason="needs the extra dlnb[dask]")
    extra = ["--gres=gpu:1"]
    with jobqueue.SLURMCluster(
        cores=1, processes=1, memory="4GB", walltime="08:00:00", job_extra_directives=extra
    ) as cluster:
        script = cluster.job_script()
    assert "--nthreads 1" in script and "--nworkers" not in script
    assert "#SBATCH --gres=gpu:1" in script and "#SBATCH -t 08:00:00" in script
