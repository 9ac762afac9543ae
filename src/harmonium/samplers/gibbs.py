"""Gibbs chains of an RBM: block, and collapsed over the visible units."""

from __future__ import annotations

import torch

from harmonium.modules.hidden_marginal import HiddenMarginal
from harmonium.modules.rbm import RBMModule
from harmonium.random.draws import fill_uniform
from harmonium.samplers._collapsed_sweep import sweep


def gibbs(module: RBMModule, h: torch.Tensor, n_steps: int, generator: torch.Generator) -> torch.Tensor:
    """Advance chains by `collapsed_gibbs` where the hidden marginal is quadratic, else by `block_gibbs`."""
    marginal = module.hidden_marginal()
    if marginal is None:
        return block_gibbs(module, h, n_steps, generator)
    return collapsed_gibbs(marginal, h, n_steps, generator)


@torch.no_grad()
def block_gibbs(module: RBMModule, h: torch.Tensor, n_steps: int, generator: torch.Generator) -> torch.Tensor:
    """Advance chains by h -> v ~ p(v | h) -> h ~ p(h | v), `n_steps` times.

    Parameters
    ----------
    module : RBMModule
    h : Tensor of shape (n_chains, n_hidden)
        Where the chains stand; left as it is.
    n_steps : int
    generator : torch.Generator

    Returns
    -------
    Tensor of shape (n_chains, n_hidden)
    """
    for _ in range(n_steps):
        h = module.sample_hidden(module.sample_visible(h, generator), generator)
    return h


@torch.no_grad()
def collapsed_gibbs(
    marginal: HiddenMarginal, h: torch.Tensor, n_sweeps: int, generator: torch.Generator
) -> torch.Tensor:
    r"""Advance chains of the hidden units alone, the visible ones integrated out.

    A sweep draws every unit in turn from
    :math:`p(h_j = 1 | h_{-j}) = \operatorname{sigmoid}(\theta_j + \sum_k J_{jk} h_k)`. Unlike the block chain it
    does not have to carry a whole noisy v from one mode to the next, which at small sigma pins h to where it
    was [1]_.

    Parameters
    ----------
    marginal : HiddenMarginal
    h : Tensor of shape (n_chains, n_hidden)
        Where the chains stand; left as it is.
    n_sweeps : int
    generator : torch.Generator

    Returns
    -------
    Tensor of shape (n_chains, n_hidden)

    References
    ----------
    .. [1] J. S. Liu, "The Collapsed Gibbs Sampler in Bayesian Computations with Applications to a Gene
       Regulation Problem", JASA 89 (1994).
    """
    # a row a unit, so that each update reads and writes contiguous memory
    units = h.T.clone(memory_format=torch.contiguous_format)
    for _ in range(n_sweeps):
        # h_j = 1 with probability sigmoid(a) is h_j = [a > logit(u)] with u uniform
        threshold = fill_uniform(torch.empty_like(units), generator).logit_()
        local_field = torch.addmm(marginal.field[:, None], marginal.couplings, units).sub_(threshold)
        sweep(units, local_field, marginal.couplings)
    return units.T.contiguous()
