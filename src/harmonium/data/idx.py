"""The IDX file format of MNIST and its descendants."""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harmonium.data.own_file import Stream, as_bytes, check_ordinary, fill, most_bytes, what_it_seems
from harmonium.exceptions import DamagedFileError, shown

_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP = b"\x1f\x8b"


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
    return _parse(io.BytesIO(content), name, len(content))


def decompress(content: bytes, name: str) -> bytes:
    """Return the content of a file that may be gzipped.

    Raises
    ------
    DamagedFileError
        If a gzip stream is cut short or corrupt, or of a size that no data have (`most_bytes`).
    """
    if content[:2] != GZIP:
        return content
    limit = most_bytes(len(content))
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            decompressed = file.read(limit + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise DamagedFileError(f"{name} is a damaged gzip file: {error}") from error
    if len(decompressed) > limit:
        raise DamagedFileError(f"{name} has {len(content)} bytes and holds more than {limit}: no data compress so far")
    return decompressed


def read_idx(path: Path) -> npt.NDArray[np.generic]:
    """Return the array of an IDX file, plain or gzipped.

    What the header claims is held against the size of the file before there is room made for it.

    Raises
    ------
    DamagedFileError
    """
    size, name = check_ordinary(path), shown(path)
    with path.open("rb") as file:
        is_gzip = file.read(2) == GZIP
        file.seek(0)
        if not is_gzip:
            return _parse(file, name, size)
        try:
            with gzip.GzipFile(fileobj=file) as content:
                return _parse(content, name, None, most_bytes(size))
        except (EOFError, OSError, zlib.error) as error:
            raise DamagedFileError(f"{name} is a damaged gzip file: {error}") from error


def _parse(file: Stream, name: str, size: int | None, limit: int | None = None) -> npt.NDArray[np.generic]:
    """Return the array of an IDX stream of a known size, or of any size below a limit."""
    start = file.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in _DTYPES:
        raise DamagedFileError(f"{name} is not an IDX file: {what_it_seems(start + file.read(60))}")
    dtype, n_dimensions = np.dtype(_DTYPES[start[2]]), start[3]
    dimensions = file.read(4 * n_dimensions)
    if len(dimensions) < 4 * n_dimensions:
        raise DamagedFileError(f"{name} is cut short in its header")
    shape = struct.unpack(f">{n_dimensions}I", dimensions)
    n_values = math.prod(shape)
    n_header = 4 + 4 * n_dimensions
    expected = n_header + dtype.itemsize * n_values
    claim = f"{expected if expected < 2**63 else 'more than 2^63'} bytes for shape {shape!s:.200}"
    if size is not None and size != expected:
        raise DamagedFileError(f"{name} must have {claim}; it has {size}")
    if limit is not None and expected > limit:
        raise DamagedFileError(f"{name} claims {claim}: no data compress so far")
    try:
        array = np.empty(n_values, dtype)
        array.reshape(shape)
    except ValueError as error:  # more dimensions, or larger ones, than NumPy has
        raise DamagedFileError(f"{name} has the impossible shape {shape!s:.200}") from error
    n_read = n_header + fill(as_bytes(array), file)
    if n_read < expected or file.read(1):  # to its end, where a gzip file has its checksum
        found = n_read if n_read < expected else "more"
        raise DamagedFileError(f"{name} must have {claim}; it has {found}")
    return array.reshape(shape).astype(dtype.newbyteorder("="), copy=False)
