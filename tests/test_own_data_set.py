"""The data set that the chapter teaches a reader to write does what the seven do, and trains."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from dlnb import metrics
from dlnb.data import restrict, traversals

CHAPTER = Path(__file__).parents[1] / "book" / "data_sets.ipynb"


def defined(section):
    """What the program of a section of the chapter defines, run as it is printed."""
    cells = nbformat.read(CHAPTER, as_version=4).cells
    (text,) = [part for cell in cells for part in cell.source.split("\n## ") if part.startswith(section)]
    (program,) = re.findall(r"^```python\n(.*?)^```", text, flags=re.M | re.S)
    assert len([line for line in program.splitlines() if line.strip()]) <= 25
    names = {}
    exec(program, names)
    return names


@pytest.fixture(scope="module")
def example():
    return defined("Bring your own")


def test_it_renders_as_every_data_set_does(example):
    bars = example["bars"]
    factors, images = bars.sample(50, np.random.default_rng(0))
    assert images.shape == (50, 32, 32, 1) == (50, *bars.image_shape)
    assert images.dtype == np.float32 and 0 <= images.min() < images.max() <= 1
    for (place, brightness), image in zip(factors, images, strict=True):
        bar = np.zeros(32, bool)
        bar[4 * place : 4 * place + 4] = True
        np.testing.assert_allclose(image[:, bar], 0.2 + 0.2 * brightness, rtol=1e-6)
        assert image[:, ~bar].max() < 0.1
    assert traversals(bars, [0, 0], 5, np.random.default_rng(0)).shape == (2, 5, 32, 32, 1)
    assert restrict(bars, place=3).factor_names == ("brightness",)


def test_its_errors_are_those_of_every_data_set(example):
    with pytest.raises(ValueError, match="factor 'place' takes 0 to 7, not 8 to 8"):
        example["bars"].render(np.array([[8, 0]]), np.random.default_rng(0))
    with pytest.raises(ValueError, match="bars draws noise and needs rng"):
        example["bars"].render(np.array([[0, 0]]))


def test_its_model_has_learnt_where_the_bar_is(example):
    codes, history = example["codes"], example["model"].history
    assert codes.mean.shape == (1000, 10)
    assert history["reconstruction"][-20:].mean() < 0.8 * history["reconstruction"][:5].mean()


def test_images_without_factors_are_trained_on_encoded_and_compared():
    names = defined("Images without factors")
    assert [codes.mean.shape for codes in names["codes"]] == [(1_000, 10)] * 2
    assert all(codes.factors.shape == (1_000, 0) for codes in names["codes"])
    assert np.isfinite(names["dependence"]["total_correlation"])
    with pytest.raises(ValueError, match=r"factors must be \[n, k\]"):
        metrics.score(names["codes"][0].mean, names["codes"][0].factors, np.random.default_rng(0), "mig")
