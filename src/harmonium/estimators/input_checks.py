"""Checks of what users pass: data matrices, and codes to be decoded."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import validate_data

from harmonium.data.checks import check_finite
from harmonium.exceptions import InvalidInputError

Array = npt.NDArray[np.floating]


def check_matrix(estimator: Any, X: npt.ArrayLike, *, reset: bool) -> Array:
    """Return a data matrix in float32 or float64, finite, with the features that the estimator knows.

    Parameters
    ----------
    estimator : estimator
    X : array-like of shape (n_samples, n_features)
    reset : bool
        Whether the estimator learns the features from it, as in `fit`.

    Raises
    ------
    InvalidInputError
        If it is none.
    """
    try:
        shape = np.shape(X) if isinstance(X, np.ndarray | list | tuple) else None
    except ValueError as error:
        raise InvalidInputError("X must be a matrix whose rows are of one length; got rows that are not") from error
    if shape is not None and len(shape) != 2:
        raise InvalidInputError(
            f"X must have two dimensions (n_samples, n_features); got shape {shape}. "
            "Reshape your data, images with X.reshape(len(X), -1)"
        )
    try:
        rows: Array = validate_data(estimator, X, reset=reset, dtype=[np.float64, np.float32], ensure_all_finite=False)
    except ValueError as error:
        raise InvalidInputError(str(error).partition("\n")[0]) from error
    check_finite(rows)
    return rows


def check_unit_interval(rows: Array, reason: str) -> None:
    """Raise InvalidInputError unless every value is in [0, 1], saying what asks for that."""
    low, high = float(rows.min()), float(rows.max())
    if low < 0 or high > 1:
        raise InvalidInputError(f"{reason} needs X in [0, 1]; found values from {low:g} to {high:g}")


def check_codes(name: str, codes: npt.ArrayLike, n_columns: int) -> npt.NDArray[np.float64]:
    """Return codes such as `transform` gives, to be decoded.

    Raises
    ------
    InvalidInputError
        If they are not finite numbers of shape (n_samples, n_columns).
    """
    wanted = f"{name} must be finite and of shape (n_samples, {n_columns})"
    try:
        array = np.asarray(codes, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"{wanted}: {error}") from error
    if array.ndim != 2 or array.shape[1] != n_columns or not np.isfinite(array).all():
        raise InvalidInputError(f"{wanted}; got shape {array.shape}")
    return array
