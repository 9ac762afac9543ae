"""The IDX file format of MNIST and its descendants."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harmonium.exceptions import DamagedFileError

_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def parse_idx(content: bytes, name: str) -> npt.NDArray[np.generic]:
    """Return the array of an uncompressed IDX file's content.

    The format: two zero bytes, a byte for the type, a byte for the number of dimensions, each dimension as a
    big-endian uint32, then the values in C order.

    Parameters
    ----------
    content : bytes
    name : str
        What errors call the file.

    Raises
    ------
    DamagedFileError
    """
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _DTYPES:
        raise DamagedFileError(f"{name} is not an IDX file: it starts with {content[:4].hex(' ')}")
    dtype, n_dimensions = np.dtype(_DTYPES[content[2]]), content[3]
    start = 4 + 4 * n_dimensions
    if len(content) < start:
        raise DamagedFileError(f"{name} is cut short in its header")
    shape = struct.unpack(f">{n_dimensions}I", content[4:start])
    expected = start + dtype.itemsize * math.prod(shape)
    if len(content) != expected:
        raise DamagedFileError(f"{name} must have {expected} bytes for shape {shape}; it has {len(content)}")
    try:
        array = np.frombuffer(content, dtype, offset=start).reshape(shape)
    except ValueError as error:  # more dimensions, or larger ones, than NumPy has
        raise DamagedFileError(f"{name} has the impossible shape {shape}") from error
    return array.astype(dtype.newbyteorder("="))


def decompress(content: bytes, name: str) -> bytes:
    """Return the content of a file that may be gzipped.

    Raises
    ------
    DamagedFileError
        If a gzip stream is cut short or corrupt.
    """
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise DamagedFileError(f"{name} is a damaged gzip file: {error}") from error


def read_idx(path: Path) -> npt.NDArray[np.generic]:
    """Return the array of an IDX file, plain or gzipped."""
    return parse_idx(decompress(path.read_bytes(), str(path)), str(path))
