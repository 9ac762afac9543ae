"""The restricted Boltzmann machine with binary visible units: its parameters and its exact quantities."""

from __future__ import annotations

import copy
from typing import Self

import torch
from torch.nn.functional import softplus

from harmonium.modules.enumeration import MAX_ENUMERABLE_UNITS, EnumerableSide
from harmonium.modules.rbm import HIDDEN_CENTRE, RBMModule, StandardisedRBM
from harmonium.random.draws import bernoulli, fill_uniform


class StandardisedBernoulliRBM(StandardisedRBM):
    """The RBM over x = v: binary units have no scale to divide by."""

    def standardise(self, v: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        """Return v."""
        return out.copy_(v)

    def mean(self, s: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        r"""Return :math:`p(v_i = 1 | h) = \operatorname{sigmoid}(b'_i + \sum_j W_{ij} s_j)`."""
        return torch.addmm(self.centre, s, self.weight, out=out).sigmoid_()

    def sample(self, s: torch.Tensor, generator: torch.Generator, out: torch.Tensor) -> torch.Tensor:
        """Draw zeros and ones with these probabilities."""
        return fill_uniform(out, generator).lt_(self.mean(s))

    def finish_gradients(self, x: torch.Tensor, share: torch.Tensor, visible_variance: float) -> None:
        """Leave them: the module's own parameters are W, alpha and `centre`."""


class BernoulliBernoulliRBMModule(RBMModule):
    r"""Parameters and exact quantities of the RBM with binary visible and hidden units.

    .. math::

        E(v, h) = -\sum_{ij} W_{ij} h_j v_i - \sum_i b_i v_i - \sum_j \alpha_j h_j, \qquad p(v, h) = e^{-E(v, h)} / Z

    Visible units between 0 and 1, as of a grey image, are taken as the probabilities of a binary one. The visible bias
    is stored centred (see `RBMModule`): with :math:`b'_i = b_i + \tfrac12 \sum_j W_{ij}`, pixel i is on with
    probability :math:`\operatorname{sigmoid}(b'_i)` when every hidden unit is half on.

    Parameters
    ----------
    n_visible, n_hidden : int
    generator : torch.Generator, optional
        Draws the initial weights, N(0, 0.01²); all biases start at zero.
    """

    @property
    def visible_bias(self) -> torch.Tensor:
        r""":math:`b_i = b'_i - \tfrac12 \sum_j W_{ij}`, shape (n_visible,)."""
        return self.visible_centre - HIDDEN_CENTRE * self.weight.sum(0)

    def standardise(self, v: torch.Tensor) -> torch.Tensor:
        """Return v."""
        return v

    def unstandardise(self, x: torch.Tensor) -> torch.Tensor:
        """Return x."""
        return x

    def standardised(self) -> StandardisedBernoulliRBM:
        """Return the RBM over x = v."""
        return StandardisedBernoulliRBM(self, self.visible_centre)

    def visible_energy(self, v: torch.Tensor) -> torch.Tensor:
        r"""Return :math:`-\sum_i b_i v_i`, shape (n,)."""
        return -(v @ self.visible_bias)

    def reconstruction_loss(self, v: torch.Tensor) -> torch.Tensor:
        r"""Return :math:`-\log p(v | h)` at the mean-field :math:`h = p(h = 1 | v)`, shape (n,).

        .. math:: \sum_i \log(1 + e^{a_i}) - v_i a_i, \qquad a_i = b_i + \sum_j W_{ij} h_j
        """
        logits = self.visible_bias + self.hidden_probabilities(v) @ self.weight
        return (softplus(logits) - v * logits).sum(-1)

    def sample_visible(self, h: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Draw v from p(v | h), as 0.0 and 1.0; shape (n, n_visible)."""
        return bernoulli(self.visible_mean(h), generator)

    def hidden_free_energy(self, h: torch.Tensor) -> torch.Tensor:
        r"""G(h) = -log Σ_v exp(-E(v, h)), shape (n,).

        .. math:: G(h) = -\sum_j \alpha_j h_j - \sum_i \log\bigl(1 + e^{b_i + \sum_j W_{ij} h_j}\bigr)
        """
        return -(h @ self.hidden_bias) - softplus(self.visible_bias + h @ self.weight).sum(-1)

    def enumerable_side(self) -> EnumerableSide | None:
        """Return the hidden units, or else the visible ones, if they are at most 20; None where both are more."""
        if self.n_hidden > MAX_ENUMERABLE_UNITS >= self.n_visible:
            return EnumerableSide(self.n_visible, self.free_energy, is_hidden=False)
        return super().enumerable_side()

    @torch.no_grad()
    def tempered(self, beta: float) -> Self:
        """Return the RBM of energy beta E(v, h): every parameter times beta, since E is linear in them."""
        tempered = copy.deepcopy(self)
        for parameter in tempered.parameters():
            parameter.mul_(beta)
        return tempered
