"""What the paper has looks as it always did; what it does not have gets a look of its own, comes last and is kept."""

import pandas as pd
import pytest

from dlnb import paper
from dlnb.figures import looks
from dlnb.study import SWEEPS, Sweep

PARTS = ("color", "marker", "dashes")


def extended(table):
    """A table of results with a seventh method and an eighth data set, which come first in it."""
    table = pd.concat([table[table.method == "beta_vae"].assign(method="my_method"), table], ignore_index=True)
    return pd.concat([table[table.data_set == "dsprites"].assign(data_set="my_set"), table], ignore_index=True)


def test_the_paper_s_methods_data_sets_and_scores_have_a_place():
    assert tuple(looks.LOOKS) == paper.METHODS
    assert tuple(looks.NAMES) == paper.DATA_SETS
    assert tuple(looks.LABELS)[: len(paper.SCORES)] == paper.SCORES
    assert set(paper.UNSUPERVISED) < set(looks.LABELS)


@pytest.mark.parametrize("part", PARTS)
def test_the_paper_s_methods_differ_in_colour_marker_and_dashes(part):
    assert len({str(getattr(look, part)) for look in looks.LOOKS.values()}) == len(paper.METHODS)


def test_ten_methods_that_are_unknown_look_different():
    names = [f"unknown_{i}" for i in range(10)]
    found = [looks.look(name) for name in names]
    for pair in (("color", "marker"), ("color", "dashes")):  # dots show the first two, lines the last
        assert len({tuple(str(getattr(look, part)) for part in pair) for look in found}) == 10
    for part in PARTS:
        assert not {getattr(look, part) for look in found} & {getattr(look, part) for look in looks.LOOKS.values()}
    assert [looks.look(name) for name in reversed(names)] == found[::-1]


def test_lines_differ_however_many():
    assert len({looks.line(number) for number in range(20)}) == 20


def test_registered_methods_look_alike_whichever_is_drawn_first(monkeypatch):
    for name in ("one_of_mine", "two_of_mine"):
        monkeypatch.setitem(SWEEPS, name, Sweep(name.title(), "beta", (1, 2)))
    second = looks.look("two_of_mine")
    monkeypatch.undo()
    assert looks.look("one_of_mine") != second == looks.look("two_of_mine")


def test_names_are_labels_where_there_are_any(monkeypatch):
    monkeypatch.setitem(SWEEPS, "my_vae", Sweep("My-VAE", "beta", (1, 2)))
    assert [looks.named(name) for name in ("beta_vae", "my_vae", "your_vae")] == ["β-VAE", "My-VAE", "your vae"]
    assert [looks.named(name) for name in ("cars3d", "my_cars")] == ["Cars3D", "my cars"]
    assert [looks.named(name) for name in ("gbt_1000", "my_score", 10, "$z_1$")] == [
        *("GBT 1,000", "my score"),
        *("10", "$z_1$"),
    ]
    monkeypatch.setitem(looks.NAMES, "my_cars", "My cars")
    assert looks.named("my_cars") == "My cars"


def test_scores_that_are_called_like_methods_say_that_they_are_scores():
    assert looks.measured("factor_vae_score") == "FactorVAE score" and looks.measured("mig") == "MIG"


def test_the_order_is_the_paper_s_then_the_registry_s_then_any(monkeypatch):
    monkeypatch.setitem(SWEEPS, "registered", Sweep("registered", "beta", (1, 2)))
    assert looks.in_order(["z", "registered", "a", "annealed_vae", "a", "beta_vae"]) == [
        *("beta_vae", "annealed_vae"),
        *("registered", "z", "a"),
    ]
    assert looks.in_order(["mine", *reversed(paper.DATA_SETS)]) == [*paper.DATA_SETS, "mine"]
    assert looks.in_order(["mine", *reversed(paper.SCORES)]) == [*paper.SCORES, "mine"]


def test_strengths_are_those_of_the_sweep_and_then_of_the_table():
    assert looks.strengths("beta_vae", [32.0, 4.0, 2.0]) == [1, 2, 4, 6, 8, 16, 32]
    assert looks.strengths("unknown", [3.0, 1.0, 3.0]) == [1, 3]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("value", ["nothing of the kind", None, 3])
def test_a_look_is_one_that_can_be_drawn(part, value):
    with pytest.raises(ValueError, match=r"(color|marker|dashes) must be"):
        looks.Look(**{"color": "red", "marker": "o", "dashes": "-"} | {part: value})


def test_what_is_no_method_gets_no_look():
    before = list(looks._met)
    for wrong in (None, 3, ["beta_vae"]):
        with pytest.raises(ValueError, match="method must be the name of a method"):
            looks.look(wrong)
    assert looks._met == before


def test_a_text_is_no_list_of_names():
    with pytest.raises(ValueError, match="values must be a list or column of names, not 'dsprites'"):
        looks.in_order("dsprites")
