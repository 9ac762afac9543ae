"""Arrays seen as tensors."""

from __future__ import annotations

import warnings
from typing import Any

import numpy.typing as npt
import torch


def as_tensor(X: npt.NDArray[Any]) -> torch.Tensor:
    """View an array as a tensor, a read-only one too, because harmonium only reads; copy one that PyTorch cannot view.

    That is one that is reversed, or a field of a structured array.
    """
    must_be_copied = any(stride < 0 or stride % X.itemsize for stride in X.strides)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(X.copy() if must_be_copied else X)
