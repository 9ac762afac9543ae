"""The pictures of problem 2, drawn from its run directories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from harmonium.data.datasets import Dataset, load_dataset
from harmonium.experiments.problem2 import CLASSES_DRAWN, PERPLEXITY, Problem2, read_map
from harmonium.figures.curves import plot_curves
from harmonium.figures.image_grids import plot_images
from harmonium.figures.latent_space import plot_classes
from harmonium.figures.style import style
from harmonium.figures.tuning import plot_importances, plot_tuning_history

TITLES = {"vae": "VAE", "conditional_vae": "class-conditional VAE"}
N_IMAGES = 10
_N_SIDE_PLAIN, _N_SIDE_CLASS = 20, 9


def draw_problem2(problem: Problem2) -> dict[str, Figure]:
    """Draw every picture of problem 2, with the runs of seed 0.

    Returns
    -------
    dict of str to Figure
        ``tuning_history``, ``tuning_importances``, ``elbo_by_epoch``, ``samples_ex_post``, ``samples_prior``,
        ``reconstructions_autoencoders``, ``tsne``, ``latent_plane``, ``manifold_vae`` and ``manifold_conditional_vae``.
    """
    test = load_dataset(problem.data, "test")
    with style():
        return {
            **_tuning(problem),
            "elbo_by_epoch": _elbo_by_epoch(problem),
            "samples_ex_post": _samples(problem, test, "ex-post"),
            "samples_prior": _samples(problem, test, "prior"),
            "reconstructions_autoencoders": _reconstructions(problem, test),
            "tsne": _tsne(problem, test),
            "latent_plane": _latent_plane(problem, test),
            "manifold_vae": _manifold_vae(problem, test),
            "manifold_conditional_vae": _manifold_conditional(problem, test),
        }


def classes_drawn(test: Dataset) -> tuple[str, ...]:
    """Return the assignment's four classes, or the first four of data that do not have them."""
    names = np.unique(np.asarray(test.labels))
    return CLASSES_DRAWN if set(CLASSES_DRAWN) <= set(names) else tuple(names[:4])


def _tuning(problem: Problem2) -> dict[str, Figure]:
    study = problem.run("conditional_vae", "chosen").study()
    pictures = {name: Figure(figsize=(5.6, 3.6), layout="constrained") for name in ("history", "importances")}
    plot_tuning_history(pictures["history"].subplots(), study["trials"])
    plot_importances(pictures["importances"].subplots(), study["importances"])
    return {f"tuning_{name}": figure for name, figure in pictures.items()}


def _elbo_by_epoch(problem: Problem2) -> Figure:
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    panels = figure.subplots(1, 2)
    for ax, (setting, title) in zip(
        panels,
        {"chosen": "chosen setting", "bernoulli16": "Bernoulli on grey pixels (no density), z = 16"}.items(),
        strict=True,
    ):
        curves = {}
        for key in ("vae", "conditional_vae"):
            history = problem.run(key, setting).history()
            curves[TITLES[key]] = ([row["epoch"] for row in history], [row["negative_elbo"] for row in history])
        plot_curves(ax, curves, xlabel="epoch", ylabel="−ELBO while training, nats" if ax is panels[0] else "")
        ax.set_title(title)
    return figure


def _samples(problem: Problem2, test: Dataset, density: Any) -> Figure:
    vae = problem.run("conditional_vae", "chosen").load_estimator()
    names = classes_drawn(test)
    images = vae.sample(N_IMAGES * len(names), np.repeat(names, N_IMAGES), density=density)
    return _grid(images, test, list(names))


def _reconstructions(problem: Problem2, test: Dataset) -> Figure:
    rows = np.unique(np.asarray(test.labels), return_index=True)[1]
    X, y = test.X[rows], np.asarray(test.labels)[rows]
    images, labels = [X], ["test image"]
    for setting, suffix in (
        ("chosen", "chosen"),
        ("bernoulli16", "Bernoulli, z = 16"),
        ("latent2", "Bernoulli, z = 2"),
    ):
        for key, title in TITLES.items():
            images.append(problem.run(key, setting).load_estimator().reconstruct(X, y))
            labels.append(f"{title.replace('class-conditional VAE', 'cVAE')}, {suffix}")
    return _grid(np.concatenate(images), test, labels, n_columns=len(rows))


def _tsne(problem: Problem2, test: Dataset) -> Figure:
    points = {key: read_map(problem.run(key, "chosen")) for key in TITLES}
    figure = _two_scatters(points, test)
    seed = problem.run("vae", "chosen").config().parameters["random_state"]
    figure.suptitle(
        f"t-SNE of the posterior means of the test images, perplexity {PERPLEXITY}, seed {seed}", fontsize=10
    )
    return figure


def _latent_plane(problem: Problem2, test: Dataset) -> Figure:
    points = {key: problem.run(key, "latent2").load_estimator().transform(test.X, test.labels) for key in TITLES}
    figure = _two_scatters(points, test)
    for ax in figure.axes:
        ax.set(xlabel="z₁", ylabel="z₂", aspect="equal", xlim=(-4, 4), ylim=(-4, 4))
    return figure


def _two_scatters(points: Mapping[str, npt.NDArray[np.floating]], test: Dataset) -> Figure:
    names, classes = np.unique(np.asarray(test.labels), return_inverse=True)
    figure = Figure(figsize=(9, 5), layout="constrained")
    panels = figure.subplots(1, 2)
    for ax, (key, title) in zip(panels, TITLES.items(), strict=True):
        plot_classes(ax, points[key], classes, list(names))
        ax.set(title=title, xticks=[], yticks=[])
        ax.grid(False)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, markerscale=2)
    return figure


def _manifold_vae(problem: Problem2, test: Dataset) -> Figure:
    vae = problem.run("vae", "latent2").load_estimator()
    figure = Figure(figsize=(7, 7), layout="constrained")
    plot_images(figure.subplots(), vae.manifold(_N_SIDE_PLAIN), _shape(test), n_columns=_N_SIDE_PLAIN)
    return figure


def _manifold_conditional(problem: Problem2, test: Dataset) -> Figure:
    vae = problem.run("conditional_vae", "latent2").load_estimator()
    n_columns = 4
    n_rows = -(-len(vae.classes_) // n_columns)
    figure = Figure(figsize=(9, 2.4 * n_rows), layout="constrained")
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for ax, name in zip(panels, vae.classes_, strict=False):
        plot_images(ax, vae.manifold(_N_SIDE_CLASS, name), _shape(test), n_columns=_N_SIDE_CLASS)
        ax.set_title(name, fontsize=9)
    for ax in panels[len(vae.classes_) :]:
        ax.set_axis_off()
    return figure


def _shape(test: Dataset) -> tuple[int, ...]:
    return test.image_shape or ()


def _grid(images: Any, test: Dataset, labels: list[str], n_columns: int = N_IMAGES) -> Figure:
    figure = Figure(figsize=(9, 7.4 * len(labels) / n_columns), layout="constrained")
    plot_images(figure.subplots(), images, _shape(test), n_columns=n_columns, row_labels=labels)
    return figure
