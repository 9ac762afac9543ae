"""Grids of images: data, reconstructions, samples and filters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from harmonium.figures.style import label


def tile(
    images: npt.NDArray[np.floating], image_shape: tuple[int, ...], n_columns: int, gap: int = 2
) -> npt.NDArray[np.floating]:
    """Put images beside and below each other, with zeros, drawn white where they are grey, in the gaps.

    Parameters
    ----------
    images : ndarray of shape (n, height * width) or (n, height * width * channels)
    image_shape : (height, width) or (height, width, channels)
    n_columns : int
    gap : int
        Pixels between images.

    Returns
    -------
    ndarray of shape (n_rows * (height + gap) - gap, n_columns * (width + gap) - gap), with the channels last
    """
    height, width, *channels = image_shape
    n_rows = -(-len(images) // n_columns)
    canvas = np.zeros((n_rows * (height + gap) - gap, n_columns * (width + gap) - gap, *channels))
    for index, image in enumerate(images):
        top, left = (index // n_columns) * (height + gap), (index % n_columns) * (width + gap)
        canvas[top : top + height, left : left + width] = image.reshape(image_shape)
    return canvas


def plot_images(
    ax: Axes,
    images: npt.NDArray[np.floating],
    image_shape: tuple[int, ...],
    *,
    n_columns: int,
    row_labels: Sequence[str] = (),
) -> Axes:
    """Draw images in [0, 1] in inverted grey, ink on paper; values outside are clipped."""
    ax.imshow(tile(images, image_shape, n_columns), cmap="gray_r", vmin=0, vmax=1, interpolation="none")
    return _bare(ax, image_shape, row_labels)


def plot_filters(ax: Axes, filters: npt.NDArray[np.floating], image_shape: tuple[int, ...], *, n_columns: int) -> Axes:
    """Draw signed images, each on its own symmetrical scale: blue below zero, white at zero, red above."""
    largest = np.abs(filters).max(axis=1, keepdims=True)
    scaled = filters / np.where(largest > 0, largest, 1)
    ax.imshow(tile(scaled, image_shape, n_columns), cmap="RdBu_r", vmin=-1, vmax=1, interpolation="none")
    return _bare(ax, image_shape, ())


def _bare(ax: Axes, image_shape: tuple[int, ...], row_labels: Sequence[str]) -> Axes:
    ax.grid(False)
    ax.set_xticks([])
    height = image_shape[0]
    ax.set_yticks(
        [row * (height + 2) + height / 2 for row in range(len(row_labels))], labels=[label(name) for name in row_labels]
    )
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax
