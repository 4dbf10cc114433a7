"""The cost of each score, compared with a direct implementation by scikit-learn, and how the total grows.

``python benchmarks/metrics.py [--data-set dsprites] [--rows 15000] [--direct smallnorb]``, one thread. Codes are
a noisy mixture of the data set's factors. Takes half a minute per data set; with --direct minutes, most of them for
scikit-learn's boosted trees. Run it on an otherwise idle machine.
"""

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import argparse
import time
import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.linalg import sqrtm
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from dlnb import data, metrics, results
from dlnb.metrics.downstream import SIZES
from dlnb.metrics.interventions import POINTS, differences
from dlnb.metrics.linear import logistic_regression_cv
from dlnb.metrics.predictors import fit_trees
from dlnb.metrics.rows import split
from dlnb.metrics.trees import boosted_trees
from dlnb.metrics.unsupervised import covariance


def sample(sizes: Sequence[int], rows: int, latents: int = 10, seed: int = 0):
    """Codes float32 [rows, latents] that mix standardised factors int [rows, len(sizes)] and noise."""
    rng = np.random.default_rng(seed)
    factors = rng.integers(sizes, size=(rows, len(sizes)))
    standard = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    mixing = rng.standard_normal((len(sizes), latents)) ** 3  # a few large weights
    return (standard @ mixing + 0.3 * rng.standard_normal((rows, latents))).astype(np.float32), factors


def timed(action):
    """Processor seconds and the result of ``action``."""
    start = time.process_time()
    found = action()
    return time.process_time() - start, found


def direct_beta_vae(codes, factors) -> float:
    rng = np.random.default_rng(0)
    fit, test = (differences(codes, factors, rng, points=points) for points in POINTS)
    return OneVsRestClassifier(LogisticRegression(solver="liblinear")).fit(*fit).score(*test)


def direct_sap(codes, factors) -> float:
    x, y, x_test, y_test = split(codes, factors, "sap")
    accuracy = np.array(
        [
            [
                LinearSVC(C=0.01, class_weight="balanced").fit(x[:, [i]], a).score(x_test[:, [i]], b)
                for a, b in zip(y.T, y_test.T, strict=True)
            ]
            for i in range(x.shape[1])
        ]
    )
    return np.mean(np.diff(np.sort(accuracy, axis=0)[-2:], axis=0))


def direct_explicitness(codes, factors) -> float:
    x, y, x_test, y_test = split(codes, factors, "explicitness")
    scaler = StandardScaler().fit(x)
    areas = []
    for labels, truth in zip(y.T, y_test.T, strict=True):
        model = OneVsRestClassifier(LogisticRegression(solver="liblinear")).fit(scaler.transform(x), labels)
        chances = model.predict_proba(scaler.transform(x_test))
        areas.append(np.mean([roc_auc_score(truth == c, p) for c, p in zip(model.classes_, chances.T, strict=True)]))
    return np.mean(areas)


def direct_wasserstein(codes, factors) -> float:
    found = covariance(codes)
    return 2 * np.trace(found) - 2 * np.trace(sqrtm(found * np.diag(found)[:, None])).real


def direct_logistic(codes, labels):
    return OneVsRestClassifier(LogisticRegressionCV(Cs=10, cv=KFold(5))).fit(codes, labels)


def trees(boosting: str):
    return lambda codes, labels: boosted_trees(codes, labels, np.random.default_rng(0), boosting)


def mean_right(fit, codes, factors, size: int) -> float:
    """Accuracy on the test rows after ``fit`` on the first ``size`` rows, mean over factors."""
    x, y, x_test, y_test = split(codes, factors, "downstream")
    accuracy = [(fit(x[:size], a[:size]).predict(x_test) == b).mean() for a, b in zip(y.T, y_test.T, strict=True)]
    return float(np.mean(accuracy))


def sizes_of(codes) -> list[int]:
    return [size for size in SIZES if size <= 2 * len(codes) // 3]


DIRECT = {  # score: its column, and its implementation by scikit-learn or SciPy alone
    "beta_vae_score": ("beta_vae_score", direct_beta_vae),
    "sap": ("sap", direct_sap),
    "explicitness": ("explicitness", direct_explicitness),
    "wasserstein_correlation": ("wasserstein_correlation", direct_wasserstein),
}


def scores(codes, factors) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds of each score, with the shared trees counted separately, and the values."""
    rng = np.random.default_rng
    seconds, found = {}, {}
    seconds["boosted trees"], grown = timed(lambda: fit_trees(codes, factors, rng(0)))
    for name, score in metrics.SCORES.items():
        options = {"trees": grown} if name in ("dci", "downstream") else {}
        options |= {"sizes": sizes_of(codes)} if name == "downstream" else {}
        seconds[name], values = timed(lambda score=score, o=options: score(codes, factors, rng(0), **o))
        found |= values
    return seconds, found


def growth() -> None:
    """Print the seconds of all scores as one quantity grows from 7,500 rows, 10 latents, 5 factors of 10 classes."""
    base = {"rows": 7_500, "latents": 10, "factors": 5, "classes": 10}
    print("\n| what grows | " + " | ".join(["x 0.5", "x 1", "x 2", "x 4"]) + " |\n|---|---|---|---|---|")
    for name, value in base.items():
        line = []
        for times in (0.5, 1, 2, 4):
            case = base | {name: max(2, int(value * times))}
            codes, factors = sample([case["classes"]] * case["factors"], case["rows"], case["latents"])
            line.append(f"{case[name]:,}: {sum(scores(codes, factors)[0].values()):.1f} s")
        print(f"| {name} | " + " | ".join(line) + " |", flush=True)


def compare(codes, factors, direct: bool) -> list[dict]:
    """Print seconds of every score, and with ``direct`` those of the direct implementation; the rows of the table."""
    seconds, found = scores(codes, factors)
    print(f"{sum(seconds.values()):.1f} s in total\n")
    print("| score | seconds | direct, seconds | direct / ours | value | direct value |\n|---|---|---|---|---|---|")
    rows = []

    def line(name, ours, direct=np.nan, value=np.nan, our_value=np.nan):
        numbers = f"{ours:.2f} | {direct:.1f} | {direct / max(ours, 1e-3):.0f} | {our_value:.4f} | {value:.4f}"
        print(f"| {name} | {numbers} |".replace("nan", "–"), flush=True)
        rows.append({"score": name, "seconds": round(ours, 2), "direct": round(direct, 1)})

    for name, lasted in seconds.items():
        column, way = DIRECT.get(name, ("", None)) if direct else ("", None)
        if way:
            line(name, lasted, *timed(lambda way=way: way(codes, factors)), found[column])
        else:
            line(name, lasted)
    ways = {"lr": (logistic_regression_cv, direct_logistic), "gbt": (trees("lightgbm"), trees("scikit-learn"))}
    for kind, (ours, theirs) in ways.items():
        for size in sizes_of(codes):
            lasted, value = timed(lambda f=ours, size=size: mean_right(f, codes, factors, size))
            other = timed(lambda f=theirs, size=size: mean_right(f, codes, factors, size)) if direct else ()
            line(f"{kind}_{size}", lasted, *other, our_value=value)
    line("all scores", sum(seconds.values()))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-set", nargs="*", default=["dsprites", "cars3d"])
    parser.add_argument("--rows", type=int, default=15_000)
    parser.add_argument("--direct", nargs="*", default=[], metavar="DATA_SET", help="time the direct code as well")
    parser.add_argument("--growth", action="store_true", help="also time growing rows, latents, factors and classes")
    parser.add_argument("--save", action="store_true", help="write dlnb/tables/scoring.csv, which the book shows")
    options = parser.parse_args()
    table = []
    warnings.simplefilter("ignore")  # scikit-learn's solvers stop before convergence
    scores(*sample([3, 3], 600))  # imports
    for name in options.data_set:
        sizes = list(data.load(name, size=32).sizes.values())
        print(f"\n{name}, {options.rows:,} rows, {sum(sizes)} classes: ", end="")
        table += [{"data_set": name, **row} for row in compare(*sample(sizes, options.rows), name in options.direct)]
    if options.save:
        pd.DataFrame(table).to_csv(results.TABLES / "scoring.csv", index=False)
    if options.growth:
        growth()


if __name__ == "__main__":
    main()
