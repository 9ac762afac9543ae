"""The estimators that learn from `y`: one column of labels, or a table of them."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from harmonium.data.batches import Labels
from harmonium.data.labels import Values, is_missing, one_type
from harmonium.estimators.conditions import ClassColumn, Column, column_from, learn_column
from harmonium.exceptions import InvalidInputError, listed

_TIMES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)


class Labelled:
    """Mixin of the estimators that learn from `y`: to stand before `LatentVariableEstimator`.

    Attributes
    ----------
    conditions_ : tuple of ClassColumn or ContinuousColumn
        What each column of `y` was learned to be.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted, where `y` is one column of classes.
    """

    conditions_: tuple[Column, ...]
    classes_: npt.NDArray[Any]

    def _learn_labels(self, y: npt.ArrayLike | None, n_samples: int) -> None:
        if y is None:
            # scikit-learn's tools look for these words
            raise InvalidInputError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        table, names = _read(y)
        if table.shape[:1] != (n_samples,) or table.ndim > 2 or table.size == 0:
            wanted = (n_samples, *table.shape[1:2])
            raise InvalidInputError(f"y must have one label a row of X, shape {wanted}; got {table.shape}")
        columns = table.reshape(n_samples, -1).T
        names = names or [str(k) for k in range(len(columns))]
        # the columns of a data frame and of an array of objects have types of their own
        is_typed = table.ndim == 2 and table.dtype == object
        learned = []
        for name, values in zip(names, columns, strict=True):
            what = _what(name, len(names))
            learned.append(learn_column(name, _one_type(values, what), what, is_typed=is_typed))
        self._set_conditions(learned)

    def _set_conditions(self, columns: list[Column]) -> None:
        self.conditions_ = tuple(columns)
        self.__dict__.pop("classes_", None)  # of another fit
        if len(columns) == 1 and isinstance(columns[0], ClassColumn):
            self.classes_ = columns[0].classes

    @property
    def _n_conditions(self) -> int:
        return sum(column.width for column in self.conditions_)

    def _encoded_labels(self, y: npt.ArrayLike | None, n_samples: int | None) -> Labels:
        """Return the rows of `y`, or one row for all, as conditions: shape (n_samples, n_conditions).

        `n_samples` of None stands for as many as there are rows.
        """
        names = [column.name for column in self.conditions_]
        n_columns = len(names)
        if y is None:
            raise InvalidInputError(f"a condition is needed: y must be {self._wanted()}; got None")
        is_named_row = isinstance(y, Mapping) or (n_columns > 1 and hasattr(y, "keys") and np.shape(y) == (n_columns,))
        table, given = _read_row(y) if is_named_row else _read(y)
        if given is not None and n_columns > 1:
            if sorted(given) != sorted(names):
                raise InvalidInputError(f"y must have the columns {', '.join(names)}; got {', '.join(given)}")
            table = table[:, [given.index(name) for name in names]]
        is_row = table.ndim == 0 or (table.ndim == 1 and n_columns > 1)
        rows = table.reshape((1, -1) if is_row else (len(table), math.prod(table.shape[1:])))
        n_samples = len(rows) if n_samples is None else n_samples
        if rows.shape[1] != n_columns or len(rows) not in (1, n_samples) or len(rows) == 0:
            one = "one label" if n_columns == 1 else f"one row of {n_columns} columns ({', '.join(names)})"
            raise InvalidInputError(f"y must be {one}, or {n_samples} of them; got shape {table.shape}")
        encoded = []
        for column, values in zip(self.conditions_, rows.T, strict=True):
            what = _what(column.name, n_columns)
            encoded.append(column.encode(_one_type(values, what), what))
        return np.hstack(encoded).repeat(1 if len(rows) == n_samples else n_samples, axis=0)

    def _wanted(self) -> str:
        if hasattr(self, "classes_"):
            return f"labels among {listed(self.classes_)}"
        names = ", ".join(column.name for column in self.conditions_)
        return "numbers" if len(self.conditions_) == 1 else f"rows of the columns {names}"

    def _kept_labels(self) -> dict[str, list[Any]]:
        columns = [vars(column) for column in self.conditions_]
        return {**super()._kept_labels(), "conditions": columns}  # type: ignore[misc]  # mixed in

    def _restore_labels(self, labels: dict[str, list[Any]]) -> None:
        super()._restore_labels(labels)  # type: ignore[misc]  # mixed in
        # models of before had one column of classes
        columns = labels["conditions"] if "conditions" in labels else [{"name": "0", "classes": labels["classes"]}]
        self._set_conditions([column_from(column) for column in columns])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]  # of the estimator that it is mixed into
        tags.target_tags.required = True
        return tags


def _what(name: str, n_columns: int) -> str:
    return "y" if n_columns == 1 else f"column {name} of y"


def _read(y: Any) -> tuple[Values, list[str] | None]:
    """Return labels as an array, and the names of the columns of a data frame."""
    if not hasattr(y, "columns"):
        return (_listed(y) if isinstance(y, list | tuple) else _values(y)), None
    names = [str(name) for name in y.columns]
    if len(set(names)) < len(names):
        raise InvalidInputError(f"the columns of y must have different names; got {', '.join(names)}")
    table = np.empty((len(y), len(names)), dtype=object)
    for k, name in enumerate(y.columns):
        values = _values(y[name])
        table[:, k] = list(values) if values.dtype.kind in "mM" else values  # which would become integers
    return table, names


def _read_row(y: Any) -> tuple[Values, list[str]]:
    """Return one row whose values have names, that of a mapping or of a pandas series, as a table."""
    names, values = zip(*y.items(), strict=True) if len(y) else ((), ())
    if any(np.ndim(value) for value in values):
        raise InvalidInputError("y must have one value a name where it is a mapping: give more rows as a data frame")
    table = np.empty((1, len(values)), dtype=object)
    table[0] = values
    return table, [str(name) for name in names]


def _listed(y: Any) -> Values:
    """Return lists as the array that NumPy makes of their numbers, but names beside numbers as objects."""
    try:
        values = np.array(y)
    except ValueError:  # of sequences of several lengths
        return np.array(y, dtype=object)
    return values if values.dtype.kind in "biuf" else np.array(y, dtype=object)


def _one_type(values: Values, what: str) -> Values:
    """Return a column as `one_type` does, dates refused with what to give in their place."""
    times = values if values.dtype.kind in "mM" else [value for value in values if isinstance(value, _TIMES)]
    if len(times):
        raise InvalidInputError(
            f"{what} must hold names, numbers or booleans; got {type(times[0]).__name__} values: give numbers, such as "
            "the days since the first one, or names, with y.astype(str)"
        )
    return one_type(values, what)


def _values(column: Any) -> Values:
    """Return an array's or a series's values; names in place of pandas' categories, whatever these are."""
    values = np.asarray(column)
    if getattr(getattr(column, "dtype", None), "name", "") == "category" and values.dtype.kind in "fO":
        named = [value if is_missing(value) else str(value) for value in values]
        return np.array(named, dtype=object)
    return values
