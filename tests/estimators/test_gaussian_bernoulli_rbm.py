"""What the Gaussian-Bernoulli RBM adds to the contract of every estimator."""

import re
import warnings

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from sklearn.base import clone
from sklearn.decomposition import PCA

from harmonium import GaussianBernoulliRBM
from harmonium.estimators.gaussian_bernoulli_recipes import RECIPES
from harmonium.exceptions import InvalidInputError, SigmaAtBoundWarning
from harmonium.metrics.reconstruction import mean_squared_error


def test_fitted_attributes_give_the_assignments_formulas(matrix):
    rbm = GaussianBernoulliRBM(4, n_epochs=5, random_state=0).fit(matrix)
    v = (matrix - rbm.scaling_.mean) / rbm.scaling_.scale
    preactivation = rbm.intercept_hidden_ + (v / rbm.sigma_) @ rbm.components_.T
    np.testing.assert_allclose(rbm.transform(matrix), 1 / (1 + np.exp(-preactivation)), rtol=1e-5)
    quadratic = ((v - rbm.intercept_visible_) ** 2 / (2 * rbm.sigma_**2)).sum(1)
    expected = quadratic - np.logaddexp(0, preactivation).sum(1)
    np.testing.assert_allclose(rbm.free_energy(matrix), expected, rtol=1e-4, atol=1e-5)
    mean = rbm.intercept_visible_ + rbm.sigma_ * (rbm.transform(matrix) @ rbm.components_)
    expected = mean * rbm.scaling_.scale + rbm.scaling_.mean
    np.testing.assert_allclose(rbm.reconstruct(matrix), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("scaling", ["global", "feature", "none"])
def test_density_integrates_to_one_over_the_users_units(scaling):
    X = np.random.default_rng(0).choice([3.0, 11.0, 14.0], size=(2000, 1)) + np.random.default_rng(1).normal(
        size=(2000, 1)
    )
    rbm = GaussianBernoulliRBM(3, n_epochs=30, scaling=scaling, learning_rate=1e-2, random_state=0).fit(X)
    total, _ = quad(
        lambda x: float(np.exp(rbm.score_samples(np.array([[x]]))[0])), -40, 60, points=[3, 11, 14], limit=200
    )
    assert total == pytest.approx(1, abs=1e-6)


def test_log_density_shifts_by_the_logarithm_of_the_units(matrix):
    settings = {"n_hidden": 3, "n_epochs": 3, "random_state": 0}
    metres = GaussianBernoulliRBM(**settings).fit(matrix)
    millimetres = GaussianBernoulliRBM(**settings).fit(matrix * 1000)
    difference = metres.score_samples(matrix) - millimetres.score_samples(matrix * 1000)
    np.testing.assert_allclose(difference, 6 * np.log(1000), atol=1e-3)


def test_score_is_the_mean_of_score_samples(matrix):
    rbm = GaussianBernoulliRBM(3, n_epochs=2, random_state=0).fit(matrix)
    assert rbm.score(matrix) == pytest.approx(rbm.score_samples(matrix).mean())


def test_log_partition_follows_further_training(matrix):
    rbm = GaussianBernoulliRBM(3, n_epochs=2, random_state=0).fit(matrix)
    before = rbm.log_partition()
    assert rbm.partial_fit(matrix).log_partition() != before
    assert rbm.log_partition_estimate().is_exact


def test_a_wide_sigma_in_mean_field_reaches_the_linear_optimum():
    """Any rank-M linear map's optimum is PCA's; the reconstruction recipe is to come within 3% of it."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(4000, 3)) @ generator.normal(size=(3, 12)) * 2 + generator.normal(size=(4000, 12)) * 0.3
    rbm = GaussianBernoulliRBM(3, sigma=40.0, negative_phase="mean-field", n_epochs=60, random_state=0).fit(X)
    pca = PCA(3).fit(X)
    optimum = np.square(pca.inverse_transform(pca.transform(X)) - X).mean()
    assert optimum <= mean_squared_error(X, rbm.reconstruct) < 1.03 * optimum


def test_a_fixed_sigma_stays_and_a_learned_one_keeps_its_bounds(matrix):
    fixed = np.array([0.5, 1, 2, 0.7, 0.8, 0.9])
    rbm = GaussianBernoulliRBM(3, sigma=fixed, n_epochs=2, random_state=0).fit(matrix)
    np.testing.assert_allclose(rbm.sigma_, fixed, rtol=1e-6)
    constant = np.hstack([matrix, np.full((300, 1), 7.0)])  # a constant feature's sigma runs to the floor
    with pytest.warns(SigmaAtBoundWarning, match="is at its bound, 0.9, in units of the scaled data; a lower sigma_"):
        learned = GaussianBernoulliRBM(3, n_epochs=200, sigma_bounds=(0.2, 0.9), random_state=0).fit(constant)
    assert learned.sigma_[-1] == pytest.approx(0.2)
    assert learned.sigma_.max() <= 0.9 + 1e-6


def test_samples_are_in_the_users_units_and_repeatable(matrix):
    rbm = GaussianBernoulliRBM(3, n_epochs=50, random_state=0, learning_rate=1e-2).fit(matrix)
    drawn = rbm.sample(2000, 50, random_state=0)
    assert np.all(np.abs(drawn.mean(0) - matrix.mean(0)) < matrix.std(0))
    np.testing.assert_array_equal(drawn, rbm.sample(2000, 50, random_state=0))
    for other in (1, None, None):
        assert np.all((drawn != rbm.sample(2000, 50, random_state=other)).any(1))
    smooth = rbm.sample(2000, 50, noise=False)
    assert np.all(smooth.std(0) < drawn.std(0))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"n_hidden": 0}, "n_hidden must be a positive integer; got 0"),
        ({"n_hidden": -3}, "n_hidden must be a positive integer; got -3"),
        ({"n_hidden": 21, "objective": "likelihood"}, "at most 20 hidden units; got n_hidden=21"),
        ({"objective": "ml"}, "objective must be one of 'cd', 'pcd', 'likelihood'; got 'ml'"),
        ({"n_gibbs_steps": 0}, "n_gibbs_steps must be a positive integer; got 0"),
        ({"negative_phase": "mean"}, "negative_phase must be one of"),
        ({"negative_phase": "mean-field"}, "sigma='learned' needs negative_phase 'collapsed' or 'sampled'"),
        ({"objective": "pcd", "negative_phase": "mean-field", "sigma": 1.0}, "objective='pcd' needs a negative_phase"),
        ({"sigma": -1.0}, "sigma must be 'learned', a positive number or a vector of them; got -1.0"),
        ({"sigma": "wide"}, "sigma must be one of 'learned'; got 'wide'"),
        ({"sigma": [1.0, 2.0]}, "sigma must have one entry a feature of X, 6; got 2"),
        ({"sigma_bounds": (1.0, 0.5)}, "sigma_bounds must be"),
        ({"sigma_bounds": 3}, "sigma_bounds must be two positive numbers"),
        ({"sigma_learning_rate": -1}, "sigma_learning_rate must be a positive number; got -1"),
    ],
)
def test_a_wrong_hyper_parameter_is_named_with_what_is_allowed(matrix, settings, sentence):
    with pytest.raises(InvalidInputError) as caught:
        GaussianBernoulliRBM(**settings).fit(matrix)
    assert sentence in str(caught.value)


def test_samples_of_a_small_machine_have_its_exact_mode_weights():
    """Two modes so far apart that no chain crosses between them: an eighth of the data against seven eighths."""
    generator = np.random.default_rng(0)
    X = np.where(generator.random((4000, 1)) < 1 / 8, [0.0, 5.0], [6.0, -3.0]) + generator.normal(size=(4000, 2)) * 0.3
    rbm = GaussianBernoulliRBM(4, objective="likelihood", n_epochs=40, learning_rate=1e-2, random_state=0).fit(X)
    drawn = rbm.sample(20_000, 1, random_state=0)
    share = (drawn[:, 0] < 3).mean()
    states = np.array([[k >> j & 1 for j in range(4)] for k in range(16)], dtype=float)
    module = rbm.module_
    with torch.no_grad():
        weights = torch.softmax(-module.hidden_free_energy(torch.tensor(states, dtype=torch.float32)), 0).numpy()
        means = rbm.scaling_.invert(module.visible_mean(torch.tensor(states, dtype=torch.float32))).numpy()
    expected = weights @ (means[:, 0] < 3)
    assert 0.05 < expected < 0.25
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / 20_000) + 0.002


@pytest.mark.parametrize("argument", [{"n_samples": 0}, {"n_gibbs_steps": 0}])
def test_sample_refuses_nothing_to_draw(matrix, argument):
    rbm = GaussianBernoulliRBM(3, n_epochs=1).fit(matrix)
    with pytest.raises(InvalidInputError, match=r"must be a positive integer; got 0"):
        rbm.sample(**argument)


def test_a_recipe_sets_parameters_and_what_is_passed_wins():
    for name, settings in RECIPES.items():
        rbm = GaussianBernoulliRBM.from_recipe(name, n_hidden=7, learning_rate=0.5)
        expected = GaussianBernoulliRBM().get_params() | settings | {"n_hidden": 7, "learning_rate": 0.5}
        assert rbm.get_params() == clone(rbm).get_params() == expected
    assert GaussianBernoulliRBM.from_recipe("reconstruction", sigma=3.0).sigma == 3.0


def test_a_recipe_that_there_is_not_is_answered_with_those_that_there_are():
    with pytest.raises(InvalidInputError, match=r"recipe must be one of 'generative', .*'textbook'.*; got 'lowest'"):
        GaussianBernoulliRBM.from_recipe("lowest")


def test_draws_say_how_good_they_are(matrix, capsys):
    """In words where asked, and as a warning where the annealed chains are worth too little."""
    rbm = GaussianBernoulliRBM(25, n_epochs=2, random_state=0, initialisation="principal-component-codes").fit(matrix)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rbm.sample(5, n_gibbs_steps=2000)
        assert capsys.readouterr().err == ""
        rbm.set_params(verbose=True).sample(300, n_gibbs_steps=2000)
    worth = re.fullmatch(
        r"the 300 annealed chains behind these draws are worth (\d+) independent ones\n", capsys.readouterr().err
    )
    assert 36 < int(worth[1]) <= 300
    rbm.module_.weight.data *= 5  # modes far apart, and one temperature to find them
    with pytest.warns(UserWarning, match=r"the 256 annealed chains .* worth \d+ .*\(now 2\)"):
        rbm.sample(5, n_gibbs_steps=2)
    GaussianBernoulliRBM(3, n_epochs=1, verbose=True, random_state=0).fit(matrix).sample(5)
    assert capsys.readouterr().err.endswith("exact draws\n")
