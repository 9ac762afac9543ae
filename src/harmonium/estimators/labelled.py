"""The estimators that learn from `y`: one column of labels, or a table of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from harmonium.data.batches import Labels
from harmonium.data.labels import Values, is_missing, one_type
from harmonium.estimators.conditions import ClassColumn, Column, column_from, learn_column
from harmonium.exceptions import InvalidInputError, listed


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
            learned.append(learn_column(name, one_type(values, what), what, is_typed=is_typed))
        self._set_conditions(learned)

    def _set_conditions(self, columns: list[Column]) -> None:
        self.conditions_ = tuple(columns)
        self.__dict__.pop("classes_", None)  # of another fit
        if len(columns) == 1 and isinstance(columns[0], ClassColumn):
            self.classes_ = columns[0].classes

    @property
    def _n_conditions(self) -> int:
        return sum(column.width for column in self.conditions_)

    def _encoded_labels(self, y: npt.ArrayLike | None, n_samples: int) -> Labels:
        """Return the rows of `y`, or one row for all, as conditions: shape (n_samples, n_conditions)."""
        names = [column.name for column in self.conditions_]
        n_columns = len(names)
        if y is None:
            raise InvalidInputError(f"a condition is needed: y must be {self._wanted()}; got None")
        table, given = _read(y)
        if given is not None and n_columns > 1:
            if sorted(given) != sorted(names):
                raise InvalidInputError(f"y must have the columns {', '.join(names)}; got {', '.join(given)}")
            table = table[:, [given.index(name) for name in names]]
        is_row = table.ndim == 0 or (table.ndim == 1 and n_columns > 1)
        rows = table.reshape((1, -1) if is_row else (len(table), math.prod(table.shape[1:])))
        is_for_all = len(rows) == 1 and (is_row or table.ndim == 2)
        if rows.shape[1] != n_columns or not (len(rows) == n_samples or is_for_all):
            one = "one label" if n_columns == 1 else f"one row of {n_columns} columns ({', '.join(names)})"
            raise InvalidInputError(f"y must be {one}, or {n_samples} of them; got shape {table.shape}")
        encoded = []
        for column, values in zip(self.conditions_, rows.T, strict=True):
            what = _what(column.name, n_columns)
            encoded.append(column.encode(one_type(values, what), what))
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
        return (np.array(y, dtype=object) if isinstance(y, list | tuple) else _values(y)), None
    names = [str(name) for name in y.columns]
    if len(set(names)) < len(names):
        raise InvalidInputError(f"the columns of y must have different names; got {', '.join(names)}")
    table = np.empty((len(y), len(names)), dtype=object)
    for k, name in enumerate(y.columns):
        table[:, k] = _values(y[name])
    return table, names


def _values(column: Any) -> Values:
    """Return an array's or a series's values; names in place of pandas' categories, whatever these are."""
    values = np.asarray(column)
    if getattr(getattr(column, "dtype", None), "name", "") == "category" and values.dtype.kind in "fO":
        named = [value if is_missing(value) else str(value) for value in values]
        return np.array(named, dtype=object)
    return values
