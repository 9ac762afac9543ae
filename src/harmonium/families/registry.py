"""Which families there are: those of this folder, and those of other installed packages."""

from __future__ import annotations

import contextlib
import pkgutil
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

import harmonium.families
from harmonium.exceptions import InvalidInputError
from harmonium.families.family import Family

GROUP = "harmonium.families"
_NO_FAMILIES = {"family", "registry"}


def family_names() -> tuple[str, ...]:
    """Return the name of every family, sorted; no declaration is imported.

    A family of harmonium's own is named after its module. Another package declares one by an entry point of the group
    ``harmonium.families``, whose name is the family's and whose value is ``module:FAMILY``.
    """
    return tuple(sorted({*_own(), *_others()}))


def is_own(name: str) -> bool:
    """Whether a family is harmonium's own: the declaration of another package may take seconds to import, or fail."""
    return name in _own()


def find_family(name: str) -> Family:
    """Return the family of a name.

    Raises
    ------
    InvalidInputError
        If there is none.
    """
    if name in _own():
        found: Family = import_module(f"harmonium.families.{_own()[name]}").FAMILY
        return found
    if name in _others():
        point = _others()[name]
        try:
            declared: Family = point.load()
        except Exception as error:  # whatever another package does wrong, it is said whose fault it is
            raise InvalidInputError(f"the family {name} cannot be loaded from {point.value}: {error}") from error
        return declared
    raise InvalidInputError(f"model must be one of {', '.join(family_names())}; got {name!r}")


def family_of(estimator_name: str) -> Family:
    """Return the family whose estimator's class has a name.

    Raises
    ------
    InvalidInputError
        If there is none.
    """
    for name in (*_own(), *_others()):
        with contextlib.suppress(*([] if is_own(name) else [InvalidInputError])):  # another's fault is not this one's
            family = find_family(name)
            if family.estimator_name == estimator_name:
                return family
    raise InvalidInputError(
        f"no family declares the estimator {estimator_name!r}; there are {', '.join(family_names())}"
    )


@cache
def _own() -> dict[str, str]:
    modules = (module.name for module in pkgutil.iter_modules(harmonium.families.__path__))
    return {module.replace("_", "-"): module for module in modules if module not in _NO_FAMILIES}


@cache
def _others() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
