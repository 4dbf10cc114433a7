"""Updates per second of different trainers of the same model: ``python benchmarks/training.py [--peers PYTHON]``.

All train the beta-VAE of the study (10 latents, beta 4, batches of 64, Adam with 1e-4) on images of 64 x 64, each in a
separate process on one core, one after another; ``--rounds`` interleave them, so that changes of the machine's speed
affect all equally. Run it on an otherwise idle machine. Ours draw their images during training, and the start of a run
counts, building the graph does not; the others have all images in memory, and their first steps do not count.
bfloat16 makes a sixth of the ``--steps``, since it is about ten times slower without hardware for it.

PYTHON is the interpreter of an environment with the other packages, for example peers/bin/python after

    python -m venv peers
    peers/bin/pip install torch disent==0.8.0 pydantic imageio cloudpickle
    peers/bin/pip install --no-deps pythae==0.1.2

pythae is installed without its dependencies since it declares ``dataclasses``, a package that breaks Python from 3.11
on; it needs only pydantic, imageio, cloudpickle and what disent depends on. Without ``--peers`` these rows are omitted.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from dlnb import data
from dlnb.models import networks, training
from dlnb.models.backend import keras, tf
from dlnb.models.losses import bernoulli_nll, gaussian_kl
from dlnb.models.methods import BetaVAE

BATCH, LATENTS, BETA, RATE = 64, 10, 4.0, 1e-4
LEFT_OUT = 5  # steps that do not count, as in peers.py
DATA_SETS = {"dsprites": "64x64x1", "color_dsprites": "64x64x3"}
OURS = {"float32": "ours", "bfloat16": "ours, bfloat16", "keras": "our network in Keras's `fit`"}
PEERS = {"pythae": "pythae 0.1.2", "disent": "disent 0.8.0 (Lightning)", "torch": "plain PyTorch, channels last"}


class VAE(keras.Model):
    """The beta-VAE as it is usually written for ``fit``."""

    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder, self.decoder, self.seeds = encoder, decoder, keras.random.SeedGenerator(0)

    def call(self, images):
        mean, logvar = self.encoder(images)
        noise = keras.random.normal(keras.ops.shape(mean), seed=self.seeds)
        return self.decoder(mean + keras.ops.exp(logvar / 2) * noise), mean, logvar

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        logits, mean, logvar = y_pred
        return bernoulli_nll(x, logits) + BETA * gaussian_kl(mean, logvar)


def with_keras(images) -> tuple:
    """Model, steps per second of ``fit``, and the reconstruction loss of one batch after it."""
    rng, shape, stamps = np.random.default_rng(0), images.shape[1:], []
    model = VAE(networks.encoder(shape, LATENTS, rng), networks.decoder(shape, LATENTS, rng))
    model.compile(keras.optimizers.Adam(RATE, epsilon=1e-8), jit_compile=False)  # XLA is slower on a CPU
    stamp = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: stamps.append(time.perf_counter()))
    model.fit(images, batch_size=BATCH, verbose=0, callbacks=[stamp])
    speed = (len(stamps) - LEFT_OUT) / (stamps[-1] - stamps[LEFT_OUT - 1])
    return model, speed, bernoulli_nll(images[-BATCH:], model(images[-BATCH:])[0])


def with_ours(data_set, steps: int, precision: str) -> tuple:
    """Model, steps per second of ``training.train``, and its last reconstruction loss."""
    options = {"seed": 0, "batch": BATCH, "latents": LATENTS, "learning_rate": RATE, "precision": precision}
    for number in (min(steps, training.CHUNK), steps):  # the graph of the first call is kept for the second
        start = time.perf_counter()
        model = training.train(data_set, BetaVAE(BETA), steps=number, **options)
    return model, steps / (time.perf_counter() - start), model.history["reconstruction"][-1]


def measure(trainer: str, path: str, steps: str) -> None:
    """Print the JSON of one of OURS; the file of images is named after the data set."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    if trainer == "keras":
        model, speed, loss = with_keras(np.load(path))
    else:
        model, speed, loss = with_ours(data.load(Path(path).stem), int(steps), trainer)
    count = model.encoder.count_params() + model.decoder.count_params()
    assert count == 309_204 + 381_313 + 1025 * (model.encoder.input_shape[-1] - 1)
    print(json.dumps({"steps_per_second": speed, "reconstruction": float(loss)}))


def run(command: list[str]) -> float | str:
    """Steps per second, from the last line of the process's output; if it fails, the last line of its errors."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    lines = (done.stderr if done.returncode else done.stdout).strip().splitlines() or [f"exit {done.returncode}"]
    print(command[2], Path(command[3]).stem, lines[-1], file=sys.stderr)
    return f"failed: {lines[-1]}".replace("|", "/") if done.returncode else json.loads(lines[-1])["steps_per_second"]


def cells(rounds: list[float | str], fastest: float | None) -> str:
    """Two columns of the table."""
    for failure in (found for found in rounds if isinstance(found, str)):
        return f"{failure} | –"
    share = f"{median(rounds) / fastest:.2f}" if fastest else "–"
    return f"{median(rounds):.2f} ({min(rounds):.2f}–{max(rounds):.2f}) | {share}"


def main():
    parser, chunk = argparse.ArgumentParser(description=__doc__.splitlines()[0]), training.CHUNK
    parser.add_argument("--peers", metavar="PYTHON", help="interpreter of an environment with torch, pythae and disent")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=120, help=f"a multiple of {chunk}")
    given = parser.parse_args()
    if given.steps < chunk or given.steps % chunk:
        parser.error(f"--steps must be a multiple of {chunk}: our graph is traced again for fewer updates at once")
    if given.peers and not shutil.which(given.peers):
        parser.error(f"--peers: there is no program {given.peers}")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # inherited by the processes started below

    sixth = given.steps // 6 // chunk * chunk or given.steps // 6
    script, names = Path(__file__), OURS | (PEERS if given.peers else {})
    found = {(trainer, name): [] for name in DATA_SETS for trainer in names}
    with tempfile.TemporaryDirectory() as folder:
        for name in DATA_SETS:
            count = BATCH * (LEFT_OUT + given.steps)
            np.save(Path(folder, f"{name}.npy"), data.load(name).sample(count, np.random.default_rng(0))[1])
        for (trainer, name), rounds in list(found.items()) * given.rounds:
            path, steps = str(Path(folder, f"{name}.npy")), sixth if trainer == "bfloat16" else given.steps
            own = [sys.executable, str(script), trainer, path, str(steps)]
            rounds.append(run(own if trainer in OURS else [given.peers, str(script.with_name("peers.py")), *own[2:4]]))

    speeds = {key: median(r) for key, r in found.items() if r and not any(isinstance(value, str) for value in r)}
    fastest = {n: max((speeds.get((p, n), 0) for p in ("pythae", "disent")), default=0) for n in DATA_SETS}
    print(f"| trainer | {' | '.join(f'{s}, steps/s | x fastest peer' for s in DATA_SETS.values())} |\n|{'---|' * 5}")
    for trainer, label in names.items():
        print(f"| {label} | {' | '.join(cells(found[trainer, name], fastest[name]) for name in DATA_SETS)} |")
    if not given.peers:
        print("\nWithout --peers: pythae, disent and the plain PyTorch loop are omitted.")


if __name__ == "__main__":
    measure(*sys.argv[1:]) if sys.argv[1:2] and sys.argv[1] in OURS else main()
