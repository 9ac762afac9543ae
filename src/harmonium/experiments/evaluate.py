"""Measuring a trained run."""

from __future__ import annotations

from statistics import median
from typing import Any

import numpy as np

from harmonium.data.datasets import Dataset, load_dataset
from harmonium.data.noise import add_noise
from harmonium.estimators.gaussian_bernoulli_rbm import GaussianBernoulliRBM
from harmonium.estimators.image_classifier import ImageClassifier
from harmonium.estimators.sparse_autoencoder import SparseAutoencoder
from harmonium.estimators.vae import VAE
from harmonium.exceptions import InvalidInputError, SplitUnavailableError
from harmonium.experiments.run_directory import RunDirectory
from harmonium.metrics.latent_space import knn_accuracy, probe_accuracy, silhouette
from harmonium.metrics.reconstruction import mean_squared_error
from harmonium.metrics.sparsity import explained_variance, psnr, sparsity

N_IMPORTANCE = 50
ACTIVE_VARIANCE = 0.01
TEST_NOISE_SEED = 0


def evaluate(run: RunDirectory, data: str | None = None) -> dict[str, Any]:
    """Measure a trained run on a test set, and write ``metrics.json`` where it is the run's own.

    Parameters
    ----------
    run : RunDirectory
    data : str, optional
        Another data set or an own file, of which the test split is measured, or the whole where it has none; by default
        the test split of the data the run was trained on.

    Returns
    -------
    dict
        ``test_mse`` (per value, in the user's units squared; pixel scale for images), ``seconds_per_epoch`` (median)
        and what `density_metrics`, or `bound_metrics` and, where there are labels, `latent_metrics`, measure of the
        model; of a classifier ``test_accuracy``, of a sparse autoencoder `denoising_metrics`.

    Raises
    ------
    InvalidInputError
        If the run is not trained, its data have no test split, or the data do not fit it.
    """
    config = run.config()
    if not run.is_trained:
        raise InvalidInputError(f"{run.path} is not trained to its end; train it first")
    estimator = run.load_estimator()
    test = load_dataset(config.data, "test") if data is None else _test_or_whole(data)
    metrics: dict[str, Any]
    if isinstance(estimator, ImageClassifier):
        metrics = {"test_accuracy": estimator.score(test.X, np.asarray(test.labels))}
    elif isinstance(estimator, SparseAutoencoder):
        metrics = denoising_metrics(estimator, test)
    elif isinstance(estimator, VAE):
        metrics = {
            "test_mse": mean_squared_error(test.X, estimator.reconstruct, test.labels),
            **bound_metrics(estimator, test),
        }
        if test.labels is not None and data is None:
            metrics |= latent_metrics(estimator, load_dataset(config.data, "train"), test)
    else:
        metrics = {
            "test_mse": mean_squared_error(test.X, estimator.reconstruct),
            **density_metrics(estimator, test),
        }
    metrics["seconds_per_epoch"] = median(row["seconds"] for row in estimator.history_)
    if data is None:
        run.write_metrics(metrics)
    return metrics


def density_metrics(estimator: GaussianBernoulliRBM, test: Dataset) -> dict[str, Any]:
    """Measure a model whose density is known up to its partition function.

    Returns
    -------
    dict
        ``test_log_likelihood`` (mean, nats per example), ``log_likelihood_standard_error`` (of log Z; 0 where it was
        summed exactly), ``effective_sample_size`` (of the annealed importance sampling; None where exact).
    """
    estimate = estimator.log_partition_estimate()
    return {
        "test_log_likelihood": estimator.score(test.X),
        "log_likelihood_standard_error": estimate.standard_error,
        "effective_sample_size": None if estimate.is_exact else estimate.effective_sample_size,
    }


def bound_metrics(estimator: VAE, test: Dataset) -> dict[str, Any]:
    """Measure a model whose log-likelihood is bounded from below.

    Returns
    -------
    dict
        ``negative_elbo`` (mean over the test set of one draw an example), ``negative_iwae`` (of `N_IMPORTANCE` draws),
        ``kl`` (mean), all in nats per example, and ``active_units``, the latent dimensions whose posterior mean has a
        variance above 0.01 over the test set (Y. Burda et al., ICLR 2016, section 5.1.1).
    """
    mean, sd = estimator.encode(test.X, test.labels)
    kl = 0.5 * (np.square(mean) + np.square(sd) - 1 - 2 * np.log(sd)).sum(1)
    return {
        "negative_elbo": -float(estimator.elbo(test.X, test.labels).mean(dtype=np.float64)),
        "negative_iwae": -float(estimator.iwae(test.X, test.labels, N_IMPORTANCE).mean(dtype=np.float64)),
        "kl": float(kl.mean(dtype=np.float64)),
        "active_units": int((mean.var(axis=0) > ACTIVE_VARIANCE).sum()),
    }


def denoising_metrics(estimator: SparseAutoencoder, test: Dataset) -> dict[str, Any]:
    """Measure a denoiser on the test set with noise of the strength that it was trained for, always the same noise.

    Returns
    -------
    dict
        ``test_mse`` against the clean examples, ``psnr`` (dB), ``explained_variance``, and of the codes of the noisy
        examples ``l0``, ``dead`` and ``rare`` as `sparsity` defines them.
    """
    codes = estimator.transform(add_noise(test.X, estimator.noise, TEST_NOISE_SEED))
    error = float(np.square(estimator.inverse_transform(codes) - test.X, dtype=np.float64).mean())
    return {
        "test_mse": error,
        "psnr": psnr(error),
        "explained_variance": explained_variance(test.X, error),
        **sparsity(codes),
    }


def latent_metrics(estimator: VAE, train: Dataset, test: Dataset) -> dict[str, float]:
    """Measure what the posterior means of the test set say of the labels, which a conditional model is told as well.

    Returns
    -------
    dict
        ``knn_accuracy`` and ``probe_accuracy``, learned from the training set, and ``silhouette``.
    """
    Z_train, Z = (estimator.transform(data.X, data.labels) for data in (train, test))
    y_train, y = np.asarray(train.labels), np.asarray(test.labels)
    return {
        "knn_accuracy": knn_accuracy(Z_train, y_train, Z, y),
        "probe_accuracy": probe_accuracy(Z_train, y_train, Z, y),
        "silhouette": silhouette(Z, y),
    }


def _test_or_whole(name: str) -> Dataset:
    try:
        return load_dataset(name, "test")
    except SplitUnavailableError:
        return load_dataset(name, "train")
