"""How far generated examples are from real ones, by the features and the decisions of a classifier."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Moments(NamedTuple):
    """Mean and covariance of the features of a set of examples.

    Attributes
    ----------
    mean : ndarray of shape (n_features,)
    covariance : ndarray of shape (n_features, n_features)
    """

    mean: npt.NDArray[np.float64]
    covariance: npt.NDArray[np.float64]


def moments(features: npt.NDArray[np.floating]) -> Moments:
    """Return the mean and the covariance of features, shape (n, n_features)."""
    covariance = np.atleast_2d(np.cov(features, rowvar=False, dtype=np.float64))
    return Moments(features.mean(0, dtype=np.float64), covariance)


def frechet_distance(a: Moments, b: Moments) -> float:
    r"""Return the Fréchet distance between the Gaussians that have the moments of two sets of features.

    .. math:: \|\mu_a - \mu_b\|^2 + \operatorname{tr}\bigl(S_a + S_b - 2 (S_a S_b)^{1/2}\bigr)

    Parameters
    ----------
    a, b : Moments
        In a classifier's own units: only distances in the same features can be compared.

    References
    ----------
    M. Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", NeurIPS 2017, eq. 6 (there with Inception's
    features).
    """
    # S_a S_b is similar to a positive semi-definite matrix: its eigenvalues are real and not negative, but for rounding
    eigenvalues = np.linalg.eigvals(a.covariance @ b.covariance).real.clip(min=0)
    trace = np.trace(a.covariance + b.covariance)
    return float(np.square(a.mean - b.mean).sum() + trace - 2 * np.sqrt(eigenvalues).sum())


def recall(real: npt.NDArray[np.floating], drawn: npt.NDArray[np.floating], n_neighbours: int = 3) -> float:
    """Return the share of real examples with a drawn one among their nearest, of all others: what draws do not miss.

    With as many draws as real examples, and no difference between them, each neighbour is a draw in one case of two,
    and so the share 1 - 2^-3 = .875 for three neighbours.

    Parameters
    ----------
    real, drawn : ndarray of shape (n, n_features) and (m, n_features)
        A classifier's features. More than n draws are not all looked at, but n of them, evenly spaced.
    n_neighbours : int
        Fewer where there are fewer others.
    """
    # imported here because few measures need neighbours
    from sklearn.neighbors import NearestNeighbors

    drawn = drawn[np.linspace(0, len(drawn) - 1, min(len(real), len(drawn))).astype(np.int64)]
    everything = np.concatenate([real, drawn])
    neighbours = NearestNeighbors(n_neighbors=min(n_neighbours + 1, len(everything)), algorithm="brute")
    found = neighbours.fit(everything).kneighbors(real, return_distance=False)
    is_itself = found == np.arange(len(real))[:, None]
    is_itself[~is_itself.any(1), -1] = True  # hidden behind its doubles, of which any is the same
    others = found[~is_itself].reshape(len(real), -1)
    return float((others >= len(real)).any(1).mean())


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


def class_shares(judged: npt.NDArray[np.int64], n_classes: int) -> npt.NDArray[np.float64]:
    """Return the share of the examples that is taken for each class.

    Parameters
    ----------
    judged : ndarray of shape (n,)
        Class indices.
    n_classes : int

    Returns
    -------
    ndarray of shape (n_classes,)
    """
    return np.bincount(judged, minlength=n_classes) / len(judged)


def total_variation(p: npt.NDArray[np.floating], q: npt.NDArray[np.floating]) -> float:
    r"""Return the distance in total variation of two distributions over classes, between 0 and 1.

    .. math:: \tfrac12 \sum_c |p_c - q_c|

    Parameters
    ----------
    p, q : ndarray of shape (n_classes,)
        Shares that sum to one.
    """
    return float(np.abs(p - q).sum() / 2)
