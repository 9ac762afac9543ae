"""One ``random_state`` in, independent generators out; no global seed is set or read."""

from __future__ import annotations

import secrets
import zlib

import numpy as np
import torch

from harmonium.exceptions import InvalidInputError

RandomState = int | np.random.RandomState | np.random.Generator | None


def root_seed(random_state: RandomState) -> int:
    """Return the one integer that every generator of a fit is derived from.

    Parameters
    ----------
    random_state : int, numpy.random.RandomState, numpy.random.Generator or None
        An integer is the seed itself; a NumPy generator gives its next draw; None gives fresh entropy.

    Returns
    -------
    int

    Raises
    ------
    InvalidInputError
        If `random_state` is none of these, or a negative integer.
    """
    if random_state is None:
        return secrets.randbits(32)
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31 - 1))
    if not isinstance(random_state, bool) and isinstance(random_state, int | np.integer) and random_state >= 0:
        return int(random_state)
    raise InvalidInputError(
        f"random_state must be a non-negative integer, a NumPy generator or None; got {random_state!r}"
    )


def spawn_generator(seed: int, stream: str) -> torch.Generator:
    """Return the generator of one named stream of randomness.

    A stream depends on the seed and its own name alone, so that adding a stream changes no other.
    """
    entropy = np.random.SeedSequence([seed, zlib.crc32(stream.encode())])
    state = entropy.generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state) & (2**63 - 1))
