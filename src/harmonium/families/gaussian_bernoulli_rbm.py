"""The Gaussian-Bernoulli restricted Boltzmann machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harmonium.families.family import NUMBER, NUMBER_OR_NONE, Family, Space

if TYPE_CHECKING:
    from collections.abc import Callable

    from harmonium.data.datasets import Dataset
    from harmonium.estimators.rbm import RBMEstimator

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
    # what follows a lecture: pixels standardised, so that sigma can stay at one; v and h drawn in turns; no Adam. A
    # learned sigma gave the same error, up to 38 nats more for M = 10, 50 and 100, and 90 nats less for M = 250
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


def evaluate_density(
    estimator: RBMEstimator, test: Dataset, load_train: Callable[[], Dataset] | None
) -> dict[str, Any]:
    """Measure an RBM, whose density is known up to its partition function.

    Returns
    -------
    dict
        ``test_mse`` of the mean-field reconstruction, ``test_log_likelihood`` (mean, nats per example),
        ``log_likelihood_standard_error`` (of log Z; 0 where it was summed exactly), ``effective_sample_size`` (of the
        annealed importance sampling; None where exact).
    """
    from harmonium.metrics.reconstruction import mean_squared_error

    estimate = estimator.log_partition_estimate()
    return {
        "test_mse": mean_squared_error(test.X, estimator.reconstruct),
        "test_log_likelihood": estimator.score(test.X),
        "log_likelihood_standard_error": estimate.standard_error,
        "effective_sample_size": None if estimate.is_exact else estimate.effective_sample_size,
    }


def monitor_reconstruction(estimator: RBMEstimator, module: Any, test: Dataset) -> dict[str, float]:
    """Measure the test error of the mean-field reconstruction by a module in training, in single precision."""
    import torch

    from harmonium.data.tensors import as_tensor
    from harmonium.metrics.reconstruction import mean_squared_error

    def reconstruct(rows: Any) -> Any:
        with torch.no_grad():
            reconstruction = module.reconstruct(estimator.scaling_.apply(as_tensor(rows)).float())
            return estimator.scaling_.invert(reconstruction).numpy()

    return {"test_mse": mean_squared_error(test.X, reconstruct)}


FAMILY = Family(
    name="gaussian-bernoulli-rbm",
    estimator="harmonium.estimators.gaussian_bernoulli_rbm:GaussianBernoulliRBM",
    evaluate=evaluate_density,
    measures={
        **dict.fromkeys(("test_mse", "test_log_likelihood", "log_likelihood_standard_error"), NUMBER),
        "effective_sample_size": NUMBER_OR_NONE,
    },
    recorded=("test_mse",),
    monitor=monitor_reconstruction,
    recipes=RECIPES,
    named_by=("n_hidden",),
    spaces={
        "tables": Space(
            fixed={name: value for name, value in RECIPES["generative"].items() if name != "sigma_learning_rate"},
            tuned={
                "learning_rate": {"low": 3e-4, "high": 1e-2, "log": True},
                "sigma_learning_rate": {"low": 1e-3, "high": 3e-2, "log": True},
                "batch_size": {"choices": [64, 128, 256]},
            },
        )
    },
)
