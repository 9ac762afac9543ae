"""Every quantity of the Gaussian-Bernoulli RBM against enumeration over h and quadrature over v."""

import numpy as np
import pytest
import torch
from scipy.integrate import dblquad, quad
from scipy.special import logsumexp

from small_machines import assignment_energy, every_state, random_module

SEEDS = (0, 1, 2)


def rows(n, n_visible, seed):
    return torch.randn(n, n_visible, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 1.5


@pytest.mark.parametrize("seed", SEEDS)
def test_energy_is_the_assignments(seed):
    module, v = random_module(4, 3, seed), rows(8, 4, seed)
    h = every_state(3)
    expected = [assignment_energy(module, v[n].numpy(), h[n].numpy()) for n in range(8)]
    np.testing.assert_allclose(module.energy(v, h).detach(), expected, rtol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_free_energy_sums_over_every_hidden_state(seed):
    module, v = random_module(4, 3, seed), rows(5, 4, seed)
    for n in range(5):
        terms = [-assignment_energy(module, v[n].numpy(), h) for h in every_state(3).numpy()]
        assert float(module.free_energy(v)[n].detach()) == pytest.approx(-logsumexp(terms), rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_hidden_probabilities_are_bayes_rule(seed):
    module, v = random_module(4, 3, seed), rows(5, 4, seed)
    states = every_state(3).numpy()
    for n in range(5):
        weights = np.exp([-assignment_energy(module, v[n].numpy(), h) for h in states])
        expected = weights @ states / weights.sum()
        np.testing.assert_allclose(module.hidden_probabilities(v)[n].detach(), expected, rtol=1e-10)


@pytest.mark.parametrize("h", every_state(2))
def test_visible_conditional_is_gaussian_by_quadrature(h):
    module = random_module(1, 2, 5)

    def density(v):
        return np.exp(-assignment_energy(module, np.array([v]), h.numpy()))

    total = quad(density, -30, 30, points=[0])[0]
    mean = quad(lambda v: v * density(v), -30, 30, points=[0])[0] / total
    variance = quad(lambda v: (v - mean) ** 2 * density(v), -30, 30, points=[0])[0] / total
    assert float(module.visible_mean(h[None]).detach()) == pytest.approx(mean, rel=1e-8)
    assert float((module.sigma**2).detach()) == pytest.approx(variance, rel=1e-8)
    # and the whole shape, not only two moments
    at = mean + 1.3 * np.sqrt(variance)
    gaussian = np.exp(-0.5 * 1.3**2) / np.sqrt(2 * np.pi * variance)
    assert density(at) / total == pytest.approx(gaussian, rel=1e-8)


def test_hidden_marginal_integrates_the_visible_units_out_by_quadrature():
    module = random_module(2, 3, 7, scale=0.5)
    for h in every_state(3):
        integral = dblquad(
            lambda v2, v1, h=h: np.exp(-assignment_energy(module, np.array([v1, v2]), h.numpy())), -15, 15, -15, 15
        )[0]
        assert float(module.hidden_free_energy(h[None]).detach()) == pytest.approx(-np.log(integral), rel=1e-7)


def test_the_stored_centre_is_the_visible_mean_at_half_on_hidden_units():
    module = random_module(4, 3, 0)
    half = torch.full((1, 3), 0.5, dtype=torch.float64)
    torch.testing.assert_close(module.visible_mean(half)[0], module.visible_centre)
    expected = module.visible_bias + module.sigma * (half @ module.weight)[0]
    torch.testing.assert_close(module.visible_centre, expected)


def test_projection_keeps_learned_sigma_in_its_bounds_and_leaves_a_fixed_one():
    for learned in (True, False):
        module = random_module(3, 2, 0, learn_sigma=learned)
        module.sigma_bounds = (0.9, 1.1)
        before = module.sigma.detach().clone()
        module.project()
        low, high = (0.9, 1.1) if learned else (before.min(), before.max())
        torch.testing.assert_close(module.sigma.detach(), before.clamp(float(low), float(high)))
    assert before.max() > 1.1 or before.min() < 0.9
