"""Rows in chunks, scaled: for what is computed of all of them without gradients."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch

from harmonium.data.batches import Labels
from harmonium.data.scaling import Scaling
from harmonium.data.splits import Indices
from harmonium.data.tensors import as_tensor

_ROWS_PER_CHUNK = 512


def in_chunks(
    rows: npt.NDArray[np.floating], labels: Labels | None, scaling: Scaling, indices: Indices
) -> Iterator[tuple[torch.Tensor, torch.Tensor | None]]:
    """Yield the rows of some indices in the model's units, in single precision, with their labels or None.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_features)
    labels : ndarray, optional
        A label, or a row of numbers, for each of the rows.
    scaling : Scaling
    indices : ndarray of int
    """
    for start in range(0, len(indices), _ROWS_PER_CHUNK):
        chunk = indices[start : start + _ROWS_PER_CHUNK]
        yield scaling.apply(as_tensor(rows[chunk])).float(), None if labels is None else as_tensor(labels[chunk])
