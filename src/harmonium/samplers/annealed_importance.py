"""Annealed importance sampling of the partition function."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from harmonium.samplers.annealing_paths import AnnealingPath


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
def anneal(
    path: AnnealingPath, *, n_chains: int, n_temperatures: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Lead chains from the uniform distribution over the hidden states to the model's, as the estimator below does.

    Returns
    -------
    h : Tensor of shape (n_chains, n_hidden), float32
        Where the chains stand before the last weighting.
    log_weights : Tensor of shape (n_chains,), float64
        Of the chains, without the base's constant.
    """
    h = torch.empty(n_chains, path.n_hidden).uniform_(generator=generator).round_()
    log_weights = torch.zeros(n_chains, dtype=torch.float64)
    for step in range(1, n_temperatures + 1):
        log_weights += path.log_ratio(h, step, n_temperatures)
        if step < n_temperatures:
            h = path.advance(h, step, n_temperatures, generator)
    return h, log_weights


@torch.no_grad()
def annealed_importance_sampling(
    path: AnnealingPath, *, n_chains: int, n_temperatures: int, generator: torch.Generator
) -> LogPartitionEstimate:
    r"""Estimate log Z of an RBM through the marginal of its hidden units.

    The path :math:`f_\beta(h)` leads from the uniform distribution over the :math:`2^M` states, whose normaliser is
    known, to the model; each temperature adds :math:`\log f_{\beta_{t+1}}(h) - \log f_{\beta_t}(h)` to a chain's log
    weight and moves the chain by one step that leaves the new f invariant [1]_. The mean weight is unbiased for Z, so
    log Z is under-estimated on average.

    Parameters
    ----------
    path : AnnealingPath
        Of a module in float64; see `harmonium.samplers.annealing_paths.annealing_path`.
    n_chains, n_temperatures : int
    generator : torch.Generator

    Returns
    -------
    LogPartitionEstimate

    References
    ----------
    .. [1] R. Salakhutdinov, I. Murray, "On the Quantitative Analysis of Deep Belief Networks", ICML 2008, eq. 6-8
       (there with v and h; here v is summed or integrated out of every distribution of the path).
    """
    _, log_weights = anneal(path, n_chains=n_chains, n_temperatures=n_temperatures, generator=generator)
    weights = (log_weights - log_weights.max()).exp()
    return LogPartitionEstimate(
        value=path.log_base + float(log_weights.max()) + math.log(float(weights.mean())),
        standard_error=float(weights.std() / weights.mean()) / math.sqrt(n_chains),
        effective_sample_size=float(weights.sum() ** 2 / (weights**2).sum()),
    )
