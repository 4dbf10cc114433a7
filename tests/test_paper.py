"""The published numbers against what the paper's text says of them."""

import pytest

from dlnb import paper
from dlnb.metrics import METRICS
from dlnb.study import DATA_SETS, STUDIES


@pytest.mark.parametrize(
    ("table", "mean"), [(paper.VARIANCE_BY_METHOD, "method"), (paper.VARIANCE_BY_SETTING, "setting")]
)
def test_the_cells_of_table_5_have_the_mean_that_the_text_names(table, mean):
    assert table.to_numpy().mean() == pytest.approx(paper.MEAN_VARIANCE[mean], abs=0.005)
    assert set(table.index) == set(DATA_SETS) and len(table.columns) == 6
    assert {name.removesuffix("_disentanglement") for name in table} <= set(METRICS)


def test_more_categories_explain_more():
    assert (paper.VARIANCE_BY_SETTING >= paper.VARIANCE_BY_METHOD).all(axis=None)


def test_what_transfers_best_is_the_same_score_on_the_same_data_set():
    assert paper.TRANSFER.loc["same score", "same data set"] == paper.TRANSFER.max(axis=None) == 0.807
    assert (paper.TRANSFER > 0.5).all(axis=None)


def test_the_number_of_models_is_that_of_the_grid():
    assert len(STUDIES["paper"].cells()) == paper.MODELS
    assert paper.GPU_YEARS * 365.25 * 24 / paper.MODELS == pytest.approx(1.75, abs=0.01)


@pytest.mark.parametrize("strengths", [(), "12", (1, 1), (1, float("inf")), (float("nan"),), (10**400,), (True,), None])
def test_strengths_are_different_finite_numbers(strengths):
    with pytest.raises(ValueError, match="strengths must be a tuple of different numbers"):
        paper.Sweep("x", "beta", strengths)


@pytest.mark.parametrize(("label", "hyperparameter"), [(None, "beta"), ("", "beta"), ("x", None), ("x", 3)])
def test_a_sweep_is_named(label, hyperparameter):
    with pytest.raises(ValueError, match=r"(label|hyperparameter) of a sweep must be a text"):
        paper.Sweep(label, hyperparameter, (1, 2))
