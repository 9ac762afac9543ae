"""Tables and drawings of problem 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from harmonium.assignment.numbers import log_likelihood, number
from harmonium.assignment.over_seeds import Metrics
from harmonium.assignment.problem1.protocol import Problem1
from harmonium.estimators.gaussian_bernoulli_rbm import GaussianBernoulliRBM
from harmonium.figures.curves import plot_curves
from harmonium.figures.image_grids import plot_filters
from harmonium.figures.style import style
from harmonium.report.display import Table

SWEPT = ("generative", "reconstruction")
_MSE = "test mean squared error per pixel"


def errors_and_likelihoods(problem: Problem1, results: Metrics) -> Table:
    """Tabulate every swept recipe against PCA, by the number of hidden units."""
    sizes = [str(m) for m in problem.n_hidden]
    rows = {f"{recipe}: test error": [number(results[recipe][m], "test_mse", 5) for m in sizes] for recipe in SWEPT}
    rows["PCA: test error"] = [number(results["pca"][m], "test_mse", 5) for m in sizes]
    rows |= {f"{recipe}: log-likelihood": [log_likelihood(results[recipe][m]) for m in sizes] for recipe in SWEPT}
    rows["probabilistic PCA: log-likelihood"] = [number(results["pca"][m], "test_log_likelihood", 1) for m in sizes]
    rows |= {
        f"{recipe}: seconds an epoch": [number(results[recipe][m], "seconds_per_epoch", 2) for m in sizes]
        for recipe in SWEPT
    }
    samples = [number(results["generative"][m], "effective_sample_size", 0) for m in sizes]
    return Table([f"M = {m}" for m in sizes], {**rows, "generative: effective sample size of AIS": samples})


def against_exact_likelihood(problem: Problem1, results: Metrics) -> Table:
    """Tabulate four ways to train the same small machine."""
    m = str(problem.compared_at)
    n_steps = problem.config("generative", problem.compared_at, 0).parameters["n_gibbs_steps"]
    sigma = problem.config("reconstruction", problem.compared_at, 0).parameters["sigma"]
    titles = {
        "exact-likelihood": "exact maximum likelihood",
        "generative": f"CD-{n_steps}, visible units integrated out (generative)",
        "block-cd": "CD-1, block Gibbs (the textbook's)",
        "reconstruction": f"CD-1, mean field, σ = {sigma:g} (reconstruction)",
    }
    rows = {
        title: [
            number(results[recipe][m], "test_mse", 5),
            log_likelihood(results[recipe][m]),
            number(results[recipe][m], "seconds_per_epoch", 2),
        ]
        for recipe, title in titles.items()
    }
    return Table(["test error", "log-likelihood", "seconds an epoch"], rows)


def error_by_hidden(results: Metrics) -> Figure:
    """Draw the test error of both recipes and of PCA."""
    return _by_hidden(results, "test_mse", {**dict(zip(SWEPT, SWEPT, strict=True)), "pca": "PCA"}, _MSE, log="xy")


def likelihood_by_hidden(results: Metrics) -> Figure:
    """Draw the test log-likelihood, with the standard errors of AIS, beside probabilistic PCA's.

    Not the reconstruction recipe's: its sigma is fixed far too wide on purpose.
    """
    labels = {"generative": "generative", "pca": "probabilistic PCA"}
    return _by_hidden(results, "test_log_likelihood", labels, "test log-likelihood, nats an image", log="x")


def _by_hidden(results: Metrics, key: str, labels: Mapping[str, str], ylabel: str, log: str) -> Figure:
    curves, errors = {}, {}
    for recipe, label in labels.items():
        cells = results[recipe]
        curves[label] = ([int(m) for m in cells], [cell[key] for cell in cells.values()])
        if key == "test_log_likelihood" and recipe != "pca":
            errors[label] = [cell["log_likelihood_standard_error"] for cell in cells.values()]
    with style():
        figure = Figure(figsize=(4.8, 3), layout="constrained")
        plot_curves(figure.subplots(), curves, xlabel="hidden units M", ylabel=ylabel, log=log, errors=errors)
    return figure


def error_by_epoch(problem: Problem1) -> Figure:
    """Draw the test error after every epoch, of the runs of seed 0."""
    with style():
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        panels = figure.subplots(1, len(SWEPT), sharey=True)
        for ax, recipe in zip(panels, SWEPT, strict=True):
            curves = {}
            for m in problem.n_hidden:
                history = problem.run(recipe, m, 0).history()
                curves[f"M = {m}"] = ([row["epoch"] for row in history], [row["test_mse"] for row in history])
            ylabel = _MSE if ax is panels[0] else ""
            plot_curves(ax, curves, xlabel="epoch", ylabel=ylabel, log="y", legend=False)
            ax.set_title(recipe)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right center")
    return figure


def draw_filters(rbms: Mapping[int, GaussianBernoulliRBM], image_shape: Any, n_columns: int = 20) -> Figure:
    """Draw the rows of `components_` of the largest norm: at most two rows of images a machine."""
    n_rows = [-(-min(m, 2 * n_columns) // n_columns) for m in rbms]
    with style():
        figure = Figure(figsize=(9, 0.46 * sum(n_rows) + 0.3 * len(n_rows)), layout="constrained")
        axes = np.atleast_1d(figure.subplots(len(rbms), 1, height_ratios=n_rows))
        for ax, (m, rbm) in zip(axes, rbms.items(), strict=True):
            order = np.argsort(-np.linalg.norm(rbm.components_, axis=1), kind="stable")[: 2 * n_columns]
            plot_filters(ax, rbm.components_[order], image_shape, n_columns=n_columns)
            title = f"M = {m}" if len(order) == m else f"M = {m}: the {len(order)} of largest norm"
            ax.set_title(title, fontsize=9, loc="left")
    return figure
