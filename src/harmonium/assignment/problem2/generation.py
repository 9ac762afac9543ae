"""Measuring what an autoencoder generates, by the decisions and features of a classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from harmonium.data.datasets import load_dataset
from harmonium.estimators.conditional_vae import ConditionalVAE
from harmonium.estimators.image_classifier import ImageClassifier
from harmonium.estimators.vae import VAE
from harmonium.experiments.run_directory import RunDirectory
from harmonium.metrics.generation import class_agreement, frechet_distance

N_SAMPLES_PER_CLASS = 1000
DENSITIES = {"ex-post": "ex_post_samples", "prior": "prior_samples"}


def measure_generation(run: RunDirectory, judge: RunDirectory) -> None:
    """Draw from a trained autoencoder, let a classifier judge, and add what it says to the run's ``metrics.json``.

    ``prior_samples`` are decoded from N(0, I), ``ex_post_samples`` from the mixture of Gaussians that is fitted to the
    aggregated posterior of the training set, one a class for a class-conditional model; the run is saved again with
    it. Each has what `judged` returns, and so have ``reconstructions`` of the test set.
    """
    metrics = run.metrics() or {}
    config = run.config()
    train, test = load_dataset(config.data, "train"), load_dataset(config.data, "test")
    vae, classifier = run.load_estimator(), judge.load_estimator()
    real = classifier.transform(train.X)
    if not hasattr(vae, "latent_density_"):
        vae.fit_latent_density(train.X, train.labels)
        vae.save(run.path)
    for density, key in DENSITIES.items():
        images, classes = _draw(vae, classifier, density)
        metrics[key] = judged(classifier, images, classes, real)
    images = np.clip(vae.reconstruct(test.X, test.labels), 0, 1)
    classes = np.searchsorted(classifier.classes_, np.asarray(test.labels))
    metrics["reconstructions"] = judged(classifier, images, classes, real)
    run.write_metrics(metrics)


def measure_judge(judge: RunDirectory) -> None:
    """Add to a classifier's ``metrics.json`` what it says of the real test images: ``test_images``, as `judged`."""
    metrics = judge.metrics() or {}
    data = judge.config().data
    train, test, classifier = load_dataset(data, "train"), load_dataset(data, "test"), judge.load_estimator()
    classes = np.searchsorted(classifier.classes_, np.asarray(test.labels))
    metrics["test_images"] = judged(classifier, test.X, classes, classifier.transform(train.X))
    judge.write_metrics(metrics)


def is_measured(run: RunDirectory) -> bool:
    """Whether `measure_generation`, or `measure_judge`, has written its figures."""
    return not {"reconstructions", "test_images"}.isdisjoint(run.metrics() or {})


def judged(
    classifier: ImageClassifier,
    images: npt.NDArray[np.floating],
    classes: npt.NDArray[np.int64] | None,
    real: npt.NDArray[np.floating],
) -> dict[str, Any]:
    """Return what a classifier says of images.

    Parameters
    ----------
    classifier : ImageClassifier
    images : ndarray of shape (n, n_pixels)
    classes : ndarray of shape (n,), optional
        Which class index each is meant to be of.
    real : ndarray of shape (n_real, n_outputs)
        The classifier's features of the training images.

    Returns
    -------
    dict
        ``frechet_distance`` between the features of the images and the real ones; where classes are meant,
        ``class_agreement`` (class's label: share of its images that the classifier takes for it) and
        ``class_agreement_all``, the mean over the classes.
    """
    metrics: dict[str, Any] = {"frechet_distance": frechet_distance(classifier.transform(images), real)}
    if classes is not None:
        agreement = class_agreement(classes, classifier.predict_indices(images))
        metrics["class_agreement"] = {
            str(c): float(share) for c, share in zip(classifier.classes_, agreement, strict=True)
        }
        metrics["class_agreement_all"] = float(agreement.mean())
    return metrics


def _draw(
    vae: VAE, classifier: ImageClassifier, density: Any
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64] | None]:
    """Return mean images E[x | z], as many a class, clipped to [0, 1], and the class indices, where there are any."""
    n_samples = N_SAMPLES_PER_CLASS * len(classifier.classes_)
    if not isinstance(vae, ConditionalVAE):
        return np.clip(vae.sample(n_samples, density=density), 0, 1), None
    labels = np.repeat(classifier.classes_, N_SAMPLES_PER_CLASS)
    images = vae.sample(n_samples, labels, density=density)
    return np.clip(images, 0, 1), np.searchsorted(classifier.classes_, labels)
