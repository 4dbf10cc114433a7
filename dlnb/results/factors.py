"""Scores of each factor: one row for each model and factor, in Parquet files stored with the table of results.

Means over factors hide which factor is not encoded. And from the mutual information, importance and accuracy of every
pair of latent and factor, MIG, Modularity, DCI and SAP can be recomputed, or modified, without the models.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from dlnb import checks, storage
from dlnb.results import table as tables
from dlnb.results.table import A_STUDY, ROW, key, keys, read_json
from dlnb.results.table import KEY as OF_CELL
from dlnb.study import Study

FILE = "factors.json"  # of one cell, in its folder under runs/
FOLDER = "factors"  # in the folder of a study's tables
KEY = [*OF_CELL, "factor"]


def record(folder: Path, names: Iterable[str], parts: dict[str, np.ndarray]) -> None:
    """Write the scores ``parts`` of a cell's factors: arrays [k] as one column each, [d, k] as one per latent."""
    folder, columns = checks.path(folder, "folder"), {"factor": list(checks.names(names, "names"))}
    for name, values in checks.instance(parts, dict, "parts", "the arrays that metrics.measure returns").items():
        values = checks.array(values, name)
        if values.ndim not in (1, 2) or values.shape[-1] != len(columns["factor"]):
            raise ValueError(f"{name} must be [k] or [d, k] with k = {len(columns['factor'])}, not {values.shape}")
        each = {name: values} if values.ndim == 1 else {f"{name}_{i}": row for i, row in enumerate(values)}
        columns |= {key: value.tolist() for key, value in each.items()}
    storage.write(folder / FILE, lambda temporary: temporary.write_text(json.dumps(columns)))


def load(study: str, folder=None) -> pd.DataFrame:
    """The scores of each factor: one row for each model and factor of a study, in the order of the cells.

    - ``study``: a key of ``dlnb.study.STUDIES``, such as "short".
    - ``folder``: the folder of tables, as in ``--tables`` of the runner (default: that of the package).

    Returns a DataFrame with the columns data_set, method, strength, seed, factor and, as float32, the scores
    (dlnb/tables/README.md). Raises ValueError for an unknown study, one without such rows, and a damaged file.
    """
    definition = tables.registered(study)
    table = _joined(definition, [_read(definition, tables.home(study, folder))])
    if not len(table):
        raise ValueError(f"no scores of factors of the study {study!r}: train some with python -m dlnb.run {study}")
    return table


def joined(study: Study, runs, homes: list[Path], replace: bool = False) -> pd.DataFrame:
    """The rows under ``runs`` (or None) and in ``homes``, folders of the study's tables, in the order of the cells.

    Of several rows for one model and factor, that of the first home is kept, or with ``replace`` that of the runs.
    """
    checks.instance(study, Study, *A_STUDY)
    homes = checks.instance(homes, list | tuple, "homes", "a list of folders")
    fresh = _gathered(study, None if runs is None else checks.path(runs, "runs"))
    places = [_read(study, checks.path(home, "each of homes")) for home in homes]
    return _joined(study, [fresh, *places] if replace else [*places, fresh])


def save(table: pd.DataFrame, home: Path) -> None:
    """Write one file for each data set, and the checksums; ``home``: the folder of the study's tables."""
    home = checks.path(home, "home")
    for name, part in checks.table(table, KEY).groupby("data_set", sort=False):
        part = part.dropna(axis=1, how="all").reset_index(drop=True)
        tables.write(home, f"{FOLDER}/{name}.parquet", part)


def _gathered(study: Study, runs) -> pd.DataFrame:
    parts = {}
    for cell in study.cells() if runs else ():
        path = runs / str(cell) / FILE
        if path.exists() and (path.parent / ROW).exists():
            try:
                parts[path] = pd.DataFrame(read_json(path)).assign(**dict(zip(OF_CELL, key(cell), strict=True)))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path} is damaged: {error}; remove it, or score its cell again") from error
    if not parts:
        return pd.DataFrame(columns=KEY)
    try:
        return _checked(study, pd.concat(parts.values()), str(runs))
    except (KeyError, TypeError, ValueError):
        for path, part in parts.items():  # to name the file
            _named(study, part, path)
        raise


def _read(study: Study, home: Path) -> pd.DataFrame:
    parts = []
    for path in sorted(path for path in (home / FOLDER).glob("*.parquet") if not path.name.startswith(".")):
        part = tables.read(home, f"{FOLDER}/{path.name}", "a table of factors")
        parts.append(_named(study, part, path))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=KEY)


def _named(study: Study, table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """``_checked``, whose errors name the file."""
    try:
        return _checked(study, table, str(path))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a table of factors, or is damaged: {error}") from error


def _checked(study: Study, table: pd.DataFrame, where: str) -> pd.DataFrame:
    """The rows, key first, with numbers as float32, which is precise enough for shares and nats."""
    numbers = table.drop(columns=KEY).astype("float32")
    if not np.isfinite(numbers.to_numpy()).all():
        raise ValueError(f"{where}: empty or infinite scores of factors")
    if (twice := table.duplicated(KEY)).any():
        raise ValueError(f"{where}: two rows for {table.loc[twice, KEY].iloc[0].to_dict()}")
    cells = {key(cell) for cell in study.cells()}
    if foreign := [each for each in keys(table) if each not in cells]:
        raise ValueError(f"{where}: {foreign[0]} is not a cell of the study {study.name}")
    return pd.concat([table[KEY].astype({"strength": "float64", "seed": "int64"}), numbers], axis=1)


def _joined(study: Study, parts: list[pd.DataFrame]) -> pd.DataFrame:
    """All rows in the order of the cells; of several for one model and factor, the first."""
    parts = [part for part in parts if len(part)] or parts[:1]
    table = pd.concat(parts, ignore_index=True).drop_duplicates(KEY)
    order = {key(cell): i for i, cell in enumerate(study.cells())}
    places = pd.Series([order[each] for each in keys(table)], dtype="int64")
    return table.iloc[places.argsort(kind="stable")].reset_index(drop=True)
