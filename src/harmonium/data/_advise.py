"""The system asked for parts of a memory-mapped file, many in one call during which other threads of Python run."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from harmonium._compilation import compiled

_madvise: Any = types.ExternalFunction("madvise", types.int32(types.intp, types.uintp, types.int32))
_mincore: Any = types.ExternalFunction("mincore", types.int32(types.intp, types.uintp, types.voidptr))


@compiled(nogil=True)
def ask_for(addresses: npt.NDArray[np.int64], n_bytes: npt.NDArray[np.int64], page: int, advice: int) -> int:
    """Give the advice about the parts, of so many bytes from each address, that are not in memory; return how many.

    Of a file that the user neither owns nor may write, Linux calls every page present: nothing is asked for.
    """
    is_there = np.empty(n_bytes.max() // page + 2, np.uint8)
    n_missing = 0
    for address, n in zip(addresses, n_bytes):  # noqa: B905  # numba knows no strict
        first = address - address % page
        length = address + n - first
        n_pages = (length + page - 1) // page
        if _mincore(first, length, is_there.ctypes) == 0 and (is_there[:n_pages] & 1).all():
            continue
        _madvise(first, length, advice)
        n_missing += 1
    return n_missing
