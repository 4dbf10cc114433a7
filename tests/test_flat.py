"""The flat table for teaching: its files agree with the table of results and with their own dictionary."""

import numpy as np
import pandas as pd
import pytest

from dlnb import results
from dlnb.results import flat
from dlnb.study import SWEEPS

KINDS = {"text": object, "whole number": np.integer, "number": np.floating}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flat") / "new" / "data"
    assert flat.main([str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def models(folder):
    return pd.read_csv(folder / "models.csv")


@pytest.fixture(scope="module")
def dictionary(folder):
    return pd.read_csv(folder / "dictionary.csv", keep_default_na=False).set_index("column")


@pytest.fixture(scope="module")
def table():
    return results.load("short")


def test_there_are_three_files_and_a_row_for_each_model(folder, models, table):
    assert sorted(path.name for path in folder.iterdir()) == ["dictionary.csv", "dictionary.md", "models.csv"]
    assert len(models) == len(table) and not models.duplicated(results.KEY).any()
    assert 20 <= len(models.columns) <= 24


def test_every_column_is_explained_and_nothing_else(models, dictionary):
    assert list(dictionary.index) == list(models.columns)
    assert (dictionary.meaning.str.len() > 15).all() and dictionary.meaning.is_unique


def test_kinds_ranges_and_values_are_those_of_the_dictionary(models, dictionary):
    for name, told in dictionary.iterrows():
        known = models[name].dropna()
        if told.kind == "text":
            assert pd.api.types.is_string_dtype(known) and set(known) <= set(told["values"].split()), name
            continue
        assert np.issubdtype(known.dtype, KINDS[told.kind]) or (name == "strength" and (known % 1 == 0).all()), name
        assert told.lowest or told.highest, name
        assert not told.lowest or known.min() >= float(told.lowest), name
        assert not told.highest or known.max() <= float(told.highest), name


def test_ranges_are_not_so_wide_that_they_say_nothing(models, dictionary):
    """A share that is written as percent, or a loss in other units, would leave them."""
    shares = dictionary.index[(dictionary.lowest == "0") & (dictionary.highest == "1")]
    assert len(shares) == 9  # six scores, two accuracies, UDR
    assert (models[shares].max() > 0.1).all() and (models[shares] * 100).max().min() > 1


def test_missing_cells_are_told(models, dictionary):
    missing = models.isna().sum()
    assert (missing > 0).any()
    for name, count in missing.items():
        told = dictionary.missing[name]
        assert told == "never" if count == 0 else told.startswith("empty ") and f"{count} models" in told, name
    lacking = models.udr.isna().groupby(models.data_set).mean()
    assert set(lacking) == {0, 1}, "the dictionary says that whole data sets lack it"


def test_numbers_are_those_of_the_results(models, table):
    computed = {"position", "udr"}
    for name in models.columns.difference(computed):
        if models[name].dtype.kind in "if":
            np.testing.assert_allclose(models[name], table[name], rtol=5e-6, err_msg=name)
        else:
            assert models[name].tolist() == table[name].tolist()
    np.testing.assert_allclose(models.elbo, -(models.reconstruction + models.kl), rtol=1e-5)


def test_positions_count_the_strengths_of_a_method(models):
    for method, part in models.groupby("method"):
        found = dict(zip(part.position, part.strength, strict=True))
        assert found == dict(enumerate(sorted(SWEEPS[method].strengths), start=1))


def test_udr_is_that_of_the_same_model(models):
    alike = pd.read_csv(results.TABLES / "short" / "udr.csv").query("kind == 'spearman'").set_index(results.KEY).udr
    found = models.set_index(results.KEY).udr.dropna()
    assert len(found) == len(alike) and (found - alike[found.index]).abs().max() < 1e-6


def test_the_text_says_how_many_models_there_are_and_explains_every_column(folder, models):
    text = (folder / "dictionary.md").read_text()
    assert f"There are {len(models):,} models: 7 data sets, 6 methods, 6 strengths of each" in text
    rows = [line.split("|")[1].strip(" `") for line in text.splitlines() if line.startswith("| `")]
    assert rows == list(models.columns)
    assert all(line.count("|") == 4 for line in text.splitlines() if line.startswith("|"))
    for line in ("| mig | 0 to 1 |", "| kl | 0 or more nats |", "| active | 0 to 10 latents |", "| method | text |"):
        name, allowed = line.strip("| ").split(" | ")
        (row,) = (each for each in text.splitlines() if each.startswith(f"| `{name}` |"))
        assert row.endswith(f" | {allowed} |")
    assert "`annealed_vae`" in text and "144 models | 0 to 1 |" in text


def test_writing_again_changes_nothing(folder, tmp_path):
    flat.write(tmp_path)
    assert all((tmp_path / path.name).read_bytes() == path.read_bytes() for path in folder.iterdir())
    assert b"\r" not in (tmp_path / "models.csv").read_bytes()


def test_a_table_without_udr_has_an_empty_column_that_is_told(table):
    models = flat.flat(table)
    assert models.udr.isna().all()
    told = flat.dictionary(models).set_index("column").missing
    assert f"{len(table)} models" in told.udr and told.mig == "never"


def test_the_index_of_the_table_does_not_matter(table):
    shuffled = table.sample(frac=1, random_state=0)
    again = flat.flat(shuffled).sort_values(results.KEY, ignore_index=True)
    pd.testing.assert_frame_equal(again, flat.flat(table).sort_values(results.KEY, ignore_index=True))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.drop(columns="mig"), "mig"),
        (
            lambda table: table.assign(strength=table.strength + 0.5),
            "beta_vae has the strengths 1, 2, 4, 6, 8, 16, not",
        ),
        (lambda table: pd.concat([table, table]), "row"),
        (lambda table: table.replace({"method": {"beta_vae": "vae"}}), "unknown method 'vae'"),
        (lambda table: None, "DataFrame"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(table, change, message):
    with pytest.raises(ValueError, match=message):
        flat.flat(change(table))


def test_an_unknown_study_is_one_line_on_the_terminal(tmp_path):
    with pytest.raises(SystemExit, match=r"dlnb\.results\.flat: unknown study 'shrot'"):
        flat.main([str(tmp_path), "--study", "shrot"])
    assert not list(tmp_path.iterdir())
