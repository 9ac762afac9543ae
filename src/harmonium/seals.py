"""A file's own SHA-256 inside the file: it is whole, or it is refused.

One file carries all that is needed to judge it, so that a kill between two files never makes a whole one look damaged.
The digest stands where the file's format lets a remark stand; it is that of the content with zeros in its place. It
finds damage; it does not say who wrote the file.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from harmonium.exceptions import DamagedFileError, InvalidInputError

_CHECKSUM = "checksum"
_ZEROS = b"0" * 64
BLANK = f"sha256:{_ZEROS.decode()}"
_MARK = re.compile(rb"sha256:(?P<digest>[0-9a-f]{64})?")


def seal(content: str | bytes) -> bytearray:
    """Return the content with its SHA-256 in the place of its first `BLANK`, or of a seal that it had before."""
    sealed = bytearray(content.encode() if isinstance(content, str) else content)
    found = _MARK.search(sealed)
    if found is None or found["digest"] is None:
        raise ValueError("the content has no place for a seal")
    sealed[slice(*found.span("digest"))] = _digest(sealed, *found.span("digest"))
    return sealed


def is_sealed(content: bytes, path: Path) -> bool:
    """Whether a file's content carries its SHA-256; one without was written by an earlier version.

    Raises
    ------
    DamagedFileError
        If the content is not what was sealed.
    """
    found = _MARK.search(content)
    if found is not None and found["digest"] != _digest(content, *found.span("digest")):
        raise DamagedFileError(
            f"{path} is damaged: it has changed since it was written, its content does not have the SHA-256 in it"
        )
    return found is not None


def digest_of(content: bytes | bytearray) -> str:
    """Return the digest that a sealed content carries."""
    found = _MARK.search(content)
    return "" if found is None or found["digest"] is None else found["digest"].decode()


def to_json(content: dict[str, Any], what: str) -> str:
    """Return a JSON object with room for a seal.

    Raises
    ------
    InvalidInputError
        If it holds what JSON cannot, as bytes, dates and complex numbers; `what` names it then.
    """

    def plain(value: Any) -> Any:
        if isinstance(value, np.ndarray | np.generic):
            return value.tolist()
        raise InvalidInputError(
            f"{what} cannot be written: it holds {value!r:.60}, and only texts, numbers, booleans and lists can be kept"
        )

    try:
        return json.dumps({_CHECKSUM: BLANK} | content | {_CHECKSUM: BLANK}, indent=2, default=plain) + "\n"
    except (TypeError, ValueError) as error:  # a key that is no text, or a list that holds itself
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError(f"{what} cannot be written: {error}") from error


def from_json(content: bytes, path: Path) -> dict[str, Any]:
    """Read a JSON object, sealed or of an earlier version; its checksum is left out.

    Raises
    ------
    DamagedFileError
        If it is not what was written.
    """
    is_sealed(content, path)
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"{path} is damaged: {error}") from error
    if not isinstance(found, dict) or not found:
        raise DamagedFileError(f"{path} is damaged: it is not a JSON object with content")
    return {key: value for key, value in found.items() if key != _CHECKSUM}


def _digest(content: bytes | bytearray, start: int, end: int) -> bytes:
    if start < 0:  # the place is there, the digits are not
        return b""
    view = memoryview(content)
    digest = hashlib.sha256(view[:start])
    digest.update(_ZEROS)
    digest.update(view[end:])
    return digest.hexdigest().encode()
