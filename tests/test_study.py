import dataclasses

import numpy as np
import pytest

from dlnb import data, metrics, protocol
from dlnb.metrics import linear, trees
from dlnb.models import networks
from dlnb.paper import DATA_SETS, METHODS
from dlnb.study import FITTED, STUDIES, SWEEPS, Cell, Study, Sweep, Training, register

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


# What a study may be, which is found out when it is made and not after days of training

NAN = float("nan")
WRONG = {  # the field: values, and what the message says
    "name": (["../../x", "my study", "", "a/b", None, 3, "a.b"], "name of a study must be one word"),
    "data_sets": ([("../x",), ("a b",), (None,), (3,)], "name of a data set must be one word"),
    "methods": ([(None,), (3,), ("vae",)], "must be a name|unknown method"),
    "scores": ([("migg",), (None,)], "must be a name|unknown score"),
    "seeds": ([(0.5,), (-1,), (True,), (None,), ("0",), (NAN,), (2**63,)], "each of seeds must be a whole number"),
    "strengths": ([(0.5,), (-1,), (False,), (None,)], "each of strengths"),
    "training": ([None, 50, {"steps": 5}], "training must be a Training"),
    "size": ([16, 48, 31, 256], "size must be that of rendered images of 32 or 64 or 128 pixels"),
    "source": ([None, "drawn", 3], "unknown source"),
    "annealed_gamma": ([NAN, -1, None, "30", float("inf"), True], "annealed_gamma must be a number"),
    "factor_vae_halved": ([1, None, "yes"], "factor_vae_halved must be True or False"),
    "sample": ([0, -5, 1.5, None, True, "many", NAN, 10**12], "sample must be a whole number"),
    "evaluation": ([0, -1, 0.5, None], "evaluation must be a whole number"),
    "labels": ([(4,), (10.0,), (None,), (-1,)], "each of labels must be a whole number"),
    "boosting": (["xgboost", None], "unknown boosting"),
    "solver": (["svm", 1], "unknown solver"),
}
LISTS = ("data_sets", "methods", "seeds", "strengths", "scores", "labels")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [(field, value, message) for field, (many, message) in WRONG.items() for value in many],
)
def test_a_field_of_another_kind_is_refused(field, value, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(example(), **{field: value})


@pytest.mark.parametrize("field", LISTS)
@pytest.mark.parametrize("value", ["dsprites", 3, {"dsprites": 1}, {0, 1}, np.zeros((2, 2), int), b"ab", iter((0,))])
def test_what_a_study_lists_is_a_tuple(field, value):
    with pytest.raises(ValueError, match=f"{field} of a study must be a tuple, such as"):
        example(**{field: value})


@pytest.mark.parametrize("field", LISTS)
def test_what_a_study_lists_differs_and_is_not_empty(field):
    once = {"data_sets": "cars3d", "methods": "beta_vae", "seeds": 3, "strengths": 1, "scores": "mig", "labels": 10}[
        field
    ]
    with pytest.raises(ValueError, match=f"the study example repeats a {field[:-1].replace('_', ' ')}: "):
        example(**{field: (once, once)})
    if field in ("scores", "labels"):
        assert getattr(example(**{"scores": ("mig",), field: ()}), field) == ()
    else:
        with pytest.raises(ValueError, match=f"the study example has no {field}: name at least one"):
            example(**{field: ()})
    with pytest.raises(ValueError, match="the score downstream needs labels"):
        example(labels=())


def test_lists_ranges_and_arrays_are_kept_as_tuples_of_plain_numbers():
    made = example(seeds=np.arange(2), strengths=range(2), data_sets=["cars3d"], labels=[10], sample=np.int64(300))
    assert (made.seeds, made.strengths, made.data_sets, made.labels, made.sample) == (
        (0, 1),
        (0, 1),
        ("cars3d",),
        (10,),
        300,
    )
    assert {type(value) for value in (*made.seeds, *made.strengths, made.sample)} == {int}
    assert hash(made) == hash(dataclasses.replace(made))
    assert example(annealed_gamma=30).protocol("annealed_vae")["annealed_gamma"] == 30, "rows tell it as it was given"


def test_published_images_have_at_most_64_pixels_and_half_of_one_update_is_none():
    with pytest.raises(ValueError, match="size must be that of original images of 32 or 64 pixels, not 128"):
        example(source="original", size=128)
    with pytest.raises(ValueError, match="factor_vae_halved trains FactorVAE for half of the steps: give at least 2"):
        example(factor_vae_halved=True, training=Training(steps=1))


@pytest.mark.parametrize("steps", [-5, 0, 1.5, NAN, None, "5", True, 2**31])
def test_updates_are_counted(steps):
    with pytest.raises(ValueError, match="steps must be a whole number of at least 1"):
        Training(steps=steps)


def test_strengths_that_would_have_one_name_are_refused(monkeypatch):
    monkeypatch.setitem(SWEEPS, "fine", Sweep("Fine", "alpha", (1, 1.0000001)))
    with pytest.raises(ValueError, match="strengths of fine must differ in their first six digits"):
        example(methods=("fine",), strengths=None)


def test_what_is_allowed_is_what_there_is():
    assert set(protocol.SIDES) == set(networks.SIZES)
    assert set(protocol.SOURCES) == set(data.SOURCES)
    assert protocol.FITTING == {"boosting": tuple(trees.BOOSTING), "solver": tuple(linear.SOLVERS)}
    assert protocol.FOLDS == linear.FOLDS


def sample(rows, latents=3):
    """Codes, and factors that take turns."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((rows, latents)), np.arange(rows)[:, None] // [1, 2] % 2


@pytest.mark.parametrize(
    ("score", "labels", "latents", "least"),
    [
        ("downstream", (10,), 3, 15),
        ("downstream", (5, 101), 3, 152),
        ("total_correlation", (10,), 3, 6),
        ("total_correlation", (10,), 10, 17),
        ("mig", (10,), 3, 3),
    ],
)
def test_the_least_sample_is_that_with_which_the_score_succeeds(score, labels, latents, least):
    options = {"scores": (score,), "labels": labels, "training": Training(steps=1, latents=latents)}
    assert example(sample=least, **options).sample == least
    with pytest.raises(ValueError, match=f"sample is {least - 1}, but .* needs {least} images: two thirds are fitted"):
        example(sample=least - 1, **options)
    if score != "mig":
        codes, factors = sample(least, latents)
        rng = np.random.default_rng(0)
        assert metrics.score(codes, factors, rng, score, sizes=labels)
        with pytest.raises(ValueError, match=score):
            metrics.score(codes[:-1], factors[:-1], rng, score, sizes=labels)


@pytest.mark.parametrize("score", [*metrics.SCORES])
def test_one_latent_is_enough_for_the_scores_that_do_not_compare_latents(score):
    options = {"scores": (score,), "training": Training(steps=1, latents=1)}
    codes, factors = sample(300, 1)
    if score in protocol.PAIRS:
        with pytest.raises(ValueError, match=f"{score} compares latents: it needs a Training with latents=2 or more"):
            example(**options)
        with pytest.raises(ValueError, match="at least 2"):
            metrics.score(codes, factors, np.random.default_rng(0), score, sizes=(10,), points=(300, 200))
    else:
        assert example(**options)
        options = {"sizes": (10,), "points": (300, 200)}
        assert metrics.score(codes, factors, np.random.default_rng(0), score, **options)


@pytest.mark.parametrize("wrong", [None, "smoke", 3, {}])
def test_a_study_to_register_and_a_pattern_are_checked(wrong):
    with pytest.raises(ValueError, match="study must be a Study"):
        register(wrong)
    if not isinstance(wrong, str):
        with pytest.raises(ValueError, match="the pattern must be a text such as"):
            example().select(wrong)
