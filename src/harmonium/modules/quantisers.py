"""Quantisers of one variable with a small mean squared error."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Quantiser(NamedTuple):
    """Levels, ascending, and their shares.

    Attributes
    ----------
    levels : ndarray of shape (n_levels,)
        Each the mean of the values of its cell, to which it is the nearest once Lloyd's method has converged.
    shares : ndarray of shape (n_levels,)
        Of the values.
    """

    levels: NDArray[np.float64]
    shares: NDArray[np.float64]


def quantise(values: NDArray[np.float64], n_levels: int, n_rounds: int = 100) -> Quantiser:
    """Return the quantiser of a sample: k-means in one dimension (S. Lloyd, IEEE Trans. Information Theory 28 (1982)).

    Parameters
    ----------
    values : ndarray of shape (n,)
        Sorted.
    n_levels : int
        Fewer are returned where there are fewer different values.
    n_rounds : int
        Of Lloyd's method, from levels of equal shares.
    """
    total = np.concatenate([[0.0], values.cumsum()])
    ends = np.arange(1, n_levels) * len(values) // n_levels
    for _ in range(n_rounds):
        bounds = np.unique([0, *ends, len(values)])
        counts = np.diff(bounds)
        levels = np.diff(total[bounds]) / counts
        moved = np.searchsorted(values, (levels[1:] + levels[:-1]) / 2)
        if np.array_equal(moved, bounds[1:-1]):
            break
        ends = moved
    different = np.diff(levels, prepend=-math.inf) > 0
    if not different.all():
        levels = levels[different]
        counts = np.bincount(nearest(values, levels), minlength=len(levels))
    return Quantiser(levels, counts / len(values))


def nearest(values: NDArray[np.float64], levels: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the index of the level nearest to each value."""
    return np.searchsorted((levels[1:] + levels[:-1]) / 2, values)
