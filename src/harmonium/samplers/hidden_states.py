"""Draws of the hidden units from a model's own marginal."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

from harmonium.modules.enumeration import EnumerableSide, binary_states, log_weights
from harmonium.modules.rbm import RBMModule
from harmonium.precision import DOUBLE, INTEGER, SINGLE
from harmonium.samplers.annealed_importance import anneal, effective_sample_size, temperatures
from harmonium.samplers.annealing_paths import annealing_path
from harmonium.samplers.gibbs import gibbs

_N_CHAINS = 256  # at least so many are annealed, so that their weights can tell good from bad


class HiddenDraws(NamedTuple):
    """Draws of the hidden units, and how good they are.

    Attributes
    ----------
    h : Tensor of shape (n_samples, n_hidden)
    n_chains : int
        How many annealed chains they were chosen from; of exact draws their own number.
    effective_sample_size : float
        How many equally good chains these are worth; infinite for exact draws.
    """

    h: torch.Tensor
    n_chains: int
    effective_sample_size: float


@torch.no_grad()
def sample_hidden_states(
    module: RBMModule, n_samples: int, n_gibbs_steps: int, generator: torch.Generator
) -> HiddenDraws:
    """Draw h from p(h): exactly where one side has at most 20 units, else by `annealed_hidden_states`.

    Parameters
    ----------
    module : RBMModule
        In float64.
    n_samples, n_gibbs_steps : int
        The steps are not needed where the draw is exact.
    generator : torch.Generator

    Returns
    -------
    HiddenDraws
    """
    side = module.enumerable_side()
    if side is None:
        return annealed_hidden_states(module, n_samples, n_gibbs_steps, generator)
    states = sample_states(side, n_samples, generator)
    h = states if side.is_hidden else module.sample_hidden(states, generator)
    return HiddenDraws(h, n_samples, math.inf)


@torch.no_grad()
def annealed_hidden_states(
    module: RBMModule, n_samples: int, n_gibbs_steps: int, generator: torch.Generator
) -> HiddenDraws:
    """Draw h from p(h) by sampling importance resampling.

    As many chains as samples, and 256 at least, are annealed from the uniform distribution over half of the steps; a
    short run before, which is not counted, places the temperatures. The importance weights correct what the annealing
    got wrong, above all how much each mode weighs: chains are chosen at random in proportion to them, and run on at
    the model's own temperature for the other half of the steps, which parts those that were chosen twice.

    Parameters
    ----------
    module : RBMModule
        In float64.
    n_samples, n_gibbs_steps : int
    generator : torch.Generator

    Returns
    -------
    HiddenDraws

    References
    ----------
    D. Rubin, "Using the SIR algorithm to simulate posterior distributions", Bayesian Statistics 3 (1988); with the
    weights of R. Neal, "Annealed importance sampling", Statistics and Computing 11 (2001).
    """
    n_annealed = max(1, n_gibbs_steps // 2)
    n_chains = max(_N_CHAINS, n_samples)
    path = annealing_path(module)
    betas = temperatures(path, n_annealed, generator)
    h, chain_weights = anneal(path, betas, n_chains=n_chains, generator=generator)
    # one uniform number for all, the points a 1/n apart: no more noise than needed (systematic resampling)
    points = (
        torch.randperm(n_samples, generator=generator, **INTEGER) + torch.rand(1, generator=generator, **SINGLE)
    ) / n_samples
    drawn = torch.searchsorted(torch.softmax(chain_weights, 0).cumsum(0), points.double()).clamp_(max=n_chains - 1)
    h = gibbs(module, h[drawn].double(), n_gibbs_steps - n_annealed, generator)
    return HiddenDraws(h, n_chains, effective_sample_size(chain_weights))


def sample_states(side: EnumerableSide, n_samples: int, generator: torch.Generator) -> torch.Tensor:
    """Draw states of units that can all be visited, by inverting the distribution function; float64."""
    states = binary_states(side.n_units, torch.float64)
    probabilities = torch.softmax(log_weights(side, states), 0)
    uniform = torch.empty(n_samples, **DOUBLE).uniform_(generator=generator)
    return states[torch.searchsorted(probabilities.cumsum(0), uniform).clamp_(max=len(states) - 1)]
