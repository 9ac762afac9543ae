"""What a module's state must be, held against a file's before much memory is taken."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_SIZED = (torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn, torch.full)
_SPARE = 2**24


class _Room(TorchFunctionMode):
    """Refuse to make new tensors of more than so many numbers together."""

    def __init__(self, n_numbers: int) -> None:
        super().__init__()
        self.left = n_numbers

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        options = kwargs or {}
        if func in _SIZED:
            given = options.get("size", args[0] if args and isinstance(args[0], Sequence) else args)
            self.left -= math.prod(given)
            if self.left < 0:
                raise ValueError(f"size mismatch: it describes a tensor of shape {tuple(given)}, and holds no such one")
        return func(*args, **options)


def make_of_state(make: Callable[[], torch.nn.Module], state: Mapping[str, torch.Tensor]) -> torch.nn.Module:
    """Make a module and give it a file's state; what asks for much more memory than the state has is not made.

    Parameters
    ----------
    make : callable
        Makes the module, of a description that need not be true.
    state : mapping of str to Tensor

    Raises
    ------
    ValueError
        If the module has another state, or the values are not finite.
    """
    with _Room(4 * sum(value.numel() for value in state.values()) + _SPARE):
        module = make()
    check_state(state, module.state_dict(), finite=state)
    module.load_state_dict(state)
    return module


def check_state(
    found: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor], finite: Collection[str] = ()
) -> None:
    """Raise ValueError unless a state has the names, shapes and types of another, and finite values where asked.

    Parameters
    ----------
    found, wanted : mapping of str to Tensor
    finite : collection of str
        The names of those that must be finite.
    """
    for name in sorted(found.keys() ^ wanted.keys()):
        raise ValueError(f"{name} is {'unknown' if name in found else 'missing'}")
    for name, value in wanted.items():
        kinds = [f"{one.dtype} of shape {tuple(one.shape)}" for one in (found[name], value)]
        if kinds[0] != kinds[1]:
            raise ValueError(f"size mismatch: {name} is {kinds[0]}, not {kinds[1]}")
        if name in finite and not bool(found[name].isfinite().all()):
            raise ValueError(f"{name} is not finite")
