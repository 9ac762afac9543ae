"""A small convolutional classifier of images."""

from __future__ import annotations

import torch
from torch import nn

from harmonium.modules.networks import halved_shapes, layer, mlp
from harmonium.precision import SINGLE

_CHANNELS = (32, 64, 64)


class ClassifierModule(nn.Module):
    """Two convolutions that halve the image, one that does not, each batch-normalised, then two linear layers.

    Parameters
    ----------
    image_shape : (height, width)
        Each at least 4.
    n_features, n_classes : int
        Widths of the linear layers.
    generator : torch.Generator
    """

    def __init__(
        self, image_shape: tuple[int, int], n_features: int, n_classes: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.image_shape = image_shape
        first, second, third = _CHANNELS
        self.convolutions = nn.Sequential(
            layer(nn.Conv2d, generator, 1, first, 4, stride=2, padding=1),
            nn.BatchNorm2d(first, **SINGLE),
            nn.ReLU(inplace=True),
            layer(nn.Conv2d, generator, first, second, 4, stride=2, padding=1),
            nn.BatchNorm2d(second, **SINGLE),
            nn.ReLU(inplace=True),
            layer(nn.Conv2d, generator, second, third, 3, padding=1),
            nn.BatchNorm2d(third, **SINGLE),
            nn.ReLU(inplace=True),
        )
        height, width = halved_shapes(image_shape, 2)[-1]
        self.hidden = nn.Sequential(mlp([third * height * width, n_features], generator), nn.ReLU(inplace=True))
        self.last = mlp([n_features, n_classes], generator)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last hidden layer, shape (n, n_features)."""
        h: torch.Tensor = self.hidden(self.convolutions(x.reshape(-1, 1, *self.image_shape)).flatten(1))
        return h

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of the classes, shape (n, n_classes)."""
        logits: torch.Tensor = self.last(self.features(x))
        return logits

    def mirror(self, x: torch.Tensor) -> torch.Tensor:
        """Return the images with left and right exchanged."""
        return x.reshape(-1, *self.image_shape).flip(-1).reshape(x.shape)
