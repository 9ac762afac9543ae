"""Annealed importance sampling of the partition function."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from harmonium.precision import SINGLE
from harmonium.samplers.annealing_paths import AnnealingPath

_N_PILOT_CHAINS, _N_PILOT_TEMPERATURES = 128, 50


@dataclass(frozen=True)
class LogPartitionEstimate:
    """An estimate of log Z, in nats.

    Attributes
    ----------
    value : float
    standard_error : float
        Of `value`, by the delta method from the spread of the chains' weights; zero for an exact sum. It is to be
        trusted only where `effective_sample_size` is well above one.
    effective_sample_size : float
        (sum w)² / sum w² of the chains' weights w; infinite for an exact sum.
    """

    value: float
    standard_error: float = 0.0
    effective_sample_size: float = math.inf

    @property
    def is_exact(self) -> bool:
        """Whether `value` is an exact sum."""
        return math.isinf(self.effective_sample_size)


@torch.no_grad()
def temperatures(path: AnnealingPath, n_temperatures: int, generator: torch.Generator) -> list[float]:
    r"""Return :math:`0 = \beta_0 < \dots < \beta_T = 1`, with as much spread of the chains' weights between any two.

    The standard deviation of :math:`\log f_{\beta'}(h) - \log f_\beta(h)` along the path, which falls steeply from
    :math:`\beta = 0`, is measured by a short run at a tenth as many temperatures, and 50 at least, evenly spaced. The
    total variance of a chain's weight is least where each step adds the same [1]_.

    Parameters
    ----------
    path : AnnealingPath
    n_temperatures : int
        T.
    generator : torch.Generator

    References
    ----------
    .. [1] A. Gelman, X.-L. Meng, "Simulating Normalizing Constants: From Importance Sampling to Bridge Sampling to Path
       Sampling", Statistical Science 13 (1998), section 4.3.
    """
    tried = np.linspace(0, 1, max(_N_PILOT_TEMPERATURES, n_temperatures // 10) + 1)
    h = uniform_states(path, _N_PILOT_CHAINS, generator)
    spreads = []
    for before, after in itertools.pairwise(tried.tolist()):
        spreads.append(float(path.log_ratio(h, before, after).std()))
        h = path.advance(h, after, generator)
    # where nothing changes steps need not be small, but they must not be zero
    spread = np.asarray(spreads) + 1e-3 * max(spreads) + 1e-12
    travelled = np.concatenate([[0.0], spread.cumsum()])
    betas: list[float] = np.interp(np.linspace(0, travelled[-1], n_temperatures + 1), travelled, tried).tolist()
    return betas


@torch.no_grad()
def anneal(
    path: AnnealingPath, betas: Sequence[float], *, n_chains: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Lead chains from the uniform distribution over the hidden states to the model's, as the estimator below does.

    Parameters
    ----------
    path : AnnealingPath
    betas : sequence of float
        From 0 to 1, ascending; such as `temperatures`.
    n_chains : int
    generator : torch.Generator

    Returns
    -------
    h : Tensor of shape (n_chains, n_hidden), float32
        Where the chains stand before the last weighting.
    log_weights : Tensor of shape (n_chains,), float64
        Of the chains, without the base's constant.
    """
    h = uniform_states(path, n_chains, generator)
    log_weights = path.log_ratio(h, betas[0], betas[1])
    for before, after in itertools.pairwise(betas[1:]):
        h = path.advance(h, before, generator)
        log_weights += path.log_ratio(h, before, after)
    return h, log_weights


def uniform_states(path: AnnealingPath, n_chains: int, generator: torch.Generator) -> torch.Tensor:
    """Draw hidden states, every one of them as likely; float32, shape (n_chains, n_hidden)."""
    return torch.empty(n_chains, path.n_hidden, **SINGLE).uniform_(generator=generator).round_()


def effective_sample_size(log_weights: torch.Tensor) -> float:
    r"""Return :math:`(\sum_n w_n)^2 / \sum_n w_n^2`."""
    return math.exp(2 * torch.logsumexp(log_weights, 0).item() - torch.logsumexp(2 * log_weights, 0).item())


@torch.no_grad()
def annealed_importance_sampling(
    path: AnnealingPath, betas: Sequence[float], *, n_chains: int, generator: torch.Generator
) -> LogPartitionEstimate:
    r"""Estimate log Z of an RBM through the marginal of its hidden units.

    The path :math:`f_\beta(h)` leads from the uniform distribution over the :math:`2^M` states, whose normaliser is
    known, to the model; each temperature adds :math:`\log f_{\beta_{t+1}}(h) - \log f_{\beta_t}(h)` to a
    chain's log weight and moves the chain by one step that leaves the new f invariant [1]_. The mean weight is unbiased
    for Z, so log Z is under-estimated on average.

    Parameters
    ----------
    path : AnnealingPath
        Of a module in float64; see `harmonium.samplers.annealing_paths.annealing_path`.
    betas : sequence of float
        From 0 to 1, ascending; such as `temperatures`, but not found from the chains that are weighted.
    n_chains : int
    generator : torch.Generator

    Returns
    -------
    LogPartitionEstimate

    References
    ----------
    .. [1] R. Salakhutdinov, I. Murray, "On the Quantitative Analysis of Deep Belief Networks", ICML 2008, eq. 6-8
       (there with v and h; here v is summed or integrated out of every distribution of the path).
    """
    _, log_weights = anneal(path, betas, n_chains=n_chains, generator=generator)
    weights = (log_weights - log_weights.max()).exp()
    return LogPartitionEstimate(
        value=path.log_base + float(log_weights.max()) + math.log(float(weights.mean())),
        standard_error=float(weights.std() / weights.mean()) / math.sqrt(n_chains),
        effective_sample_size=effective_sample_size(log_weights),
    )
