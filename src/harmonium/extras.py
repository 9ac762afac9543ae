"""Packages that only a part of harmonium needs: a missing one is answered with the ``pip install`` that brings it."""

from __future__ import annotations

from importlib.util import find_spec

from harmonium.exceptions import MissingPackageError


def require(extra: str, *packages: str) -> None:
    """Find that the packages of an optional part are installed, without importing them.

    Parameters
    ----------
    extra : str
        The extra of harmonium's that brings them.
    *packages : str
        As they are imported.

    Raises
    ------
    MissingPackageError
        At the first that is not.
    """
    for package in packages:
        if find_spec(package) is None:
            raise MissingPackageError(f"{package} is not installed; pip install 'harmonium[{extra}]' brings it")
