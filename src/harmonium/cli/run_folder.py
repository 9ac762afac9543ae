"""Where a run is written when no folder is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from harmonium.exceptions import InvalidInputError

_LONGEST = 200  # of a folder's name; file systems take 255 bytes


def run_name(
    model: str, data: str, recipe: str | None, named: Sequence[Any], given: Mapping[str, Any], seed: int
) -> str:
    """Return the default name of a run's folder.

    Parameters
    ----------
    model, data : str
    recipe : str or None
    named : sequence
        The values that every name of the family has.
    given : mapping of str to object
        Other settings that were given on the command line, but for the number of epochs, which can grow.
    seed : int
    """
    settings = [f"{name}={_written(value)}" for name, value in given.items()]
    parts = [model, Path(data).stem, *([recipe] if recipe else []), *map(_written, named), *settings]
    text = re.sub(r"[^\w.,=+-]+", "_", "-".join(parts))
    return f"{text[:_LONGEST]}-seed{seed}"


def first_that_fits(folder: Path, check: Callable[[Path], object]) -> Path:
    """Return a folder, or where `check` refuses it the first of folder-2, folder-3, ... that it takes.

    So that no two runs share a default folder, whatever tells them apart, and each finds its own again.

    Parameters
    ----------
    folder : Path
    check : callable
        Raises InvalidInputError for a folder of another run.
    """
    for number in count(1):
        path = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        try:
            check(path)
        except InvalidInputError:
            continue
        return path
    raise AssertionError  # never: a folder that does not exist is nobody's


def _written(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ",".join(map(_written, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
