"""The cost of images: preparation, first batch, images per second, memory: ``python benchmarks/data.py``.

Every data set at 32 and 64 pixels, each in separate processes with one thread and an empty cache. Takes about five
minutes. Run it on an otherwise idle machine; the last column is the time per batch divided by that of an update.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time

ROWS, BATCH = 1280, 64  # images drawn at once, as in training, and the size of a batch
STEP = {
    32: 27.3e-3,
    64: 89.2e-3,
}  # seconds of an update with images of three channels, on the machine of the table in README.md


def measure(name: str, size: int):
    """Print seconds until the first batch, images per second after preparation, and peak memory in MB."""
    import numpy as np

    from dlnb import data

    rng = np.random.default_rng(0)
    start = time.perf_counter()
    data_set = data.load(name, size=size)
    data_set.sample(ROWS, rng)
    first, rounds = time.perf_counter() - start, []
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(ROWS // BATCH):
            data_set.sample(BATCH, rng)
        rounds.append(time.perf_counter() - start)
    print(first, ROWS / min(rounds), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)


def main():
    from dlnb.paper import DATA_SETS

    print("| one thread | preparing, s | first batch from the cache, s | images per second | MB | share of an update |")
    print("|" + "---|" * 6)
    for name in DATA_SETS:
        for size in (32, 64):
            with tempfile.TemporaryDirectory() as folder:
                threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
                environment = {**os.environ, "DLNB_DATA": folder, **threads}
                command = [sys.executable, __file__, name, str(size)]
                runs = [
                    subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
                    for _ in range(2)
                ]
            (prepared, _, memory), (first, speed, _) = (map(float, run.split()) for run in runs)
            share = BATCH / speed / STEP[size]
            print(f"| {name}, {size} | {prepared:.1f} | {first:.2f} | {speed:,.0f} | {memory:.0f} | {share:.3f} |")


if __name__ == "__main__":
    measure(sys.argv[1], int(sys.argv[2])) if sys.argv[1:] else main()
