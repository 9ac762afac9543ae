"""What a command found, as lines for a person or as one JSON object for a program."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from cyclopts import Parameter

from harmonium.cli.terminal import Terminal, say

AsJson = Annotated[
    bool, Parameter(name="--json", negative=(), help="Print one JSON object and nothing else; messages go to stderr.")
]


def print_found(found: Mapping[str, Any], lines: Iterable[str], *, as_json: bool) -> None:
    """Print what was found.

    Parameters
    ----------
    found : mapping
        Of JSON's types; numbers that are not finite become null.
    lines : iterable of str
        The same for a person.
    as_json : bool
    """
    if as_json:
        print(json.dumps(_finite(found), indent=2, allow_nan=False))  # noqa: T201  # it escapes all but ASCII
    else:
        for line in lines:
            say(line)


def print_remark(text: str, *, as_json: bool) -> None:
    """Print a sentence beside what was found, if there is one."""
    if text:
        Terminal(stderr=as_json).print(text)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
