"""A normalising flow as the prior of a variational autoencoder's code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from harmonium.modules.networks import mlp
from harmonium.modules.priors import Prior, StandardNormal

_N_COUPLINGS = 6
_WIDTH = 128
_LARGEST_LOG_SCALE = 2.0


class AffineCoupling(nn.Module):
    r"""One half of z is shifted and scaled by functions of the other half, and of the condition.

    .. math:: z_a = e_a, \qquad z_b = e_b \odot \exp s(e_a, c) + t(e_a, c)

    Parameters
    ----------
    n_latent, n_conditions : int
    is_flipped : bool
        Whether the second half is a, else the first.
    generator : torch.Generator
        Draws the weights of the hidden layers; the last layer is zero, so that the coupling starts as the identity.

    References
    ----------
    L. Dinh, J. Sohl-Dickstein, S. Bengio, "Density estimation using Real NVP", ICLR 2017, eq. 7-8.
    """

    def __init__(self, n_latent: int, n_conditions: int, is_flipped: bool, generator: torch.Generator) -> None:
        super().__init__()
        half = n_latent // 2
        halves = slice(half), slice(half, n_latent)
        self.given: slice
        self.moved: slice
        self.given, self.moved = halves[::-1] if is_flipped else halves
        n_given = n_latent - half if is_flipped else half
        self.network = mlp([n_given + n_conditions, _WIDTH, _WIDTH, 2 * (n_latent - n_given)], generator)
        last: Any = self.network[-1]
        nn.init.zeros_(last.weight)

    def _shift_and_log_scale(self, z: torch.Tensor, c: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        given = z[..., self.given]
        shift, s = self.network(given if c is None else torch.cat([given, c], -1)).chunk(2, -1)
        return shift, _LARGEST_LOG_SCALE * (s / _LARGEST_LOG_SCALE).tanh()

    def forward(self, e: torch.Tensor, c: torch.Tensor | None) -> torch.Tensor:
        """Return z of the noise's side e."""
        shift, log_scale = self._shift_and_log_scale(e, c)
        z = e.clone()
        z[..., self.moved] = e[..., self.moved] * log_scale.exp() + shift
        return z

    def inverse(self, z: torch.Tensor, c: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        r"""Return e of z, and :math:`\log |\partial e / \partial z| = -\sum s`, shape (n,)."""
        shift, log_scale = self._shift_and_log_scale(z, c)
        e = z.clone()
        e[..., self.moved] = (z[..., self.moved] - shift) * (-log_scale).exp()
        return e, -log_scale.sum(-1)


class FlowPrior(Prior):
    r"""Normal noise sent through affine couplings, :math:`z = f(e, c)`, :math:`e \sim N(0, I)`.

    .. math:: \log p(z | c) = \log N\bigl(f^{-1}(z, c); 0, I\bigr) + \log |\partial f^{-1} / \partial z|

    It starts as N(0, I). The divergence has no closed form.

    Parameters
    ----------
    n_latent : int
        2 or more.
    n_conditions : int
    generator : torch.Generator
        Draws the weights.
    """

    def __init__(self, n_latent: int, n_conditions: int, generator: torch.Generator) -> None:
        super().__init__(n_latent)
        self.base = StandardNormal(n_latent)
        self.couplings = nn.ModuleList(
            AffineCoupling(n_latent, n_conditions, k % 2 == 1, generator) for k in range(_N_COUPLINGS)
        )

    def push(self, e: torch.Tensor, generator: torch.Generator, c: torch.Tensor | None = None) -> torch.Tensor:
        """Return f(e, c)."""
        return self._through(e, c)

    def _through(self, e: torch.Tensor, c: torch.Tensor | None) -> torch.Tensor:
        couplings: Iterable[Any] = self.couplings
        for coupling in couplings:
            e = coupling(e, c)
        return e

    def log_prob(self, z: torch.Tensor, c: torch.Tensor | None = None) -> torch.Tensor:
        """Return log p(z | c), shape (n,), by the change of variables."""
        couplings: Any = self.couplings
        log_determinant = z.new_zeros(z.shape[:-1])
        for coupling in reversed(couplings):
            z, change = coupling.inverse(z, c)
            log_determinant = log_determinant + change
        return self.base.log_prob(z) + log_determinant

    def from_uniform(self, u: torch.Tensor, c: torch.Tensor | None = None) -> torch.Tensor:
        """Return f of the quantiles of N(0, I)."""
        return self._through(self.base.from_uniform(u), c)
