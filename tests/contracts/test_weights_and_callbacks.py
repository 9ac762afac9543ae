"""How much each row counts, and what is called after each epoch."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

from harmonium import VAE, BernoulliRBM, ConditionalVAE, GaussianBernoulliRBM, SparseAutoencoder
from harmonium.data.order import drawn_by_weight
from harmonium.data.scaling import fit_scaling
from harmonium.exceptions import InvalidInputError

ESTIMATORS = [
    GaussianBernoulliRBM(2, n_epochs=3, random_state=0),
    GaussianBernoulliRBM(2, n_epochs=3, random_state=0, objective="likelihood", validation_fraction=0.25),
    BernoulliRBM(2, n_epochs=3, random_state=0, scaling="unit-interval"),
    VAE(2, n_epochs=3, hidden_sizes=(4,), likelihood="gaussian", scaling="feature", random_state=0),
    ConditionalVAE(
        2, n_epochs=3, hidden_sizes=(4,), likelihood="gaussian", scaling="feature", prior="mixture", random_state=0
    ),
    SparseAutoencoder(n_epochs=3, random_state=0, validation_fraction=0.25, patience=1),
]
every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
X = np.random.default_rng(0).normal(size=(200, 3)) * [1, 2, 3] + 5
LABELS = np.arange(200) % 2


def test_a_row_is_drawn_as_often_as_its_weight_says():
    weights = torch.from_numpy(np.random.default_rng(0).gamma(0.5, size=50))
    wanted = (50 * weights / weights.sum()).numpy()
    generator, n_epochs = torch.Generator().manual_seed(0), 4000
    counts = np.array([np.bincount(drawn_by_weight(weights, generator), minlength=50) for _ in range(n_epochs)])
    assert np.all(counts.sum(1) == 50)
    assert np.all((counts == np.floor(wanted)) | (counts == np.ceil(wanted)))
    fraction = wanted % 1
    error = np.sqrt(fraction * (1 - fraction) / n_epochs)
    assert np.all(np.abs(counts.mean(0) - wanted) < 4.5 * error + 1e-9)


def test_equal_weights_draw_every_row_once():
    for n in (1, 7, 1000):
        rows = drawn_by_weight(torch.full((n,), 0.1, dtype=torch.float64), torch.Generator().manual_seed(n))
        np.testing.assert_array_equal(rows, np.arange(n))


@pytest.mark.parametrize("kind", ["global", "feature", "unit-interval", "none"])
def test_a_scaling_with_weights_is_that_of_repeated_rows(kind):
    counts = np.random.default_rng(1).integers(0, 4, size=len(X))
    weighted, repeated = fit_scaling(X, kind, counts / 3), fit_scaling(np.repeat(X, counts, axis=0), kind)
    np.testing.assert_allclose(weighted.mean, repeated.mean)
    np.testing.assert_allclose(weighted.scale, repeated.scale)


@every_estimator
def test_rows_of_weight_zero_are_not_there(estimator):
    outliers = np.vstack([X, np.full((100, 3), 1e6)])
    weights, labels = np.r_[np.ones(200), np.zeros(100)], np.r_[LABELS, np.zeros(100, int)]
    fitted = clone(estimator).fit(outliers, labels, sample_weight=weights)
    np.testing.assert_allclose(fitted.scaling_.mean, clone(estimator).fit(X, LABELS).scaling_.mean)
    error = np.square(fitted.reconstruct(X, *([LABELS] if hasattr(fitted, "classes_") else [])) - X).mean()
    assert error < 2 * X.var()


@every_estimator
def test_weights_pull_a_model_to_their_rows(estimator):
    left = X[:, 0] < np.median(X[:, 0])
    means = [
        clone(estimator)
        .set_params(scaling="unit-interval" if isinstance(estimator, BernoulliRBM) else "feature")
        .fit(X, LABELS, sample_weight=np.where(left == favoured, 1.0, 0.05))
        .partial_fit(X, LABELS, sample_weight=np.where(left == favoured, 1.0, 0.05))
        .scaling_.invert(torch.zeros(3, dtype=torch.float64))[0]
        for favoured in (True, False)
    ]
    if not isinstance(estimator, BernoulliRBM):
        assert means[0] < np.median(X[:, 0]) < means[1]


@every_estimator
@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        (np.ones(199), r"shape \(200,\); got shape \(199,\)"),
        (np.ones((200, 1)), r"shape \(200,\); got shape \(200, 1\)"),
        (np.zeros(200), "not all of them zero; got values from 0 to 0"),
        (np.r_[-1.0, np.ones(199)], "got values from -1 to 1"),
        (np.r_[np.nan, np.ones(199)], "got values from nan to nan"),
        (["heavy"] * 200, "could not convert string to float: 'heavy'"),
        ("heavy", "or 'balanced' with y one column of classes; got 'heavy' and y of shape"),
    ],
)
def test_weights_that_are_none_are_refused(estimator, weights, sentence):
    for train in (clone(estimator).fit, clone(estimator).partial_fit):
        with pytest.raises(InvalidInputError, match=f"^sample_weight must be .*{sentence}"):
            train(X, LABELS, sample_weight=weights)


def test_a_rare_class_is_learned_where_classes_are_balanced():
    """Twenty rows of two thousand, drawn at the majority's mean as long as every row counts the same."""
    generator = np.random.default_rng(0)
    y = np.array(["common"] * 1980 + ["rare"] * 20)
    rows = generator.normal(size=(2000, 4)) + np.where(y == "rare", 4.0, 0.0)[:, None]
    settings = {"hidden_sizes": (256,), "likelihood": "gaussian", "scaling": "feature", "n_epochs": 10}
    vae = ConditionalVAE(2, random_state=0, **settings)
    of_equal, of_balanced = (
        abs(clone(vae).fit(rows, y, sample_weight=weight).sample(500, "rare", random_state=0).mean() - 4)
        for weight in (None, "balanced")
    )
    assert of_balanced < 0.5
    assert of_equal > 3 * of_balanced


@every_estimator
def test_callbacks_see_every_epoch_and_may_end_training(estimator):
    seen = []
    fitted = clone(estimator).set_params(n_epochs=6)
    fitted.fit(X, LABELS, callbacks=[lambda epoch, figures: seen.append((epoch, figures)), lambda epoch, _: epoch == 4])
    n_epochs = len(seen)
    assert [epoch for epoch, _ in seen] == list(range(1, n_epochs + 1))
    assert [figures for _, figures in seen] == fitted.history_
    assert n_epochs == 4 or estimator.patience is not None
    seen[0][1].clear()  # a copy
    assert fitted.history_[0]


@every_estimator
def test_an_error_in_a_callback_is_the_users_and_leaves_the_estimator_as_it_was(estimator):
    fitted = clone(estimator).fit(X, LABELS)
    before = fitted.transform(X)
    with pytest.raises(ZeroDivisionError):
        fitted.fit(X, LABELS, callbacks=[lambda epoch, figures: 1 / 0])
    np.testing.assert_array_equal(fitted.transform(X), before)
