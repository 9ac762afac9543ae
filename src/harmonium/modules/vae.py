"""The variational autoencoder, plain or conditional."""

from __future__ import annotations

import math

import torch
from torch import nn

from harmonium.modules.likelihoods import Likelihood
from harmonium.modules.priors import Prior


class VAEModule(nn.Module):
    r"""Encoder, decoder, likelihood and prior of a variational autoencoder [1]_.

    With `n_conditions` > 0 it is conditional: a row c of so many numbers (of one class, its one-hot vector) is
    concatenated to the input of the encoder and of the decoder, :math:`q(z | x, c)` and :math:`p(x | z, c)` [2]_;
    without, c is not there. Where a method takes `c`, it is of shape (n, n_conditions), and ignored by a plain module.

    Parameters
    ----------
    encoder : Module
        Maps (n, n_features + n_conditions) to (n, 2 * n_latent): mean and log variance of q.
    decoder : Module
        Maps (n, n_latent + n_conditions) to (n, n_features).
    likelihood : Likelihood
    prior : Prior
        Of z; its length is n_latent.
    n_conditions : int

    References
    ----------
    .. [1] D. Kingma, M. Welling, "Auto-Encoding Variational Bayes", ICLR 2014.
    .. [2] K. Sohn, H. Lee, X. Yan, "Learning Structured Output Representation using Deep Conditional Generative
       Models", NeurIPS 2015.
    """

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, likelihood: Likelihood, prior: Prior, n_conditions: int = 0
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihood
        self.prior = prior
        self.n_conditions = n_conditions

    @property
    def n_latent(self) -> int:
        """Length of z."""
        return self.prior.n_latent

    def _with_condition(self, rows: torch.Tensor, c: torch.Tensor | None) -> torch.Tensor:
        if self.n_conditions == 0:
            return rows
        if c is None:
            raise ValueError("a conditional module needs its condition c")
        return torch.cat([rows, c.to(rows)], -1)

    def encode(self, x: torch.Tensor, c: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and log variance of q(z | x, c), each of shape (n, n_latent)."""
        mean, log_variance = self.encoder(self._with_condition(x, c)).chunk(2, -1)
        return mean, log_variance.clamp(-20.0, 10.0)

    def decode(self, z: torch.Tensor, c: torch.Tensor | None = None) -> torch.Tensor:
        """Return what the likelihood takes, of shape (n, n_features)."""
        r: torch.Tensor = self.decoder(self._with_condition(z, c))
        return r

    def sample_posterior(
        self, mean: torch.Tensor, log_variance: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor:
        r"""Draw :math:`z = \mu + \sigma \epsilon`, the reparameterised sample of q, differentiable in both."""
        return mean + (0.5 * log_variance).exp() * torch.empty_like(mean).normal_(generator=generator)

    def log_likelihood(self, x: torch.Tensor, z: torch.Tensor, c: torch.Tensor | None = None) -> torch.Tensor:
        """Return log p(x | z, c), shape (n,)."""
        return self.likelihood.log_prob(x, self.decode(z, c))

    def reconstruct(self, x: torch.Tensor, c: torch.Tensor | None = None) -> torch.Tensor:
        """Return E[x | z, c] at the mean z of q(z | x, c), shape (n, n_features)."""
        return self.likelihood.mean(self.decode(self.encode(x, c)[0], c))


def log_normal(z: torch.Tensor, mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    r""":math:`\log N(z; \mu, \operatorname{diag} \sigma^2)`, summed over the last dimension."""
    squares = (z - mean).square() * (-log_variance).exp()
    return -0.5 * (squares + log_variance + math.log(2 * math.pi)).sum(-1)
