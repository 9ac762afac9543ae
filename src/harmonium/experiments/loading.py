"""Loading a saved estimator of any family."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harmonium.estimators.base import LatentVariableEstimator
from harmonium.estimators.persistence import ARCHITECTURE, damage_is_said, read_model
from harmonium.exceptions import DamagedFileError, InvalidInputError
from harmonium.families.registry import family_of


def load(folder: str | Path) -> Any:
    """Return the fitted estimator that ``save`` (or ``harmonium train``) wrote into a folder.

    Parameters
    ----------
    folder : str or Path
        A run directory, or what an estimator's ``save`` was given.

    Returns
    -------
    estimator
        Of the class that was saved.

    Raises
    ------
    InvalidInputError
        If the folder holds no saved estimator, or one of a later version.
    DamagedFileError
        If a file of it is not what was written, or names a class that is not known here.
    """
    folder = Path(folder)
    saved = read_model(folder)
    estimator_class = _class_of(saved.estimator)
    if estimator_class is None:
        raise DamagedFileError(
            f"{folder / ARCHITECTURE} names the estimator {saved.estimator!r}, which is not known here; import the "
            "module that defines it, or declare its family"
        )
    with damage_is_said(folder):
        return estimator_class._from_saved(saved)


def _class_of(name: str) -> type[Any] | None:
    """Return the class that a family declares, or one of the user's own that is defined in this process."""
    try:
        return family_of(name).load_estimator_class()
    except InvalidInputError:
        return next((found for found in _subclasses(LatentVariableEstimator) if found.__name__ == name), None)


def _subclasses(of: type[Any]) -> Iterator[type[Any]]:
    for subclass in of.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)
