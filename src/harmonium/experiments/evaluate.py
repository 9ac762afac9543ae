"""Measuring a trained run."""

from __future__ import annotations

from statistics import median
from typing import Any

from harmonium.data.datasets import Dataset, load_dataset
from harmonium.exceptions import InvalidInputError
from harmonium.experiments.run_directory import RunDirectory
from harmonium.metrics.reconstruction import mean_squared_error


def evaluate(run: RunDirectory, data: str | None = None) -> dict[str, Any]:
    """Measure a trained run on a test set, and write ``metrics.json`` where it is the run's own.

    Parameters
    ----------
    run : RunDirectory
    data : str, optional
        Another data set or an own file; by default the test split of the data the run was trained on.

    Returns
    -------
    dict
        ``test_mse`` (per value, in the user's units squared; pixel scale for images), ``test_log_likelihood`` (mean,
        nats per example), ``log_likelihood_standard_error`` (of log Z; 0 where it was summed exactly),
        ``effective_sample_size`` (of the annealed importance sampling; null where exact), ``seconds_per_epoch`` (the
        median).

    Raises
    ------
    InvalidInputError
        If the run is not trained or the data do not fit it.
    """
    config = run.config()
    if not run.is_trained:
        raise InvalidInputError(f"{run.path} is not trained to its end; train it first")
    estimator = run.load_estimator()
    X = _load(config.data if data is None else data).X
    estimate = estimator.log_partition_estimate()
    metrics = {
        "test_mse": mean_squared_error(X, estimator.reconstruct),
        "test_log_likelihood": estimator.score(X),
        "log_likelihood_standard_error": estimate.standard_error,
        "effective_sample_size": None if estimate.is_exact else estimate.effective_sample_size,
        "seconds_per_epoch": median(row["seconds"] for row in estimator.history_),
    }
    if data is None:
        run.write_metrics(metrics)
    return metrics


def _load(name: str) -> Dataset:
    try:
        return load_dataset(name, "test")
    except InvalidInputError:  # an own file without a test split is measured whole
        return load_dataset(name, "train")
