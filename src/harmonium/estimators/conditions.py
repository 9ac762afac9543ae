"""Columns of classes and of numbers that a model is told of its examples, as rows of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harmonium.data.labels import MAX_CLASSES, MAX_NAMES, Values, as_numbers
from harmonium.exceptions import InvalidInputError, listed


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
            raise InvalidInputError(
                f"{what} must be among {listed(self.classes)}; got {values[~known][0].item()!r:.100}"
            )
        rows = np.zeros((len(given), self.width), np.float32)
        rows[np.arange(len(given)), np.searchsorted(self.classes, given)] = 1
        return rows


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
            raise InvalidInputError(f"{what} must be a number; got {values[~np.isfinite(numbers)][0].item()!r:.100}")
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
        If it has more different integers or names than are taken for classes.
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
    if len(classes) > MAX_NAMES:
        raise InvalidInputError(
            f"{what} has {len(classes)} different names, and at most {MAX_NAMES} are taken for classes: "
            "more are identifiers, of which nothing can be learned"
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
