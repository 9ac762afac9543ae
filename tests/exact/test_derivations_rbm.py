"""What the report derives for the Gaussian-Bernoulli RBM and the library computes."""

import numpy as np
import pytest
import torch
from scipy.special import expit

from harmonium.objectives.exact_likelihood import ExactLikelihood
from small_machines import assignment_energy, every_state, module_of, random_module
from textbook_machine import Machine, random_theta


def joint_on_grid(module, h):
    """exp(-E(v, h)) on a grid over both of two visible units."""
    grid = torch.linspace(-15, 15, 301, dtype=torch.float64)
    v = torch.cartesian_prod(grid, grid)
    with torch.no_grad():
        joint = (-module.energy(v, torch.from_numpy(h).expand(len(v), -1))).exp()
    return grid.numpy(), joint.reshape(301, 301).numpy()


@pytest.mark.parametrize("h", every_state(2)[1:].numpy())
def test_visible_conditional_is_the_ratio_in_which_alpha_cancels(h):
    module = random_module(2, 2, 5, scale=0.5)
    grid, joint = joint_on_grid(module, h)
    by_definition = joint.sum(1) / (joint.sum() * (grid[1] - grid[0]))  # p(v_1 = x, h) / p(h): v_2 is integrated out
    W, b, sigma = (p.detach().numpy() for p in (module.weight.T, module.visible_bias, module.sigma))
    phi = np.exp(grid / sigma[0] * (W[0] @ h) - (grid - b[0]) ** 2 / (2 * sigma[0] ** 2))
    np.testing.assert_allclose(phi / (phi.sum() * (grid[1] - grid[0])), by_definition, rtol=1e-9, atol=1e-12)
    with torch.no_grad():
        module.hidden_bias += 3.0  # the numerator and the denominator change, their ratio does not
    changed = joint_on_grid(module, h)[1]
    assert changed.sum() > 10 * joint.sum()
    np.testing.assert_allclose(changed.sum(1) / changed.sum(), joint.sum(1) / joint.sum(), rtol=1e-9, atol=1e-12)


def test_visible_units_are_independent_given_h():
    module = random_module(2, 2, 5, scale=0.5)
    for h in every_state(2).numpy():
        joint = joint_on_grid(module, h)[1]
        joint /= joint.sum()
        np.testing.assert_allclose(joint, np.outer(joint.sum(1), joint.sum(0)), rtol=1e-8, atol=1e-14)
    mixed = sum(joint_on_grid(module, h)[1] for h in every_state(2).numpy())
    mixed /= mixed.sum()
    assert np.abs(mixed - np.outer(mixed.sum(1), mixed.sum(0))).max() > 1e-3 * mixed.max()  # without h they are not


def test_hidden_units_are_independent_given_v():
    module, states = random_module(4, 3, 1), every_state(3).numpy()
    v = torch.randn(5, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    probabilities = module.hidden_probabilities(v).detach().numpy()
    for row, p in zip(v.numpy(), probabilities, strict=True):
        weights = np.exp([-assignment_energy(module, row, h) for h in states])
        np.testing.assert_allclose(weights / weights.sum(), (p**states * (1 - p) ** (1 - states)).prod(1), rtol=1e-10)


def test_collapsed_conditional_is_that_of_the_marginal():
    module, states = random_module(5, 4, 3), every_state(4)
    weights = (-module.hidden_free_energy(states)).exp().detach().numpy()
    lookup = {tuple(h): w for h, w in zip(states.tolist(), weights, strict=True)}
    marginal = module.hidden_marginal()
    theta, J = marginal.field.detach().numpy(), marginal.couplings.detach().numpy()
    for h in states.numpy():
        for j in range(4):
            on, off = h.copy(), h.copy()
            on[j], off[j] = 1, 0
            expected = lookup[tuple(on)] / (lookup[tuple(on)] + lookup[tuple(off)])
            assert expit(theta[j] + J[j] @ h) == pytest.approx(expected, rel=1e-10)


def assert_gradients_are(module, expected):
    for name, parameter in module.named_parameters():
        np.testing.assert_allclose(parameter.grad.numpy(), expected[name], rtol=1e-9, atol=1e-9, err_msg=name)


def test_gradient_of_exact_likelihood_is_model_expectation_minus_data():
    machine = Machine(random_theta(3, 4, 0), 3, 4)
    data = np.random.default_rng(1).normal(size=(6, 3)) * 2
    module = module_of(machine)
    ExactLikelihood(module).set_gradients(torch.from_numpy(data))
    of_data = machine.minus_energy_gradient(data, machine.hidden_probabilities(data)).mean(0)
    of_states = machine.minus_energy_gradient(
        machine.visible_mean(machine.states), machine.states, extra=machine.sigma**2
    )
    gradient = machine.state_probabilities() @ of_states - of_data
    assert np.abs(gradient).min() > 1e-3  # no parameter is let off
    assert_gradients_are(module, machine.in_centred_coordinates(gradient))


@pytest.mark.parametrize("h", every_state(3).numpy())
def test_gradient_of_the_hidden_free_energy_is_that_of_the_energy_at_the_mean_of_v(h):
    machine = Machine(random_theta(2, 3, 2), 2, 3)
    module, states = module_of(machine), h[None]
    module.hidden_free_energy(torch.from_numpy(states)).sum().backward()
    minus_energy = machine.minus_energy_gradient(machine.visible_mean(states), states, extra=machine.sigma**2)[0]
    assert_gradients_are(module, machine.in_centred_coordinates(-minus_energy))
