"""A trained module applied to a user's rows."""

from __future__ import annotations

from collections.abc import Callable
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
    check_is_fitted(estimator)
    rows = estimator._check_matrix(X, reset=False)
    parts = []
    with torch.no_grad():
        for start in range(0, len(rows), _ROWS_PER_CHUNK):
            chunk = slice(start, start + _ROWS_PER_CHUNK)
            batch = [estimator.scaling_.apply(as_tensor(rows[chunk]).to(precision))]
            if labels is not None:
                batch.append(as_tensor(labels[chunk]))
            parts.append(function(*batch).numpy())
    return np.concatenate(parts).astype(rows.dtype, copy=False)
