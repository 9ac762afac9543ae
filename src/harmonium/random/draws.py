"""Uniform, normal and Bernoulli numbers in bulk: compiled on the CPU, the same bits from PyTorch elsewhere."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import torch

_GAMMA = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB
_N_BITS = 23  # so that 2k + 1 and its difference from 2^23 are exact in float32


def fill_uniform(out: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    r"""Fill a tensor without gaps, in the order of its memory, with numbers uniform on (0, 1), and return it.

    One key is drawn from the generator, and the numbers are SplitMix64's [1]_ from that key on, two from each 64 bits:
    :math:`(2k + 1) 2^{-24}` with k uniform on 23 bits, so never 0 or 1, and as likely u as 1 - u. No
    number waits for the one before, as those of ``Tensor.uniform_`` do.

    References
    ----------
    .. [1] G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014, figure 17.
    """
    return _fill(out, generator, offset=0, scale=0.5**24)


def fill_normal(out: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    r"""Fill a tensor without gaps, in the order of its memory, with standard normal numbers, and return it.

    :math:`\sqrt2\,\operatorname{erf}^{-1}(u)` with :math:`u = (2k + 1) 2^{-23} - 1` of the same k as in
    `fill_uniform`, so that none is beyond 5.3 standard deviations.
    """
    return _fill(out, generator, offset=2**_N_BITS, scale=0.5**_N_BITS).erfinv_().mul_(math.sqrt(2))


def bernoulli(probabilities: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Draw 0.0 or 1.0 with the given probabilities, laid out in memory, and drawn, in the order that they are."""
    return fill_uniform(torch.empty_like(probabilities), generator).lt_(probabilities)


def _fill(out: torch.Tensor, generator: torch.Generator, offset: int, scale: float) -> torch.Tensor:
    """Write (2k + 1 - offset) * scale."""
    key = int(torch.empty((), dtype=torch.int64, device=generator.device).random_(generator=generator).item())
    flat = out.as_strided((out.numel(),), (1,))
    compiled = _compiled_fill() if out.is_cpu else None
    if compiled is None:
        fill_in_torch(flat, key, offset, scale)
    else:
        compiled(flat.numpy(), key, offset, scale)
    return out


def fill_in_torch(out: torch.Tensor, key: int, offset: int, scale: float) -> None:
    """Write the numbers of a key with tensor operations, whose 64-bit products wrap as SplitMix64 asks."""
    half = (len(out) + 1) // 2
    z = torch.arange(1, half + 1, device=out.device) * _signed(_GAMMA) + key
    z = (z ^ _shift(z, 30)) * _signed(_FIRST)
    z = (z ^ _shift(z, 27)) * _signed(_SECOND)
    z = z ^ _shift(z, 31)
    for part, bits in ((out[:half], _shift(z, 41)), (out[half:], _shift(z, 9) & (2**_N_BITS - 1))):
        part.copy_((2 * bits[: len(part)] + (1 - offset)).to(out.dtype) * scale)


def _shift(z: torch.Tensor, n_bits: int) -> torch.Tensor:
    """Shift to the right, and zeros in."""
    return torch.bitwise_and(z >> n_bits, 2 ** (64 - n_bits) - 1)


def _signed(constant: int) -> int:
    return constant - 2**64


@functools.cache
def _compiled_fill() -> Callable[..., None] | None:
    # imported here because the import takes a good part of a second
    try:
        from harmonium.random._splitmix import fill
    except ImportError:
        return None
    compiled: Callable[..., None] = fill
    return compiled
