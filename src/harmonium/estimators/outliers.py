"""Rows that a model finds unlikely, by scikit-learn's names for outlier detection."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from harmonium.estimators.parameters import check_fraction
from harmonium.exceptions import InvalidInputError


class OutlierDetector(OutlierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Outliers are the rows with the lowest score under a model of the data.

    Parameters
    ----------
    estimator : estimator
        One with `score_samples`: `GaussianBernoulliRBM`, `BernoulliRBM` (log-likelihood), `VAE`, `ConditionalVAE`
        (importance-weighted bound). A copy of it is fitted.
    contamination : float
        The share of the training rows that is taken for outliers, above 0 and at most 0.5.

    Attributes
    ----------
    estimator_ : estimator
        The fitted copy.
    offset_ : float
        The score that tells outliers, below, from inliers: a quantile of the training rows' scores.
    n_features_in_ : int

    Examples
    --------
    >>> import numpy as np
    >>> from harmonium import GaussianBernoulliRBM, OutlierDetector
    >>> X = np.random.default_rng(0).normal(size=(300, 4))
    >>> detector = OutlierDetector(GaussianBernoulliRBM(4, random_state=0), contamination=0.02).fit(X)
    >>> detector.predict([[0, 0, 0, 0], [9, 9, 9, 9]]).tolist()
    [1, -1]
    """

    def __init__(self, estimator: Any, *, contamination: float = 0.05) -> None:
        self.estimator = estimator
        self.contamination = contamination

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None, **fit_params: Any) -> Self:
        """Fit the model, and find the score below which a row is an outlier.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), optional
            Labels, for a model that is conditioned on them.
        **fit_params
            Of the estimator's `fit`.

        Raises
        ------
        InvalidInputError
            If the estimator has no `score_samples`, or `contamination` is not allowed.
        """
        check_fraction("contamination", self.contamination)
        if not 0 < self.contamination <= 0.5:
            raise InvalidInputError(f"contamination must be above 0 and at most 0.5; got {self.contamination!r}")
        if not hasattr(self.estimator, "score_samples"):
            raise InvalidInputError(
                f"estimator must score single rows by score_samples; {type(self.estimator).__name__} does not"
            )
        self.estimator_ = clone(self.estimator).fit(X, y, **fit_params)
        self.n_features_in_ = self.estimator_.n_features_in_
        if hasattr(self.estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.estimator_.feature_names_in_
        self.offset_ = float(np.quantile(self.score_samples(X, y), self.contamination))
        return self

    def score_samples(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> npt.NDArray[np.floating]:
        """Return the model's score of each row, in nats: the lower, the more of an outlier; shape (n_samples,)."""
        check_is_fitted(self)
        labels = (y,) if y is not None and get_tags(self.estimator_).target_tags.required else ()
        scores: npt.NDArray[np.floating] = self.estimator_.score_samples(X, *labels)
        return scores

    def decision_function(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> npt.NDArray[np.floating]:
        """Return `score_samples` less `offset_`, in nats: below 0 for outliers; shape (n_samples,)."""
        return self.score_samples(X, y) - self.offset_

    def predict(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> npt.NDArray[np.int64]:
        """Return -1 for outliers and 1 for inliers, shape (n_samples,)."""
        return np.where(self.decision_function(X, y) < 0, -1, 1)
