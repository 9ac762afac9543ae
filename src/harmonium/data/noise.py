"""Gaussian noise on examples, the same for the same seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from harmonium.precision import SINGLE
from harmonium.random.seeding import spawn_generator


def add_noise(X: npt.NDArray[np.floating], sigma: float, seed: int) -> npt.NDArray[np.floating]:
    """Return X plus Gaussian noise of standard deviation `sigma`, not clipped; the same for the same seed.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    sigma : float
        In the units of X.
    seed : int
    """
    noise = torch.empty(X.shape, **SINGLE).normal_(generator=spawn_generator(seed, "test noise")).numpy()
    return np.asarray(X + np.float32(sigma) * noise, dtype=X.dtype)
