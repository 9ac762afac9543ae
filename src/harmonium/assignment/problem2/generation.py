"""Measuring what an autoencoder generates, by the decisions and features of a classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from harmonium.assignment.judge import Judge
from harmonium.data.datasets import load_dataset
from harmonium.estimators.conditional_vae import ConditionalVAE
from harmonium.estimators.vae import VAE
from harmonium.experiments.run_directory import RunDirectory

N_SAMPLES_PER_CLASS = 1000
DENSITIES = {"ex-post": "ex_post_samples", "prior": "prior_samples"}


def measure_generation(run: RunDirectory, judge_run: RunDirectory) -> None:
    """Draw from a trained autoencoder, let a classifier judge, and add what it says to the run's ``metrics.json``.

    ``prior_samples`` are decoded from N(0, I), ``ex_post_samples`` from the mixture of Gaussians that is fitted to the
    aggregated posterior of the training set, one a class for a class-conditional model; the run is saved again with
    it. Each has what `Judge.judged` returns, and so have ``reconstructions`` of the test set.
    """
    metrics = run.metrics() or {}
    config = run.config()
    train, test = load_dataset(config.data, "train"), load_dataset(config.data, "test")
    vae, judge = run.load_estimator(), Judge(judge_run)
    if not hasattr(vae, "latent_density_"):
        vae.fit_latent_density(train.X, train.labels)
        vae.save(run.path)
    for density, key in DENSITIES.items():
        metrics[key] = judge.judged(*_draw(vae, judge, density))
    metrics["reconstructions"] = judge.judged(vae.reconstruct(test.X, test.labels), judge.indices(test.labels))
    run.write_metrics(metrics)


def _draw(vae: VAE, judge: Judge, density: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64] | None]:
    """Return mean images E[x | z], as many a class, and the class indices, where there are any."""
    n_samples = N_SAMPLES_PER_CLASS * len(judge.classes)
    if not isinstance(vae, ConditionalVAE):
        return vae.sample(n_samples, density=density), None
    labels = np.repeat(vae.classes_, N_SAMPLES_PER_CLASS)
    return vae.sample(n_samples, labels, density=density), judge.indices(labels)
