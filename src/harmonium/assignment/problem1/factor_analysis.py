"""The fair linear yardstick: factor analysis, with a sigma of its own for every pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from harmonium.metrics.reconstruction import mean_squared_error


def factor_analysis(
    X_train: npt.NDArray[np.floating], X_test: npt.NDArray[np.floating], ranks: Sequence[int], least_sigma: float
) -> dict[str, dict[str, float]]:
    r"""Measure factor analysis of every rank on a test set.

    .. math:: z \sim N(0, I_M), \qquad v \mid z \sim N(\mu + W z, \operatorname{diag}(\sigma^2))

    Parameters
    ----------
    X_train, X_test : ndarray of shape (n_samples, n_features)
    ranks : sequence of int
    least_sigma : float
        Every :math:`\sigma_i` is at least this: a pixel that never varies has no finite density.

    Returns
    -------
    dict of str to dict
        For each rank ``test_mse`` of :math:`\mu + W E[z \mid v]`, and ``test_log_likelihood``, nats per example.
    """
    mean = X_train.mean(0, dtype=np.float64)
    covariance = np.cov(X_train, rowvar=False, bias=True, dtype=np.float64)
    results = {}
    for rank in ranks:
        loadings, variance = fit_factors(covariance, min(rank, len(mean)), least_sigma**2)
        precision = np.eye(loadings.shape[1]) + loadings.T / variance @ loadings  # of z given v
        gain = loadings @ np.linalg.solve(precision, loadings.T / variance)
        # a Gaussian with covariance W W' + diag(sigma^2) = L L'
        root = np.linalg.cholesky(loadings @ loadings.T + np.diag(variance))
        squares = np.square(np.linalg.solve(root, (X_test - mean).T)).sum(0)
        log_density = -0.5 * (squares + len(mean) * np.log(2 * np.pi)) - np.log(root.diagonal()).sum()
        results[str(rank)] = {
            "test_mse": mean_squared_error(X_test, lambda rows, gain=gain: (rows - mean) @ gain.T + mean),
            "test_log_likelihood": float(log_density.mean()),
        }
    return results


def fit_factors(
    covariance: npt.NDArray[np.float64], rank: int, least_variance: float, tolerance: float = 1e-3
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    r"""Return the W and the :math:`\sigma^2` that make data of a covariance S likeliest.

    In turns: with :math:`\lambda_k, u_k` the largest eigenvalues and eigenvectors of
    :math:`\sigma^{-1} S \sigma^{-1}`, the best W has the columns :math:`\sigma u_k \sqrt{\lambda_k - 1}`; then
    :math:`\sigma^2 = \operatorname{diag}(S - W W^\top)`, where the gradient is zero (D. Barber, "Bayesian
    Reasoning and Machine Learning" (2012), section 21.2).

    Parameters
    ----------
    covariance : ndarray of shape (n_features, n_features)
    rank : int
        Columns of W.
    least_variance : float
        Of every :math:`\sigma_i^2`.
    tolerance : float
        In nats an example: a turn that gains less is the last.
    """
    variance = np.maximum(covariance.diagonal(), least_variance)
    reached = -np.inf
    while True:
        sigma = np.sqrt(variance)
        scaled = covariance / np.outer(sigma, sigma)
        values, vectors = np.linalg.eigh(scaled)
        values, vectors = np.maximum(values[-rank:], 1), vectors[:, -rank:]  # below one, nothing is left to explain
        loadings = sigma[:, None] * vectors * np.sqrt(values - 1)
        # up to a constant: -log|C|/2 - tr(C^-1 S)/2 with C = W W' + diag(sigma^2)
        likelihood = -0.5 * (np.log(variance).sum() + (np.log(values) + 1 - values).sum() + np.trace(scaled))
        if not likelihood - reached >= tolerance:  # not a number ends it too
            return loadings, variance
        reached = likelihood
        variance = np.maximum((covariance - loadings @ loadings.T).diagonal(), least_variance)
