"""Checks of a data matrix that scikit-learn does not make in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from harmonium.data.tensors import as_tensor
from harmonium.exceptions import InvalidInputError

_ROWS_PER_CHUNK = 512  # a chunk stays in the cache


def check_columns(frame: Any) -> None:
    """Raise InvalidInputError at the first column of a data frame that does not hold numbers, saying which it is."""
    for name in frame.columns:
        column = frame[name]
        values = np.asarray(column)
        try:
            if values.dtype.kind in "mMc":
                raise ValueError
            values.astype(np.float64)
        except (TypeError, ValueError):
            found = getattr(column, "dtype", values.dtype)
            raise InvalidInputError(
                f"every column of X must hold numbers, and none may be missing; column {name!r} is of type {found}"
            ) from None


def check_finite(X: npt.NDArray[np.floating], names: Sequence[Any] | None = None) -> None:
    """Raise InvalidInputError at the first NaN or infinity of a matrix, saying where it stands.

    Also at a value beyond float32's range, in which the models compute.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    names : sequence, optional
        Of the columns.
    """
    limit = float(np.finfo(np.float32).max)
    for start in range(0, len(X), _ROWS_PER_CHUNK):
        chunk = X[start : start + _ROWS_PER_CHUNK]
        least, greatest = torch.aminmax(as_tensor(chunk))
        if not (least >= -limit and greatest <= limit):  # a NaN is neither
            row, column = (int(index) for index in np.argwhere(~(np.abs(chunk) <= limit))[0])
            value = chunk[row, column]
            kind = "NaN" if np.isnan(value) else "infinity" if np.isinf(value) else f"{value:g}"
            named = "" if names is None else f" ({names[column]!r})"
            raise InvalidInputError(
                f"X contains {kind} at row {start + row}, column {column}{named}; every value must be finite "
                f"and below {limit:.2g} (NaN, inf and larger values are not allowed)"
            )
