"""Likelihoods p(x | z) of a decoder's output, feature by feature."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Literal

import torch
from torch import nn
from torch.nn.functional import softplus

from harmonium.precision import SINGLE

LikelihoodName = Literal["bernoulli", "continuous-bernoulli", "gaussian", "calibrated-gaussian"]


class Likelihood(nn.Module):
    """Base of the likelihoods: a decoder's output r, one number a feature, says which distribution of x it means."""

    is_density: bool = True
    takes_unit_interval_only: bool = False

    @abstractmethod
    def log_prob(self, x: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
        """Return log p(x | r) summed over features, shape of `r` without its last dimension."""

    @abstractmethod
    def mean(self, r: torch.Tensor) -> torch.Tensor:
        """Return E[x | r]."""

    @abstractmethod
    def sample(self, r: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Draw x from p(x | r)."""


class Bernoulli(Likelihood):
    r"""Bernoulli with logit r: :math:`\log p(x | r) = \sum_i x_i r_i - \log(1 + e^{r_i})`.

    On grey values in (0, 1) this is a score, not a log-density: it does not integrate to one over x, and its maximum
    over r is not zero but minus the entropy of the grey values.
    """

    is_density = False
    takes_unit_interval_only = True

    def log_prob(self, x: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
        """Return the sum over features of x r - log(1 + exp r)."""
        return (x * r - softplus(r)).sum(-1)

    def mean(self, r: torch.Tensor) -> torch.Tensor:
        """Return sigmoid(r)."""
        return r.sigmoid()

    def sample(self, r: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Draw zeros and ones."""
        return (torch.empty_like(r).uniform_(generator=generator) < r.sigmoid()).to(r.dtype)


class ContinuousBernoulli(Likelihood):
    r"""Continuous Bernoulli on [0, 1] with logit r.

    .. math:: \log p(x | r) = \sum_i x_i r_i - \log(1 + e^{r_i}) + \log C(r_i), \qquad C(r) = \frac{r}{\tanh(r / 2)}

    (G. Loaiza-Ganem, J. Cunningham, NeurIPS 2019, eq. 4-5, with :math:`1 - 2\lambda = -\tanh(r/2)`). Near r = 0, where
    both parts of C vanish, its series is used.
    """

    takes_unit_interval_only = True
    _SERIES_BELOW = 0.05

    def log_normaliser(self, r: torch.Tensor) -> torch.Tensor:
        """Return log C(r), by its series log 2 + r²/12 - 7 r⁴/1440 near zero."""
        near = r.abs() < self._SERIES_BELOW
        safe = torch.where(near, torch.ones_like(r), r.abs())
        squared = torch.where(near, r, torch.zeros_like(r)).square()
        series = math.log(2) + squared / 12 - 7 * squared.square() / 1440
        return torch.where(near, series, (safe / (safe / 2).tanh()).log())

    def log_prob(self, x: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
        """Return the sum over features of x r - log(1 + exp r) + log C(r)."""
        return (x * r - softplus(r) + self.log_normaliser(r)).sum(-1)

    def mean(self, r: torch.Tensor) -> torch.Tensor:
        """Return 1 / (1 - exp(-r)) - 1 / r, by its series 1/2 + r/12 - r³/720 near zero."""
        near = r.abs() < self._SERIES_BELOW
        safe = torch.where(near, torch.ones_like(r), r)
        return torch.where(near, 0.5 + r / 12 - r**3 / 720, -1 / torch.expm1(-safe) - 1 / safe)

    def sample(self, r: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Draw by the inverse distribution function, log(1 + u (exp r - 1)) / r."""
        u = torch.empty_like(r).uniform_(generator=generator)
        near = r.abs() < 1e-4
        safe = torch.where(near, torch.ones_like(r), r)
        # for positive r the mirrored form, so that exp does not overflow
        magnitude = safe.abs()
        mirrored = torch.where(safe > 0, 1 - u, u)
        drawn = -torch.log1p(mirrored * torch.expm1(-magnitude)) / magnitude
        return torch.where(near, u, torch.where(safe > 0, 1 - drawn, drawn))


class Gaussian(Likelihood):
    r"""Normal with mean r and one variance for all features.

    .. math:: \log p(x | r) = -\sum_i \frac{(x_i - r_i)^2}{2\sigma^2} - \frac{d}{2} \log 2\pi\sigma^2

    Parameters
    ----------
    calibrated : bool
        False: log sigma² is a parameter. True: while training, sigma² is the mean squared error of the batch, which
        maximises the likelihood of the batch (O. Rybkin, K. Daniilidis, S. Levine, ICML 2021, eq. 5); its running
        mean is used afterwards.
    """

    log_variance: torch.Tensor
    n_batches: torch.Tensor
    _MEMORY = 0.98

    def __init__(self, *, calibrated: bool) -> None:
        super().__init__()
        self.calibrated = calibrated
        if calibrated:
            self.register_buffer("log_variance", torch.zeros((), **SINGLE))
            self.register_buffer("n_batches", torch.zeros((), **SINGLE))
        else:
            self.log_variance = nn.Parameter(torch.zeros((), **SINGLE))

    def log_prob(self, x: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
        """Return the log-density; while training a calibrated one also takes sigma² from the batch."""
        squares = (x - r).square()
        log_variance = self.log_variance
        if self.calibrated and self.training:
            with torch.no_grad():
                log_variance = squares.mean().log()
                # short at first, so that the untrained network's errors are soon forgotten
                memory = (self.n_batches / (self.n_batches + 4)).clamp(max=self._MEMORY)
                self.log_variance.mul_(memory).add_((1 - memory) * log_variance)
                self.n_batches.add_(1)
        n_features = squares.shape[-1]
        return -0.5 * (squares.sum(-1) / log_variance.exp() + n_features * (log_variance + math.log(2 * math.pi)))

    def mean(self, r: torch.Tensor) -> torch.Tensor:
        """Return r."""
        return r

    def sample(self, r: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Draw from N(r, sigma²)."""
        return r + (0.5 * self.log_variance).exp() * torch.empty_like(r).normal_(generator=generator)


_MAKERS: dict[str, Callable[[], Likelihood]] = {
    "bernoulli": Bernoulli,
    "continuous-bernoulli": ContinuousBernoulli,
    "gaussian": partial(Gaussian, calibrated=False),
    "calibrated-gaussian": partial(Gaussian, calibrated=True),
}
LIKELIHOODS = tuple(_MAKERS)


def make_likelihood(name: str) -> Likelihood:
    """Return the likelihood of a name in `LIKELIHOODS`."""
    return _MAKERS[name]()
