"""Exact maximum likelihood of a small RBM, by summing the partition function over every state of one side."""

from __future__ import annotations

import torch

from harmonium.modules.enumeration import MAX_ENUMERABLE_UNITS, EnumerableSide, binary_states
from harmonium.modules.rbm import RBMModule
from harmonium.objectives.objective import LossOutput, Objective


class ExactLikelihood(Objective):
    r"""The negative log-likelihood :math:`\frac1B \sum_n F(v^{(n)}) + \log Z`, in nats an example.

    .. math:: Z = \sum_{h \in \{0, 1\}^M} \int e^{-E(v, h)}\, dv = \sum_h e^{-G(h)},

    or :math:`\sum_v e^{-F(v)}` where the visible units are the few, is differentiable, so that autograd gives the
    gradient that contrastive divergence approximates.

    Parameters
    ----------
    module : RBMModule
        With an `enumerable_side`.
    """

    states: torch.Tensor

    def __init__(self, module: RBMModule) -> None:
        super().__init__(module)
        states = binary_states(self._side().n_units, module.weight.dtype)
        self.register_buffer("states", states, persistent=False)

    def _side(self) -> EnumerableSide:
        side: EnumerableSide | None = self.module.enumerable_side()
        if side is None:
            raise ValueError(f"an exact sum takes at most {MAX_ENUMERABLE_UNITS} units")
        return side

    def project(self) -> None:
        """Bring the module's parameters back to where they are allowed to be."""
        self.module.project()

    def forward(self, batch: torch.Tensor, labels: torch.Tensor | None = None) -> LossOutput:
        """Return the negative log-likelihood of a batch."""
        log_partition = torch.logsumexp(-self._side().free_energy(self.states), 0)
        loss = self.module.free_energy(batch).mean() + log_partition
        return LossOutput(loss, {"negative_log_likelihood": loss.detach()})
