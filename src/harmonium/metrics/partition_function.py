"""The partition function of a Gaussian-Bernoulli RBM: summed exactly, or estimated."""

from __future__ import annotations

import copy

import torch

from harmonium.modules.gaussian_bernoulli import GaussianBernoulliRBMModule
from harmonium.objectives.exact_likelihood import MAX_ENUMERABLE_HIDDEN, hidden_states
from harmonium.samplers.annealed_importance import LogPartitionEstimate, annealed_importance_sampling


@torch.no_grad()
def log_partition(
    module: GaussianBernoulliRBMModule,
    generator: torch.Generator,
    *,
    n_chains: int = 256,
    n_temperatures: int = 2000,
) -> LogPartitionEstimate:
    r"""Return :math:`\log Z = \log \sum_h \int e^{-E(v, h)} dv` in nats, in float64.

    Parameters
    ----------
    module : GaussianBernoulliRBMModule
    generator : torch.Generator
        Used beyond `MAX_ENUMERABLE_HIDDEN` hidden units only.
    n_chains, n_temperatures : int
        Of the annealed importance sampling.

    Returns
    -------
    LogPartitionEstimate
        Exact, with standard error 0, for up to `MAX_ENUMERABLE_HIDDEN` (20) hidden units; else by annealed
        importance sampling.
    """
    marginal = copy.deepcopy(module).double().hidden_marginal()
    if module.n_hidden > MAX_ENUMERABLE_HIDDEN:
        return annealed_importance_sampling(
            marginal, n_chains=n_chains, n_temperatures=n_temperatures, generator=generator
        )
    states = hidden_states(module.n_hidden, torch.float64)
    return LogPartitionEstimate(float(torch.logsumexp(marginal.log_weight(states), 0)))
