"""Gibbs chains leave the exact distribution invariant, and reach it."""

import numpy as np
import pytest
import torch

from harmonium.modules.gaussian_bernoulli import GaussianBernoulliRBMModule
from harmonium.modules.principal_component_codes import start_from_codes
from harmonium.samplers._collapsed_sweep import sweep, sweep_in_torch
from harmonium.samplers.gibbs import block_gibbs, collapsed_gibbs, gibbs
from harmonium.samplers.hidden_states import annealed_hidden_states, sample_hidden_states
from small_machines import every_state, random_bernoulli_module, random_module

N_CHAINS = 20_000


@pytest.fixture
def module():
    return random_module(6, 4, 11, scale=0.4)


def exact_probabilities(module):
    with torch.no_grad():
        return torch.softmax(-module.hidden_free_energy(every_state(module.n_hidden)), 0)


def advance(kind, module, h, n, generator):
    if kind == "block":
        return block_gibbs(module, h, n, generator)
    with torch.no_grad():
        return collapsed_gibbs(module.hidden_marginal(), h, n, generator)


@pytest.mark.parametrize("kind", ["block", "collapsed"])
def test_chains_reach_the_exact_distribution_from_a_far_start(kind, module):
    generator = torch.Generator().manual_seed(5)
    h = advance(kind, module, torch.ones(N_CHAINS, 4, dtype=torch.float64), 200, generator)
    index = (h @ torch.tensor([8.0, 4.0, 2.0, 1.0], dtype=torch.float64)).long()
    observed = torch.bincount(index, minlength=16).double() / N_CHAINS
    expected = exact_probabilities(module)
    assert expected.max() > 2 * expected.min()  # an asymmetric target
    standard_error = (expected * (1 - expected) / N_CHAINS).sqrt()
    assert ((observed - expected).abs() / standard_error).max() < 4


@pytest.mark.parametrize("kind", ["block", "collapsed"])
def test_visible_moments_of_the_chain_are_the_exact_ones(kind, module):
    generator = torch.Generator().manual_seed(6)
    h = advance(kind, module, torch.zeros(N_CHAINS, 4, dtype=torch.float64), 200, generator)
    with torch.no_grad():
        v = module.sample_visible(h, generator)
        p, means = exact_probabilities(module), module.visible_mean(every_state(4))
        mean = p @ means
        second = p @ (means**2 + module.sigma**2)
    for sample, expected in ((v, mean), (v**2, second)):
        standard_error = sample.std(0) / N_CHAINS**0.5
        assert ((sample.mean(0) - expected).abs() / standard_error).max() < 4


@pytest.mark.parametrize("kind", ["block", "collapsed"])
def test_a_chain_is_repeatable_and_leaves_its_start_alone(kind, module):
    start = torch.ones(5, 4, dtype=torch.float64)
    ends = [advance(kind, module, start, 3, torch.Generator().manual_seed(1)) for _ in range(2)]
    assert torch.equal(*ends)
    assert torch.equal(start, torch.ones(5, 4, dtype=torch.float64))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_compiled_sweep_equals_the_tensor_one(dtype):
    generator = torch.Generator().manual_seed(2)
    couplings = torch.randn(40, 40, generator=generator, dtype=dtype)
    couplings = (couplings + couplings.T).fill_diagonal_(0)
    units = torch.randint(0, 2, (40, 33), generator=generator).to(dtype)
    field = couplings @ units + torch.randn(40, 33, generator=generator, dtype=dtype)
    compiled, tensors = units.clone(), units.clone()
    sweep(compiled, field.clone(), couplings)
    sweep_in_torch(tensors, field.clone(), couplings)
    assert torch.equal(compiled, tensors)
    assert not torch.equal(compiled, units)


def test_block_chains_leave_the_joint_distribution_of_binary_units_invariant():
    """Started at exact draws; the states of v and h together, after a few steps, have their exact probabilities."""
    module, n = random_bernoulli_module(3, 2, 4), 60_000
    generator = torch.Generator().manual_seed(3)
    h = sample_hidden_states(module, n, 1, generator).h
    h = block_gibbs(module, h, 3, generator)
    with torch.no_grad():
        v = module.sample_visible(h, generator)
        every_v, every_h = every_state(3), every_state(2)
        pairs = torch.cat([every_v.repeat_interleave(4, 0), every_h.repeat(8, 1)], 1)
        expected = torch.softmax(-module.energy(pairs[:, :3], pairs[:, 3:]), 0)
    index = (torch.cat([v, h], 1) @ torch.tensor([16.0, 8.0, 4.0, 2.0, 1.0], dtype=torch.float64)).long()
    observed = torch.bincount(index, minlength=32).double() / n
    assert expected.max() > 5 * expected.min()
    assert ((observed - expected).abs() / (expected * (1 - expected) / n).sqrt()).max() < 4


def test_block_chains_of_binary_units_reach_the_exact_distribution_from_a_far_start():
    module = random_bernoulli_module(5, 4, 4, scale=0.5)
    h = gibbs(module, torch.ones(N_CHAINS, 4, dtype=torch.float64), 100, torch.Generator().manual_seed(5))
    index = (h @ torch.tensor([8.0, 4.0, 2.0, 1.0], dtype=torch.float64)).long()
    observed, expected = torch.bincount(index, minlength=16).double() / N_CHAINS, exact_probabilities(module)
    assert expected.max() > 2 * expected.min()
    assert ((observed - expected).abs() / (expected * (1 - expected) / N_CHAINS).sqrt()).max() < 4


def pairs(h, weights):
    """P(h_j = 1) and P(h_j = 1, h_k = 1), of weighted states."""
    return (h * weights[:, None]).T @ h


@pytest.mark.parametrize("make", [random_module, random_bernoulli_module])
def test_annealed_draws_have_the_exact_frequencies_of_units_and_pairs(make):
    module, n = make(6, 4, 11, scale=0.4), 5000
    with torch.no_grad():
        expected = pairs(every_state(4), exact_probabilities(module))
    h, _, effective_sample_size = annealed_hidden_states(module, n, 100, torch.Generator().manual_seed(2))
    observed = pairs(h.double(), torch.full((n,), 1 / n, dtype=torch.float64))
    assert ((observed - expected).abs() / (expected * (1 - expected) / n).sqrt()).max() < 4
    assert 0.5 * n < effective_sample_size <= n


def test_annealed_draws_give_distant_modes_their_shares():
    """Three modes on a line that sweeps do not leave, .2, .5, .3: the weights alone know how much each has."""
    generator = np.random.default_rng(0)
    shares, n = np.array([0.2, 0.5, 0.3]), 4000
    v = np.array([[-12.0], [1.0], [14.0]])[generator.choice(3, 20_000, p=shares)] + 0.5 * generator.normal(
        size=(20_000, 1)
    )
    module = GaussianBernoulliRBMModule(1, 2, generator=torch.Generator().manual_seed(0))
    start_from_codes(module, v)
    module = module.double()
    exact = exact_probabilities(module)
    h, _, effective_sample_size = annealed_hidden_states(module, n, 60, torch.Generator().manual_seed(1))
    index = (h.double() @ torch.tensor([2.0, 1.0], dtype=torch.float64)).long()
    observed = torch.bincount(index, minlength=4).double() / n
    worth = min(effective_sample_size, n)
    assert ((observed - exact).abs() / (exact * (1 - exact) / worth).sqrt().clamp(min=1e-3)).max() < 4
    assert sorted(round(float(p), 1) for p in exact) == [0.0, 0.2, 0.3, 0.5]
