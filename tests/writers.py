"""Small files of exactly the published formats, for the tests of their readers."""

import gzip
import io
import struct
import tarfile

import h5py
import numpy as np
from scipy.io import savemat

# The header of a small NORB matrix: its type, the number of dimensions, and at least three of them.
MAGIC = {"uint8": 0x1E3D4C55, "int32": 0x1E3D4C54, "float32": 0x1E3D4C51, "float64": 0x1E3D4C53}


def sprites(path, images, metadata=None, **arrays):
    """The npz of dSprites: "imgs" uint8 [n, 64, 64] and a pickled dictionary, among others."""
    metadata = np.array({"latents_sizes": [1, 3, 6, 40, 32, 32]} if metadata is None else metadata, dtype=object)
    labels = np.zeros((len(images), 6), np.int64)
    np.savez_compressed(path, metadata=metadata, imgs=images, latents_classes=labels, **arrays)


def rooms(path, images, chunks=None, key="images"):
    """The HDF5 of 3D Shapes: "images" uint8 [n, 64, 64, 3], compressed in chunks, and "labels"."""
    with h5py.File(path, "w") as file:
        file.create_dataset(key, data=images, chunks=chunks, compression="gzip" if chunks else None)
        file["labels"] = np.zeros((len(images), 6))


def photographs(path, images, key="images"):
    """The npz of MPI3D: "images" uint8 [n, 64, 64, 3]."""
    np.savez_compressed(path, **{key: images})


def car(images, key="im"):
    """A MATLAB file of Cars3D: "im" uint8 [128, 128, 3, azimuth, elevation], as bytes."""
    content = io.BytesIO()
    savemat(content, {key: images}, do_compression=True)
    return content.getvalue()


def big_endian(images):
    """The MATLAB file of a car on a computer that stores the highest byte first, uncompressed, as bytes."""
    shape = struct.pack(f">{images.ndim}i", *images.shape)
    parts = [(6, struct.pack(">2I", 9, 0)), (5, shape + bytes(-len(shape) % 8)), (2, images.tobytes(order="F"))]
    flags, shape, numbers = (struct.pack(">2I", kind, len(data)) + data for kind, data in parts)
    shape = struct.pack(">2I", 5, 4 * images.ndim) + shape[8:]
    body = flags + shape + struct.pack(">I", 2 << 16 | 1) + b"im\0\0" + numbers
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\1\0MI" + struct.pack(">2I", 14, len(body)) + body


def archive(path, members):
    """A tar.gz of (name, content) in the order given; content that is a str makes a symbolic link to it."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))


def matrix(array, magic=None, rows=None):
    """A binary matrix of small NORB, as bytes; ``rows`` says another number of them than there are."""
    dimensions = [array.shape[0] if rows is None else rows, *array.shape[1:], 1, 1][: max(3, array.ndim)]
    head = struct.pack(f"<{2 + len(dimensions)}i", magic or MAGIC[array.dtype.name], array.ndim, *dimensions)
    return head + array.tobytes()


def matrices(folder, names, pairs, cells, zipped=True):
    """The six files of small NORB: stereo ``pairs`` uint8 [n, 2, 96, 96] and ``cells`` [n, 5], half in each chunk.

    ``names`` are in the order of training dat, cat, info and testing dat, cat, info; azimuths are stored doubled.
    """
    half, stored = len(pairs) // 2, (cells * [1, 1, 1, 2, 1]).astype("int32")
    for chunk, rows in enumerate((slice(0, half), slice(half, None))):
        for name, array in zip(names[3 * chunk :], (pairs[rows], stored[rows, 0], stored[rows, 1:]), strict=False):
            content = matrix(array)
            if zipped:
                (folder / name).write_bytes(gzip.compress(content, mtime=0))
            else:
                (folder / name.removesuffix(".gz")).write_bytes(content)
