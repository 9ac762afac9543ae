"""Figures of several runs that differ in their seed."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any

from harmonium.estimators.parameters import check_positive_integer
from harmonium.exceptions import InvalidInputError

Metrics = dict[str, Any]
_MOST = 1000


def check_seeds(n_seeds: object) -> None:
    """Raise InvalidInputError unless a number of seeds is an integer from 1 to 1000."""
    check_positive_integer("seeds", n_seeds)
    if isinstance(n_seeds, int) and n_seeds > _MOST:
        raise InvalidInputError(f"seeds must be at most {_MOST}; got {n_seeds}")


def over_seeds(rows: Sequence[Metrics]) -> Metrics:
    """Return each figure's mean, and as ``<key>_sd`` its standard deviation where there are several runs.

    Tables inside are gone into; what is None of one of them is None.
    """
    result: Metrics = {}
    for key in rows[0]:
        values = [row[key] for row in rows]
        if isinstance(values[0], dict):
            result[key] = over_seeds(values)
        elif None in values:
            result[key] = None
        else:
            result[key] = mean(values)
            if len(values) > 1:
                result[f"{key}_sd"] = stdev(values)
    return result
