"""Annealed importance sampling against the exact sum."""

import math

import pytest
import torch

from harmonium.metrics.partition_function import log_partition
from harmonium.samplers.annealed_importance import annealed_importance_sampling
from harmonium.samplers.annealing_paths import CollapsedPath, annealing_path
from small_machines import every_state, random_bernoulli_module, random_module


@pytest.mark.parametrize(("n_visible", "n_hidden", "scale"), [(6, 4, 0.3), (12, 10, 0.5), (20, 8, 0.8), (5, 12, 1.0)])
@pytest.mark.parametrize("seed", [0, 1])
def test_estimate_is_within_three_of_its_own_standard_errors(n_visible, n_hidden, scale, seed):
    module = random_module(n_visible, n_hidden, seed, scale=scale)
    exact = log_partition(module, torch.Generator())
    assert exact.is_exact
    assert exact.standard_error == 0
    estimate = annealed_importance_sampling(
        annealing_path(module), n_chains=400, n_temperatures=300, generator=torch.Generator().manual_seed(seed)
    )
    assert 0 < estimate.standard_error < 0.2
    assert abs(estimate.value - exact.value) < 3 * estimate.standard_error
    assert 1 < estimate.effective_sample_size <= 400


@pytest.mark.parametrize(("n_visible", "n_hidden", "scale"), [(6, 4, 0.3), (12, 10, 0.7), (8, 40, 0.5), (40, 8, 0.5)])
@pytest.mark.parametrize("seed", [0, 1])
def test_estimate_for_binary_visible_units_is_within_three_standard_errors(n_visible, n_hidden, scale, seed):
    module = random_bernoulli_module(n_visible, n_hidden, seed, scale=scale)
    exact = log_partition(module, torch.Generator())
    assert exact.is_exact
    path = annealing_path(module)
    assert path.log_base == pytest.approx((n_visible + n_hidden) * math.log(2))
    estimate = annealed_importance_sampling(
        path, n_chains=400, n_temperatures=300, generator=torch.Generator().manual_seed(seed)
    )
    assert 0 < estimate.standard_error < 0.2
    assert abs(estimate.value - exact.value) < 3 * estimate.standard_error
    # the path goes somewhere: its base is far from the model
    assert abs(path.log_base - exact.value) > 10 * estimate.standard_error


def test_block_path_ratios_add_up_to_the_models_weight():
    module, n_steps = random_bernoulli_module(6, 4, 0), 5
    h = every_state(4)
    path = annealing_path(module)
    with torch.no_grad():
        total = sum(path.log_ratio(h, step, n_steps) for step in range(1, n_steps + 1))
        torch.testing.assert_close(total + 6 * math.log(2), -module.hidden_free_energy(h))


def test_standard_error_shrinks_with_more_chains_as_its_square_root():
    path = CollapsedPath(random_module(12, 10, 0, scale=0.5).hidden_marginal())
    errors = [
        annealed_importance_sampling(
            path, n_chains=n, n_temperatures=50, generator=torch.Generator().manual_seed(0)
        ).standard_error
        for n in (200, 3200)
    ]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.3)


def test_machines_beyond_enumeration_are_estimated():
    """Without weights the hidden units are independent, and log Z is known in closed form."""
    module = random_module(5, 30, 0, scale=0.0)
    estimate = log_partition(module, torch.Generator().manual_seed(0), n_chains=200, n_temperatures=100)
    hidden = torch.nn.functional.softplus(module.hidden_bias.detach()).sum()
    visible = 0.5 * module.log_variance.detach().sum() + 2.5 * math.log(2 * math.pi)
    assert not estimate.is_exact
    assert abs(estimate.value - float(hidden + visible)) < 3 * estimate.standard_error


def test_binary_units_beyond_enumeration_on_both_sides_are_estimated():
    module = random_bernoulli_module(24, 22, 0, scale=0.0)
    with torch.no_grad():
        module.visible_centre.add_(0.3)
        expected = torch.nn.functional.softplus(torch.cat([module.hidden_bias, module.visible_bias])).sum()
    estimate = log_partition(module, torch.Generator().manual_seed(0), n_chains=200, n_temperatures=100)
    assert not estimate.is_exact
    assert abs(estimate.value - float(expected)) < 3 * estimate.standard_error
