"""Draws of the hidden units from a model's own marginal."""

from __future__ import annotations

import torch

from harmonium.modules.enumeration import EnumerableSide, binary_states, log_weights
from harmonium.modules.rbm import RBMModule
from harmonium.samplers.annealed_importance import anneal
from harmonium.samplers.annealing_paths import annealing_path
from harmonium.samplers.gibbs import gibbs


@torch.no_grad()
def sample_hidden_states(
    module: RBMModule, n_samples: int, n_gibbs_steps: int, generator: torch.Generator
) -> torch.Tensor:
    """Draw h from p(h): exactly where one side has at most 20 units, else by annealed chains, one a draw.

    A chain is annealed from the uniform distribution over half of its steps and runs at the model's own temperature
    for the other half; between modes that are far apart it need not have reached the right proportions.

    Parameters
    ----------
    module : RBMModule
        In float64.
    n_samples, n_gibbs_steps : int
        The steps are not needed where the draw is exact.
    generator : torch.Generator

    Returns
    -------
    Tensor of shape (n_samples, n_hidden)
    """
    side = module.enumerable_side()
    if side is not None:
        states = sample_states(side, n_samples, generator)
        return states if side.is_hidden else module.sample_hidden(states, generator)
    n_annealed = max(1, n_gibbs_steps // 2)
    h, _ = anneal(annealing_path(module), n_chains=n_samples, n_temperatures=n_annealed, generator=generator)
    return gibbs(module, h.double(), n_gibbs_steps - n_annealed, generator)


def sample_states(side: EnumerableSide, n_samples: int, generator: torch.Generator) -> torch.Tensor:
    """Draw states of units that can all be visited, by inverting the distribution function; float64."""
    states = binary_states(side.n_units, torch.float64)
    probabilities = torch.softmax(log_weights(side, states), 0)
    uniform = torch.empty(n_samples, dtype=torch.float64).uniform_(generator=generator)
    return states[torch.searchsorted(probabilities.cumsum(0), uniform).clamp_(max=len(states) - 1)]
