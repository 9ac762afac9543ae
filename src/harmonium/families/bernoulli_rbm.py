"""The Bernoulli restricted Boltzmann machine: measured as the Gaussian-Bernoulli one."""

from __future__ import annotations

from dataclasses import replace

from harmonium.families.family import Space
from harmonium.families.gaussian_bernoulli_rbm import FAMILY as GAUSSIAN
from harmonium.families.vae import GREY

FAMILY = replace(
    GAUSSIAN,
    name="bernoulli-rbm",
    estimator="harmonium.estimators.bernoulli_rbm:BernoulliRBM",
    recipes={},
    remark=lambda parameters: GREY,
    spaces={
        "tables": Space(
            tuned={
                "learning_rate": {"low": 1e-2, "high": 0.3, "log": True},
                "n_gibbs_steps": {"choices": [1, 2, 5]},
                "batch_size": {"choices": [64, 128, 256]},
            }
        )
    },
)
