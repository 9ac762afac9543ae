"""Squared error of a denoised example plus the L1 norm of its code."""

from __future__ import annotations

import torch

from harmonium.modules.sparse_autoencoder import SparseAutoencoderModule
from harmonium.objectives.objective import LossOutput, Objective
from harmonium.precision import INTEGER, SINGLE

FREQUENT = 0.02
_MEMORY = 0.99


class SparseDenoising(Objective):
    r"""The loss of a sparse denoising autoencoder.

    .. math::

        L = \frac1B \sum_n \Bigl( \bigl\| x^{(n)} - \hat x(x^{(n)} + \epsilon^{(n)}) \bigr\|^2
            + \lambda \sum_i w_i \bigl| h_i(x^{(n)} + \epsilon^{(n)}) \bigr| \Bigr),
            \qquad \epsilon^{(n)} \sim N(0, s^2 I)

    with fresh noise at every step (P. Vincent et al., ICML 2008; B. Olshausen, D. Field, Nature 381 (1996)). Codes are
    not negative: the subgradient of :math:`|h_i|` is 1 where a unit is active, and 0 is taken elsewhere.

    The penalty would push a unit that is seldom active further down, until it is dead and has no gradient to come back
    by. So :math:`w_i = \min(1, p_i / 0.02)`, with p_i the running share of examples for which unit i is active: what
    fires for fewer than 2% of the examples is penalised the less, the less it fires.

    Parameters
    ----------
    module : SparseAutoencoderModule
    generator : torch.Generator
        Draws the noise.
    noise : float or Tensor of shape (n_features,)
        s.
    l1 : float
        Lambda, per example.
    n_warmup_steps : int
        Lambda rises linearly from 0 over so many steps.
    """

    n_steps: torch.Tensor
    usage: torch.Tensor

    def __init__(
        self,
        module: SparseAutoencoderModule,
        generator: torch.Generator,
        *,
        noise: float | torch.Tensor,
        l1: float,
        n_warmup_steps: int = 0,
    ) -> None:
        super().__init__(module, generator)
        self.l1 = l1
        self.n_warmup_steps = n_warmup_steps
        self.noise = torch.as_tensor(noise, **SINGLE)
        self.register_buffer("usage", torch.ones(len(module.dictionary), **SINGLE))
        self.register_buffer("n_steps", torch.zeros((), **INTEGER))

    def forward(self, batch: torch.Tensor, labels: torch.Tensor | None = None) -> LossOutput:
        """Return L of a batch; every call while training is a step of the warm-up."""
        noisy = batch + self.noise.to(batch) * torch.empty_like(batch).normal_(generator=self.generator)
        h = self.module.encode(noisy)
        error = (batch - self.module.decode(h)).square().sum(-1).mean()
        is_active = h > 0
        if self.training:
            self.usage.lerp_(is_active.float().mean(0), 1 - _MEMORY)
        norm = (h * (self.usage / FREQUENT).clamp(max=1)).sum(-1).mean()
        l1 = self.l1
        if self.training:
            self.n_steps += 1
            if self.n_warmup_steps > 0:
                l1 *= min(1.0, int(self.n_steps) / self.n_warmup_steps)
        n_active = is_active.sum(-1).float().mean()
        return LossOutput(error + l1 * norm, {"squared_error": error.detach(), "l0": n_active.detach()})

    def project(self) -> None:
        """Scale every atom of the dictionary to unit norm."""
        self.module.project()
