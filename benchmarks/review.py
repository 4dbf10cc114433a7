"""Compare our scores with those of a review, "Measuring Disentanglement": ``benchmarks/review.py CHECKOUT PYTHON``.

CHECKOUT is a clone of github.com/ubisoft/ubisoft-laforge-disentanglement-metrics, PYTHON the interpreter of an
environment in which it runs, for example review/bin/python after

    python3.11 -m venv review
    review/bin/pip install 'numpy<2' 'pandas<3' pyitlib matplotlib python-dateutil scikit-learn

Both sides score the same rows, the two thirds of 6,000 that our scores use, of the five representations of the book,
with 20 bins; factors are classes, but for SAP and DCI, whose regressions take their numbers. Prints the table, writes
dlnb/tables/review.csv, and fails if a difference exceeds its bound. Takes a few minutes.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from dlnb import metrics, results
from dlnb.lessons import examples
from dlnb.metrics import measured
from dlnb.metrics.rows import fit_rows

TABLE = results.TABLES / "review.csv"
ROWS = 6_000
SCORES = "mig", "modularity", "irs", "jemmig", "dcimig", "mig_sup"
# Bounds of the differences; infinite ones are shown, not judged.
ALLOWED = {
    "modularity": 1e-9,
    "irs": 1e-9,
    "dcimig": 1e-9,
    "jemmig": 0.002,  # which of two equal latents comes first
    "mig": np.inf,  # theirs divides by the entropy of the latent, the papers by that of the factor
    "mig_sup": np.inf,  # the same
    "sap": 0.02,  # theirs is tested on the rows to which it was fitted
    "dci_disentanglement": np.inf,  # another way to choose the penalty of the lasso, and no standardised latents
    "dci_completeness": np.inf,  # the same, and a plain mean over factors
    "dci_informativeness": np.inf,
}
THEIRS = """
import json, sys
import numpy as np
for name, kind in {"float": float, "int": int, "bool": bool, "object": object}.items():  # gone from NumPy since
    if name not in vars(np):
        setattr(np, name, kind)
sys.path.insert(0, sys.argv[1] + "/src")
from metrics.dci import dci
from metrics.dcimig import dcimig
from metrics.irs import irs
from metrics.jemmig import jemmig
from metrics.mig import mig
from metrics.mig_sup import mig_sup
from metrics.modularity import modularity
from metrics.sap import sap

found = {}
with np.load(sys.argv[2]) as file:
    factors = file["factors"]
    for case in file:
        if case == "factors":
            continue
        np.random.seed(0)
        given = dict(factors=factors, codes=file[case], continuous_factors=False)
        each = {f.__name__: f(nb_bins=20, **given) for f in (mig, modularity, jemmig, dcimig, mig_sup)}
        each["irs"] = irs(diff_quantile=0.99, **given)
        given = dict(factors=factors.astype(float), codes=file[case], continuous_factors=True)
        each["sap"] = sap(**given)
        regressed = dci(model="lasso", **given)
        names = "dci_disentanglement", "dci_completeness", "dci_informativeness"
        each |= dict(zip(names, regressed))
        found[case] = {name: float(value) for name, value in each.items()}
print(json.dumps(found))
"""


def ours(codes: np.ndarray, factors: np.ndarray) -> dict[str, float]:
    rng = np.random.default_rng(0)
    found = metrics.score(codes, factors, rng, SCORES)
    return found | measured.score(codes, factors, rng, kinds="real", names=["sap", "dci"], model="lasso")


def main() -> int:
    checkout, python = sys.argv[1:]
    five, factors = examples.five(ROWS, np.random.default_rng(0))
    fit = fit_rows(ROWS)
    with tempfile.TemporaryDirectory() as folder:
        path, side = Path(folder, "codes.npz"), Path(folder, "side.py")
        np.savez(path, factors=factors[fit], **{name: codes[fit] for name, codes in five.items()})
        side.write_text(THEIRS)
        command = [python, str(side), str(Path(checkout).absolute()), str(path)]
        theirs = json.loads(
            subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1]
        )
    rows = []
    for name, codes in five.items():
        here = ours(codes, factors)
        for score, allowed in ALLOWED.items():
            rows.append(
                {"case": name, "score": score, "ours": here[score], "review": theirs[name][score], "allowed": allowed}
            )
    table = pd.DataFrame(rows)
    table["difference"] = table.ours - table.review
    print(table.to_string())
    table.to_csv(TABLE, index=False, float_format="%.6g")
    return int((table.difference.abs() > table.allowed).any())


if __name__ == "__main__":
    sys.exit(main())
