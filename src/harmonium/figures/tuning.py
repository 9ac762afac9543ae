"""A search for hyper-parameters: what every trial reached, and which parameters mattered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from harmonium.figures.style import COLOURS, label


def plot_tuning_history(ax: Axes, trials: Sequence[Mapping[str, Any]], *, unit: str = "") -> Axes:
    """Draw each trial's last loss by its number, and the lowest of the complete ones so far.

    Parameters
    ----------
    ax : Axes
    trials : sequence of mapping
        Each with ``number``, ``state`` ("complete", "pruned", "failed" ...) and ``losses_by_epoch``.
    unit : str
        Of the loss.
    """
    for state, marker, colour in (("complete", "o", COLOURS[0]), ("pruned", "x", COLOURS[1])):
        points = [(t["number"], t["losses_by_epoch"][-1]) for t in trials if t["state"] == state]
        ax.scatter(*zip(*points, strict=True) if points else ([], []), marker=marker, color=colour, label=state)
    failed = [t["number"] for t in trials if t["state"] == "fail"]
    if failed:
        low, _ = ax.get_ylim()
        ax.scatter(failed, [low] * len(failed), marker="|", color=COLOURS[6], label="failed")
    complete = [(t["number"], t["validation_loss"]) for t in trials if t["state"] == "complete"]
    if complete:
        numbers, losses = zip(*complete, strict=True)
        ax.step(numbers, np.minimum.accumulate(losses), where="post", color=COLOURS[0], label="best so far")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="trial", ylabel=f"validation loss, {unit}" if unit else "validation loss")
    ax.legend()
    return ax


def plot_importances(ax: Axes, importances: Mapping[str, float]) -> Axes:
    """Draw the share of the variance of the loss that each parameter explains (fANOVA), the largest on top.

    F. Hutter, H. Hoos, K. Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter Importance", ICML 2014.
    """
    names = sorted(importances, key=lambda name: importances[name])
    bars = ax.barh(
        [label(name.replace("_", " ")) for name in names], [importances[name] for name in names], color=COLOURS[0]
    )
    ax.bar_label(bars, fmt="%.2f", padding=3)
    ax.grid(axis="y", visible=False)
    ax.set(xlabel="share of the loss's variance", xlim=(0, 1.1))
    return ax
