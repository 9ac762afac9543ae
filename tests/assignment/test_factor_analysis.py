"""Factor analysis against scikit-learn's, against a planted model, and where pixels never vary."""

import numpy as np
import pytest
from sklearn.decomposition import FactorAnalysis

from harmonium.assignment.problem1.factor_analysis import factor_analysis, fit_factors

LOADINGS = np.array([[2.0, 0, 1, -1, 0.5, 0], [0, 1.5, 1, 0, -1, 0.3]]).T
SIGMA = np.array([0.3, 1.0, 0.5, 2.0, 0.4, 1.5])


def planted(n, seed):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(n, 2)) @ LOADINGS.T + generator.normal(size=(n, 6)) * SIGMA + [5, 0, -3, 0, 1, 2]


def test_it_is_that_of_scikit_learn():
    X, test = planted(500, 0), planted(300, 1)
    other = FactorAnalysis(2, tol=1e-12, max_iter=10_000, svd_method="lapack").fit(X)
    loadings, variance = fit_factors(np.cov(X, rowvar=False, bias=True), 2, 1e-6, tolerance=1e-12)
    np.testing.assert_allclose(loadings @ loadings.T + np.diag(variance), other.get_covariance(), atol=1e-3)
    found = factor_analysis(X, test, [2], 1e-3)["2"]
    assert found["test_log_likelihood"] == pytest.approx(other.score(test), abs=0.02)
    reconstructed = other.transform(test) @ other.components_ + other.mean_
    assert found["test_mse"] == pytest.approx(np.square(reconstructed - test).mean(), rel=1e-2)


def test_a_planted_model_is_recovered_from_its_covariance():
    covariance = LOADINGS @ LOADINGS.T + np.diag(SIGMA**2)
    loadings, variance = fit_factors(covariance, 2, 1e-6, tolerance=1e-12)
    np.testing.assert_allclose(variance, SIGMA**2, rtol=2e-3)
    np.testing.assert_allclose(loadings @ loadings.T, LOADINGS @ LOADINGS.T, atol=1e-3)  # up to a rotation


def test_no_sigma_is_below_the_least_and_what_never_varies_has_a_density():
    X = np.hstack([planted(400, 0), np.full((400, 1), 7.0)])
    _, variance = fit_factors(np.cov(X, rowvar=False), 2, 0.5**2)
    assert variance.min() == variance[-1] == 0.25
    assert variance[0] == 0.25  # would be 0.09
    for least, expected in ((0.5, 0.5), (0.1, 0.1)):
        alone = factor_analysis(X[:, :6], X[:, :6], [2], least)["2"]["test_log_likelihood"]
        both = factor_analysis(X, X, [2], least)["2"]["test_log_likelihood"]
        assert both - alone == pytest.approx(-np.log(expected * np.sqrt(2 * np.pi)), abs=1e-2)


def test_fewer_examples_than_features_and_more_factors_than_features_have_an_answer():
    X = planted(4, 0)
    assert all(np.isfinite(list(cell.values())).all() for cell in factor_analysis(X, X, [2, 9], 0.1).values())
