"""A short study beside a longer one: against SciPy, and tables made to measure."""

from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from test_statements import study

from dlnb import analysis, results
from dlnb.representation import Representation
from dlnb.results import KEY

SETTING = KEY[1:3]
CODES = Path(__file__).parents[1] / "benchmarks/codes"


def models(settings: int = 4, seeds: int = 2, methods=("a", "b", "c"), rng=None) -> pd.DataFrame:
    """Models of one data set with random scores."""
    rows = product(["dsprites"], methods, map(float, range(1, settings + 1)), range(seeds))
    table = pd.DataFrame(rows, columns=KEY)
    return table.assign(mig=(rng or np.random.default_rng(0)).uniform(size=len(table)))


def longer(early: pd.DataFrame, noise: float) -> pd.DataFrame:
    """The same models after a training that changes their scores by so much."""
    return early.assign(mig=early.mig + noise * np.random.default_rng(1).normal(size=len(early)))


def test_correlations_are_those_of_scipy():
    early = models()
    late = longer(early, 0.3).query("seed == 0")
    found = analysis.kept(early, late, ["mig"]).loc["dsprites", "mig"]
    wide, after = early.pivot(index=SETTING, columns="seed", values="mig"), late.set_index(SETTING).mig
    same, another = (spearmanr(wide[seed], after).statistic for seed in (0, 1))
    assert found.tolist() == pytest.approx(
        [same, another, spearmanr(wide[0], wide[1]).statistic, (same - another) / (1 - another), len(wide)]
    )
    turned = analysis.kept(early.assign(seed=1 - early.seed), late, ["mig"]).loc["dsprites", "mig"]
    assert turned.same - turned.another == pytest.approx(another - same)


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_a_training_that_changes_no_order_keeps_all_of_a_seed(seeds):
    early = models(seeds=seeds, methods=("a", "b", "c", "d", "e"))
    found = analysis.kept(early, longer(early, 1e-9), ["mig"]).iloc[0]
    assert found.same == pytest.approx(1) and found.luck == pytest.approx(1)
    assert found.another == pytest.approx(found.before)


def test_where_the_setting_is_all_that_lasts_the_same_seed_tells_no_more_than_another():
    rng, found = np.random.default_rng(0), []
    for _ in range(200):
        early = models(methods=("a", "b", "c", "d", "e", "f"), rng=rng)
        early["mig"] += early.strength / 4
        late = early[early.seed == 0].assign(mig=lambda t: t.strength / 4 + rng.uniform(size=len(t)))
        found.append(analysis.kept(early, late, ["mig"]).iloc[0])
    found = pd.DataFrame(found)
    assert found.luck.mean() == pytest.approx(0, abs=0.05) and found.another.mean() > 0.3
    assert (found.same > found.another).mean() == pytest.approx(0.5, abs=0.1)


def test_what_one_study_lacks_is_left_out_and_what_cannot_be_compared_is_nan():
    early = models()
    late = longer(early, 0.3)
    some = late[(late.strength < 4) | (late.seed == 1)]
    few = analysis.kept(early[early.strength < 4], late[late.strength < 4], ["mig"])
    pd.testing.assert_frame_equal(analysis.kept(early, some, ["mig"]), few)
    assert (
        analysis.kept(early[early.seed == 0], late[late.seed == 0], ["mig"])[["another", "luck"]].isna().all(axis=None)
    )
    assert analysis.kept(early, late.assign(mig=1.0), ["mig"])[["same", "another", "luck"]].isna().all(axis=None)
    with pytest.raises(ValueError, match="no data set in common: dsprites and cars3d"):
        analysis.kept(early, late.assign(data_set="cars3d"), ["mig"])


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


def test_the_best_of_random_models_stands_where_all_choices_put_it():
    some = models().groupby(["data_set", "seed"]).head(6)
    some.loc[some.index[:3], "mig"] = 0.5  # ties
    found = analysis.best_of(some.sample(frac=1, random_state=0), ["mig"], [1, 2, 4, 6, 2.25])
    for name, part in some.groupby("data_set"):
        for count in (1, 2, 4, 6):
            seeds = []
            for _, each in part.groupby("seed"):
                ends = [((each.mig < one).sum() + (each.mig == one).sum() / 2) / len(each) for one in each.mig]
                seeds.append(np.mean([max(choice) for choice in combinations(ends, count)]))
            assert found.loc[(name, "mig"), count] == pytest.approx(np.mean(seeds))
    assert np.allclose(found[2.25], 0.75 * found[2] + analysis.best_of(some, ["mig"], [3])[3] / 4)
    assert analysis.best_of(some, ["mig"], [6.5]).isna().all(axis=None)


def test_counts_of_random_models_are_at_least_one():
    with pytest.raises(ValueError, match=r"each of counts must be a number of at least 1, not 0\.5"):
        analysis.best_of(models(), ["mig"], [0.5])
    with pytest.raises(ValueError, match="counts is empty: give a list"):
        analysis.best_of(models(), ["mig"], [])


def test_keep_must_be_whole_numbers():
    with pytest.raises(ValueError, match="each of keep must be a whole number of at least 1, not 0"):
        analysis.screened(models(), models(), ["mig"], [0])
    with pytest.raises(ValueError, match="keep is empty: give a list"):
        analysis.screened(models(), models(), ["mig"], [])
    with pytest.raises(ValueError, match=r"keep must be a list of whole numbers of models, such as .*, not 3"):
        analysis.screened(models(), models(), ["mig"], 3)


def codes(study: str, place: str) -> Representation:
    return Representation.load(CODES / study / f"{place}.npz")


@pytest.mark.parametrize("seed", [0, 1])
def test_latents_that_are_kept_are_those_of_the_codes(seed):
    place = "color_dsprites/beta_vae/beta=4"
    early, late = codes("short", f"{place}/seed={seed}"), codes("desk", f"{place}/seed=0")
    table = pd.read_csv(results.TABLES / "latents_kept.csv")
    table = table.query("data_set == 'color_dsprites' and strength == 4 and seed_early == @seed")
    assert len(table) == 100 and table.method.eq("beta_vae").all()
    for row in table[table.active].itertuples():
        expected = abs(spearmanr(early.mean[:, row.early], late.mean[:, row.late]).statistic)
        assert row.correlation == pytest.approx(expected, abs=6e-4)
    assert table.active.sum() == early.active.sum() * late.active.sum()


def test_latents_of_one_number_are_compared_with_those_of_others():
    table = pd.read_csv(results.TABLES / "latents_shared.csv")
    row = table.query("data_set == 'color_dsprites' and method == 'beta_vae' and other_method == 'dip_vae_i'").iloc[7]
    names = {"beta_vae": "beta", "dip_vae_i": "off_diagonal"}
    settings = [(row.method, row.strength), (row.other_method, row.other_strength)]
    one, other = (codes("desk", f"color_dsprites/{m}/{names[m]}={s:g}/seed=0") for m, s in settings)
    same, different = [], []
    for i, j in product(np.flatnonzero(one.active), np.flatnonzero(other.active)):
        (same if i == j else different).append(abs(spearmanr(one.mean[:, i], other.mean[:, j]).statistic))
    assert [row.same, row.different] == pytest.approx([np.mean(same), np.mean(different)], abs=6e-4)


def test_a_seed_that_has_just_begun_changes_nothing():
    early, late = models(), longer(models(), 0.3).query("seed == 0")
    begun = pd.concat([late, late.head(3).assign(seed=1)])
    for compare in (analysis.kept, lambda *tables: analysis.screened(*tables, keep=[1, 6])):
        pd.testing.assert_frame_equal(compare(early, begun, ["mig"]), compare(early, late, ["mig"]))
    pd.testing.assert_frame_equal(analysis.best_of(begun, ["mig"], [2, 12]), analysis.best_of(late, ["mig"], [2, 12]))
