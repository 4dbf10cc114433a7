"""The published data sets, read from their authors' files: the same ``DataSet`` as the renderers return.

Files come from the user's ``folder`` or are downloaded; the first load of a size converts them to an array that later
loads map into memory without opening the files again (``files.derived``). Images are ``size`` x ``size`` with size 64
(as in the study), 32, 16 or 8. dSprites and Shapes3D are 64 pixels wide and are reduced by means over blocks; Cars3D
(128) and SmallNORB (96) are reduced by Pillow's Lanczos filter on 8-bit images. Every constructor raises ValueError for
another size and DataFileError for a file that cannot be obtained or is not the published one.
"""

import gzip
import hashlib
import io
import re
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path

import h5py
import numpy as np
from PIL import Image
from scipy.io import loadmat

from dlnb import checks
from dlnb.data.cars3d import SIZES as CARS3D
from dlnb.data.dataset import DataSet
from dlnb.data.dsprites import SIZES as DSPRITES
from dlnb.data.files import DataFileError, derived, fetch, find
from dlnb.data.published import FILES
from dlnb.data.shapes3d import SIZES as SHAPES3D
from dlnb.data.smallnorb import INSTANCES
from dlnb.data.smallnorb import SIZES as SMALLNORB

CHUNK = 1000  # images converted at a time
CAR = re.compile(r"car_.+_mesh\.mat")
BYTES, INTEGERS = 507333717, 507333716  # magic numbers of small NORB's binary matrices of uint8 and int32


def dsprites(size: int = 64, folder: str | Path | None = None) -> DataSet:
    """Binary at size 64; at smaller sizes a pixel is the share of white in its block. Cached as bits: 377 MB."""
    size, shape = _size(size), tuple(DSPRITES.values())
    file = FILES["dsprites"].files[0]
    packed = _converted("dsprites", "1", (*shape, 64 * 64 // 8), lambda array: _pack(fetch(file, folder), array))

    def render(factors, rng=None):
        rows = packed[tuple(checks.factors(factors, DSPRITES).T)]
        sums = _block_sums(np.unpackbits(rows, axis=1).reshape(-1, 64, 64), size)
        return np.divide(sums[..., None], (64 // size) ** 2, dtype=np.float32)

    return DataSet("dsprites", dict(DSPRITES), render, "original", FILES["dsprites"].about)


def shapes3d(size: int = 64, folder: str | Path | None = None) -> DataSet:
    """Three channels; means over blocks are rounded to 8 bits. The cache takes 5.9 GB of disk at size 64."""
    size, shape = _size(size), tuple(SHAPES3D.values())
    file = FILES["shapes3d"].files[0]
    images = _converted("shapes3d", "1", (*shape, size, size, 3), lambda array: _shrink(fetch(file, folder), array))
    return _stored("shapes3d", SHAPES3D, images)


def cars3d(size: int = 64, folder: str | Path | None = None) -> DataSet:
    """Three channels. ``folder`` holds the archive or, unpacked, the files car_..._mesh.mat.

    The classes of "type" are in alphabetical order of the files' names. The study used the order in which its disk
    listed them, so its numbering of the types is unknown; its scores treat types as unordered classes.
    """
    size, shape = _size(size), tuple(CARS3D.values())
    file, unpacked = FILES["cars3d"].files[0], []
    if folder is not None and find(file.name, folder) is None:
        unpacked = [path for path in Path(folder).expanduser().rglob("car_*_mesh.mat") if CAR.fullmatch(path.name)]

    def make(array):
        source = folder if unpacked else fetch(file, folder)
        members = zip(unpacked, unpacked, strict=True) if unpacked else _members(source)
        cars = {path.name: _car(path, content, array.shape) for path, content in members}
        if len(cars) != shape[2]:
            raise DataFileError(f"{source} holds {len(cars)} files car_..._mesh.mat instead of {shape[2]}")
        for i, name in enumerate(sorted(cars)):
            array[:, :, i] = cars[name]

    return _stored("cars3d", CARS3D, _converted("cars3d", _version(unpacked), (*shape, size, size, 3), make))


def smallnorb(size: int = 64, folder: str | Path | None = None) -> DataSet:
    """One channel. Which of a category's 10 toys (instances) is shown is not a factor: ``rng`` draws it for each image.

    ``folder`` holds the six files .mat.gz or, uncompressed, .mat. The study's code resized the photographs as 32-bit
    integers without clipping, so that ringing of the filter left values from about -0.1 to 1.1; ours stay in [0, 1]
    and differ from those by a few grey levels.
    """
    size, shape = _size(size), tuple(SMALLNORB.values())
    shape = shape[0], INSTANCES, *shape[1:]
    files = FILES["smallnorb"].files
    unzipped = {}
    if folder is not None:
        found = {file: find(file.name.removesuffix(".gz"), folder) for file in files if not find(file.name, folder)}
        unzipped = {file: path for file, path in found.items() if path is not None}

    def make(array):
        paths = [unzipped.get(file) or fetch(file, folder) for file in files]
        chunks = [(paths[i], _cells(*paths[i + 1 : i + 3])) for i in (0, 3)]
        cells = np.concatenate([cells for _, cells in chunks])
        inside = ((cells >= 0) & (cells < shape)).all()
        if len(cells) != prod(shape) or not inside or len(np.unique(cells, axis=0)) != len(cells):
            raise DataFileError(
                f"{paths[2]} and {paths[5]} do not hold every combination of category, instance, elevation, azimuth "
                f"and lighting ({' x '.join(map(str, shape))}) once"
            )
        for path, cells in chunks:
            for cell, photograph in zip(cells, _left(path, len(cells)), strict=True):
                array[tuple(cell)] = _reduced(photograph, size)[..., None]

    images = _converted("smallnorb", _version(unzipped.values()), (*shape, size, size, 1), make)

    def render(factors, rng=None):
        rng = checks.generator(rng, "smallnorb draws a toy of the category for every image and")
        category, *rest = checks.factors(factors, SMALLNORB).T
        return _unit(images[category, rng.integers(INSTANCES, size=len(category)), *rest])

    return DataSet("smallnorb", dict(SMALLNORB), render, "original", FILES["smallnorb"].about)


def painting(size: int | None = None, folder: str | Path | None = None) -> np.ndarray:
    """The painting behind Scream-dSprites for images of ``size`` (64) pixels: float32 [height, width, 3] in [0, 1].

    As in the study it is reduced to fit 350 x 274 pixels, times ``size`` / 64; pixels depend slightly on the version of
    Pillow. ``folder`` holds it as scream.jpg or The_Scream.jpg. No checksum of it was published.
    """
    size, file = 64 if size is None else checks.whole(size, "size", minimum=8), FILES["painting"].files[0]
    path = (find("scream.jpg", folder) if folder is not None else None) or fetch(file, folder)
    with _reading(path, "the painting"), Image.open(path) as image:
        image.thumbnail((350 * size // 64, 274 * size // 64))
        if min(image.size) <= size:
            raise ValueError(f"it is {image.width} x {image.height}, too small for backgrounds of {size} x {size}")
        return _unit(np.asarray(image.convert("RGB")))


def _converted(name: str, version: str, shape: tuple[int, ...], make) -> np.ndarray:
    """``derived``, which prints the authors and the licence of the images when it converts them."""

    def make_and_tell(array):
        make(array)
        print(FILES[name].about)

    return derived(name, version, shape, make_and_tell)


def _size(size: int) -> int:
    if checks.whole(size, "size", minimum=8) not in (64, 32, 16, 8):
        raise ValueError(f"size must be 64, 32, 16 or 8 for published images, not {size}")
    return int(size)


def _stored(name: str, sizes: dict[str, int], images: np.ndarray) -> DataSet:
    """The data set ``name`` of uint8 ``images`` [*sizes, h, w, c]."""

    def render(factors, rng=None):
        return _unit(images[tuple(checks.factors(factors, sizes).T)])

    return DataSet(name, dict(sizes), render, "original", FILES[name].about)


def _unit(images: np.ndarray) -> np.ndarray:
    return np.divide(np.asarray(images), 255, dtype=np.float32)


def _version(paths) -> str:
    """Version of a conversion; for files without a checksum it depends on paths, sizes and modification times."""
    seen = "".join(sorted(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}\n" for path in paths))
    return f"1-{hashlib.sha256(seen.encode()).hexdigest()[:12]}" if seen else "1"


@contextmanager
def _reading(path: Path, what: str):
    """Libraries raise all kinds of errors for damaged files; replace them by one error that names the file."""
    try:
        yield
    except (DataFileError, MemoryError):
        raise
    except Exception as error:
        raise DataFileError(f"{path} cannot be read as {what}: {error}") from error


def _expect(what: str, found, published):
    if found != published:
        raise ValueError(f"{what} is {found} instead of {published}")


def _take(stream, count: int) -> bytes:
    content = stream.read(count)
    if len(content) < count:
        raise EOFError(f"it ends {count - len(content):,} bytes too early")
    return content


def _block_sums(images: np.ndarray, size: int) -> np.ndarray:
    """Sums over blocks of pixels: [n, h, h, ...] -> [n, size, size, ...] of the same dtype."""
    while images.shape[1] > size:
        images = images[:, 0::2] + images[:, 1::2]
        images = images[:, :, 0::2] + images[:, :, 1::2]
    return images


def _reduced(image: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(Image.fromarray(np.ascontiguousarray(image)).resize((size, size), Image.Resampling.LANCZOS))


def _pack(path: Path, packed: np.ndarray):
    """Read only "imgs", in parts (3 GB in all); the metadata in the archive is a pickle and is never loaded."""
    with _reading(path, "dSprites"), zipfile.ZipFile(path) as archive, archive.open("imgs.npy") as stream:
        readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, fortran, dtype = readers[np.lib.format.read_magic(stream)](stream)
        rows = packed.reshape(-1, packed.shape[-1])
        _expect("imgs", (shape, dtype.name, fortran), ((len(rows), 64, 64), "uint8", False))
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            pixels = np.frombuffer(_take(stream, 64 * 64 * len(part)), np.uint8)
            _expect("the largest pixel", max(1, pixels.max()), 1)
            part[:] = np.packbits(pixels.reshape(len(part), -1), axis=1)


def _shrink(path: Path, array: np.ndarray):
    size = array.shape[-2]
    rows, block = array.reshape(-1, size, size, 3), (64 // size) ** 2
    with _reading(path, "3D Shapes"), h5py.File(path, "r") as file:
        images = file["images"]
        _expect("images", (images.shape, images.dtype.name), ((len(rows), 64, 64, 3), "uint8"))
        stored = (images.chunks or (1,))[0]  # a stored chunk split between two reads would be decompressed twice
        step = max(CHUNK // stored, 1) * stored
        for start in range(0, len(rows), step):
            sums = _block_sums(images[start : start + step].astype(np.uint16), size)
            rows[start : start + step] = (sums + block // 2) // block


def _members(path: Path) -> Iterator[tuple[Path, io.BytesIO]]:
    """(path, content) of the cars in the archive. Nothing is extracted to disk, so no member can escape a folder."""
    with _reading(path, "an archive of Cars3D"), tarfile.open(path, "r:gz") as archive:
        for member in archive:
            *_, parent, name = "", *member.name.split("/")
            if member.isfile() and parent == "cars" and CAR.fullmatch(name):
                yield path / name, io.BytesIO(archive.extractfile(member).read())


def _car(path: Path, content: Path | io.BytesIO, shape: tuple[int, ...]) -> np.ndarray:
    """uint8 [elevation, azimuth, size, size, 3] of one model."""
    with _reading(path, "a car of Cars3D"):
        arrays = loadmat(content, variable_names=["im"])
        if "im" not in arrays:
            raise ValueError("it has no array im")
        images = arrays["im"]
        _expect("im", (images.shape, images.dtype.name), ((128, 128, 3, shape[1], shape[0]), "uint8"))
        return np.array([[_reduced(image, shape[-2]) for image in row] for row in images.transpose(4, 3, 0, 1, 2)])


@contextmanager
def _matrix(path: Path, magic: int, *shape: int | None):
    """(stream, rows) of a binary matrix [rows, *shape] of small NORB, gzipped or not, after its header."""
    with _reading(path, "a matrix of small NORB"), (gzip.open if path.suffix == ".gz" else open)(path, "rb") as stream:
        found, dimensions = struct.unpack("<2i", _take(stream, 8))
        _expect("its first number", found, magic)
        _expect("the number of dimensions", dimensions, 1 + len(shape))
        rows, *rest = struct.unpack(f"<{max(3, dimensions)}i", _take(stream, 4 * max(3, dimensions)))
        _expect("its shape", (rows, *rest[: len(shape)]), (rows, *shape))
        yield stream, rows
        _expect("the number of bytes after its end", len(stream.read(1)), 0)


def _cells(cat: Path, info: Path) -> np.ndarray:
    """int [n, 5]: category, instance, elevation, azimuth, lighting."""
    with _matrix(cat, INTEGERS) as (stream, n):
        category = np.frombuffer(_take(stream, 4 * n), "<i4").reshape(n, 1)
    with _matrix(info, INTEGERS, 4) as (stream, rows):
        _expect("the number of its rows", rows, n)
        cells = np.hstack([category, np.frombuffer(_take(stream, 16 * n), "<i4").reshape(n, 4)])
        _expect("the number of odd azimuths", int((cells[:, 3] % 2).sum()), 0)  # 0, 2, ..., 34: tens of degrees
    return cells // [1, 1, 1, 2, 1]


def _left(dat: Path, n: int) -> Iterator[np.ndarray]:
    """The left photograph, uint8 [96, 96], of every stereo pair."""
    with _matrix(dat, BYTES, 2, 96, 96) as (stream, rows):
        _expect("the number of its pairs", rows, n)
        for _ in range(n):
            yield np.frombuffer(_take(stream, 2 * 96 * 96), np.uint8).reshape(2, 96, 96)[0]
