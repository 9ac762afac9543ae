"""The Gaussian-Bernoulli restricted Boltzmann machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harmonium.estimators.gaussian_bernoulli_recipes import RECIPES
from harmonium.families.family import NUMBER, NUMBER_OR_NONE, Family, Space

if TYPE_CHECKING:
    from collections.abc import Callable

    from harmonium.data.datasets import Dataset
    from harmonium.estimators.rbm import RBMEstimator


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


FAMILY = Family(
    name="gaussian-bernoulli-rbm",
    estimator="harmonium.estimators.gaussian_bernoulli_rbm:GaussianBernoulliRBM",
    evaluate=evaluate_density,
    measures={
        **dict.fromkeys(("test_mse", "test_log_likelihood", "log_likelihood_standard_error"), NUMBER),
        "effective_sample_size": NUMBER_OR_NONE,
    },
    recorded=("training_mse",),
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
