"""The partition function of an RBM: summed exactly, or estimated."""

from __future__ import annotations

import copy

import torch

from harmonium.modules.enumeration import binary_states, log_weights
from harmonium.modules.rbm import RBMModule
from harmonium.samplers.annealed_importance import LogPartitionEstimate, annealed_importance_sampling, temperatures
from harmonium.samplers.annealing_paths import annealing_path


@torch.no_grad()
def log_partition(
    module: RBMModule,
    generator: torch.Generator,
    *,
    n_chains: int = 256,
    n_temperatures: int = 2000,
) -> LogPartitionEstimate:
    r"""Return :math:`\log Z = \log \sum_h \int e^{-E(v, h)} dv` in nats, in float64.

    Parameters
    ----------
    module : RBMModule
    generator : torch.Generator
        Used where `RBMModule.enumerable_side` has none, beyond 20 units.
    n_chains, n_temperatures : int
        Of the annealed importance sampling.

    Returns
    -------
    LogPartitionEstimate
        Exact, with standard error 0, where the states of one side can be summed over; else by annealed importance
        sampling.
    """
    module = copy.deepcopy(module).double()
    side = module.enumerable_side()
    if side is None:
        path = annealing_path(module)
        betas = temperatures(path, n_temperatures, generator)
        return annealed_importance_sampling(path, betas, n_chains=n_chains, generator=generator)
    states = binary_states(side.n_units, torch.float64)
    return LogPartitionEstimate(float(torch.logsumexp(log_weights(side, states), 0)))
