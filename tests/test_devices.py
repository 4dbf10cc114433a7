"""Devices that are made up: no GPU is needed, and none was at hand."""

import os
import sys
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from common import finished
from sweeps import ORIGIN, TINY

from dlnb import data, models, progress, switches
from dlnb.models import backend, devices, graphs, training
from dlnb.models.backend import internals, tf
from dlnb.run import engines, sweep, worker
from dlnb.study import STUDIES

SPRITES = data.load("dsprites", size=32)
QUICK = {"steps": 12, "batch": 8, "learning_rate": 1e-3}
DETAILS = {
    "T4": {"device_name": "Tesla T4", "compute_capability": (7, 5)},
    "G4": {"device_name": "NVIDIA RTX PRO 6000", "compute_capability": (12, 0)},
}


@pytest.fixture
def gpus(monkeypatch):
    """A function that makes TensorFlow tell of GPUs, by their names in DETAILS."""

    def gpus(*names, version="2.20.0"):
        monkeypatch.setattr(devices, "GPUS", list(names))
        monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: list(names) if kind == "GPU" else [])
        monkeypatch.setattr(tf.config.experimental, "get_device_details", DETAILS.get)
        monkeypatch.setattr(tf, "__version__", version)

    return gpus


# The switches


@pytest.mark.parametrize(
    ("variable", "function", "told"),
    [
        ("DLNB_JIT", switches.jit, {"": None, "0": False, "1": True}),
        ("DLNB_MEMORY_GROWTH", switches.memory_growth, {"": True, "0": False, "1": True}),
        ("DLNB_TF32", switches.tf32, {"": True, "0": False, "1": True}),
        ("DLNB_PROCESSES_A_GPU", switches.processes_a_gpu, {"": 1, "3": 3}),
        ("DLNB_DRAWING_THREADS", lambda: switches.drawing_threads(2), {"": 2, "5": 5}),
    ],
)
def test_a_switch_is_an_environment_variable_and_refuses_what_it_cannot_be(monkeypatch, variable, function, told):
    assert f"``{variable}``" in switches.__doc__
    monkeypatch.delenv(variable, raising=False)
    assert function() == told[""]
    for value, means in told.items():
        monkeypatch.setenv(variable, value)
        assert function() == means
    for wrong in ("yes", "-1", "1.5", " "):
        monkeypatch.setenv(variable, wrong)
        with pytest.raises(ValueError, match=rf"environment variable {variable} must be .*, not '{wrong}'"):
            function()


def test_xla_compiles_on_a_gpu_unless_the_switch_or_the_argument_says_otherwise(gpus, monkeypatch):
    monkeypatch.delenv("DLNB_JIT", raising=False)
    gpus()
    assert [devices.compiled(jit) for jit in (None, False, True)] == [False, False, True]
    gpus("T4")
    assert [devices.compiled(jit) for jit in (None, False, True)] == [True, False, True]
    monkeypatch.setenv("DLNB_JIT", "0")
    assert [devices.compiled(jit) for jit in (None, True)] == [False, True]


def test_one_model_trains_on_each_gpu_unless_the_switch_says_more(monkeypatch, tmp_path):
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'GPU 0: A (UUID: 1)'\necho 'GPU 1: A (UUID: 2)'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("DLNB_PROCESSES_A_GPU", raising=False)
    assert engines.processes() == 2
    monkeypatch.setenv("DLNB_PROCESSES_A_GPU", "4")
    assert engines.processes() == 8


def test_workers_use_the_gpus_in_turn_also_if_there_are_more_workers_than_gpus(monkeypatch):
    used = []
    monkeypatch.setattr(backend, "GPUS", ["first", "second"])
    monkeypatch.setattr(tf.config, "set_visible_devices", lambda gpu, kind: used.append(gpu))
    for name in ("set_intra_op_parallelism_threads", "set_inter_op_parallelism_threads"):
        monkeypatch.setattr(tf.config.threading, name, lambda count: None)
    monkeypatch.setattr(engines.os, "nice", lambda more: None)
    for identity in ((), (1,), (2,), (3,), (4,)):  # of the runner itself, and of its four workers
        monkeypatch.setattr(engines, "current_process", lambda number=identity: SimpleNamespace(_identity=number))
        engines.prepare()
    assert used == ["first", "first", "second", "first", "second"]


def test_a_process_takes_the_memory_of_its_gpus_as_it_needs_it(gpus, monkeypatch):
    grown = []

    def grow(gpu, on):
        grown.append((gpu, on))
        if gpu == "T4":
            raise RuntimeError("Physical devices cannot be modified after being initialized")

    gpus("T4", "G4")
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", grow)
    monkeypatch.setenv("DLNB_MEMORY_GROWTH", "1")
    devices.set_up()
    assert grown == [("T4", True), ("G4", True)]
    monkeypatch.setenv("DLNB_MEMORY_GROWTH", "0")
    devices.set_up()
    assert len(grown) == 2


def test_a_notebook_s_own_process_is_set_up_when_models_are_imported():
    # TensorFlow lists a GPU that is not there; it is asked for growth before it computes anything.
    code = """if True:
        import tensorflow as tf
        asked, real = [], tf.config.list_physical_devices
        tf.config.list_physical_devices = lambda kind=None: ["the GPU"] if kind == "GPU" else real(kind)
        tf.config.experimental.set_memory_growth = lambda gpu, on: asked.append((gpu, on))
        import dlnb.models
        print(asked, tf.config.experimental.tensor_float_32_execution_enabled())
    """
    done = finished([sys.executable, "-c", code], env={**os.environ, "DLNB_MEMORY_GROWTH": "1", "DLNB_TF32": "0"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[('the GPU', True)] False"


def test_a_device_has_the_name_of_the_first_gpu_that_is_visible(gpus):
    gpus("G4", "T4")
    assert devices.device() == models.device() == "NVIDIA RTX PRO 6000"
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        assert devices.device() == "NVIDIA RTX PRO 6000 without TF32"
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(True)
    gpus()
    assert devices.device() == "CPU"


# Where XLA is known to fail


@pytest.mark.parametrize("version", ["2.20.0", "2.21.1"])
def test_a_device_for_which_xla_fails_is_named_with_the_ways_out(gpus, version):
    gpus("G4", version=version)
    with pytest.raises(OSError, match=r"NVIDIA RTX PRO 6000 has compute capability 12\.0.*jit=False.*DLNB_JIT=0") as no:
        models.train(SPRITES, models.BetaVAE(1), seed=0, **QUICK)
    assert version in str(no.value) and "than 2.20 and 2.21" in str(no.value)


def test_other_devices_and_versions_compile_and_the_way_out_is_one(gpus):
    for name, version in [("G4", "2.19.1"), ("G4", "2.22.0"), ("T4", "2.20.0")]:
        gpus(name, version=version)
        assert devices.compiled(None)
    gpus("G4")
    assert not devices.compiled(False)
    gpus("unheard of")  # TensorFlow tells nothing of some devices
    assert "unheard of" not in DETAILS


def test_a_study_that_meets_such_a_device_ends_and_blames_no_model(gpus, tmp_path, monkeypatch, capsys):
    gpus("G4")
    monkeypatch.setitem(STUDIES, "tiny", TINY)
    folders = ["--runs", str(tmp_path / "runs"), "--tables", str(tmp_path / "tables"), "--workers", "1"]
    with pytest.raises(SystemExit, match=r"compute capability 12\.0.*\n.*Nothing is lost"):
        sweep.main(["tiny", *folders])
    assert not list((tmp_path / "runs").rglob("failed.json"))


# Errors of a device are not the model's


def broken(kind, text):
    """What takes the place of ``worker.row`` and raises an error of TensorFlow."""

    def row(study, cell, folder):
        raise getattr(tf.errors, kind)(None, None, text)

    return row


DEVICE = [
    ("InternalError", "Failed to launch ptxas"),
    ("InternalError", "CUDNN_STATUS_EXECUTION_FAILED in external/local_xla/xla/stream_executor/cuda/cuda_dnn.cc(5144)"),
    ("UnknownError", "JIT compilation failed."),
    ("FailedPreconditionError", "DNN library initialization failed. Look at the errors above for more details."),
    ("UnimplementedError", "DNN library is not found."),
    ("NotFoundError", "No algorithm worked!  Error messages: ..."),
]


@pytest.mark.parametrize(("kind", "text"), DEVICE)
def test_an_error_of_the_device_ends_the_run_with_a_reason_and_is_no_failure_of_the_model(
    kind, text, tmp_path, monkeypatch
):
    monkeypatch.setattr(worker, "row", broken(kind, text))
    cell = TINY.cells()[0]
    folder = tmp_path / "tiny" / str(cell)
    folder.mkdir(parents=True)
    (folder / worker.CHECKPOINT).write_bytes(b"so far")
    with pytest.raises(OSError, match=r"the device failed, not the model dsprites/beta_vae/beta=1/seed=0") as told:
        worker.do(TINY, cell, tmp_path, ORIGIN)
    assert f"{kind}: {text}" in str(told.value)
    assert not (folder / "failed.json").exists()
    assert (folder / worker.CHECKPOINT).read_bytes() == b"so far"
    assert text in (folder / "log.txt").read_text(), "the whole error is in the log"


def test_the_command_says_that_nothing_is_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "row", broken(*DEVICE[1]))
    monkeypatch.setitem(STUDIES, "tiny", TINY)
    folders = ["--runs", str(tmp_path / "runs"), "--tables", str(tmp_path / "tables"), "--workers", "1"]
    with pytest.raises(SystemExit, match=r"the device failed, not the model .*CUDNN(.|\n)*Nothing is lost"):
        sweep.main(["tiny", *folders])


@pytest.mark.parametrize(
    ("kind", "text"),
    [("InvalidArgumentError", "Incompatible shapes: [8,10] vs. [8,3]"), ("UnimplementedError", "no such kernel")],
)
def test_an_error_of_the_model_is_its_failure(kind, text, tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "row", broken(kind, text))
    assert worker.do(TINY, TINY.cells()[0], tmp_path, ORIGIN)[1] == worker.State.FAILED


def test_python_code_in_a_graph_that_fails_is_the_model_s_failure(tmp_path, monkeypatch):
    def row(study, cell, folder):
        def wrong(value):
            raise KeyError("mine")

        tf.function(lambda x: tf.numpy_function(wrong, [x], tf.float32))(tf.constant(1.0))

    monkeypatch.setattr(worker, "row", row)
    assert worker.do(TINY, TINY.cells()[0], tmp_path, ORIGIN)[1] == worker.State.FAILED


# Determinism


def test_determinism_can_be_switched_off():
    """TensorFlow has no public name for it: this fails with the version that drops the one we use."""
    assert callable(internals.disable_op_determinism) and callable(internals.is_op_determinism_enabled)


@dataclass(frozen=True)
class Observed(models.Method):
    """A method that notes whether determinism is on while its graph is made, and fails if it is told to."""

    fails: bool = False

    def regularizer(self, q, step, critic=None):
        seen.append(internals.is_op_determinism_enabled())
        if self.fails:
            raise ArithmeticError("of the method")
        return models.losses.gaussian_kl(q.mean, q.logvar)


seen = []


def test_random_numbers_need_no_seed_after_training_though_it_is_deterministic():
    assert not internals.is_op_determinism_enabled()
    seen.clear()
    model = models.train(SPRITES, Observed(), seed=0, **QUICK)
    assert seen and all(seen)
    assert tf.random.normal((3,)).shape == (3,)
    models.encode(model, SPRITES.sample(4, np.random.default_rng(0)))
    models.decode(model, np.zeros((1, 10)))
    tf.random.normal((3,))
    with pytest.raises(Exception, match="of the method"):
        models.train(SPRITES, Observed(fails=True), seed=0, **QUICK)
    tf.random.normal((3,))


def test_determinism_that_was_on_before_stays_on():
    tf.config.experimental.enable_op_determinism()
    try:
        models.train(SPRITES, models.BetaVAE(1), seed=0, **QUICK)
        assert internals.is_op_determinism_enabled()
    finally:
        internals.disable_op_determinism()


def test_determinism_stays_on_where_tensorflow_cannot_switch_it_off(monkeypatch):
    monkeypatch.setattr(devices, "internals", SimpleNamespace())
    try:
        with devices.deterministic():
            assert internals.is_op_determinism_enabled()
        assert internals.is_op_determinism_enabled()
    finally:
        internals.disable_op_determinism()


# What C++ writes while a compiler starts

WRITTEN = """\
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795982605.513496   10095 device_compiler.h:196] Compiled cluster using XLA!
W0000 00:00:1795982605.513497   10095 gpu_kernel.cc:5] The driver is older than the compiler.
E0000 00:00:1795982605.513498   10095 cuda_dnn.cc:1] Could not create cudnn handle
Traceback of someone
"""


@pytest.mark.parametrize("fails", [False, True])
def test_a_notebook_shows_errors_of_c_and_not_its_notices(monkeypatch, capfd, fails):
    monkeypatch.setattr(progress, "in_notebook", lambda: True)
    with pytest.raises(ArithmeticError) if fails else nullcontext(), backend.without_notices():
        os.write(2, WRITTEN.encode())
        if fails:
            raise ArithmeticError
    assert capfd.readouterr().err.splitlines() == WRITTEN.splitlines()[3:]
    os.write(2, b"as ever")
    assert capfd.readouterr().err == "as ever"


def test_a_terminal_shows_all(capfd):
    with backend.without_notices():
        os.write(2, WRITTEN.encode())
    assert capfd.readouterr().err == WRITTEN


def test_the_first_call_of_a_graph_is_the_one_that_is_kept_quiet(monkeypatch):
    quiet = []

    @contextmanager
    def noted():
        quiet.append(True)
        yield

    monkeypatch.setattr(graphs, "without_notices", noted)
    models.train(SPRITES, Observed(), seed=0, **QUICK | {"steps": 2 * training.CHUNK, "batch": 4})
    assert quiet == [True]


# Images


def drawn(threads, monkeypatch, first=0, steps=3 * training.CHUNK + 4):
    monkeypatch.setenv("DLNB_DRAWING_THREADS", str(threads))
    colored = data.load("color_dsprites", size=32)
    return list(training._batches(colored, models.BetaVAE(1.0), 4, seed=5, first=first, steps=steps))


@pytest.mark.parametrize("threads", [2, 5])
def test_any_number_of_threads_draws_the_same_images_in_the_same_order(threads, monkeypatch):
    one, many = drawn(1, monkeypatch), drawn(threads, monkeypatch)
    assert [start for start, _ in many] == [start for start, _ in one] == [0, 10, 20, 30]
    for (_, images), (_, others) in zip(one, many, strict=True):
        np.testing.assert_array_equal(images, others)
    for (start, images), (_, others) in zip(one[2:], drawn(threads, monkeypatch, first=20), strict=True):
        np.testing.assert_array_equal(images, others, err_msg=f"resumed at 20, {start}")


def test_threads_draw_no_further_ahead_than_one_chunk_each(monkeypatch):
    begun = []

    def sample(self, n, rng):
        begun.append(n)
        return None, np.zeros((n, 32, 32, 1), np.float32)

    monkeypatch.setattr(type(SPRITES), "sample", sample)
    monkeypatch.setenv("DLNB_DRAWING_THREADS", "3")
    batches = training._batches(SPRITES, models.BetaVAE(1.0), 4, seed=0, first=0, steps=100 * training.CHUNK)
    for taken in range(1, 6):
        next(batches)
        assert len(begun) <= (taken + 3) * training.CHUNK
    batches.close()
    assert len(begun) <= (5 + 3) * training.CHUNK, "what was not begun is not drawn"


def test_an_error_in_a_thread_is_raised_in_its_turn(monkeypatch):
    counted = iter(range(1_000))

    def sample(self, n, rng):
        if next(counted) >= 15:
            raise ValueError("no such image")
        return None, np.zeros((n, 32, 32, 1), np.float32)

    monkeypatch.setattr(type(SPRITES), "sample", sample)
    monkeypatch.setenv("DLNB_DRAWING_THREADS", "2")
    batches = training._batches(SPRITES, models.BetaVAE(1.0), 4, seed=0, first=0, steps=50)
    assert next(batches)[0] == 0
    with pytest.raises(ValueError, match="no such image"):
        next(batches)


def test_a_cpu_draws_with_one_thread_and_a_gpu_with_some(gpus, monkeypatch):
    monkeypatch.delenv("DLNB_DRAWING_THREADS", raising=False)
    monkeypatch.setattr(devices, "cpu_count", lambda: 12)
    gpus()
    assert devices.drawing_threads() == 1
    gpus("T4")
    assert devices.drawing_threads() == devices.THREADS
    monkeypatch.setattr(devices, "cpu_count", lambda: 1)
    assert devices.drawing_threads() == 1
