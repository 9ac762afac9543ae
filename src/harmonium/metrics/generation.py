"""How far generated examples are from real ones, in the features of a classifier."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def frechet_distance(a: npt.NDArray[np.floating], b: npt.NDArray[np.floating]) -> float:
    r"""Return the Fréchet distance between Gaussians with the means and covariances of two sets of features.

    .. math:: \|\mu_a - \mu_b\|^2 + \operatorname{tr}\bigl(S_a + S_b - 2 (S_a S_b)^{1/2}\bigr)

    Parameters
    ----------
    a, b : ndarray of shape (n, n_features)
        In the classifier's own units: only distances in the same features can be compared.

    References
    ----------
    M. Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", NeurIPS 2017, eq. 6 (there with Inception's
    features).
    """
    mean_a, mean_b = a.mean(0, dtype=np.float64), b.mean(0, dtype=np.float64)
    cov_a, cov_b = (np.atleast_2d(np.cov(x, rowvar=False, dtype=np.float64)) for x in (a, b))
    # S_a S_b is similar to a positive semi-definite matrix: its eigenvalues are real and not negative, but for rounding
    eigenvalues = np.linalg.eigvals(cov_a @ cov_b).real.clip(min=0)
    return float(np.square(mean_a - mean_b).sum() + np.trace(cov_a + cov_b) - 2 * np.sqrt(eigenvalues).sum())


def class_agreement(intended: npt.NDArray[np.int64], judged: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return for each class the share of the examples meant to be of it that a classifier takes for it.

    Parameters
    ----------
    intended, judged : ndarray of shape (n,)
        Class indices; every class from 0 to the largest must be intended at least once.

    Returns
    -------
    ndarray of shape (n_classes,)
    """
    hits = np.bincount(intended, weights=intended == judged)
    return np.asarray(hits / np.bincount(intended))
