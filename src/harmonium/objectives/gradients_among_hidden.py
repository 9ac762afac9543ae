"""The gradient of contrastive divergence where the chains' visible units are means, linear in the hidden ones."""

from __future__ import annotations

from collections.abc import Callable

import torch

from harmonium.modules.rbm import HIDDEN_CENTRE, RBMModule, StandardisedRBM, gradient_of
from harmonium.objectives.phases import Phases

PassThrough = Callable[[], torch.Tensor]


def set_gradients_among_hidden(
    module: RBMModule,
    rbm: StandardisedRBM,
    batch: torch.Tensor,
    phases: Phases,
    run_chains: Callable[[torch.Tensor, torch.Tensor, PassThrough], torch.Tensor],
) -> None:
    r"""Write the gradient of `ContrastiveDivergence` without forming the chains' visible units.

    With :math:`s = h - \tfrac12` of the states before them, they are :math:`\tilde x = A^\top (s, 1)`, where the rows
    of A are those of W and, below, the centre of x. So

    .. math::

        W \tilde x = (W A^\top)(s, 1), \quad
        \langle\tilde h \tilde x^\top\rangle = \langle\tilde h\, (s, 1)^\top\rangle A:

    A takes the place of the chains, in one product with W and in one that gives the gradient.

    Parameters
    ----------
    module : RBMModule
        With a visible mean that is linear, and nothing learned but W and the biases.
    rbm : StandardisedRBM
        Of the module.
    batch : Tensor of shape (n, n_visible)
    phases : Phases
        With n_hidden + 1 rows for the model.
    run_chains : callable
        Takes p(h | v) of the data, the memory of s and the way from s to p(h | E[v | h]); leaves s of the chains' last
        states there and returns p(h | v) at their end.
    """
    # of the parameters, those that the RBM over x has are taken from it: a module looks each up by its name
    n_hidden, n_data, n_chains = len(rbm.weight), len(batch), len(phases.s)
    h_data, s, products = phases.h_data, phases.s_and_one, phases.h_model.T
    phases.x_model[:n_hidden] = rbm.weight
    phases.x_model[n_hidden] = rbm.centre
    rbm.standardise(batch, out=phases.x_data)
    torch.mm(rbm.weight, phases.x.T, out=phases.h.T)
    h_data.add_(rbm.hidden_bias).sigmoid_()
    bias = rbm.hidden_bias[:, None]
    h = run_chains(h_data, phases.s, lambda: torch.addmm(bias, products, s.T).sigmoid_().T)
    h_data.sub_(HIDDEN_CENTRE).mul_(-1 / n_data)
    h.sub_(HIDDEN_CENTRE).mul_(1 / n_chains)
    torch.mm(h.T, s, out=products)
    torch.mm(phases.h.T, phases.x, out=gradient_of(rbm.weight))
    torch.sum(h_data, 0, out=gradient_of(rbm.hidden_bias)).add_(products[:, n_hidden])
    torch.sum(s, 0, out=phases.share[: n_hidden + 1]).mul_(1 / n_chains)
    torch.mv(phases.x.T, phases.share, out=gradient_of(module.visible_centre))
    rbm.finish_gradients(phases.x, phases.share, visible_variance=0.0)
