import dataclasses

import pytest

from dlnb import data
from dlnb.paper import DATA_SETS, METHODS
from dlnb.study import FITTED, STUDIES, SWEEPS, Cell, Study, Training

each_study = pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)


def example(**changes):
    values = {"data_sets": ("dsprites", "color_dsprites"), "methods": ("beta_vae",), "seeds": (0, 1)}
    protocol = {"size": 32, "training": Training(steps=5, learning_rate=1e-3), "strengths": (0, 2)}
    return Study(name="example", **(values | protocol | changes))


# The registries


@each_study
def test_cells_are_unique_and_so_are_their_names(study):
    cells = study.cells()
    assert len({str(cell) for cell in cells}) == len(set(cells)) == len(cells)


@each_study
def test_cells_are_the_whole_grid(study):
    strengths = {
        m: len(SWEEPS[m].strengths) if study.strengths is None else len(study.strengths) for m in study.methods
    }
    assert len(study.cells()) == len(study.seeds) * len(study.data_sets) * sum(strengths.values())


@each_study
def test_the_cells_so_far_are_a_complete_grid_after_every_seed(study):
    cells = study.cells()
    share = len(cells) // len(study.seeds)
    for i, seed in enumerate(study.seeds):
        part = cells[i * share : (i + 1) * share]
        assert {cell.seed for cell in part} == {seed}
        assert [dataclasses.replace(cell, seed=0) for cell in part] == [
            dataclasses.replace(cell, seed=0) for cell in cells[:share]
        ]


@each_study
@pytest.mark.parametrize("method", SWEEPS)
def test_the_protocol_tells_all_that_the_cells_do_not(study, method):
    protocol = study.protocol(method)
    grid = {"name", "data_sets", "methods", "seeds", "strengths", "factor_vae_halved"}  # the last shows in the steps
    columns = {"scores", "labels"}  # they are the names of columns
    columns |= set() if set(study.scores) & set(FITTED) else {"boosting", "solver"}
    of_study = {field.name for field in dataclasses.fields(Study)} - grid - columns - {"training"}
    of_run = dataclasses.asdict(study.training)
    assert set(protocol) - {"protocol"} == of_study | of_run.keys()
    assert protocol["protocol"] == study.name
    for name in of_study:
        assert protocol[name] == getattr(study, name)
    assert of_run.items() <= protocol.items()


def test_a_study_may_train_factor_vae_for_half_the_steps_as_the_original_code_does():
    halved = example(methods=METHODS, factor_vae_halved=True, training=Training(steps=301))
    assert {method: halved.protocol(method)["steps"] for method in METHODS} == dict.fromkeys(METHODS, 301) | {
        "factor_vae": 150
    }
    assert not any(study.factor_vae_halved for study in STUDIES.values()), "the paper says that all take as many"


def test_the_study_has_all_data_sets_and_the_paper_12_600_models():
    assert set(DATA_SETS) <= data.OWN
    assert len(STUDIES["paper"].cells()) == 12_600
    assert STUDIES["paper"].training_of("factor_vae").steps == 300_000


def test_studies_are_known_by_their_names():
    assert [study.name for study in STUDIES.values()] == list(STUDIES)


@pytest.mark.parametrize("name", METHODS)
def test_sweeps_have_six_strengths_from_weak_to_strong(name):
    strengths = SWEEPS[name].strengths
    assert len(set(strengths)) == 6
    assert list(strengths) == sorted(strengths)


@pytest.mark.parametrize(
    ("method", "hyperparameter", "strengths"),
    [
        ("beta_vae", "beta", (1, 2, 4, 6, 8, 16)),
        ("annealed_vae", "capacity", (5, 10, 25, 50, 75, 100)),
        ("factor_vae", "gamma", (10, 20, 30, 40, 50, 100)),
        ("dip_vae_i", "off_diagonal", (1, 2, 5, 10, 20, 50)),
        ("dip_vae_ii", "off_diagonal", (1, 2, 5, 10, 20, 50)),
        ("beta_tc_vae", "beta", (1, 2, 4, 6, 8, 10)),
    ],
)
def test_sweeps_are_those_of_table_3(method, hyperparameter, strengths):
    assert len(METHODS) == 6
    assert (SWEEPS[method].hyperparameter, SWEEPS[method].strengths) == (hyperparameter, strengths)


# Cells


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        (Cell("color_dsprites", "beta_vae", "beta", 4, 3), "color_dsprites/beta_vae/beta=4/seed=3"),
        (Cell("color_dsprites", "beta_vae", "beta", 4.0, 3), "color_dsprites/beta_vae/beta=4/seed=3"),
        (Cell("cars3d", "dip_vae_i", "off_diagonal", 0.5, 12), "cars3d/dip_vae_i/off_diagonal=0.5/seed=12"),
    ],
)
def test_the_name_of_a_cell_says_all_of_it(cell, name):
    assert str(cell) == name


def test_cells_come_seed_by_seed_then_by_data_set_and_strength():
    assert [str(cell) for cell in example().cells()] == [
        "dsprites/beta_vae/beta=1/seed=0",
        "dsprites/beta_vae/beta=4/seed=0",
        "color_dsprites/beta_vae/beta=1/seed=0",
        "color_dsprites/beta_vae/beta=4/seed=0",
        "dsprites/beta_vae/beta=1/seed=1",
        "dsprites/beta_vae/beta=4/seed=1",
        "color_dsprites/beta_vae/beta=1/seed=1",
        "color_dsprites/beta_vae/beta=4/seed=1",
    ]


def test_without_a_choice_all_strengths_are_there():
    cells = example(strengths=None, data_sets=("dsprites",), seeds=(7,)).cells()
    assert [cell.strength for cell in cells] == [1, 2, 4, 6, 8, 16]
    assert {cell.seed for cell in cells} == {7}


def test_an_unknown_method_names_the_choices():
    with pytest.raises(ValueError, match=f"unknown method 'vae': choose from {', '.join(SWEEPS)}"):
        example(methods=("vae",)).cells()


# Patterns


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("*/*/*/*", 8),
        ("dsprites/*/*/*", 4),
        ("color_dsprites/*/beta=4/*", 2),
        ("*/*/*/seed=1", 4),
        ("dsprites/beta_vae/beta=1/seed=0", 1),
    ],
)
def test_patterns_pick_cells_in_order(pattern, count):
    found = example().select(pattern)
    assert len(found) == count
    assert [cell for cell in example().cells() if cell in found] == found


def test_a_pattern_does_not_find_names_that_only_begin_like_it():
    cells = example(seeds=(1, 10, 11), strengths=(0, 5)).select("dsprites/*/beta=1/seed=1")
    assert [str(cell) for cell in cells] == ["dsprites/beta_vae/beta=1/seed=1"]


def test_a_pattern_that_finds_nothing_shows_what_a_name_looks_like():
    message = "no cell of example matches 'dsprites/beta=4'; its first is dsprites/beta_vae/beta=1/seed=0"
    with pytest.raises(ValueError, match=message):
        example().select("dsprites/beta=4")


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"seeds": (0, 1, 0)}, "repeats a seed"), ({"strengths": (0, 6)}, "positions 0 to 5, not 6")],
)
def test_a_grid_that_cannot_be_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        example(**changes)
