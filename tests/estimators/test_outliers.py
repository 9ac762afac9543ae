"""Rows that a model finds unlikely."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

from harmonium import ConditionalVAE, GaussianBernoulliRBM, OutlierDetector, SparseAutoencoder
from harmonium.exceptions import InvalidInputError

RBM = GaussianBernoulliRBM(
    8,
    objective="likelihood",
    scaling="feature",
    n_epochs=40,
    learning_rate=3e-3,
    sigma_learning_rate=0.01,
    random_state=0,
)


def table(n=1000, n_out=50):
    """Correlated columns; outliers have the columns' own distributions, but not their correlation."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(n, 1)) * [1, 2, -3, 4] + 0.3 * generator.normal(size=(n, 4))
    for k in range(4):
        X[:n_out, k] = generator.permutation(X[:, k])[:n_out]
    return X, np.arange(n) < n_out


@parametrize_with_checks([OutlierDetector(GaussianBernoulliRBM(2, n_epochs=1, random_state=0))])
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def test_outliers_are_told_by_their_correlation():
    X, is_outlier = table()
    detector = OutlierDetector(RBM, contamination=0.05).fit(X)
    scores = detector.decision_function(X)
    forest = IsolationForest(random_state=0).fit(X).decision_function(X)
    assert roc_auc_score(~is_outlier, scores) > max(0.85, roc_auc_score(~is_outlier, forest))
    predicted = detector.predict(X)
    assert set(predicted) == {-1, 1}
    assert (predicted == -1).mean() == pytest.approx(0.05, abs=0.001)
    np.testing.assert_array_equal(predicted == -1, scores < 0)
    np.testing.assert_allclose(scores, detector.estimator_.score_samples(X) - detector.offset_)
    assert not hasattr(RBM, "module_")  # a copy was fitted


def test_a_condition_is_passed_on():
    generator = np.random.default_rng(0)
    y = np.array(["low", "high"])[np.arange(400) % 2]
    X = np.where(y == "low", 0.0, 8.0)[:, None] + generator.normal(size=(400, 3))
    vae = ConditionalVAE(1, hidden_sizes=(32,), likelihood="gaussian", scaling="global", n_epochs=30, random_state=0)
    detector = OutlierDetector(vae, contamination=0.01).fit(X, y)
    swapped = np.where(y == "low", "high", "low")
    assert (detector.predict(X, y) == 1).mean() > 0.95
    assert (detector.predict(X, swapped) == -1).mean() > 0.95


@pytest.mark.parametrize("contamination", [0, 0.6, -1, np.nan, "auto"])
def test_a_share_that_is_none_is_refused(contamination):
    with pytest.raises(InvalidInputError, match=r"^contamination must be "):
        OutlierDetector(RBM, contamination=contamination).fit(np.eye(4))


def test_a_model_without_scores_of_rows_is_refused():
    with pytest.raises(InvalidInputError, match="by score_samples; SparseAutoencoder does not"):
        OutlierDetector(SparseAutoencoder()).fit(np.eye(4))


def test_its_parts_are_set_by_a_grid_search():
    X, is_outlier = table(300, 15)
    grid = {"estimator__n_hidden": [1, 3], "contamination": [0.05, 0.1]}
    search = GridSearchCV(OutlierDetector(clone(RBM)), grid, scoring="f1_macro", cv=2)
    assert search.fit(X, np.where(is_outlier, -1, 1)).best_params_.keys() == grid.keys()
