"""The time of the parts of an update, of updates by method and of starting the next model of a sweep, and memory.

``python benchmarks/step.py [--size 64]``, one thread, batches of 64, float32, the study's network. Run it on an
otherwise idle machine; it takes about ten minutes, most of them for 10,000 updates whose memory is measured.
"""

import argparse
import multiprocessing
import resource
import sys
import time

import numpy as np

from dlnb import data
from dlnb.models import graphs, networks, training
from dlnb.models.backend import tf
from dlnb.models.losses import bernoulli_nll, gaussian_kl
from dlnb.models.methods import METHODS, BetaVAE
from dlnb.study import SWEEPS

REPEATS, BATCH = 5, 64


def fastest(action, number: int) -> float:
    """Milliseconds of one ``action``: the best of several rounds, which is least affected by other work."""
    rounds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        for _ in range(number):
            action()
        rounds.append((time.perf_counter() - start) / number)
    return 1e3 * min(rounds)


def graph_of(method, data_set):
    return graphs.Graph(method, data_set.image_shape, 10, BATCH, "code", "float32", 1000, False)


def step(method, data_set) -> float:
    """Milliseconds of one update, without drawing its images."""
    graph = graph_of(method, data_set)
    images = data_set.sample(BATCH * training.CHUNK, np.random.default_rng(0))[1]
    images = images.reshape(training.CHUNK, BATCH, *data_set.image_shape)
    graph.run(images, 0, 0, (1e-4, 1e-4), 1.0, method)
    return fastest(lambda: graph.run(images, 0, 0, (1e-4, 1e-4), 1.0, method), 1) / training.CHUNK


def steps_by_method(data_set) -> dict[str, float]:
    """Milliseconds of an update of each method, interleaved, so that drift of the machine affects all equally."""
    methods = {name: kind(SWEEPS[name].strengths[2]) for name, kind in METHODS.items()}
    graphs = {name: graph_of(method, data_set) for name, method in methods.items()}
    images = data_set.sample(BATCH * training.CHUNK, np.random.default_rng(0))[1]
    images = images.reshape(training.CHUNK, BATCH, *data_set.image_shape)
    rounds = {name: [] for name in methods}
    for _ in range(REPEATS + 1):
        for name, graph in graphs.items():
            start = time.perf_counter()
            graph.run(images, 0, 0, (1e-4, 1e-4), 1.0, methods[name])
            rounds[name].append((time.perf_counter() - start) / training.CHUNK)
    return {name: 1e3 * min(seconds) for name, seconds in rounds.items()}  # the first round builds the graphs


def forward_and_gradients(network, x, reduce, of_input: bool) -> tuple[float, float]:
    """Milliseconds of a network's outputs, and of the gradients of ``reduce(outputs)`` in addition."""

    @tf.function
    def outputs(x):
        return network(x)

    @tf.function
    def gradients(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = reduce(network(x))
        return tape.gradient(loss, network.trainable_variables + [x] * of_input)

    outputs(x), gradients(x)
    forward, both = fastest(lambda: outputs(x), 10), fastest(lambda: gradients(x), 10)
    return forward, both - forward


def parts(data_set) -> list[tuple[str, float]]:
    """Milliseconds of the parts of an update, each timed alone, so that they need not add up."""
    rng = np.random.default_rng(0)
    encoder, decoder = (build(data_set.image_shape, 10, rng) for build in (networks.encoder, networks.decoder))
    images = tf.constant(data_set.sample(BATCH, rng)[1])
    codes = tf.constant(rng.standard_normal((BATCH, 10)).astype(np.float32))
    rows = []
    for name, network, x, reduce, of_input in (
        ("encoder", encoder, images, lambda q: gaussian_kl(*q), False),
        ("decoder and reconstruction", decoder, codes, lambda logits: bernoulli_nll(images, logits), True),
    ):
        forward, backward = forward_and_gradients(network, x, reduce, of_input)
        rows += [(f"{name}, forward", forward), (f"{name}, gradients", backward)]
    weights = graphs.Weights([encoder, decoder], 0.9, 0.999)
    gradient = tf.zeros_like(weights.vector)
    adam = tf.function(lambda: weights.update(gradient, tf.constant(3), 1e-4))
    adam()
    rows.append(("Adam", fastest(adam, 50)))
    rows.append(("drawing the images", fastest(lambda: data_set.sample(BATCH, rng), 20)))
    return rows


def next_model(data_set) -> tuple[float, float]:
    """Seconds from the call to the first update, for the first model of a sweep and for the next one."""
    options = {"steps": training.CHUNK, "learning_rate": 1e-4}
    seconds = []
    for strength in (4.0, 8.0):
        start = time.perf_counter()
        training.train(data_set, BetaVAE(strength), seed=int(strength), **options)
        seconds.append(time.perf_counter() - start)
    updating = training.CHUNK * step(BetaVAE(4.0), data_set) / 1e3
    return seconds[0] - updating, seconds[1] - updating


def memory() -> float:
    """Peak memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def sweep(size: int) -> float:
    """Peak memory, in MB, of a process that trains every method on images of three channels and of one."""
    for name in ("color_dsprites", "dsprites"):
        data_set = data.load(name, size=size)
        for method, kind in METHODS.items():
            training.train(data_set, kind(SWEEPS[method].strengths[0]), steps=60, seed=0)
    return memory()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=64)
    size = parser.parse_args().size
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    grey, color = (data.load(name, size=size) for name in ("dsprites", "color_dsprites"))

    small = {"data_set": data.load("dsprites", size=32), "method": BetaVAE(4.0), "batch": 16, "seed": 0}
    training.train(steps=1_000, **small)
    before = memory()  # a peak, so this is measured first
    training.train(steps=10_000, **small)
    print(f"memory after 1,000 updates {before:.0f} MB, after 10,000 more {memory():.0f} MB (32 x 32 x 1, batch 16)\n")

    print(f"| {size} x {size}, ms | one channel | share | three channels | share |\n|{'---|' * 5}")
    whole = [step(BetaVAE(4.0), data_set) for data_set in (grey, color)]
    for (name, one), (_, three) in zip(parts(grey), parts(color), strict=True):
        print(f"| {name} | {one:.1f} | {one / whole[0]:.2f} | {three:.1f} | {three / whole[1]:.2f} |")
    print(f"| a whole update of β-VAE | {whole[0]:.1f} | 1.00 | {whole[1]:.1f} | 1.00 |")

    print(f"\n| update, {size} x {size} x 1 | ms | of β-VAE |\n|{'---|' * 3}")
    by_method = steps_by_method(grey)
    for name, milliseconds in by_method.items():
        print(f"| {SWEEPS[name].label} | {milliseconds:.1f} | {milliseconds / by_method['beta_vae']:.2f} |")

    first, following = next_model(grey)
    print(f"\nbefore the first update: {first:.1f} s for the first model, {following:.2f} s for the next of a sweep")

    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(f"peak memory of a process that trains all methods at that size: {pool.apply(sweep, (size,)):.0f} MB")


if __name__ == "__main__":
    main()
