"""Trained models by their setting: those whose weights are kept beside the tables, and those of one's own runs.

``tables/STUDY/weights/CELL.npz`` is a model with weights of a byte each (``models.Model.save``), 0.6 MB; the list
``tables/STUDY/weights.csv`` has the size and checksum of every one. A clone of the repository has the files, an
installed package the list alone: it downloads a model when it is asked for. ``benchmarks/keepsakes.py`` writes both.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from filelock import FileLock

from dlnb import __version__, checks, storage
from dlnb.data import downloads, files
from dlnb.results import checksums, store
from dlnb.results.table import CELL, ROW, home, key, keys, read_json, registered
from dlnb.study import SWEEPS, Cell, Study

LIST, FOLDER = "weights.csv", "weights"
COLUMNS = [*CELL, "bytes", "sha256"]
SOURCE = f"https://github.com/dlnb/dlnb/raw/v{__version__}/dlnb/tables"


def kept_models(study: str, tables=None) -> pd.DataFrame:
    """The models of a study whose weights are kept, in the order of its cells: a table with the columns COLUMNS.

    ``study`` and ``tables`` are those of ``results.load``. The table is empty if none is kept. Raises ValueError for an
    unknown study and a damaged list.
    """
    found, path = registered(study), home(study, tables) / LIST
    if not path.exists():
        return pd.DataFrame(columns=COLUMNS).astype(CELL | {"bytes": "int64", "sha256": "str"})
    try:
        table = pd.read_csv(path, dtype=CELL | {"bytes": "int64", "sha256": "str"})[COLUMNS]
        order = {key(cell): i for i, cell in enumerate(found.cells())}
        places = pd.Series([order[each] for each in keys(table)], dtype="int64")
    except Exception as error:  # of pandas, whose kinds depend on what is damaged
        raise ValueError(
            f"{path} is not a list of kept models, or is damaged: restore it from git ({error})"
        ) from error
    return table.iloc[places.argsort()].reset_index(drop=True)


def load_model(study: str, *, data_set: str, method: str, strength: float, seed: int = 0, runs=None, tables=None):
    """The trained model of a setting, with its row: (``models.Model``, pandas Series). Nothing is trained.

    - ``study``: a key of ``dlnb.study.STUDIES``, such as "large".
    - ``data_set``, ``method``, ``strength``, ``seed``: the cell, such as "dsprites", "factor_vae", 30, 0.
    - ``runs``: the folder of runs of your own, ``--runs`` of the runner: its models have weights as float32 and come
      with the row of the run. Default: the models that are kept (``kept_models``), with weights of a byte each, which
      moves a score by up to a hundredth (page *look*); where the package was installed without them, one is downloaded
      (0.6 MB), and stays in the cache of data sets.
    - ``tables``: the folder of tables, as in ``results.load``.

    Raises ValueError for an unknown or missing setting and a damaged file, DataFileError (an OSError) if the model
    cannot be downloaded.
    """
    found = registered(study)
    cell = _cell(found, data_set, method, strength, seed)
    if runs is not None:
        folder = checks.path(runs, "runs") / study / str(cell)
        if not (folder / ROW).exists():
            raise ValueError(f"no finished run of {cell} in {folder}: train it, {_command(study, cell, runs)}")
        path, row = folder / "model.npz", pd.Series(read_json(folder / ROW))
    else:
        path, row = find(study, cell, tables), _row(study, cell, tables)
    from dlnb.models import Model  # TensorFlow: only those wait for it who ask for a model

    return Model.load(path), row


def _cell(study: Study, data_set: str, method: str, strength: float, seed: int) -> Cell:
    """The cell of a study. Raises ValueError, with what there is, for one that it does not have."""
    checks.choose(dict.fromkeys(study.data_sets), data_set, "data set")
    checks.choose(dict.fromkeys(study.methods), method, "method")
    checks.number(strength, "strength", -float("inf"))
    checks.whole(seed, "seed", 0)
    for cell in study.cells():
        if key(cell) == (data_set, method, float(strength), seed):
            return cell
    strengths = sorted({cell.strength for cell in study.cells() if cell.method == method})
    given = f"{SWEEPS[method].hyperparameter}={strength:g} and seed={seed}"
    raise ValueError(
        f"the study {study.name} has no {method} with {given}, but {', '.join(f'{each:g}' for each in strengths)} "
        f"with seeds {', '.join(map(str, study.seeds))}"
    )


def _row(study: str, cell: Cell, tables) -> pd.Series:
    table = store.load(study, tables)
    return table[[each == key(cell) for each in keys(table)]].iloc[0]


def find(study: str, cell: Cell, tables=None) -> Path:
    """The file of the kept model of a cell: beside the tables, or downloaded, and verified in both places."""
    kept = kept_models(study, tables)
    some = kept[[each == key(cell) for each in keys(kept)]]
    if not len(some):
        raise ValueError(
            f"the model {cell} of the study {study} is not kept, but {_some(kept)}. Train it, {_command(study, cell)}, "
            "and name its folder: load_model(..., runs='runs')"
        )
    expected, path, name = some.iloc[0], home(study, tables) / _place(cell), f"{study}/{_place(cell)}"
    file = downloads.File(
        name.replace("/", "."),
        (f"{SOURCE}/{name}",),
        f"sha256:{expected.sha256}",
        bytes=int(expected.bytes),
        otherwise=f"Work in a clone of the repository, which has the file, or train the model: {_command(study, cell)}",
    )
    if not path.exists():
        return files.fetch(file)
    if reason := downloads.wrong(file, path):
        raise ValueError(f"{path} was damaged or changed, {reason}: restore it from git, or download {file.urls[0]}")
    return path


def _some(kept: pd.DataFrame) -> str:
    """What is kept, in a message."""
    if not len(kept):
        return "none is"
    sets = kept.groupby(["data_set", "seed"], sort=False).size().items()
    return "those of " + ", ".join(f"{name} with seed {seed} ({count})" for (name, seed), count in sets)


def _command(study: str, cell: Cell, runs="runs") -> str:
    return f"python -m dlnb.run {study} --only '{cell}' --runs {runs}"


def _place(cell: Cell) -> str:
    return f"{FOLDER}/{cell}.npz"


def keep(study: str, models: dict[Cell, object], tables=None) -> pd.DataFrame:
    """Write the weights of trained models beside the tables, a byte each, and list them; the whole list.

    ``models``: a ``models.Model`` by its cell. What is kept of the same cell is replaced. Raises ValueError for a cell
    that the study does not have, and for a model of another cell.
    """
    base, cells = home(registered(study).name, tables), set(registered(study).cells())
    for cell, model in checks.instance(models, Mapping, "models", "a dict of models by their cells").items():
        checks.instance(cell, Cell, "cell", "a Cell such as study.cells() lists")
        name = getattr(model, "about", {}).get("name")
        if cell not in cells or name != str(cell):
            raise ValueError(f"the model {name!r} is not that of {cell} in the study {study}")
    base.mkdir(parents=True, exist_ok=True)
    with FileLock(base / checksums.LOCK):
        rows = {each: row for each, row in zip(*_listed(study, tables), strict=True)}
        for cell, model in models.items():
            model.save(path := base / _place(cell), "int8")
            content = path.read_bytes()
            rows[key(cell)] = {**vars(cell), "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        known = [rows[key(cell)] for cell in registered(study).cells() if key(cell) in rows]
        table = pd.DataFrame(known, columns=COLUMNS)
        storage.write(base / LIST, lambda temporary: table.to_csv(temporary, index=False))
    return kept_models(study, tables)


def _listed(study: str, tables) -> tuple[list[tuple], list[dict]]:
    table = kept_models(study, tables)
    return keys(table), table.to_dict("records")
