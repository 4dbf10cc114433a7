"""The room of Shapes3D, against projections worked out by hand and against published images where these are at hand."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlnb import data, results

ROOT = Path(__file__).parents[1]
SHARED = ROOT / ".." / "shared" / "data"
SPHERE, CAPSULE = 2, 3


@pytest.fixture(scope="module")
def room():
    return data.load("shapes3d")


def image(room, floor=0, wall=3, thing=7, scale=4, shape=0, orientation=7):
    return room.render(np.array([[floor, wall, thing, scale, shape, orientation]]))[0]


def is_object(room, **factors):
    """Where the image changes with the hue of the object alone: bool [64, 64]."""
    return (image(room, thing=0, **factors) != image(room, thing=4, **factors)).any(axis=-1)


def test_factors_are_those_of_the_published_set(room):
    sizes = {"floor hue": 10, "wall hue": 10, "object hue": 10, "scale": 8, "shape": 4, "orientation": 15}
    assert room.sizes == sizes
    assert room.image_shape == (64, 64, 3)


@pytest.mark.parametrize("factor", ["floor", "wall", "thing"])
def test_hues_are_tenths_of_the_colour_circle(room, factor):
    # Pixels far from any edge. Light changes all channels alike, so the ratio of a colour to its largest channel stays,
    # but for the shine of the object and where the light on the wall goes a little beyond 1 and is cut off.
    line, column = {"floor": (62, 60), "wall": (24, 4), "thing": (36, 32)}[factor]
    for hue in range(10):
        shown = image(room, **{"floor": 5, "wall": 2, "thing": 8} | {factor: hue}, shape=0)[line, column]
        angle = hue * 36  # degrees: red at 0, green at 120, blue at 240, linear in between
        wave = [np.clip(2 - abs((angle - centre + 180) % 360 - 180) / 60, 0, 1) for centre in (0, 120, 240)]
        np.testing.assert_allclose(shown / shown.max(), wave, atol={"floor": 0.01, "wall": 0.06, "thing": 0.16}[factor])


def test_the_sky_has_its_published_colour(room):
    np.testing.assert_allclose(image(room)[0] * 255, np.tile([153, 226, 249], (64, 1)), atol=0.5)


def test_the_edges_of_the_wall_are_where_a_pinhole_camera_sees_them(room):
    # The camera at (0, -3.189, 0.948) looks down by 1.618 degrees with a focal length of 77.25 pixels. The wall ahead
    # is 3.5 + 3.189 away and reaches from 0 to 2.071.
    pitch, ahead = np.deg2rad(1.618), 3.5 + 3.189
    column = image(room, wall=3, scale=0, shape=SPHERE)[:, 2]
    is_wall = image(room, wall=9, scale=0, shape=SPHERE)[:, 2] != column
    for height, line in ((2.071, 0), (0.0, -1)):
        depth = ahead * np.cos(pitch) - (height - 0.948) * np.sin(pitch)
        up = (height - 0.948) * np.cos(pitch) + ahead * np.sin(pitch)
        assert abs(np.flatnonzero(is_wall.any(axis=1))[line] - (32 - 77.25 * up / depth)) <= 1


def test_a_corner_of_the_room_is_where_a_turned_camera_sees_it(room):
    turn = np.deg2rad(30)
    aside = image(room, shape=SPHERE, orientation=14)[22].sum(axis=1)
    eye, forward = 3.189 * np.array([np.sin(turn), -np.cos(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    seen = np.array([-3.5, 3.5]) - eye
    column = 32 + 77.25 * (seen @ [np.cos(turn), np.sin(turn)]) / (seen @ forward)
    step = np.abs(np.diff(aside))  # two walls meet there, turned differently to the spot
    assert abs(int(np.argmax(step)) + 1 - column) <= 1.5


@pytest.mark.parametrize("scale", range(8))
def test_a_ball_has_the_outline_of_its_tangent_cone(room, scale):
    # Seen from distance D, a ball of radius r fills the cone of sine r / D around its centre (0, 0, r).
    radius = 0.4893 * np.linspace(0.75, 1.25, 8)[scale]
    distance = np.hypot(3.189, 0.948 - radius)
    pixels = 77.25 * np.tan(np.arcsin(radius / distance))
    touched = np.pi * pixels**2 + 4 * pixels  # a circle crosses 8 r pixels, which count as whole
    assert is_object(room, scale=scale, shape=SPHERE).sum() == pytest.approx(touched, rel=0.04)


@pytest.mark.parametrize("shape", range(4))
def test_objects_grow_with_their_scale(room, shape):
    areas = [is_object(room, scale=scale, shape=shape).sum() for scale in range(8)]
    assert areas == sorted(areas)
    assert areas[-1] / areas[0] == pytest.approx((1.25 / 0.75) ** 2, rel=0.25)  # a little more, since it comes nearer


@pytest.mark.parametrize("shape", range(4))
def test_opposite_orientations_mirror_the_outline(room, shape):
    for orientation in (0, 3, 6):
        left = is_object(room, shape=shape, orientation=orientation)
        right = is_object(room, shape=shape, orientation=14 - orientation)
        assert (left != right[:, ::-1]).mean() < 0.003


def test_the_shadow_falls_away_from_the_spot(room):
    # Without and with a shadow: on a white floor nothing else darkens it. The spot hangs to the left of the object.
    picture = image(room, shape=CAPSULE)
    floor = picture[52:62, :, 0]
    assert floor[:, 40:52].min() < 0.6 * floor[:, 10:24].min()


def test_an_image_of_half_the_size_is_nearly_its_mean_over_blocks(room):
    small = data.load("shapes3d", size=32)
    factors = room.sample_factors(20, np.random.default_rng(0))
    blocks = room.render(factors).reshape(20, 32, 2, 32, 2, 3).mean(axis=(2, 4))
    assert np.abs(blocks - small.render(factors)).mean() < 0.006


@pytest.mark.skipif(not SHARED.exists(), reason="published images are not part of the repository")
def test_the_table_of_fidelity_is_what_is_measured_on_published_images(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import fidelity

    measured = fidelity.measure(SHARED)
    pd.testing.assert_frame_equal(measured, pd.read_csv(fidelity.TABLE, index_col="data_set"), atol=0.01, rtol=0)
    assert measured.loc["shapes3d", "mean_absolute_error"] < 4
    assert measured.loc["dsprites", "exact"] >= 0.95 and measured.loc["dsprites", "most_wrong_pixels"] <= 4
    assert results.TABLES == fidelity.TABLE.parent
    sys.modules.pop("fidelity")
