import numpy as np
import pytest
from scipy.spatial import cKDTree

from dlnb.data.scenes.surfaces import Camera, block, box, ellipsoid, join, limb, shrink, wheel, wing

STEP = 0.02
SOLIDS = {
    "ellipsoid": ellipsoid((0.1, -0.2, 0.5), (0.6, 0.3, 0.2), STEP),
    "limb": limb((0, 0, 0.1), (0.3, 0.4, 0.8), 0.15, STEP),
    "tapered limb": limb((0, 0, 0.1), (0.5, 0, 0.1), 0.15, STEP, 0.05),
    "upright limb": limb((0, 0, 0), (0, 0, 0.5), 0.1, STEP),
    "box": box((0, 0, 0.5), (0.5, 0.3, 0.2), STEP),
    "wing": wing((0, 0, 0.2), (-0.2, 0.6, 0.25), 0.3, 0.1, 0.04, STEP),
    "wheel": wheel((0, 0, 0.3), 0.3, 0.1, STEP),
}
each_solid = pytest.mark.parametrize("solid", SOLIDS.values(), ids=SOLIDS)


@each_solid
def test_points_lie_so_close_that_no_hole_is_left(solid):
    # A corner or a pole is at most a cell away from the middle of its cell, so twice the step is never exceeded.
    distance, _ = cKDTree(solid.points).query(solid.points, k=2)
    assert distance[:, 1].max() < STEP
    normals = np.linalg.norm(solid.normals, axis=1)
    np.testing.assert_allclose(normals, 1, atol=1e-4)


@each_solid
def test_normals_point_outwards(solid):
    # The flux of the field x through a closed surface is three times the volume inside: never negative for any part
    # of a convex solid, seen from a point inside.
    inner = solid.points.mean(axis=0)
    assert np.einsum("ni,ni->n", solid.normals, solid.points - inner).min() > -1e-3


def test_points_and_normals_of_an_ellipsoid_satisfy_its_equation():
    centre, radii = np.array([0.1, -0.2, 0.5]), np.array([0.6, 0.3, 0.2])
    scaled = (SOLIDS["ellipsoid"].points - centre) / radii
    np.testing.assert_allclose((scaled**2).sum(axis=1), 1, atol=1e-5)
    gradient = scaled / radii
    gradient /= np.linalg.norm(gradient, axis=1, keepdims=True)
    assert (np.einsum("ni,ni->n", gradient, SOLIDS["ellipsoid"].normals) > 0.99).all()


def test_a_limb_keeps_its_radius_from_its_middle_line():
    start, end = np.array([0, 0, 0.1]), np.array([0.3, 0.4, 0.8])
    share = np.clip((SOLIDS["limb"].points - start) @ (end - start) / np.sum((end - start) ** 2), 0, 1)
    nearest = start + share[:, None] * (end - start)
    np.testing.assert_allclose(np.linalg.norm(SOLIDS["limb"].points - nearest, axis=1), 0.15, atol=1e-4)


def test_a_box_has_six_faces_of_its_size():
    faces, counts = np.unique(SOLIDS["box"].normals.round(2), axis=0, return_counts=True)
    assert {tuple(abs(face)) for face in faces} == {(1, 0, 0), (0, 1, 0), (0, 0, 1)}
    areas = {(1, 0, 0): 0.6 * 0.4, (0, 1, 0): 1.0 * 0.4, (0, 0, 1): 1.0 * 0.6}
    for face, count in zip(faces, counts, strict=True):
        assert count * STEP**2 == pytest.approx(areas[tuple(abs(face))], rel=0.15)
    np.testing.assert_allclose(np.abs(SOLIDS["box"].points - [0, 0, 0.5]).max(axis=0), (0.5, 0.3, 0.2), atol=1e-5)


def test_a_block_has_the_corners_that_it_is_given():
    corners = np.array([[[[x + 0.2 * z, y, z] for z in (0, 1)] for y in (0, 1)] for x in (0, 1)])
    points = block(corners, 0.05).points
    for corner in corners.reshape(-1, 3):
        assert np.linalg.norm(points - corner, axis=1).min() < 0.05
    assert (points[:, 2] >= 0).all() and (points[:, 2] <= 1).all()
    assert (np.abs(points[:, 0] - 0.2 * points[:, 2] - 0.5) < 0.501).all()


def test_turning_goes_counter_clockwise_and_takes_the_normals_along():
    turned = box((1, 0, 0), (0.1, 0.1, 0.1), 0.05).turned(np.pi / 2)
    np.testing.assert_allclose(turned.points.mean(axis=0), (0, 1, 0), atol=1e-5)
    twice = SOLIDS["limb"].turned(0.4).turned(-0.4)
    np.testing.assert_allclose(twice.points, SOLIDS["limb"].points, atol=1e-6)
    np.testing.assert_allclose(twice.normals, SOLIDS["limb"].normals, atol=1e-6)


def test_a_mirrored_part_has_a_twin_on_the_right():
    both = ellipsoid((0, 0.5, 0), (0.1, 0.1, 0.1), 0.05).mirrored()
    left, right = both.points[: len(both) // 2], both.points[len(both) // 2 :]
    np.testing.assert_array_equal(right, left * [1, -1, 1])
    assert np.einsum("ni,ni->n", both.normals, both.points - np.sign(both.points) * [0, 0.5, 0]).min() > 0


# The camera

CAMERA = Camera(distance=5.0, focal=2.0, target=(0.0, 0.0, 0.3))
VIEWS = [(0.0, 0.0), (0.7, 0.3), (4.0, 1.2)]


@pytest.mark.parametrize("view", VIEWS)
def test_a_ball_is_seen_as_a_full_disc_of_the_size_that_perspective_gives(view):
    # The cone that touches a ball of radius r at distance D has the tangent r / sqrt(D^2 - r^2).
    pixels, radius = 120, 0.8
    ball = ellipsoid(CAMERA.target, (radius,) * 3, 0.5 * CAMERA.distance / CAMERA.focal / pixels)
    seen = CAMERA.look(ball, *view, pixels) >= 0
    line, column = np.indices(seen.shape) + 0.5 - pixels / 2
    distance = np.hypot(line, column)
    edge = CAMERA.focal * pixels * radius / np.sqrt(CAMERA.distance**2 - radius**2)
    assert 20 < edge < 50
    assert seen[distance < edge - 1].all(), "no holes"
    assert not seen[distance > edge + 1].any()


def test_the_camera_sees_forward_right_and_up_where_they_are():
    # At azimuth 0 the thing faces the camera: its left side is on the camera's right.
    axes = CAMERA.axes(0.0, 0.0)
    np.testing.assert_allclose(axes @ [1, 0, 0], (0, 0, 1), atol=1e-12)
    np.testing.assert_allclose(axes @ [0, 1, 0], (1, 0, 0), atol=1e-12)
    np.testing.assert_allclose(axes @ [0, 0, 1], (0, 1, 0), atol=1e-12)
    np.testing.assert_allclose(CAMERA.axes(0.0, np.pi / 2) @ [0, 0, 1], (0, 0, 1), atol=1e-12)
    for view in VIEWS:
        np.testing.assert_allclose(CAMERA.axes(*view) @ CAMERA.axes(*view).T, np.eye(3), atol=1e-12)


def test_what_is_near_hides_what_is_behind():
    near, far = (box((x, 0, 0.3), (0.05, 0.3, 0.3), 0.01, colour=(x > 0, 0, 0)) for x in (0.5, -0.5))
    for parts in ([near, far], [far, near]):
        both = join(parts)
        seen = CAMERA.look(both, 0.0, 0.0, 60)
        assert (both.colours[seen[seen >= 0], 0] == 1).all()
        seen = CAMERA.look(both, np.pi, 0.0, 60)
        assert (both.colours[seen[seen >= 0], 0] == 0).all()


@pytest.mark.parametrize("view", VIEWS[1:])
def test_rays_meet_the_ground_where_a_point_would_be_seen(view):
    pixels = 40
    ground, axes = CAMERA.ground(*view, pixels), CAMERA.axes(*view)
    for line, column in ((20, 20), (35, 8), (30, 33)):
        right, up, near = axes @ (np.append(ground[line, column], 0) - CAMERA.target)
        scale = CAMERA.focal * pixels / (CAMERA.distance - near)
        assert pixels / 2 + right * scale == pytest.approx(column + 0.5)
        assert pixels / 2 - up * scale == pytest.approx(line + 0.5)


def test_rays_above_the_horizon_meet_no_ground():
    ground = CAMERA.ground(0.3, 0.0, 40)
    assert np.isnan(ground[:20]).all()
    assert np.isfinite(ground[20:]).all()


def test_shrinking_takes_means_of_blocks():
    image = np.arange(36.0).reshape(6, 6)
    np.testing.assert_allclose(shrink(image, 3), [[7, 10], [25, 28]])
    assert shrink(np.zeros((6, 9, 3)), 3).shape == (2, 3, 3)
