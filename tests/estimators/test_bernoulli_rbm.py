"""The Bernoulli RBM: what it learns, and scikit-learn's of the same weights."""

import itertools

import numpy as np
import pytest
from sklearn.neural_network import BernoulliRBM as ScikitLearns

from harmonium import BernoulliRBM
from harmonium.exceptions import InvalidInputError


@pytest.fixture
def binary():
    """400 rows of 6 binary features; the second three copy the first three, but for one row in ten."""
    generator = np.random.default_rng(0)
    first = generator.random((400, 3)) < [0.2, 0.5, 0.7]
    return np.hstack([first, first ^ (generator.random((400, 3)) < 0.1)]).astype(np.float64)


@pytest.fixture
def fitted(binary):
    return BernoulliRBM(4, n_epochs=300, batch_size=20, random_state=0).fit(binary)


def every_row(n):
    return np.array(list(itertools.product((0.0, 1.0), repeat=n)))


def test_scikit_learns_of_the_same_weights_has_the_same_codes_and_free_energies(fitted, binary):
    other = ScikitLearns(4)
    other.components_, other.intercept_hidden_ = fitted.components_, fitted.intercept_hidden_
    other.intercept_visible_ = fitted.intercept_visible_
    np.testing.assert_allclose(fitted.transform(binary), other.transform(binary), rtol=1e-6)
    np.testing.assert_allclose(fitted.free_energy(binary), other._free_energy(binary), rtol=1e-5, atol=1e-5)
    # its pseudo-likelihood flips one feature a row: what one flip changes is the difference of two free energies
    flipped = binary.copy()
    flipped[:, 2] = 1 - flipped[:, 2]
    ours, its = (f(flipped) - f(binary) for f in (fitted.free_energy, other._free_energy))
    np.testing.assert_allclose(ours, its, atol=1e-5)


@pytest.mark.parametrize("n_hidden", [4, 25])  # summed over the hidden side, or over the visible one
def test_probabilities_of_all_rows_sum_to_one(binary, n_hidden):
    rbm = BernoulliRBM(n_hidden, n_epochs=5, random_state=0).fit(binary)
    assert rbm.log_partition_estimate().is_exact
    assert np.exp(rbm.score_samples(every_row(6))).sum() == pytest.approx(1, abs=1e-6)


def test_probabilities_sum_to_one_in_any_units(binary):
    rbm = BernoulliRBM(4, n_epochs=5, scaling="unit-interval", random_state=0).fit(255 * binary)
    assert np.exp(rbm.score_samples(255 * every_row(6))).sum() == pytest.approx(1, abs=1e-6)


def test_the_exact_likelihood_can_be_that_of_the_visible_side(binary):
    rbm = BernoulliRBM(25, n_epochs=200, batch_size=20, objective="likelihood", random_state=0).fit(binary)
    losses = [row["negative_log_likelihood"] for row in rbm.history_]
    assert losses[-1] < losses[0] - 0.3


def test_it_comes_near_the_entropy_of_the_data(fitted, binary):
    counts = np.unique(binary, axis=0, return_counts=True)[1] / len(binary)
    best = (counts * np.log(counts)).sum()  # of the rows' own frequencies: no model is better on them
    independent = binary.mean(0)
    alone = (independent * np.log(independent) + (1 - independent) * np.log(1 - independent)).sum()
    assert best > fitted.score(binary) > best - 0.25
    assert fitted.score(binary) > alone + 0.5


@pytest.mark.parametrize("n_hidden", [4, 25])
def test_samples_have_the_models_own_frequencies(binary, n_hidden):
    rbm = BernoulliRBM(n_hidden, n_epochs=30, random_state=0).fit(binary)
    n = 20_000
    drawn, rows = rbm.sample(n, random_state=0), every_row(6)
    assert set(np.unique(drawn)) == {0.0, 1.0}
    seen = np.bincount((drawn @ 2 ** np.arange(6)).astype(int), minlength=64) / n
    p = np.exp(rbm.score_samples(rows))
    expected = np.bincount((rows @ 2 ** np.arange(6)).astype(int), weights=p, minlength=64)
    assert np.abs(seen - expected).max() < 5 * np.sqrt(expected.max() / n)
    assert ((seen - expected) ** 2 / (expected / n)).sum() < 63 + 5 * np.sqrt(2 * 63)  # chi squared


def test_large_machines_are_annealed_and_say_how_sure_they_are():
    X = (np.random.default_rng(0).random((300, 24)) < np.linspace(0.1, 0.8, 24)).astype(float)
    rbm = BernoulliRBM(21, n_epochs=3, random_state=0).fit(X)
    estimate = rbm.log_partition_estimate()
    assert not estimate.is_exact
    assert estimate.effective_sample_size > 200
    # hardly trained, its units are nearly independent: log Z is near that of the biases alone
    free_of_weights = np.logaddexp(0, rbm.intercept_visible_ + 0.5 * rbm.components_.sum(0)).sum() + 21 * np.log(2)
    assert estimate.value == pytest.approx(free_of_weights, abs=1.0)


def test_values_outside_the_unit_interval_are_refused_unless_they_are_scaled(binary):
    with pytest.raises(InvalidInputError, match=r"scaling='none' needs X in \[0, 1\]; found values from 0 to 255"):
        BernoulliRBM(2).fit(255 * binary)
    scaled = BernoulliRBM(2, n_epochs=1, scaling="unit-interval", random_state=0).fit(255 * binary)
    plain = BernoulliRBM(2, n_epochs=1, random_state=0).fit(binary)
    np.testing.assert_allclose(scaled.transform(255 * binary), plain.transform(binary), atol=1e-6)
    np.testing.assert_allclose(scaled.reconstruct(255 * binary), 255 * plain.reconstruct(binary), atol=1e-3)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"negative_phase": "collapsed"}, "negative_phase must be one of 'sampled', 'mean-visible', 'mean-field'"),
        ({"scaling": "global"}, "scaling must be one of 'none', 'unit-interval'; got 'global'"),
        (
            {"objective": "pcd", "negative_phase": "mean-field"},
            "objective='pcd' needs a negative_phase with a chain of states",
        ),
    ],
)
def test_what_this_machine_cannot_do_is_said(binary, settings, sentence):
    with pytest.raises(InvalidInputError, match=sentence):
        BernoulliRBM(**settings).fit(binary)
