"""How runs differ: in their settings, in what was measured, and from epoch to epoch."""

from __future__ import annotations

import os.path
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harmonium.exceptions import InvalidInputError
from harmonium.experiments.run_directory import RunDirectory


def compare(runs: Sequence[RunDirectory]) -> dict[str, Any]:
    """Return how runs differ, as JSON's types.

    Returns
    -------
    dict
        ``runs`` (paths); ``names``, these without the folders that all are in; ``settings``, those that are not the
        same in all: a list each, of a value a run, None where a run has none; ``metrics``, so too, of what any of them
        measured, with dots in the names of what lies in tables; and ``histories``: of each quantity that an epoch
        recorded, a list a run of pairs of epoch and value.

    Raises
    ------
    InvalidInputError
        If fewer than two are named, or one is not a run.
    """
    if len(runs) < 2:
        raise InvalidInputError(f"two runs or more can be compared; got {len(runs)}")
    settings = [run.config().settings() for run in runs]
    metrics = [_flat(run.metrics() or {}) for run in runs]
    histories = [run.history() for run in runs]
    names = dict.fromkeys(
        name for rows in histories for row in rows for name in row if name not in ("epoch", "seconds")
    )
    return {
        "runs": [str(run.path) for run in runs],
        "names": _names([run.path for run in runs]),
        "settings": {name: values for name, values in _aligned(settings).items() if not _same(values)},
        "metrics": _aligned(metrics),
        "histories": {
            name: [[[row["epoch"], row[name]] for row in rows if name in row] for rows in histories] for name in names
        },
    }


def _names(paths: Sequence[Path]) -> list[str]:
    full = [path.resolve() for path in paths]
    common = os.path.commonpath([path.parent for path in full])
    return [str(path.relative_to(common)) for path in full]


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def _aligned(tables: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for table in tables for name in table)
    return {name: [table.get(name) for table in tables] for name in names}


def _same(values: Sequence[Any]) -> bool:
    return all(value == values[0] for value in values)
