"""A grid of images as a file: every pixel of an image is some whole pixels of the file."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from matplotlib.image import imsave

from harmonium.figures.image_grids import tile

_LEAST_SIDE = 112  # of an image, in pixels of the file


def images_as_png(images: npt.NDArray[np.floating], image_shape: tuple[int, ...], n_columns: int) -> bytes:
    """Return a grid of images as PNG: grey ones as ink on paper, 0 white and 1 black, coloured ones as they are.

    Parameters
    ----------
    images : ndarray of shape (n, height * width * channels)
        Values outside [0, 1] are clipped; where many are far outside, what is drawn is their own range.
    image_shape : (height, width), or with 1 or 3 channels
    n_columns : int
    """
    low, high = np.quantile(images, (0.05, 0.95))
    if low < -1 or high > 2:
        least, greatest = images.min(), images.max()
        images = (images - least) / (greatest - least)
    images = np.clip(images, 0, 1)
    shape = image_shape[:2] if image_shape[2:] == (1,) else image_shape
    is_grey = len(shape) == 2
    canvas = tile(images, shape, n_columns) if is_grey else 1 - tile(1 - images, shape, n_columns)
    scale = -(-_LEAST_SIDE // max(shape[:2]))
    canvas = canvas.repeat(scale, axis=0).repeat(scale, axis=1)
    content = io.BytesIO()
    imsave(content, canvas, cmap="gray_r" if is_grey else None, vmin=0, vmax=1, format="png")
    return content.getvalue()
