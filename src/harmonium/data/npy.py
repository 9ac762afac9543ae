"""NumPy's own files, ``.npy`` and ``.npz``: what a file claims is held against its size before there is room made."""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections import Counter
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from harmonium.data.own_file import Stream, as_bytes, fill, most_bytes, what_it_seems
from harmonium.exceptions import DamagedFileError, listed, shown

# of each version of the format: how many bytes say how long the header is, and what reads it
_VERSIONS = {(1, 0): (2, np.lib.format.read_array_header_1_0), (2, 0): (4, np.lib.format.read_array_header_2_0)}
_MOST_OF_HEADER = 10_000  # as NumPy has it
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what NumPy writes; of others a few bytes can be gigabytes
_IS_ENCRYPTED = 0x1
_BYTES_OF_END = 22  # of the record that ends a zip archive


def read_npy(file: Stream, size: int) -> npt.NDArray[np.generic]:
    """Return the array of a stream in NumPy's format, in this machine's byte order.

    Parameters
    ----------
    file : binary stream
    size : int
        The number of bytes that it has.

    Raises
    ------
    ValueError, or what else NumPy raises
        If it holds no such array, objects (these are pickles, which can run any program), or other sizes than it
        claims.
    """
    start = file.read(8)
    if start[:6] != np.lib.format.MAGIC_PREFIX:
        raise ValueError(f"it is no .npy file; {what_it_seems(start + file.read(60))}")
    if tuple(start[6:]) not in _VERSIONS:
        raise ValueError(f"its format has the version {tuple(start[6:])}; 1.0 and 2.0 are read")
    n_length, read_header = _VERSIONS[start[6], start[7]]
    length = file.read(n_length)
    n_header = int.from_bytes(length, "little")
    if n_header > _MOST_OF_HEADER:  # NumPy makes room for it before it looks
        raise ValueError(f"its header claims {n_header} bytes")
    shape, is_fortran, dtype = read_header(io.BytesIO(length + file.read(n_header)))
    if dtype.hasobject:
        raise ValueError(
            "Object arrays cannot be loaded, because they are pickles, which can run any program: "
            "save numbers, and names as y.astype(str)"
        )
    n_values = math.prod(shape)
    if dtype.itemsize == 0 or min(shape, default=0) < 0 or 8 + n_length + n_header + n_values * dtype.itemsize != size:
        raise ValueError(f"the shape {shape} of {dtype} values is not that of {size} bytes")
    array = np.empty(n_values, dtype)
    if fill(as_bytes(array), file) < array.nbytes or file.read(1):  # to its end, where a checksum is compared
        raise ValueError(f"it does not have the {size} bytes that it should have")
    array = array.reshape(shape[::-1]).T if is_fortran else array.reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def array_names(archive: zipfile.ZipFile, file: IO[bytes]) -> list[str]:
    """Return the names of the arrays of an archive in a file, after a look at whether its records of the entries agree.

    Raises
    ------
    ValueError, or what else `zipfile` raises
        If they do not, or if a name stands for two entries.
    """
    # a damaged length in an entry of the directory swallows the next one, which would seem never to have been there
    file.seek(-_BYTES_OF_END - len(archive.comment), io.SEEK_END)
    (n_entries,) = struct.unpack("<H", file.read(_BYTES_OF_END)[10:12])
    if n_entries != len(archive.namelist()) % 2**16:
        raise ValueError(f"it lists {len(archive.namelist())} arrays and says that it has {n_entries}")
    twice = [name for name, n in Counter(archive.namelist()).items() if n > 1]
    if twice:
        raise ValueError(f"it holds {listed(twice)} twice")
    for entry in archive.infolist():
        if entry.flag_bits & _IS_ENCRYPTED:
            raise ValueError(f"{shown(entry.filename)} in it is encrypted")
        if entry.compress_type not in _METHODS:
            raise ValueError(f"{shown(entry.filename)} in it is compressed as NumPy does not; use np.savez_compressed")
        archive.open(entry).close()
    return [name.removesuffix(".npy") for name in archive.namelist()]


def read_array(archive: zipfile.ZipFile, name: str, path: Path) -> npt.NDArray[np.generic]:
    """Return an array of an archive.

    Its size is limited by that of the archive (`most_bytes`), and its content held against its checksum.

    Raises
    ------
    DamagedFileError
        If it is larger.
    ValueError, or what else NumPy and `zipfile` raise
    """
    entry = archive.getinfo(f"{name}.npy")
    if entry.file_size > most_bytes(path.stat().st_size):
        raise DamagedFileError(
            f"{shown(path)} claims {entry.file_size} bytes for {name}: no data compress so far; "
            "save such an array with np.savez, which does not compress"
        )
    with archive.open(entry) as file:
        return read_npy(file, entry.file_size)
