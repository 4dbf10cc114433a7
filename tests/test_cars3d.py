"""The invented cars: enough of them, all different, in the frame, and turned by the factors."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from dlnb import data
from dlnb.data import cars3d

SIDE, FRONT = 6, 0  # azimuths: 90 degrees, and towards the camera


def foreground(image):
    return (image < 250).any(axis=-1)


@pytest.fixture(scope="module")
def fleet():
    """Every type from ahead and to the left: uint8 [183, 32, 32, 3]."""
    return np.stack([cars3d.draw(kind, 1, 3, size=32) for kind in range(183)])


def test_factors_are_those_of_the_published_set():
    assert data.load("cars3d").sizes == {"elevation": 4, "azimuth": 24, "type": 183}
    assert data.load("cars3d").image_shape == (64, 64, 3)
    assert "stand-in" in data.load("cars3d").about


def test_no_two_types_look_alike(fleet):
    # Mean absolute difference of the two nearest cars, over the pixels that a car covers.
    nearest = pdist(fleet.reshape(183, -1).astype(float), "cityblock").min() / (32 * 32 * 3)
    assert nearest / foreground(fleet).mean() > 8


def test_no_two_types_share_style_and_paint():
    pairs = {(cars3d.style(kind), *cars3d.paint(kind)) for kind in range(183)}
    assert len(pairs) == 183
    assert len({cars3d.style(kind) for kind in range(183)}) == len(cars3d.STYLES) == 10
    assert len(np.unique(np.array(cars3d.PAINTS).round(3), axis=0)) == len(cars3d.PAINTS) == 19


def test_cars_fill_the_frame_as_the_published_ones_do(fleet):
    assert foreground(fleet).mean() == pytest.approx(0.20, abs=0.03)
    corners = fleet[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert (corners == 255).all()


@pytest.mark.parametrize("azimuth", [0, 3, 6, 10, 15, 18])
def test_no_car_is_cut_off_by_the_frame(azimuth):
    for kind in range(0, 183, 3):
        image = cars3d.draw(kind, kind % 4, azimuth, size=32)
        assert (np.concatenate([image[[0, -1]].reshape(-1, 3), image[:, [0, -1]].reshape(-1, 3)]) == 255).all()


@pytest.mark.parametrize("kind", [0, 4, 7])
def test_a_half_turn_of_a_car_mirrors_its_outline(kind):
    # Left and right of a car are mirror images, so turning it by an angle or by its opposite gives mirrored outlines.
    for azimuth in (2, 5, 9):
        there, back = (foreground(cars3d.draw(kind, 1, a, size=64)) for a in (azimuth, 24 - azimuth))
        assert (there != back[:, ::-1]).mean() < 0.01


@pytest.mark.parametrize("kind", range(10))
def test_a_car_is_longer_than_wide_and_seen_more_from_above_at_a_higher_elevation(kind):
    width = {a: np.ptp(np.flatnonzero(foreground(cars3d.draw(kind, 0, a)).any(axis=0))) for a in (FRONT, SIDE)}
    assert 1.7 < width[SIDE] / width[FRONT] < 3.2
    heights = [np.ptp(np.flatnonzero(foreground(cars3d.draw(kind, e, 2)).any(axis=1))) for e in range(4)]
    assert heights == sorted(heights) and heights[3] > heights[0]


def test_the_nose_points_where_azimuth_says():
    # A pick-up's cab stands over its front half. A quarter turn, counter-clockwise from above, points it to the right.
    kind = list(cars3d.STYLES).index("pick-up")
    for azimuth, front in ((SIDE, slice(32, None)), (24 - SIDE, slice(None, 32))):
        tall = foreground(cars3d.draw(kind, 0, azimuth))[:24]
        assert tall[:, front].sum() > 0.5 * tall.sum()
