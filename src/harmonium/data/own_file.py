"""A file that a person names: whether it can be read at all, what it seems to be, and how large its content may be."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any, Protocol

from harmonium.exceptions import InvalidInputError, shown

_BYTES_OF_ANY_FILE = 2**26
_MOST_COMPRESSED = 100
_BYTES_AT_ONCE = 2**20

_KINDS = {
    b"\x93NUMPY": "a NumPy array (.npy)",
    b"PK\x03\x04": "a zip archive (.npz)",
    b"PK\x05\x06": "an empty zip archive (.npz)",
    b"\x1f\x8b": "a gzip file",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF",
    b"PAR1": "a parquet table",
    b"\x89HDF": "an HDF5 file",
    b"\x80\x04\x95": "a pickle",
    b"\x80\x05\x95": "a pickle",
}


class Stream(Protocol):
    """What bytes are read from, one after the other."""

    def read(self, n: int, /) -> bytes:
        """Return the next bytes, at most n; none at the end."""


def check_ordinary(path: Path) -> int:
    """Return the size of a file in bytes, before it is opened: to open a pipe or a device may never end.

    Raises
    ------
    InvalidInputError
        If it is a folder, a device, a pipe, or has a name that no file can have.
    OSError
        If it is missing or cannot be reached.
    """
    try:
        status = path.stat()
    except ValueError as error:  # a NUL, or what is no text in the file system's encoding
        raise InvalidInputError(f"{str(path)!r} cannot be the name of a file: {error}") from error
    if stat.S_ISDIR(status.st_mode):
        raise InvalidInputError(f"{shown(path)} is a folder; a file is needed")
    if not stat.S_ISREG(status.st_mode):
        raise InvalidInputError(f"{shown(path)} is a device or a pipe; an ordinary file is needed")
    return status.st_size


def what_it_seems(start: bytes) -> str:
    """Return what a file seems to be, by the bytes that it starts with."""
    if not start:
        return "it is empty"
    kind = next((kind for magic, kind in _KINDS.items() if start.startswith(magic)), None)
    if kind is None and start.isascii() and start.decode().replace("\n", " ").replace("\t", " ").strip().isprintable():
        kind = "text, such as CSV"
    return f"it starts with {start[:4].hex(' ')}" + (f" and seems to be {kind}" if kind else "")


def most_bytes(compressed: int) -> int:
    """Return how many bytes the content of a compressed file of that size may have.

    That is 64 MiB, or 100 times the file where that is more. Data compress to a tenth, sparse images to a thirtieth;
    what a few bytes become gigabytes of holds nothing to learn from, or is meant to fill the memory.
    """
    return max(_BYTES_OF_ANY_FILE, _MOST_COMPRESSED * compressed)


def fill(room: memoryview, file: Stream) -> int:
    """Read a stream into memory that is there, until it is full or the stream has ended; return how many bytes came."""
    n_read = 0
    while n_read < len(room):
        part = file.read(min(_BYTES_AT_ONCE, len(room) - n_read))
        if not part:
            break
        room[n_read : n_read + len(part)] = part
        n_read += len(part)
    return n_read


def as_bytes(array: Any) -> memoryview:
    """Return the memory of a contiguous array, to be filled."""
    return memoryview(array.view("u1"))
