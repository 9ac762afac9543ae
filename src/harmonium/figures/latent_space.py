"""Points of a latent space, by class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib import patheffects
from matplotlib.axes import Axes

from harmonium.figures.style import CLASS_COLOURS, MARKERS, label

_CROWDED = 0.07


def plot_classes(
    ax: Axes,
    points: npt.NDArray[np.floating],
    classes: npt.NDArray[np.integer],
    names: Sequence[str],
    *,
    n_per_class: int = 250,
) -> Axes:
    """Draw the first points of every class in a colour and a marker of its own, with its name at their median.

    No two of ten classes share a colour. Of more, the eleventh has the first's colour and another marker, and so on: no
    two of seventy classes share both. Where medians crowd, only the first name is written; the legend has them all.

    Parameters
    ----------
    ax : Axes
    points : ndarray of shape (n, 2)
    classes : ndarray of shape (n,)
        Indices into `names`.
    names : sequence of str
    n_per_class : int
        At most so many points a class are drawn, so that they can be told apart; the median is of all.
    """
    spread, named = np.ptp(points, axis=0), list[npt.NDArray[np.floating]]()
    halo = [patheffects.withStroke(linewidth=3, foreground="white")]
    for index, name in enumerate(names):
        x, y = points[classes == index].T
        ax.scatter(
            x[:n_per_class],
            y[:n_per_class],
            s=9,
            marker=MARKERS[index % len(MARKERS)],
            color=CLASS_COLOURS[index % len(CLASS_COLOURS)],
            alpha=0.7,
            linewidths=0,
            label=label(name),
        )
        median = np.array([np.median(x), np.median(y)])
        if all(np.abs((median - other) / spread).max() > _CROWDED for other in named):
            place = (float(median[0]), float(median[1]))
            ax.annotate(label(name), place, ha="center", va="center", path_effects=halo, parse_math=False)
            named.append(median)
    return ax
