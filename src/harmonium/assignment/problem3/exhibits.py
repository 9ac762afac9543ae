"""Tables and drawings of problem 3."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from harmonium.assignment.numbers import number
from harmonium.assignment.over_seeds import Metrics
from harmonium.assignment.problem3.protocol import Problem3
from harmonium.estimators.sparse_autoencoder import SparseAutoencoder
from harmonium.families.sparse_autoencoder import PROBED_UNITS
from harmonium.figures.curves import plot_trade_off
from harmonium.figures.image_grids import plot_filters, plot_images
from harmonium.figures.style import style
from harmonium.report.display import Table

METHOD_TITLES = {
    "identity": "the noisy image itself",
    "pca": "PCA, components above the noise",
    "wiener": "Wiener filter, the best linear map",
    "total_variation": "total variation",
    "non_local_means": "non-local means",
    "bm3d": "BM3D",
    "dictionary_learning": "dictionary learning (scikit-learn)",
    "sparse_autoencoder": "sparse autoencoder, one layer",
    "sparse_autoencoder_unrolled": "sparse autoencoder, unrolled",
}
ENCODER_TITLES = {"sparse_autoencoder": "one layer", "sparse_autoencoder_unrolled": "unrolled"}
_DICTIONARY_COLUMNS = 56
Array = npt.NDArray[np.floating]


def denoising_errors(problem: Problem3, results: Metrics) -> Table:
    """Tabulate the error and the PSNR of every method at every strength of noise."""
    strengths = [f"{sigma:g}" for sigma in sorted(problem.sigmas)]
    n_test = results[strengths[0]]["identity"]["n_images"]
    rows = {}
    for key, title in METHOD_TITLES.items():
        if all(key in results[sigma] for sigma in strengths):
            cells = [results[sigma][key] for sigma in strengths]
            errors = [f"{number(cell, 'test_mse', 5)} ({number(cell, 'psnr', 1)} dB)" for cell in cells]
            rows[title] = [*errors, f"{cells[0].get('n_images', n_test)}"]
    return Table([*(f"σ = {sigma}" for sigma in strengths), "images"], rows)


def sparsity_of_codes(problem: Problem3, results: Metrics) -> Table:
    """Tabulate how sparse the codes of the noisy test images are, and how well few atoms a class name it."""
    keys = {"l0": 1, "dead": 0, "rare": 0, "explained_variance": 3, "seconds_per_epoch": 2}
    keys |= {f"probe_accuracy_{n_units}": 3 for n_units in PROBED_UNITS}
    rows = {
        f"σ = {sigma:g}, {title}": [number(results[f"{sigma:g}"][key], name, digits) for name, digits in keys.items()]
        for sigma in sorted(problem.sigmas)
        for key, title in ENCODER_TITLES.items()
    }
    probed = [f"{n_units} atom{'s' if n_units > 1 else ''}" for n_units in PROBED_UNITS]
    return Table(["L0", "dead", "rare", "explained", "s an epoch", *probed], rows)


def draw_atoms_of_images(model: SparseAutoencoder, noisy: Array, clean: Array, image_shape: Any, n: int = 5) -> Figure:
    """Draw for each noisy image the columns of D with the largest activations."""
    indices, intensities = model.top_atoms(noisy, n)
    with style():
        figure = Figure(figsize=(6.8, 1.0 * len(noisy)), layout="constrained")
        for row, panels in enumerate(figure.subplots(len(noisy), 2 + n)):
            plot_images(panels[0], noisy[row : row + 1], image_shape, n_columns=1)
            plot_images(panels[1], clean[row : row + 1], image_shape, n_columns=1)
            for ax, index, intensity in zip(panels[2:], indices[row], intensities[row], strict=True):
                plot_filters(ax, model.dictionary_[index : index + 1], image_shape, n_columns=1)
                ax.set_title(f"#{index}, h = {intensity:.1f}", fontsize=9)
            if row == 0:
                panels[0].set_title("input", fontsize=9)
                panels[1].set_title("clean", fontsize=9)
    return figure


def draw_atoms_over_all(model: SparseAutoencoder, noisy: Array, image_shape: Any, n: int = 5) -> Figure:
    """Draw the columns of D with the largest mean activation over all images, and how often they are active."""
    indices, intensities = model.top_atoms(noisy, n, over_all=True)
    frequency = (model.transform(noisy) != 0).mean(axis=0)
    with style():
        figure = Figure(figsize=(8, 1.8), layout="constrained")
        for ax, index, intensity in zip(figure.subplots(1, n), indices, intensities, strict=True):
            plot_filters(ax, model.dictionary_[index : index + 1], image_shape, n_columns=1)
            ax.set_title(f"#{index}, mean h = {intensity:.2f}\nin {100 * frequency[index]:.0f}% of images", fontsize=9)
    return figure


def draw_dictionary(model: SparseAutoencoder, noisy: Array, image_shape: Any) -> Figure:
    """Draw every column of D, the one that is active for most images first."""
    order = np.argsort(-(model.transform(noisy) != 0).mean(axis=0), kind="stable")
    n_rows = -(-len(order) // _DICTIONARY_COLUMNS)
    with style():
        figure = Figure(figsize=(9, 9 * n_rows / _DICTIONARY_COLUMNS), layout="constrained")
        plot_filters(figure.subplots(), model.dictionary_[order], image_shape, n_columns=_DICTIONARY_COLUMNS)
    return figure


def error_by_l0(results: Metrics) -> Figure:
    """Draw the error against the number of active units, along the swept weights of the L1 norm."""
    points = {f"λ = {l1}": (cell["l0"], cell["test_mse"]) for l1, cell in results["l1_sweep"].items()}
    with style():
        figure = Figure(figsize=(4.6, 1.9), layout="constrained")
        plot_trade_off(figure.subplots(), points, xlabel="L0: active units an image", ylabel="test error per pixel")
    return figure
