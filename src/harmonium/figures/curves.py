"""Lines: a measure against epochs, or against the number of hidden units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from harmonium.figures.style import COLOURS, LINES, MARKERS


def plot_curves(
    ax: Axes,
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    xlabel: str,
    ylabel: str,
    log: str = "",
    errors: Mapping[str, Sequence[float]] | None = None,
    legend: bool = True,
) -> Axes:
    """Draw one line with markers for each label.

    Parameters
    ----------
    ax : Axes
    curves : mapping of str to (x, y)
    xlabel, ylabel : str
    log : str
        The axes that are logarithmic: "", "x", "y" or "xy". Ticks keep plain numbers.
    errors : mapping of str to sequence of float, optional
        Half-widths of error bars for some of the curves.
    legend : bool
        Whether these axes carry the legend.

    Returns
    -------
    Axes
    """
    for index, (label, (x, y)) in enumerate(curves.items()):
        ax.errorbar(
            x,
            y,
            yerr=(errors or {}).get(label),
            label=label,
            color=COLOURS[index % len(COLOURS)],
            marker=MARKERS[index % len(MARKERS)],
            linestyle=LINES[index % len(LINES)],
            markevery=max(1, len(x) // 6),
            capsize=3,
        )
    for name, axis, setter in (("x", ax.xaxis, ax.set_xscale), ("y", ax.yaxis, ax.set_yscale)):
        if name in log:
            setter("log")
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.set_major_formatter(ScalarFormatter())
            axis.set_minor_formatter(NullFormatter())
    if "x" in log:
        ticks = sorted({value for x, _ in curves.values() for value in x})
        ax.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
        ax.set_xticks([], minor=True)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if legend:
        ax.legend()
    return ax


def plot_trade_off(ax: Axes, points: Mapping[str, tuple[float, float]], *, xlabel: str, ylabel: str) -> Axes:
    """Draw labelled points along a line: what one measure costs in another."""
    x, y = zip(*points.values(), strict=True)
    ax.plot(x, y, color=COLOURS[0], marker=MARKERS[0])
    for label, point in points.items():
        ax.annotate(label, point, xytext=(6, 4), textcoords="offset points", fontsize=8)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.margins(x=0.15)
    return ax
