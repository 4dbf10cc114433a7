"""Readers of the published files: NumPy's and MATLAB's formats, HDF5, small NORB's binary matrices and JPEG.

Sizes, types and ranges are those that were published, or the file is refused with DataFileError, which names it. They
are checked before anything is read, so that a damaged file cannot fill the memory.
"""

import gzip
import re
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil, prod
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from dlnb.data import matlab
from dlnb.data.downloads import DataFileError

CHUNK = 1000  # images converted at a time
CAR = re.compile(r"car_.+_mesh\.mat")
BYTES, INTEGERS = 507333717, 507333716  # magic numbers of small NORB's binary matrices of uint8 and int32
LABELS = "category", "instance", "elevation", "azimuth", "lighting"
LARGEST = 10**8  # bytes of a car, whose images have 4.7 million of them
PIXELS = 100_000_000  # of a JPEG; a small file can claim any number of them


@contextmanager
def reading(path: Path, what: str, remedy: str = "download or unpack it again"):
    """Libraries raise all kinds of errors for damaged files; replace them by one error that names the file."""
    try:
        yield
    except DataFileError:
        raise
    except MemoryError as error:
        raise DataFileError(
            f"{path} cannot be read as {what}: it takes more memory than there is. If there is plenty, {remedy}"
        ) from error
    except Exception as error:
        reason = str(error).rstrip(".") or type(error).__name__
        raise DataFileError(f"{path} cannot be read as {what}: {reason}. If you can, {remedy}") from error


def expect(what: str, found, published):
    """Raise ValueError unless ``found`` is what was published."""
    if found != published:
        raise ValueError(f"{what} is {found} instead of {published}")


def _take(stream, count: int) -> bytes:
    content = stream.read(count)
    if len(content) < count:
        raise EOFError(f"it ends {count - len(content):,} bytes too early")
    return content


def _varied(what: str, images: np.ndarray):
    """Raise ValueError if one of ``images`` [n, ...] has a single value, as where a copy stopped and left zeros."""
    flat = images.reshape(len(images), -1)
    if (blank := np.flatnonzero(flat.min(axis=1) == flat.max(axis=1))).size:
        raise ValueError(f"{what} {blank[0]} (counted from 0) is {flat[blank[0], 0]} everywhere")


def block_sums(images: np.ndarray, size: int) -> np.ndarray:
    """Sums over blocks of pixels: [n, h, h, ...] -> [n, size, size, ...] of the same dtype."""
    while images.shape[1] > size:
        images = images[:, 0::2] + images[:, 1::2]
        images = images[:, :, 0::2] + images[:, :, 1::2]
    return images


def reduced(image: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(Image.fromarray(np.ascontiguousarray(image)).resize((size, size), Image.Resampling.LANCZOS))


# dSprites


def pack(path: Path, packed: np.ndarray):
    """Fill uint8 ``packed`` [..., 512], in order, with the images of dSprites, 64 x 64 bits each.

    Only "imgs" is read, in parts (3 GB in all); the metadata in the archive is a pickle and is never loaded.
    """
    rows = packed.reshape(-1, packed.shape[-1])
    with reading(path, "dSprites"):
        for start, pixels in _parts(path, "imgs", (len(rows), 64, 64)):
            expect("the largest pixel", max(1, pixels.max()), 1)
            rows[start : start + len(pixels)] = np.packbits(pixels.reshape(len(pixels), -1), axis=1)


def _parts(path: Path, name: str, shape: tuple[int, ...]) -> Iterator[tuple[int, np.ndarray]]:
    """(first row, rows) of the array ``name`` uint8 of that shape in an .npz, a few at a time and in order."""
    with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as stream:
        readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        version = np.lib.format.read_magic(stream)
        if version not in readers:
            raise ValueError(f"{name} is of version {version} of NumPy's format, not (1, 0) or (2, 0)")
        found, fortran, dtype = readers[version](stream)
        expect(name, (found, dtype.name, fortran), (shape, "uint8", False))
        for start in range(0, shape[0], CHUNK):
            count = min(CHUNK, shape[0] - start)
            content = _take(stream, count * prod(shape[1:]))
            yield start, np.frombuffer(content, np.uint8).reshape(count, *shape[1:])
        expect(f"the number of bytes after {name}", len(stream.read(1)), 0)


# 3D Shapes


def shrink(path: Path, array: np.ndarray):
    """Fill uint8 ``array`` [..., size, size, 3], in order, with the images of 3D Shapes, reduced by means of blocks."""
    size = array.shape[-2]
    rows, block = array.reshape(-1, size, size, 3), (64 // size) ** 2
    with reading(path, "3D Shapes"), h5py.File(path, "r") as file:
        if not isinstance(images := file.get("images"), h5py.Dataset):
            raise ValueError("it has no array images")
        expect("images", (images.shape, images.dtype.name), ((len(rows), 64, 64, 3), "uint8"))
        stored = (images.chunks or (1,))[0]  # a stored chunk split between two reads would be decompressed twice
        if images.chunks:  # HDF5 reads zeros where a chunk was never written
            chunks = prod(ceil(n / m) for n, m in zip(images.shape, images.chunks, strict=True))
            expect("the number of chunks", images.id.get_num_chunks(), chunks)
        else:
            expect("the number of bytes of images", images.id.get_storage_size(), images.nbytes)
        step = max(CHUNK // stored, 1) * stored
        for start in range(0, len(rows), step):
            sums = block_sums(images[start : start + step].astype(np.uint16), size)
            rows[start : start + step] = (sums + block // 2) // block


# MPI3D


def photographs(path: Path, array: np.ndarray):
    """Fill uint8 ``array`` [..., size, size, 3], in order, with the images of MPI3D, reduced by means of blocks.

    Only "images" is read, in parts (13 GB in all).
    """
    size = array.shape[-2]
    rows, block = array.reshape(-1, size, size, 3), (64 // size) ** 2
    with reading(path, "MPI3D"):
        for start, images in _parts(path, "images", (len(rows), 64, 64, 3)):
            _varied("image", images)
            sums = block_sums(images.astype(np.uint16), size)
            rows[start : start + len(images)] = (sums + block // 2) // block


# Cars3D


def members(path: Path) -> Iterator[tuple[Path, bytes]]:
    """(path, content) of the cars in the archive. Nothing is extracted to disk, so no member can escape a folder."""
    with (
        reading(path, "an archive of Cars3D"),
        gzip.open(path) as stream,
        tarfile.open(fileobj=stream, mode="r:") as archive,
    ):
        for member in archive:
            *_, parent, name = "", *member.name.split("/")
            if member.isfile() and parent == "cars" and CAR.fullmatch(name):
                _small(name, member.size)
                yield path / name, archive.extractfile(member).read()
        while stream.read(2**20):  # to the end, where its checksum is
            pass


def car(path: Path, content: Path | bytes, elevations: int, azimuths: int, size: int) -> np.ndarray:
    """uint8 [elevation, azimuth, size, size, 3] of one model."""
    with reading(path, "a car of Cars3D"):
        if isinstance(content, Path):
            _small("it", content.stat().st_size)
            content = content.read_bytes()
        images = matlab.read(content, "im", (128, 128, 3, azimuths, elevations))
        images = images.transpose(4, 3, 0, 1, 2)
        _varied("image", images.reshape(-1, *images.shape[2:]))
        return np.array([[reduced(image, size) for image in row] for row in images])


def _small(what: str, size: int):
    if size > LARGEST:
        raise ValueError(f"{what} has {size:,} bytes, where a car has at most {LARGEST:,}")


# Small NORB


@contextmanager
def _matrix(path: Path, magic: int, most: int, *shape: int):
    """(stream, rows) of a binary matrix [rows, *shape] of small NORB, gzipped or not, after its header."""
    with reading(path, "a matrix of small NORB"), (gzip.open if path.suffix == ".gz" else open)(path, "rb") as stream:
        found, dimensions = struct.unpack("<2i", _take(stream, 8))
        expect("its first number", found, magic)
        expect("the number of dimensions", dimensions, 1 + len(shape))
        rows, *rest = struct.unpack(f"<{max(3, dimensions)}i", _take(stream, 4 * max(3, dimensions)))
        if not 0 < rows <= most:
            raise ValueError(f"its shape is [{rows}, ...], where both parts together have {most:,} rows")
        expect("its shape", (rows, *rest[: len(shape)]), (rows, *shape))
        yield stream, rows
        expect("the number of bytes after its end", len(stream.read(1)), 0)


def cells(cat: Path, info: Path, shape: Sequence[int], instances: Sequence[int]) -> np.ndarray:
    """int [n, 5]: category, instance, elevation, azimuth, lighting, which take the numbers of classes ``shape``.

    ``instances``: those in this part of the set, which the names of its files tell.
    """
    with _matrix(cat, INTEGERS, prod(shape)) as (stream, n):
        category = np.frombuffer(_take(stream, 4 * n), "<i4").reshape(n, 1)
        _classes(category, LABELS[:1], shape)
    with _matrix(info, INTEGERS, prod(shape), 4) as (stream, rows):
        expect("the number of its rows", rows, n)
        rest = np.frombuffer(_take(stream, 16 * n), "<i4").reshape(n, 4)
        expect("the number of odd azimuths", int((rest[:, 2] % 2).sum()), 0)  # 0, 2, ..., 34: tens of degrees
        rest = rest // [1, 1, 2, 1]
        _classes(rest, LABELS[1:], shape[1:])
        expect("the toys in it, by instance,", np.unique(rest[:, 0]).tolist(), sorted(instances))
    return np.hstack([category, rest])


def _classes(labels: np.ndarray, names: Sequence[str], sizes: Sequence[int]):
    for column, name, size in zip(labels.T, names, sizes, strict=False):
        if not 0 <= column.min() <= column.max() < size:
            raise ValueError(f"the classes of {name} are {column.min()} to {column.max()} instead of 0 to {size - 1}")


def left(dat: Path, n: int) -> Iterator[np.ndarray]:
    """The left photograph, uint8 [96, 96], of every one of ``n`` stereo pairs."""
    with _matrix(dat, BYTES, max(n, 10**6), 2, 96, 96) as (stream, rows):
        expect("the number of its pairs", rows, n)
        for i in range(n):
            photograph = np.frombuffer(_take(stream, 2 * 96 * 96), np.uint8).reshape(2, 96, 96)[0]
            if photograph.min() == photograph.max():
                raise ValueError(f"photograph {i} (counted from 0) is {photograph[0, 0]} everywhere")
            yield photograph


# The painting


@contextmanager
def jpeg(path: Path):
    """The JPEG image at ``path`` as Pillow opens it, before it is decoded. Raises ValueError for another format."""
    try:
        with warnings.catch_warnings():  # of Pillow, whose limit is near ours
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(path, formats=("JPEG",))
    except (OSError, SyntaxError) as error:  # of Pillow, for what it cannot identify or parse
        raise ValueError(f"it is not a JPEG image ({error})") from error
    with image:
        if image.width * image.height > PIXELS:
            raise ValueError(f"it is {image.width} x {image.height} pixels, more than {PIXELS:,}")
        yield image


def decode(path: Path):
    """Read all of a JPEG image; half of one raises OSError, another format ValueError."""
    with jpeg(path) as image:
        image.draft("RGB", (1, 1))  # an eighth of the width suffices, and the rest is read as well
        image.load()
