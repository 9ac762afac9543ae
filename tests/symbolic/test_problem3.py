"""Symbolic checks of the text of problem 3's derivations: the library is not touched.

By search on grids, quadrature and linear algebra.
"""

import math

import numpy as np
import pytest
from scipy.stats import norm

from quadrature import GRID, STEP, finite_difference, integral
from textbook_denoising import linear_error, wiener_problem


def test_subgradients_of_the_absolute_value_by_their_definition():
    others, slopes = np.linspace(-3, 3, 601), np.linspace(-2, 2, 401)
    for h, least, greatest in ((0.7, 1, 1), (0.0, -1, 1), (-0.7, -1, -1)):
        serves = [g for g in slopes if np.all(np.abs(others) >= abs(h) + g * (others - h) - 1e-12)]
        assert (min(serves), max(serves)) == pytest.approx((least, greatest), abs=1e-9)
        inside = slopes[(slopes >= least - 1e-9) & (slopes <= greatest + 1e-9)]
        np.testing.assert_allclose(serves, inside)


@pytest.mark.parametrize("u", [-2.0, -0.3, 0.0, 0.2, 0.5, 1.7])
@pytest.mark.parametrize("t", [0.0, 0.5])
def test_soft_thresholding_is_the_minimiser_on_a_grid(u, t):
    h = np.linspace(-3, 3, 60_001)
    objective = 0.5 * (h - u) ** 2 + t * np.abs(h)
    assert h[objective.argmin()] == pytest.approx(math.copysign(max(0.0, abs(u) - t), u), abs=1e-4)
    positive = np.where(h >= 0, objective, np.inf)
    assert h[positive.argmin()] == pytest.approx(max(0.0, u - t), abs=1e-4)


def test_shrinkage_descends_to_a_code_that_meets_the_conditions_of_optimality():
    generator, penalty = np.random.default_rng(0), 0.3
    D, c = generator.normal(size=(5, 7)), generator.normal(size=5)
    D /= np.linalg.norm(D, axis=0)
    y, h = generator.normal(size=5) * 2, np.zeros(7)
    eta = 1 / (2 * np.linalg.norm(D, 2) ** 2)

    def objective(h):
        return np.square(y - c - D @ h).sum() + penalty * h.sum()

    before = objective(h)
    for _ in range(20_000):
        h = np.maximum(0, h + 2 * eta * D.T @ (y - c - D @ h) - eta * penalty)
        after = objective(h)
        assert after <= before + 1e-12
        before = after
    correlation = 2 * D.T @ (y - c - D @ h)
    assert 0 < (h > 0).sum() < 7
    np.testing.assert_allclose(correlation[h > 0], penalty, atol=1e-8)
    assert correlation[h == 0].max() < penalty + 1e-8
    assert all(objective(np.maximum(0, h + 0.05 * generator.normal(size=7))) > before for _ in range(200))


CENTRES, SHARES, NOISE = np.array([-1.5, 0.4, 2.0]), np.array([0.5, 0.2, 0.3]), 0.7
WIDTHS = np.array([0.3, 0.5, 0.2])


def noisy_mixture():
    """p_s(y) and E[x | y] on the grid, x from a mixture of three Gaussians, by Bayes' rule component by component."""
    variances = WIDTHS**2 + NOISE**2
    joint = SHARES * norm.pdf(GRID[:, None], CENTRES, np.sqrt(variances))
    within = CENTRES + WIDTHS**2 / variances * (GRID[:, None] - CENTRES)
    density = joint.sum(1)
    return density, np.divide((joint * within).sum(1), density, out=np.zeros_like(density), where=density > 1e-200)


def test_squared_error_splits_at_the_posterior_mean():
    x = np.linspace(-4, 5, 901)
    prior = (SHARES * norm.pdf(x[:, None], CENTRES, WIDTHS)).sum(1) * (x[1] - x[0])
    joint = prior[:, None] * norm.pdf(GRID, x[:, None], NOISE) * STEP
    density, mean = noisy_mixture()

    def error(g):
        return float((joint * (x[:, None] - g) ** 2).sum())

    for g in (GRID, 0.8 * GRID, np.tanh(GRID), np.zeros_like(GRID)):
        distance = integral(density * (mean - g) ** 2)
        assert error(g) == pytest.approx(error(mean) + distance, rel=1e-9)
        assert distance > 1e-2
    assert error(GRID) == pytest.approx(NOISE**2, rel=1e-9)


def test_posterior_mean_is_the_noisy_image_plus_the_score():
    mean = noisy_mixture()[1]
    near = np.abs(GRID) < 6
    # quadrature of the definition, so that the mixture's closed form is not taken on trust either
    x = np.linspace(-4, 5, 901)
    prior = (SHARES * norm.pdf(x[:, None], CENTRES, WIDTHS)).sum(1)
    joint = prior[:, None] * norm.pdf(GRID[near], x[:, None], NOISE)
    np.testing.assert_allclose((x[:, None] * joint).sum(0) / joint.sum(0), mean[near], rtol=1e-6, atol=1e-8)

    def log_density(y):
        return np.log((SHARES * norm.pdf(y[:, None], CENTRES, np.sqrt(WIDTHS**2 + NOISE**2))).sum(1))

    score = (log_density(GRID[near] + 1e-5) - log_density(GRID[near] - 1e-5)) / 2e-5
    np.testing.assert_allclose(GRID[near] + NOISE**2 * score, mean[near], rtol=1e-7, atol=1e-7)
    assert np.abs(NOISE**2 * score).max() > 1


def test_wiener_filter_solves_the_normal_equations():
    S, noise, best, generator = wiener_problem()
    total = S + noise**2 * np.eye(4)
    for A in (best, generator.normal(size=(4, 4))):
        report = np.trace(S) - 2 * np.trace(A @ S) + np.trace(A @ total @ A.T)
        assert report == pytest.approx(linear_error(A, S, noise), rel=1e-10)
        numeric = finite_difference(lambda a: linear_error(a.reshape(4, 4), S, noise), A.ravel())
        np.testing.assert_allclose((-2 * S + 2 * A @ total).ravel(), numeric, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(best @ total, S, atol=1e-12)  # E[(x - A y) yᵀ] = 0
    eigenvalues, vectors = np.linalg.eigh(S)
    gains = eigenvalues / (eigenvalues + noise**2)
    np.testing.assert_allclose(vectors @ np.diag(gains) @ vectors.T, best, atol=1e-12)
    least = linear_error(best, S, noise)
    assert least == pytest.approx((eigenvalues * noise**2 / (eigenvalues + noise**2)).sum(), rel=1e-10)
    assert least == pytest.approx(np.trace(S) - np.trace(best @ S), rel=1e-10)
    assert all(linear_error(best + 0.1 * generator.normal(size=(4, 4)), S, noise) > least for _ in range(50))
