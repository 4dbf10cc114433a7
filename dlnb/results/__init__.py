"""Tables of results: one row for each trained model, committed as small Parquet files.

From the measurements of ``dlnb.run``, or a copy of the published results, to DataFrames. ``load("short")`` reads a
committed table, ``factors.load`` the scores of each factor; a ``Store`` writes both. ``load_model`` opens the trained
model of a setting, with its row; ``keepsakes`` are the models of the figures; ``released`` reads the results of the
original study.
"""

from dlnb.results import factors, keepsakes
from dlnb.results.checksums import renew
from dlnb.results.store import Store, failures, load
from dlnb.results.table import CELL, FAILURE, KEY, ROW, TABLES, check, columns, key, keys, read_json
from dlnb.results.weights import kept_models, load_model

__all__ = [
    "CELL",
    "FAILURE",
    "KEY",
    "ROW",
    "TABLES",
    "Store",
    "check",
    "columns",
    "factors",
    "failures",
    "keepsakes",
    "kept_models",
    "key",
    "keys",
    "load",
    "load_model",
    "read_json",
    "renew",
]
