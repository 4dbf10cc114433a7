"""The drawn toys: on a table of the published greys, under lamps that stand still while the toy turns."""

import pkgutil

import numpy as np
import pytest
from common import rng
from scipy import stats

from dlnb import data
from dlnb.data import gallery, scenes, smallnorb
from dlnb.data.scenes import toys

# Grey of the table under each lighting in published images, in no known order (see the chapter on data).
GREYS = {126, 174, 206, 223, 226, 248}


def test_factors_are_those_of_the_published_set():
    assert data.load("smallnorb").sizes == {"category": 5, "elevation": 9, "azimuth": 18, "lighting": 6}
    assert data.load("smallnorb").image_shape == (64, 64, 1)
    assert "stand-in" in data.load("smallnorb").about
    assert len(toys.CATEGORIES) == 5


def test_images_on_disk_are_redrawn_when_any_module_that_draws_them_changes(monkeypatch):
    hashed = []
    monkeypatch.setattr(gallery, "version", lambda *modules: hashed.extend(modules) or "0")
    smallnorb.smallnorb(16)
    drawing = [f"{scenes.__name__}.{module.name}" for module in pkgutil.iter_modules(scenes.__path__)]
    assert sorted(hashed) == sorted([*drawing, smallnorb.__name__])


def test_the_table_has_the_grey_of_its_lighting():
    found = set()
    for category in range(5):
        images = smallnorb.draw(category, 4, 5, 7, size=32)[..., 0]
        found |= {tuple(np.percentile(image, 80).round() for image in images)}
    assert all(abs(a - b) <= 4 for row in found for a, b in zip(sorted(row), sorted(GREYS), strict=True))


@pytest.mark.parametrize("category", range(5))
def test_the_ten_toys_of_a_category_differ_and_stand_in_the_frame(category):
    images = np.stack([smallnorb.draw(category, i, 2, 3, size=32)[3, ..., 0] for i in range(10)]).astype(float)
    for i in range(10):
        for j in range(i):
            assert np.abs(images[i] - images[j]).mean() > 2
    for instance in range(10):
        toy = tuple(toys.CATEGORIES.values())[category](instance, 0.02)
        assert -0.03 < toy.points[:, 2].min() < 0.06, "it stands on the table"
        assert np.abs(toy.points[:, :2]).max() < 0.75


@pytest.mark.parametrize("instance", range(10))
def test_no_toy_is_cut_off_by_the_frame(instance):
    camera = smallnorb.CAMERA
    for make in toys.CATEGORIES.values():
        toy = make(instance, 0.02)
        for elevation in smallnorb.ELEVATIONS[[0, 8]]:
            for azimuth in np.arange(18) * np.pi / 9:
                right, up, near = camera.axes(azimuth, elevation) @ (toy.points - camera.target).T
                assert np.abs(np.stack([right, up]) * camera.focal / (camera.distance - near)).max() < 0.5


def test_the_instance_is_no_factor_and_is_drawn_uniformly():
    data_set = data.load("smallnorb", size=16)
    factors = np.tile([[3, 2, 5, 1]], (600, 1))
    images = data_set.render(factors, rng(3))
    kinds, counts = np.unique(images.reshape(600, -1), axis=0, return_counts=True)
    assert len(kinds) == smallnorb.INSTANCES == 10
    assert stats.chisquare(counts).pvalue > 1e-4
    drawn = {smallnorb.draw(3, i, 2, 5, size=16)[1].tobytes() for i in range(10)}
    assert drawn == {(kind * 255).round().astype(np.uint8).tobytes() for kind in kinds}


def test_the_lamp_stands_still_while_the_toy_turns():
    # In the room, a vector is Rz(azimuth) times what it is for the toy.
    for lighting, (_, lamp, _, _) in enumerate(smallnorb.LIGHTINGS):
        for azimuth in (0.0, 1.1, 4.0):
            cos, sin = np.cos(azimuth), np.sin(azimuth)
            room = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]) @ smallnorb._lamp(lighting, azimuth)
            np.testing.assert_allclose(room, lamp / np.linalg.norm(lamp), atol=1e-12)


def test_shadows_fall_away_from_the_lamp():
    for lighting, (_, lamp, _, _) in enumerate(smallnorb.LIGHTINGS):
        light = smallnorb._shadows(1, 0, 0.0)[lighting]  # a man, upright: cells [x, y] about the origin
        missing = 1 - light
        where = (np.indices(light.shape) + 0.5) * smallnorb.CELL - smallnorb.TABLE
        centre = (where * missing).sum(axis=(1, 2)) / missing.sum()
        assert centre @ np.array(lamp[:2]) < 0
        assert 0 <= missing.min() and 0.2 < missing.max() < 1


def test_a_higher_camera_sees_a_standing_man_foreshortened():
    man = toys.human(0, 0.02)
    heights = []
    for elevation in smallnorb.ELEVATIONS:
        seen = smallnorb.CAMERA.look(man, 0.5, elevation, 96) >= 0
        heights.append(np.ptp(np.flatnonzero(seen.any(axis=1))))
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] < 0.75 * heights[0]
