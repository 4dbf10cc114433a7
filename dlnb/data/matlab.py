"""One array of bytes out of a MATLAB file of version 5 to 7 ("Level 5 MAT-File").

SciPy's reader ends the whole process where a damaged file names a type of numbers that MATLAB does not have. This one
knows uint8 arrays only, takes no size on trust and refuses the rest.
"""

import struct
import zlib
from collections.abc import Iterator
from itertools import islice
from math import prod

import numpy as np

INT8, UINT8, INT32, UINT32, MATRIX, COMPRESSED = 1, 2, 5, 6, 14, 15  # types of elements
CLASSES = "cell", "struct", "object", "char", "sparse", "double", "single", "int8", "uint8", "int16", "uint16"  # from 1
START = 2**12  # bytes of an array that hold all that comes before its numbers


def read(content: bytes, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The array ``name``, uint8 [*shape]; if it is compressed, as MATLAB does by itself, its checksum is verified.

    Raises ValueError for another format, shape or type, EOFError and zlib.error for a damaged file.
    """
    order = {b"IM": "<", b"MI": ">"}.get(content[126:128])
    if order is None or struct.unpack_from(f"{order}H", content, 124)[0] != 0x0100:
        raise ValueError("it is not a MATLAB file of version 5 to 7")
    for kind, data in _elements(content[128:], order):
        if kind == MATRIX and _is(data, name, shape, order):
            return _numbers(data, name, shape, order)
        if kind == COMPRESSED:
            stream = zlib.decompressobj()
            start = stream.decompress(data, START)
            if _is(start[8:], name, shape, order):
                whole = start + stream.decompress(stream.unconsumed_tail, prod(shape) + START)
                if not stream.eof:
                    raise ValueError(f"{name} ends early or is larger than {shape}")
                return _numbers(next(_elements(whole, order))[1], name, shape, order)
    raise ValueError(f"it has no array {name}")


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """(type, content) of the elements that ``data`` is a sequence of."""
    at = 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}2I", data, at)
        if kind >> 16:  # up to four bytes take the place of the size, which shares a number with the type
            kind, size, begin, step = kind & 0xFFFF, min(kind >> 16, 4), at + 4, 8
        else:
            begin, step = at + 8, 8 + size + (0 if kind == COMPRESSED else -size % 8)
        if begin + size > len(data):
            raise EOFError(f"it ends {begin + size - len(data):,} bytes too early")
        yield kind, data[begin : begin + size]
        at += step


def _is(data: bytes, wanted: str, shape: tuple[int, ...], order: str) -> bool:
    """Whether an array, of which only the start is read, is the ``wanted`` one; ValueError if its shape or type is not.

    Its parts are its class, its shape, its name and its numbers.
    """
    parts = list(islice(_elements(data, order), 3))
    if [kind for kind, _ in parts] != [UINT32, INT32, INT8] or len(parts[0][1]) != 8 or len(parts[1][1]) % 4:
        raise ValueError("the header of an array is damaged")
    if parts[2][1].decode("latin1") != wanted:
        return False
    flags, sides = struct.unpack_from(f"{order}I", parts[0][1])[0], len(parts[1][1]) // 4
    number, marks = flags & 0xFF, flags & 0x0A00  # of complex and of logical numbers
    kind = CLASSES[number - 1] if 0 < number <= len(CLASSES) and not marks else f"of class {number}, flags {marks:#x}"
    found = struct.unpack(f"{order}{sides}i", parts[1][1])
    if (found, kind) != (tuple(shape), "uint8"):
        raise ValueError(f"{wanted} is {(found, kind)} instead of {(tuple(shape), 'uint8')}")
    return True


def _numbers(data: bytes, name: str, shape: tuple[int, ...], order: str) -> np.ndarray:
    parts = list(islice(_elements(data, order), 4))
    if len(parts) < 4 or parts[3][0] != UINT8 or len(parts[3][1]) != prod(shape):
        raise ValueError(f"the numbers of {name} are not {prod(shape):,} bytes")
    return np.frombuffer(parts[3][1], np.uint8).reshape(shape, order="F")
