"""The geometry of the rooms against closed forms that share nothing with the renderer, and the genuine images."""

import sys
from colorsys import rgb_to_hsv
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dlnb import data, results
from dlnb.data import shapes3d
from dlnb.data.shapes3d import ANGLES, DISTANCE, HEIGHT, HEIGHTS, LAMP, PITCH, ROOM, SCALES, SHAPES, WALL, WIDTHS

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
GENUINE = SHARED / "shapes3d_images.npz"
# Floor, wall and object hue by their colours; scale, shape and orientation as found by search
LABELS = """
    010624 472515 525408 624420 8395010 320727 132630 1095310 474713 289733 557216 098012 0202014 015200
    095122 017534 035708 093430 0136112 044210 0801313 0191310 0674011 020228 010718
"""
FITTED = (0, 1, 3, 5, 7, 9, 10, 12, 15, 16, 18, 19, 21, 22, 23)  # the others had no part in finding the constants

FOCAL = 32 / np.tan(np.pi / 8)  # pixels, of a view of 45 degrees across 64
RED, GREEN, CYAN, BLUE = 0, 3, 5, 7
CUBE, CYLINDER, SPHERE, CAPSULE = range(4)


def render(*rows, size=64):
    return data.load("shapes3d", size=size).render(np.array(rows))


def project(point, orientation):
    """Column and line, in pixels from the upper left corner, of a point of the room, and its depth."""
    x, y, z = point
    angle = ANGLES[orientation]
    # Turn the room instead of the camera, then look down
    x, y = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle) + DISTANCE
    z -= HEIGHT
    depth, up = y * np.cos(PITCH) - z * np.sin(PITCH), y * np.sin(PITCH) + z * np.cos(PITCH)
    return 32 + FOCAL * x / depth, 32 - FOCAL * up / depth, depth


def seen(shape, scale, orientation, pixels=512):
    """The object's outline: bool [pixels, pixels]."""
    start, _, rays = shapes3d._camera(ANGLES[orientation], pixels)
    return (shapes3d._reach(shape, SCALES[scale], start, rays) < np.inf).reshape(pixels, pixels)


def test_factors_are_those_of_the_published_set():
    data_set = data.load("shapes3d")
    assert data_set.factor_sizes == (10, 10, 10, 8, 4, 15)
    assert data_set.image_shape == (64, 64, 3)
    assert "drawn by dlnb" in data_set.about
    assert "fitted" in data_set.about


# The room


@pytest.mark.parametrize("orientation", range(15))
def test_walls_end_where_the_corners_of_the_room_project(orientation):
    # All is red but the sky, so green adds up to the lines of sky above a wall whose upper edge is straight.
    image = render((RED, RED, RED, 0, CUBE, orientation))[0]
    sky = image[:, :, 1].sum(axis=0) / (226 / 255)
    left, right = (project((side * ROOM, ROOM, WALL), orientation) for side in (-1, 1))
    columns = np.array([c for c in (*range(2, 20), *range(45, 62)) if left[0] + 2 < c < right[0] - 2])
    slope = (right[1] - left[1]) / (right[0] - left[0])
    np.testing.assert_allclose(sky[columns], left[1] + slope * (columns + 0.5 - left[0]), atol=0.3)
    assert len(columns) > 9


@pytest.mark.parametrize("orientation", [0, 3, 7, 10, 14])
def test_walls_stand_where_the_corners_of_the_floor_project(orientation):
    # A green wall on a blue floor: how much green is left in five lines says where between them the wall ends.
    image = render((BLUE, GREEN, BLUE, 0, CUBE, orientation))[0]
    left, right = (project((side * ROOM, ROOM, 0.0), orientation) for side in (-1, 1))
    slope = (right[1] - left[1]) / (right[0] - left[0])
    columns = [c for c in (*range(2, 20), *range(46, 62)) if left[0] + 2 < c < right[0] - 2]
    for column in columns:
        expected = left[1] + slope * (column + 0.5 - left[0])
        line = int(expected)
        wall, floor = image[line - 3, column, 1], image[line + 3, column, 1]
        share = (image[line - 2 : line + 3, column, 1].sum() - 5 * floor) / (wall - floor)
        assert line - 2 + share == pytest.approx(expected, abs=0.5)


def test_the_corner_between_walls_is_where_it_projects():
    for orientation, side in ((0, 1), (2, 1), (12, -1), (14, -1)):
        column, line, _ = project((side * ROOM, ROOM, WALL / 2), orientation)
        image = render((RED, GREEN, RED, 0, CUBE, orientation))[0]
        steps = np.abs(np.diff(image[round(line) - 4 : round(line) + 5, :, 1].mean(axis=0)))
        beside = [c for c in range(63) if abs(c + 1 - 32) > 11.5]  # not the object
        assert beside[steps[beside].argmax()] + 1 == pytest.approx(column, abs=0.6)


def test_orientations_mirror_each_other_but_for_the_light():
    for shape, k in product(range(4), range(8)):
        there, back = seen(shape, 3, k, 192), seen(shape, 3, 14 - k, 192)
        assert (there != back[:, ::-1]).mean() < 1e-3
    images = render(*((RED, RED, RED, 0, SPHERE, k) for k in range(15)))[..., 1]  # green: the sky, and some gleam
    np.testing.assert_allclose(images[:, :24], images[::-1, :24, ::-1], atol=1e-4)


def test_sky_is_the_published_one():
    images = data.load("shapes3d").sample(50, np.random.default_rng(0))[1]
    np.testing.assert_allclose(images[:, 1], np.broadcast_to(np.array([153, 226, 249]) / 255, (50, 64, 3)), atol=1e-5)


@pytest.mark.parametrize("size", [32, 64])
def test_hues_are_tenths_of_the_circle(size):
    # Places in moderate light: brighter ones are cut off at 1 and change their hue, as in the published images.
    places = {0: (49, 61), 1: (30, 61), 2: (44, 34)}
    for column, k in product(range(3), range(10)):
        row = [RED, RED, RED, 5, CAPSULE, 7]
        row[column] = k
        line, at = places[column]
        hue, saturation, value = rgb_to_hsv(*map(float, render(row, size=size)[0, line * size // 64, at * size // 64]))
        assert min(abs(hue - k / 10), 1 - abs(hue - k / 10)) < 0.01
        assert saturation > 0.99
        assert 0.5 < value <= 1.0


# The objects


@pytest.mark.parametrize("scale", [0, 4, 7])
@pytest.mark.parametrize("orientation", [0, 7])
def test_a_sphere_has_the_outline_of_a_cone_of_rays(scale, orientation):
    # Rays that touch a sphere make a cone; a plane cuts it in an ellipse whose area has a closed form.
    radius = WIDTHS[SPHERE] * SCALES[scale]
    off = np.arctan((HEIGHT - radius) / DISTANCE) - PITCH  # angle between its middle and the direction of view
    sine = radius / np.hypot(DISTANCE, HEIGHT - radius)
    area = np.pi * FOCAL**2 * np.sqrt(1 - sine**2) * sine**2 / (1 - sine**2 - np.sin(off) ** 2) ** 1.5
    mask = seen(SPHERE, scale, orientation)
    assert mask.sum() / 8**2 == pytest.approx(area, rel=0.003)
    lines, columns = np.nonzero(mask)
    assert (columns.mean() + 0.5) / 8 == pytest.approx(32.0, abs=0.05)
    top = 32 - FOCAL * np.tan(np.arcsin(sine) - off)
    assert lines.min() / 8 == pytest.approx(top, abs=0.15)


@pytest.mark.parametrize("orientation", [0, 5, 7, 12])
def test_a_cube_has_the_outline_of_its_corners(orientation):
    half, height = WIDTHS[CUBE] * SCALES[5], HEIGHTS[CUBE] * SCALES[5]
    corners = [project((x, y, z), orientation)[:2] for x in (-half, half) for y in (-half, half) for z in (0, height)]
    lines, columns = np.nonzero(seen(CUBE, 5, orientation))
    assert columns.min() / 8 == pytest.approx(min(x for x, _ in corners), abs=0.15)
    assert (columns.max() + 1) / 8 == pytest.approx(max(x for x, _ in corners), abs=0.15)
    assert lines.min() / 8 == pytest.approx(min(y for _, y in corners), abs=0.15)
    assert (lines.max() + 1) / 8 == pytest.approx(max(y for _, y in corners), abs=0.15)


@pytest.mark.parametrize("shape", [CYLINDER, CAPSULE])
def test_round_bodies_are_as_wide_and_high_as_their_outlines_say(shape):
    radius, height = WIDTHS[shape] * SCALES[3], HEIGHTS[shape] * SCALES[3]
    mask = seen(shape, 3, 9)
    line = int(8 * project((0, 0, height / 2), 9)[1])
    down = (line + 0.5) / 8 - 32
    forward = FOCAL * np.cos(PITCH) - down * np.sin(PITCH)  # how far the line's rays come, seen from above, in pixels
    assert mask[line].sum() / 16 == pytest.approx(radius / np.sqrt(DISTANCE**2 - radius**2) * forward, abs=0.15)
    top = np.flatnonzero(mask[:, 256]).min() / 8
    edges = [project((0, y, height), 7)[1] for y in (-radius, radius)]
    if shape == CYLINDER:
        assert top == pytest.approx(min(edges), abs=0.15)
    else:
        off = np.arctan((HEIGHT - height + radius) / DISTANCE) - PITCH  # to the middle of the upper half sphere
        sine = radius / np.hypot(DISTANCE, HEIGHT - height + radius)
        assert top == pytest.approx(32 - FOCAL * np.tan(np.arcsin(sine) - off), abs=0.15)


@pytest.mark.parametrize("shape", range(4), ids=SHAPES)
def test_a_larger_scale_covers_more(shape):
    rows = [[RED, RED, hue, scale, shape, 7] for scale in range(8) for hue in (RED, CYAN)]
    images = render(*rows).reshape(8, 2, 64, 64, 3)
    covered = (np.abs(images[:, 0] - images[:, 1]).max(axis=-1) > 0.5).sum(axis=(1, 2))
    assert (np.diff(covered) > 0).all()
    # Distance shrinks what is farther than the axis less than it enlarges what is nearer: a bit more than the square
    assert (5 / 3) ** 2 < covered[7] / covered[0] < 1.35 * (5 / 3) ** 2


@pytest.mark.parametrize("orientation", [0, 7, 14])
def test_the_shadow_lies_where_the_lamp_throws_it(orientation):
    image = render((RED, CYAN, BLUE, 3, SPHERE, orientation))[0]
    middle = np.array([0, 0, WIDTHS[SPHERE] * SCALES[3]])
    fallen = LAMP + (middle - LAMP) * LAMP[2] / (LAMP[2] - middle[2])
    assert fallen[2] == pytest.approx(0.0, abs=1e-12)
    right = fallen + 0.5 * middle[2] * np.array([np.cos(ANGLES[orientation]), np.sin(ANGLES[orientation]), 0])
    column, line, _ = project(right, orientation)
    dark = image[int(line), int(column), 0]
    left = project(2 * fallen - right - [0.5, 0, 0], orientation)
    assert 0.25 < dark < 0.45
    assert image[int(left[1]), int(left[0]), 0] > 2 * dark


def test_objects_gleam_above_and_to_the_left_where_the_lamp_stands():
    image = render((BLUE, BLUE, RED, 7, CAPSULE, 7))[0]
    assert image[12, 32, 1] == image[12, 32, 2] > 0.1  # white on red
    assert image[30, 22, 1] > 0.1
    assert image[35, 36, 1] == pytest.approx(0.0, abs=0.01)


def test_faces_of_a_cube_are_lit_apart():
    image = render((RED, RED, GREEN, 7, CUBE, 14))[0, :, :, 1]
    front, right = image[40, 26], image[40, 40]
    assert right < 0.85 * front
    faces = image[36:44, 22:28]
    assert faces.std() < 0.01


# The pixels


@pytest.mark.parametrize("size", [8, 25, 32, 64, 65, 100])
def test_filters_share_the_light_out(size):
    weights = shapes3d._filter(size)
    assert weights.shape == (size, 3 * max(size, 64))
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    np.testing.assert_allclose(weights, weights[::-1, ::-1], atol=1e-12)
    middle = weights @ (np.arange(weights.shape[1]) + 0.5) * size / weights.shape[1]
    np.testing.assert_allclose(middle[size // 4 : -size // 4], np.arange(size)[size // 4 : -size // 4] + 0.5, atol=0.02)


def test_the_filter_is_the_one_of_another_program():
    line = np.random.default_rng(0).uniform(size=192).astype(np.float32)
    other = Image.fromarray(np.tile(line, (192, 1))).resize((64, 64), Image.Resampling.LANCZOS)
    np.testing.assert_allclose(shapes3d._filter(64) @ line, np.asarray(other)[30], atol=1e-5)


def test_smaller_images_are_means_over_blocks_of_larger_ones():
    factors, large = data.load("shapes3d").sample(200, np.random.default_rng(1))
    small = data.load("shapes3d", size=32).render(factors)
    difference = np.abs(large.reshape(200, 32, 2, 32, 2, 3).mean(axis=(2, 4)) - small)
    assert difference.mean() < 0.5 / 255
    assert (difference > 2 / 255).mean() < 0.05  # ringing is cut off at 0 and 1 after the mean


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """A cache of maps on disk and in this process that nobody else uses."""
    monkeypatch.setenv("DLNB_DATA", str(tmp_path))
    shapes3d._maps.cache_clear()
    yield tmp_path
    shapes3d._maps.cache_clear()


def test_rooms_of_any_size_are_drawn_once_for_this_computer(own_folder, monkeypatch):
    row = (3, 4, 6, 2, CYLINDER, 4)
    drawn = render(row, size=9)[0]
    assert drawn.shape == (9, 9, 3)
    assert len(list(own_folder.rglob("shapes3d-9-*.npy"))) == 1

    def again(maps):
        raise AssertionError("drawn again")

    monkeypatch.setattr(shapes3d, "_draw", again)
    shapes3d._maps.cache_clear()
    np.testing.assert_array_equal(render(row, size=9)[0], drawn)
    whole = data.load("shapes3d")
    monkeypatch.undo()
    shapes3d._maps.cache_clear()
    expected = whole.render(np.array([row]))[0].mean(axis=(0, 1))
    np.testing.assert_allclose(drawn.mean(axis=(0, 1)), expected, atol=0.002)


@pytest.mark.parametrize("size", [32, 64])
def test_an_image_has_the_same_bits_in_any_batch(size):
    data_set = data.load("shapes3d", size=size)
    factors, images = data_set.sample(300, np.random.default_rng(2))
    np.testing.assert_array_equal(data_set.render(factors[::-1]), images[::-1])
    np.testing.assert_array_equal(data_set.render(factors[7:20]), images[7:20])
    assert not np.shares_memory(images, data_set.render(factors))


# The genuine images


def labels():
    """int [25, 6]; only the last number of a word, the orientation, may have two digits."""
    return np.array([[*map(int, word[:5]), int(word[5:])] for word in LABELS.split()])


@pytest.fixture(scope="module")
def genuine():
    if not GENUINE.exists():
        pytest.skip("genuine images are not part of the repository")
    with np.load(GENUINE) as file:
        return file["imgs"][:, :63] / 255  # the last line of these copies is not reliable


def grey_levels(genuine, rows):
    return 255 * np.abs(render(*rows)[:, :63] - genuine).mean(axis=(1, 2, 3))


def test_genuine_images_are_matched(genuine):
    errors = grey_levels(genuine, labels())
    held_out = np.setdiff1d(range(25), FITTED)
    assert errors[list(FITTED)].mean() < 2.1
    assert errors[held_out].mean() < 2.4
    assert errors.max() < 3.0


@pytest.mark.parametrize("column", [3, 5], ids=["scale", "orientation"])
def test_no_other_scale_and_orientation_matches_better(genuine, column):
    errors = grey_levels(genuine, labels())
    for step in (-1, 1):
        rows = labels()
        rows[:, column] += step
        possible = (rows[:, column] >= 0) & (rows[:, column] < tuple(shapes3d.SIZES.values())[column])
        assert possible.sum() >= 20
        assert (grey_levels(genuine[possible], rows[possible]) > errors[possible] + 0.2).all()


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
