"""Tables of results: one row for each trained model, committed as small Parquet files.

From the measurements of ``dlnb.run``, or a copy of the published results, to DataFrames. ``load("short")`` reads a
committed table, ``factors.load`` the scores of each factor; a ``Store`` writes both. ``keepsakes`` are the few models
whose weights are committed; ``released`` reads the results of the original study.
"""

from dlnb.results import factors, keepsakes
from dlnb.results.checksums import renew
from dlnb.results.store import Store, failures, load
from dlnb.results.table import CELL, FAILURE, KEY, ROW, TABLES, check, columns, key, keys, read_json

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
    "key",
    "keys",
    "load",
    "read_json",
    "renew",
]
