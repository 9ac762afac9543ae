"""Arrays seen as tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch


def as_tensor(X: npt.NDArray[Any]) -> torch.Tensor:
    """View an array as a tensor, a read-only one too, because harmonium only reads; copy one that PyTorch cannot view.

    That is one that is reversed, or a field of a structured array.
    """
    if any(stride < 0 or stride % X.itemsize for stride in X.strides):
        X = X.copy()
    return torch.from_numpy(X if X.flags.writeable else np.asarray(_Writable(X)))


class _Writable:
    """An array's memory without its mark, at which PyTorch warns; warnings are silenced for all threads or for none."""

    def __init__(self, X: npt.NDArray[Any]) -> None:
        interface = X.__array_interface__
        self.__array_interface__ = interface | {"data": (interface["data"][0], False)}
        self._owner = X  # of the memory, for as long as it is looked at
