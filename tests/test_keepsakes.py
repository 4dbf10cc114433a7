"""What is kept of trained models is theirs."""

from pathlib import Path

import numpy as np
import pytest

from dlnb import data, metrics, results, storage
from dlnb.models import training
from dlnb.models.model import Model
from dlnb.representation import Representation
from dlnb.results import keepsakes
from dlnb.study import DATA_SETS, STUDIES

ROOT = Path(__file__).parent.parent
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


def test_codes_kept_small_have_the_udr_of_the_codes(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import keepsakes as benchmark

    rng = np.random.default_rng(0)
    known = rng.normal(size=(300, 4))
    factors = np.digitize(known, [-1, 0, 1])
    full, kept = [], []
    for seed in range(3):
        mean = np.hstack([known @ rng.normal(size=(4, 4)), 0.01 * rng.normal(size=(300, 2))])
        logvar = np.hstack([rng.normal(-2, 0.5, (300, 4)), 0.01 * rng.normal(size=(300, 2))])
        full.append(Representation(factors, mean, logvar))
        benchmark.slim(full[-1]).save(tmp_path / f"{seed}.npz")
        kept.append(benchmark.kept_codes(tmp_path / f"{seed}.npz"))
        assert kept[-1].active.tolist() == full[-1].active.tolist() == [True] * 4 + [False] * 2
    for kind in ("spearman", "lasso"):
        np.testing.assert_allclose(metrics.udr(kept, kind), metrics.udr(full, kind), atol=1e-3)


def test_a_latent_that_rounding_would_make_passive_is_kept_as_it_is(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import keepsakes as benchmark

    # KL of (0.11^2 + e^-0.18 + 0.18 - 1) / 2 = 0.0137, but 0.0092 with logvar rounded to -0.125
    codes = Representation(np.zeros((2, 1), int), np.array([[0.11], [-0.11]]), np.full((2, 1), -0.18))
    assert codes.active.all() and benchmark.slim(codes).active.all()
