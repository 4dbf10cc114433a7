"""On archives of the published layout, written here: the originals are far too large, and not to be had today."""

import json
import math
import os
import random
import re
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
    scale = 1 if name == "unsupervised" else 1000  # scores but these lie in [0, 1]
    found |= {f"evaluation_results.{key}": (place + i) / scale for i, key in enumerate(keys)}
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
    assert row.beta_vae_score == place["beta_vae_sklearn"] / 1000
    assert row.factor_vae_score == place["factor_vae_metric"] / 1000
    assert row.beta_vae_score_sampled == (100 + place["beta_vae_sklearn"]) / 1000
    assert row.gbt_10000 == (place["downstream_task_boosted_trees"] + 3) / 1000
    assert row.lr_100_sampled == (100 + place["downstream_task_logistic_regression"] + 1) / 1000
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


# One bad file among good ones


def result(path, text, method=zipfile.ZIP_DEFLATED):
    """A zip of one result, whose JSON is ``text``."""
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr(f"{path.stem}/metrics/mean/mig/results/aggregate/evaluation.json", text)


def marked_as_encrypted(path):
    result(path, "{}", zipfile.ZIP_STORED)
    changed = bytearray(path.read_bytes())
    for start, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        changed[changed.index(start) + flags] |= 1
    path.write_bytes(changed)


def by_another_method(path, method=14, damage=False):
    result(path, json.dumps(content(int(path.stem), "mig", "mean")), method)
    changed = bytearray(path.read_bytes())
    if damage:
        changed[len(changed) // 3] ^= 0xFF
    path.write_bytes(changed)


def of_blanks(path):
    """Two million blanks, which are valid before any JSON."""
    result(path, " " * 2_000_000 + "{}")


def that_claims_less(path):
    """A hundred megabytes that claim to be two bytes."""
    result(path, " " * 100_000_000)
    changed = bytearray(path.read_bytes())
    for start, size in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        at = changed.index(start) + size
        changed[at : at + 4] = (2).to_bytes(4, "little")
    path.write_bytes(changed)


def twice(path):
    result(path, "{}")
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as file:
        file.writestr(file.namelist()[0], "{}")


def with_value(text, key="evaluation_results.discrete_mig"):
    return lambda path: result(
        path, json.dumps(content(int(path.stem), "mig", "mean", **{key: "@"})).replace('"@"', text)
    )


BAD = {
    "deep": (lambda path: result(path, "[" * 100_000), "nested too deeply"),
    "deep literal": (with_value('"' + "(" * 900 + '"'), "not a number"),
    "huge integer": (with_value("9" * 400), "not finite"),
    "integer of 5000 digits": (with_value("9" * 5000), "digits"),
    "huge float": (with_value("1e999"), "not finite"),
    "infinity": (with_value("-Infinity"), "not finite"),
    "infinity as text": (with_value('"1e999"'), "not finite"),
    "infinite loss": (with_value("Infinity", "train_results.reconstruction_loss"), "not finite"),
    "a MIG of 5": (with_value("5"), "its evaluation_results.discrete_mig is 5, outside 0 to 1"),
    "a MIG of -0.2": (with_value("-0.2"), "outside 0 to 1"),
    "true": (with_value("true"), "not a number"),
    "text": (with_value('"high"'), "not a number"),
    "list": (with_value("[0.5]"), "not a number"),
    "list of steps": (with_value("[1]", "train_results.global_step"), "not a number"),
    "negative time": (with_value("-7", "train_results.elapsed_time"), "outside 0 to inf"),
    "negative divergence": (with_value("-3", "train_results.kl_loss"), "outside 0 to inf"),
    "no object": (lambda path: result(path, "[1, 2]"), "is a list"),
    "null": (lambda path: result(path, "null"), "is a NoneType"),
    "no JSON": (lambda path: result(path, "<html>"), "Expecting value"),
    "no text": (lambda path: result(path, b"\xff" * 20), "decode"),
    "encrypted": (marked_as_encrypted, "is encrypted"),
    "LZMA": (by_another_method, "by method 14, not stored or deflated"),
    "damaged LZMA": (lambda path: by_another_method(path, damage=True), "by method 14|not a complete zip"),
    "BZIP2": (lambda path: by_another_method(path, 12), "by method 12"),
    "blanks": (of_blanks, "has 2,000,002 bytes, where a result has at most 1,000,000"),
    "claims less": (that_claims_less, "not a complete zip: Bad CRC-32"),
    "twice": (twice, "it holds .*evaluation.json 2 times"),
    "folder": (lambda path: path.mkdir(), "is not a file"),
    "empty": (lambda path: path.touch(), "not a complete zip"),
}
if hasattr(os, "mkfifo"):
    BAD["pipe"] = os.mkfifo, "is not a file"  # a reader of it would wait for ever


@pytest.mark.parametrize("what", BAD)
def test_one_bad_file_is_named_and_the_others_are_read(what, tmp_path):
    make, reason = BAD[what]
    archive(tmp_path, 3)
    archive(tmp_path, 5)
    make(tmp_path / "4.zip")
    table = released.load(tmp_path)
    assert list(table.seed) == [3, 5]
    (why,) = table.attrs["refused"]
    assert why.startswith(str(tmp_path / "4.zip"))
    assert re.search(reason, why)


def test_scores_at_the_ends_of_their_range_are_read_and_rounding_is_let_pass(tmp_path):
    for number, value in enumerate((0, 1, -1e-9, 1 + 1e-9)):
        archive(tmp_path, number, **{"evaluation_results.discrete_mig": value})
    archive(tmp_path, 4, **{"evaluation_results.gaussian_total_correlation": 812.5})
    table = released.load(tmp_path)
    assert not table.attrs["refused"]
    assert list(table.mig)[:4] == [0, 1, -1e-9, 1 + 1e-9]
    assert table.tc_mean[4] == 812.5


def test_no_damage_changes_a_number(tmp_path):
    path = archive(tmp_path, 7421, without=[f"sampled/{name}" for name in SCORES])
    whole, wanted, draw, refused = path.read_bytes(), released.read(path), random.Random(1), 0
    for i in range(200):
        copy = bytearray(whole)
        at = draw.randrange(len(copy))
        if i % 3 == 0:
            copy[at] ^= 1 << draw.randrange(8)
        elif i % 3 == 1:
            copy[at : at + 64] = bytes(len(copy[at : at + 64]))
        else:
            del copy[at:]
        path.write_bytes(copy)
        try:
            row, missing = released.read(path)
        except ValueError as error:
            assert str(path) in str(error)
            refused += 1
            continue
        # What names a member may be damaged: its result is missing then, and said to be.
        assert row.items() <= wanted[0].items()
        assert len(wanted[0]) == len(row) or len(missing) > len(wanted[1])
    assert refused > 100


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: None, "there is no such folder"),
        (lambda folder: folder.touch(), "it is a file, not a folder of zips"),
        (lambda folder: folder.mkdir(), "it holds no zips, nor does it hold anything else"),
        (lambda folder: (folder / "5" / "metrics").mkdir(parents=True), "its models are unpacked"),
        (lambda folder: (folder / "metrics").mkdir(parents=True), "its models are unpacked"),
        (lambda folder: (folder / "other").mkdir(parents=True), "it holds no zips$"),
    ],
    ids=["absent", "file", "empty", "unpacked", "one unpacked", "other"],
)
def test_a_folder_without_zips_is_told_for_what_it_is(make, reason, tmp_path):
    make(tmp_path / "here")
    with pytest.raises(ValueError, match=f"no published result in {tmp_path / 'here'}: {reason}"):
        released.load(tmp_path / "here")


def test_of_many_bad_zips_the_first_are_named_and_the_others_counted(tmp_path):
    for number in range(7):
        (tmp_path / f"{number}.zip").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"(?s)none of its zips can be read.*0\.zip.*1\.zip.*2\.zip.*\nand 4 more$"):
        released.load(tmp_path)


@pytest.mark.parametrize("bad", [None, 3, "", b"folder", ["a.zip"], True])
def test_what_is_no_path_is_refused(bad):
    for read in (released.read, released.load):
        with pytest.raises(ValueError, match="must be the path of a file or folder, not"):
            read(bad)


@pytest.mark.parametrize("bad", [-1, 12_600, 1.0, "7", None, True])
def test_what_is_no_number_of_a_model_is_refused(bad):
    with pytest.raises(ValueError, match="the number of a model must be a whole number of at least 0 and below 12600"):
        released.cell(bad)


@pytest.mark.parametrize("bad", [("mig", "x"), ("mig", None), ("migg", "mean"), (None, "mean"), ([], "mean")])
def test_what_is_no_score_or_representation_is_refused(bad):
    with pytest.raises(ValueError, match=r"unknown (score|representation) .*: choose from"):
        released.column(*bad)
