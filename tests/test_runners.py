"""The guarantees of the runner, each tested by doing it: with real processes, whose models are made up (sweeps.py)."""

import os
import random
import re
import select
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from common import finished, guarded
from filelock import FileLock

from dlnb import results

SWEEP = Path(__file__).with_name("sweeps.py")
KILLS = 30


def heed_interrupts() -> None:
    """A process that was started in the background of a shell ignores SIGINT, and its children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def started(folder, *options):
    """A runner in a process group of its own, which ends with the block, unless the runner was killed alone."""
    command = [sys.executable, str(SWEEP), "--runs", str(folder / "runs"), "--tables", str(folder / "tables"), *options]
    with open(folder / "out.txt", "a") as out:
        options = {"start_new_session": True, "cwd": folder, "preexec_fn": heed_interrupts}
        process = subprocess.Popen(command, stdout=out, stderr=out, **options)
    try:
        with guarded(process, (folder / "out.txt").read_text):
            yield process
    finally:
        if process.poll() != -signal.SIGKILL:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def sweep(folder, *options) -> tuple[int, str]:
    """Run to the end: (exit status, what was printed)."""
    (folder / "out.txt").unlink(missing_ok=True)
    with started(folder, *options) as process:
        status = process.wait()
    return status, (folder / "out.txt").read_text()


def tables(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "tables" / "many").iterdir() if path.name != ".lock"}


def notes(folder) -> dict[str, list[list[str]]]:
    """Who did what for each cell: (process, step)."""
    home = folder / "runs" / "many"
    found = {str(path.parent.relative_to(home)): path.read_text() for path in home.rglob("notes.txt")}
    return {name: [line.split() for line in text.splitlines()] for name, text in found.items()}


def working(folder) -> list[int]:
    """Processes that have begun a cell and not ended it."""
    begun = [int(lines[-1][0]) for lines in notes(folder).values() if lines and lines[-1][-1].isdigit()]
    return [process for process in begun if alive(process)]


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for_work(folder, process, some=1) -> list[int]:
    """The processes at work, once there are some, or none if the runner has ended."""
    while process.poll() is None:
        if len(found := working(folder)) >= some:
            return found
    return []


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The tables of a sweep that nothing happened to."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    status, printed = sweep(folder, "--workers", "2")
    assert status == 1 and "many: 22 of 24 models in" in printed
    assert printed.count("failed: ") == 4, "two models diverge, each told when it does and at the end"
    assert all(lines[-1][-1] in ("done", "fails") and len(lines) == 11 for lines in notes(folder).values())
    assert len(notes(folder)) == 24
    return tables(folder)


def test_failed_cells_are_listed_beside_the_tables(uninterrupted):
    assert set(uninterrupted) == {"dsprites.parquet", "cars3d.parquet", "failed.csv", "SHA256SUMS"}
    assert uninterrupted["failed.csv"].decode().splitlines()[1:] == [
        f"{name},beta_vae,1.0,5,FloatingPointError('the loss is not finite at step 7'),abc123"
        for name in ("dsprites", "cars3d")
    ]


@pytest.mark.parametrize("some", [3, pytest.param(KILLS, marks=pytest.mark.slow)])
def test_killed_at_any_moment_and_started_again_the_table_is_that_of_an_uninterrupted_sweep(
    some, uninterrupted, tmp_path
):
    chance, kills, sweeps = random.Random(0), {"runner": 0, "worker": 0, "all": 0}, 0
    while sum(kills.values()) < some:
        folder = tmp_path / str(sweeps)
        folder.mkdir()
        while sum(kills.values()) < some and len(list(folder.rglob("row.json"))) < 22:
            with started(folder, "--workers", "2") as process:
                kill_at_random(folder, process, chance, kills)
        status, printed = sweep(folder, "--workers", "2")
        assert status == 1, printed
        assert tables(folder) == uninterrupted
        sweeps += 1
    print(f"{kills} in {sweeps} sweeps")
    assert some < KILLS or min(kills.values()) >= 3


def kill_at_random(folder, process, chance, kills) -> None:
    """Kill workers until the runner, or all together, are killed."""
    while victims := wait_for_work(folder, process):
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=chance.uniform(0, 0.3))
            return
        victim = chance.choice(list(kills))
        if victim == "worker":
            victims = [worker for worker in victims if alive(worker)]
            if not victims:
                continue
            os.kill(victims[0], signal.SIGKILL)
        elif victim == "runner":  # its workers go on for a second
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        else:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        kills[victim] += 1


OTHERS = [pytest.param(number, marks=pytest.mark.slow) for number in (signal.SIGHUP, signal.SIGQUIT)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, *OTHERS])
def test_a_runner_that_is_told_to_end_takes_its_workers_along(number, uninterrupted, tmp_path):
    with started(tmp_path, "--workers", "2") as process:
        workers = wait_for_work(tmp_path, process, some=2)
        os.kill(process.pid, number)
        assert process.wait() == 1
        assert len(workers) == 2 and not any(alive(worker) for worker in workers)
    printed = (tmp_path / "out.txt").read_text()
    # Not the last line for sure: the process in which joblib counts semaphores may find one gone, and says so later.
    assert "dlnb.run: interrupted. Nothing is lost: run it again to resume." in printed.splitlines()
    assert "Traceback" not in printed
    if number == signal.SIGTERM:  # all are answered by one function
        sweep(tmp_path, "--workers", "2")
        assert tables(tmp_path) == uninterrupted


def test_workers_end_soon_after_their_runner_was_killed(tmp_path):
    with started(tmp_path, "--workers", "2") as process:
        workers = wait_for_work(tmp_path, process, some=2)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        for _ in range(3_000):  # they would stay for ever
            if not any(alive(worker) for worker in workers):
                break
            select.select([], [], [], 0.01)
        else:
            pytest.fail(f"{workers} are still there")
    assert len(workers) == 2


@pytest.mark.slow
def test_two_runners_on_one_folder_never_train_a_cell_twice(uninterrupted, tmp_path):
    with started(tmp_path, "--workers", "2") as one:
        early = set(wait_for_work(tmp_path, one, some=2))
        for process in early:  # halted, so that the first runner is not done before the second has begun
            os.kill(process, signal.SIGSTOP)
        with started(tmp_path, "--workers", "2") as other:
            while other.poll() is None and not set(working(tmp_path)) - early:
                pass
            for process in early:
                os.kill(process, signal.SIGCONT)
            assert {one.wait(), other.wait()} == {1}
    for cell, lines in notes(tmp_path).items():
        assert len({process for process, _ in lines}) == 1 and len(lines) == 11, cell
    sweep(tmp_path)  # whoever was first to end wrote a table without the last cells of the other
    assert tables(tmp_path) == uninterrupted
    assert len({process for lines in notes(tmp_path).values() for process, _ in lines}) > 2


@pytest.mark.slow
def test_a_cluster_does_the_same_cells_and_survives_the_loss_of_a_worker(uninterrupted, tmp_path):
    pytest.importorskip("distributed", reason="needs the extra dlnb[dask]")
    with started(tmp_path, "--engine", "dask", "--workers", "3") as process:
        victims = wait_for_work(tmp_path, process, some=3)
        assert len(set(victims)) == 3, (tmp_path / "out.txt").read_text()
        os.kill(victims[0], signal.SIGKILL)
        assert process.wait() == 1
    assert tables(tmp_path) == uninterrupted
    done = [lines[-1][-1] for lines in notes(tmp_path).values()]
    assert sorted(done) == ["done"] * 22 + ["fails"] * 2


@pytest.mark.slow
def test_a_cell_that_ends_its_worker_does_not_keep_the_others_from_being_done(tmp_path, monkeypatch):
    monkeypatch.setenv("POISON", "dsprites/beta_vae/beta=1/seed=0")
    status, printed = sweep(tmp_path, "--workers", "2", "--only", "*/seed=0")
    assert status == 1 and re.search(r"dlnb.run: workers were killed \d+ times in a row, at dsprites.*seed=0", printed)
    assert len(list(tmp_path.rglob("row.json"))) == 3


@pytest.mark.slow
def test_a_cluster_gives_up_a_cell_that_ends_its_workers(tmp_path, monkeypatch):
    pytest.importorskip("distributed", reason="needs the extra dlnb[dask]")
    monkeypatch.setenv("POISON", "dsprites/beta_vae/beta=1/seed=0")
    with started(tmp_path, "--engine", "dask", "--workers", "1", "--only", "*/seed=[0]") as process:
        status = process.wait()
    printed = (tmp_path / "out.txt").read_text()
    assert status == 1 and "many: 3 of 24 models" in printed, printed
    assert "failed: dsprites/beta_vae/beta=1/seed=0: KilledWorker: workers that ran it were lost" in printed
    by = {process for lines in notes(tmp_path).values() for process, _ in lines}
    assert str(process.pid) not in by and len(notes(tmp_path)) == 3, "a single worker is not the runner"


@pytest.mark.slow
def test_a_cell_of_another_runner_is_told_by_the_exit_status(tmp_path):
    folder = tmp_path / "runs/many/dsprites/beta_vae/beta=1/seed=0"
    folder.mkdir(parents=True)
    with FileLock(folder / "lock"):
        status, printed = sweep(tmp_path, "--only", "*/seed=0")
    assert status == 75 and "1 models are being trained by another runner" in printed
    assert sweep(tmp_path, "--only", "*/seed=0")[0] == 0


def test_a_conflict_or_an_unwritable_table_is_told_before_anything_is_trained(uninterrupted, tmp_path):
    sweep(tmp_path, "--only", "*/seed=0")
    path = tmp_path / "runs/many/dsprites/beta_vae/beta=1/seed=0/row.json"
    path.write_text(re.sub('"mig": [0-9.]+', '"mig": 0.987', path.read_text()))
    before = notes(tmp_path)
    status, printed = sweep(tmp_path)
    assert status == 1 and re.match(r"dlnb.run: .*'seed': 0.* differs between .*tables/many and .*runs", printed), (
        printed
    )
    shutil.rmtree(tmp_path / "tables")
    (tmp_path / "tables").write_text("a file")
    status, printed = sweep(tmp_path)
    assert status == 1 and re.match(r"dlnb.run: .*tables/many.*\nNothing is lost", printed), printed
    assert notes(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--only", ""), "no cell of many matches ''"),
        (("--only", "seed=0"), "no cell of many matches 'seed=0'"),
        (("--merge", "tables", "--status"), "not allowed with argument --merge"),
        (("--merge", "nowhere"), "there is no folder nowhere"),
        (("--rescore",), "no models of many under"),
    ],
)
def test_contradictory_options_are_refused(options, message, tmp_path):
    status, printed = sweep(tmp_path, *options)
    assert status and message in printed and not notes(tmp_path)


@pytest.mark.slow
def test_what_the_tables_hold_is_not_done_again_without_the_folder_of_runs(uninterrupted, tmp_path):
    sweep(tmp_path, "--only", "*/seed=0", "--workers", "2")
    shutil.rmtree(tmp_path / "runs")
    status, printed = sweep(tmp_path, "--workers", "2")
    assert status == 1 and "many: 4 of 24 models done or failed before, 20 to train" in printed
    assert tables(tmp_path) == uninterrupted
    shutil.rmtree(tmp_path / "runs")  # failures are in the list
    _, printed = sweep(tmp_path)
    assert "many: 24 of 24 models done or failed before, 0 to train" in printed


def test_status_tells_what_is_done_running_failed_and_missing(uninterrupted, tmp_path):
    first = sweep(tmp_path, "--status")[1].splitlines()[0]
    assert first == "many: 0 done, 0 running, 0 interrupted, 0 failed, 24 missing of 24 models"
    sweep(tmp_path, "--only", "*/*/beta=1/*", "--workers", "1")
    with started(tmp_path, "--workers", "2") as process:
        assert len(wait_for_work(tmp_path, process, some=2)) == 2
        os.kill(process.pid, signal.SIGSTOP)  # its workers go on; whatever they do, the numbers fit
        command = [sys.executable, str(SWEEP), "--runs", "runs", "--tables", "tables", "--status"]
        printed = finished(command, cwd=tmp_path).stdout
    counts = {
        name: int(number) for number, name in re.findall(r"(\d+) (done|running|interrupted|failed|missing)", printed)
    }
    assert sum(counts.values()) == 24 and counts["failed"] == 2 and counts["done"] >= 10
    failure = "failed: dsprites/beta_vae/beta=1/seed=5: FloatingPointError('the loss is not finite at step 7')\n"
    assert failure in printed


@pytest.fixture
def small_disk(tmp_path):
    """A folder that holds 64 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = finished(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)])
    if mounted.returncode:
        pytest.skip("a file system of 64 KiB can be made by root only")
    yield folder
    assert finished(["umount", str(folder)]).returncode == 0


def test_a_full_disk_ends_the_sweep_with_one_clear_line_and_loses_nothing(uninterrupted, small_disk, tmp_path):
    (tmp_path / "runs").symlink_to(small_disk, target_is_directory=True)
    status, printed = sweep(tmp_path, "--workers", "2")
    assert status == 1
    assert re.search(r"dlnb.run: .*No space left on device.*\nNothing is lost", printed), printed
    kept = list(small_disk.rglob("row.json"))
    assert all(results.read_json(path)["data_set"] for path in kept) and not list(small_disk.rglob("failed.json"))
    shutil.copytree(small_disk, tmp_path / "larger")
    (tmp_path / "runs").unlink()
    (tmp_path / "larger").rename(tmp_path / "runs")
    sweep(tmp_path, "--workers", "2")
    assert tables(tmp_path) == uninterrupted


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "runs").write_text("a file")
    status, printed = sweep(tmp_path)
    assert status == 1 and re.search(r"dlnb.run: .*runs/many.*\nNothing is lost", printed), printed
    assert (tmp_path / "runs").read_text() == "a file"


@pytest.mark.parametrize("content", ["", '{"data_set": "dspr', "[1, 2]", '{"name": "something else"}'])
def test_a_damaged_or_foreign_row_is_named_before_anything_is_trained(content, tmp_path):
    path = tmp_path / "runs/many/dsprites/beta_vae/beta=1/seed=0/row.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    status, printed = sweep(tmp_path)
    assert status == 1 and re.match(rf"dlnb.run: {path}.*\n$", printed), printed
    assert path.read_text() == content and not notes(tmp_path)
