from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from common import rng
from matplotlib.path import Path as Outline
from scipy import stats

from dlnb import data
from dlnb.data import DATA_SETS, dsprites, restrict, traversals
from dlnb.paper import DATA_SETS as PAPER

FRAMES = Path(__file__).parents[1] / ".." / "shared" / "data" / "dsprites_frames.npz"
SIZES = (32, 64)  # anti-aliased, and as published
REPEATED = {"orientation": (39, 0)}  # dSprites' last angle, 360 degrees, shows what its first does

DRAWN = [name for name in DATA_SETS if "rendered" in DATA_SETS[name]]
BOTH = [f"{name}-{size}" for name in DRAWN for size in SIZES]
each_data_set = pytest.mark.parametrize("data_set", [(n, 32) for n in DRAWN], indirect=True, ids=DRAWN)
each_size = pytest.mark.parametrize("data_set", [(n, s) for n in DRAWN for s in SIZES], indirect=True, ids=BOTH)


@pytest.fixture(scope="module")
def data_set(request):
    name, size = request.param
    return data.load(name, size=size)  # the tests ask for few images, so that no set is drawn as a whole


def is_stochastic(data_set):
    factors = data_set.sample_factors(8, rng())
    return not np.array_equal(data_set.render(factors, rng(1)), data_set.render(factors, rng(2)))


# The contract of every data set


@each_size
def test_images_are_float32_in_the_unit_range_and_channels_last(data_set):
    factors, images = data_set.sample(40, rng())
    assert factors.shape == (40, len(data_set.sizes))
    assert images.shape == (40, *data_set.image_shape)
    assert images.dtype == np.float32
    assert images.min() >= 0.0
    assert images.max() <= 1.0
    assert images.std() > 0.01


@each_size
def test_images_have_the_size_that_was_asked_for(data_set, request):
    size = request.node.callspec.params["data_set"][1]
    assert data_set.image_shape[:2] == (size, size)
    assert data_set.image_shape[2] in (1, 3)


@each_size
def test_rendering_many_is_rendering_each(data_set):
    if is_stochastic(data_set):
        return many_are_each_on_average(data_set)
    factors = data_set.sample_factors(50, rng())
    together = data_set.render(factors, rng())
    for one, image in zip(factors, together, strict=True):
        np.testing.assert_array_equal(data_set.render(one[None], rng())[0], image)


def many_are_each_on_average(data_set):
    # Two rows of factors in turn. The mean image of each must be the one of images rendered alone, up to six standard
    # errors of a difference of two means of 200.
    rows, n, generator = data_set.sample_factors(2, rng(3)), 200, rng(1)
    together = data_set.render(np.tile(rows, (n, 1)), rng(0)).reshape(n, 2, *data_set.image_shape)
    alone = np.array([[data_set.render(row[None], generator)[0] for row in rows] for _ in range(n)])
    spread = np.sqrt((together.var(axis=0) + alone.var(axis=0)) / n)
    assert (np.abs(together.mean(axis=0) - alone.mean(axis=0)) <= 6 * spread + 1e-6).all()
    assert not np.array_equal(together[0, 0], together[1, 0]), "every image has random parts of its own"


@each_data_set
def test_a_generator_decides_all_that_is_random(data_set):
    for one, other in zip(data_set.sample(20, rng(5)), data_set.sample(20, rng(5)), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(data_set.sample_factors(20, rng(5)), data_set.sample_factors(20, rng(6)))


@each_data_set
def test_data_sets_with_random_parts_refuse_to_render_without_a_generator(data_set):
    factors = data_set.sample_factors(2, rng())
    if is_stochastic(data_set):
        with pytest.raises(ValueError, match=rf"{data_set.name} .*needs rng, a numpy.random.Generator"):
            data_set.render(factors)
    else:
        np.testing.assert_array_equal(data_set.render(factors), data_set.render(factors, rng()))


@each_size
def test_every_factor_shows(data_set):
    bases = data_set.sample_factors(3, rng(7))
    for column, (name, size) in enumerate(data_set.sizes.items()):
        some = np.unique(np.linspace(0, size - 1, 40).astype(int))  # all, but for the 183 types of cars
        for value in some.tolist():
            changed = bases.copy()
            bases[:, column], changed[:, column] = value, (value + 1) % size
            before, after = data_set.render(bases, rng(1)), data_set.render(changed, rng(1))
            same = (before == after).all(axis=(1, 2, 3))
            expected = REPEATED.get(name) == (value, (value + 1) % size)
            assert (same == expected).all(), f"{name} from {value} to {(value + 1) % size}"


@each_data_set
def test_sampled_factors_are_uniform_and_independent(data_set):
    n = 20_000
    factors = data_set.sample_factors(n, rng())
    assert factors.dtype == np.int64
    for column, size in zip(factors.T, data_set.factor_sizes, strict=True):
        counts = np.bincount(column, minlength=size)
        assert len(counts) == size
        assert stats.chisquare(counts).pvalue > 1e-4
    correlation = np.corrcoef(factors, rowvar=False) - np.eye(factors.shape[1])
    assert np.abs(correlation).max() < 5 / np.sqrt(n)  # five standard errors of no correlation


@each_data_set
def test_a_sample_shows_its_factors(data_set):
    factors, images = data_set.sample(30, rng(4))
    generator = rng(4)
    np.testing.assert_array_equal(data_set.sample_factors(30, generator), factors)
    np.testing.assert_array_equal(data_set.render(factors, generator), images)


@each_data_set
def test_an_empty_sample_has_the_right_shapes(data_set):
    factors, images = data_set.sample(0, rng())
    assert factors.shape == (0, len(data_set.sizes))
    assert images.shape == (0, *data_set.image_shape)


@each_data_set
def test_rendering_leaves_factors_and_later_images_alone(data_set):
    factors = data_set.sample_factors(10, rng())
    kept = factors.copy()
    first = data_set.render(factors, rng(1))
    again = first.copy()
    first[:] = 0.5
    np.testing.assert_array_equal(factors, kept)
    np.testing.assert_array_equal(data_set.render(factors, rng(1)), again)


@each_data_set
def test_factor_indices_of_any_integer_type_render_alike(data_set):
    factors = data_set.sample_factors(10, rng())
    expected = data_set.render(factors, rng(1))
    for kind in (np.uint8, np.int16, np.int32):
        np.testing.assert_array_equal(data_set.render(factors.astype(kind), rng(1)), expected)


@each_data_set
def test_wrong_factors_are_refused_with_the_reason(data_set):
    first, largest = data_set.factor_names[0], data_set.factor_sizes[0]
    good = data_set.sample_factors(3, rng())
    too_large, negative = good.copy(), good.copy()
    too_large[1, 0], negative[1, 0] = largest, -1
    for factors, message in (
        (good[0], "not of shape"),
        (good[:, :-1], "not of shape"),
        (good[None], "not of shape"),
        (good.astype(float), "must be integers"),
        (too_large, f"{first!r} takes 0 to {largest - 1}, not .* to {largest}"),
        (negative, f"{first!r} takes 0 to {largest - 1}, not -1 to"),
    ):
        with pytest.raises(ValueError, match=message):
            data_set.render(factors, rng())


@each_data_set
def test_sampling_refuses_a_missing_generator_and_a_senseless_number(data_set):
    with pytest.raises(ValueError, match="sampling needs rng"):
        data_set.sample(3, None)
    with pytest.raises(ValueError, match="sampling needs rng"):
        data_set.sample_factors(3, 0)
    for n in (-1, 2.0):
        with pytest.raises(ValueError, match="n must be a whole number of at least 0"):
            data_set.sample(n, rng())


@each_data_set
def test_names_and_sizes_of_factors_go_together(data_set):
    assert dict(zip(data_set.factor_names, data_set.factor_sizes, strict=True)) == data_set.sizes
    assert all(size > 1 for size in data_set.factor_sizes)


@pytest.mark.parametrize("name", DRAWN)
def test_a_data_set_is_known_by_the_name_it_bears(name):
    data_set = data.load(name)
    assert data_set.name == name
    assert data_set.source == "rendered"
    assert "drawn by dlnb" in data_set.about
    assert data_set.image_shape[:2] == (64, 64)


def test_unknown_names_and_sources_name_the_choices():
    with pytest.raises(ValueError, match=f"unknown data set 'dsprite': choose from {', '.join(DATA_SETS)}"):
        data.load("dsprite")
    with pytest.raises(ValueError, match=f"unknown source 'drawn': choose from {', '.join(data.SOURCES)}"):
        data.load("dsprites", source="drawn")


def test_a_folder_that_would_not_be_read_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cars3d is rendered without files, so folder is not read"):
        data.load("cars3d", folder=tmp_path)


def test_every_data_set_can_be_had_from_every_source():
    for name in PAPER:
        assert DATA_SETS[name].keys() == data.SOURCES.keys()


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("size", [0, 7, -64, 32.0, "64", None])
def test_bad_sizes_are_refused(name, size):
    with pytest.raises(ValueError, match="size must be a whole number of at least 8"):
        data.load(name, size=size)


# Restricting and traversing


@each_data_set
def test_a_restricted_data_set_renders_the_rows_with_the_fixed_classes(data_set):
    first, last = data_set.factor_names[0], data_set.factor_names[-1]
    if len(data_set.sizes) < 3:
        pytest.skip("nothing would be left to vary")
    fixed = {first: data_set.sizes[first] - 1, last: 1}
    part = restrict(data_set, **fixed)
    assert part.factor_names == data_set.factor_names[1:-1]
    assert part.factor_sizes == data_set.factor_sizes[1:-1]
    assert part.image_shape == data_set.image_shape
    factors = part.sample_factors(20, rng())
    ends = np.tile([fixed[first]], (20, 1)), np.tile([fixed[last]], (20, 1))
    whole = np.hstack([ends[0], factors, ends[1]])
    np.testing.assert_array_equal(part.render(factors, rng(1)), data_set.render(whole, rng(1)))


@each_data_set
def test_restricting_leaves_the_data_set_as_it_was_and_says_what_was_fixed(data_set):
    sizes, first = dict(data_set.sizes), data_set.factor_names[0]
    assert restrict(data_set, **{first: 1}).name == f"{data_set.name}({first}=1)"
    assert data_set.sizes == sizes


@each_data_set
def test_restricting_refuses_unknown_factors_classes_out_of_range_and_fixing_all(data_set):
    first, size = data_set.factor_names[0], data_set.factor_sizes[0]
    with pytest.raises(ValueError, match=f"unknown factor of {data_set.name} 'colour': choose from {first}"):
        restrict(data_set, colour=0)
    with pytest.raises(ValueError, match=f"restrict needs a factor to fix and its class, such as {first}=0"):
        restrict(data_set)
    with pytest.raises(ValueError, match=f"{first!r} takes 0 to {size - 1}, not {size}"):
        restrict(data_set, **{first: size})
    with pytest.raises(ValueError, match=f"{first} must be a whole number of at least 0"):
        restrict(data_set, **{first: -1})
    with pytest.raises(ValueError, match="leave at least one to vary"):
        restrict(data_set, **dict.fromkeys(data_set.factor_names, 0))
    with pytest.raises(ValueError, match="not of shape"):
        restrict(data_set, **{first: 0}).render(data_set.sample_factors(2, rng()), rng())


@each_data_set
def test_a_traversal_changes_one_factor_a_row_from_its_first_class_to_its_last(data_set):
    base = [size // 2 for size in data_set.factor_sizes]
    images = traversals(data_set, base, 3, rng(0))
    factors = np.tile(base, (len(base), 3, 1))
    for i, size in enumerate(data_set.factor_sizes):
        factors[i, :, i] = 0, np.round((size - 1) / 2), size - 1
    rows = factors.reshape(-1, 1, len(base))
    expected = np.concatenate([data_set.render(row, rng(0)) for row in rows])  # random parts are alike in all
    np.testing.assert_array_equal(images, expected.reshape(len(base), 3, *data_set.image_shape))


# The geometry of dSprites: its published constants, and outlines drawn by another program from the same curves

SCALES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
# 19.2^2; pi a b; the classic heart (16 sin^3 t, 13 cos t - ...) has area 180 pi, here scaled on both axes.
AREAS = (19.2**2, np.pi * 12.7675 * 7.2125, 180 * np.pi * (9.5928 / 16) * 0.66231)


def outline(shape, scale, orientation, x, y):
    """The published outline as a polygon, in pixels of a 64-pixel image with y downwards."""
    t = np.linspace(0, 2 * np.pi, 4000)
    if shape == 0:
        points = 9.6 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]).T
    elif shape == 1:
        points = np.array([12.7675 * np.cos(t), 7.2125 * np.sin(t)])
    else:
        curve = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
        points = np.array([9.5928 * np.sin(t) ** 3, -0.66231 * curve - 1.4358])
    angle = 2 * np.pi * orientation / 39  # counter-clockwise as seen, with y downwards
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return SCALES[scale] * (turn @ points) + np.array([[16 + 32 * x / 31], [16 + 32 * y / 31]])


def covered(factors, size):
    """Whether the centre of every pixel of a ``size`` x ``size`` image lies in the outline: bool [size, size]."""
    centres = (np.arange(size) + 0.5) * 64 / size
    grid = np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2)
    points = outline(*factors)
    near = ((grid > points.min(axis=1) - 1) & (grid < points.max(axis=1) + 1)).all(axis=1)
    inside = np.zeros(len(grid), bool)
    inside[near] = Outline(points.T).contains_points(grid[near])
    return inside.reshape(size, size)


def test_area_of_the_heart_by_its_polygon():
    x, y = outline(2, 5, 0, 0, 0)
    assert abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2 == pytest.approx(AREAS[2], rel=1e-4)


def test_factors_are_those_of_the_published_set():
    sizes = {"shape": 3, "scale": 6, "orientation": 40, "position x": 32, "position y": 32}
    assert data.load("dsprites").sizes == sizes
    assert data.load("dsprites").image_shape == (64, 64, 1)


@pytest.mark.skipif(not FRAMES.exists(), reason="genuine frames are not part of the repository")
def test_genuine_frames_are_reproduced_pixel_for_pixel():
    with np.load(FRAMES) as file:
        factors, packed = file["classes"], file["imgs_packed"]
    genuine = np.unpackbits(packed, axis=1).reshape(-1, 64, 64)
    assert len(genuine) >= 100
    assert genuine.mean() == pytest.approx(0.0429, abs=0.02)  # the share of white in the published set
    wrong = (data.load("dsprites").render(factors)[..., 0] != genuine).sum(axis=(1, 2))
    assert (wrong == 0).mean() >= 0.95
    assert wrong.max() <= 4


def test_size_64_is_binary_and_has_the_published_outlines():
    data_set = data.load("dsprites")
    factors = np.concatenate(
        [data_set.sample_factors(57, rng(8)), [[2, 5, 0, 3, 4], [1, 5, 0, 31, 0], [0, 0, 0, 0, 31]]]
    )
    images = data_set.render(factors)[..., 0]
    assert set(np.unique(images)) == {0.0, 1.0}
    wrong = [(image != covered(row, 64)).sum() for row, image in zip(factors, images, strict=True)]
    assert max(wrong) <= 1  # a point on the line


def test_the_share_of_white_is_the_published_one():
    # 4.29 % of the pixels of the published set.
    assert data.load("dsprites").sample(5000, rng())[1].mean() == pytest.approx(0.0429, abs=0.001)


@pytest.mark.parametrize("shape", range(3))
@pytest.mark.parametrize("scale", range(6))
def test_area_at_size_64_is_that_of_the_outline(shape, scale):
    # Over the 32 x 32 positions, pixel centres fall on all parts of the outline, so the count's mean is the area.
    positions = np.array(list(product(range(32), range(32))))
    for orientation in (0, 7):
        factors = np.hstack([np.tile([shape, scale, orientation], (len(positions), 1)), positions])
        area = data.load("dsprites").render(factors).sum() / len(factors)
        assert area == pytest.approx(AREAS[shape] * SCALES[scale] ** 2, rel=0.01)


@pytest.mark.parametrize("size", [8, 25, 32, 48])
def test_anti_aliased_images_have_the_area_of_the_outline_at_every_size(size):
    data_set = data.load("dsprites", size=size)
    factors = np.array(list(product(range(3), range(6), range(40), [3], [30])))
    areas = data_set.render(factors).sum(axis=(1, 2, 3)) * (64 / size) ** 2
    expected = np.array([AREAS[shape] * SCALES[scale] ** 2 for shape, scale in factors[:, :2]])
    np.testing.assert_allclose(areas, expected, rtol=0.015)
    assert (areas / expected).mean() == pytest.approx(1.0, abs=0.001)


def test_anti_aliased_pixels_hold_the_covered_share_of_their_area():
    data_set = data.load("dsprites", size=32)
    corners = [[2, 5, 3, 0, 31], [1, 5, 0, 31, 31], [0, 5, 5, 31, 0], [0, 4, 0, 5, 6], [0, 5, 39, 7, 8]]
    factors = np.concatenate([data_set.sample_factors(12, rng(10)), corners])
    images = data_set.render(factors)[..., 0]
    shares = np.array([covered(row, 512).reshape(32, 16, 32, 16).mean(axis=(1, 3)) for row in factors])
    assert shares.max() == 1.0
    assert np.abs(images - shares).max() < 0.125  # both edges of a corner off by 1/16 of these larger pixels
    edge = (shares > 0) & (shares < 1)
    assert edge.sum() > 300
    assert np.sqrt(np.mean((images - shares)[edge] ** 2)) < 0.03
    assert (images[shares == 1] > 0.93).all()
    assert (images[shares == 0] < 0.07).all()


@pytest.mark.parametrize("size", [32, 64])
def test_the_last_orientation_repeats_the_first(size):
    data_set = data.load("dsprites", size=size)
    factors = data_set.sample_factors(500, rng(11))
    first, last = factors.copy(), factors.copy()
    first[:, 2], last[:, 2] = 0, 39
    np.testing.assert_array_equal(data_set.render(first), data_set.render(last))


@pytest.mark.parametrize("axis", [0, 1], ids=["x", "y"])
def test_a_step_of_position_moves_the_centre_by_32_over_31_pixels(axis):
    data_set = data.load("dsprites", size=32)
    for shape in (0, 1):  # symmetric, so that their centre of mass is the position
        factors = np.tile([shape, 3, 4, 10, 10], (32, 1))
        factors[:, 3 + axis] = np.arange(32)
        mass = data_set.render(factors)[..., 0].sum(axis=1 if axis == 0 else 2)  # [32 images, 32 columns or lines]
        centres = mass @ ((np.arange(32) + 0.5) * 2) / mass.sum(axis=1)
        np.testing.assert_allclose(centres, 16 + 32 * np.arange(32) / 31, atol=0.03)


def test_sprites_never_touch_the_border():
    data_set = data.load("dsprites")
    factors = np.array(list(product(range(3), [5], range(40), [0, 31], [0, 31])))
    images = data_set.render(factors)[..., 0]
    assert images.any(axis=(1, 2)).all()
    assert not images[:, [0, -1]].any()
    assert not images[:, :, [0, -1]].any()


def test_the_heart_is_the_classic_curve():
    # x = 16 sin(t)**3, y = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t, above each place across at its two angles t.
    width, height, offset = dsprites.HEART
    across, down = rng(3).uniform(-12, 12, (2, 20_000))
    t = np.arcsin(np.cbrt(np.minimum(np.abs(across) / width, 1)))
    ends = [sum(c * np.cos(k * t) for k, c in enumerate((13, -5, -2, -1), 1)) for t in (t, np.pi - t)]
    low, high = (-height * end - offset for end in ends)
    expected = (np.abs(across) <= width) & (low <= down) & (down <= high)
    clear = (np.abs(down - low) > 1e-9) & (np.abs(down - high) > 1e-9)
    np.testing.assert_array_equal(dsprites.inside(2, across, down)[clear], expected[clear])
    assert 0.2 < expected.mean() < 0.4


def test_images_that_were_drawn_before_and_by_many_threads_are_the_same():
    factors = data.load("dsprites").sample_factors(400, rng(4))
    first = [data.load("dsprites").render(row[None]) for row in factors]
    dsprites._memory.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        again = list(pool.map(data.load("dsprites").render, np.split(np.tile(factors, (4, 1)), 32)))
    np.testing.assert_array_equal(np.concatenate(again), np.tile(np.concatenate(first), (4, 1, 1, 1)))
    assert dsprites._memory()[1].sum() == len(np.unique(factors, axis=0)), "each was drawn once and is known now"


def test_a_sprite_drawn_freely_has_the_published_outline():
    for shape, scale, orientation, x, y in data.load("dsprites").sample_factors(6, rng(12)):
        drawn = dsprites.draw(shape, SCALES[scale], 2 * np.pi * orientation / 39, x / 31, y / 31, size=32)
        share = covered((shape, scale, orientation, x, y), 512).reshape(32, 16, 32, 16).mean(axis=(1, 3))
        assert drawn.shape == (32, 32, 1)
        assert drawn.dtype == np.float32
        assert np.abs(drawn[..., 0] - share).max() < 0.125
        assert drawn.sum() == pytest.approx(share.sum(), rel=0.015)


@pytest.mark.parametrize(
    ("name", "bad"),
    [("shape", (3, -1, 1.0, "heart", None)), ("scale", (0, -1, np.nan, "1", None)), ("size", (0, 32.0, None))]
    + [(name, (np.nan, np.inf, "0", None)) for name in ("angle", "x", "y")],
)
def test_a_sprite_that_cannot_be_drawn_is_refused_with_the_reason(name, bad):
    whole = {"shape": 1, "scale": 1.0, "angle": 0.0, "x": 0.5, "y": 0.5, "size": 16}
    for value in bad:
        with pytest.raises(ValueError, match=f"^{name} must be a (whole )?number.*, not "):
            dsprites.draw(**whole | {name: value})


def test_a_data_set_cannot_change_another():
    data.load("dsprites").sizes["shape"] = 99
    assert data.load("dsprites").sizes["shape"] == 3
