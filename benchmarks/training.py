"""What a training step costs and what share of it is rendering: ``python benchmarks/training.py``.

One thread, batches of 64 images of 32 x 32 x 3 (Color-dSprites), the study's networks. Run it with nothing else going
on; the last column compares with the first row.
"""

import time

import numpy as np

from dlnb import data, training
from dlnb.backend import tf
from dlnb.methods import BetaVAE

REPEATS = 5


def fastest(action, number: int) -> float:
    """Seconds of one ``action``: the best of some rounds, which other work on the machine disturbs least."""
    rounds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        for _ in range(number):
            action()
        rounds.append((time.perf_counter() - start) / number)
    return min(rounds)


def step(data_set, **options) -> float:
    """Seconds of one update, its batch included; building the graph is left out."""
    images = data_set.sample(64 * training.CHUNK, np.random.default_rng(0))[1]
    images = tf.constant(images.reshape(training.CHUNK, 64, *data_set.image_shape))
    rng = training.generator(0, "encoder")
    encoder = training.networks.encoder(data_set.image_shape, 10, rng, **options)
    decoder = training.networks.decoder(data_set.image_shape, 10, rng)
    updates = training._updates(encoder, decoder, BetaVAE(4.0), 0, 1e-3, jit=False)
    updates(images, tf.constant(0))
    return fastest(lambda: updates(images, tf.constant(0)), 2) / training.CHUNK


def main():
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    rng = np.random.default_rng(0)
    small, large = (data.load("color_dsprites", size=size) for size in (32, 64))
    rows = [
        ("update, 32 x 32 x 3, 2x2 kernels (code)", step(small)),
        ("update, 32 x 32 x 3, 4x4 kernels (paper)", step(small, kernels="paper")),
        ("update, 64 x 64 x 3, 2x2 kernels (code)", step(large)),
        ("rendering a batch, 32 x 32 x 3", fastest(lambda: small.sample(64, rng), 50)),
        ("rendering a batch, 64 x 64 x 3", fastest(lambda: large.sample(64, rng), 20)),
    ]
    print(f"| one thread, batch of 64 | ms | a second | of the first row |\n|{'---|' * 4}")
    for name, seconds in rows:
        print(f"| {name} | {1e3 * seconds:.1f} | {1 / seconds:.0f} | {seconds / rows[0][1]:.2f} |")


if __name__ == "__main__":
    main()
