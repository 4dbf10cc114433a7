"""Compare our scores with the original implementation: ``python benchmarks/oracle.py PYTHON [codes.npz ...]``.

PYTHON is the interpreter of an environment with the study's package, for example oracle/bin/python after

    python3.11 -m venv oracle
    oracle/bin/pip install --no-deps disentanglement-lib==1.5
    oracle/bin/pip install 'numpy<2' 'scipy<1.14' 'scikit-learn==1.5.2'

The package is installed without its dependencies, TensorFlow 1 and an old gin, which can no longer be installed: its
scores need neither, and benchmarks/oracle_side.py replaces what they import. scikit-learn 1.5 is the last version that
offers logistic regression of one class against the rest, the default when the study ran.

Both sides score the same rows in the same order: synthetic codes (the factors; mixtures of them; mixtures divided by
100; mixtures with a constant latent) and the codes of the files, written by ``Representation.save``. Trees, which take
minutes, are compared on the first 4,500 rows. BetaVAE and FactorVAE scores draw their own images and are compared by
their means over several seeds. Prints the table, writes dlnb/tables/oracle.csv, and fails if a difference exceeds its
bound.

The original's logistic regressions stop before convergence; for "more steps" they run longer, those of one class
against the rest until convergence. "fails" means an error, nan, infinity or a complex number. Takes half an hour for
three files on two cores.
"""

import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from dlnb import results
from dlnb.data.dataset import DataSet
from dlnb.metrics import SCORES, downstream, interventions, predictors
from dlnb.metrics.linear import SOLVERS
from dlnb.representation import Representation

TABLE = results.TABLES / "oracle.csv"
SIZES = (2, 3, 6, 10, 15)  # numbers of classes of the factors of the synthetic codes: two, and more
ROWS, TREE_ROWS = 15_000, 4_500
LABELS, TREE_LABELS = (10, 100, 1_000, 10_000), (100, 1_000)
SEEDS = 8  # of the interventions
PLAIN = ("mig", "modularity", "sap", "total_correlation", "wasserstein_correlation", "average_mutual_information")
# Bounds of the differences, by the beginning of a score's name; the first match counts.
ALLOWED = {
    "sap": 2 / 5_000,  # two test rows per factor, since the solver has a tolerance
    "dci_": 0.01,  # ties are broken at random: the original with three seeds varied by 0.010
    "gbt_": 0.005,
    "explicitness": 1e-3,
    "lr_": np.inf,  # not converged: shown, not judged
}
LONGER = {
    "explicitness": 1e-4,
    "lr_": {
        "one_vs_rest": 2 / 5_000,
        "multinomial": 0.01,
    },  # the latter has a tolerance, which affects the choice of the penalty
}


def made_codes(rng) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Codes float32 [n, d] and factors int [n, k] of each synthetic case."""
    factors = np.stack([rng.integers(size, size=ROWS) for size in SIZES], axis=1)
    shares = factors / np.array(SIZES)
    mixed = shares @ rng.normal(size=(len(SIZES), 10)) + 0.2 * rng.normal(size=(ROWS, 10))
    constant = mixed.copy()
    constant[:, 3] = 0.0
    codes = {"factors": factors, "mixed": mixed, "mixed, small": mixed / 100, "mixed, one constant": constant}
    return {name: (code.astype(np.float32), factors) for name, code in codes.items()}


def made_encoders(rng) -> dict[str, np.ndarray]:
    """Matrices float32 [k, d] that map pixels to codes."""
    mixing = rng.normal(size=(len(SIZES), 5))
    mixing[:, 0] = 0.0  # a constant latent, and one that counts as collapsed
    mixing[:, 1] /= 100
    encoders = {"encoder of factors": np.eye(len(SIZES)), "encoder of mixed factors": mixing}
    return {name: matrix.astype(np.float32) for name, matrix in encoders.items()}


def attempt(function, *given, **options) -> dict[str, float]:
    """The score, or {} if it raises ValueError."""
    try:
        return function(*given, **options)
    except ValueError as error:
        print(f"ours: {error}", file=sys.stderr)
        return {}


def ours(codes, factors, sizes) -> dict[str, float]:
    rng = np.random.default_rng(0)
    scores = {}
    for name in PLAIN:
        scores |= attempt(SCORES[name], codes, factors, rng)
    for solver in SOLVERS:
        found = attempt(predictors.explicitness, codes, factors, solver=solver)
        for size in sizes:  # one at a time, since multinomial regressions fail for small ones
            found |= attempt(downstream, codes, factors, rng, sizes=(size,), solver=solver)
        scores |= {f"{name}, {solver}": value for name, value in found.items() if not name.startswith("gbt")}
    codes, factors = codes[:TREE_ROWS], factors[:TREE_ROWS]
    found = predictors.dci(codes, factors, rng, boosting="scikit-learn")
    found |= downstream(codes, factors, rng, sizes=TREE_LABELS, boosting="scikit-learn")
    return scores | {name: value for name, value in found.items() if not name.startswith("lr")}


def pixels() -> DataSet:
    """A data set whose images are one row of pixels, the factors divided by their sizes."""
    return DataSet(
        "pixels",
        {f"factor {i}": size for i, size in enumerate(SIZES)},
        lambda factors, rng=None: (factors / np.array(SIZES)).astype(np.float32)[:, None, :, None],
    )


def our_interventions(matrix) -> dict[str, list[float]]:
    """Scores of SEEDS runs, from new images and from a sample."""
    data_set, scores = pixels(), {}

    def encode(images):
        return images[:, 0, :, 0] @ matrix

    def add(name, found):
        scores.setdefault(name, []).extend(found.values())

    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        factors, images = data_set.sample(ROWS, rng)
        codes = encode(images)
        for solver in SOLVERS:
            fresh = interventions.beta_vae_score_of_encoder(data_set, encode, rng, solver=solver)
            add(f"beta_vae_score, {solver}", fresh)
            sampled = interventions.beta_vae_score(codes, factors, rng, solver=solver)
            add(f"beta_vae_score, {solver}, of a sample", sampled)
        add("factor_vae_score", interventions.factor_vae_score_of_encoder(data_set, encode, rng))
        add("factor_vae_score, of a sample", interventions.factor_vae_score(codes, factors, rng))
    return scores


def allowed(score: str, value: float) -> float:
    rules = LONGER if score.endswith("more steps") else ALLOWED
    for beginning, bound in rules.items():
        if score.startswith(beginning):
            return bound[score.split(", ")[1]] if isinstance(bound, dict) else bound
    return 1e-6 * max(1.0, abs(value))


def compare(case: str, mine: dict, theirs: dict) -> list[tuple]:
    """Rows of the table for codes: every score of either side, NaN where one has no value."""
    rows = []
    for score in theirs | mine:
        name = score.removesuffix(", more steps")
        value, original = mine.get(name, np.nan), theirs.get(score)
        original = np.nan if original is None else original
        rows.append((case, score, value, original, value - original, allowed(score, original)))
    return rows


def compare_means(case: str, mine: dict, theirs: dict) -> list[tuple]:
    """Rows of the table for encoders: means over seeds; the bound is four standard errors of their difference."""
    rows = []
    for score, values in mine.items():
        original = theirs[score.removesuffix(", of a sample")]
        error = np.sqrt(np.var(values, ddof=1) / len(values) + np.var(original, ddof=1) / len(original))
        means = np.mean(values), np.mean(original)
        print(f"{case}: {score}: {means[0] - means[1]:.5f}, standard error {error:.5f}", file=sys.stderr)
        rows.append((case, score, *means, means[0] - means[1], max(4 * error, 1e-3)))
    return rows


def main(python: str, *paths: str) -> str | None:
    """Write the table; return an error message, or None if all differences are within their bounds."""
    cases = made_codes(np.random.default_rng(0))
    for path in map(Path, paths):
        representation = Representation.load(path)
        cases["/".join(path.parent.parts[-4:]) or path.stem] = representation.mean, representation.factors
    sizes = {case: [size for size in LABELS if size <= 2 * len(codes) // 3] for case, (codes, _) in cases.items()}
    encoders = made_encoders(np.random.default_rng(1))
    given = {"tree_rows": TREE_ROWS, "tree_sizes": TREE_LABELS, "factor_sizes": SIZES, "seeds": SEEDS}
    for case, (codes, factors) in cases.items():
        given |= {f"codes:{case}": codes, f"factors:{case}": factors, f"sizes:{case}": sizes[case]}
    given |= {f"matrix:{name}": matrix for name, matrix in encoders.items()}

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "cases.npz")
        np.savez(file, **given)
        command = [python, str(Path(__file__).with_name("oracle_side.py")), str(file)]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as original:
            try:
                mine = {case: ours(*arrays, sizes[case]) for case, arrays in cases.items()}
                means = {name: our_interventions(matrix) for name, matrix in encoders.items()}
            except BaseException:
                original.kill()
                raise
            output = original.communicate()[0]
    if original.returncode:
        return f"{' '.join(command[:2])} failed"
    theirs = json.loads(output)
    rows = [row for case, scores in mine.items() for row in compare(case, scores, theirs[case])]
    rows += [row for case, scores in means.items() for row in compare_means(case, scores, theirs[case])]
    table = pd.DataFrame(rows, columns=["case", "score", "ours", "original", "difference", "allowed"])
    shown = pd.DataFrame([cells(row) for row in table.itertuples()], columns=table.columns)
    shown.to_csv(TABLE, index=False)
    for line in (shown.columns, ["---"] * shown.shape[1], *shown.to_numpy()):
        print(f"| {' | '.join(line)} |")
    wrong = shown[table.original.notna() & ~(table.difference.abs() <= table.allowed)]
    return f"differences beyond their bounds:\n{wrong.to_string()}" if len(wrong) else None


def cells(row) -> list[str]:
    ours, original = ("fails" if np.isnan(value) else f"{value:.8g}" for value in (row.ours, row.original))
    return [
        row.case,
        row.score,
        ours,
        original,
        f"{row.difference:.1e}".replace("nan", ""),
        f"{row.allowed:.1e}".replace("inf", "any"),
    ]


if __name__ == "__main__":
    warnings.filterwarnings("ignore", module="sklearn")
    sys.exit(main(*sys.argv[1:]))
