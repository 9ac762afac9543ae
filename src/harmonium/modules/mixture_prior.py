"""A mixture of Gaussians as the prior of a variational autoencoder's code."""

from __future__ import annotations

import math

import torch
from torch import nn

from harmonium.modules.mixture_fitting import RIDGE, can_have_any_weights, clusters, discriminate, fit_mixture
from harmonium.modules.priors import Prior, StandardNormal
from harmonium.precision import INTEGER, SINGLE

_COMPONENTS_PER_CLUSTER = 10
_N_BISECTIONS = 60
_ROWS_AT_ONCE = 1000
_LOG_WEIGHT_ELSEWHERE = -12.0  # of a component for a class that it was not fitted to


class MixturePrior(Prior):
    r"""Mixture of Gaussians with full covariances, whose weights depend on the condition.

    .. math:: p(z | c) = \sum_k \pi_k(c)\, N\bigl(z;\, \mu_k,\, (P_k^\top P_k)^{-1}\bigr),
              \qquad \pi(c) = \operatorname{softmax}(a + A^\top c)

    with :math:`P_k` lower triangular. It is N(0, I) until `place` has put the components where the posteriors of data
    are; from then on all parameters are trained. The divergence has no closed form then.

    Parameters
    ----------
    n_latent, n_components : int
    n_conditions : int
        Length of c; 0 without.

    Attributes
    ----------
    log_weights : Parameter of shape (n_components,)
        a.
    gate : Parameter of shape (n_conditions, n_components)
        A.
    means : Parameter of shape (n_components, n_latent)
    factors : Parameter of shape (n_components, n_latent, n_latent)
        P below the diagonal, and the logarithm of P on it; what is above is not used.
    is_placed : Tensor of bool
    """

    is_placed: torch.Tensor

    def __init__(self, n_latent: int, n_components: int, n_conditions: int = 0) -> None:
        super().__init__(n_latent)
        self.log_weights = nn.Parameter(torch.zeros(n_components, **SINGLE))
        self.gate = nn.Parameter(torch.zeros(n_conditions, n_components, **SINGLE))
        self.means = nn.Parameter(torch.zeros(n_components, n_latent, **SINGLE))
        self.factors = nn.Parameter(torch.zeros(n_components, n_latent, n_latent, **SINGLE))
        self.register_buffer("is_placed", torch.tensor(False, device="cpu"))

    def _log_pi(self, c: torch.Tensor | None) -> torch.Tensor:
        """Return log pi(c), shape (n_components,), or (n, n_components) with conditions."""
        return (self.log_weights if c is None else self.log_weights + c @ self.gate).log_softmax(-1)

    def _precision_factors(self) -> torch.Tensor:
        return self.factors.tril(-1) + torch.diag_embed(self._log_diagonal().exp())

    def _log_diagonal(self) -> torch.Tensor:
        diagonal: torch.Tensor = self.factors.diagonal(dim1=-2, dim2=-1)
        return diagonal

    def log_prob(self, z: torch.Tensor, c: torch.Tensor | None = None) -> torch.Tensor:
        r"""Return :math:`\log \sum_k \pi_k(c) |P_k| N(P_k (z - \mu_k); 0, I)`, shape (n,)."""
        if not self.is_placed:
            return StandardNormal(self.n_latent).log_prob(z)
        return self._log_joint(z, c).logsumexp(-1) - 0.5 * self.n_latent * math.log(2 * math.pi)

    def _log_joint(self, z: torch.Tensor, c: torch.Tensor | None) -> torch.Tensor:
        """Return the logarithm of each component's part of the density but for a constant, shape (n, n_components)."""
        P = self._precision_factors()
        # one product for all components: P z - P mu
        whitened = (z @ P.flatten(0, 1).T).view(*z.shape[:-1], *P.shape[:2])
        whitened = whitened - torch.einsum("kij,kj->ki", P, self.means)
        log_determinant = self._log_diagonal().sum(-1)
        log_joint: torch.Tensor = self._log_pi(c) + log_determinant - 0.5 * whitened.square().sum(-1)
        return log_joint

    def kl(
        self, mean: torch.Tensor, log_variance: torch.Tensor, z: torch.Tensor, c: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the closed form while the prior is N(0, I), then what `Prior.kl` says."""
        if not self.is_placed:
            return StandardNormal(self.n_latent).kl(mean, log_variance, z)
        return super().kl(mean, log_variance, z, c)

    def push(self, e: torch.Tensor, generator: torch.Generator, c: torch.Tensor | None = None) -> torch.Tensor:
        r"""Draw a component by pi(c) for each row, and return :math:`\mu_k + P_k^{-1} e`."""
        if not self.is_placed:
            return e
        weights = self._log_pi(c).exp().expand(len(e), -1)
        component = torch.multinomial(weights, 1, generator=generator).squeeze(1)
        P = self._precision_factors()[component]
        offset: torch.Tensor = torch.linalg.solve_triangular(P, e[..., None], upper=False).squeeze(-1)
        return self.means[component] + offset

    def from_uniform(self, u: torch.Tensor, c: torch.Tensor | None = None) -> torch.Tensor:
        """Invert the distribution function of each coordinate given those before it, by bisection.

        M. Rosenblatt, "Remarks on a Multivariate Transformation", Annals of Mathematical Statistics 23 (1952).
        """
        if not self.is_placed:
            return StandardNormal(self.n_latent).from_uniform(u)
        P, z = self._precision_factors(), torch.zeros_like(u)
        log_weights = self._log_pi(c).expand(len(u), -1)
        for m in range(self.n_latent):
            # given the coordinates before it, this one is normal in every component
            sd = 1 / P[:, m, m]
            mean = self.means[:, m] - sd * ((z[:, None, :m] - self.means[:, :m]) * P[:, m, :m]).sum(-1)
            z[:, m] = _quantiles(u[:, m], log_weights.exp(), mean, sd)
            standardised = (z[:, m, None] - mean) / sd
            log_weights = (log_weights - 0.5 * standardised.square() - sd.log()).log_softmax(-1)
        return z

    @torch.no_grad()
    def place(self, z: torch.Tensor, c: torch.Tensor | None, seed: int) -> None:
        """Set the parameters to those of mixtures fitted to draws from posteriors, by expectation maximisation.

        The aggregated posterior is the prior that maximises the evidence lower bound (M. Hoffman, M. Johnson, "ELBO
        surgery", 2016). The components are shared out in proportion to their draws among groups, and fitted to each
        alone: the classes, where the conditions are those of one column of them and no more than the components; else
        clusters of the draws, and the weights then follow the conditions by `discriminate`.

        Parameters
        ----------
        z : Tensor of shape (n, n_latent)
            One draw from q(z | x) of each example.
        c : Tensor of shape (n, n_conditions), or None
        seed : int
        """
        n_components = len(self.means)
        classes: torch.Tensor | None = None
        if c is not None:
            classes, groups = torch.unique(c, dim=0, return_inverse=True)
        if classes is None or not can_have_any_weights(classes, n_components):
            classes, groups = None, clusters(z, n_components // _COMPONENTS_PER_CLUSTER, seed)
        shares = torch.bincount(groups).float() / len(z)
        n_spare = n_components - len(shares)
        ends = torch.arange(1, len(shares) + 1, **INTEGER) + (n_spare * shares.cumsum(0)).round().long()
        log_weights = torch.full((len(shares), n_components), _LOG_WEIGHT_ELSEWHERE, **SINGLE)
        spread, first = z.var(0, correction=0) + RIDGE, 0
        for group, end in enumerate(ends.tolist()):
            weights, means, factors = fit_mixture(z[groups == group], end - first, spread, seed)
            k = slice(first, first + len(weights))
            log_weights[group, k] = weights.log().to(log_weights)
            self.means[k], self.factors[k] = means.to(self.means), factors.to(self.factors)
            first = end
        if classes is None:
            self.log_weights.copy_((shares.log()[:, None] + log_weights).logsumexp(0))
        else:
            # so that A'c is the logarithm of each class's weights
            self.gate.copy_(torch.linalg.lstsq(classes.double(), log_weights.double()).solution)
        self.is_placed.fill_(True)
        if c is not None and classes is None:
            parts = [z[start : start + _ROWS_AT_ONCE] for start in range(0, len(z), _ROWS_AT_ONCE)]
            shares_of_draws = torch.cat([self._log_joint(part, None).softmax(-1) for part in parts])
            gate, offset = discriminate(shares_of_draws.double(), c.double())
            self.gate.copy_(gate)
            self.log_weights.add_(offset)


def _quantiles(u: torch.Tensor, weights: torch.Tensor, mean: torch.Tensor, sd: torch.Tensor) -> torch.Tensor:
    """Return where the distribution function of one-dimensional mixtures, one a row of weights, is u; shape (n,)."""
    width = 10 * sd
    low, high = (mean - width).amin(-1).expand(len(u)), (mean + width).amax(-1).expand(len(u))
    for _ in range(_N_BISECTIONS):
        middle = (low + high) / 2
        is_below = (weights * torch.special.ndtr((middle[:, None] - mean) / sd)).sum(-1) < u
        low, high = torch.where(is_below, middle, low), torch.where(is_below, high, middle)
    return (low + high) / 2
