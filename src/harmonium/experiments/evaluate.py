"""Measuring a trained run: what is measured, its family says."""

from __future__ import annotations

from statistics import median
from typing import Any

from harmonium.experiments.one_writer import one_writer
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.trained_run import load_rows, load_trained
from harmonium.families.registry import find_family


def evaluate(run: RunDirectory, data: str | None = None) -> dict[str, Any]:
    """Measure a trained run as `measure` does, and write ``metrics.json`` where the data are the run's own.

    Raises
    ------
    InvalidInputError
        As of `measure`.
    AnotherWriterError
        If another process writes into the run directory.
    """
    if data is not None:
        return measure(run, data)
    run.config()  # a folder that holds no run gets no lock either
    with one_writer(run.path):
        metrics = measure(run)
        run.write_metrics(metrics)
    return metrics


def measure(run: RunDirectory, data: str | None = None) -> dict[str, Any]:
    """Measure a trained run on a test set; nothing is written.

    Parameters
    ----------
    run : RunDirectory
    data : str, optional
        Another data set or an own file, of which the test split is measured, or the whole where it has none; by default
        the test split of the data the run was trained on.

    Returns
    -------
    dict
        What the run's family measures, and ``seconds_per_epoch`` (median). ``test_mse`` is per value, in the user's
        units squared; pixel scale for images.

    Raises
    ------
    InvalidInputError
        If the run is not trained, its data have no test split, or the data do not fit it.
    """
    config = run.config()
    estimator = load_trained(run)
    test = load_rows(run, data)
    of_family = find_family(config.model).evaluate
    metrics: dict[str, Any] = of_family(estimator, test, (lambda: config.load("train")) if data is None else None)
    metrics["seconds_per_epoch"] = median(row["seconds"] for row in estimator.history_)
    return metrics
