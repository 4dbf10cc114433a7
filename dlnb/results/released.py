"""Convert a copy of the study's published results, a folder of zips with one model each, to one table.

``python -m dlnb.results.released FOLDER TABLE.parquet``. The authors released 10,800 models (all data sets but
Shapes3D), each as N.zip with 18 files N/metrics/{mean,sampled}/METRIC/results/aggregate/evaluation.json. The weights
that come with them are not read. N is determined by data set, method, strength and seed, and checked against them.
"""

import argparse
import ast
import json
import math
import sys
import zipfile
import zlib
from functools import partial
from pathlib import Path

import pandas as pd

from dlnb import checks, storage
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
EVERY = [name for scores in SCORES.values() for name in scores.values()]  # our columns of mean codes
MODELS = 1800 * len(DATA_SETS)
LARGEST = 10**6  # bytes of a result; those that were published have some thousands
ROUNDING = 1e-3  # by which a score that is 0 or 1 may be found below or above; some are differences of large numbers


def cell(number: int) -> Cell:
    """The cell of model ``number``, 0 to 12,599. Raises ValueError for another number."""
    data_set, rest = divmod(checks.whole(number, "the number of a model", 0, MODELS), 1800)
    method, rest = divmod(rest, 300)
    strength, seed = divmod(rest, SEEDS)
    name = list(METHODS)[method]
    sweep = SWEEPS[name]
    return Cell(list(DATA_SETS.values())[data_set], name, sweep.hyperparameter, sweep.strengths[strength], seed)


def column(name: str, representation: str) -> str:
    """Our column for a score of "mean" or "sampled" codes; names without either refer to mean codes."""
    checks.choose(dict.fromkeys(EVERY), name, "score")
    checks.choose(dict.fromkeys(("mean", "sampled")), representation, "representation")
    if name in SCORES["unsupervised"].values():
        return f"{name}_{representation}"
    return name if representation == "mean" else f"{name}_sampled"


def read(path) -> tuple[dict, list[str]]:
    """The row of one zip, and the results that it lacks (such as "sampled/dci").

    Raises ValueError, which names the file, for one that is not a complete zip of stored or deflated members, has no
    results, has those of another model than its name says, or a number that cannot be: infinity, a score outside its
    range. Results of more than a million bytes are refused before they are read.
    """
    path, row, missing = checks.path(path), {}, []
    if not path.stem.isdecimal() or path.stem != str(int(path.stem)) or int(path.stem) >= MODELS:
        raise ValueError(f"{path} is not named after a model, 0.zip to {MODELS - 1}.zip")
    if not path.is_file():  # a pipe would be waited for
        raise ValueError(f"{path} is not a file" + ("" if path.exists() else " that exists"))
    number = int(path.stem)
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            for representation in ("mean", "sampled"):
                for metric, scores in SCORES.items():
                    name = f"{number}/metrics/{representation}/{metric}/results/aggregate/evaluation.json"
                    if names.count(name) > 1:
                        raise ValueError(f"it holds {name} {names.count(name)} times")
                    found = _values(_content(archive, name)) if name in names else {}
                    row |= {ours: _number(key, found[key], ours) for key, ours in TRAINING.items() if _has(found, key)}
                    if found:
                        _check(path, number, found)
                    keys = {f"evaluation_results.{key}": ours for key, ours in scores.items()}
                    if not all(_has(found, key) for key in keys):
                        missing.append(f"{representation}/{metric}")
                    row |= {
                        column(ours, representation): _number(key, found[key], ours)
                        for key, ours in keys.items()
                        if _has(found, key)
                    }
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise ValueError(f"{path} is not a complete zip: {error}. Download it again") from error
    except Exception as error:  # of members and JSON of another structure, or of another model
        reason = str(error) or type(error).__name__
        raise ValueError(reason if reason.startswith(str(path)) else f"{path}: {reason}") from error
    if not row:
        raise ValueError(f"{path} holds none of the {2 * len(SCORES)} results of a model")
    if "elbo" not in row and {"reconstruction", "kl"} <= row.keys():
        row["elbo"] = -row["reconstruction"] - row["kl"]
    return {name: getattr(cell(number), name) for name in (*CELL,)} | row, missing


def _content(archive: zipfile.ZipFile, name: str) -> dict:
    """A result, whose sizes are checked before it is read; other methods of compression have no limit in zipfile."""
    member = archive.getinfo(name)
    if member.flag_bits & 1:
        raise ValueError(f"{name} is encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is compressed by method {member.compress_type}, not stored or deflated")
    if max(member.file_size, member.compress_size) > LARGEST:
        raise ValueError(f"{name} has {member.file_size:,} bytes, where a result has at most {LARGEST:,}")
    with archive.open(member) as stream:
        content = stream.read(member.file_size + 1)  # not all there is: what comes out is limited by this number only
    try:
        found = json.loads(content)
    except RecursionError as error:
        raise ValueError(f"{name} is nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError(f"{name} is a {type(found).__name__} and not an object of keys and values")
    return found


def _has(found: dict, key: str) -> bool:
    return found.get(key) is not None


def _number(key: str, value, ours: str) -> float:
    """``value`` as a float in the range of our column ``ours``, or NaN, as some results of collapsed models are."""
    given = f"its {key} is {checks.shown(value)}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{given}, which is not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise ValueError(f"{given}, which is not finite")
    least = -math.inf if ours in ("reconstruction", "elbo") else 0
    most = 1 if ours in EVERY and ours not in SCORES["unsupervised"].values() else math.inf
    if number < least - ROUNDING or number > most + ROUNDING:
        raise ValueError(f"{given}, outside {least:g} to {most:g}")
    return number


def _values(content: dict) -> dict:
    """``content`` with strings evaluated if they are Python literals; others (such as @vae()) are kept."""
    found = dict(content)
    for key, value in content.items():
        if isinstance(value, str) and len(value) < 1000:
            try:
                found[key] = ast.literal_eval(value)
            except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
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
            raise ValueError(f"{path} should be {expected}, but its {key} is {checks.shown(other)}, not {value!r}")


def load(folder) -> pd.DataFrame:
    """The published results in ``folder``, which holds a file N.zip for each model N.

    Returns a DataFrame with one row for each zip that can be read, in the order of N. Columns: data_set, method,
    hyperparameter, strength and seed; reconstruction, kl, elbo, steps and seconds_training; the scores under our names,
    those of sampled codes with ``_sampled``; NaN where a model lacks a result. ``attrs["refused"]`` lists why zips were
    left out, each with its name, ``attrs["missing"]`` counts the models that lack each result. Raises ValueError if the
    folder is not there or holds no zip that can be read.
    """
    folder, rows, refused, missing = checks.path(folder, "folder"), [], [], {}
    for path in sorted(folder.glob("*.zip"), key=lambda p: (len(p.stem), p.stem)):
        try:
            row, lacking = read(path)
        except ValueError as error:
            refused.append(str(error))
            continue
        rows.append(row)
        missing |= {what: missing.get(what, 0) + 1 for what in lacking}
    if not rows:
        raise ValueError(f"no published result in {folder}{_nothing(folder, refused)}")
    every = [column(name, kind) for kind in ("mean", "sampled") for name in EVERY]
    table = pd.DataFrame(rows, columns=[*CELL, *TRAINING.values(), *every])
    table = table.astype(CELL | dict.fromkeys([*TRAINING.values(), *every], "float64"))
    table.attrs = {"refused": refused, "missing": missing}
    return table


def _nothing(folder: Path, refused: list[str]) -> str:
    """Why no zip of ``folder`` was read."""
    if refused:
        more = f"\nand {len(refused) - 3} more" if len(refused) > 3 else ""
        return ": none of its zips can be read\n" + "\n".join(refused[:3]) + more
    if not folder.is_dir():
        return ": it is a file, not a folder of zips" if folder.exists() else ": there is no such folder"
    if (folder / "metrics").is_dir() or any(folder.glob("*/metrics")):
        return ": its models are unpacked. Give the folder of the zips as they were published, N.zip for model N"
    return ": it holds no zips" + (", nor does it hold anything else" if not any(folder.iterdir()) else "")


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
