"""The evidence lower bound of a variational autoencoder."""

from __future__ import annotations

import torch

from harmonium.modules.vae import VAEModule
from harmonium.objectives.objective import LossOutput, Objective
from harmonium.precision import INTEGER


class NegativeELBO(Objective):
    r"""The negative evidence lower bound, in nats an example.

    .. math::

        L = \frac1B \sum_n \Bigl( -\log p(x^{(n)} | z^{(n)}, c^{(n)})
            + \beta\, KL\bigl[q(z | x^{(n)}, c^{(n)}) \,\|\, p(z | c^{(n)})\bigr] \Bigr),
        \qquad z^{(n)} = \mu^{(n)} + \sigma^{(n)} \epsilon^{(n)}

    one reparameterised sample an example. The KL divergence is the prior's, by the same sample where it has no closed
    form. It is a bound for :math:`\beta = 1` only;
    the recorded ``negative_elbo`` always has :math:`\beta = 1`.

    Parameters
    ----------
    module : VAEModule
    generator : torch.Generator
        Draws epsilon.
    beta : float
        I. Higgins et al., "beta-VAE", ICLR 2017.
    n_warmup_steps : int
        Beta rises linearly from 0 over so many steps.
    """

    n_steps: torch.Tensor

    def __init__(
        self, module: VAEModule, generator: torch.Generator, *, beta: float = 1.0, n_warmup_steps: int = 0
    ) -> None:
        super().__init__(module, generator)
        self.beta = beta
        self.n_warmup_steps = n_warmup_steps
        self.register_buffer("n_steps", torch.zeros((), **INTEGER))

    def forward(self, batch: torch.Tensor, c: torch.Tensor | None = None) -> LossOutput:
        """Return L of a batch; every call while training is a step of the warm-up."""
        module = self.module
        mean, log_variance = module.encode(batch, c)
        z = module.sample_posterior(mean, log_variance, self.generator)
        distortion = -module.log_likelihood(batch, z, c).mean()
        kl = module.prior.kl(mean, log_variance, z, c).mean()
        beta = self.beta
        if self.training:
            self.n_steps += 1
            if self.n_warmup_steps > 0:
                beta *= min(1.0, int(self.n_steps) / self.n_warmup_steps)
        terms = {"negative_elbo": (distortion + kl).detach(), "kl": kl.detach()}
        return LossOutput(distortion + beta * kl, terms)
