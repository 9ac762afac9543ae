"""Encoders and decoders: multilayer perceptrons and convolutional networks, initialised from a generator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn.utils import skip_init


def _layer(kind: type[nn.Module], generator: torch.Generator, *arguments: int, **options: Any) -> nn.Module:
    """Make a layer with weights from U(-a, a), a = sqrt(6 / fan-in), for rectified units, and biases zero.

    K. He et al., "Delving Deep into Rectifiers", ICCV 2015, eq. 10. PyTorch's own initialisation would draw from the
    global generator.
    """
    layer: Any = skip_init(kind, *arguments, **options)  # type: ignore[no-untyped-call]  # untyped in PyTorch
    weight = layer.weight
    # a unit of a transposed convolution with stride 2 sees a quarter of its kernel
    fan_in = weight.shape[0] * weight[0, 0].numel() / 4 if kind is nn.ConvTranspose2d else weight[0].numel()
    bound = math.sqrt(6 / fan_in)
    with torch.no_grad():
        weight.uniform_(-bound, bound, generator=generator)
        layer.bias.zero_()
    return layer  # type: ignore[no-any-return]  # the same


def mlp(sizes: Sequence[int], generator: torch.Generator) -> nn.Sequential:
    """Return fully connected layers through these sizes, with a rectifier after each but the last."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [_layer(nn.Linear, generator, n_in, n_out), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers[:-1])


class ConvolutionalEncoder(nn.Module):
    """Halve the image once a channel count, then one fully connected layer.

    Parameters
    ----------
    image_shape : (height, width)
    channels : sequence of int
    n_conditions : int
        Length of the one-hot vector, which enters as that many constant planes beside the image.
    n_out : int
    generator : torch.Generator
    """

    def __init__(
        self,
        image_shape: tuple[int, int],
        channels: Sequence[int],
        n_conditions: int,
        n_out: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.image_shape = image_shape
        layers: list[nn.Module] = []
        for n_in, n in zip([1 + n_conditions, *channels[:-1]], channels, strict=True):
            layers += [
                _layer(nn.Conv2d, generator, n_in, n, 4, stride=2, padding=1),
                nn.ReLU(inplace=True),
            ]
        height, width = halved_shapes(image_shape, len(channels))[-1]
        self.convolutions = nn.Sequential(*layers)
        self.head = _layer(nn.Linear, generator, channels[-1] * height * width, n_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map rows [pixels, one-hot] of shape (n, height * width + n_conditions) to (n, n_out)."""
        height, width = self.image_shape
        images = x[:, : height * width].reshape(-1, 1, height, width)
        conditions = x[:, height * width :, None, None].expand(-1, -1, height, width)
        features: torch.Tensor = self.head(self.convolutions(torch.cat([images, conditions], 1)).flatten(1))
        return features


class ConvolutionalDecoder(nn.Module):
    """Mirror of `ConvolutionalEncoder`: one fully connected layer, then double the image once a channel count.

    Parameters
    ----------
    n_in : int
        Latent dimensions and conditions together.
    image_shape : (height, width)
    channels : sequence of int
        In the encoder's order.
    generator : torch.Generator
    """

    def __init__(
        self, n_in: int, image_shape: tuple[int, int], channels: Sequence[int], generator: torch.Generator
    ) -> None:
        super().__init__()
        shapes = halved_shapes(image_shape, len(channels))[::-1]
        self.start = (channels[-1], *shapes[0])
        self.head = _layer(nn.Linear, generator, n_in, math.prod(self.start))
        layers: list[nn.Module] = []
        reversed_channels = [*channels[::-1], 1]
        for k, (n, n_out) in enumerate(pairwise(reversed_channels)):
            odd = tuple(after - 2 * before for before, after in zip(shapes[k], shapes[k + 1], strict=True))
            options = {"stride": 2, "padding": 1, "output_padding": odd}
            layers += [nn.ReLU(inplace=True), _layer(nn.ConvTranspose2d, generator, n, n_out, 4, **options)]
        self.convolutions = nn.Sequential(*layers)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Map rows [z, one-hot] of shape (n, n_in) to (n, height * width)."""
        images: torch.Tensor = self.convolutions(self.head(z).reshape(-1, *self.start))
        return images.flatten(1)


def halved_shapes(image_shape: tuple[int, int], times: int) -> list[tuple[int, int]]:
    """Return the shape of an image before and after each halving, rounded down."""
    shapes = [image_shape]
    for _ in range(times):
        height, width = shapes[-1]
        shapes.append((height // 2, width // 2))
    return shapes
