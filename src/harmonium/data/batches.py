"""Shuffled mini-batches of a matrix, gathered and scaled into one buffer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch

from harmonium.data.order import drawn_by_weight, shuffled
from harmonium.data.read_ahead import ReadAhead
from harmonium.data.scaling import Scaling
from harmonium.data.tensors import as_tensor

Labels = npt.NDArray[np.int64] | npt.NDArray[np.float32]


class Batches:
    """The mini-batches of a training set, in a fresh order every epoch.

    The data stay as the user gave them (in memory or memory-mapped): a batch is gathered into one buffer that
    every step reuses, and scaled there.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float32 or float64
    scaling : Scaling
        Applied to every batch, in the data's own precision, before the cast to float32.
    batch_size : int
        The last batch of an epoch holds what is left.
    labels : ndarray of shape (n_samples,) or (n_samples, n_conditions), optional
        What goes with the rows: class indices, or conditions.
    indices : ndarray of int64, optional
        The rows to take; all by default.
    weights : ndarray of shape (n_samples,), optional
        Of the rows that are taken, all above zero: a row is in an epoch as often as its weight says, so that an epoch
        is still of so many rows.
    """

    def __init__(
        self,
        X: npt.NDArray[np.floating],
        scaling: Scaling,
        batch_size: int,
        labels: Labels | None = None,
        indices: npt.NDArray[np.int64] | None = None,
        weights: npt.NDArray[np.float64] | None = None,
    ) -> None:
        self.rows = as_tensor(X)
        self._read_ahead = ReadAhead(X)
        self.labels = None if labels is None else as_tensor(labels)
        self.indices = None if indices is None else as_tensor(indices)
        self.weights = None if weights is None else as_tensor(weights)
        self.batch_size = int(min(batch_size, self.n_samples))  # PyTorch takes no integer of NumPy's
        self._mean = torch.from_numpy(scaling.mean).to(self.rows.dtype)
        self._inverse_scale = torch.from_numpy(1.0 / scaling.scale).to(self.rows.dtype)
        self._buffer = self.rows.new_empty((self.batch_size, X.shape[1]))

    @property
    def n_samples(self) -> int:
        """The number of rows of an epoch."""
        return len(self.rows) if self.indices is None else len(self.indices)

    def __len__(self) -> int:
        """Return the number of batches of an epoch."""
        return -(-self.n_samples // self.batch_size)

    def epoch(self, generator: torch.Generator) -> Iterator[tuple[torch.Tensor, torch.Tensor | None]]:
        """Yield the rows in random order, with their labels or None; a batch is valid until the next is asked for.

        The order is uniform, but for a large memory-mapped file, of which neighbouring rows are read together
        (`harmonium.data.order`).
        """
        order = shuffled(self.n_samples, self._read_ahead.rows_per_run, generator)
        if self.weights is not None:
            order = drawn_by_weight(self.weights, generator)[order]
        if self.indices is not None:
            order = self.indices[order]
        with self._read_ahead.over(order, self.batch_size) as indices:
            for index in indices:
                batch = self._buffer[: len(index)]
                torch.index_select(self.rows, 0, index, out=batch)
                batch.sub_(self._mean).mul_(self._inverse_scale)
                yield batch.to(torch.float32), None if self.labels is None else self.labels[index]
