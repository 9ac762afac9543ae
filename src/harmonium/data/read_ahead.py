"""Reading ahead of rows that lie in a file: the system is told which are wanted next."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
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
            self._start, self._stride = rows.ctypes.data, rows.strides[0]
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
        # asking for a batch's rows takes as long as a step, most of it waiting: not in the thread that trains
        with ThreadPoolExecutor(1) as adviser:
            try:
                yield self._advised(batches, adviser)
            finally:
                adviser.shutdown(cancel_futures=True)
                self._map.madvise(mmap.MADV_NORMAL)

    def _advised(self, batches: Sequence[torch.Tensor], adviser: ThreadPoolExecutor) -> Iterator[torch.Tensor]:
        for batch in batches[:N_BATCHES_AHEAD]:
            adviser.submit(self._want, batch)
        for position, batch in enumerate(batches):
            if position + N_BATCHES_AHEAD < len(batches):
                adviser.submit(self._want, batches[position + N_BATCHES_AHEAD])
            yield batch

    def _want(self, batch: torch.Tensor) -> None:
        from harmonium.data._advise import ask_for

        ask_for(self._start + batch.numpy() * self._stride, self._row_bytes, mmap.PAGESIZE, mmap.MADV_WILLNEED)
