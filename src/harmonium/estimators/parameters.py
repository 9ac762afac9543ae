"""Checks of hyper-parameters: each error says what was wrong, what was found and what is allowed."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from harmonium.exceptions import InvalidInputError

if TYPE_CHECKING:
    from harmonium.estimators.base import LatentVariableEstimator

Check = Callable[[str, object], None]


def check_positive_integer(name: str, value: object) -> None:
    """Raise InvalidInputError unless `value` is an integer of at least one."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise InvalidInputError(f"{name} must be a positive integer; got {value!r}")


def check_index(name: str, value: object, n: int) -> None:
    """Raise InvalidInputError unless `value` is an integer from 0 to n - 1."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value not in range(n):
        raise InvalidInputError(f"{name} must be an integer from 0 to {n - 1}; got {value!r}")


def check_positive_number(name: str, value: object) -> None:
    """Raise InvalidInputError unless `value` is a finite number above zero."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < math.inf:
        raise InvalidInputError(f"{name} must be a positive number; got {value!r}")


def check_non_negative_number(name: str, value: object) -> None:
    """Raise InvalidInputError unless `value` is a finite number of at least zero."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < math.inf:
        raise InvalidInputError(f"{name} must be a number of at least 0; got {value!r}")


def check_fraction(name: str, value: object) -> None:
    """Raise InvalidInputError unless `value` is a number in [0, 1)."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < 1:
        raise InvalidInputError(f"{name} must be a number in [0, 1); got {value!r}")


def check_choice(name: str, value: object, allowed: Sequence[str]) -> None:
    """Raise InvalidInputError unless `value` is one of the allowed names."""
    if not isinstance(value, str) or value not in allowed:
        names = ", ".join(map(repr, allowed))
        raise InvalidInputError(f"{name} must be one of {names}; got {value!r}")


def is_sequence(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether `value` is a list, a tuple or their kind, or a vector of NumPy's."""
    return (isinstance(value, Sequence) and not isinstance(value, str)) or (
        isinstance(value, np.ndarray) and value.ndim == 1
    )


def check_positive_integers(name: str, value: object) -> None:
    """Raise InvalidInputError unless `value` is a sequence of one or more integers of at least one."""
    if not is_sequence(value) or len(value) == 0:
        example = f", such as ({value!r},)" if isinstance(value, Integral) else ""
        raise InvalidInputError(f"{name} must be one or more positive integers{example}; got {value!r}")
    for number in value:
        check_positive_integer(f"every one of {name}", number)


def parameters_as_they_are(estimator: LatentVariableEstimator) -> dict[str, Any]:
    """Return the hyper-parameters, with copies of those that can be written into."""
    found: dict[str, Any] = estimator.get_params(deep=False)
    return {
        name: copy.deepcopy(value) if isinstance(value, list | np.ndarray) else value for name, value in found.items()
    }


def check_only_changeable_changed(estimator: LatentVariableEstimator) -> None:
    """Raise InvalidInputError if a hyper-parameter has another value than at the fit and the model depends on it."""
    for name, value in estimator.get_params(deep=False).items():
        before = estimator._parameters_of_fit[name]
        if name not in estimator._changeable and value is not before and not np.array_equal(value, before):
            raise InvalidInputError(
                f"{name} was {before!r} when the model was made, and partial_fit cannot go on with {value!r}: set it "
                "back, or make another model with fit"
            )


def one_of(allowed: Sequence[str]) -> Check:
    """Return the check that a value is one of the allowed names."""
    return lambda name, value: check_choice(name, value, allowed)


def or_none(check: Check) -> Check:
    """Return the check that lets None pass as well."""

    def check_unless_none(name: str, value: object) -> None:
        if value is not None:
            check(name, value)

    return check_unless_none
