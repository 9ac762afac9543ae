"""A trained module applied to a user's rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils.validation import check_is_fitted

from harmonium.data.batches import Labels
from harmonium.data.tensors import as_tensor
from harmonium.estimators.input_checks import Array

_ROWS_PER_CHUNK = 512


def map_rows(
    estimator: Any,
    X: npt.ArrayLike,
    function: Callable[..., torch.Tensor],
    labels: Labels | None = None,
    precision: torch.dtype = torch.float64,
) -> Array:
    """Apply a function of a batch in the model's units to all rows, in chunks; keep the precision of X.

    Beyond the result it takes the memory of a chunk: a memory-mapped X stays on disk.

    Parameters
    ----------
    estimator : LatentVariableEstimator
        A fitted one.
    X : array-like of shape (n_samples, n_features)
    function : callable
        Where there are labels, it is given them as its second argument.
    labels : ndarray of shape (n_samples,) or (n_samples, n_conditions), optional
    precision : torch.dtype
        In which the function computes.
    """
    rows, chunks = scaled_chunks(estimator, X, labels, precision)
    result = np.empty(0, rows.dtype)
    for start, batch in chunks:
        with torch.no_grad():
            values = function(*batch).numpy()
        if start == 0:  # room for all of it at once: parts to be joined take it twice
            result = np.empty((len(rows), *values.shape[1:]), rows.dtype)
        result[start : start + len(values)] = values
    return result


def scaled_chunks(
    estimator: Any, X: npt.ArrayLike, labels: Labels | None = None, precision: torch.dtype = torch.float64
) -> tuple[Array, Iterator[tuple[int, list[torch.Tensor]]]]:
    """Return the checked rows, and what yields them in chunks.

    Each chunk is the number of its first row, and the rows in the model's units, with their labels where there are any.
    """
    check_is_fitted(estimator)
    rows = estimator._check_matrix(X, reset=False)

    def chunks() -> Iterator[tuple[int, list[torch.Tensor]]]:
        for start in range(0, len(rows), _ROWS_PER_CHUNK):
            chunk = slice(start, start + _ROWS_PER_CHUNK)
            with torch.no_grad():
                batch = [estimator.scaling_.apply(as_tensor(rows[chunk]).to(precision))]
            if labels is not None:
                batch.append(as_tensor(labels[chunk]))
            yield start, batch

    return rows, chunks()
