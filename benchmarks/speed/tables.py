"""Numbers and tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def spread(values: Sequence[float], unit: str = "") -> str:
    """Return the median with the least and the largest value."""
    if not values:
        return "–"
    if len(values) == 1:
        return f"{number(values[0])}{unit}"
    return f"{number(median(values))}{unit} ({number(min(values))}–{number(max(values))})"


def number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}" if abs(value) < 1 else f"{value:.2f}"


def ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
