"""Loading a saved estimator of any family."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harmonium.estimators.persistence import damage_is_said, read_model
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
        If the folder holds no saved estimator, or one of a class that no family declares.
    DamagedFileError
        If a file of it cannot be what was written.
    """
    folder = Path(folder)
    saved = read_model(folder)
    estimator_class = family_of(saved.estimator).load_estimator_class()
    with damage_is_said(folder):
        return estimator_class._from_saved(saved)
