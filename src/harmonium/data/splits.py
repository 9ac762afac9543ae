"""Choosing rows of a training set: to hold back, or to look at."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from harmonium.data.labels import is_missing
from harmonium.exceptions import InvalidInputError

Indices = npt.NDArray[np.int64]
_N_VALUES = 2**24  # 128 MiB in double precision


def some_rows(rows: npt.NDArray[Any], kept: Indices | None) -> npt.NDArray[Any]:
    """Return evenly spaced rows, all of them up to 2^24 values: what can be held in memory a few times over.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_features)
    kept : ndarray of int, optional
        The rows to choose from; all by default.
    """
    n_rows = len(rows) if kept is None else len(kept)
    step = -(-n_rows * rows.shape[1] // _N_VALUES)
    return rows[::step] if kept is None else rows[kept[::step]]


def evenly_spaced(n_samples: int, kept: Indices | None, n: int) -> Indices:
    """Return the indices of n rows, from the first to the last of those kept, or of all; of all where they are fewer.

    Parameters
    ----------
    n_samples : int
    kept : ndarray of int, optional
    n : int
    """
    n_rows = n_samples if kept is None else len(kept)
    index = np.linspace(0, n_rows - 1, min(n, n_rows)).astype(np.int64)
    return index if kept is None else kept[index]


def hold_out(n_samples: int, fraction: float, labels: npt.NDArray[Any] | None, seed: int) -> tuple[Indices, Indices]:
    """Return the sorted indices of the rows to train on and of those held back.

    Parameters
    ----------
    n_samples : int
    fraction : float
        Of the rows to hold back.
    labels : ndarray of shape (n_samples,), optional
        Classes that both parts hold in the same proportions (stratified); each needs two rows or more. Without them
        the rows are drawn blindly.
    seed : int

    Raises
    ------
    InvalidInputError
        If the parts cannot be made: too few rows, or rows of a class.
    """
    # imported here because few fits hold rows back
    from sklearn.model_selection import train_test_split

    rows = np.arange(n_samples)
    try:
        kept, held = train_test_split(rows, test_size=fraction, stratify=labels, random_state=seed % 2**32)
    except ValueError as error:
        raise InvalidInputError(
            f"a fraction of {fraction:g} of {n_samples} rows cannot be held back: {error}"
        ) from error
    return np.sort(kept), np.sort(held)


def strata(y: npt.ArrayLike | None, n_held: float) -> npt.NDArray[Any] | None:
    """Return y where it is one column of classes that both parts can hold, else None: it may be anything.

    It may be given to a model that needs no labels: names, numbers, identifiers, with values missing.

    Parameters
    ----------
    y : array-like, optional
    n_held : float
        How many rows are held back.
    """
    if y is None:
        return None
    labels = np.asarray(y)
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.ndim != 1 or labels.dtype.kind not in "biufUO":
        return None
    if labels.dtype.kind == "f" and not (np.isfinite(labels) & (np.floor(labels) == labels)).all():
        return None
    if labels.dtype.kind == "O":
        if any(map(is_missing, labels)) or len({type(value) for value in labels}) != 1 or np.ndim(labels[0]):
            return None
        labels = labels.astype(str)
    classes, counts = np.unique(labels, return_counts=True)
    if min(counts, default=0) < 2 or len(classes) > min(n_held, len(labels) - n_held):
        return None
    return labels
