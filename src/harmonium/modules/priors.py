"""Priors p(z) of a variational autoencoder's code, and the one without parameters."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import nn


class Prior(nn.Module, ABC):
    """Base of the priors: the objective, the bounds and the draws of new codes ask it, and nothing else knows p(z).

    As those of `VAEModule`, its methods take the conditions c of the examples where the model has any, and the prior is
    then p(z | c): one that is the same for every condition ignores them.

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
        """Return log p(z | c), shape of `z` without its last dimension."""

    @abstractmethod
    def push(self, e: torch.Tensor, generator: torch.Generator, c: torch.Tensor | None = None) -> torch.Tensor:
        """Map standard normal noise to codes, so that they are draws from p(z | c); shape of `e`.

        Parameters
        ----------
        e : Tensor of shape (n, n_latent)
        generator : torch.Generator
            Of what is random besides the noise.
        c : Tensor of shape (n, n_conditions), optional
        """

    @abstractmethod
    def from_uniform(self, u: torch.Tensor, c: torch.Tensor | None = None) -> torch.Tensor:
        """Map points of the unit cube to codes, so that uniform points become draws from p(z | c); shape of `u`."""

    def sample(
        self,
        n: int,
        generator: torch.Generator,
        dtype: torch.dtype,
        c: torch.Tensor | None = None,
        temperature: float = 1.0,
    ) -> torch.Tensor:
        """Draw from p(z | c), shape (n, n_latent).

        Parameters
        ----------
        n : int
        generator : torch.Generator
        dtype : torch.dtype
            That of the prior's own parameters, where it has any.
        c : Tensor of shape (n, n_conditions), optional
        temperature : float
            Factor on the standard deviation of the noise that z is made of; the prior's own draws have 1.
        """
        e = torch.empty(n, self.n_latent, dtype=dtype, device=generator.device).normal_(generator=generator)
        return self.push(temperature * e, generator, c)

    def kl(
        self, mean: torch.Tensor, log_variance: torch.Tensor, z: torch.Tensor, c: torch.Tensor | None = None
    ) -> torch.Tensor:
        r"""Return :math:`KL[q(z | x) \| p(z | c)]` of every row for :math:`q = N(\mu, \operatorname{diag} \sigma^2)`.

        Differentiable; shape (n,). Where it has no closed form, it is estimated without bias by the draws z from q:

        .. math:: -\tfrac12 \sum_m (1 + \log 2\pi\sigma_m^2) - \log p(z | c)

        Parameters
        ----------
        mean, log_variance : Tensor of shape (n, n_latent)
        z : Tensor of shape (n, n_latent)
            A draw from each q.
        c : Tensor of shape (n, n_conditions), optional
        """
        return -0.5 * (1 + math.log(2 * math.pi) + log_variance).sum(-1) - self.log_prob(z, c)


class StandardNormal(Prior):
    r"""The prior :math:`p(z) = N(0, I)`, without parameters."""

    def log_prob(self, z: torch.Tensor, c: torch.Tensor | None = None) -> torch.Tensor:
        r"""Return :math:`-\tfrac12 \sum_m (z_m^2 + \log 2\pi)`."""
        return -0.5 * (z.square() + math.log(2 * math.pi)).sum(-1)

    def push(self, e: torch.Tensor, generator: torch.Generator, c: torch.Tensor | None = None) -> torch.Tensor:
        """Return e itself."""
        return e

    def from_uniform(self, u: torch.Tensor, c: torch.Tensor | None = None) -> torch.Tensor:
        """Return the quantiles of N(0, 1) at every coordinate."""
        quantiles: torch.Tensor = torch.special.ndtri(u)
        return quantiles

    def kl(
        self, mean: torch.Tensor, log_variance: torch.Tensor, z: torch.Tensor, c: torch.Tensor | None = None
    ) -> torch.Tensor:
        r"""Return :math:`\tfrac12 \sum_m (\mu_m^2 + \sigma_m^2 - 1 - \log\sigma_m^2)`."""
        return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1)
