"""Quantisers of one variable with the least mean squared error: of a standard normal one, and of a sample."""

from __future__ import annotations

import functools
import math

import numpy as np
import torch
from numpy.typing import NDArray

_N_ROUNDS = 5000
_CLOSE = 1e-12


@functools.cache
def normal_quantiser(n_levels: int) -> tuple[float, float]:
    r"""Return distortion and entropy of the best quantiser of N(0, 1).

    .. math:: D(L) = \sum_s \int_{I_s} (x - c_s)^2 \varphi(x)\, dx = 1 - \sum_s P_s c_s^2, \qquad
              H(L) = -\sum_s P_s \log P_s

    with cells :math:`I_s` whose ends are half way between neighbouring levels, and each level :math:`c_s` the mean of
    its cell; found by going from one condition to the other (S. Lloyd, IEEE Trans. Information Theory 28 (1982),
    method I).

    Parameters
    ----------
    n_levels : int
        L.

    Returns
    -------
    (float, float)
        D, of a variance of 1, and H, in nats.
    """
    levels = torch.special.ndtri((torch.arange(n_levels, dtype=torch.float64) + 0.5) / n_levels)
    outside = torch.tensor([math.inf], dtype=torch.float64)
    for _ in range(_N_ROUNDS):
        ends = torch.cat([-outside, (levels[1:] + levels[:-1]) / 2, outside])
        shares = torch.special.ndtr(ends).diff()
        moved = -torch.exp(-0.5 * ends**2).diff() / (math.sqrt(2 * math.pi) * shares)
        is_done = float((moved - levels).abs().max()) < _CLOSE
        levels = moved
        if is_done:
            break
    return float(1 - shares @ levels**2), float(-(shares @ shares.log()))


def quantise(
    values: NDArray[np.float64], n_levels: int, n_rounds: int = 100
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the levels of a quantiser of a sample, ascending, and their shares: k-means in one dimension.

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
        counts = np.bincount(nearest(values, levels)[0], minlength=len(levels))
    return levels, counts / len(values)


def nearest(values: NDArray[np.float64], levels: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the index of the level nearest to each value, and the squared distance."""
    index = np.searchsorted((levels[1:] + levels[:-1]) / 2, values)
    return index, np.square(values - levels[index])
