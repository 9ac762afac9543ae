"""Where a mixture of Gaussians starts: fitted to points, and its weights to what is known of each point."""

from __future__ import annotations

import warnings

import numpy as np
import torch

from harmonium.precision import INTEGER

RIDGE = 1e-4  # least eigenvalue of a fitted covariance, as a variance of z
_N_ITERATIONS = 20
_NOTHING = 0.01  # a difference between conditions that is none
_MORE_DRAWS, _RIDGE_OF_CONDITIONS = 10, 0.05


def fit_mixture(
    z: torch.Tensor, n_components: int, spread: torch.Tensor, seed: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    r"""Fit a mixture of Gaussians with full covariances to points, by expectation maximisation.

    The covariance :math:`S_k` of the :math:`n_k` points of a component is drawn towards a diagonal one, T:
    :math:`(n_k S_k + d\, T) / (n_k + d)` in d dimensions, so that few points do not make it singular.

    Parameters
    ----------
    z : Tensor of shape (n, n_latent)
    n_components : int
        There are fewer where there are not n_latent + 1 points for each.
    spread : Tensor of shape (n_latent,)
        The diagonal of T.
    seed : int

    Returns
    -------
    weights : Tensor of shape (k,)
    means : Tensor of shape (k, n_latent)
    factors : Tensor of shape (k, n_latent, n_latent)
        As those of `MixturePrior`.
    """
    n, d = z.shape
    points = z.double().numpy()
    k = min(n_components, max(1, n // (d + 1)))
    weights, means = np.ones(1), points.mean(axis=0, keepdims=True)
    covariances = np.cov(points, rowvar=False, bias=True).reshape(1, d, d)
    if k > 1:
        # imported here because few models have a mixture
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        mixture = GaussianMixture(k, reg_covar=RIDGE, max_iter=_N_ITERATIONS, random_state=seed % 2**32)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # training goes on from here
            mixture.fit(points)
        weights, means, covariances = mixture.weights_, mixture.means_, mixture.covariances_
    n_points = n * weights[:, None, None]
    shrunk = (n_points * covariances + d * np.diag(spread.double().numpy())) / (n_points + d)
    factors = np.linalg.inv(np.linalg.cholesky(shrunk))
    diagonal = np.einsum("kii->ki", factors)
    diagonal[:] = np.log(diagonal)
    return torch.from_numpy(weights), torch.from_numpy(means), torch.from_numpy(factors)


def clusters(z: torch.Tensor, n_clusters: int, seed: int) -> torch.Tensor:
    """Return which of some clusters each point is of."""
    if n_clusters < 2 or len(z) < n_clusters:
        return torch.zeros(len(z), **INTEGER)
    from sklearn.cluster import KMeans

    labels = KMeans(n_clusters, n_init=1, random_state=seed % 2**32).fit_predict(z.numpy())
    groups: torch.Tensor = torch.unique(torch.from_numpy(labels), return_inverse=True)[1]
    return groups


def can_have_any_weights(conditions: torch.Tensor, n_components: int) -> bool:
    """Whether some A gives each of several different conditions weights of its own, as it does one-hot vectors."""
    n = len(conditions)
    return n <= n_components and int(torch.linalg.matrix_rank(conditions, atol=_NOTHING)) == n


def discriminate(shares: torch.Tensor, c: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    r"""Return what conditions add to the logarithms of a mixture's weights, by linear discriminant analysis.

    Were the conditions of each component normal around :math:`m_k` with one covariance S, its weight would be
    proportional to

    .. math:: \pi_k \exp\bigl(m_k^\top S^{-1} (c - \bar c) - \tfrac12 m_k^\top S^{-1} m_k\bigr)

    with :math:`m_k` measured from the mean :math:`\bar c`, and drawn towards it as by 10 more draws; S has a ridge of
    0.05, so that a condition that a component is alone with does not shut the others out.

    Parameters
    ----------
    shares : Tensor of shape (n, n_components)
        How much of each draw is a component's.
    c : Tensor of shape (n, n_conditions)

    Returns
    -------
    gate : Tensor of shape (n_conditions, n_components)
    offset : Tensor of shape (n_components,)
    """
    centre, counts = c.mean(0), shares.sum(0)[:, None]
    apart = c - centre
    m = shares.T @ apart / (counts + _MORE_DRAWS)
    S = (apart.T @ apart - (counts * m).T @ m) / len(c)
    S.diagonal().add_(_RIDGE_OF_CONDITIONS)
    gate = torch.linalg.solve(S, m.T)
    return gate, -0.5 * (m.T * gate).sum(0) - centre @ gate
