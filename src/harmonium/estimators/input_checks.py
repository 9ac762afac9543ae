"""Checks of what users pass: data matrices, images, and codes to be decoded."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import validate_data

from harmonium.data.checks import check_columns, check_finite
from harmonium.data.scaling import ScalingKind
from harmonium.data.splits import some_rows
from harmonium.exceptions import InvalidInputError

Array = npt.NDArray[np.floating]
_N_NAMED = 5  # columns that a sentence lists


def check_matrix(estimator: Any, X: npt.ArrayLike, *, reset: bool) -> Array:
    """Return a data matrix in float32 or float64, finite, with the features that the estimator knows.

    Images are rows whose features are the pixels in C order: of each pixel from left to right, line by line, its
    channels.

    Parameters
    ----------
    estimator : estimator
    X : array-like of shape (n_samples, n_features), (n_samples, height, width) or (n_samples, height, width, channels)
    reset : bool
        Whether the estimator learns the features from it, as in `fit`; of images also their shape.

    Raises
    ------
    InvalidInputError
        If it is none.
    """
    try:
        shape: Any = np.shape(X) if isinstance(X, list | tuple) else getattr(X, "shape", None)
    except ValueError as error:
        raise InvalidInputError("X must be a matrix whose rows are of one length; got rows that are not") from error
    if shape is not None and len(shape) not in (2, 3, 4):
        raise InvalidInputError(
            "X must have two dimensions (n_samples, n_features), or be images of shape (n_samples, height, width) or "
            f"(n_samples, height, width, channels); got shape {tuple(shape)}. "
            "Reshape your data, one row with X.reshape(1, -1)"
        )
    is_image = shape is not None and len(shape) > 2
    if is_image:
        X = (X if isinstance(X, np.ndarray) else np.asarray(X)).reshape(shape[0], math.prod(shape[1:]))
    columns = getattr(X, "columns", None)
    if np.ma.isMaskedArray(X):
        raise InvalidInputError("X must be without masked values; got a masked array: fill it, or drop these rows")
    if isinstance(X, np.ndarray) and X.dtype.kind in "mM":
        raise InvalidInputError(f"X must hold numbers; got type {X.dtype}")
    try:
        rows: Array = validate_data(estimator, X, reset=reset, dtype=[np.float64, np.float32], ensure_all_finite=False)
    except (TypeError, ValueError) as error:
        said = str(error).partition("\n")[0]
        if "feature names" in said:
            said += f" {_how_names_differ(list(estimator.feature_names_in_), [] if columns is None else list(columns))}"
        elif columns is not None:
            check_columns(X)
        elif isinstance(error, TypeError):  # as scikit-learn's checks want it
            raise
        raise InvalidInputError(said) from error
    check_finite(rows, columns)
    _check_image_shape(estimator, without_one_channel(shape[1:]) if is_image else None, reset=reset)
    return rows


def _how_names_differ(names: list[str], found: list[str]) -> str:
    """Return in words how the names of columns differ from those of the fit."""
    unknown = [name for name in found if name not in names]
    missing = [name for name in names if name not in found]
    differences = {"Unknown are": unknown[:_N_NAMED], "Missing are": missing[:_N_NAMED]}
    parts = [f"{what} {', '.join(map(repr, some))}." for what, some in differences.items() if some]
    if not parts:
        k = next(k for k, (name, other) in enumerate(zip(names, found, strict=False)) if name != other)
        parts = [f"Their order is another: column {k} must be {names[k]!r}; got {found[k]!r}."]
    return " ".join(parts)


def _check_image_shape(estimator: Any, found: tuple[int, ...] | None, *, reset: bool) -> None:
    known = getattr(estimator, "image_shape", None)
    if not reset:
        known = getattr(estimator, "image_shape_", known)
    if found is not None and known is not None and found != without_one_channel(known):
        raise InvalidInputError(f"X must hold images of shape {tuple(known)}, those of the model; got {found}")
    if reset:
        estimator.__dict__.pop("image_shape_", None)  # of another fit
        if found is not None:
            estimator.image_shape_ = found


def without_one_channel(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the (height, width) of images of one channel; any other shape as it is."""
    *plane, n_channels = shape
    return tuple(plane if len(plane) == 2 and n_channels == 1 else shape)


def check_spread(rows: Array, kind: ScalingKind) -> None:
    """Raise InvalidInputError where values differ by less than single precision holds once they are divided by that.

    Squares of such differences can be zero, and so what varies would be taken for constant.
    """
    least = float(np.finfo(np.float32).tiny)
    if kind == "none":
        return
    among = some_rows(rows, None)
    extent = among.max(0) - among.min(0)
    for column, found in enumerate([extent.max()] if kind == "global" else extent):
        if 0 < found < least:
            raise InvalidInputError(
                f"the values in column {column} of X differ by {found:.2g} at most, and scaling={kind!r} needs "
                f"{least:.2g} or more; give X in another unit"
            )


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
