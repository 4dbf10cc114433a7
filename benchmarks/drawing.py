"""Whether training waits for its images: ``python benchmarks/drawing.py``. Takes about ten minutes with two cores.

For every data set at 64 x 64 and batches of 64: batches a second with one thread, how many times as many with more
threads, and the share of its time that training waits for images,

- on a made-up device that takes no part of the CPU and makes UPDATES a second, as a GPU might, and
- with a small network on this CPU: one dense layer from coarse pixels to codes, one back to pixels.

Rounds are interleaved and short, and the best of them counts, so that ratios hold on a machine that is not quite idle.
"""

import argparse
import os
import time
from concurrent.futures import ThreadPoolExecutor

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from dlnb import data, models, paper
from dlnb.models import training
from dlnb.models.backend import keras, tf

BATCH, SIZE, ROUNDS = 64, 64, 7
UPDATES = 150, 300, 1_000  # a second: the estimates for a T4, and a device several times as fast
SECONDS = 0.4  # of a round, about


def speed(data_set, threads: int, batches: int) -> float:
    """Batches a second with a number of threads."""

    def draw(step):
        data_set.sample(BATCH, training.generator(0, "training", step))

    with ThreadPoolExecutor(threads) as pool:
        begun = time.perf_counter()
        list(pool.map(draw, range(batches)))
        return batches / (time.perf_counter() - begun)


def waiting(data_set, threads: int, work, chunks: int = 12) -> float:
    """The share of time in which ``work(images)`` waits for its images; the first chunk does not count."""
    os.environ["DLNB_DRAWING_THREADS"] = str(threads)
    waited, batches = 0.0, training._batches(data_set, BATCH, 0, 0, (chunks + 1) * training.CHUNK)
    work(next(batches)[1])
    begun = time.perf_counter()
    while True:
        asked = time.perf_counter()
        found = next(batches, None)
        if found is None:
            return waited / (asked - begun)
        waited += time.perf_counter() - asked
        work(found[1])


def made_up(updates: int):
    """A device that makes so many updates a second. Images are copied, as they are to a device."""

    def work(images):
        begun = time.perf_counter()
        tf.constant(images)
        time.sleep(max(0.0, len(images) / updates - (time.perf_counter() - begun)))

    return work


def small(shape: tuple[int, int, int]):
    """One update for each batch of a network with two dense layers."""
    image = keras.Input(shape)
    coarse = keras.layers.Flatten()(keras.layers.AveragePooling2D(8)(image))
    encoder = keras.Model(image, [keras.layers.Dense(10)(coarse), keras.layers.Dense(10)(coarse)])
    code = keras.Input((10,))
    decoder = keras.Model(code, keras.layers.Reshape(shape)(keras.layers.Dense(int(np.prod(shape)))(code)))
    weights = [*encoder.trainable_variables, *decoder.trainable_variables]

    @tf.function
    def update(images):
        with tf.GradientTape() as tape:
            mean, logvar = encoder(images)
            loss = models.losses.bernoulli_nll(images, decoder(mean)) + models.losses.gaussian_kl(mean, logvar)
        for weight, gradient in zip(weights, tape.gradient(loss, [w.value for w in weights]), strict=True):
            weight.value.assign_sub(1e-4 * gradient)
        return loss

    def work(images):
        for batch in tf.constant(images):
            update(batch)

    return work


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data_sets", nargs="*", default=list(paper.DATA_SETS))
    parser.add_argument("--threads", nargs="+", type=int, default=[2])
    parser.add_argument("--speed", action="store_true", help="batches a second only")
    options = parser.parse_args()
    counts = [1, *options.threads]
    heads = ["data set", "batches a second, 1 thread", *(f"x with {n}" for n in options.threads)]
    if not options.speed:
        heads += [f"waits at {n:,} a second: {' / '.join(map(str, counts))} threads" for n in UPDATES]
        heads += ["waits with a small network on the CPU"]
    print("| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|", flush=True)
    for name in options.data_sets:
        data_set = data.load(name, size=SIZE)
        data_set.sample(600, np.random.default_rng(0))  # what is drawn once
        batches = max(8, int(SECONDS * speed(data_set, 1, 20)))
        found = np.array([[speed(data_set, n, batches) for n in counts] for _ in range(ROUNDS)]).max(axis=0)
        row = [name, f"{found[0]:,.0f}", *(f"{many / found[0]:.2f}" for many in found[1:])]
        works = [] if options.speed else [*map(made_up, UPDATES), small(data_set.image_shape)]
        for work in works:
            shares = [min(waiting(data_set, n, work) for _ in range(3)) for n in counts]
            row.append(" / ".join(f"{share:.2f}" for share in shares))
        print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
