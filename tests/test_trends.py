"""Verdicts on question 5.1 follow the data, in either direction."""

import numpy as np
import pandas as pd
import pytest

from dlnb.claims import trends


def table(slopes):
    """Models of five seeds whose measures rise or fall with the strength as ``slopes`` says."""
    rng = np.random.default_rng(0)
    rows = [("d", "beta_vae", s, seed) for seed in range(5) for s in (1.0, 2.0, 4.0, 8.0)]
    frame = pd.DataFrame(rows, columns=["data_set", "method", "strength", "seed"])
    return frame.assign(**{k: v * np.log(frame.strength) + 0.01 * rng.standard_normal(20) for k, v in slopes.items()})


def judged(slopes):
    found = trends.factorization(table(slopes), np.random.default_rng(1))
    return dict(zip(found.column, found.verdict, strict=True))


def test_what_the_paper_found_agrees_and_its_opposite_does_not():
    paper = {"tc_sampled": -1, "tc_mean": 1, "mi_sampled": -1, "mi_mean": 1}
    assert set(judged(paper).values()) == {"agrees"}
    assert set(judged({name: -slope for name, slope in paper.items()}).values()) == {"disagrees"}


def test_an_exception_that_the_paper_reports_is_a_claim_of_its_own():
    frame = table({"tc_sampled": -1, "tc_mean": 1, "mi_sampled": 1, "mi_mean": 1}).assign(method="dip_vae_i")
    found = trends.factorization(frame, np.random.default_rng(1)).set_index("column")
    assert found.claim["mi_sampled"] == "mutual information of the sampled code rises"
    assert found.verdict.to_dict() == {
        **dict.fromkeys(("tc_sampled", "tc_mean"), "no claim"),
        **dict.fromkeys(("mi_sampled", "mi_mean"), "agrees"),
    }
    assert found.claim["tc_mean"] == "total correlation of the mean code"


def test_a_data_set_that_the_paper_excepts_is_no_claim():
    frame = table({"tc_sampled": 1, "tc_mean": 1, "mi_sampled": 1, "mi_mean": 1}).assign(method="annealed_vae")
    for data_set, expected in {"dsprites": "disagrees", "scream_dsprites": "no claim"}.items():
        found = trends.factorization(frame.assign(data_set=data_set), np.random.default_rng(1)).set_index("column")
        assert found.verdict["tc_sampled"] == expected


def test_seeds_that_contradict_each_other_are_no_verdict():
    frame = table({"tc_sampled": 1, "tc_mean": 1, "mi_sampled": 1, "mi_mean": 1})
    frame["tc_sampled"] *= np.where(frame.seed < 2, -1, 1)  # two seeds fall, three rise
    found = trends.factorization(frame, np.random.default_rng(1)).set_index("column").verdict
    assert found["tc_sampled"] == "cannot tell" and found["tc_mean"] == "agrees"


def test_one_seed_with_a_weak_trend_is_no_verdict():
    frame = table({"tc_sampled": -1, "tc_mean": 1, "mi_sampled": -1, "mi_mean": 1})
    one = frame[frame.seed == 0]  # four strengths in perfect order: 2 of 24 orders are as extreme
    assert set(trends.factorization(one, np.random.default_rng(1)).verdict) == {"cannot tell"}


@pytest.mark.parametrize(
    ("correlation", "p", "expected"),
    [(-0.9, 0.01, "agrees"), (0.9, 0.01, "disagrees"), (-0.9, 0.06, "cannot tell"), (0.9, 0.06, "cannot tell")],
)
def test_verdict_of_a_falling_claim(correlation, p, expected):
    assert trends.verdict(correlation, p, -1) == expected
