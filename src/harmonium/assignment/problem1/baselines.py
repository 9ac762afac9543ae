"""The linear yardsticks: principal components and probabilistic principal components."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from harmonium.metrics.reconstruction import mean_squared_error


def principal_components(
    X_train: npt.NDArray[np.floating], X_test: npt.NDArray[np.floating], ranks: Sequence[int]
) -> dict[str, dict[str, float]]:
    """Measure PCA of every rank on a test set.

    Parameters
    ----------
    X_train, X_test : ndarray of shape (n_samples, n_features)
    ranks : sequence of int

    Returns
    -------
    dict of str to dict
        For each rank ``test_mse``, the lowest that a linear map through so many numbers can have on the training set,
        and ``test_log_likelihood``, of probabilistic PCA (M. Tipping, C. Bishop, JRSS B 61 (1999)), nats per example.
    """
    results = {}
    for rank in ranks:
        pca = PCA(min(rank, *X_train.shape), svd_solver="covariance_eigh").fit(X_train.astype(np.float64))
        projection = make_pipeline(pca, FunctionTransformer(pca.inverse_transform))
        results[str(rank)] = {
            "test_mse": mean_squared_error(X_test, projection.transform),
            "test_log_likelihood": float(pca.score(X_test)),
        }
    return results
