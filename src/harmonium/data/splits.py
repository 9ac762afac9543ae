"""Choosing rows of a training set: to hold back, or to look at."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

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
