import pytest
from hypothesis import given
from hypothesis import strategies as st
from sweeps import MANY, TINY

from dlnb import models, progress
from dlnb.run import engines, estimate
from dlnb.study import STUDIES


@pytest.mark.parametrize(
    ("devices", "end"),
    [(1, 14), (2, 9), (3, 6), (9, 6)],  # of two devices, the one that is free after 3 takes 6
)
def test_a_schedule_worked_out_by_hand(devices, end):
    assert estimate.schedule([5, 3, 6], devices) == end


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=30), st.integers(1, 8))
def test_a_schedule_is_between_its_bounds(costs, devices):
    end = estimate.schedule(costs, devices)
    ideal = max(sum(costs) / devices, max(costs))
    assert ideal - 1e-9 <= end <= sum(costs) / devices + max(costs) + 1e-9


def test_the_paper_s_models_need_the_paper_s_gpu_years():
    # 2.52 GPU-years, section 1; 1.75 hours are that by 12,600, rounded.
    hours = estimate.schedule([1.75] * len(STUDIES["paper"].cells()), 1)
    assert hours / 24 / 365.25 == pytest.approx(2.52, abs=0.01)
    assert estimate.schedule([1.75] * 12_600, 64) == pytest.approx(hours / 64, rel=0.01)


@pytest.fixture
def measured(monkeypatch):
    """What was measured: made-up seconds an update by channels, and to score by data set."""
    asked = []

    def update(study, data_set, method):
        asked.append((data_set, method))
        return 2.0 if data_set == "cars3d" else 1.0

    monkeypatch.setattr(estimate, "seconds_an_update", update)
    monkeypatch.setattr(estimate, "seconds_to_score", lambda study, data_set: 10.0)
    monkeypatch.setattr(engines, "prepare", lambda: None)
    return asked


def test_a_cell_costs_its_updates_and_its_scores(measured):
    costs = estimate.seconds(MANY, MANY.cells())
    assert {(cell.data_set, cost) for cell, cost in costs.items()} == {("dsprites", 3 + 10), ("cars3d", 3 * 2 + 10)}
    assert list(costs) == MANY.cells()
    assert sorted(measured) == [("cars3d", "beta_vae"), ("dsprites", "beta_vae")], "once for a number of channels"


def test_the_report_names_device_methods_and_hours(measured):
    lines = estimate.report(TINY, TINY.cells()).splitlines()
    assert lines[0].startswith("tiny: 4 models, measured on one ")
    assert lines[1] == f"beta_vae: {13 / 3600:.2f} hours per model"
    assert [line.split(":")[0] for line in lines[2:]] == ["all on 1", "all on 8", "all on 64"]


def test_what_is_measured_is_an_update_by_the_study_s_protocol(monkeypatch):
    def seconds_an_update(data_set, method, training):
        return data_set.name, data_set.image_shape, method, training

    monkeypatch.setattr(models, "seconds_an_update", seconds_an_update)
    found = estimate.seconds_an_update(TINY, "dsprites", "beta_vae")
    assert found == ("dsprites", (32, 32, 1), models.BetaVAE(1), TINY.training)


@pytest.mark.parametrize(
    ("an_hour", "left", "text"),
    [
        (60, 0, "60 models an hour, ends "),
        (0.5, 1, "0.5 models an hour, ends "),
        (1, 12_600, "1 models an hour, 525 days to go"),
    ],
)
def test_pace_tells_speed_and_end(an_hour, left, text):
    assert progress.pace(an_hour, left).startswith(text)
