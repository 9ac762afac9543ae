"""PyTorch's optimisers without what they carry for its compiler and profiler."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import torch

_WRAPPED = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")


@functools.cache
def eager(optimizer: type[torch.optim.Optimizer]) -> type[Any]:
    """Return a subclass of an optimiser that takes the same steps and is never compiled.

    PyTorch wraps an optimiser's methods for ``torch.compile`` and for hooks. The wrappers import the compiler, 66 MB
    and a second or two of every process, and take longer than the step itself where the model is small.
    """
    methods: dict[str, Any] = {name: inspect.unwrap(getattr(optimizer, name)) for name in _WRAPPED}
    step: Any = torch.no_grad()(inspect.unwrap(optimizer.step))
    step.hooked = True  # else the first instance wraps it again
    return type(optimizer.__name__, (optimizer,), {**methods, "step": step})
