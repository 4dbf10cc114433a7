"""The table: one row for each trained model, committed as small Parquet files.

In goes what ``dlnb.run`` measured, or a copy of the published results; out comes a DataFrame. ``load("short")`` reads
a committed table, ``factors.load`` the scores of each factor; a ``Store`` writes them. ``keepsakes`` are the few models
that are kept with their weights; ``released`` reads the original study's results.
"""

from dlnb.results import factors, keepsakes
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
]
