from types import SimpleNamespace

import joblib
import pytest
from sweeps import ORIGIN, TINY

from dlnb.run import engines, sweep


def test_workers_of_several_threads_are_refused(tmp_path):
    client = SimpleNamespace(nthreads=lambda: {"tcp://here:1": 1, "tcp://there:2": 4})
    with pytest.raises(ValueError, match=r"each Dask worker must have one thread: start it with --nthreads 1"):
        list(engines.dask(TINY, TINY.cells(), tmp_path, ORIGIN, client))


def test_a_scheduler_that_does_not_answer_is_named():
    pytest.importorskip("distributed", reason="needs the extra dlnb[dask]")
    with (
        pytest.raises(ValueError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9"),
        engines.client("tcp://127.0.0.1:9", 1, timeout=1),
    ):
        pytest.fail("nobody is there")


def test_an_address_without_its_engine_is_refused(tmp_path):
    folders = ["--runs", str(tmp_path), "--tables", str(tmp_path)]
    with pytest.raises(SystemExit, match="add --engine dask"):
        sweep.main(["smoke", "--address", "tcp://127.0.0.1:9", *folders])


def test_workers_that_keep_dying_end_the_sweep_with_a_reason(tmp_path, monkeypatch):
    begun = []

    def each(study, cells, runs, origin, workers):
        begun.append(cells)
        if len(begun) < 3:
            yield cells[0], "done", ""
        raise engines.TerminatedWorkerError("a worker was killed")

    monkeypatch.setattr(engines, "_each", each)
    sweep = engines.local(TINY, TINY.cells(), tmp_path, ORIGIN, 2)
    a, b, c, d = TINY.cells()
    assert next(sweep)[0] == a
    assert next(sweep)[0] == d, "the others come before those that may have killed their worker"
    with pytest.raises(RuntimeError, match=r"workers were killed 3 times in a row, at dsprites.* of 2 cells"):
        next(sweep)
    assert begun == [(a, b, c, d), (d, b, c), (b,), (c,)], "the last ones one by one"


def test_there_is_a_process_for_each_gpu_or_core(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert engines.processes() == joblib.cpu_count()
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'GPU 0: A (UUID: 1)'\necho 'GPU 1: A (UUID: 2)'\necho 'GPU 2: A (UUID: 3)'\n")
    tool.chmod(0o755)
    assert engines.processes() == 3
    tool.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed'\n")
    assert engines.processes() == joblib.cpu_count()


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
