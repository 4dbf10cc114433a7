"""A short study beside a longer one: against SciPy, all arrangements of seeds by hand, and tables made to measure."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from test_statements import study

from dlnb import analysis
from dlnb.results import KEY

SETTING = KEY[1:3]


def models(settings: int = 4, seeds: int = 2, methods=("a", "b", "c"), rng=None) -> pd.DataFrame:
    """Models of one data set with random scores."""
    rows = product(["dsprites"], methods, map(float, range(1, settings + 1)), range(seeds))
    table = pd.DataFrame(rows, columns=KEY)
    return table.assign(mig=(rng or np.random.default_rng(0)).uniform(size=len(table)))


def longer(early: pd.DataFrame, noise: float) -> pd.DataFrame:
    """The same models after a training that changes their scores by so much."""
    return early.assign(mig=early.mig + noise * np.random.default_rng(1).normal(size=len(early)))


def test_correlations_and_p_are_those_of_scipy_and_of_all_arrangements():
    early = models()
    late = longer(early, 0.3).query("seed == 0")
    found = analysis.kept(early, late, ["mig"], np.random.default_rng(0)).loc["dsprites", "mig"]
    wide, after = early.pivot(index=SETTING, columns="seed", values="mig"), late.set_index(SETTING).mig
    same, another = (spearmanr(wide[seed], after).statistic for seed in (0, 1))
    assert found[["same", "another"]].tolist() == pytest.approx([same, another])
    assert found.before == pytest.approx(spearmanr(wide[0], wide[1]).statistic)
    chance = []
    for flips in product([False, True], repeat=3):
        flipped = wide.index.get_level_values("method").map(dict(zip("abc", flips, strict=True))).to_numpy()
        one, other = np.where(flipped, wide[1], wide[0]), np.where(flipped, wide[0], wide[1])
        chance.append(spearmanr(one, after).statistic - spearmanr(other, after).statistic)
    assert found.p == np.mean(np.array(chance) >= same - another - 1e-9)


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_a_training_that_changes_no_order_keeps_all_of_a_seed(seeds):
    early = models(seeds=seeds, methods=("a", "b", "c", "d", "e"))
    found = analysis.kept(early, longer(early, 1e-9), ["mig"], np.random.default_rng(0)).iloc[0]
    assert found.same == pytest.approx(1) and found.p <= 1 / 32
    assert found.another == pytest.approx(found.before)


def test_where_the_setting_is_all_that_lasts_p_is_uniform():
    rng, found = np.random.default_rng(0), []
    for _ in range(200):
        early = models(methods=("a", "b", "c", "d", "e", "f"), rng=rng)
        early["mig"] += early.strength
        late = early[early.seed == 0].assign(mig=lambda t: t.strength + rng.uniform(size=len(t)))
        found.append(analysis.kept(early, late, ["mig"], rng).p.iloc[0])
    assert np.mean(found) == pytest.approx(0.5, abs=0.1) and np.mean(np.array(found) <= 0.1) < 0.17


def test_what_one_study_lacks_is_left_out_and_what_cannot_be_compared_is_nan():
    early = models()
    late = longer(early, 0.3)
    rng = np.random.default_rng(0)
    some = late[(late.strength < 4) | (late.seed == 1)]
    few = analysis.kept(early[early.strength < 4], late[late.strength < 4], ["mig"], rng)
    pd.testing.assert_frame_equal(analysis.kept(early, some, ["mig"], rng), few)
    assert (
        analysis.kept(early[early.seed == 0], late[late.seed == 0], ["mig"], rng)[["another", "p"]]
        .isna()
        .all(axis=None)
    )
    assert analysis.kept(early, late.assign(mig=1.0), ["mig"], rng).drop(columns="before").isna().all(axis=None)
    with pytest.raises(ValueError, match="no data set in common: dsprites and cars3d"):
        analysis.kept(early, late.assign(data_set="cars3d"), ["mig"], rng)


def test_those_who_go_on_are_the_best_after_the_short_training():
    table = study(3)
    late = longer(table, 0.2)
    found = analysis.screened(table, late.sample(frac=1, random_state=0), ["mig"], [1, 2, 36, 37])
    for name, part in late.groupby("data_set"):
        for keep in (1, 2, 36):
            standings = []
            for seed, models in part.groupby("seed"):
                before = table[(table.data_set == name) & (table.seed == seed)].set_index(SETTING).mig
                after = models.set_index(SETTING).mig
                best = after[before.nlargest(keep).index].max()
                standings.append(((after < best).sum() + (after == best).sum() / 2) / len(after))
            assert found.loc[(name, "mig"), keep] == pytest.approx(np.mean(standings))
    assert found[37].isna().all()


def test_keep_must_be_whole_numbers():
    with pytest.raises(ValueError, match="each of keep must be a whole number of at least 1, not 0"):
        analysis.screened(models(), models(), ["mig"], [0])
    with pytest.raises(ValueError, match="keep is empty: give a list"):
        analysis.screened(models(), models(), ["mig"], [])
    with pytest.raises(ValueError, match=r"keep must be a list of whole numbers of models, such as .*, not 3"):
        analysis.screened(models(), models(), ["mig"], 3)
