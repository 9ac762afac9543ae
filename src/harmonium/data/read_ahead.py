"""Reading ahead of rows that lie in a file: the system is told which are wanted next."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch

N_BATCHES_AHEAD = 8


class ReadAhead:
    """Advice about the rows of a memory-mapped array.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_features)
        One that does not lie in a file needs no advice and gets none.
    """

    def __init__(self, rows: npt.NDArray[np.floating]) -> None:
        base: object = rows
        while isinstance(base, np.ndarray):
            base = base.base
        self._map = base if isinstance(base, mmap.mmap) and hasattr(base, "madvise") else None
        if self._map is not None:
            first = np.frombuffer(self._map, dtype=np.uint8).ctypes.data
            self._offset, self._stride = rows.ctypes.data - first, rows.strides[0]
            self._row_bytes = rows.shape[1] * rows.itemsize

    @contextmanager
    def over(self, batches: Sequence[torch.Tensor]) -> Iterator[Iterator[torch.Tensor]]:
        """Give the index batches back one by one, those of the file's rows that come soon being read meanwhile.

        Parameters
        ----------
        batches : sequence of Tensor of int64
            The rows of each batch.
        """
        if self._map is None:
            yield iter(batches)
            return
        # rows are far apart: reading on behind each, as for a file read in order, would read most of it in vain
        self._map.madvise(mmap.MADV_RANDOM)
        try:
            yield self._advised(batches)
        finally:
            self._map.madvise(mmap.MADV_NORMAL)

    def _advised(self, batches: Sequence[torch.Tensor]) -> Iterator[torch.Tensor]:
        for batch in batches[:N_BATCHES_AHEAD]:
            self._want(batch)
        for position, batch in enumerate(batches):
            if position + N_BATCHES_AHEAD < len(batches):
                self._want(batches[position + N_BATCHES_AHEAD])
            yield batch

    def _want(self, batch: torch.Tensor) -> None:
        assert self._map is not None
        for row in batch.tolist():
            start = self._offset + row * self._stride
            aligned = start - start % mmap.PAGESIZE
            self._map.madvise(mmap.MADV_WILLNEED, aligned, start + self._row_bytes - aligned)
