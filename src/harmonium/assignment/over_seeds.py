"""Figures of several runs that differ in their seed."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any

Metrics = dict[str, Any]


def over_seeds(rows: Sequence[Metrics]) -> Metrics:
    """Return each figure's mean, and as ``<key>_sd`` its standard deviation where there are several runs.

    Tables inside are gone into; what is None stays None.
    """
    result: Metrics = {}
    for key in rows[0]:
        values = [row[key] for row in rows]
        if isinstance(values[0], dict):
            result[key] = over_seeds(values)
        elif values[0] is None:
            result[key] = None
        else:
            result[key] = mean(values)
            if len(values) > 1:
                result[f"{key}_sd"] = stdev(values)
    return result
