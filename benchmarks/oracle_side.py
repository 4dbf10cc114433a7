"""Scores of the original implementation, for ``benchmarks/oracle.py``, which runs this file.

``python benchmarks/oracle_side.py CASES.npz``, in the environment that benchmarks/oracle.py describes. Prints one line
of JSON: for each case the value of each score, or null if the original raises an error or returns no finite number.
"""

import json
import sys
import warnings
from functools import partial
from types import ModuleType, SimpleNamespace

import numpy as np
import scipy.linalg
import scipy.stats  # noqa: F401 (the original uses it without importing it)
import sklearn.metrics  # noqa: F401
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV

# Settings of the configuration files of the study, under the names that the original uses.
SETTINGS = {"discretizer": {"num_bins": 20}, "prune_dims": {"threshold": 0.05}, "predictor": {}}


def configurable(name, **options):
    """Replaces gin's decorator: SETTINGS provide the arguments that a caller omits."""
    if callable(name):
        return name
    return lambda function: lambda *given, **more: function(*given, **SETTINGS.get(name, {}) | more)


def module(name: str, **content) -> ModuleType:
    """A replacement for a module that is not installed."""
    sys.modules[name] = made = ModuleType(name)
    made.__dict__.update(content)
    return made


gin = module("gin", configurable=configurable, REQUIRED=object())
gin.tf = module("gin.tf", configurable=configurable, REQUIRED=gin.REQUIRED)
module("absl", logging=SimpleNamespace(info=lambda *given: None))
module("six", moves=module("six.moves", range=range))

from disentanglement_lib.evaluation.metrics import (  # noqa: E402
    beta_vae,
    dci,
    downstream_task,
    factor_vae,
    mig,
    modularity_explicitness,
    sap_score,
    unsupervised_metrics,
    utils,
)

SETTINGS["discretizer"]["discretizer_fn"] = utils._histogram_discretize
# The defaults of LogisticRegression and LogisticRegressionCV, now and when the study ran; and options for more steps:
# as many as ours for the multinomial ones, until convergence for those of one class against the rest.
SOLVERS = {"multinomial": ({}, {}), "one_vs_rest": ({"solver": "liblinear"}, {"multi_class": "ovr"})}
LONGER = {
    "multinomial": ({"max_iter": 1_000}, {"max_iter": 1_000}),
    "one_vs_rest": ({"tol": 1e-9, "max_iter": 1_000}, {"solver": "newton-cholesky", "tol": 1e-9, "max_iter": 1_000}),
}


class Rows:
    """Replaces a data set: returns the rows of a sample in order. Its images are the codes."""

    def __init__(self, codes, factors):
        self.codes, self.factors, self.start = codes, factors, 0

    def sample(self, count, random_state):
        part = slice(self.start, self.start + count)
        self.start += count
        return self.factors[part], self.codes[part]


class Pixels:
    """Replaces a data set: its images are the factors divided by their sizes."""

    def __init__(self, sizes):
        self.sizes, self.num_factors = sizes, len(sizes)

    def sample_factors(self, count, random_state):
        return np.stack([random_state.randint(size, size=count) for size in self.sizes], axis=1)

    def sample_observations_from_factors(self, factors, random_state):
        return (factors / self.sizes).astype(np.float32)

    def sample_observations(self, count, random_state):
        return self.sample_observations_from_factors(self.sample_factors(count, random_state), random_state)


def same(codes):
    return codes


def choose(solver: str, longer: bool = False) -> None:
    """Make the original use the logistic regressions of ``solver``."""
    plain, crossed = SOLVERS[solver]
    more, crossed_more = LONGER[solver] if longer else ({}, {})
    made = SimpleNamespace(
        LogisticRegression=partial(LogisticRegression, **plain | more),
        LogisticRegressionCV=partial(LogisticRegressionCV, **crossed | crossed_more),
    )
    beta_vae.linear_model = modularity_explicitness.linear_model = utils.linear_model = made


def attempt(what: str, function):
    """The result of ``function``, or None if it fails, with the reason on stderr."""
    try:
        return function()
    except Exception as error:
        print(f"original: {what}: {type(error).__name__}: {str(error).splitlines()[0]}", file=sys.stderr)
        return None


def plain_scores(codes, factors) -> dict:
    """Scores that use neither logistic regressions nor trees."""
    fit = 2 * len(codes) // 3
    fitted = {"num_train": fit, "num_test": len(codes) - fit}

    def information():
        return {"mig": mig.compute_mig(Rows(codes, factors), same, None, num_train=fit)["discrete_mig"]}

    def modularity():  # without explicitness, which may fail
        bins = utils.make_discretizer(codes[:fit].T)
        return {"modularity": modularity_explicitness.modularity(utils.discrete_mutual_info(bins, factors[:fit].T))}

    def sap():
        sample = Rows(codes, factors)
        return {"sap": sap_score.compute_sap(sample, same, None, **fitted, continuous_factors=False)["SAP_score"]}

    def unsupervised():
        found = unsupervised_metrics.unsupervised_metrics(Rows(codes, factors), same, None, num_train=fit)
        return {
            "total_correlation": found["gaussian_total_correlation"],
            "wasserstein_correlation": found["gaussian_wasserstein_correlation"],
            "wasserstein_correlation_norm": found["gaussian_wasserstein_correlation_norm"],
            "average_mutual_information": found["mutual_info_score"],
        }

    scores = {}
    for function in (information, modularity, sap, unsupervised):
        scores |= attempt(function.__name__, function) or {}
    return scores


def downstream(codes, factors, size: int, predictor) -> float:
    """Accuracy of ``predictor``, fitted to the first ``size`` rows and tested on the last third."""
    SETTINGS["predictor"]["predictor_fn"] = predictor
    test = slice(2 * len(codes) // 3, None)
    sample = Rows(*(np.concatenate([each[:size], each[test]]) for each in (codes, factors)))
    count = len(codes[test])
    found = downstream_task.compute_downstream_task(sample, same, None, num_train=[size], num_test=count)
    return found[f"{size}:mean_test_accuracy"]


def linear_scores(codes, factors, sizes) -> dict:
    fit = 2 * len(codes) // 3

    def explicitness():
        counts, sample = {"num_train": fit, "num_test": len(codes) - fit}, Rows(codes, factors)
        found = modularity_explicitness.compute_modularity_explicitness(sample, same, None, **counts)
        return found["explicitness_score_test"]

    scores = {"explicitness": attempt("explicitness", explicitness)}
    for size in sizes:
        fit = partial(downstream, codes, factors, size, utils.logistic_regression_cv)
        scores[f"lr_{size}"] = attempt(f"lr_{size}", fit)
    return scores


def tree_scores(codes, factors, sizes) -> dict:
    fit = 2 * len(codes) // 3
    found = dci.compute_dci(Rows(codes, factors), same, None, num_train=fit, num_test=len(codes) - fit)
    scores = {f"dci_{name}": found[name] for name in ("disentanglement", "completeness")}
    scores["dci_informativeness"] = found["informativeness_test"]
    for size in sizes:
        scores[f"gbt_{size}"] = downstream(codes, factors, size, utils.gradient_boosting_classifier)
    return scores


def interventions(matrix, sizes, seed: int) -> dict:
    data_set, counts = Pixels(sizes), {"batch_size": 64, "num_train": 10_000, "num_eval": 5_000}

    def encode(images):
        return images @ matrix

    scores = {}
    for solver in SOLVERS:
        choose(solver)
        found = beta_vae.compute_beta_vae_sklearn(data_set, encode, np.random.RandomState(seed), **counts)
        scores[f"beta_vae_score, {solver}"] = found["eval_accuracy"]
    counts["num_variance_estimate"] = 10_000
    found = factor_vae.compute_factor_vae(data_set, encode, np.random.RandomState(seed), **counts)
    return scores | {"factor_vae_score": found["eval_accuracy"]}


def number(value) -> float | None:
    """``value`` as a float; None if it is missing, not finite or complex."""
    return float(np.real(value)) if value is not None and np.isreal(value) and np.isfinite(value) else None


def main(path: str) -> None:
    warnings.simplefilter("ignore")
    np.random.seed(0)  # the original's trees and support vector machines draw from NumPy's global generator  # noqa: NPY002
    with np.load(path) as file:
        given = dict(file)
    found = {}
    for name in sorted({key.split(":")[1] for key in given if key.startswith("codes:")}):
        print(f"original: {name}", file=sys.stderr)
        codes, factors = given[f"codes:{name}"], given[f"factors:{name}"]
        scores = plain_scores(codes, factors)
        for solver in SOLVERS:
            for longer in (False, True):
                choose(solver, longer)
                ending = f", {solver}" + (", more steps" if longer else "")
                linear = linear_scores(codes, factors, given[f"sizes:{name}"].tolist())
                scores |= {score + ending: value for score, value in linear.items()}
        few = slice(0, int(given["tree_rows"]))
        found[name] = scores | tree_scores(codes[few], factors[few], given["tree_sizes"].tolist())
    for name in sorted({key.split(":")[1] for key in given if key.startswith("matrix:")}):
        print(f"original: {name}", file=sys.stderr)
        runs = [interventions(given[f"matrix:{name}"], given["factor_sizes"], seed) for seed in range(given["seeds"])]
        found[name] = {score: [run[score] for run in runs] for score in runs[0]}
    print(
        json.dumps(
            {
                case: {s: v if isinstance(v, list) else number(v) for s, v in scores.items()}
                for case, scores in found.items()
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
