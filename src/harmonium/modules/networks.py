"""Encoders and decoders: multilayer perceptrons and convolutional networks, initialised from a generator.

Their hidden units are sigmoid-weighted linear, x sigmoid(x) (S. Elfwing et al., Neural Networks 107 (2018)),
with which autoencoders of this size train in far fewer steps than with rectified ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import torch
from torch import nn
from torch.nn.functional import conv2d
from torch.nn.utils import skip_init

from harmonium.precision import SINGLE

ArchitectureName = Literal["mlp", "convolutional"]
ARCHITECTURES: tuple[str, ...] = ("mlp", "convolutional")
_HALVING: dict[str, Any] = {"stride": 2, "padding": 1}


def make_networks(
    architecture: ArchitectureName,
    hidden_sizes: Sequence[int],
    image_shape: Sequence[int] | None,
    *,
    n_features: int,
    n_conditions: int,
    n_latent: int,
    generator: torch.Generator,
) -> tuple[nn.Module, nn.Module]:
    """Return the encoder and the decoder of a variational autoencoder; the decoder mirrors the encoder.

    Parameters
    ----------
    architecture : {"mlp", "convolutional"}
    hidden_sizes : sequence of int
        Of the encoder. Multilayer: the widths. Convolutional: the channels of convolutions that each halve the image,
        then the width of one fully connected layer.
    image_shape : (height, width), (height, width, channels) or None
        Needed by the convolutional architecture alone; the product is `n_features`.
    n_features, n_conditions, n_latent : int
        Lengths of an example, of its condition (0 without) and of z.
    generator : torch.Generator
        Draws the weights, the encoder's first.

    Returns
    -------
    encoder : Module
        Maps (n, n_features + n_conditions) to (n, 2 * n_latent).
    decoder : Module
        Maps (n, n_latent + n_conditions) to (n, n_features).
    """
    if architecture == "mlp":
        encoder = mlp([n_features + n_conditions, *hidden_sizes, 2 * n_latent], generator)
        return encoder, mlp([n_latent + n_conditions, *hidden_sizes[::-1], n_features], generator)
    if image_shape is None or math.prod(image_shape) != n_features:
        raise ValueError(f"a convolutional architecture needs the shape of images of {n_features} pixels")
    *channels, width = hidden_sizes
    return (
        ConvolutionalEncoder(image_shape, channels, width, n_conditions, 2 * n_latent, generator),
        ConvolutionalDecoder(n_latent + n_conditions, image_shape, channels, width, generator),
    )


def smallest_image(image_shape: Sequence[int], hidden_sizes: Sequence[int]) -> tuple[int, int]:
    """Return what halving leaves of an image, once for each of `hidden_sizes` but the last, which is a width.

    A convolutional architecture needs one halving or more, and a pixel or more at its end.
    """
    return halved_shapes(image_shape, len(hidden_sizes) - 1)[-1]


def layer(kind: type[nn.Module], generator: torch.Generator, *arguments: int, **options: Any) -> nn.Module:
    """Make a layer with weights from U(-a, a), a = sqrt(6 / fan-in), as for rectified units, and biases zero.

    K. He et al., "Delving Deep into Rectifiers", ICCV 2015, eq. 10. PyTorch's own initialisation would draw from the
    global generator.
    """
    layer: Any = skip_init(kind, *arguments, **options, **SINGLE)  # type: ignore[no-untyped-call]  # untyped in PyTorch
    weight = layer.weight
    # a unit of a transposed convolution with stride 2 sees a quarter of its kernel
    fan_in = weight.shape[0] * weight[0, 0].numel() / 4 if kind is nn.ConvTranspose2d else weight[0].numel()
    bound = math.sqrt(6 / fan_in)
    with torch.no_grad():
        weight.uniform_(-bound, bound, generator=generator)
        layer.bias.zero_()
    return layer  # type: ignore[no-any-return]  # the same


def mlp(sizes: Sequence[int], generator: torch.Generator) -> nn.Sequential:
    """Return fully connected layers through these sizes, with a hidden unit's function after each but the last."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [layer(nn.Linear, generator, n_in, n_out), nn.SiLU(inplace=True)]
    return nn.Sequential(*layers[:-1])


class ConvolutionalEncoder(nn.Module):
    """Halve the image once a channel count, then two fully connected layers.

    Parameters
    ----------
    image_shape : (height, width) or (height, width, channels)
    channels : sequence of int
    width : int
        Of the hidden fully connected layer.
    n_conditions : int
        Length of the condition, which enters as that many constant planes beside the image.
    n_out : int
    generator : torch.Generator
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        channels: Sequence[int],
        width: int,
        n_conditions: int,
        n_out: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.height, self.width, self.n_channels = (*image_shape, 1)[:3]
        self.first: Any = layer(nn.Conv2d, generator, self.n_channels + n_conditions, channels[0], 4, **_HALVING)
        layers: list[nn.Module] = []
        for n_in, n in pairwise(channels):
            layers += [nn.SiLU(inplace=True), layer(nn.Conv2d, generator, n_in, n, 4, **_HALVING)]
        self.convolutions = nn.Sequential(*layers, nn.SiLU(inplace=True))
        self.head = mlp(
            [channels[-1] * math.prod(halved_shapes(image_shape, len(channels))[-1]), width, n_out], generator
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map rows [pixels, condition] of shape (n, height * width * channels + n_conditions) to (n, n_out)."""
        n_pixels, n_channels = self.height * self.width, self.n_channels
        pixels, conditions = x[:, : n_pixels * n_channels], x[:, n_pixels * n_channels :]
        # in a row the channels of a pixel stand together; a convolution wants each channel as a plane
        planes = pixels.reshape(-1, n_pixels, n_channels).transpose(1, 2)
        images = planes.reshape(-1, n_channels, self.height, self.width)
        weight = self.first.weight
        maps = conv2d(images, weight[:, :n_channels], self.first.bias, **_HALVING)
        if conditions.shape[1] > 0:
            # the planes of a condition are constant: their part of the convolution is one map each, made once a batch
            planes = torch.eye(conditions.shape[1], dtype=x.dtype, device=x.device)[:, :, None, None].expand(
                -1, -1, self.height, self.width
            )
            maps = maps + torch.tensordot(conditions, conv2d(planes, weight[:, n_channels:], **_HALVING), 1)
        features: torch.Tensor = self.head(self.convolutions(maps).flatten(1))
        return features


class ConvolutionalDecoder(nn.Module):
    """Mirror of `ConvolutionalEncoder`: two fully connected layers, then double the image once a channel count.

    Parameters
    ----------
    n_in : int
        Latent dimensions and conditions together.
    image_shape : (height, width) or (height, width, channels)
    channels : sequence of int
        In the encoder's order.
    width : int
    generator : torch.Generator
    """

    def __init__(
        self, n_in: int, image_shape: Sequence[int], channels: Sequence[int], width: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        shapes = halved_shapes(image_shape, len(channels))[::-1]
        self.start = (channels[-1], *shapes[0])
        self.head = mlp([n_in, width, math.prod(self.start)], generator)
        layers: list[nn.Module] = []
        reversed_channels = [*channels[::-1], image_shape[2] if len(image_shape) == 3 else 1]
        for k, (n, n_out) in enumerate(pairwise(reversed_channels)):
            odd = tuple(after - 2 * before for before, after in zip(shapes[k], shapes[k + 1], strict=True))
            layers += [
                nn.SiLU(inplace=True),
                layer(nn.ConvTranspose2d, generator, n, n_out, 4, output_padding=odd, **_HALVING),
            ]
        self.convolutions = nn.Sequential(*layers)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Map rows [z, condition] of shape (n, n_in) to (n, height * width * channels)."""
        images: torch.Tensor = self.convolutions(self.head(z).reshape(-1, *self.start))
        return images.flatten(2).transpose(1, 2).flatten(1)


def halved_shapes(image_shape: Sequence[int], times: int) -> list[tuple[int, int]]:
    """Return the height and width of an image before and after each halving, rounded down."""
    shapes = [(image_shape[0], image_shape[1])]
    for _ in range(times):
        height, width = shapes[-1]
        shapes.append((height // 2, width // 2))
    return shapes
