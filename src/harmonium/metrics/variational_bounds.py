"""Lower bounds on the log-likelihood of a variational autoencoder."""

from __future__ import annotations

import math

import torch

from harmonium.modules.vae import VAEModule, log_normal

_ROWS_AT_ONCE = 512  # of a few rows, several draws are made at once


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
    total = mean.new_zeros(len(x))
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
    total = mean.new_full((len(x),), -math.inf)
    at_once = max(1, _ROWS_AT_ONCE // len(x))
    for first in range(0, n_importance, at_once):
        n_draws = min(at_once, n_importance - first)
        means, log_variances = mean.repeat(n_draws, 1), log_variance.repeat(n_draws, 1)
        conditions = None if c is None else c.repeat(n_draws, 1)
        z = module.sample_posterior(means, log_variances, generator)
        log_joint = module.log_likelihood(x.repeat(n_draws, 1), z, conditions) + module.prior.log_prob(z, conditions)
        log_weights = (log_joint - log_normal(z, means, log_variances)).view(n_draws, -1)
        total = torch.logaddexp(total, log_weights.logsumexp(0))
    return total - math.log(n_importance)
