"""Checks of a data matrix that scikit-learn does not make in one sentence."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from harmonium.data.tensors import as_tensor
from harmonium.exceptions import InvalidInputError

_ROWS_PER_CHUNK = 512  # a chunk stays in the cache


def check_finite(X: npt.NDArray[np.floating], name: str = "X") -> None:
    """Raise InvalidInputError at the first NaN or infinity of a matrix, saying where it stands.

    Also at a value beyond float32's range, in which the models compute.
    """
    limit = float(np.finfo(np.float32).max)
    for start in range(0, len(X), _ROWS_PER_CHUNK):
        chunk = X[start : start + _ROWS_PER_CHUNK]
        least, greatest = torch.aminmax(as_tensor(chunk))
        if not (least >= -limit and greatest <= limit):  # a NaN is neither
            row, column = (int(index) for index in np.argwhere(~(np.abs(chunk) <= limit))[0])
            value = chunk[row, column]
            kind = "NaN" if np.isnan(value) else "infinity" if np.isinf(value) else f"{value:g}"
            raise InvalidInputError(
                f"{name} contains {kind} at row {start + row}, column {column}; every value must be finite "
                f"and below {limit:.2g} (NaN, inf and larger values are not allowed)"
            )
