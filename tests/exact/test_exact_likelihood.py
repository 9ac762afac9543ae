"""Exact maximum likelihood of a small machine."""

import numpy as np
import pytest
import torch
from scipy.integrate import dblquad

from harmonium.metrics.partition_function import log_partition
from harmonium.objectives.exact_likelihood import ExactLikelihood
from small_machines import every_state, random_bernoulli_module, random_module


def test_the_density_integrates_to_one_by_quadrature():
    module = random_module(2, 3, 4, scale=0.5)
    log_z = log_partition(module, torch.Generator()).value

    def density(v2, v1):
        with torch.no_grad():
            return np.exp(-float(module.free_energy(torch.tensor([[v1, v2]], dtype=torch.float64))) - log_z)

    assert dblquad(density, -12, 12, -12, 12, epsabs=1e-5)[0] == pytest.approx(1.0, abs=1e-4)


def test_the_loss_is_free_energy_plus_log_partition():
    module = random_module(5, 4, 2)
    batch = torch.randn(7, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = module.free_energy(batch).mean() + log_partition(module, torch.Generator()).value
    torch.testing.assert_close(ExactLikelihood(module)(batch).loss, expected)


def test_the_gradient_vanishes_at_the_models_own_distribution():
    """Over a sample of the model's own v, so exact within the sampling error, which is computed."""
    module = random_module(3, 3, 6)
    generator = torch.Generator().manual_seed(1)
    objective = ExactLikelihood(module)
    weights = torch.softmax(-module.hidden_free_energy(objective.states.double()), 0)
    h = objective.states.double()[torch.multinomial(weights, 40_000, replacement=True, generator=generator)]
    v = module.sample_visible(h, generator).detach()
    per_batch = []
    for batch in v.split(1000):
        objective.zero_grad()
        objective(batch).loss.backward()
        per_batch.append(torch.cat([p.grad.flatten() for p in module.parameters()]))
    stacked = torch.stack(per_batch)
    z = stacked.mean(0) / (stacked.std(0) / np.sqrt(len(stacked)))
    assert z.abs().max() < 4
    assert stacked.std(0).min() > 0


@pytest.mark.parametrize(("n_visible", "n_hidden"), [(5, 4), (3, 22)], ids=["over hidden", "over visible"])
def test_gradient_of_binary_visible_units_is_the_difference_of_two_exact_means(n_visible, n_hidden):
    module = random_bernoulli_module(n_visible, n_hidden, 2)
    batch = torch.rand(7, n_visible, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    objective = ExactLikelihood(module)
    objective.set_gradients(batch)
    every_v = every_state(n_visible)
    with torch.no_grad():
        p = torch.softmax(-module.free_energy(every_v), 0)
        s, s_data = (module.hidden_probabilities(v) - 0.5 for v in (every_v, batch))
    expected = {
        "weight": (s * p[:, None]).T @ every_v - s_data.T @ batch / 7,
        "hidden_bias": p @ s - s_data.mean(0),
        "visible_centre": p @ every_v - batch.mean(0),
    }
    for name, value in expected.items():
        torch.testing.assert_close(getattr(module, name).grad, value, rtol=1e-9, atol=1e-10, msg=name)


def test_more_units_than_can_be_enumerated_are_refused():
    with pytest.raises(ValueError, match="at most 20"):
        ExactLikelihood(random_module(3, 21, 0))
