"""The pictures of problem 3, drawn from its run directories."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from harmonium.data.datasets import load_dataset
from harmonium.experiments.denoisers import add_noise
from harmonium.experiments.evaluate import TEST_NOISE_SEED
from harmonium.experiments.over_seeds import Metrics
from harmonium.experiments.problem3 import Problem3
from harmonium.figures.curves import plot_trade_off
from harmonium.figures.image_grids import plot_filters, plot_images
from harmonium.figures.style import style

N_PAIRS = 5
N_ATOMS = 5
_DICTIONARY_COLUMNS = 42


def draw_problem3(problem: Problem3, metrics: Metrics) -> dict[str, Figure]:
    """Draw every picture of problem 3, with the run of seed 0 at the first strength of noise.

    Returns
    -------
    dict of str to Figure
        ``denoised_pairs``, ``atoms_of_images``, ``atoms_over_all``, ``dictionary`` and ``error_by_l0``.
    """
    sigma = problem.sigmas[0]
    test = load_dataset(problem.data, "test")
    shape: Any = test.image_shape
    model = problem.run(sigma).load_estimator()
    noisy = add_noise(test.X, sigma, TEST_NOISE_SEED)
    codes = model.transform(noisy)
    with style():
        return {
            "denoised_pairs": _pairs(noisy[:N_PAIRS], model.denoise(noisy[:N_PAIRS]), test.X[:N_PAIRS], shape),
            "atoms_of_images": _atoms_of_images(model, noisy[:N_PAIRS], test.X[:N_PAIRS], shape),
            "atoms_over_all": _atoms_over_all(model, noisy, codes, shape),
            "dictionary": _dictionary(model.dictionary_, codes, shape),
            "error_by_l0": _trade_off(metrics["problem3"]["l1_sweep"]),
        }


def _pairs(noisy: Any, output: Any, clean: Any, shape: Any) -> Figure:
    figure = Figure(figsize=(6, 3.7), layout="constrained")
    labels = ["input, noisy", "output", "clean"]
    plot_images(figure.subplots(), np.concatenate([noisy, output, clean]), shape, n_columns=N_PAIRS, row_labels=labels)
    return figure


def _atoms_of_images(model: Any, noisy: Any, clean: Any, shape: Any) -> Figure:
    indices, intensities = model.top_atoms(noisy, N_ATOMS)
    figure = Figure(figsize=(8, 1.45 * len(noisy)), layout="constrained")
    for row, panels in enumerate(figure.subplots(len(noisy), 2 + N_ATOMS)):
        plot_images(panels[0], noisy[row : row + 1], shape, n_columns=1)
        plot_images(panels[1], clean[row : row + 1], shape, n_columns=1)
        for ax, index, intensity in zip(panels[2:], indices[row], intensities[row], strict=True):
            plot_filters(ax, model.dictionary_[index : index + 1], shape, n_columns=1)
            ax.set_title(f"#{index}, h = {intensity:.1f}", fontsize=8)
        if row == 0:
            panels[0].set_title("input", fontsize=8)
            panels[1].set_title("clean", fontsize=8)
    return figure


def _atoms_over_all(model: Any, noisy: Any, codes: Any, shape: Any) -> Figure:
    indices, intensities = model.top_atoms(noisy, N_ATOMS, over_all=True)
    frequency = (codes != 0).mean(axis=0)
    figure = Figure(figsize=(8, 2), layout="constrained")
    for ax, index, intensity in zip(figure.subplots(1, N_ATOMS), indices, intensities, strict=True):
        plot_filters(ax, model.dictionary_[index : index + 1], shape, n_columns=1)
        ax.set_title(f"#{index}, mean h = {intensity:.2f}\nin {100 * frequency[index]:.0f}% of images", fontsize=8)
    return figure


def _dictionary(dictionary: Any, codes: Any, shape: Any) -> Figure:
    order = np.argsort(-(codes != 0).mean(axis=0), kind="stable")
    n_rows = -(-len(order) // _DICTIONARY_COLUMNS)
    figure = Figure(figsize=(9, 9 * n_rows / _DICTIONARY_COLUMNS), layout="constrained")
    plot_filters(figure.subplots(), dictionary[order], shape, n_columns=_DICTIONARY_COLUMNS)
    return figure


def _trade_off(sweep: Metrics) -> Figure:
    figure = Figure(figsize=(5.6, 3.8), layout="constrained")
    points = {f"λ = {l1}": (cell["l0"], cell["test_mse"]) for l1, cell in sweep.items()}
    plot_trade_off(
        figure.subplots(), points, xlabel="L0: active units an image", ylabel="test mean squared error per pixel"
    )
    return figure
