"""Tables and drawings of problem 1."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import log
from textwrap import fill, indent
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from harmonium.assignment.numbers import log_likelihood, number
from harmonium.assignment.over_seeds import Metrics
from harmonium.assignment.problem1.protocol import BASELINES, SWEPT, Problem1
from harmonium.estimators.gaussian_bernoulli_rbm import GaussianBernoulliRBM
from harmonium.estimators.gaussian_bernoulli_recipes import RECIPES
from harmonium.figures.curves import plot_curves
from harmonium.figures.image_grids import plot_filters, plot_images
from harmonium.figures.style import style
from harmonium.report.display import Table

# what the notebook shows of a recipe, beside what the recipe itself sets
_SHOWN = (
    *("objective", "negative_phase", "n_gibbs_steps", "initialisation", "scaling", "sigma", "sigma_learning_rate"),
    *("optimizer", "momentum", "learning_rate_schedule"),
)
_MSE = "test mean squared error per pixel"


def recipe_code(problem: Problem1) -> str:
    """Write the recipes as Python: a dictionary of the keyword arguments that an RBM takes them as."""
    lines = ["{"]
    for recipe in SWEPT:
        parameters = problem.config(recipe, problem.compared_at, 0).parameters
        names = list(dict.fromkeys([*_SHOWN, *RECIPES[recipe]]))
        if parameters["sigma"] != "learned":
            names.remove("sigma_learning_rate")
        arguments = " ".join(f"{name}={_written(parameters[name])}," for name in names)
        lines += [f'    "{recipe}": dict(', indent(fill(arguments, 72), 8 * " "), "    ),"]
    return "\n".join([*lines, "}"])


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def errors_and_likelihoods(problem: Problem1, results: Metrics) -> Table:
    """Tabulate every swept recipe beside the linear yardsticks, by the number of hidden units."""
    sizes = [str(m) for m in problem.n_hidden]
    error = {recipe: recipe for recipe in SWEPT} | {"pca": "PCA", "factor_analysis": "factor analysis"}
    rows = {
        f"{title}: test error": [number(results[name][m], "test_mse", 5) for m in sizes]
        for name, title in error.items()
    }
    rows |= {f"{recipe}: log-likelihood": [log_likelihood(results[recipe][m]) for m in sizes] for recipe in SWEPT}
    for name, title in (("pca", "probabilistic PCA"), ("factor_analysis", "factor analysis")):
        rows[f"{title}: log-likelihood"] = [number(results[name][m], "test_log_likelihood", 1) for m in sizes]
    rows["information in M bits at most, M log 2"] = [f"{m * log(2):.1f}" for m in problem.n_hidden]
    rows |= {
        f"{recipe}: seconds an epoch": [number(results[recipe][m], "seconds_per_epoch", 2) for m in sizes]
        for recipe in SWEPT
    }
    for recipe in ("textbook", "generative"):
        samples = [number(results[recipe][m], "effective_sample_size", 0) for m in sizes]
        rows[f"{recipe}: effective sample size of AIS"] = samples
    return Table([f"M = {m}" for m in sizes], rows)


def against_exact_likelihood(problem: Problem1, results: Metrics) -> Table:
    """Tabulate four ways to train the same small machine."""
    m = str(problem.compared_at)
    textbook, generative, reconstruction = (
        problem.config(recipe, problem.compared_at, 0).parameters
        for recipe in ("textbook", "generative", "reconstruction")
    )
    titles = {
        "exact-likelihood": "exact maximum likelihood",
        "generative": f"CD-{generative['n_gibbs_steps']}, visible units integrated out (generative)",
        "textbook": f"CD-{textbook['n_gibbs_steps']}, block Gibbs, σ = {textbook['sigma']:g} (textbook)",
        "reconstruction": f"CD-1, mean field, σ = {reconstruction['sigma']:g} (reconstruction)",
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


def judged_draws(problem: Problem1, results: Metrics) -> Table:
    """Tabulate what the classifier says of real images, of each generative machine's draws and its reconstructions."""
    draws = [results["generative"][str(m)] for m in problem.n_hidden]
    judged = [results["test_images"], *draws]
    reconstructed: list[Metrics] = [{}, *(cell["reconstructions"] for cell in draws)]
    rows = {
        f"taken for {name}": [number(cell["class_shares"], name, 3) for cell in judged]
        for name in results["test_images"]["class_shares"]
    }
    measures = {"total_variation": ("distance in total variation", 3), "frechet_distance": ("Fréchet distance", 1)}
    for of, cells in (("draws", judged), ("reconstructions", reconstructed)):
        rows |= {
            f"{title}, {of}": [number(cell, key, digits) for cell in cells] for key, (title, digits) in measures.items()
        }
    return Table(["test images", *(f"M = {m}" for m in problem.n_hidden)], rows)


def rarest_class(results: Metrics, m: int) -> tuple[str, float]:
    """Return the class that the fewest draws of a generative machine are taken for, and their share."""
    shares = results["generative"][str(m)]["class_shares"]
    name = min(results["test_images"]["class_shares"], key=lambda name: shares[name])
    return name, shares[name]


def error_by_hidden(results: Metrics) -> Figure:
    """Draw the test error of every recipe and of PCA."""
    return _by_hidden(results, "test_mse", {**dict(zip(SWEPT, SWEPT, strict=True)), "pca": "PCA"}, _MSE, log="xy")


def likelihood_by_hidden(results: Metrics) -> Figure:
    """Draw the test log-likelihood, with the standard errors of AIS, beside those of the linear yardsticks.

    Not the reconstruction recipe's: its sigma is fixed far too wide on purpose.
    """
    labels = {
        "textbook": "textbook",
        "generative": "generative",
        "pca": "probabilistic PCA",
        "factor_analysis": "factor analysis",
    }
    return _by_hidden(results, "test_log_likelihood", labels, "test log-likelihood, nats an image", log="x")


def _by_hidden(results: Metrics, key: str, labels: Mapping[str, str], ylabel: str, log: str) -> Figure:
    curves, errors = {}, {}
    for recipe, label in labels.items():
        cells = results[recipe]
        curves[label] = ([int(m) for m in cells], [cell[key] for cell in cells.values()])
        if key == "test_log_likelihood" and recipe not in BASELINES:
            errors[label] = [cell["log_likelihood_standard_error"] for cell in cells.values()]
    with style():
        figure = Figure(figsize=(4.8, 3), layout="constrained")
        plot_curves(figure.subplots(), curves, xlabel="hidden units M", ylabel=ylabel, log=log, errors=errors)
    return figure


def error_by_epoch(problem: Problem1) -> Figure:
    """Draw the training error after every epoch, of the runs of seed 0."""
    with style():
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        panels = figure.subplots(1, len(SWEPT), sharey=True)
        for ax, recipe in zip(panels, SWEPT, strict=True):
            curves = {}
            for m in problem.n_hidden:
                history = problem.run(recipe, m, 0).history()
                curves[f"M = {m}"] = ([row["epoch"] for row in history], [row["training_mse"] for row in history])
            ylabel = "training mean squared error per pixel" if ax is panels[0] else ""
            plot_curves(ax, curves, xlabel="epoch", ylabel=ylabel, log="y", legend=False)
            ax.set_title(recipe)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right center")
    return figure


def draw_samples(rbms: Mapping[int, GaussianBernoulliRBM], image_shape: Any, n_per_side: int = 10) -> Figure:
    """Draw a square of mean draws of each machine, and below it the first row again with the pixel noise."""
    n_draws = n_per_side**2
    height, width = image_shape
    with style():
        figure = Figure(figsize=(9, 9 / len(rbms) * height / width * (1.15 + 1 / n_per_side)), layout="constrained")
        panels = figure.subplots(2, len(rbms), height_ratios=(n_per_side, 1), squeeze=False)
        for (above, below), (m, rbm) in zip(panels.T, rbms.items(), strict=True):
            plot_images(
                above, rbm.sample(n_draws, noise=False, random_state=rbm.seed_), image_shape, n_columns=n_per_side
            )
            plot_images(
                below, rbm.sample(n_draws, random_state=rbm.seed_)[:n_per_side], image_shape, n_columns=n_per_side
            )
            above.set_title(f"M = {m}", fontsize=9)
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
