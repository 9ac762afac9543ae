"""Problem 1's room: recipes a reader can copy, and draws that are judged once."""

import numpy as np
import pytest

from harmonium import GaussianBernoulliRBM
from harmonium.assignment.judge import Judge, is_judged
from harmonium.assignment.problem1.draws import N_DRAWS, measure_draws
from harmonium.assignment.problem1.exhibits import rarest_class, recipe_code
from harmonium.assignment.problem1.protocol import Problem1
from harmonium.assignment.protocol import Assignment
from harmonium.exceptions import InvalidInputError


@pytest.fixture
def problem(runs):
    return Assignment.of(runs).problem1


def test_the_recipes_that_the_notebook_prints_are_those_that_are_trained(problem):
    recipes = eval(recipe_code(problem))
    assert set(recipes) == {"textbook", "generative", "reconstruction"}
    for name, recipe in recipes.items():
        assert {"optimizer", "momentum", "learning_rate_schedule", "sigma", "negative_phase"} <= set(recipe)
        given = {"learning_rate": 0.001, "batch_size": 128, "n_epochs": problem.n_epochs, "random_state": 1}
        rbm = GaussianBernoulliRBM(4, **given, **recipe)
        found = problem.trained(name, rbm)  # the finished run of seed 1
        np.testing.assert_array_equal(found.components_, problem.run(name, 4, 1).load_estimator().components_)


def test_a_finished_run_of_other_parameters_is_not_passed_off(problem):
    rbm = GaussianBernoulliRBM(4, random_state=0, n_epochs=problem.n_epochs, learning_rate=0.5)
    with pytest.raises(InvalidInputError, match="holds a run with"):
        problem.trained("textbook", rbm)


def test_the_textbook_recipe_draws_both_phases_and_leaves_sigma_alone(tmp_path):
    rbm = Problem1(tmp_path, "mnist").config("textbook", 50, 0).parameters
    assert (rbm["objective"], rbm["n_gibbs_steps"], rbm["negative_phase"]) == ("cd", 1, "sampled")
    assert (rbm["optimizer"], rbm["initialisation"], rbm["sigma"]) == ("sgd", "random", 1.0)
    assert (rbm["learning_rate"], rbm["batch_size"], rbm["n_epochs"]) == (0.001, 128, 25)


def test_mean_draws_and_reconstructions_are_what_is_judged(problem):
    run, judge = problem.run("generative", 4, 0), Judge(problem.judge)
    rbm, found = run.load_estimator(), run.measured()
    assert found["draws"] == judge.judged(rbm.sample(N_DRAWS, noise=False, random_state=rbm.seed_))
    assert sum(found["draws"]["class_shares"].values()) == pytest.approx(1)
    assert is_judged(run)
    run.write_metrics({key: value for key, value in found.items() if key not in ("draws", "reconstructions")})
    assert not is_judged(run)  # as `harmonium evaluate` leaves it
    measure_draws(run, problem.judge)
    assert run.measured() == found


def test_the_rarest_class_is_named_whatever_the_deviations_are():
    shares = {"a": 0.5, "a_sd": 0.001, "b": 0.2, "b_sd": 0.0, "c": 0.3, "c_sd": 0.0}
    results = {
        "generative": {"3": {"class_shares": shares}},
        "test_images": {"class_shares": {"a": 0.3, "b": 0.4, "c": 0.3}},
    }
    assert rarest_class(results, 3) == ("b", 0.2)
