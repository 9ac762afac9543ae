"""A TOML file that a person wrote or was given."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from harmonium.data.own_file import check_ordinary, what_it_seems
from harmonium.exceptions import InvalidInputError, shown

_MOST_LEVELS = 10
_MOST_BYTES = 2**14  # far above what is written by hand; reading time grows with the square of a dotted key's length


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises
    ------
    InvalidInputError
        If it is no TOML, or larger or more deeply nested than settings are.
    OSError
        If it is missing or cannot be read.
    """
    size = check_ordinary(path)
    if size > _MOST_BYTES:
        raise InvalidInputError(
            f"{shown(path)} is not TOML of at most {_MOST_BYTES} bytes, as settings are; it has {size}"
        )
    content = path.read_bytes()
    try:
        found = tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{shown(path)} is not TOML; {what_it_seems(content[:64])}") from error
    except RecursionError as error:
        raise InvalidInputError(f"{shown(path)} is nested more deeply than settings are") from error
    except ValueError as error:
        raise InvalidInputError(f"{shown(path)} is not TOML: {shown(error):.200}") from error
    _check_values(found, shown(path))
    return found


def _check_values(found: dict[str, Any], name: str) -> None:
    """Raise InvalidInputError at what no program but one without limits could read, or print."""
    level: list[Any] = [found]
    for _ in range(_MOST_LEVELS):
        level = [
            value
            for part in level
            if isinstance(part, dict | list)
            for value in (part.values() if isinstance(part, dict) else part)
        ]
        if any(isinstance(value, int) and abs(value) >= 2**63 for value in level):
            raise InvalidInputError(f"{name} holds a whole number of more than 64 bits")
    if level:
        raise InvalidInputError(f"{name} is nested more deeply than settings are")
