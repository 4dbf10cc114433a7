"""The noisy variants of dSprites follow the procedures of the study (section H and the original code)."""

from pathlib import Path

import numpy as np
import pytest
from common import rng
from scipy import stats

from dlnb import data
from dlnb.data import variants

SHARED = Path(__file__).parents[1] / ".." / "shared" / "data"
SIZES = (32, 64)


def test_a_variant_has_the_factors_of_dsprites_and_three_channels():
    for name in ("color_dsprites", "noisy_dsprites", "scream_dsprites"):
        assert data.load(name).sizes == data.load("dsprites").sizes
        assert data.load(name).image_shape == (64, 64, 3)


# Color


def test_colour_is_one_number_a_channel_between_a_half_and_one_on_a_black_ground():
    factors, images = data.load("color_dsprites").sample(200, rng(13))
    sprites = data.load("dsprites").render(factors)
    for sprite, image in zip(sprites[..., 0] == 1, images, strict=True):
        assert not image[~sprite].any()
        colours = np.unique(image[sprite], axis=0)
        assert colours.shape == (1, 3)
        assert 0.5 <= colours.min() <= colours.max() <= 1.0


@pytest.mark.parametrize("size", SIZES)
def test_colours_are_uniform_and_independent_of_each_other_and_of_the_factors(size):
    n = 2000
    factors, images = data.load("color_dsprites", size=size).sample(n, rng(14))
    sprites = data.load("dsprites", size=size).render(factors)
    colours = images.sum(axis=(1, 2)) / sprites.sum(axis=(1, 2))  # the same factor at every pixel of a channel
    for channel in colours.T:
        assert stats.kstest(channel, stats.uniform(0.5, 0.5).cdf).pvalue > 1e-4
    correlation = np.corrcoef(np.hstack([colours, factors]), rowvar=False)[:3] - np.eye(3, 8)
    assert np.abs(correlation).max() < 5 / np.sqrt(n)


# Noisy


@pytest.mark.parametrize("size", SIZES)
def test_noise_is_uniform_and_its_sum_with_the_sprite_stops_at_one(size):
    factors, images = data.load("noisy_dsprites", size=size).sample(50, rng(15))
    sprites = np.repeat(data.load("dsprites", size=size).render(factors), 3, axis=3)
    assert (images[sprites == 1] == 1).all()
    assert stats.kstest(images[sprites == 0], stats.uniform.cdf).pvalue > 1e-4
    first, second = images[:, :4, :4, 0].ravel(), images[:, :4, :4, 1].ravel()  # a corner that sprites never reach
    assert abs(np.corrcoef(first, second)[0, 1]) < 5 / np.sqrt(len(first)), "every channel has noise of its own"


# Scream


@pytest.mark.parametrize("size", SIZES)
def test_the_ground_is_half_a_patch_of_the_painting_and_half_a_colour_and_the_sprite_inverts_it(size):
    painting = variants.swirl(size)
    factors, images = data.load("scream_dsprites", size=size).sample(12, rng(16))
    shares = data.load("dsprites", size=size).render(factors)
    high, wide = painting.shape[0] - size, painting.shape[1] - size
    offsets, colours = [], []
    for image, share in zip(images, shares, strict=True):
        bare = share[..., 0] == 0
        found = []
        for down in range(high):  # one line of pixels rules out nearly every patch
            rows = np.lib.stride_tricks.sliding_window_view(painting[down], size, axis=0).transpose(0, 2, 1)
            left = 2 * image[0] - rows[:wide]  # the colour, if this is the patch
            found += [(down, right) for right in np.flatnonzero(np.ptp(left, axis=1).max(axis=1) < 1e-4)]
        patches = [(painting[d : d + size, r : r + size], d, r) for d, r in found]
        patches = [(p, d, r) for p, d, r in patches if np.ptp((2 * image - p)[bare], axis=0).max() < 1e-4]
        assert len(patches) == 1
        patch, down, right = patches[0]
        colour = (2 * image - patch)[bare].mean(axis=0)
        ground = (patch + colour) / 2
        np.testing.assert_allclose(image, (1 - share) * ground + share * (1 - ground), atol=1e-4)
        offsets.append((down / high, right / wide))
        colours.append(colour)
    assert 0 <= np.min(colours) and np.max(colours) <= 1
    assert np.ptp(offsets, axis=0).min() > 0.3 and np.ptp(colours, axis=0).min() > 0.3


def test_the_swirl_has_the_size_and_the_channel_means_of_the_painting():
    swirl = variants.swirl()
    assert swirl.shape == (274, 215, 3)
    np.testing.assert_allclose(swirl.mean(axis=(0, 1)), (0.4427, 0.3280, 0.2113), atol=1e-3)
    assert variants.swirl(32).shape == (137, 108, 3)


@pytest.mark.skipif(not (SHARED / "scream_thumb.jpg").exists(), reason="the painting is not part of the repository")
def test_the_means_of_the_painting_are_those_that_the_swirl_was_given():
    from PIL import Image

    painting = np.asarray(Image.open(SHARED / "scream_thumb.jpg")) / 255
    assert painting.shape[:2] == variants.PAINTING
    np.testing.assert_allclose(painting.mean(axis=(0, 1)), variants.MEANS, atol=1e-4)


def test_which_painting_is_used_is_said():
    assert "stands in for" in data.load("scream_dsprites").about
    mine = variants.scream(data.load("dsprites"), np.full((70, 80, 3), 0.5), "a grey wall")
    assert mine.about.endswith("patches of a grey wall")
    images = mine.sample(20, rng())[1]
    assert 0.25 <= images.min() <= images.max() <= 0.75


@pytest.mark.parametrize("shape", [(64, 80, 3), (80, 80), (80, 80, 4)])
def test_a_painting_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"painting must be \[height, width, 3\], larger than 64 pixels, not"):
        variants.scream(data.load("dsprites"), np.zeros(shape), "nothing")


@pytest.mark.parametrize(
    "painting", [np.full((70, 80, 3), 200.0), np.full((70, 80, 3), 200, np.uint8), None, "scream.jpg"]
)
def test_a_painting_is_an_image(painting):
    with pytest.raises(ValueError, match="the painting must be"):
        variants.scream(data.load("dsprites"), painting, "nothing")


@pytest.mark.parametrize("wrap", [variants.color, variants.noisy, lambda base: variants.scream(base, None, "nothing")])
def test_variants_are_of_a_data_set(wrap):
    with pytest.raises(ValueError, match="base must be a DataSet of sprites, not"):
        wrap("dsprites")


@pytest.mark.parametrize("size", [None, "64", 0, 6.5])
def test_the_swirl_has_a_size(size):
    with pytest.raises(ValueError, match="size must be a whole number of at least 8"):
        variants.swirl(size)
