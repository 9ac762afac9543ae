"""The marginal of an RBM's hidden units where it is quadratic in them."""

from __future__ import annotations

from typing import NamedTuple

import torch


class HiddenMarginal(NamedTuple):
    r"""A marginal of the hidden units that is quadratic in them: a fully visible Boltzmann machine.

    .. math:: \log \int e^{-E(v, h)}\, dv = \theta^\top h + \tfrac12 h^\top J h + c

    Attributes
    ----------
    field : Tensor of shape (n_hidden,)
        :math:`\theta`.
    couplings : Tensor of shape (n_hidden, n_hidden)
        :math:`J`, symmetric with a zero diagonal.
    constant : Tensor, scalar
        :math:`c`.
    """

    field: torch.Tensor
    couplings: torch.Tensor
    constant: torch.Tensor

    def log_weight(self, h: torch.Tensor) -> torch.Tensor:
        r""":math:`\theta^\top h + \tfrac12 h^\top J h + c` of every row of `h`, shape (n,)."""
        return h @ self.field + 0.5 * ((h @ self.couplings) * h).sum(-1) + self.constant
