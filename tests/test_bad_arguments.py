"""Public functions of studies, results and the runner with what they cannot take: one clear ValueError each."""

import numpy as np
import pandas as pd
import pytest
from sweeps import TINY

from dlnb import results, run, study
from dlnb.results import factors, keepsakes, weights

CELL = TINY.cells()[0]
TABLE = pd.DataFrame({name: [value] for name, value in zip(results.KEY, results.key(CELL), strict=True)})
IMAGES = np.zeros((2, 4, 4, 1))
GOOD = {  # of each function: its arguments, and the kind of each
    results.load: {"study": "name", "folder": "path"},
    results.failures: {"study": "name", "folder": "path"},
    results.columns: {"study": "study"},
    results.key: {"cell": "cell"},
    results.keys: {"table": "table"},
    results.check: {"table": "table", "study": "study", "where": "text"},
    results.read_json: {"path": "path"},
    results.renew: {"folder": "path"},
    results.Store: {"study": "study", "runs": "path", "tables": "path"},
    factors.load: {"study": "name", "folder": "path"},
    factors.record: {"folder": "path", "names": "names", "parts": "parts"},
    factors.joined: {"study": "study", "runs": "path", "homes": "homes"},
    factors.save: {"table": "table", "home": "path"},
    keepsakes.save: {
        **{"study": "word", "cell": "cell", "images": "images", "reconstructions": "images", "tables": "path"},
    },
    keepsakes.reconstructions: {"study": "word", "tables": "path"},
    results.kept_models: {"study": "name", "tables": "path"},
    results.load_model: {
        **{"study": "name", "data_set": "data set", "method": "method", "strength": "strength", "seed": "number"},
        **{"runs": "path", "tables": "path"},
    },
    weights.keep: {"study": "name", "models": "models", "tables": "path"},
    run.train: {"study": "study", "runs": "path", "tables": "path", "workers": "number", "retry": "flag"},
    run.method_of: {"study": "study", "cell": "cell"},
    run.rescore: {"study": "study", "runs": "path", "tables": "path"},
    run.measure_model: {"study": "study", "cell": "cell", "model": "model"},
    study.register: {"study": "study"},
}
KINDS = {  # a good value, and bad ones of each kind
    "name": ("short", [None, 3, "x", [], ["short"], TINY, np.zeros(3), b"short", float("nan"), True]),
    "word": ("short", [None, 3, "../x", "", [], TINY, b"short"]),
    "path": (None, [3, b"x", "", [], {}, np.zeros(3), float("nan"), True]),
    "study": (TINY, [None, "smoke", 3, [], {}, np.zeros(3), CELL, study.Study]),
    "cell": (CELL, [None, "dsprites/beta_vae/beta=1/seed=0", 3, [], TINY]),
    "table": (TABLE, [None, "x", 3, [], {}, np.zeros(3), pd.DataFrame(), TABLE.drop(columns="seed")]),
    "text": ("here", []),
    "names": (["a", "b"], [None, 3, [1, 2], ["a", "a"], ["a"]]),
    "parts": ({"mig": np.zeros(2)}, [None, "x", [1], {"mig": None}, {"mig": "x"}, {"mig": np.zeros(3)}, {"mig": 1.0}]),
    "homes": ([], [None, 3, [None], [3]]),
    "images": (IMAGES, [None, "x", 3, [], IMAGES[0], IMAGES[:, :2], IMAGES.astype(str), IMAGES * np.nan]),
    "model": (None, [None, "model.npz", 3, [], TINY]),  # what is wrong beside it is said first
    "number": (1, [None, 0, -1, 1.5, "x", True, float("nan"), []]),
    "data set": ("dsprites", [None, 3, "x", [], ["dsprites"], b"dsprites"]),
    "method": ("beta_vae", [None, 3, "x", [], ["beta_vae"], "BetaVAE"]),
    "strength": (4, [None, "4", 3, -4, [], float("nan"), True]),
    "models": ({}, [None, "x", 3, [], {CELL: None}, {"dsprites": 3}]),
    "flag": (False, [None, 1, "yes", []]),
}
CASES = [
    (function, name, bad) for function, kinds in GOOD.items() for name, kind in kinds.items() for bad in KINDS[kind][1]
]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Nothing is written into the package, and nothing is trained."""
    monkeypatch.setattr(results.table, "TABLES", tmp_path)
    monkeypatch.setattr(run.sweep.engines, "local", lambda *_, **__: pytest.fail("nothing is to be trained"))
    monkeypatch.chdir(tmp_path)


def test_every_public_name_is_walked():
    called = {name for name in results.__all__ if callable(getattr(results, name))}
    assert {getattr(results, name) for name in called} | {getattr(run, name) for name in run.__all__} | {
        study.register
    } <= GOOD.keys()


@pytest.mark.parametrize(
    ("function", "name", "bad"),
    CASES,
    ids=[f"{f.__module__}.{f.__name__}-{n}-{i}" for i, (f, n, _) in enumerate(CASES)],
)
def test_one_bad_argument_gives_one_clear_error(function, name, bad, tmp_path):
    arguments = {each: KINDS[kind][0] for each, kind in GOOD[function].items()}
    arguments = {each: tmp_path if GOOD[function][each] == "path" else value for each, value in arguments.items()}
    with pytest.raises(ValueError) as raised:
        function(**arguments | {name: bad})
    said = str(raised.value)
    assert said and len(said) < 600 and "Traceback" not in said
    assert not list(tmp_path.rglob("*.parquet")) and not list(tmp_path.rglob("*.npz"))


def test_a_study_of_one_s_own_is_loaded_once_it_is_registered(tmp_path, monkeypatch):
    for load in (results.load, results.failures, factors.load):
        for given in ("tiny", TINY):
            with pytest.raises(ValueError, match=r"unknown study .*one of your own is registered first: .*register"):
                load(given, tmp_path)
    monkeypatch.setitem(study.STUDIES, "tiny", TINY)
    with pytest.raises(ValueError, match="no rows of the study 'tiny' yet"):
        results.load("tiny", tmp_path)
