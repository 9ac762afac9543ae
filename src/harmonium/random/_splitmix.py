"""The numbers of `draws.fill_in_torch`, compiled: no number waits for another, so the loops run in vectors."""

from __future__ import annotations

from typing import Any

from numba import int32, uint64

from harmonium._compilation import compiled


@compiled()
def fill(out: Any, key: Any, offset: Any, scale: Any) -> None:
    """Write (2k + 1 - offset) * scale with k uniform on 23 bits, the upper half's from the upper bits of the hashes."""
    n_low = out.size // 2
    upper, lower = out[: out.size - n_low], out[out.size - n_low :]
    unit = out.dtype.type(scale)
    for i in range(n_low):
        z = _hash(key, i)
        upper[i] = _scaled(z >> uint64(41), offset, unit)
        lower[i] = _scaled((z >> uint64(9)) & uint64(0x7FFFFF), offset, unit)
    for i in range(n_low, upper.size):
        upper[i] = _scaled(_hash(key, i) >> uint64(41), offset, unit)


@compiled()
def _hash(key: Any, i: Any) -> Any:
    z = uint64(key) + uint64(i + 1) * uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@compiled()
def _scaled(k: Any, offset: Any, unit: Any) -> Any:
    return type(unit)(int32(k) * int32(2) + int32(1 - offset)) * unit
