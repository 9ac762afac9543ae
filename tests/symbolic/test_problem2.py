"""Symbolic checks of the text of problem 2's derivations: the library is not touched.

Every integral over z is a sum on a grid.
"""

import math
from itertools import combinations, pairwise

import numpy as np
import pytest
from scipy.stats import norm

from quadrature import GRID, integral
from textbook_vae import expectations, nonlinear_model

CODES = [(0.7, 0.5), (-1.0, 0.2), (0.0, 1.0)]


@pytest.mark.parametrize(("mean", "sd"), CODES)
def test_the_bound_is_the_expected_log_weight_and_below_the_log_likelihood(mean, sd):
    log_joint = nonlinear_model(1.1)
    bound, log_evidence, _, _ = expectations(log_joint, mean, sd)
    log_q = norm.logpdf(GRID, mean, sd)
    assert integral(np.exp(log_q) * (log_joint - log_q)) == pytest.approx(bound, rel=1e-10)
    assert bound < log_evidence - 1e-2


@pytest.mark.parametrize(("mean", "sd"), CODES)
def test_the_gap_of_the_bound_is_the_divergence_from_the_posterior(mean, sd):
    bound, log_evidence, gap, _ = expectations(nonlinear_model(1.1), mean, sd)
    assert bound == pytest.approx(log_evidence - gap, rel=1e-10)
    assert gap > 1e-2


def test_conditional_bound_and_its_gap_class_by_class():
    codes = {-1.0: (0.9, 0.4), 0.0: (0.7, 0.5), 1.5: (-0.2, 0.6)}  # q(z | x, c) of each class, which shifts the decoder
    evidence = []
    for shift, (mean, sd) in codes.items():
        bound, log_evidence, gap, _ = expectations(nonlinear_model(1.1, shift), mean, sd)
        assert bound == pytest.approx(log_evidence - gap, rel=1e-10)
        assert gap > 1e-3
        evidence.append(log_evidence)
    assert min(abs(a - b) for a, b in combinations(evidence, 2)) > 1e-2  # p(x | c) depends on the class


def test_mean_divergence_is_information_plus_that_of_the_aggregate():
    codes = np.array([[0.7, 0.5], [-1.0, 0.2], [0.0, 1.0], [2.0, 0.3]])
    q = norm.pdf(GRID[:, None], codes[:, 0], codes[:, 1])
    log_q = norm.logpdf(GRID[:, None], codes[:, 0], codes[:, 1])
    aggregate = np.maximum(q.mean(1), 1e-300)
    to_prior = integral(q * (log_q - norm.logpdf(GRID)[:, None])).mean()
    information = integral(q * (log_q - np.log(aggregate)[:, None])).mean()
    of_aggregate = integral(aggregate * (np.log(aggregate) - norm.logpdf(GRID)))
    assert to_prior == pytest.approx(information + of_aggregate, rel=1e-8)
    assert 0.1 < information < math.log(4)
    assert of_aggregate > 0.1
    again = integral(q[:, [0, 0]] * (log_q[:, [0, 0]] - np.log(np.maximum(q[:, :1], 1e-300)))).mean()
    assert again == pytest.approx(0, abs=1e-12)  # equal codes tell nothing


def test_importance_weighted_bound_rises_from_the_elbo_to_the_log_likelihood():
    """L_K of a model with one latent dimension, K up to 4, by Gauss-Hermite quadrature over all K draws."""
    mean, sd, x = 0.7, 0.8, 1.1
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    weights = weights / weights.sum()
    z = mean + sd * nodes
    # a linear decoder, so that log p(x) is known: x | z ~ N(0.9 z, 0.5)
    log_weight = norm.logpdf(x, 0.9 * z, math.sqrt(0.5)) + norm.logpdf(z) - norm.logpdf(z, mean, sd)
    truth = norm.logpdf(x, 0, math.sqrt(0.9**2 + 0.5))
    bounds = []
    for k in range(1, 5):
        total, probability = np.full((1,) * k, -np.inf), np.ones((1,) * k)
        for axis in range(k):
            shape = [-1 if a == axis else 1 for a in range(k)]
            total = np.logaddexp(total, log_weight.reshape(shape))
            probability = probability * weights.reshape(shape)
        bounds.append(float((probability * (total - math.log(k))).sum()))
    reconstruction = -0.5 * math.log(2 * math.pi * 0.5) - ((x - 0.9 * mean) ** 2 + 0.81 * sd**2) / (2 * 0.5)
    divergence = 0.5 * (mean**2 + sd**2 - 1 - math.log(sd**2))
    assert bounds[0] == pytest.approx(reconstruction - divergence, rel=1e-9)  # K = 1 is the ELBO
    for low, high in pairwise([*bounds, truth]):
        assert high > low + 1e-4
    assert float(weights @ np.exp(log_weight)) == pytest.approx(math.exp(truth), rel=1e-5)  # a weight is unbiased


@pytest.mark.parametrize("m", [1, 2, 4])
def test_log_mean_weight_is_at_least_its_average_over_subsets(m):
    for row in np.random.default_rng(0).lognormal(sigma=2.0, size=(50, 5)):
        means = [np.mean(subset) for subset in combinations(row, m)]
        assert len(means) == math.comb(5, m)
        assert np.mean(means) == pytest.approx(row.mean(), rel=1e-12)
        assert math.log(row.mean()) > np.mean(np.log(means)) + 1e-6
