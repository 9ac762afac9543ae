"""What a latent space says of the classes: neighbours, a linear probe, silhouettes, and a map in two dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import silhouette_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from harmonium.extras import require

Matrix = npt.NDArray[np.floating]
Labels = npt.NDArray[Any]
N_NEIGHBORS = 15


def knn_accuracy(Z_train: Matrix, y_train: Labels, Z_test: Matrix, y_test: Labels) -> float:
    """Return the share of test points whose class most of their 15 nearest training points have.

    Parameters
    ----------
    Z_train, Z_test : ndarray of shape (n, n_latent)
        Distances are Euclidean, in the latent space's own units.
    y_train, y_test : ndarray of shape (n,)
    """
    return float(KNeighborsClassifier(N_NEIGHBORS).fit(Z_train, y_train).score(Z_test, y_test))


def probe_accuracy(Z_train: Matrix, y_train: Labels, Z_test: Matrix, y_test: Labels) -> float:
    """Return the test accuracy of a linear classifier (multinomial logistic regression on standardised dimensions).

    G. Alain, Y. Bengio, "Understanding intermediate layers using linear classifier probes", ICLR 2017 workshop.
    """
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    return float(probe.fit(Z_train, y_train).score(Z_test, y_test))


def silhouette(Z: Matrix, y: Labels) -> float:
    """Return the mean silhouette of the classes, from -1 to 1; 0 where they lie over one another.

    P. Rousseeuw, "Silhouettes", J. Computational and Applied Mathematics 20 (1987).
    """
    return float(silhouette_score(Z, y))


def tsne(Z_fit: Matrix, Z: Matrix, *, perplexity: float, seed: int) -> npt.NDArray[np.float64]:
    """Return a map of latent points in two dimensions, t-SNE by openTSNE.

    Parameters
    ----------
    Z_fit : ndarray of shape (n_fit, n_latent)
        The points the map is fitted to.
    Z : ndarray of shape (n, n_latent)
        Other points, placed on that map.
    perplexity : float
    seed : int

    Returns
    -------
    ndarray of shape (n, 2)

    References
    ----------
    L. van der Maaten, G. Hinton, JMLR 9 (2008); P. Poličar, M. Stražar, B. Zupan, "openTSNE", J. Statistical Software
    109 (2024), section 2.4 for new points.
    """
    require("maps", "openTSNE")
    from openTSNE import TSNE  # takes seconds to import, and nothing else here needs it

    embedding = TSNE(perplexity=perplexity, random_state=seed, n_jobs=1).fit(np.asarray(Z_fit, np.float64))
    return np.asarray(embedding.transform(np.asarray(Z, np.float64)))
