"""Sums on a grid in place of integrals, and central differences in place of derivatives, for tests."""

import numpy as np

# wide enough for every Gaussian that is integrated on it; there the trapezoid rule is exact to rounding
GRID = np.linspace(-25, 25, 2001)
STEP = GRID[1] - GRID[0]


def integral(values):
    return values.sum(axis=0) * STEP


def finite_difference(function, theta, step=1e-5):
    """The gradient of a scalar function of a vector, by central differences."""
    shifts = step * np.eye(len(theta))
    return np.array([(function(theta + shift) - function(theta - shift)) / (2 * step) for shift in shifts])
