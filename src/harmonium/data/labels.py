"""Labels as people have them: of one type, none of them missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from harmonium.exceptions import InvalidInputError

Values = npt.NDArray[Any]
MAX_CLASSES = 100  # that numbers are taken for, as many as labelled images have; more are ages, years or identifiers
MAX_NAMES = 1000  # that names are taken for; more are identifiers, and a one-hot vector of them fills the memory
_MISSING = ("", "nan", "None", "NaT", "<NA>")  # what a missing value becomes where an array is made text


def one_type(values: Values, what: str) -> Values:
    """Return a column of names, of finite numbers or of booleans, in an array of that type; whole numbers as int64.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
    what : str
        Names the column in errors.

    Raises
    ------
    InvalidInputError
        If it is none, or has missing values.
    """
    if values.dtype.kind in "OT":  # objects, and NumPy's strings of any length
        given = values.tolist()
        if any(map(is_missing, given)):
            raise InvalidInputError(f"{what} has missing labels; every row must have one")
        try:
            values = np.array(given)
        except ValueError:  # of sequences of several lengths
            raise InvalidInputError(f"{what} must hold names, numbers or booleans; got {given[0]!r:.100}") from None
        if values.ndim == 1:
            changed = [before for before, after in zip(given, values.tolist(), strict=True) if before != after]
            if changed:
                raise InvalidInputError(f"{what} must hold labels of one sort; got {changed[0]!r:.100} among names")
    if values.dtype.kind not in "biufU" or values.ndim != 1:
        hint = "; as names they can be given, with y.astype(str)" if values.dtype.kind in "SMm" else ""
        raise InvalidInputError(f"{what} must hold names, numbers or booleans; got {values.dtype!s:.100} values{hint}")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise InvalidInputError(f"{what} contains NaN or infinity; every label must be a value")
    if values.dtype.kind == "U" and (is_lost := np.isin(values, _MISSING)).any():
        raise InvalidInputError(
            f"{what} has missing labels; every row must have one, of another name than {str(values[is_lost][0])!r}"
        )
    if values.dtype.kind not in "iu":
        return values
    if values.dtype.kind == "u" and values.max(initial=0) > np.iinfo(np.int64).max:
        raise InvalidInputError(f"{what} must hold whole numbers below 2^63; got {values.max()}")
    return values.astype(np.int64)


def whole_or_names(values: Values, what: str) -> Values:
    """Return labels of one type (`one_type`) of which floats are whole and become integers.

    Raises
    ------
    InvalidInputError
        If they are no labels.
    """
    values = one_type(values, what)
    if values.dtype.kind != "f":
        return values
    numbers = values.astype(np.float64)
    is_label = (np.floor(numbers) == numbers) & (np.abs(numbers) <= 2**53)  # beyond, floats skip whole numbers
    if not is_label.all():
        raise InvalidInputError(
            f"{what} must hold names, booleans or whole numbers (as floats up to 2^53); got {numbers[~is_label][0]:g}"
        )
    return numbers.astype(np.int64)


def are_classes(values: Values | None) -> bool:
    """Whether labels are classes, two or more with two examples or more on average; else they are identifiers."""
    if values is None:
        return False
    n_classes = len(np.unique(values))
    return 2 <= n_classes <= min(len(values) // 2, MAX_NAMES if values.dtype.kind == "U" else MAX_CLASSES)


def as_numbers(values: Values) -> Values:
    """Return a column's numbers, those written as strings too; NaN for other strings."""
    if values.dtype.kind != "U":
        return values
    numbers = np.full(len(values), np.nan)
    for k, value in enumerate(values):
        try:
            numbers[k] = float(value)
        except ValueError:
            break  # one that is no number is enough to be said
    return numbers


def is_missing(value: Any) -> bool:
    """Whether a value of a column is None, NaN, or what else stands for a missing one."""
    try:
        return value is None or bool(value != value)
    except TypeError:  # pandas.NA, which is neither equal nor unequal
        return True
    except ValueError:  # a sequence of values
        return False
