"""Figures written for a reader."""

from __future__ import annotations

from typing import Any

from harmonium.assignment.over_seeds import Metrics


def number(cell: Metrics, key: str, digits: int) -> str:
    """Write a figure, with its standard deviation over the seeds where there are several, or a dash for none."""
    value: Any = cell.get(key)
    if value is None:
        return "–"
    spread = cell.get(f"{key}_sd")
    text = f"{value:.{digits}f}".replace("-", "−")
    return text if spread is None else f"{text} ± {spread:.{digits}f}"


def log_likelihood(cell: Metrics) -> str:
    """Write a log-likelihood with what is known of its log Z."""
    value = number(cell, "test_log_likelihood", 1)
    error = cell["log_likelihood_standard_error"]
    return f"{value} (exact)" if cell["effective_sample_size"] is None else f"{value} (AIS ± {error:.2f})"


def percent(share: float) -> str:
    """Write a share in per cent, without digits behind the point."""
    return f"{100 * share:.0f}%"
