"""How far reconstructions are from the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

_ROWS_PER_CHUNK = 4096


def mean_squared_error(
    X: npt.NDArray[np.floating],
    reconstruct: Callable[..., npt.NDArray[np.floating]],
    y: npt.NDArray[Any] | None = None,
) -> float:
    r"""Return :math:`\frac{1}{n d} \sum_{n, i} (\hat x_{ni} - x_{ni})^2` over a whole set.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), or images
        In the user's units; for images, pixels in [0, 1].
    reconstruct : callable
        Maps rows of `X` (and their labels, where `y` is given) to their reconstructions, in the same units.
    y : ndarray of shape (n_samples,), optional

    Returns
    -------
    float
        Squared errors summed in float64 over all rows, divided once by their number: never a mean of the means
        of batches.
    """
    total = 0.0
    for start in range(0, len(X), _ROWS_PER_CHUNK):
        chunk = slice(start, start + _ROWS_PER_CHUNK)
        reconstruction = reconstruct(X[chunk]) if y is None else reconstruct(X[chunk], y[chunk])
        total += float(np.square(reconstruction - X[chunk].reshape(reconstruction.shape), dtype=np.float64).sum())
    return total / X.size
