"""Columns of classes and of numbers that a model is told of its examples, as rows of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harmonium.exceptions import InvalidInputError

Values = npt.NDArray[Any]
MAX_CLASSES = 100  # that numbers are taken for, as many as labelled images have; more are ages, years or identifiers


@dataclass(frozen=True)
class ClassColumn:
    """A column of classes: a one-hot vector an example.

    Attributes
    ----------
    name : str
        The column's, or its position from 0.
    classes : ndarray of shape (n_classes,)
        Sorted: names, whole numbers or booleans.
    """

    name: str
    classes: Values

    @property
    def width(self) -> int:
        """The number of classes."""
        return len(self.classes)

    def encode(self, values: Values, what: str) -> npt.NDArray[np.float32]:
        """Return one-hot rows, shape (n_samples, n_classes)."""
        is_name = self.classes.dtype.kind == "U"
        given = values.astype(str) if is_name else as_numbers(values)
        known = np.isin(given, self.classes)
        if not known.all():
            names = ", ".join(map(str, self.classes))
            raise InvalidInputError(f"{what} must be among {names}; got {values[~known][0]!r}")
        return np.eye(self.width, dtype=np.float32)[np.searchsorted(self.classes, given)]


@dataclass(frozen=True)
class ContinuousColumn:
    r"""A column of numbers, standardised: :math:`c = (y - m) / s`.

    Attributes
    ----------
    name : str
        The column's, or its position from 0.
    mean, scale : float
        m and s, the mean and the standard deviation of the training set; s is 1 where all numbers are equal.
    """

    name: str
    mean: float
    scale: float

    @property
    def width(self) -> int:
        """One number an example."""
        return 1

    def encode(self, values: Values, what: str) -> npt.NDArray[np.float32]:
        """Return the standardised numbers, shape (n_samples, 1)."""
        numbers = as_numbers(values).astype(np.float64)
        if not np.isfinite(numbers).all():
            raise InvalidInputError(f"{what} must be a number; got {values[~np.isfinite(numbers)][0]!r}")
        with np.errstate(over="ignore"):
            standardised = ((numbers - self.mean) / self.scale).astype(np.float32)
        if not np.isfinite(standardised).all():
            far = numbers[~np.isfinite(standardised)][0]
            raise InvalidInputError(
                f"{what} must be near the numbers of the training set, of mean {self.mean:g} and standard deviation "
                f"{self.scale:g}; got {far:g}"
            )
        return standardised[:, None]


Column = ClassColumn | ContinuousColumn


def column_from(kept: dict[str, Any]) -> Column:
    """Return a column from its attributes, as a file keeps them."""
    return ClassColumn(kept["name"], np.array(kept["classes"])) if "classes" in kept else ContinuousColumn(**kept)


def learn_column(name: str, values: Values, what: str, *, is_typed: bool) -> Column:
    """Take a column for classes or for numbers.

    Parameters
    ----------
    name : str
    values : ndarray of shape (n_samples,)
        Of one type and finite.
    what : str
        Names the column in errors.
    is_typed : bool
        Whether floats mean that the column is continuous; otherwise whole ones of few values are classes, as for
        scikit-learn.

    Raises
    ------
    InvalidInputError
        If it has more different integers than are taken for classes.
    """
    classes, kind = np.unique(values), values.dtype.kind
    has_few, is_whole = len(classes) <= MAX_CLASSES, kind != "f" or bool((classes == np.round(classes)).all())
    if kind == "f" and (is_typed or not is_whole or not has_few):
        return _standardised(name, values.astype(np.float64), what)
    if not has_few and (kind in "iu" or np.isfinite(as_numbers(classes)).all()):
        raise InvalidInputError(
            f"{what} has {len(classes)} different numbers, and at most {MAX_CLASSES} are taken for classes: "
            "give them as floats for a continuous condition, or as names"
        )
    return ClassColumn(name, classes)


def _standardised(name: str, numbers: Values, what: str) -> ContinuousColumn:
    if numbers.min() == numbers.max():
        return ContinuousColumn(name, float(numbers[0]), 1.0)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, scale = float(numbers.mean()), float(numbers.std())
    if not 0 < scale < np.inf:
        raise InvalidInputError(
            f"{what} must have a standard deviation that double precision can hold; got numbers from "
            f"{numbers.min():g} to {numbers.max():g}: give them in another unit, or their logarithms"
        )
    return ContinuousColumn(name, mean, scale)


def one_type(values: Values, what: str) -> Values:
    """Return a column of names, of finite numbers or of booleans, in an array of that type.

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
            raise InvalidInputError(f"{what} must hold names, numbers or booleans; got {given[0]!r}") from None
        changed = [before for before, after in zip(given, values.tolist(), strict=True) if before != after]
        if changed:
            raise InvalidInputError(f"{what} must hold labels of one sort; got {changed[0]!r} among names")
    if values.dtype.kind not in "biufU" or values.ndim != 1:
        raise InvalidInputError(f"{what} must hold names, numbers or booleans; got {values.dtype} values")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise InvalidInputError(f"{what} contains NaN or infinity; every label must be a value")
    return values


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
