"""Lower bounds on the log-likelihood of a variational autoencoder."""

from __future__ import annotations

import math

import torch

from harmonium.modules.vae import VAEModule, log_normal


@torch.no_grad()
def elbo(
    module: VAEModule,
    x: torch.Tensor,
    c: torch.Tensor | None,
    generator: torch.Generator,
    n_samples: int = 1,
) -> torch.Tensor:
    r"""Return :math:`E_{q(z|x)}[\log p(x | z)] - KL[q(z|x) \| p(z)]`, nats per example, shape (n,).

    The expectation is the mean over `n_samples` draws; the KL divergence is the prior's.
    """
    mean, log_variance = module.encode(x, c)
    total = torch.zeros(len(x), dtype=mean.dtype)
    for _ in range(n_samples):
        z = module.sample_posterior(mean, log_variance, generator)
        total += module.log_likelihood(x, z, c) - module.prior.kl(mean, log_variance, z, c)
    return total / n_samples


@torch.no_grad()
def divergence(module: VAEModule, x: torch.Tensor, c: torch.Tensor | None, generator: torch.Generator) -> torch.Tensor:
    r"""Return :math:`KL[q(z|x) \| p(z)]`, nats per example, shape (n,); by one draw where it has no closed form."""
    mean, log_variance = module.encode(x, c)
    return module.prior.kl(mean, log_variance, module.sample_posterior(mean, log_variance, generator), c)


@torch.no_grad()
def iwae(
    module: VAEModule,
    x: torch.Tensor,
    c: torch.Tensor | None,
    generator: torch.Generator,
    n_importance: int,
) -> torch.Tensor:
    r"""Return the importance-weighted bound, nats per example, shape (n,).

    .. math::

        L_K = E\Bigl[\log \frac1K \sum_{k=1}^K \frac{p(x | z_k)\, p(z_k)}{q(z_k | x)}\Bigr], \quad z_k \sim q(z | x)

    ELBO = L_1 <= L_K <= log p(x) in expectation (Y. Burda, R. Grosse, R. Salakhutdinov, ICLR 2016, eq. 8).
    """
    mean, log_variance = module.encode(x, c)
    total = torch.full((len(x),), -math.inf, dtype=mean.dtype)
    for _ in range(n_importance):
        z = module.sample_posterior(mean, log_variance, generator)
        log_joint = module.log_likelihood(x, z, c) + module.prior.log_prob(z, c)
        total = torch.logaddexp(total, log_joint - log_normal(z, mean, log_variance))
    return total - math.log(n_importance)
