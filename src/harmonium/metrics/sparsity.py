"""How sparse a code is, and how well it denoises."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

RARE = 0.001


def sparsity(H: npt.NDArray[np.floating]) -> dict[str, Any]:
    """Measure the codes of a data set.

    Parameters
    ----------
    H : ndarray of shape (n_samples, n_atoms)

    Returns
    -------
    dict
        ``l0``, the mean number of active (non-zero) units an example; ``dead``, the number of units never active;
        ``rare``, of units active for fewer than 0.1% of the examples, the dead ones too.
    """
    frequency = (H != 0).mean(axis=0)
    return {
        "l0": float(frequency.sum()),
        "dead": int((frequency == 0).sum()),
        "rare": int((frequency < RARE).sum()),
    }


def explained_variance(X: npt.NDArray[np.floating], mean_squared_error: float) -> float:
    """Return 1 - the error over the variance of the features around their means, per value; 0 where they never vary."""
    variance = float(X.var(axis=0, dtype=np.float64).mean())
    return 1 - mean_squared_error / variance if variance > 0 else 0.0


def psnr(mean_squared_error: float, peak: float = 1.0) -> float:
    r"""Return the peak signal-to-noise ratio :math:`10 \log_{10} (\text{peak}^2 / \text{MSE})` in decibels."""
    return float(10 * np.log10(peak**2 / mean_squared_error)) if mean_squared_error > 0 else np.inf
