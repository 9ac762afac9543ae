"""Arrays seen as tensors."""

from __future__ import annotations

import warnings
from typing import Any

import numpy.typing as npt
import torch


def as_tensor(X: npt.NDArray[Any]) -> torch.Tensor:
    """View an array as a tensor; read-only arrays too, because harmonium only reads, but reversed ones are copied."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(X if min(X.strides, default=0) >= 0 else X.copy())
