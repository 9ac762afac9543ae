"""Symbolic checks of the text of problem 1's derivations: the library is not touched.

By symbols, quadrature and finite differences.
"""

import numpy as np
import pytest
import sympy
from scipy.stats import norm

from quadrature import GRID, finite_difference, integral
from textbook_machine import Machine, random_theta


def test_completing_the_square_of_a_visible_unit():
    x, b, a = sympy.symbols("x b a", real=True)
    sigma = sympy.symbols("sigma", positive=True)
    exponent = x * a / sigma - (x - b) ** 2 / (2 * sigma**2)
    completed = -((x - b - sigma * a) ** 2) / (2 * sigma**2) + b * a / sigma + a**2 / 2
    assert sympy.expand(exponent - completed) == 0
    total = sympy.integrate(sympy.exp(sympy.expand(exponent)), (x, -sympy.oo, sympy.oo))
    expected = sympy.sqrt(2 * sympy.pi) * sigma * sympy.exp(b * a / sigma + a**2 / 2)
    assert sympy.simplify(total / expected) == 1


def test_log_likelihood_gradient_is_data_minus_model_expectation():
    n_visible, n_hidden = 3, 4
    theta, data = random_theta(n_visible, n_hidden, 0), np.random.default_rng(1).normal(size=(6, n_visible)) * 2

    def log_likelihood(at):
        machine = Machine(at, n_visible, n_hidden)
        return (-machine.free_energy(data) - machine.log_partition()).mean()

    machine = Machine(theta, n_visible, n_hidden)
    states, means = machine.states, machine.visible_mean(machine.states)
    data_term = machine.minus_energy_gradient(data, machine.hidden_probabilities(data)).mean(0)
    model_term = machine.state_probabilities() @ machine.minus_energy_gradient(means, states, extra=machine.sigma**2)
    numeric = finite_difference(log_likelihood, theta)
    np.testing.assert_allclose(data_term - model_term, numeric, rtol=1e-6, atol=1e-7)
    assert np.abs(numeric).min() > 1e-3  # no parameter is let off


def test_contrast_of_divergences_has_the_cd_gradient_and_a_dropped_term():
    """One visible unit, so that the distributions before and after a sweep are known on a grid."""
    n_hidden, v = 2, GRID[:, None]
    theta = np.array([1.2, -0.8, 0.3, 0.4, -0.6, 0.2])
    p_data = 0.3 * norm.pdf(GRID, -2, 0.8) + 0.7 * norm.pdf(GRID, 1.5, 1.1)

    def divergence(p, q):
        return integral(np.where(p > 1e-300, p * (np.log(np.maximum(p, 1e-300)) - np.log(q)), 0.0))

    def model(machine):
        return np.maximum(np.exp(-machine.free_energy(v) - machine.log_partition()), 1e-300)

    def contrast(at):
        machine = Machine(at, 1, n_hidden)
        return divergence(p_data, model(machine)) - divergence(machine.after_a_sweep(p_data), model(machine))

    machine = Machine(theta, 1, n_hidden)
    p_model, p_one = model(machine), machine.after_a_sweep(p_data)
    assert integral(p_model) == pytest.approx(1, abs=1e-12)
    by_energy = -machine.minus_energy_gradient(v, machine.hidden_probabilities(v))
    cd_gradient = integral(p_data[:, None] * by_energy) - integral(p_one[:, None] * by_energy)
    numeric = finite_difference(contrast, theta)
    log_ratio = np.log(np.maximum(p_one, 1e-300) / p_model)
    dropped = finite_difference(
        lambda at: integral(Machine(at, 1, n_hidden).after_a_sweep(p_data) * log_ratio), theta
    )  # log_ratio stays where it is: only the distribution of the chain moves
    np.testing.assert_allclose(cd_gradient - dropped, numeric, rtol=1e-5, atol=1e-6)
    assert np.abs(dropped).max() > 1e-2  # it is not zero
    assert contrast(theta) > 0
    # the sweep leaves the model's distribution alone
    np.testing.assert_allclose(machine.after_a_sweep(p_model), p_model, atol=1e-12)


def test_hidden_free_energy_gradient_averages_the_energys_over_v():
    n_visible, n_hidden = 1, 3
    theta = random_theta(n_visible, n_hidden, 2)
    machine, v = Machine(theta, n_visible, n_hidden), GRID[:, None]
    per_state = []
    for h in machine.states:
        numeric = finite_difference(lambda at, h=h: Machine(at, 1, n_hidden).minus_hidden_free_energy(h), theta)
        mean = machine.visible_mean(h)
        density = norm.pdf(GRID, mean[0], machine.sigma[0])
        rows = machine.minus_energy_gradient(v, np.broadcast_to(h, (len(v), n_hidden)))
        closed = machine.minus_energy_gradient(mean[None], h[None], extra=machine.sigma**2)[0]
        np.testing.assert_allclose(integral(density[:, None] * rows), numeric, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(closed, numeric, rtol=1e-6, atol=1e-7)
        per_state.append(numeric)
    of_log_z = finite_difference(lambda at: Machine(at, 1, n_hidden).log_partition(), theta)
    np.testing.assert_allclose(machine.state_probabilities() @ per_state, of_log_z, rtol=1e-6, atol=1e-7)
    p_model = np.exp(-machine.free_energy(v) - machine.log_partition())
    by_free_energy = machine.minus_energy_gradient(v, machine.hidden_probabilities(v))
    np.testing.assert_allclose(integral(p_model[:, None] * by_free_energy), of_log_z, rtol=1e-6, atol=1e-7)
