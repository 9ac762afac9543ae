"""Every joint state of a few binary units, for sums that would be estimates otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

from harmonium.precision import INTEGER

MAX_ENUMERABLE_UNITS = 20
_STATES_PER_CHUNK = 2**14


class EnumerableSide(NamedTuple):
    """The side of an RBM whose units are few enough for all their states to be visited.

    Attributes
    ----------
    n_units : int
        At most `MAX_ENUMERABLE_UNITS`.
    free_energy : callable
        Maps states (n, n_units) to minus the log of the sum of exp(-E) over the other side, shape (n,).
    is_hidden : bool
    """

    n_units: int
    free_energy: Callable[[torch.Tensor], torch.Tensor]
    is_hidden: bool


def binary_states(n_units: int, dtype: torch.dtype) -> torch.Tensor:
    """Return all 2^n states of binary units, shape (2^n_units, n_units)."""
    return (torch.arange(2**n_units, **INTEGER)[:, None] >> torch.arange(n_units, **INTEGER) & 1).to(dtype)


def log_weights(side: EnumerableSide, states: torch.Tensor) -> torch.Tensor:
    """Return minus the free energies of `binary_states`, of which the log-sum-exp is log Z; shape (2^n_units,)."""
    # in chunks, because the other side may have hundreds of units
    starts = range(0, len(states), _STATES_PER_CHUNK)
    return torch.cat([-side.free_energy(states[start : start + _STATES_PER_CHUNK]) for start in starts])
