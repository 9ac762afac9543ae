"""Whether images can pass a convolutional network."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harmonium.exceptions import InvalidInputError
from harmonium.modules.networks import smallest_image


def check_halvings(hidden_sizes: Sequence[int], image_shape: Sequence[int] | None) -> None:
    """Raise InvalidInputError unless images can be halved as often as there are channels; of any shape where None."""
    n_halvings = len(hidden_sizes) - 1
    if n_halvings < 1:
        raise InvalidInputError(
            "architecture='convolutional' needs hidden_sizes of one or more numbers of channels and a width; "
            f"got {hidden_sizes!r}"
        )
    if image_shape is not None and min(smallest_image(image_shape, hidden_sizes)) < 1:
        raise InvalidInputError(
            f"images of {tuple(image_shape)!r} cannot be halved {n_halvings} times, once a convolution"
        )


def check_images(hidden_sizes: Sequence[int], image_shape: Sequence[int] | None, n_features: int) -> None:
    """Raise InvalidInputError unless rows are images of a shape that is known and can be halved."""
    check_halvings(hidden_sizes, image_shape)
    if image_shape is None:
        raise InvalidInputError(
            "architecture='convolutional' needs images: X of shape (n_samples, height, width) or (n_samples, "
            "height, width, channels), or rows and image_shape=(height, width); got rows and None"
        )
    if math.prod(image_shape) != n_features:
        raise InvalidInputError(
            f"image_shape {tuple(image_shape)!r} has {math.prod(image_shape)} pixels; X has {n_features} features"
        )
