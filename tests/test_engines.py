import joblib
import pytest
from sweeps import ORIGIN, TINY

from dlnb.run import engines


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
