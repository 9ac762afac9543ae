"""What the report derives for annealed importance sampling and the library computes."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.special import expit

from harmonium.metrics.partition_function import log_partition
from harmonium.samplers.annealed_importance import anneal, annealed_importance_sampling
from harmonium.samplers.annealing_paths import CollapsedPath
from small_machines import every_state, random_module

BETAS = [0.0, 0.1, 0.2, 0.4, 0.7, 1.0]


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def test_annealed_weights_have_the_partition_function_as_their_exact_mean():
    """By matrix products over all states: one matrix a sweep, no draws."""
    n_hidden, betas = 3, [0.0, 0.1, 0.3, 0.7, 1.0]
    marginal = random_module(4, n_hidden, 8).hidden_marginal()
    field, couplings = marginal.field.detach().numpy(), marginal.couplings.detach().numpy()
    states = every_state(n_hidden).numpy()
    s = states @ field + 0.5 * ((states @ couplings) * states).sum(1)
    index = {tuple(h): k for k, h in enumerate(states)}

    def sweep(beta):
        whole = np.eye(len(states))
        for j in range(n_hidden):
            one = np.zeros_like(whole)
            for k, h in enumerate(states):
                p = expit(beta * (field[j] + couplings[j] @ h))
                for value, probability in ((1.0, p), (0.0, 1 - p)):
                    to = h.copy()
                    to[j] = value
                    one[k, index[tuple(to)]] += probability
            whole = whole @ one
        return whole

    row = np.full(len(states), 1 / len(states)) @ np.diag(np.exp(betas[1] * s))
    for beta, after in itertools.pairwise(betas[1:]):
        np.testing.assert_allclose(np.exp(beta * s) @ sweep(beta), np.exp(beta * s), rtol=1e-12)  # invariance
        row = row @ sweep(beta) @ np.diag(np.exp((after - beta) * s))
    assert row.sum() == pytest.approx(np.exp(s).sum() / 2**n_hidden, rel=1e-12)
    assert np.log(np.exp(s).sum()) + marginal.constant.item() == pytest.approx(
        log_partition(random_module(4, n_hidden, 8), torch.Generator()).value
    )


def test_annealed_estimates_of_many_tiny_runs_average_to_the_partition_function():
    module = random_module(4, 3, 8)
    exact = log_partition(module, torch.Generator()).value
    path = CollapsedPath(module.hidden_marginal())
    estimates = np.array(
        [
            annealed_importance_sampling(path, [0.0, 0.2, 0.6, 1.0], n_chains=2, generator=seeded(k)).value
            for k in range(2000)
        ]
    )
    ratios = np.exp(estimates - exact)
    assert abs(ratios.mean() - 1) < 4 * ratios.std() / math.sqrt(len(ratios))
    assert estimates.mean() < exact - 4 * estimates.std() / math.sqrt(len(estimates))  # Jensen's inequality


def test_standard_error_follows_from_the_effective_sample_size():
    path, n = CollapsedPath(random_module(8, 6, 0).hidden_marginal()), 50
    estimate = annealed_importance_sampling(path, BETAS, n_chains=n, generator=seeded(0))
    weights = anneal(path, BETAS, n_chains=n, generator=seeded(0))[1].exp().numpy()
    assert estimate.standard_error == pytest.approx(weights.std(ddof=1) / (weights.mean() * math.sqrt(n)))
    assert estimate.effective_sample_size == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert estimate.standard_error**2 == pytest.approx((n / estimate.effective_sample_size - 1) / (n - 1))
    assert 2 < estimate.effective_sample_size < 0.9 * n
