"""One collapsed Gibbs sweep over the hidden units: compiled on the CPU, in PyTorch elsewhere."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch


def sweep(units: torch.Tensor, local_field: torch.Tensor, couplings: torch.Tensor) -> None:
    """Set every unit in turn to [its local field > 0], and carry each change to the units after it.

    Parameters
    ----------
    units : Tensor of shape (n_hidden, n_chains)
        0.0 or 1.0; changed in place.
    local_field : Tensor of shape (n_hidden, n_chains)
        Field plus couplings at the start, less the chains' random thresholds; used up.
    couplings : Tensor of shape (n_hidden, n_hidden)
    """
    compiled = _compiled_sweep() if units.device.type == "cpu" else None
    if compiled is None:
        sweep_in_torch(units, local_field, couplings)
    else:
        compiled(units.numpy(), local_field.numpy(), couplings.numpy())


def sweep_in_torch(units: torch.Tensor, local_field: torch.Tensor, couplings: torch.Tensor) -> None:
    """Make the sweep with tensor operations, three for each unit."""
    for j in range(len(units)):
        change = (local_field[j] > 0).to(units.dtype).sub_(units[j])
        local_field[j + 1 :].addr_(couplings[j, j + 1 :], change)
        units[j].add_(change)


@functools.cache
def _compiled_sweep() -> Callable[..., None] | None:
    # imported here because the import takes a good part of a second
    try:
        from harmonium._compilation import compiled
    except ImportError:
        return None
    return compiled()(_loops)


def _loops(units: Any, local_field: Any, couplings: Any) -> None:
    n_units, n_chains = units.shape
    change = units[0].copy()
    for j in range(n_units):
        for n in range(n_chains):
            new = 1.0 if local_field[j, n] > 0 else 0.0
            change[n] = new - units[j, n]
            units[j, n] = new
        for k in range(j + 1, n_units):
            coupling = couplings[j, k]
            for n in range(n_chains):
                local_field[k, n] += coupling * change[n]
