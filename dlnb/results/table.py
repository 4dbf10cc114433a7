"""The format of a table of results: its columns, the key of a row, and the files of a cell and of a study."""

import io
import json
from dataclasses import fields
from functools import partial
from importlib.resources import files
from pathlib import Path

import pandas as pd

from dlnb import checks
from dlnb.results import checksums
from dlnb.study import STUDIES, Cell, Study, Training

KEY = ["data_set", "method", "strength", "seed"]
CELL = {**{name: "str" for name in ("data_set", "method", "hyperparameter")}, "strength": "float64", "seed": "int64"}
LIKELIHOOD = dict.fromkeys(("reconstruction", "kl", "elbo"), "float64")
KINDS = {int: "int64", float: "float64", str: "str"}
PROTOCOL = {
    **{"protocol": "str", "source": "str", "size": "int64"},
    **{field.name: KINDS[field.type] for field in fields(Training)},
    **{"objective": "str", "annealed_gamma": "float64", "sample": "int64", "evaluation": "int64"},
}
FITTED = {"boosting": "str", "solver": "str"}
ORIGIN = {
    **{"seconds_training": "float64", "seconds_scoring": "float64", "commit": "str", "versions": "str"},
    **{"machine": "str"},
}
ROW, FAILURE = "row.json", "failed.json"  # of one cell, in its folder under runs/
FAILURES = "failed.csv"  # of all cells, in the folder of the table
TABLES = Path(str(files("dlnb"))) / "tables"
A_TABLE = "the table", "a DataFrame such as results.load returns"
A_STUDY = "study", "a Study such as dlnb.study.STUDIES['smoke']"


def registered(name: str) -> Study:
    """The study of that name. Raises ValueError for an unknown one."""
    try:
        return checks.choose(STUDIES, name, "study")
    except ValueError as error:
        raise ValueError(f"{error}; one of your own is registered first: dlnb.study.register(study)") from None


def home(study: str, folder=None) -> Path:
    """The folder of a study's tables, by its name; ``folder``: that of all tables (default: that of the package)."""
    return (TABLES if folder is None else checks.path(folder, "folder")) / study


def columns(study: Study) -> dict[str, str]:
    """Names and dtypes of the columns of a study's table, in order; studies differ only in those of the scores."""
    checks.instance(study, Study, *A_STUDY)
    fitted = FITTED if FITTED.keys() <= study.protocol(study.methods[0]).keys() else {}
    scores = dict.fromkeys(study.columns(), "float64")
    return CELL | LIKELIHOOD | scores | {"active": "int64"} | PROTOCOL | fitted | ORIGIN


def key(cell: Cell) -> tuple:
    """The key of a cell's row, unique in its study: the values of KEY."""
    checks.instance(cell, Cell, "cell", "a Cell such as study.cells() lists")
    return cell.data_set, cell.method, float(cell.strength), cell.seed


def keys(table: pd.DataFrame) -> list[tuple]:
    """The keys of the rows of a table, in order. Raises ValueError for a table without these columns."""
    if missing := [name for name in KEY if name not in checks.instance(table, pd.DataFrame, *A_TABLE)]:
        raise ValueError(f"the table has no columns {', '.join(missing)}, which tell its rows apart")
    return list(table[KEY].itertuples(index=False, name=None))


def check(table: pd.DataFrame, study: Study, where: str) -> pd.DataFrame:
    """``table`` with its ``columns`` in order, if every row is a cell of ``study`` trained by its protocol.

    Columns that the study does not define come last, unchanged. Raises ValueError, whose message begins with ``where``,
    for missing columns, empty or infinite values, values of another type or protocol, two rows of one cell, and rows
    that are not of the study.
    """
    names = columns(study)
    checks.instance(table, pd.DataFrame, *A_TABLE)
    if not table.columns.is_unique:
        raise ValueError(f"{where}: two columns are called {table.columns[table.columns.duplicated()][0]}")
    if missing := [name for name in names if name not in table]:
        given = f"{where}: columns {', '.join(missing)} are missing"
        raise ValueError(f"{given}: score its models again (--rescore, run.rescore), or give the study another name")
    promised, more = table[list(names)], [name for name in table if name not in names]
    if (bad := (promised.isna() | promised.isin([float("inf"), -float("inf")])).any()).any():
        raise ValueError(f"{where}: column {promised.columns[bad][0]} has empty or infinite values")
    for name, kind in names.items():
        try:
            whole = table[name].astype(kind)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{where}: column {name} does not hold {kind}: {error}") from error
        if kind == "int64" and (whole != table[name]).any():
            raise ValueError(
                f"{where}: column {name} holds {table[name][whole != table[name]].iloc[0]}, not a whole number"
            )
    table = table[[*names, *more]].astype(names)
    if (twice := table.duplicated(KEY)).any():
        raise ValueError(f"{where}: two rows for {dict(zip(KEY, keys(table[twice])[0], strict=True))}")
    for method, rows in table.groupby("method", sort=False):
        for name, value in study.protocol(method).items():
            if (other := rows.loc[rows[name] != value, name]).size:
                was = other.iloc[0].item() if hasattr(other.iloc[0], "item") else other.iloc[0]
                given = f"{name} is {was!r} in a row of {method} but {value!r} in the study {study.name}"
                raise ValueError(f"{where}: {given}: a study that trains otherwise needs another name")
    cells, named = {(*key(cell), cell.hyperparameter) for cell in study.cells()}, [*KEY, "hyperparameter"]
    if foreign := [row for row in table[named].itertuples(index=False, name=None) if row not in cells]:
        row = dict(zip(named, foreign[0], strict=True))
        given = f"{where}: {row} is not a cell of the study {study.name}"
        raise ValueError(f"{given}: a study without it needs another name or another folder of tables")
    return table


def read_json(path) -> dict:
    """A JSON file that the runner wrote for a cell. Raises ValueError, naming the file, if it is damaged or foreign."""
    try:
        found = json.loads(checks.path(path).read_text())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: {error}; remove it to run its cell again") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} was not written by this package; remove it to run its cell again")
    return found


def read(folder: Path, name: str, what: str) -> pd.DataFrame:
    """The Parquet file ``name`` in or below a study's ``folder``, if its checksum is right; ``what``: for messages."""
    content = checksums.read(folder, name)
    try:
        return pd.read_parquet(io.BytesIO(content))
    except Exception as error:  # of Arrow, whose kinds depend on what is damaged
        why = f"{error or type(error).__name__}"
        raise ValueError(f"{folder / name} is not {what}, or is damaged: {why}") from error


def write(folder: Path, name: str, part: pd.DataFrame) -> None:
    """Write a Parquet file and its checksum under the lock of a study's ``folder``.

    A file that already has these rows is left as it is: another version of pandas would write other bytes.
    """
    if (folder / name).exists() and read(folder, name, "a table").equals(part):
        checksums.keep(folder, name)
    else:
        checksums.write(folder, name, partial(part.to_parquet, compression="zstd", index=False))
