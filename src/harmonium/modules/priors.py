"""Priors p(z) of a variational autoencoder's code."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import nn


class Prior(nn.Module, ABC):
    """Base of the priors: the objective, the bounds and the draws of new codes ask it, and nothing else knows p(z).

    As those of `VAEModule`, its methods take the conditions `c` of the examples, of shape (n, n_conditions), where the
    model is conditional: a prior that is the same under every condition ignores them.

    Parameters
    ----------
    n_latent : int
        Length of z.
    """

    def __init__(self, n_latent: int) -> None:
        super().__init__()
        self.n_latent = n_latent

    @abstractmethod
    def log_prob(self, z: torch.Tensor, c: torch.Tensor | None = None) -> torch.Tensor:
        """Return log p(z), shape of `z` without its last dimension."""

    @abstractmethod
    def kl(self, mean: torch.Tensor, log_variance: torch.Tensor, c: torch.Tensor | None = None) -> torch.Tensor:
        r"""Return :math:`KL[N(\mu, \operatorname{diag} \sigma^2) \| p(z)]` of every row, differentiable; shape (n,)."""

    @abstractmethod
    def sample(
        self, n: int, generator: torch.Generator, dtype: torch.dtype, c: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Draw from p(z), shape (n, n_latent)."""

    @abstractmethod
    def quantiles(self, probabilities: torch.Tensor) -> torch.Tensor:
        """Return the quantiles of each coordinate of z, shape (len(probabilities), n_latent)."""


class StandardNormal(Prior):
    r"""The prior :math:`p(z) = N(0, I)`, without parameters."""

    def log_prob(self, z: torch.Tensor, c: torch.Tensor | None = None) -> torch.Tensor:
        r"""Return :math:`-\tfrac12 \sum_m (z_m^2 + \log 2\pi)`."""
        return -0.5 * (z.square() + math.log(2 * math.pi)).sum(-1)

    def kl(self, mean: torch.Tensor, log_variance: torch.Tensor, c: torch.Tensor | None = None) -> torch.Tensor:
        r"""Return :math:`\tfrac12 \sum_m (\mu_m^2 + \sigma_m^2 - 1 - \log\sigma_m^2)`."""
        return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1)

    def sample(
        self, n: int, generator: torch.Generator, dtype: torch.dtype, c: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Draw from N(0, I), shape (n, n_latent)."""
        return torch.empty(n, self.n_latent, dtype=dtype).normal_(generator=generator)

    def quantiles(self, probabilities: torch.Tensor) -> torch.Tensor:
        """Return those of N(0, 1), in every column."""
        quantiles: torch.Tensor = torch.special.ndtri(probabilities)
        return quantiles[:, None].expand(-1, self.n_latent)
