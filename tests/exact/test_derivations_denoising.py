"""What the report derives for the best linear denoiser and the library computes."""

import numpy as np
import pytest

from harmonium.assignment.problem3.denoisers import METHODS
from harmonium.metrics.sparsity import explained_variance
from quadrature import finite_difference
from textbook_denoising import linear_error, wiener_problem


def images(S, generator):
    """As many as have the covariance S exactly."""
    X = generator.normal(size=(200, 4))
    X -= X.mean(0)
    return X @ np.linalg.inv(np.linalg.cholesky(np.cov(X.T))).T @ np.linalg.cholesky(S).T + [5, -3, 0, 1]


def test_the_wiener_filter_solves_the_normal_equations_of_its_images():
    S, noise, _, generator = wiener_problem()
    X = images(S, generator)
    denoise = METHODS["wiener"][0](X, noise, (2, 2))
    mean = X.mean(0)
    np.testing.assert_allclose(denoise(mean[None])[0], mean, atol=1e-12)  # affine, and the mean stays
    A = (denoise(mean + np.eye(4)) - mean).T
    np.testing.assert_allclose(A @ (S + noise**2 * np.eye(4)), S, rtol=1e-9)
    numeric = finite_difference(lambda a: linear_error(a.reshape(4, 4), S, noise), A.ravel())
    np.testing.assert_allclose(numeric, 0, atol=1e-7)
    eigenvalues = np.linalg.eigvalsh(S)
    least = (eigenvalues * noise**2 / (eigenvalues + noise**2)).sum()
    assert linear_error(A, S, noise) == pytest.approx(least, rel=1e-9)


def test_explained_variance_of_the_wiener_filter():
    S, noise, best, generator = wiener_problem()
    eigenvalues = np.linalg.eigvalsh(S)
    closed = (eigenvalues**2 / (eigenvalues + noise**2)).sum() / eigenvalues.sum()
    assert np.trace(best @ S) / np.trace(S) == pytest.approx(closed, rel=1e-10)
    X = generator.normal(size=(200, 4))
    X -= X.mean(0)
    X = X @ np.linalg.inv(np.linalg.cholesky(np.cov(X.T, ddof=0))).T @ np.linalg.cholesky(S).T + 5  # covariance S
    assert explained_variance(X, linear_error(best, S, noise) / 4) == pytest.approx(closed, rel=1e-9)
    assert 0.1 < closed < 0.95
