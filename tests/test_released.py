"""On archives of the published layout, written here: the originals are far too large, and not to be had today."""

import json
import math
import zipfile
from itertools import product

import pandas as pd
import pytest

from dlnb.results import released
from dlnb.results.released import METHODS, SCORES
from dlnb.study import SWEEPS, Cell

PUBLISHED = ("dsprites_full", "color_dsprites", "noisy_dsprites", "scream_dsprites", "smallnorb", "cars3d", "shapes3d")


def content(number, name, representation, **changes):
    """One evaluation.json: settings are texts of literals; results are numbers made of the model and the key."""
    cell = released.cell(number)
    keys = released.SCORES[name]
    settings = {
        "dataset.name": f"'{PUBLISHED[number // 1800]}'",
        "model.name": f"'{cell.method}'",
        "model.model_num": str(number),
        "model.random_seed": str(cell.seed),
        "model.model": "@vae()",
        METHODS[cell.method]: f"{cell.strength}.",
    }
    place = sorted(SCORES).index(name) * 10 + (100 if representation == "sampled" else 0)
    found = {f"train_config.{key}": value for key, value in settings.items()}
    found |= {"train_results.reconstruction_loss": 18.25, "train_results.kl_loss": 27.5}
    found |= {"train_results.global_step": 300_000, "train_results.elapsed_time": 4_375.5}
    if cell.method != "factor_vae":
        found["train_results.elbo"] = -45.75
    found |= {f"evaluation_results.{key}": place + i for i, key in enumerate(keys)}
    return found | {"evaluation_results.uuid": "56744cdd", "evaluation_config.evaluation.name": f"'{name}'"} | changes


def archive(folder, number, without=(), **changes):
    """N.zip with its 18 results, and something that is not one."""
    path = folder / f"{number}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(f"{number}/model/tfhub/saved_model.pb", b"weights" * 1000)
        for representation, name in product(("mean", "sampled"), SCORES):
            if f"{representation}/{name}" not in without:
                text = json.dumps(content(number, name, representation, **changes))
                file.writestr(f"{number}/metrics/{representation}/{name}/results/aggregate/evaluation.json", text)
    return path


@pytest.mark.parametrize(
    ("number", "name"),
    [  # as the original code numbers them
        (0, "dsprites/beta_vae/beta=1/seed=0"),
        (300, "dsprites/factor_vae/gamma=10/seed=0"),
        (600, "dsprites/dip_vae_i/off_diagonal=1/seed=0"),
        (900, "dsprites/dip_vae_ii/off_diagonal=1/seed=0"),
        (1200, "dsprites/beta_tc_vae/beta=1/seed=0"),
        (1500, "dsprites/annealed_vae/capacity=5/seed=0"),
        (1800, "color_dsprites/beta_vae/beta=1/seed=0"),
        (7200, "smallnorb/beta_vae/beta=1/seed=0"),
        (7421, "smallnorb/beta_vae/beta=8/seed=21"),
        (10_799, "cars3d/annealed_vae/capacity=100/seed=49"),
    ],
)
def test_the_number_of_a_model_tells_its_cell(number, name):
    assert str(released.cell(number)) == name


def test_the_numbers_are_those_of_all_cells_each_once():
    cells = {released.cell(number) for number in range(12_600)}
    assert len(cells) == 12_600
    assert {(c.method, c.strength) for c in cells} == {(m, s) for m in SWEEPS for s in SWEEPS[m].strengths}
    assert all(isinstance(cell, Cell) for cell in cells)


def test_all_results_of_a_model_come_into_its_row(tmp_path):
    archive(tmp_path, 7421)
    table = released.load(tmp_path)
    row = table.iloc[0]
    assert list(row[["data_set", "method", "strength", "seed"]]) == ["smallnorb", "beta_vae", 8.0, 21]
    assert (row.reconstruction, row.kl, row.elbo, row.steps, row.seconds_training) == (
        18.25,
        27.5,
        -45.75,
        3e5,
        4_375.5,
    )
    place = {name: 10 * i for i, name in enumerate(sorted(SCORES))}
    # BetaVAE and FactorVAE scores have the same key, in different folders.
    assert row.beta_vae_score == place["beta_vae_sklearn"] and row.factor_vae_score == place["factor_vae_metric"]
    assert row.beta_vae_score_sampled == 100 + place["beta_vae_sklearn"]
    assert row.gbt_10000 == place["downstream_task_boosted_trees"] + 3
    assert row.lr_100_sampled == 100 + place["downstream_task_logistic_regression"] + 1
    assert (row.tc_mean, row.tc_sampled) == (place["unsupervised"], 100 + place["unsupervised"])
    assert row.wasserstein_norm_sampled == 100 + place["unsupervised"] + 3
    assert len(table.columns) == 5 + 5 + 2 * 21 and table.notna().all(axis=None)
    assert table.attrs == {"refused": [], "missing": {}}


def test_factor_vae_has_the_elbo_of_its_parts_and_any_number_of_steps(tmp_path):
    archive(tmp_path, 300, **{"train_results.global_step": 300_002})
    row = released.load(tmp_path).iloc[0]
    assert (row.elbo, row.steps) == (-18.25 - 27.5, 300_002)


def test_nan_and_results_that_are_not_there_are_counted_and_nan(tmp_path):
    archive(tmp_path, 1, without=("mean/dci", "sampled/sap_score"), **{"evaluation_results.discrete_mig": math.nan})
    archive(tmp_path, 2, without=("mean/dci",))
    table = released.load(tmp_path)
    assert table.dci_disentanglement.isna().all() and table.dci_disentanglement_sampled.notna().all()
    assert math.isnan(table.mig[0]) and not math.isnan(table.mig[1])
    assert table.attrs["missing"] == {"mean/dci": 2, "sampled/sap_score": 1}
    assert list(table.seed) == [1, 2]


def test_half_a_zip_and_foreign_files_are_left_out_with_their_reason(tmp_path):
    whole = archive(tmp_path, 5).read_bytes()
    (tmp_path / "6.zip").write_bytes(whole[: len(whole) // 2])
    damaged = bytearray(archive(tmp_path, 7).read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    (tmp_path / "7.zip").write_bytes(damaged)
    (tmp_path / "cats.zip").write_bytes(whole)
    (tmp_path / "12600.zip").write_bytes(whole)
    (tmp_path / "8.zip").write_bytes(whole)  # of model 5
    (tmp_path / "005.zip").write_bytes(whole)
    archive(tmp_path, 9, **{"evaluation_results.discrete_mig": [1, 2]})
    with zipfile.ZipFile(tmp_path / "10.zip", "w") as file:
        file.writestr("10/metrics/mean/mig/results/aggregate/evaluation.json", "[1, 2]")
    table = released.load(tmp_path)
    assert list(table.seed) == [5]
    reasons = "\n".join(table.attrs["refused"])
    for expected in (
        "6.zip is not a complete zip",
        "7.zip is not a complete zip",
        "cats.zip is not named",
        "12600.zip is not named",
    ):
        assert expected in reasons
    assert "8.zip holds none of the 18 results" in reasons


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dataset.name", "'cars3d'"),
        ("vae.beta", "4."),
        ("model.random_seed", "22"),
        ("model.name", "'factor_vae'"),
        ("model.model_num", "7422"),
    ],
)
def test_a_model_that_is_not_what_its_number_says_is_refused(key, value, tmp_path):
    path = archive(tmp_path, 7421, **{f"train_config.{key}": value})
    with pytest.raises(ValueError, match=rf"7421.zip should be smallnorb/beta_vae/beta=8/seed=21, but its {key} is"):
        released.read(path)


def test_the_command_writes_the_table_and_tells_what_is_missing(tmp_path, capsys):
    archive(tmp_path, 10, without=("mean/mig",))
    (tmp_path / "11.zip").write_bytes(b"PK")
    assert released.main([str(tmp_path), str(tmp_path / "table.parquet")]) == 1
    printed = capsys.readouterr()
    assert "1 models in" in printed.out and "1 zips left out" in printed.out and "1 models lack mean/mig" in printed.out
    assert "11.zip is not a complete zip" in printed.err
    assert len(pd.read_parquet(tmp_path / "table.parquet")) == 1
    with pytest.raises(SystemExit, match=r"dlnb.released: no published result in"):
        released.main([str(tmp_path / "nothing"), str(tmp_path / "other.parquet")])
