"""Settings of the Gaussian-Bernoulli RBM that go together, by name; without PyTorch, for help texts to read."""

from __future__ import annotations

from typing import Any

# chosen on a validation part of the training set; ``benchmarks/choose_rbm_recipes.py`` repeats the choice
RECIPES: dict[str, dict[str, Any]] = {
    # a density: a start that has the data's modes, chains that mix, sigma learned at the rate of all else
    "generative": {
        "objective": "cd",
        "negative_phase": "collapsed",
        "n_gibbs_steps": 25,
        "initialisation": "principal-component-codes",
        "learning_rate_schedule": "cosine",
        "sigma": "learned",
        "sigma_learning_rate": 1e-3,
    },
    # the lowest error: so wide a sigma that every hidden unit stays in its linear range
    "reconstruction": {"objective": "cd", "negative_phase": "mean-field", "sigma": 40.0},
    # what follows a lecture: pixels standardised, so that sigma can stay at one; v and h drawn in turns; no Adam. With
    # one scale for all pixels a learned sigma had 26 to 38 nats more for M = 10, 50 and 100 and 90 fewer for M = 250
    "textbook": {
        "objective": "cd",
        "negative_phase": "sampled",
        "n_gibbs_steps": 1,
        "sigma": 1.0,
        "scaling": "feature",
        "optimizer": "sgd",
        "momentum": 0.9,
    },
    # what "generative" would reach without the approximation, for at most 20 hidden units
    "exact-likelihood": {
        "objective": "likelihood",
        "initialisation": "principal-component-codes",
        "learning_rate_schedule": "cosine",
        "sigma": "learned",
        "sigma_learning_rate": 1e-3,
    },
}
