"""What an RBM records of each epoch equals what its fitted estimator says of the same rows."""

import numpy as np
import pytest

from harmonium import BernoulliRBM, GaussianBernoulliRBM, load
from harmonium.data.splits import hold_out
from harmonium.exceptions import InvalidInputError
from harmonium.experiments.config import TrainConfig
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.train import train

GAUSSIAN = np.random.default_rng(0).normal(size=(300, 6)) * [1, 2, 3, 1, 2, 3] + 10
KINDS = {GaussianBernoulliRBM: GAUSSIAN, BernoulliRBM: (GAUSSIAN > 10).astype(float)}
rbms = pytest.mark.parametrize("kind", KINDS)


@rbms
def test_the_error_is_that_of_the_training_rows(kind):
    X = KINDS[kind]
    rbm = kind(4, n_epochs=3, random_state=0).fit(X)
    assert rbm.history_[-1]["training_mse"] == pytest.approx(np.square(rbm.reconstruct(X) - X).mean(), rel=1e-4)
    assert len({row["training_mse"] for row in rbm.history_}) == 3
    assert {"free_energy_gap", "log_likelihood"}.isdisjoint(rbm.history_[-1])


@rbms
def test_the_free_energy_gap_and_the_likelihood_are_those_of_the_rows_held_back(kind):
    X = KINDS[kind]
    settings = {"n_epochs": 4, "random_state": 0, "log_likelihood_every": 2}
    rbm = kind(4, validation_fraction=0.5, **settings).fit(X)
    kept, held = hold_out(len(X), 0.5, None, rbm.seed_)
    last = kind(4, validation_fraction=0.5, **settings).fit(X)
    last.module_ = last._trainer.objective.module  # of the last epoch, be it the best or not
    last._log_partition = None
    gap = last.free_energy(X[held]).mean() - last.free_energy(X[kept]).mean()
    assert rbm.history_[-1]["free_energy_gap"] == pytest.approx(gap, abs=1e-3)
    assert rbm.history_[-1]["log_likelihood"] == pytest.approx(last.score(X[held]), abs=1e-3)
    assert ["log_likelihood" in row for row in rbm.history_] == [False, True, False, True]


def test_without_rows_held_back_the_likelihood_is_that_of_the_training_rows():
    rbm = GaussianBernoulliRBM(4, n_epochs=1, random_state=0, log_likelihood_every=1).fit(GAUSSIAN)
    assert rbm.history_[-1]["log_likelihood"] == pytest.approx(rbm.score(GAUSSIAN), abs=1e-3)


def test_the_range_of_sigma_is_recorded_where_it_is_learned():
    rbm = GaussianBernoulliRBM(4, n_epochs=2, random_state=0).fit(GAUSSIAN)
    row = rbm.history_[-1]
    assert (row["sigma_min"], row["sigma_max"]) == pytest.approx((rbm.sigma_.min(), rbm.sigma_.max()))
    assert "sigma_min" not in GaussianBernoulliRBM(4, n_epochs=1, sigma=1.0).fit(GAUSSIAN).history_[-1]


@rbms
def test_recording_changes_no_weight(kind):
    X = KINDS[kind]
    plain, watched = (kind(4, n_epochs=3, random_state=0, log_likelihood_every=k).fit(X) for k in (None, 1))
    np.testing.assert_array_equal(plain.components_, watched.components_)


def test_at_most_a_thousand_evenly_spaced_rows_are_looked_at():
    X = np.random.default_rng(0).normal(size=(5000, 3))
    rbm = GaussianBernoulliRBM(2, n_epochs=1, random_state=0).fit(X)
    some = X[np.linspace(0, 4999, 1000).astype(int)]
    assert rbm.history_[-1]["training_mse"] == pytest.approx(np.square(rbm.reconstruct(some) - some).mean(), rel=1e-4)


def test_a_run_directory_keeps_the_epochs_that_record_less(tmp_path):
    np.savez(tmp_path / "own.npz", X_train=GAUSSIAN, X_test=GAUSSIAN[:50])
    config = TrainConfig.resolve(
        "gaussian-bernoulli-rbm", str(tmp_path / "own.npz"), 0, n_hidden=3, n_epochs=3, log_likelihood_every=2
    )
    run = RunDirectory(tmp_path / "run")
    train(config, run)
    history = run.history()
    assert ["log_likelihood" in row for row in history] == [False, True, False]
    assert history == load(run.path).history_
    assert all("test_mse" not in row for row in history)


def test_the_interval_is_checked():
    with pytest.raises(InvalidInputError, match="log_likelihood_every must be a positive integer; got 0"):
        GaussianBernoulliRBM(2, log_likelihood_every=0).fit(GAUSSIAN)


@pytest.mark.parametrize("unit", [1e30, 1e-30])
def test_the_error_has_the_users_units_whatever_their_size(unit):
    rbm = GaussianBernoulliRBM(4, n_epochs=1, random_state=0).fit(GAUSSIAN * unit)
    same = GaussianBernoulliRBM(4, n_epochs=1, random_state=0).fit(GAUSSIAN)
    assert rbm.history_[-1]["training_mse"] == pytest.approx(same.history_[-1]["training_mse"] * unit**2, rel=1e-3)


@rbms
def test_partial_fit_checks_the_parameters_again(kind):
    rbm = kind(4, n_epochs=1, random_state=0).fit(KINDS[kind])
    before = rbm.components_.copy()
    with pytest.raises(InvalidInputError, match="log_likelihood_every must be a positive integer; got 0"):
        rbm.set_params(log_likelihood_every=0).partial_fit(KINDS[kind])
    np.testing.assert_array_equal(rbm.components_, before)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [(GaussianBernoulliRBM, {"initialisation": "principal-component-codes", "scaling": "none"}), (BernoulliRBM, {})],
)
def test_the_start_does_not_see_the_rows_held_back(kind, settings):
    X = KINDS[kind]
    rates = {"learning_rate": 1e-12, "n_epochs": 1, "validation_fraction": 0.5, "random_state": 0}
    rbm = kind(4, **rates, **settings).fit(X)
    kept, held = hold_out(len(X), 0.5, None, rbm.seed_)
    changed = X.copy()
    changed[held] = 1 - changed[held] if kind is BernoulliRBM else 5 * changed[held]
    again = kind(4, **rates, **settings).fit(changed)
    np.testing.assert_allclose(again.components_, rbm.components_, atol=1e-6)
    np.testing.assert_allclose(again.intercept_visible_, rbm.intercept_visible_, atol=1e-5)
    changed[kept] = changed[kept][:, ::-1]
    other = kind(4, **rates, **settings).fit(changed)
    assert not np.allclose(other.intercept_visible_, rbm.intercept_visible_, atol=1e-3)
