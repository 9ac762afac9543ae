"""Measuring an autoencoder as a model of the images: what it generates, and how likely real images are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harmonium.assignment.judge import Judge
from harmonium.data.datasets import load_dataset
from harmonium.estimators.conditional_vae import ConditionalVAE
from harmonium.estimators.vae import VAE
from harmonium.experiments.run_directory import RunDirectory

N_SAMPLES_PER_CLASS = 1000
N_LIKELIHOOD_IMAGES, N_LIKELIHOOD_DRAWS = 1000, 1000


def measure_generation(run: RunDirectory, judge_run: RunDirectory) -> None:
    """Draw from a trained autoencoder, let a classifier judge, and add what it says to the run's ``metrics.json``.

    ``model_samples`` are what `sample` draws as it stands; they have what `Judge.judged` returns and ``recall``.
    ``reconstructions`` of the test set have the former. ``negative_log_likelihood`` is the importance-weighted estimate
    with 1,000 draws for each of the first 1,000 test images, mean in nats.
    """
    metrics = run.metrics() or {}
    test = load_dataset(run.config().data, "test")
    vae, judge = run.load_estimator(), Judge(judge_run)
    images, intended = _draw(vae, judge)
    metrics["model_samples"] = {**judge.judged(images, intended), "recall": judge.recall(test.X, images)}
    metrics["reconstructions"] = judge.judged(vae.reconstruct(test.X, test.labels), judge.indices(test.labels))
    rows = slice(N_LIKELIHOOD_IMAGES)
    labels = None if test.labels is None else test.labels[rows]
    likelihoods = vae.iwae(test.X[rows], labels, n_importance=N_LIKELIHOOD_DRAWS)
    metrics["negative_log_likelihood"] = -float(likelihoods.mean(dtype=np.float64))
    run.write_metrics(metrics)


def _draw(vae: VAE, judge: Judge) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64] | None]:
    """Return mean images E[x | z], as many a class, and the class indices, where there are any."""
    if not isinstance(vae, ConditionalVAE):
        return vae.sample(N_SAMPLES_PER_CLASS * len(judge.classes), random_state=vae.seed_), None
    labels = np.repeat(vae.classes_, N_SAMPLES_PER_CLASS)
    return vae.sample(len(labels), labels, random_state=vae.seed_), judge.indices(labels)
