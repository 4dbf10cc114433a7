"""The published data sets, read from their authors' files: the same ``DataSet`` as the renderers return.

Files come from the user's ``folder`` or are downloaded; the first load of a size converts them to an array that later
loads map into memory without opening the files again (``files.derived``). Images are ``size`` x ``size`` with size 64
(as in the study), 32, 16 or 8. dSprites, Shapes3D and MPI3D are 64 pixels wide and are reduced by means over blocks;
Cars3D (128) and SmallNORB (96) are reduced by Pillow's Lanczos filter on 8-bit images. Every constructor raises
ValueError for another size and DataFileError for a file that cannot be obtained or is not the published one.
"""

import hashlib
from math import prod
from pathlib import Path

import numpy as np

from dlnb import checks
from dlnb.data import formats
from dlnb.data.cars3d import SIZES as CARS3D
from dlnb.data.dataset import DataSet
from dlnb.data.dsprites import SIZES as DSPRITES
from dlnb.data.files import DataFileError, derived, fetch, find, find_all
from dlnb.data.published import FILES
from dlnb.data.shapes3d import SIZES as SHAPES3D
from dlnb.data.smallnorb import INSTANCES
from dlnb.data.smallnorb import SIZES as SMALLNORB

MPI3D = {
    **{"object colour": 6, "object shape": 6, "object size": 2, "camera height": 3, "background colour": 3},
    **{"horizontal axis": 40, "vertical axis": 40},
}
PARTS = (4, 6, 7, 8, 9), (0, 1, 2, 3, 5)  # instances in the training files of SmallNORB and in the testing files


def dsprites(size: int = 64, folder: str | Path | None = None) -> DataSet:
    """Binary at size 64; at smaller sizes a pixel is the share of white in its block. Cached as bits: 377 MB."""
    size, shape = _size(size), tuple(DSPRITES.values())
    file = FILES["dsprites"].files[0]
    packed = _converted("dsprites", (*shape, 64 * 64 // 8), lambda array: formats.pack(fetch(file, folder), array))

    def render(factors, rng=None):
        rows = packed[tuple(checks.factors(factors, DSPRITES).T)]
        sums = formats.block_sums(np.unpackbits(rows, axis=1).reshape(-1, 64, 64), size)
        return np.divide(sums[..., None], (64 // size) ** 2, dtype=np.float32)

    return DataSet("dsprites", dict(DSPRITES), render, "original", FILES["dsprites"].about)


def shapes3d(size: int = 64, folder: str | Path | None = None) -> DataSet:
    """Three channels; means over blocks are rounded to 8 bits. The cache takes 5.9 GB of disk at size 64."""
    size, shape = _size(size), tuple(SHAPES3D.values())
    file = FILES["shapes3d"].files[0]
    images = _converted("shapes3d", (*shape, size, size, 3), lambda array: formats.shrink(fetch(file, folder), array))
    return _stored("shapes3d", SHAPES3D, images)


def mpi3d(which: str, size: int = 64, folder: str | Path | None = None) -> DataSet:
    """MPI3D "toy", "realistic" or "real": a robot arm holds an object, drawn in two ways or photographed.

    Three channels; means over blocks are rounded to 8 bits. The cache takes 12.7 GB of disk at size 64, a quarter of it
    at 32. The data set is in no study of this package.
    """
    name = f"mpi3d_{which}"
    size, shape, file = _size(size), tuple(MPI3D.values()), FILES[name].files[0]
    images = _converted(name, (*shape, size, size, 3), lambda array: formats.photographs(fetch(file, folder), array))
    return _stored(name, MPI3D, images)


def cars3d(size: int = 64, folder: str | Path | None = None) -> DataSet:
    """Three channels. ``folder`` holds the archive or, unpacked, the files car_..._mesh.mat.

    The classes of "type" are in alphabetical order of the files' names. The study used the order in which its disk
    listed them, so its numbering of the types is unknown; its scores treat types as unordered classes. No checksums of
    unpacked files were published: only their number, sizes and types are verified, as the first load says.
    """
    size, shape = _size(size), tuple(CARS3D.values())
    file, unpacked = FILES["cars3d"].files[0], []
    if folder is not None and find(file.name, folder) is None:
        unpacked = [path for path in find_all("car_*_mesh.mat", folder) if formats.CAR.fullmatch(path.name)]

    def make(array):
        source = folder if unpacked else fetch(file, folder)
        cars, paths = {}, {}
        for path, content in zip(unpacked, unpacked, strict=True) if unpacked else formats.members(source):
            if path.name in paths:
                raise DataFileError(f"{source} holds {paths[path.name]} and {path}: keep one of them")
            paths[path.name] = path
            cars[path.name] = formats.car(path, content, *shape[:2], size)
        if len(cars) != shape[2]:
            raise DataFileError(
                f"{source} holds {len(cars)} files car_..._mesh.mat instead of {shape[2]}: remove those that are not "
                f"of the set, or unpack all of {file.name} again"
            )
        for i, name in enumerate(sorted(cars)):
            array[:, :, i] = cars[name]

    images = _converted("cars3d", (*shape, size, size, 3), make, unpacked)
    return _stored("cars3d", CARS3D, images)


def smallnorb(size: int = 64, folder: str | Path | None = None) -> DataSet:
    """One channel. Which of a category's 10 toys (instances) is shown is not a factor: ``rng`` draws it for each image.

    ``folder`` holds the six files .mat.gz or, uncompressed, .mat. The study's code resized the photographs as 32-bit
    integers without clipping, so that ringing of the filter left values from about -0.1 to 1.1; ours stay in [0, 1]
    and differ from those by a few grey levels. No checksums of uncompressed files were published: their sizes and
    labels are verified, their pixels are not, as the first load says.
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
        parts = [
            (paths[i], formats.cells(*paths[i + 1 : i + 3], shape, instances))
            for i, instances in zip((0, 3), PARTS, strict=True)
        ]
        unique, counts = np.unique(np.concatenate([cells for _, cells in parts]), axis=0, return_counts=True)
        if len(unique) < prod(shape) or counts.max() > 1:
            labels = zip(formats.LABELS, unique[counts.argmax()], strict=True)
            most = " ".join(f"{name} {label}" for name, label in labels)
            twice = f", {most} {counts.max()} times" if counts.max() > 1 else ""
            raise DataFileError(
                f"{', '.join(map(str, (*paths[1:3], *paths[4:])))} do not hold every combination of "
                f"{', '.join(formats.LABELS)} ({' x '.join(map(str, shape))}) once: {len(unique):,} of {prod(shape):,} "
                f"are there{twice}. Download or unpack these files again"
            )
        for path, cells in parts:
            for cell, photograph in zip(cells, formats.left(path, len(cells)), strict=True):
                array[tuple(cell)] = formats.reduced(photograph, size)[..., None]

    images = _converted("smallnorb", (*shape, size, size, 1), make, unzipped.values())

    def render(factors, rng=None):
        rng = checks.generator(rng, "smallnorb draws a toy of the category for every image and")
        category, *rest = checks.factors(factors, SMALLNORB).T
        return _unit(images[category, rng.integers(INSTANCES, size=len(category)), *rest])

    return DataSet("smallnorb", dict(SMALLNORB), render, "original", FILES["smallnorb"].about)


def painting(size: int | None = None, folder: str | Path | None = None) -> np.ndarray:
    """The painting behind Scream-dSprites for images of ``size`` (64) pixels: float32 [height, width, 3] in [0, 1].

    As in the study it is reduced to fit 350 x 274 pixels, times ``size`` / 64; pixels depend slightly on the version of
    Pillow. ``folder`` holds it as scream.jpg or The_Scream.jpg, in JPEG format and of up to 100 million pixels. No
    checksum of it was published.
    """
    size, file = 64 if size is None else checks.whole(size, "size", minimum=8), FILES["painting"].files[0]
    path = (find("scream.jpg", folder) if folder is not None else None) or fetch(file, folder)
    remedy = f"download it again from {file.urls[0]}"
    with formats.reading(path, "the painting", remedy), formats.jpeg(path) as image:
        image.thumbnail((350 * size // 64, 274 * size // 64))
        if min(image.size) <= size:
            raise ValueError(f"it is {image.width} x {image.height}, too small for backgrounds of {size} x {size}")
        return _unit(np.asarray(image.convert("RGB")))


def _converted(name: str, shape: tuple[int, ...], make, unpacked=()) -> np.ndarray:
    """``derived``, which says whose images it converts, on which terms, and which files nobody vouches for.

    Its version depends on the paths, sizes and modification times of ``unpacked`` files, which have no checksum.
    """

    def make_and_tell(array):
        make(array)
        print(FILES[name].about)
        if unpacked:
            print(
                f"{name}: {len(unpacked)} unpacked files such as {min(unpacked)} were read, of which no checksums were "
                "published: a damaged pixel in them would not be noticed. Give the packed files to have them verified."
            )

    return derived(name, _version(unpacked), shape, make_and_tell)


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
