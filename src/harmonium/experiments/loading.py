"""Loading a saved estimator of any family."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
        If the folder holds no saved estimator.
    DamagedFileError
        If a file of it cannot be what was written, or names a class that no family declares.
    """
    folder = Path(folder)
    saved = read_model(folder)
    try:
        estimator_class = family_of(saved.estimator).load_estimator_class()
    except InvalidInputError as error:
        raise DamagedFileError(
            f"{folder / ARCHITECTURE} cannot be loaded: {error}. A model of your own is loaded where it is declared "
            "as a family"
        ) from error
    with damage_is_said(folder):
        return estimator_class._from_saved(saved)
