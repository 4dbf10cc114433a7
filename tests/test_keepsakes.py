"""What is kept of trained models is theirs."""

import numpy as np
import pytest

from dlnb import data, results, storage
from dlnb.models import training
from dlnb.models.model import Model
from dlnb.results import keepsakes
from dlnb.study import DATA_SETS, STUDIES

FOLDER = results.TABLES / "short" / "models"
NAMES = [name for name in DATA_SETS if (FOLDER / f"{name}.npz").exists()]


def test_every_data_set_with_a_complete_seed_has_its_model():
    table = results.load("short")
    assert set(NAMES) == set(table.data_set[table.seed == 0])
    assert set(keepsakes.FIGURE_7) == set(DATA_SETS)


@pytest.mark.parametrize("name", NAMES)
def test_the_model_is_the_one_that_the_rule_names(name):
    about, _ = storage.load(FOLDER / f"{name}.images.npz", keepsakes.KIND)
    table = results.load("short")
    some = table[(table.data_set == name) & (table.method == keepsakes.FIGURE_7[name]) & (table.seed == 0)]
    chosen = some.sort_values("dci_disentanglement").iloc[2]
    cell = next(c for c in STUDIES["short"].cells() if results.key(c) == tuple(chosen[results.KEY]))
    assert about["cell"] == str(cell) == Model.load(FOLDER / f"{name}.npz").about["name"]


@pytest.mark.parametrize("name", NAMES)
def test_the_reconstructions_are_the_model_s(name):
    images, reconstructions = keepsakes.reconstructions("short")[name].transpose(1, 0, 2, 3, 4).astype(np.float32)
    model = Model.load(FOLDER / f"{name}.npz", data.load(name, size=32))
    again = training.decode(model, training.encode(model, images).mean)
    # Kept as bytes, and the images too, from which they are made here.
    np.testing.assert_allclose(again, reconstructions, atol=0.02)
    # Noise in an image cannot be reconstructed, but takes all reconstructions equally far from it.
    distances = np.abs(images[:, None] - reconstructions[None]).mean((2, 3, 4))
    assert (distances.argmin(axis=1) == np.arange(len(images))).sum() >= 8
