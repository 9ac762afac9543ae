"""The pictures of problem 1, drawn from its run directories."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from harmonium.data.datasets import Dataset, load_dataset
from harmonium.experiments.over_seeds import Metrics
from harmonium.experiments.problem1 import Problem1
from harmonium.figures.curves import plot_curves
from harmonium.figures.image_grids import plot_filters, plot_images
from harmonium.figures.style import style

SHOWN_RECIPES = ("generative", "reconstruction")
N_IMAGES = 12
N_SWEEPS = 1000
_MSE = "test mean squared error per pixel"


def draw_problem1(problem: Problem1, metrics: Metrics) -> dict[str, Figure]:
    """Draw every picture of problem 1, with the runs of seed 0.

    Returns
    -------
    dict of str to Figure
        ``error_by_epoch``, ``error_by_hidden``, ``likelihood_by_hidden``, and for each recipe shown
        ``filters_<recipe>``, ``reconstructions_<recipe>`` and, for image data, ``samples_generative``.
    """
    with style():
        pictures = {
            "error_by_epoch": _error_by_epoch(problem),
            "error_by_hidden": _by_hidden(metrics, "test_mse", "PCA", _MSE, log="xy"),
            "likelihood_by_hidden": _by_hidden(
                metrics, "test_log_likelihood", "probabilistic PCA", "test log-likelihood, nats an image", log="x"
            ),
        }
        test = load_dataset(problem.data, "test")
        if test.image_shape is not None and len(test.image_shape) == 2:
            pictures |= _pictures_of_images(problem, test)
    return pictures


def _error_by_epoch(problem: Problem1) -> Figure:
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    panels = figure.subplots(1, len(SHOWN_RECIPES), sharey=True)
    for ax, recipe in zip(panels, SHOWN_RECIPES, strict=True):
        curves = {}
        for m in problem.n_hidden:
            history = problem.run(recipe, m, 0).history()
            curves[f"M = {m}"] = ([row["epoch"] for row in history], [row["test_mse"] for row in history])
        ylabel = _MSE if ax is panels[0] else ""
        plot_curves(ax, curves, xlabel="epoch", ylabel=ylabel, log="y", legend=False)
        ax.set_title(recipe)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right center")
    return figure


def _by_hidden(metrics: Metrics, key: str, linear: str, ylabel: str, log: str) -> Figure:
    figure = Figure(figsize=(5.6, 3.8), layout="constrained")
    # a reconstruction recipe's density is not comparable: its sigma is fixed far too wide on purpose
    recipes = SHOWN_RECIPES if key == "test_mse" else ("generative",)
    labels = {recipe: recipe for recipe in recipes} | {"pca": linear}
    curves, errors = {}, {}
    for recipe, label in labels.items():
        cells = metrics["problem1"][recipe]
        curves[label] = ([int(m) for m in cells], [cell[key] for cell in cells.values()])
        if key == "test_log_likelihood" and recipe != "pca":
            errors[label] = [cell["log_likelihood_standard_error"] for cell in cells.values()]
    plot_curves(figure.subplots(), curves, xlabel="hidden units M", ylabel=ylabel, log=log, errors=errors)
    return figure


def _pictures_of_images(problem: Problem1, test: Dataset) -> dict[str, Figure]:
    shape: Any = test.image_shape
    one_a_class = [] if test.y is None else np.unique(test.y, return_index=True)[1].tolist()
    images = test.X[[*one_a_class, *range(N_IMAGES)][:N_IMAGES]]
    pictures = {}
    for recipe in SHOWN_RECIPES:
        models = {m: problem.run(recipe, m, 0).load_estimator() for m in problem.n_hidden}
        rows = [images, *(model.reconstruct(images) for model in models.values())]
        pictures[f"reconstructions_{recipe}"] = _grid(
            np.concatenate(rows), shape, ["test image", *(f"M = {m}" for m in models)], N_IMAGES
        )
        pictures[f"filters_{recipe}"] = _filters({m: model.components_ for m, model in models.items()}, shape)
        if recipe == "generative":
            samples = [
                model.sample(N_IMAGES, N_SWEEPS, noise=noise) for model in models.values() for noise in (False, True)
            ]
            labels = [f"M = {m}{which}" for m in models for which in (", mean", ", drawn")]
            pictures["samples_generative"] = _grid(np.concatenate(samples), shape, labels, N_IMAGES)
    return pictures


def _grid(images: Any, shape: tuple[int, int], labels: list[str], n_columns: int) -> Figure:
    figure = Figure(figsize=(9, 8.1 * len(labels) / n_columns), layout="constrained")
    plot_images(figure.subplots(), images, shape, n_columns=n_columns, row_labels=labels)
    return figure


def _filters(components: dict[int, Any], shape: tuple[int, int], n_columns: int = 20) -> Figure:
    """Draw the filters of the largest norm: one row of ten for M = 10, two rows for the others."""
    n_rows = [-(-min(len(filters), 2 * n_columns) // n_columns) for filters in components.values()]
    figure = Figure(figsize=(9, 0.46 * sum(n_rows) + 0.3 * len(n_rows)), layout="constrained")
    axes = np.atleast_1d(figure.subplots(len(components), 1, height_ratios=n_rows))
    for ax, (m, filters) in zip(axes, components.items(), strict=True):
        largest = filters[np.argsort(-np.linalg.norm(filters, axis=1), kind="stable")[: 2 * n_columns]]
        plot_filters(ax, largest, shape, n_columns=n_columns)
        ax.set_title(
            f"M = {m}" if len(largest) == m else f"M = {m}: the {len(largest)} of largest norm", fontsize=9, loc="left"
        )
    return figure
