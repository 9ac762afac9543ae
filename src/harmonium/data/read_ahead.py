"""Reading ahead of rows that lie in a file: the system is told which are wanted next."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch

from harmonium.data.order import RUNS_PER_WINDOW

_BYTES_PER_RUN = 2**18  # a disk reads as much in little more time than a row
_BYTES_READ_ALONG = 2**14  # between rows that are wanted, as where some are held back


class ReadAhead:
    """Advice about the rows of a memory-mapped array.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_features)
        One that does not lie in a file row by row needs no advice and gets none.

    Attributes
    ----------
    rows_per_run : int
        So many neighbouring rows are best read at once.
    """

    def __init__(self, rows: npt.NDArray[np.floating]) -> None:
        base: object = rows
        while isinstance(base, np.ndarray):
            base = base.base
        is_by_row = rows.strides[0] > 0 and rows.strides[1] == rows.itemsize
        self._map = base if is_by_row and isinstance(base, mmap.mmap) and hasattr(base, "madvise") else None
        self.rows_per_run = 1
        if self._map is not None:
            self._start, self._stride = rows.ctypes.data, rows.strides[0]
            self._row_bytes = rows.shape[1] * rows.itemsize
            self.rows_per_run = max(1, _BYTES_PER_RUN // self._stride)

    @contextmanager
    def over(self, order: torch.Tensor, batch_size: int) -> Iterator[Iterator[torch.Tensor]]:
        """Give an order of rows back in batches, those of the file's rows that come soon being read meanwhile.

        Parameters
        ----------
        order : Tensor of int64
        batch_size : int
        """
        batches = iter(torch.split(order, batch_size))
        if self._map is None:
            yield batches
            return
        # the system would read on behind each run, as in a file read in order, most of it in vain
        self._map.madvise(mmap.MADV_RANDOM)
        # asking is mostly waiting: not in the thread that trains
        with ThreadPoolExecutor(1) as adviser:
            try:
                yield self._advised(order, batches, adviser)
            finally:
                adviser.shutdown(cancel_futures=True)
                self._map.madvise(mmap.MADV_NORMAL)

    def _advised(
        self, order: torch.Tensor, batches: Iterator[torch.Tensor], adviser: ThreadPoolExecutor
    ) -> Iterator[torch.Tensor]:
        """Ask for the rows of the next window while those of one are taken."""
        windows = iter(torch.split(order, self.rows_per_run * RUNS_PER_WINDOW))
        n_asked = n_taken = 0
        for batch in batches:
            n_taken += len(batch)
            while n_asked < min(len(order), n_taken + self.rows_per_run * RUNS_PER_WINDOW):
                window = next(windows)
                adviser.submit(self._want, window)
                n_asked += len(window)
            yield batch

    def _want(self, window: torch.Tensor) -> None:
        from harmonium.data._advise import ask_for

        rows = np.sort(window.numpy())
        begins = self._start + rows * self._stride
        ends = begins + self._row_bytes
        is_apart = begins[1:] - ends[:-1] > _BYTES_READ_ALONG
        firsts, lasts = begins[np.r_[True, is_apart]], ends[np.r_[is_apart, True]]
        ask_for(firsts, lasts - firsts, mmap.PAGESIZE, mmap.MADV_WILLNEED)
