"""Annealed importance sampling against the exact sum."""

import itertools
import math

import numpy as np
import pytest
import torch

from harmonium.metrics.partition_function import log_partition
from harmonium.modules.gaussian_bernoulli import GaussianBernoulliRBMModule
from harmonium.modules.principal_component_codes import start_from_codes
from harmonium.samplers.annealed_importance import anneal, annealed_importance_sampling, temperatures
from harmonium.samplers.annealing_paths import CollapsedPath, annealing_path
from small_machines import every_state, random_bernoulli_module, random_module


@pytest.mark.parametrize(("n_visible", "n_hidden", "scale"), [(6, 4, 0.3), (12, 10, 0.5), (20, 8, 0.8), (5, 12, 1.0)])
@pytest.mark.parametrize("seed", [0, 1])
def test_estimate_is_within_three_of_its_own_standard_errors(n_visible, n_hidden, scale, seed):
    module = random_module(n_visible, n_hidden, seed, scale=scale)
    exact = log_partition(module, torch.Generator())
    assert exact.is_exact
    assert exact.standard_error == 0
    path, generator = annealing_path(module), torch.Generator().manual_seed(100 + seed)
    estimate = annealed_importance_sampling(path, temperatures(path, 300, generator), n_chains=400, generator=generator)
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
    generator = torch.Generator().manual_seed(100 + seed)
    estimate = annealed_importance_sampling(path, temperatures(path, 300, generator), n_chains=400, generator=generator)
    assert 0 < estimate.standard_error < 0.2
    assert abs(estimate.value - exact.value) < 3 * estimate.standard_error
    # the path goes somewhere: its base is far from the model
    assert abs(path.log_base - exact.value) > 10 * estimate.standard_error


def test_block_path_ratios_add_up_to_the_models_weight():
    module, n_steps = random_bernoulli_module(6, 4, 0), 5
    h = every_state(4)
    path = annealing_path(module)
    with torch.no_grad():
        betas = [k / n_steps for k in range(n_steps + 1)]
        total = sum(path.log_ratio(h, before, after) for before, after in itertools.pairwise(betas))
        torch.testing.assert_close(total + 6 * math.log(2), -module.hidden_free_energy(h))


def test_standard_error_shrinks_with_more_chains_as_its_square_root():
    path = CollapsedPath(random_module(12, 10, 0, scale=0.5).hidden_marginal())
    errors = [
        annealed_importance_sampling(
            path, np.linspace(0, 1, 51).tolist(), n_chains=n, generator=torch.Generator().manual_seed(0)
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


@pytest.mark.parametrize("make", [random_module, random_bernoulli_module])
def test_the_weights_spread_as_much_between_any_two_temperatures(make):
    """By exact variances at each temperature."""
    path, n = annealing_path(make(12, 10, 0, scale=1.0)), 40
    states = every_state(10)

    @torch.no_grad()
    def spreads(betas):
        found = []
        for before, after in itertools.pairwise(betas):
            weights = torch.softmax(path.log_ratio(states, 0.0, before), 0)
            ratio = path.log_ratio(states, before, after)
            found.append(float((weights * (ratio - weights @ ratio) ** 2).sum().sqrt()))
        return np.array(found)

    betas = temperatures(path, n, torch.Generator().manual_seed(0))
    assert len(betas) == n + 1
    assert betas[0] == 0
    assert betas[-1] == 1
    assert (np.diff(betas) > 0).all()
    chosen, even = spreads(betas), spreads(np.linspace(0, 1, n + 1).tolist())
    assert chosen.max() < 2 * np.median(chosen)
    assert (chosen**2).sum() <= 1.02 * (even**2).sum()  # never worse, but for the noise of the short run
    if make is random_module:
        assert even.max() > 2 * np.median(even)
        assert (chosen**2).sum() < 0.9 * (even**2).sum()


def test_a_path_that_goes_nowhere_has_temperatures_too():
    betas = temperatures(CollapsedPath(random_module(5, 4, 0, scale=0.0).hidden_marginal()), 7, torch.Generator())
    assert (np.diff(betas) > 0).all()


@pytest.fixture
def codes():
    """Thirty-four units that code six components: too many to enumerate, but not component by component."""
    generator = np.random.default_rng(0)
    v = generator.normal(size=(5000, 12)) * np.repeat([9, 7, 6, 5, 4, 3, 0.2], [1, 1, 1, 1, 1, 1, 6])
    module = GaussianBernoulliRBMModule(12, 34, generator=torch.Generator().manual_seed(0))
    start_from_codes(module, v @ np.linalg.qr(generator.normal(size=(12, 12)))[0])
    return module.double()


def blocks_of(couplings):
    """The groups of units that interact, by following the couplings."""
    left, groups = set(range(len(couplings))), []
    while left:
        group, new = set(), {min(left)}
        while new:
            group |= new
            new = {k for j in new for k in left if abs(couplings[j, k]) > 1e-3} - group
        left -= group
        groups.append(sorted(group))
    return groups


@torch.no_grad()
def test_annealing_forward_and_backward_brackets_log_z(codes):
    """Mean log weights under-estimate log Z forward, from the uniform states, and over-estimate it backward."""
    path, n, generator = annealing_path(codes), 300, torch.Generator().manual_seed(1)
    marginal = codes.hidden_marginal()
    exact, h = float(marginal.constant), torch.zeros(n, codes.n_hidden)
    for units in blocks_of(marginal.couplings.numpy()):
        assert len(units) < 16
        states = every_state(len(units))
        couplings = marginal.couplings[units][:, units]
        weights = states @ marginal.field[units] + 0.5 * ((states @ couplings) * states).sum(1)
        exact += float(torch.logsumexp(weights, 0))
        drawn = torch.multinomial(torch.softmax(weights, 0), n, replacement=True, generator=generator)
        h[:, units] = states[drawn].float()
    betas = temperatures(path, 60, generator)
    forward = annealed_importance_sampling(path, betas, n_chains=n, generator=generator)
    lost = torch.zeros(n, dtype=torch.float64)
    for after, before in itertools.pairwise(reversed(betas)):
        lost += path.log_ratio(h, before, after)
        h = path.advance(h, before, generator)
    backward = path.log_base + math.log(n) - float(torch.logsumexp(-lost, 0))
    error = float((-lost).exp().std() / (-lost).exp().mean()) / math.sqrt(n)
    gained = anneal(path, betas, n_chains=n, generator=generator)[1]
    low, high = path.log_base + float(gained.mean()), path.log_base + float(lost.mean())
    assert low + 4 * float(gained.std()) / math.sqrt(n) < exact < high - 4 * float(lost.std()) / math.sqrt(n)
    assert abs(forward.value - exact) < 4 * forward.standard_error
    assert abs(backward - exact) < 4 * error
