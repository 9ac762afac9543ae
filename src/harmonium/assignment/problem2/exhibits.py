"""Tables and drawings of problem 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from harmonium.assignment.numbers import number
from harmonium.assignment.over_seeds import Metrics
from harmonium.assignment.problem2.protocol import CLASSES_DRAWN, SETTINGS, Problem2
from harmonium.data.datasets import Dataset
from harmonium.estimators.conditional_vae import ConditionalVAE
from harmonium.estimators.vae import VAE
from harmonium.figures.curves import plot_curves
from harmonium.figures.image_grids import plot_images
from harmonium.figures.latent_space import plot_classes
from harmonium.figures.style import COLOURS, label, style
from harmonium.figures.tuning import plot_importances, plot_tuning_history
from harmonium.report.display import Table

TITLES = {"vae": "VAE", "conditional_vae": "cVAE"}
_MEASURES = {
    "negative_elbo": ("−ELBO", 1),
    "negative_iwae": ("−IWAE bound", 1),
    "negative_log_likelihood": ("−log p(x), 1,000 draws", 1),
    "kl": ("KL divergence", 1),
    "active_units": ("active units", 0),
    "test_mse": ("test error", 5),
    "knn_accuracy": ("15 neighbours", 3),
    "probe_accuracy": ("linear probe", 3),
    "silhouette": ("silhouette", 3),
    "seconds_per_epoch": ("seconds an epoch", 1),
}


def classes_drawn(test: Dataset) -> tuple[str, ...]:
    """Return the assignment's four classes, or the first four of data that do not have them."""
    names = np.unique(np.asarray(test.labels))
    return CLASSES_DRAWN if set(CLASSES_DRAWN) <= set(names) else tuple(str(name) for name in names[:4])


def bounds_and_codes(results: Metrics) -> Table:
    """Tabulate the bounds, the errors and what the latent space says of the class, of both models in every setting."""
    cells = [(model, setting) for setting in SETTINGS for model in TITLES]
    rows = {
        title: [number(results[model][setting], key, digits) for model, setting in cells]
        for key, (title, digits) in _MEASURES.items()
    }
    return Table([f"{TITLES[model]} {setting}" for model, setting in cells], rows)


def judged_samples(results: Metrics) -> Table:
    """Tabulate what the classifier says of real, reconstructed and drawn images of the chosen setting."""
    plain, conditional = results["vae"]["chosen"], results["conditional_vae"]["chosen"]
    cells = {
        "real test images": results["judge"]["test_images"],
        "cVAE, reconstructed test images": conditional["reconstructions"],
        "cVAE, drawn from the model": conditional["model_samples"],
        "VAE, reconstructed test images": plain["reconstructions"],
        "VAE, drawn from the model": plain["model_samples"],
    }
    cells |= {
        f"{TITLES[model]} bernoulli16, drawn from the model": results[model]["bernoulli16"]["model_samples"]
        for model in ("conditional_vae", "vae")
    }
    keys = {"class_agreement_four": 3, "class_agreement_all": 3, "frechet_distance": 2, "recall": 3}
    rows = {title: [number(cell, key, digits) for key, digits in keys.items()] for title, cell in cells.items()}
    return Table(["agreement, four", "agreement, all", "Fréchet distance", "recall"], rows)


def draw_search(study: Mapping[str, Any]) -> Figure:
    """Draw the last validation loss of every trial, and which parameters it depended on."""
    with style():
        figure = Figure(figsize=(9, 2.7), layout="constrained")
        history, importances = figure.subplots(1, 2)
        plot_tuning_history(history, study["trials"], unit="nats")
        plot_importances(importances, study["importances"])
    return figure


def draw_curves(problem: Problem2, study: Mapping[str, Any], results: Metrics) -> Figure:
    """Draw the negative ELBO by epoch, in pixel units: of the search's validation part, then of training.

    The last point of a training curve, apart from the line, is the test set's.
    """
    scaling = problem.run("conditional_vae", "chosen").load_estimator().scaling_
    with style():
        figure = Figure(figsize=(9, 2.7), layout="constrained")
        searched, *panels = figure.subplots(1, 3)
        trials = [trial for trial in study["trials"] if trial["losses_by_epoch"]]
        best = min(trials, key=lambda trial: (trial["state"] != "complete", trial["losses_by_epoch"][-1]))
        for trial in [*trials, best]:
            by_epoch = np.asarray(trial["losses_by_epoch"]) + float(scaling.log_volume)
            colour = COLOURS[5] if trial is best else "#bbbbbb"
            searched.plot(range(1, len(by_epoch) + 1), by_epoch, color=colour, marker=".")
        searched.set(title="search, validation part", xlabel="epoch", ylabel="−ELBO, nats an image")
        n_epochs = max(len(trial["losses_by_epoch"]) for trial in trials)
        searched.set(xlim=(0.8, n_epochs + 0.2), xticks=range(1, n_epochs + 1))
        for ax, setting in zip(panels, ("chosen", "bernoulli16"), strict=True):
            curves = {}
            for key, title in TITLES.items():
                run = problem.run(key, setting)
                volume = float(run.load_estimator().scaling_.log_volume)
                history = run.history()
                values = [row["negative_elbo"] + volume for row in history]
                curves[title] = ([row["epoch"] for row in history], values)
            plot_curves(ax, curves, xlabel="epoch", ylabel="")
            for key, colour in zip(TITLES, COLOURS, strict=False):
                ax.plot(
                    len(values) * 17 / 16,
                    results[key][setting]["negative_elbo"],
                    color=colour,
                    marker="*",
                    markersize=9,
                )
            ax.set_title(f"{setting}, training (★ test)")
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def draw_maps(
    points: Mapping[str, npt.NDArray[np.floating]], test: Dataset, *, limits: tuple[float, float] | None = None
) -> Figure:
    """Draw points of two-dimensional maps or latent spaces beside one another, by class.

    Parameters
    ----------
    points : mapping of str to ndarray of shape (n, 2)
    test : Dataset
        Whose first n rows the points are.
    limits : tuple of float, optional
        Of both axes, which are then z1 and z2; by default the axes are a map's and mean nothing.
    """
    names, classes = np.unique(np.asarray(test.labels), return_inverse=True)
    with style():
        figure = Figure(figsize=(9, 4.1), layout="constrained")
        panels = figure.subplots(1, len(points))
        for ax, (title, mapped) in zip(panels, points.items(), strict=True):
            plot_classes(ax, mapped, classes[: len(mapped)], list(names))
            ax.set(title=title, xticks=[], yticks=[])
            ax.grid(False)
            if limits is not None:
                ticks = [limits[0], 0, limits[1]]
                ax.set(xlabel="z₁", ylabel="z₂", aspect="equal", xlim=limits, ylim=limits, xticks=ticks, yticks=ticks)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, markerscale=2)
    return figure


def draw_manifold(vae: VAE, image_shape: Any, n_per_side: int = 20) -> Figure:
    """Draw E[x | z] on a grid that follows the prior of a two-dimensional z."""
    with style():
        figure = Figure(figsize=(4, 4), layout="constrained")
        plot_images(figure.subplots(), vae.manifold(n_per_side), image_shape, n_columns=n_per_side)
    return figure


def draw_manifold_of_each_class(vae: ConditionalVAE, image_shape: Any, n_per_side: int = 9) -> Figure:
    """Draw `draw_manifold` once a class."""
    n_columns = 5
    n_rows = -(-len(vae.classes_) // n_columns)
    with style():
        figure = Figure(figsize=(9, 2 * n_rows), layout="constrained")
        panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        for ax, name in zip(panels, vae.classes_, strict=False):
            plot_images(ax, vae.manifold(n_per_side, name), image_shape, n_columns=n_per_side)
            ax.set_title(label(name), fontsize=9)
        for ax in panels[len(vae.classes_) :]:
            ax.set_axis_off()
    return figure
