"""Readers of the published files, on small files of exactly their formats that the tests write."""

import dataclasses
import gzip
import hashlib
import io
import os
import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import product

import numpy as np
import pytest
import writers
from common import rng
from PIL import Image
from scipy.io import loadmat, savemat

from dlnb import data
from dlnb.data import formats, matlab, originals
from dlnb.data.files import DataFileError
from dlnb.data.published import FILES

SPRITES = {"shape": 2, "scale": 3, "orientation": 2, "position x": 2, "position y": 3}
ROOMS = {"floor hue": 2, "wall hue": 3, "object hue": 2, "scale": 2, "shape": 2, "orientation": 3}
ARMS = {"object colour": 2, "object shape": 3, "horizontal axis": 4}
CARS = {"elevation": 2, "azimuth": 3, "type": 4}
TOYS, INSTANCES, PARTS = {"category": 2, "elevation": 3, "azimuth": 4, "lighting": 2}, 4, ((1, 2), (0, 3))
CAR_NAMES = ["car_002_mesh.mat", "car_010_mesh.mat", "car_001_mesh.mat", "car_100_mesh.mat"]  # not in order
SIZES = 64, 32, 16, 8
PUBLISHED_ARMS = dict(originals.MPI3D)


@pytest.fixture(autouse=True)
def small(tmp_path, monkeypatch):
    """Few classes, a cache of the test's own, parts that do not divide the number of images."""
    monkeypatch.setenv("DLNB_DATA", str(tmp_path / "home"))
    small = {"DSPRITES": SPRITES, "SHAPES3D": ROOMS, "MPI3D": ARMS, "CARS3D": CARS, "SMALLNORB": TOYS}
    for name, value in small.items():
        monkeypatch.setattr(originals, name, value)
    monkeypatch.setattr(originals, "INSTANCES", INSTANCES)
    monkeypatch.setattr(originals, "PARTS", PARTS)
    monkeypatch.setattr(formats, "CHUNK", 5)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    return folder


@pytest.fixture
def publish(folder, monkeypatch):
    """Take the checksums of what the folder holds for the published ones, and an address for theirs."""

    def publish(name, address="http://127.0.0.1:9"):
        new = []
        for file in FILES[name].files:
            content = (folder / file.name).read_bytes()
            known = None if file.known_hash is None else f"sha256:{hashlib.sha256(content).hexdigest()}"
            new.append(
                dataclasses.replace(file, urls=(f"{address}/{file.name}",), known_hash=known, bytes=len(content))
            )
        monkeypatch.setitem(FILES, name, dataclasses.replace(FILES[name], files=tuple(new)))

    return publish


def every(sizes):
    return np.array(list(product(*map(range, sizes.values()))))


def lanczos(image, size):
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.LANCZOS)) / 255


def block_means(image, size):
    return image.reshape(size, 64 // size, size, 64 // size, -1).mean(axis=(1, 3))


# One published set of each kind: files in ``folder``, the constructor, and what image a row of factors has


def write_sprites(folder, **options):
    images = (rng(1).random((len(every(SPRITES)), 64, 64)) < 0.3).astype(np.uint8)
    writers.sprites(folder / FILES["dsprites"].files[0].name, images, **options)
    rows = dict(zip(map(tuple, every(SPRITES)), images, strict=True))
    return lambda row, size: block_means(rows[tuple(row)], size)


def write_rooms(folder, chunks=(7, 8, 8, 1)):
    images = rng(2).integers(0, 256, (len(every(ROOMS)), 64, 64, 3), np.uint8)
    writers.rooms(folder / FILES["shapes3d"].files[0].name, images, chunks)
    rows = dict(zip(map(tuple, every(ROOMS)), images, strict=True))
    return lambda row, size: np.floor(block_means(rows[tuple(row)], size) + 0.5) / 255  # whole grey levels


def write_arms(folder):
    images = rng(6).integers(0, 256, (len(every(ARMS)), 64, 64, 3), np.uint8)
    writers.photographs(folder / FILES["mpi3d_real"].files[0].name, images)
    rows = dict(zip(map(tuple, every(ARMS)), images, strict=True))
    return lambda row, size: np.floor(block_means(rows[tuple(row)], size) + 0.5) / 255


def car_images():
    shape = 128, 128, 3, CARS["azimuth"], CARS["elevation"]
    return {name: rng(i).integers(0, 256, shape, np.uint8) for i, name in enumerate(CAR_NAMES)}


def expected_car(row, size):
    elevation, azimuth, kind = row
    return lanczos(car_images()[sorted(CAR_NAMES)[kind]][..., azimuth, elevation], size)


def write_cars(folder, extra=()):
    members = [(f"data/cars/{name}", writers.car(images)) for name, images in car_images().items()]
    others = [("data/cars/list.txt", b"car_002_mesh\n"), ("data/sprites/sprites_1.mat", b"of another set")]
    writers.archive(folder / FILES["cars3d"].files[0].name, [*others, *members, *extra])
    return expected_car


def write_cars_unpacked(folder):
    (folder / "data" / "cars").mkdir(parents=True)
    for name, images in car_images().items():
        (folder / "data" / "cars" / name).write_bytes(writers.car(images))
        (folder / "data" / "cars" / f"._{name}").write_bytes(b"what some systems put beside a file")
    return expected_car


def toy_cells():
    """Every combination in a random order, the halves by instance as published: training, then testing."""
    cells = every({"category": 2, "instance": INSTANCES, **{k: v for k, v in TOYS.items() if k != "category"}})
    cells = rng(4).permutation(cells)
    return cells[np.argsort(np.isin(cells[:, 1], PARTS[1]), kind="stable")]


def write_toys(folder, zipped=True):
    cells = toy_cells()
    pairs = rng(3).integers(0, 256, (len(cells), 2, 96, 96), np.uint8)
    writers.matrices(folder, [file.name for file in FILES["smallnorb"].files], pairs, cells, zipped)
    rows = dict(zip(map(tuple, cells), pairs[:, 0], strict=True))

    def expected(row, size):
        category, *rest = row
        return [lanczos(rows[category, toy, *rest], size)[..., None] for toy in range(INSTANCES)]

    return expected


SETS = {
    "dsprites": (write_sprites, originals.dsprites, SPRITES, 1),
    "shapes3d": (write_rooms, originals.shapes3d, ROOMS, 3),
    "mpi3d_real": (write_arms, partial(originals.mpi3d, "real"), ARMS, 3),
    "cars3d": (write_cars, originals.cars3d, CARS, 3),
    "smallnorb": (write_toys, originals.smallnorb, TOYS, 1),
}
each_set = pytest.mark.parametrize("name", SETS)


@pytest.mark.parametrize("size", SIZES)
@each_set
def test_every_image_is_the_published_one(name, size, folder, publish):
    write, constructor, sizes, channels = SETS[name]
    expected = write(folder)
    publish(name)
    data_set = constructor(size, folder)
    factors = every(sizes)
    images = data_set.render(factors, rng(5))
    assert images.dtype == np.float32
    assert images.shape == (len(factors), size, size, channels)
    assert images.min() >= 0
    assert images.max() <= 1
    for row, image in zip(factors, images, strict=True):
        wanted = expected(row, size)
        if name == "smallnorb":
            assert sum(np.allclose(image, toy, atol=1e-6) for toy in wanted) == 1, "one of the toys of the category"
        else:
            np.testing.assert_allclose(image, wanted, atol=1e-6)


@each_set
def test_a_reader_gives_the_data_set_of_the_contract(name, folder, publish):
    write, constructor, sizes, channels = SETS[name]
    write(folder)
    publish(name)
    data_set = constructor(16, str(folder))
    assert (data_set.name, data_set.source, data_set.sizes) == (name, "original", sizes)
    assert data_set.sizes is not sizes
    assert data_set.image_shape == (16, 16, channels)
    assert FILES[name].licence in data_set.about
    assert FILES[name].citation in data_set.about
    factors, images = data_set.sample(20, rng(1))
    np.testing.assert_array_equal(data_set.sample(20, rng(1))[1], images)
    np.testing.assert_array_equal(data_set.render(factors.astype(np.uint8), rng(2)), data_set.render(factors, rng(2)))
    kept = images.copy()
    images[:] = 0
    np.testing.assert_array_equal(data_set.sample(20, rng(1))[1], kept)
    assert data_set.sample(0, rng())[1].shape == (0, 16, 16, channels)
    with pytest.raises(ValueError, match=f"{data_set.factor_names[0]!r} takes 0 to"):
        data_set.render(factors + 100, rng())


@each_set
@pytest.mark.parametrize("size", [48, 128, 9, 7, 0, 32.0, "64", None, True])
def test_other_sizes_are_refused(name, size):
    with pytest.raises(ValueError, match=r"size must be (64, 32, 16 or 8 for published images|a whole number)"):
        SETS[name][1](size)


@each_set
def test_files_are_converted_once_and_then_not_needed(name, folder, publish):
    write, constructor, sizes, _ = SETS[name]
    write(folder)
    publish(name)
    first = constructor(8, folder).render(every(sizes), rng(1))
    for path in folder.iterdir():
        path.unlink()
    np.testing.assert_array_equal(constructor(8, folder).render(every(sizes), rng(1)), first)
    np.testing.assert_array_equal(constructor(8).render(every(sizes), rng(1)), first)


@each_set
def test_without_a_folder_the_files_are_downloaded(name, folder, publish, tmp_path):
    write, constructor, sizes, _ = SETS[name]
    write(folder)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        publish(name, f"http://127.0.0.1:{server.server_port}")
        downloaded = constructor(8).render(every(sizes), rng(1))
        server.shutdown()
        thread.join()
    assert (tmp_path / "home" / FILES[name].files[0].name).is_file()
    np.testing.assert_array_equal(downloaded, constructor(8, folder).render(every(sizes), rng(1)))


@each_set
def test_a_missing_file_is_named_with_its_address(name, folder):
    with pytest.raises(DataFileError, match=rf"{re.escape(FILES[name].files[0].name)} is not in {folder}.*https?://"):
        SETS[name][1](64, folder)


@each_set
def test_a_file_with_another_checksum_is_refused_before_it_is_read(name, folder, publish):
    SETS[name][0](folder)
    publish(name)
    path = folder / FILES[name].files[-1].name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataFileError, match=f"{path} is not the published file: its sha256 checksum"):
        SETS[name][1](64, folder)


@each_set
@pytest.mark.parametrize(
    "content", [b"", b"no such format" * 100, b"PK\3\4" + bytes(500), gzip.compress(bytes(500), mtime=0)]
)
def test_a_file_of_another_format_is_named(name, content, folder, publish):
    SETS[name][0](folder)
    path = folder / FILES[name].files[-1].name
    path.write_bytes(content)
    publish(name)
    with pytest.raises(DataFileError, match=re.escape(str(path))):
        SETS[name][1](64, folder)


@each_set
@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_file_that_ends_early_is_named(name, keep, folder, publish):
    SETS[name][0](folder)
    for file in FILES[name].files[:1]:
        content = (folder / file.name).read_bytes()
        (folder / file.name).write_bytes(content[: int(keep * len(content))])
    publish(name)
    with pytest.raises(DataFileError, match=re.escape(str(folder / FILES[name].files[0].name))):
        SETS[name][1](64, folder)


# dSprites


def test_the_pickle_in_dsprites_is_never_opened(folder, publish, tmp_path):
    class Bomb:
        def __reduce__(self):
            return open, (str(tmp_path / "opened"), "w")

    write_sprites(folder, metadata=Bomb())
    publish("dsprites")
    originals.dsprites(64, folder)
    assert not (tmp_path / "opened").exists()


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        (np.zeros((71, 64, 64), np.uint8), r"imgs is \(\(71, 64, 64\)"),
        (np.zeros((72, 64, 64), np.float32), "float32"),
        (np.full((72, 64, 64), 255, np.uint8), "the largest pixel is 255 instead of 1"),
        (np.zeros((64, 64, 72), np.uint8).T, "imgs is .* True"),
    ],
)
def test_other_arrays_in_dsprites_are_refused(images, reason, folder, publish):
    writers.sprites(folder / FILES["dsprites"].files[0].name, images)
    publish("dsprites")
    with pytest.raises(DataFileError, match=reason):
        originals.dsprites(64, folder)


def test_dsprites_without_images_is_refused(folder, publish):
    np.savez(folder / FILES["dsprites"].files[0].name, images=np.zeros(3))
    publish("dsprites")
    with pytest.raises(DataFileError, match=r"imgs\.npy"):
        originals.dsprites(64, folder)


def test_all_sizes_of_dsprites_share_one_array(folder, publish, tmp_path):
    write_sprites(folder)
    publish("dsprites")
    for size in SIZES:
        originals.dsprites(size, folder)
    (path,) = (tmp_path / "home" / "derived").glob("*.npy")
    assert path.stat().st_size == 128 + 72 * 512 + 32, "one bit a pixel, and a checksum"


def test_the_first_load_says_whose_images_these_are_and_on_which_terms(folder, publish, capsys):
    write_sprites(folder)
    publish("dsprites")
    originals.dsprites(64, folder)
    said = capsys.readouterr().out
    assert "licence: Apache-2.0" in said and "Matthey" in said
    originals.dsprites(64, folder)
    assert not capsys.readouterr().out


# Shapes3D


@pytest.mark.parametrize("chunks", [None, (1, 64, 64, 3), (144, 4, 4, 1), (11, 64, 64, 3)])
def test_shapes3d_is_read_whatever_its_chunks(chunks, folder, publish):
    expected = write_rooms(folder, chunks)
    publish("shapes3d")
    images = originals.shapes3d(32, folder).render(every(ROOMS))
    np.testing.assert_allclose(images, [expected(row, 32) for row in every(ROOMS)], atol=1e-6)


@pytest.mark.parametrize(
    ("images", "key", "reason"),
    [
        (np.zeros((144, 64, 64, 3), np.uint8), "pictures", "images"),
        (np.zeros((143, 64, 64, 3), np.uint8), "images", r"\(143, 64, 64, 3\)"),
        (np.zeros((144, 3, 64, 64), np.uint8), "images", r"\(144, 3, 64, 64\)"),
        (np.zeros((144, 64, 64, 3), np.float32), "images", "float32"),
    ],
)
def test_other_arrays_in_shapes3d_are_refused(images, key, reason, folder, publish):
    writers.rooms(folder / "3dshapes.h5", images, key=key)
    publish("shapes3d")
    with pytest.raises(DataFileError, match=rf"3dshapes\.h5 cannot be read as 3D Shapes: .*{reason}"):
        originals.shapes3d(64, folder)


# Cars3D


def test_unpacked_cars_are_those_of_the_archive(folder, tmp_path, publish):
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    write_cars(folder)
    write_cars_unpacked(unpacked)
    publish("cars3d")
    np.testing.assert_array_equal(
        originals.cars3d(32, unpacked).render(every(CARS)), originals.cars3d(32, folder).render(every(CARS))
    )


def test_unpacked_cars_that_nobody_vouches_for_stay_apart_and_are_read_again_when_they_change(folder):
    write_cars_unpacked(folder)
    before = originals.cars3d(8, folder).render(every(CARS))
    changed = folder / "data" / "cars" / CAR_NAMES[0]
    changed.write_bytes(writers.car(255 - car_images()[CAR_NAMES[0]]) + b"\0" * 128)
    after = originals.cars3d(8, folder).render(every(CARS))
    kind = sorted(CAR_NAMES).index(CAR_NAMES[0])
    same = (before == after).all(axis=(1, 2, 3))
    np.testing.assert_array_equal(same, every(CARS)[:, 2] != kind)
    with pytest.raises(DataFileError, match="nips2015"):
        originals.cars3d(8, folder.parent / "home")  # the published file is still wanted


def test_members_that_would_leave_the_folder_and_links_are_not_followed(folder, publish, tmp_path):
    content = writers.car(car_images()[CAR_NAMES[0]])
    extra = [
        ("../outside.mat", b"x"),
        ("/tmp/car_666_mesh.mat", content),
        ("data/cars/car_667_mesh.mat", "/etc/passwd"),
    ]
    write_cars(folder, [*extra, ("../../car_668_mesh.mat", content), ("data/cars/._car_001_mesh.mat", b"x")])
    publish("cars3d")
    before = {path for path in tmp_path.rglob("*") if "home" not in path.parts}
    images = originals.cars3d(16, folder).render(every(CARS))
    np.testing.assert_allclose(images, [expected_car(row, 16) for row in every(CARS)], atol=1e-6)
    assert {path for path in tmp_path.rglob("*") if "home" not in path.parts} == before


def test_a_wrong_number_of_cars_is_said(folder, publish):
    content = writers.car(car_images()[CAR_NAMES[0]])
    write_cars(folder, [("data/cars/car_999_mesh.mat", content)])
    publish("cars3d")
    with pytest.raises(
        DataFileError, match=r"nips2015-analogy-data\.tar\.gz holds 5 files car_\.\.\._mesh\.mat instead"
    ):
        originals.cars3d(64, folder)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (writers.car(np.zeros((128, 128, 3, 3, 2), np.uint8), key="images"), "it has no array im"),
        (writers.car(np.zeros((128, 128, 3, 2, 3), np.uint8)), r"im is \(\(128, 128, 3, 2, 3\)"),
        (writers.car(np.zeros((128, 128, 3, 3, 2))), "double"),
        (b"MATLAB 7.3 MAT-file" + bytes(300), ""),
        (b"", ""),
    ],
    ids=["key", "shape", "dtype", "version", "empty"],
)
def test_a_bad_car_is_named(content, reason, folder, publish):
    write_cars(folder, [("data/cars/car_999_mesh.mat", content)])
    publish("cars3d")
    with pytest.raises(DataFileError, match=rf"car_999_mesh\.mat cannot be read as a car of Cars3D: .*{reason}"):
        originals.cars3d(64, folder)


def test_a_car_that_is_there_twice_is_said_with_both_places(folder):
    write_cars_unpacked(folder)
    copy = folder / "copy" / CAR_NAMES[0]
    copy.parent.mkdir()
    copy.write_bytes(writers.car(car_images()[CAR_NAMES[1]]))
    with pytest.raises(DataFileError, match=rf"{copy} and {folder}/data/cars/{CAR_NAMES[0]}: keep one of them"):
        originals.cars3d(8, folder)


def test_what_only_has_the_name_of_a_car_is_not_opened(folder):
    expected = write_cars_unpacked(folder)
    (folder / "car_001_mesh.mat").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "car_003_mesh.mat")  # a reader of it would wait for ever
    images = originals.cars3d(8, folder).render(every(CARS))
    np.testing.assert_allclose(images, [expected(row, 8) for row in every(CARS)], atol=1e-6)


def test_a_car_of_implausible_size_is_not_read(folder, publish, monkeypatch):
    monkeypatch.setattr(formats, "LARGEST", 10**6)  # in place of a hundred times as much, as the test writes it
    write_cars(folder, [("data/cars/car_999_mesh.mat", bytes(10**6 + 1))])
    publish("cars3d")
    with pytest.raises(
        DataFileError, match=r"car_999_mesh\.mat has 1,000,001 bytes, where a car has at most 1,000,000"
    ):
        originals.cars3d(8, folder)
    (folder / FILES["cars3d"].files[0].name).unlink()
    write_cars_unpacked(folder)
    (folder / "data" / "cars" / CAR_NAMES[0]).write_bytes(bytes(10**6 + 1))
    with pytest.raises(DataFileError, match=rf"{CAR_NAMES[0]} cannot be read .* it has 1,000,001 bytes"):
        originals.cars3d(8, folder)


def test_files_that_nobody_vouches_for_are_said(folder, capsys):
    for write, constructor in ((write_cars_unpacked, "cars3d"), (partial(write_toys, zipped=False), "smallnorb")):
        write(folder)
        data.load(constructor, source="original", size=8, folder=folder)
        assert "no checksums were published: a damaged pixel in them" in capsys.readouterr().out


@pytest.mark.parametrize("version", [4, 5, 7.3])
def test_a_car_is_read_as_matlab_and_scipy_write_it(version, tmp_path):
    images = rng(8).integers(0, 256, (128, 128, 3, 3, 2), np.uint8)
    stored = io.BytesIO()
    savemat(stored, {"list": np.arange(5000.0), "im": images}, do_compression=False)
    content = stored.getvalue()
    if version == 5:
        np.testing.assert_array_equal(matlab.read(content, "im", images.shape), images)
        swapped = writers.big_endian(images)
        np.testing.assert_array_equal(loadmat(io.BytesIO(swapped))["im"], images)
        np.testing.assert_array_equal(matlab.read(swapped, "im", images.shape), images)
        compressed = writers.car(images)
        np.testing.assert_array_equal(matlab.read(compressed, "im", images.shape), images)
    else:
        head = b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM" if version == 7.3 else b"\0" * 20
        with pytest.raises(ValueError, match="not a MATLAB file of version 5 to 7"):
            matlab.read(head + content[128:], "im", images.shape)


# SmallNORB


def test_uncompressed_matrices_are_those_of_the_archives(folder, tmp_path, publish):
    unzipped = tmp_path / "unzipped"
    unzipped.mkdir()
    write_toys(folder)
    write_toys(unzipped, zipped=False)
    publish("smallnorb")
    one, other = (originals.smallnorb(32, each).render(every(TOYS), rng(1)) for each in (unzipped, folder))
    np.testing.assert_array_equal(one, other)


def test_the_toy_is_drawn_for_every_image_and_needs_a_generator(folder, publish):
    expected = write_toys(folder)
    publish("smallnorb")
    data_set = originals.smallnorb(8, folder)
    row = np.array([1, 2, 3, 0])
    images = data_set.render(np.tile(row, (300, 1)), rng(1))
    counts = [sum(np.allclose(image, toy, atol=1e-6) for image in images) for toy in expected(row, 8)]
    assert sum(counts) == 300
    assert min(counts) > 60  # 100 are expected of each toy, with a standard deviation of 8
    with pytest.raises(ValueError, match=r"smallnorb .*needs rng, a numpy.random.Generator"):
        data_set.render(row[None])


def test_ringing_of_the_filter_is_clipped(folder, publish):
    stripes = np.zeros((len(toy_cells()), 2, 96, 96), np.uint8)
    stripes[..., 24:72] = 255
    writers.matrices(folder, [file.name for file in FILES["smallnorb"].files], stripes, toy_cells())
    publish("smallnorb")
    image = originals.smallnorb(64, folder).render(np.zeros((1, 4), int), rng())[0, 32, :, 0]
    assert (image.min(), image.max()) == (0.0, 1.0)
    assert image[[0, 31, 63]].tolist() == [0, 1, 0]


def replaced(folder, index, content, publish):
    """The set with the file at ``index`` (dat, cat, info, dat, cat, info) exchanged; its path."""
    write_toys(folder)
    path = folder / FILES["smallnorb"].files[index].name
    path.write_bytes(gzip.compress(content))
    publish("smallnorb")
    return path


HALF = len(toy_cells()) // 2
INFO = (toy_cells()[HALF:, 1:] * [1, 1, 2, 1]).astype(np.int32)
CATEGORY = toy_cells()[HALF:, 0].astype(np.int32)


@pytest.mark.parametrize(
    ("index", "content", "reason"),
    [
        (
            3,
            writers.matrix(np.zeros((HALF, 2, 96, 96), np.int32)),
            "its first number is 507333716 instead of 507333717",
        ),
        (4, writers.matrix(CATEGORY.astype(np.float32)), "its first number is 507333713"),
        (4, writers.matrix(CATEGORY[:, None]), "the number of dimensions is 2 instead of 1"),
        (5, writers.matrix(INFO[:, :3]), "its shape is"),
        (5, writers.matrix(INFO[:-1]), "the number of its rows is 95 instead of 96"),
        (5, writers.matrix(INFO + np.int32([0, 0, 1, 0])), "odd azimuths is 96"),
        (3, writers.matrix(np.zeros((HALF - 1, 2, 96, 96), np.uint8)), "the number of its pairs is 95 instead of 96"),
        (3, writers.matrix(np.zeros((HALF, 2, 64, 64), np.uint8)), "its shape is"),
        (4, writers.matrix(CATEGORY)[:-1], "it ends 1 bytes too early"),
        (4, writers.matrix(CATEGORY) + b"\0", "the number of bytes after its end is 1"),
        (
            3,
            writers.matrix(rng().integers(0, 256, (HALF, 2, 96, 96), np.uint8)) + b"\0",
            "the number of bytes after its end is 1",
        ),
        (0, b"short", "it ends 3 bytes too early"),
        (3, writers.matrix(np.zeros((HALF, 2, 96, 96), np.uint8)), r"photograph 0 \(counted from 0\) is 0 everywhere"),
        (4, writers.matrix(CATEGORY, rows=-1), r"its shape is \[-1, ...\], where both parts together have 192 rows"),
        (4, writers.matrix(CATEGORY, rows=2**31 - 1), r"its shape is \[2147483647, ...\]"),
        (5, writers.matrix(INFO, rows=0), r"its shape is \[0, ...\]"),
        (4, writers.matrix(CATEGORY + 1), "the classes of category are 1 to 2 instead of 0 to 1"),
        (5, writers.matrix(INFO - np.int32([0, 1, 0, 0])), "the classes of elevation are -1 to 1 instead of 0 to 2"),
        (5, writers.matrix(INFO + np.int32([0, 0, 2, 0])), "the classes of azimuth are 1 to 4 instead of 0 to 3"),
        (5, writers.matrix(np.where([1, 0, 0, 0], 1 + INFO // 3, INFO)), r"the toys in it, .* is \[1, 2\] instead"),
    ],
)
def test_a_bad_matrix_is_named(index, content, reason, folder, publish):
    path = replaced(folder, index, content, publish)
    with pytest.raises(DataFileError, match=rf"{path} cannot be read as a matrix of small NORB: .*{reason}"):
        originals.smallnorb(64, folder)


@pytest.mark.parametrize("column", range(5))
def test_combinations_that_are_missing_or_doubled_are_refused(column, folder, publish):
    category, info = CATEGORY.copy(), INFO.copy()
    labels = category if column == 0 else info[:, column - 1]
    labels[0] = next(value for value in labels if value != labels[0])
    path = replaced(folder, 4 if column == 0 else 5, writers.matrix(category if column == 0 else info), publish)
    with pytest.raises(
        DataFileError, match=r"do not hold every combination .*\(2 x 4 x 3 x 4 x 2\) once: 191 of 192 .*category \d"
    ) as error:
        originals.smallnorb(64, folder)
    assert str(path) in str(error.value)


def test_labels_of_the_other_part_are_refused(folder):
    write_toys(folder, zipped=False)
    names = [file.name.removesuffix(".gz") for file in FILES["smallnorb"].files]
    for training, testing in ((1, 4), (2, 5)):
        content = (folder / names[training]).read_bytes()
        (folder / names[training]).write_bytes((folder / names[testing]).read_bytes())
        (folder / names[testing]).write_bytes(content)
    with pytest.raises(DataFileError, match=rf"{names[2]} cannot be read .* is \[0, 3\] instead of \[1, 2\]"):
        originals.smallnorb(64, folder)


@pytest.mark.parametrize("index", range(6))
def test_a_missing_matrix_is_named(index, folder, publish):
    write_toys(folder)
    publish("smallnorb")
    path = folder / FILES["smallnorb"].files[index].name
    path.unlink()
    with pytest.raises(DataFileError, match=f"{path.name} is not in"):
        originals.smallnorb(64, folder)


# The painting


def picture(path, width=800, height=1000, mode="RGB"):
    ramp = np.linspace(0, 255, width).astype(np.uint8)
    image = Image.fromarray(np.tile(ramp, (height, 1))).convert(mode)
    image.save(path, format="JPEG", quality=95)


@pytest.mark.parametrize("name", ["scream.jpg", "The_Scream.jpg"])
@pytest.mark.parametrize(("size", "shape"), [(None, (274, 219, 3)), (64, (274, 219, 3)), (32, (137, 110, 3))])
def test_the_painting_is_reduced_to_fit(name, size, shape, folder):
    picture(folder / name)
    image = originals.painting(size, folder)
    assert image.shape == shape
    assert image.dtype == np.float32
    # A ramp from black to white stays one.
    np.testing.assert_allclose(image, np.broadcast_to(np.linspace(0, 1, shape[1])[:, None], shape), atol=0.03)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_a_painting_in_other_colours_has_three_channels(mode, folder):
    picture(folder / "scream.jpg", mode=mode)
    assert originals.painting(64, folder).shape == (274, 219, 3)


def test_a_bad_painting_is_named(folder):
    path = folder / "scream.jpg"
    picture(path)
    whole = path.read_bytes()
    for content in (b"", b"no picture", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(DataFileError, match=f"{path} cannot be read as the painting"):
            originals.painting(64, folder)
    picture(path, 64, 64)
    with pytest.raises(DataFileError, match="too small for backgrounds of 64 x 64"):
        originals.painting(64, folder)
    path.unlink()
    with pytest.raises(DataFileError, match=r"The_Scream\.jpg is not in .*wikimedia"):
        originals.painting(64, folder)
    with pytest.raises(ValueError, match="size must be a whole number"):
        originals.painting(0, folder)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda whole: png(800, 1000), "it is not a JPEG image"),  # Pillow would open it
        (lambda whole: b"P6 800 1000 255\n" + bytes(2_400_000), "it is not a JPEG image"),
        (lambda whole: b'{"error": "rate limited"}', "it is not a JPEG image"),
        (lambda whole: whole[:500], ""),
        (lambda whole: sized(whole, 65_000, 65_000), "pixels|decompression bomb"),
        (lambda whole: sized(whole, 10_100, 10_000), "it is 10100 x 10000 pixels, more than 100,000,000"),
    ],
    ids=["png", "ppm", "json", "head", "bomb", "large"],
)
@pytest.mark.parametrize("name", ["scream.jpg", "The_Scream.jpg"])
def test_what_is_no_jpeg_of_a_plausible_size_is_refused_before_it_is_decoded(name, content, reason, folder):
    picture(folder / name)
    (folder / name).write_bytes(content((folder / name).read_bytes()))
    with pytest.raises(DataFileError, match=rf"{folder / name} (cannot be read as|is not) .*({reason}).*wikimedia"):
        originals.painting(64, folder)


def png(width, height):
    content = io.BytesIO()
    Image.new("RGB", (width, height)).save(content, format="PNG")
    return content.getvalue()


def sized(jpeg, width, height):
    """A JPEG whose header claims another size."""
    at = re.search(rb"\xff\xc0..\x08", jpeg, re.DOTALL).end()
    return jpeg[:at] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + jpeg[at + 4 :]


# Damage behind the checksum: a seeded campaign on each reader


def damaged(content, count, seed):
    """``count`` copies with a bit changed, a stretch of zeros, or an early end; half of them in the first 256 bytes."""
    for i in range(count):
        draw, copy = rng(seed * 1000 + i), bytearray(content)
        at = draw.integers(min(256, len(content)) if i % 2 else len(content))
        if i % 3 == 0:
            copy[at] ^= 1 << draw.integers(8)
        elif i % 3 == 1:
            copy[at : at + 64] = bytes(len(copy[at : at + 64]))
        else:
            del copy[at:]
        yield bytes(copy)


def car_of(path):
    return formats.car(path, path, 1, 2, 8)


def cars_of(path):
    return np.stack([formats.car(name, content, 1, 2, 8) for name, content in formats.members(path)])


def sprites_of(path):
    packed = np.zeros((20, 512), np.uint8)
    formats.pack(path, packed)
    return packed


def info_of(path):
    return formats.cells(path.with_name("cat"), path, (2, 4, 3, 4, 2), PARTS[1])


def category_of(path):
    return formats.cells(path, path.with_name("info"), (2, 4, 3, 4, 2), PARTS[1])


def left_of(path):
    """Whether the photographs can be read; which they are, only the checksum of a packed file tells."""
    return np.array([photograph.shape for photograph in formats.left(path, 5)])


SMOOTH = np.tile(np.arange(128, dtype=np.uint8)[:, None, None, None, None], (1, 128, 3, 2, 1))


@pytest.mark.parametrize(
    ("read", "content"),
    [
        (car_of, lambda: writers.car(SMOOTH)),
        (cars_of, lambda: [("data/cars/car_1_mesh.mat", writers.car(SMOOTH))]),
        (sprites_of, lambda: (rng(9).random((20, 64, 64)) < 0.3).astype(np.uint8)),
        (info_of, lambda: writers.matrix(INFO)),
        (category_of, lambda: writers.matrix(CATEGORY)),
        (left_of, lambda: writers.matrix(rng(9).integers(1, 256, (5, 2, 96, 96), np.uint8))),
    ],
    ids=["car", "cars", "sprites", "info", "category", "photographs"],
)
def test_a_damaged_file_is_named_or_reads_the_same(read, content, tmp_path):
    path, content = tmp_path / "damaged", content()
    (tmp_path / "cat").write_bytes(writers.matrix(CATEGORY))
    (tmp_path / "info").write_bytes(writers.matrix(INFO))
    {cars_of: writers.archive, sprites_of: store}.get(read, type(path).write_bytes)(path, content)
    wanted, whole, refused = read(path), path.read_bytes(), 0
    for copy in damaged(whole, 120, 7):
        path.write_bytes(copy)
        try:
            found = read(path)
        except DataFileError as error:
            assert str(path) in str(error)
            refused += 1
            continue
        if read in (info_of, category_of) and not np.array_equal(found, wanted):
            # A label that is another label now: its image is there twice, or not at all.
            assert len({*map(tuple, wanted)} - {*map(tuple, found)}) > 0
        else:
            np.testing.assert_array_equal(found, wanted)
    assert refused > 40


def store(path, images):
    with open(path, "wb") as file:  # NumPy would append .npz to the name
        writers.sprites(file, images)


# The table of what was published


def test_every_published_file_has_what_it_takes_to_get_and_cite_it():
    assert set(FILES) == {*SETS, "mpi3d_toy", "mpi3d_realistic", "painting"}
    for name, entry in FILES.items():
        assert entry.licence
        assert re.search(r"(18|19|20)\d\d", entry.citation)
        for file in entry.files:
            assert all(url.startswith("http") and url.endswith(file.name) for url in file.urls)
            assert name == "painting" or re.fullmatch(r"sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}", file.known_hash)
    files = [file for entry in FILES.values() for file in entry.files]
    assert len({file.name for file in files}) == len({file.known_hash for file in files}) == 13


# Variants of published sprites


@pytest.mark.parametrize("size", [32, 64])
@pytest.mark.parametrize("name", ["color_dsprites", "noisy_dsprites", "scream_dsprites"])
def test_variants_are_made_of_the_published_sprites(name, size, folder, publish):
    expected = write_sprites(folder)
    publish("dsprites")
    Image.fromarray(rng(6).integers(0, 256, (300, 250, 3), np.uint8)).save(folder / "scream.jpg")
    data_set = data.load(name, source="original", size=size, folder=folder)
    assert (data_set.name, data_set.source, data_set.image_shape) == (name, "original", (size, size, 3))
    rows = every(SPRITES)[::7]
    images = data_set.render(rows, rng())
    assert images.dtype == np.float32 and 0 <= images.min() < images.max() <= 1
    np.testing.assert_array_equal(images, data_set.render(rows, rng()))
    for row, image in zip(rows, images, strict=True):
        share = expected(row, size)
        if name == "color_dsprites":  # one number a channel, that of the whitest pixel
            colour = image.max(axis=(0, 1)) / share.max()
            np.testing.assert_allclose(image, share * colour, atol=1e-6)
        if name == "noisy_dsprites":
            assert (image >= share - 1e-6).all() and (image[share[..., 0] == 1] == 1).all()
        if name == "scream_dsprites":  # half a patch and half a colour, inverted where the sprite is
            assert len(np.unique(image[share[..., 0] == 0].round(3), axis=0)) > 5
    with pytest.raises(ValueError, match="needs rng"):
        data_set.render(rows)


# MPI3D


def test_the_factors_of_mpi3d_make_all_published_images():
    assert np.prod(list(PUBLISHED_ARMS.values())) == 1_036_800


@pytest.mark.parametrize("which", ["toy", "realistic", "real"])
def test_mpi3d_is_read_from_a_folder_or_its_file_and_never_drawn(which, folder, publish):
    name = f"mpi3d_{which}"
    images = rng(1).integers(0, 256, (len(every(ARMS)), 64, 64, 3), np.uint8)
    writers.photographs(folder / f"{name}.npz", images)
    publish(name)
    for given in (folder, folder / f"{name}.npz"):
        found = data.load(name, "original", 32, given)
        assert found.name == name and found.sizes == ARMS and "CC BY 4.0" in found.about and which in found.about
    with pytest.raises(
        ValueError, match=rf"{name} cannot be drawn by this package, only read: load\('{name}', 'original'"
    ):
        data.load(name)
    with pytest.raises(DataFileError, match="does not exist or is not a folder"):
        data.load(name, "original", 16, folder / "another.npz")


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        (np.zeros((24, 64, 64), np.uint8), r"images is \(\(24, 64, 64\)"),
        (np.zeros((23, 64, 64, 3), np.uint8), r"images is \(\(23, 64, 64, 3\)"),
        (np.zeros((24, 64, 64, 3), np.float32), "float32"),
        (np.zeros((24, 64, 64, 3), np.uint8), r"image 0 \(counted from 0\) is 0 everywhere"),
    ],
)
def test_other_arrays_in_mpi3d_are_refused(images, reason, folder, publish):
    writers.photographs(folder / "mpi3d_real.npz", images)
    publish("mpi3d_real")
    with pytest.raises(DataFileError, match=reason):
        originals.mpi3d("real", 64, folder)
