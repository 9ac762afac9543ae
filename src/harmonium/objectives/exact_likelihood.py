"""Exact maximum likelihood of a small RBM, by summing the partition function over every hidden state."""

from __future__ import annotations

import torch

from harmonium.modules.gaussian_bernoulli import GaussianBernoulliRBMModule
from harmonium.objectives.objective import LossOutput, Objective

MAX_ENUMERABLE_HIDDEN = 20


def hidden_states(n_hidden: int, dtype: torch.dtype) -> torch.Tensor:
    """Return all 2^M states of the hidden units, shape (2^n_hidden, n_hidden)."""
    return (torch.arange(2**n_hidden)[:, None] >> torch.arange(n_hidden) & 1).to(dtype)


class ExactLikelihood(Objective):
    r"""The negative log-likelihood :math:`\frac1B \sum_n F(v^{(n)}) + \log Z`, in nats an example.

    .. math:: Z = \sum_{h \in \{0, 1\}^M} \int e^{-E(v, h)}\, dv = \sum_h e^{-G(h)}

    is differentiable, so that autograd gives the gradient that contrastive divergence approximates.

    Parameters
    ----------
    module : GaussianBernoulliRBMModule
        With at most `MAX_ENUMERABLE_HIDDEN` hidden units.
    """

    states: torch.Tensor

    def __init__(self, module: GaussianBernoulliRBMModule) -> None:
        super().__init__()
        self.module = module
        states = hidden_states(module.n_hidden, module.weight.dtype)
        self.register_buffer("states", states, persistent=False)

    def project(self) -> None:
        """Keep learned standard deviations in their bounds."""
        self.module.project()

    def forward(self, batch: torch.Tensor, labels: torch.Tensor | None = None) -> LossOutput:
        """Return the negative log-likelihood of a batch."""
        log_partition = torch.logsumexp(-self.module.hidden_free_energy(self.states), 0)
        loss = self.module.free_energy(batch).mean() + log_partition
        return LossOutput(loss, {"negative_log_likelihood": loss.detach()})
