"""Rows of images: data, reconstructions and samples under one another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from harmonium.data.datasets import Dataset
from harmonium.figures.image_grids import plot_images
from harmonium.figures.style import style

Images = npt.NDArray[np.floating]


def draw_rows(rows: Mapping[str, Images], image_shape: tuple[int, ...] | None, width: float = 9) -> Figure:
    """Draw as many images a row, with the row's name to the left.

    Parameters
    ----------
    rows : mapping of str to ndarray of shape (n, height * width)
    image_shape : (height, width)
    width : float
        Of the figure, inches.
    """
    n_columns = len(next(iter(rows.values())))
    shape = image_shape or (1, 1)
    height = 0.85 * width * len(rows) * shape[0] / (shape[1] * n_columns) + 0.2
    with style():
        figure = Figure(figsize=(width, height), layout="constrained")
        plot_images(
            figure.subplots(),
            np.concatenate(list(rows.values())),
            shape,
            n_columns=n_columns,
            row_labels=list(rows),
        )
    return figure


def one_of_each_class(data: Dataset, n: int) -> list[int]:
    """Return the index of the first example of every class, then those of the first examples, `n` in all."""
    firsts = [] if data.y is None else np.unique(data.y, return_index=True)[1].tolist()
    return [*firsts, *range(n)][:n]
