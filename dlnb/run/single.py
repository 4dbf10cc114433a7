"""A model that was trained in a notebook, measured as the models of a study are: its row in that study's table."""

from dataclasses import asdict

import pandas as pd

from dlnb import checks, data, results, storage
from dlnb.data import DataSet
from dlnb.run import feasible, worker
from dlnb.study import Cell, Study


def measure_model(study: Study, cell: Cell, model, data_set: DataSet | None = None) -> pd.DataFrame:
    """The row of a trained model in the table of ``study``: evaluated, encoded and scored as its other models are.

    - ``study``: a ``Study``, registered or not; ``cell``: the one of ``study.cells()`` that the model is of.
    - ``model``: a ``Model`` that ``models.train`` made of ``run.method_of(study, cell)``, by the protocol
      ``study.training_of(cell.method)`` and with the cell's seed.
    - ``data_set``: that of the cell, if it is at hand; otherwise it is loaded.

    Returns a DataFrame of one row with the columns of the table (``results.columns``), equal to the row that
    ``run.train`` records for this cell except for the seconds. ``results.Store.collect`` adds it to tables of your own.
    Raises ValueError for a model or a data set that is not of the cell, naming what differs, and for a sample that is
    too small for the scores.
    """
    from dlnb import models

    method = worker.method_of(study, cell)
    checks.instance(model, models.Model, "model", "a Model as models.train returns it")
    if data_set is None:
        data_set = data.load(cell.data_set, study.source, study.size)
    checks.instance(data_set, DataSet, "data_set", "a DataSet such as data.load('dsprites')")
    expected = {"data_set": cell.data_set, "source": study.source, "size": study.size}
    given = {"data_set": data_set.name, "source": data_set.source, "size": data_set.image_shape[0]}
    _compare("the data set is", expected, given, cell, study)
    expected = models.model.described(data_set) | {"method": type(method).__name__, "seed": cell.seed}
    training = asdict(study.training_of(cell.method)).items()
    expected |= {"hyperparameters": asdict(method)}
    expected |= {name: value for name, value in training if method.critic or not name.startswith("critic")}
    _compare("the model was trained with", expected, model.about, cell, study)
    factors = data_set.sample_factors(study.sample, models.generator(cell.seed, "sample"))
    feasible.check_sample(study, data_set, factors)
    found, _, _ = worker.measured(study, cell, model, data_set)
    record = asdict(cell) | found | study.protocol(cell.method) | worker.origin()
    return results.check(pd.DataFrame([record]), study, "the new row")


def _compare(begin: str, expected: dict, given: dict, cell: Cell, study: Study) -> None:
    """Raise ValueError for the first of the ``expected`` entries that is another in ``given``."""
    given = storage.plain(given)
    for what, value in storage.plain(expected).items():
        if given.get(what) != value:
            remedy = (
                "train run.method_of(study, cell) by study.training_of(cell.method), or name the cell that it is of"
            )
            found = f"{begin} {what} {checks.shown(given.get(what))}"
            raise ValueError(f"{found}, but {cell} of the study {study.name} has {checks.shown(value)}: {remedy}")
