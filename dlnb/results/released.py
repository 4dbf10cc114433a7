"""Convert a copy of the study's published results, a folder of zips with one model each, to one table.

``python -m dlnb.results.released FOLDER TABLE.parquet``. The authors released 10,800 models (all data sets but
Shapes3D), each as N.zip with 18 files N/metrics/{mean,sampled}/METRIC/results/aggregate/evaluation.json. The weights
that come with them are not read. N is determined by data set, method, strength and seed, and checked against them.
"""

import argparse
import ast
import json
import sys
import zipfile
import zlib
from functools import partial
from pathlib import Path

import pandas as pd

from dlnb import storage
from dlnb.paper import SWEEPS
from dlnb.results.table import CELL
from dlnb.study import Cell

DATA_SETS = {  # published name: ours, in the order of the model numbers
    "dsprites_full": "dsprites",
    "color_dsprites": "color_dsprites",
    "noisy_dsprites": "noisy_dsprites",
    "scream_dsprites": "scream_dsprites",
    "smallnorb": "smallnorb",
    "cars3d": "cars3d",
    "shapes3d": "shapes3d",
}
METHODS = {  # in the order of the model numbers: the published key of the strength
    "beta_vae": "vae.beta",
    "factor_vae": "factor_vae.gamma",
    "dip_vae_i": "dip_vae.lambda_od",
    "dip_vae_ii": "dip_vae.lambda_od",
    "beta_tc_vae": "beta_tc_vae.beta",
    "annealed_vae": "annealed_vae.c_max",
}
SEEDS = 50
DOWNSTREAM = {f"{size}:mean_test_accuracy": size for size in (10, 100, 1_000, 10_000)}
SCORES = {  # folder of a metric: key of a result, our column
    "beta_vae_sklearn": {"eval_accuracy": "beta_vae_score"},
    "factor_vae_metric": {"eval_accuracy": "factor_vae_score"},
    "mig": {"discrete_mig": "mig"},
    "modularity_explicitness": {"modularity_score": "modularity", "explicitness_score_test": "explicitness"},
    "dci": {
        "disentanglement": "dci_disentanglement",
        "completeness": "dci_completeness",
        "informativeness_test": "dci_informativeness",
    },
    "sap_score": {"SAP_score": "sap"},
    "downstream_task_logistic_regression": {key: f"lr_{size}" for key, size in DOWNSTREAM.items()},
    "downstream_task_boosted_trees": {key: f"gbt_{size}" for key, size in DOWNSTREAM.items()},
    "unsupervised": {
        "gaussian_total_correlation": "tc",
        "mutual_info_score": "mi",
        "gaussian_wasserstein_correlation": "wasserstein",
        "gaussian_wasserstein_correlation_norm": "wasserstein_norm",
    },
}
TRAINING = {  # in every file of a model; FactorVAE has no elbo
    "train_results.reconstruction_loss": "reconstruction",
    "train_results.kl_loss": "kl",
    "train_results.elbo": "elbo",
    "train_results.global_step": "steps",
    "train_results.elapsed_time": "seconds_training",
}


def cell(number: int) -> Cell:
    """The cell of model ``number``, 0 to 12,599."""
    data_set, rest = divmod(number, 1800)
    method, rest = divmod(rest, 300)
    strength, seed = divmod(rest, SEEDS)
    name = list(METHODS)[method]
    sweep = SWEEPS[name]
    return Cell(list(DATA_SETS.values())[data_set], name, sweep.hyperparameter, sweep.strengths[strength], seed)


def column(name: str, representation: str) -> str:
    """Our column for a score of "mean" or "sampled" codes; names without either refer to mean codes."""
    if name in SCORES["unsupervised"].values():
        return f"{name}_{representation}"
    return name if representation == "mean" else f"{name}_sampled"


def read(path) -> tuple[dict, list[str]]:
    """The row of one zip, and the results that it lacks (such as "sampled/dci").

    Raises ValueError for a file that is not a complete zip, has no results, or has those of another model than its
    name says.
    """
    path, row, missing = Path(path), {}, []
    if not path.stem.isdecimal() or path.stem != str(int(path.stem)) or int(path.stem) >= 1800 * len(DATA_SETS):
        raise ValueError(f"{path} is not named after a model, 0.zip to {1800 * len(DATA_SETS) - 1}.zip")
    number = int(path.stem)
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            for representation in ("mean", "sampled"):
                for metric, scores in SCORES.items():
                    name = f"{number}/metrics/{representation}/{metric}/results/aggregate/evaluation.json"
                    found = _values(json.loads(archive.read(name))) if name in names else {}
                    row |= {ours: found[key] for key, ours in TRAINING.items() if found.get(key) is not None}
                    if found:
                        _check(path, number, found)
                    values = {ours: found.get(f"evaluation_results.{key}") for key, ours in scores.items()}
                    if any(value is None for value in values.values()):
                        missing.append(f"{representation}/{metric}")
                    row |= {column(n, representation): float(v) for n, v in values.items() if v is not None}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise ValueError(f"{path} is not a complete zip: {error}") from error
    except (TypeError, AttributeError, ValueError) as error:  # JSON of another structure, or of another model
        raise ValueError(str(error) if str(error).startswith(str(path)) else f"{path}: {error}") from error
    if not row:
        raise ValueError(f"{path} holds none of the {2 * len(SCORES)} results of a model")
    if "elbo" not in row and {"reconstruction", "kl"} <= row.keys():
        row["elbo"] = -row["reconstruction"] - row["kl"]
    return {name: getattr(cell(number), name) for name in (*CELL,)} | row, missing


def _values(content: dict) -> dict:
    """``content`` with strings evaluated if they are Python literals; others (such as @vae()) are kept."""
    found = dict(content)
    for key, value in content.items():
        if isinstance(value, str):
            try:
                found[key] = ast.literal_eval(value)
            except (ValueError, SyntaxError):
                found[key] = value
    return found


def _check(path: Path, number: int, found: dict) -> None:
    """Raise ValueError unless the file describes the model of ``number``."""
    expected, prefix = cell(number), "train_config."
    published = {ours: theirs for theirs, ours in DATA_SETS.items()}
    said = {
        "dataset.name": published[expected.data_set],
        METHODS[expected.method]: expected.strength,
        "model.random_seed": expected.seed,
        "model.name": expected.method,
        "model.model_num": number,
    }
    for key, value in said.items():
        if (other := found.get(prefix + key, value)) != value:
            raise ValueError(f"{path} should be {expected}, but its {key} is {other!r}, not {value!r}")


def load(folder) -> pd.DataFrame:
    """The published results in ``folder``, which holds a file N.zip for each model N.

    Returns a DataFrame with one row for each zip that can be read, in the order of N. Columns: data_set, method,
    hyperparameter, strength and seed; reconstruction, kl, elbo, steps and seconds_training; the scores under our names,
    those of sampled codes with ``_sampled``; NaN where a model lacks a result. ``attrs["refused"]`` lists why zips were
    left out, ``attrs["missing"]`` counts the models that lack each result. Raises ValueError if no zip can be read.
    """
    rows, refused, missing = [], [], {}
    for path in sorted(Path(folder).glob("*.zip"), key=lambda p: (len(p.stem), p.stem)):
        try:
            row, lacking = read(path)
        except ValueError as error:
            refused.append(str(error))
            continue
        rows.append(row)
        missing |= {what: missing.get(what, 0) + 1 for what in lacking}
    if not rows:
        raise ValueError(f"no published result in {folder}" + "".join(f"\n{why}" for why in refused[:3]))
    every = [column(name, kind) for kind in ("mean", "sampled") for m in SCORES.values() for name in m.values()]
    table = pd.DataFrame(rows, columns=[*CELL, *TRAINING.values(), *every])
    table = table.astype(CELL | dict.fromkeys([*TRAINING.values(), *every], "float64"))
    table.attrs = {"refused": refused, "missing": missing}
    return table


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(prog="python -m dlnb.results.released", description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="folder of the files N.zip")
    parser.add_argument("table", type=Path, help="Parquet file to write")
    options = parser.parse_args(arguments)
    try:
        table = load(options.folder)
        refused, missing = table.attrs["refused"], table.attrs["missing"]
        table.attrs = {}
        storage.write(options.table, partial(table.to_parquet, compression="zstd", index=False))
    except (OSError, ValueError) as error:
        sys.exit(f"dlnb.released: {error}")
    print(f"{len(table)} models in {options.table}, {len(refused)} zips left out")
    for what, count in sorted(missing.items()):
        print(f"{count} models lack {what}")
    for why in refused:
        print(why, file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
