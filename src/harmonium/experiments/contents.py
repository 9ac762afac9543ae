"""What the files of a whole run hold: checked when a report is made of them, so that a wrong value names its file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harmonium.exceptions import DamagedFileError


def check_contents(found: Any, wanted: Any, path: Path, name: str = "its content") -> None:
    """Find that a file's content has a shape; keys that are not asked for are let be.

    Parameters
    ----------
    found : object
    wanted : type, tuple of types, mapping or list of one
        A mapping asks for these keys, a list for one or more of such elements.
    path : Path
    name : str
        What the sentence calls the content.

    Raises
    ------
    DamagedFileError
        If it has another.
    """
    kinds = {list: "a list", dict: "a table"}
    kind = dict if isinstance(wanted, Mapping) else list if isinstance(wanted, list) else wanted
    if not isinstance(found, kind) or isinstance(found, bool):
        said = kinds.get(kind, "a number" if isinstance(kind, tuple) or kind is int else "text")
        raise DamagedFileError(f"{path} is damaged: {name} must be {said}; got {str(found)[:40]!r}")
    if isinstance(wanted, Mapping):
        for key, inner in wanted.items():
            if key not in found:
                raise DamagedFileError(f"{path} is damaged: {key} is missing")
            check_contents(found[key], inner, path, key)
    elif isinstance(wanted, list):
        if not found:
            raise DamagedFileError(f"{path} is damaged: {name} is empty")
        for element in found:
            check_contents(element, wanted[0], path, f"an element of {name}")
