"""The invertible scaling between the user's units and a model's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from harmonium.data.tensors import as_tensor

ScalingKind = Literal["global", "feature", "unit-interval", "none"]
SCALING_KINDS: tuple[str, ...] = ("global", "feature", "unit-interval", "none")

_ROWS_PER_CHUNK = 512  # a chunk in float64 stays in the cache


@dataclass(frozen=True)
class Scaling:
    r"""The affine map :math:`v = (x - m) / s`, feature by feature.

    Attributes
    ----------
    mean : ndarray of shape (n_features,), float64
        :math:`m`, in the user's units.
    scale : ndarray of shape (n_features,), float64
        :math:`s > 0`, in the user's units.
    """

    mean: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]

    def apply(self, x: torch.Tensor) -> torch.Tensor:
        """Map a batch from the user's units to the model's, in the batch's own precision."""
        return (x - torch.from_numpy(self.mean).to(x)) / torch.from_numpy(self.scale).to(x)

    def invert(self, v: torch.Tensor) -> torch.Tensor:
        """Map a batch from the model's units back to the user's."""
        return v * torch.from_numpy(self.scale).to(v) + torch.from_numpy(self.mean).to(v)

    @property
    def log_volume(self) -> float:
        r""":math:`\sum_i \log s_i`, so that :math:`\log p(x) = \log p(v) - \sum_i \log s_i`."""
        return float(np.log(self.scale).sum())


def fit_scaling(
    X: npt.NDArray[np.floating], kind: ScalingKind, weights: npt.NDArray[np.float64] | None = None
) -> Scaling:
    """Choose the scaling of a data matrix.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Read in chunks of rows, so that a memory-mapped array stays on disk.
    kind : {"global", "feature", "unit-interval", "none"}
        ``"global"`` centres every feature and divides by the one standard deviation of all centred
        values, so that pixels keep their relative contrast; ``"feature"`` divides every feature by its own;
        ``"unit-interval"`` takes every feature's least value to 0 and its greatest to 1; ``"none"`` is the identity.
    weights : ndarray of shape (n_samples,), optional
        How much a row counts; those of weight zero do not count at all.

    Returns
    -------
    Scaling
        Constant features are taken to zero and divided by the largest scale of the others, so that all features follow
        a change of units; wholly constant data by one.
    """
    n_samples, n_features = X.shape
    if kind == "none":
        return Scaling(np.zeros(n_features), np.ones(n_features))
    rows = as_tensor(X)
    if kind == "unit-interval":
        seen = rows if weights is None else rows[torch.from_numpy(weights > 0)]
        least, greatest = (bound.to(torch.float64) for bound in _range(seen))
        return Scaling(least.numpy(), _without_zeros(greatest - least))
    # measured from the first row: a constant has variance zero, and the square of the mean, taken from that of the
    # values, is at most n_samples times the variance, so that double precision keeps its digits under any offset
    origin = rows[0 if weights is None else int(weights.argmax())].to(torch.float64)
    total, squares = torch.zeros_like(origin), torch.zeros_like(origin)
    room = origin.new_empty(min(n_samples, _ROWS_PER_CHUNK), n_features)
    for start in range(0, n_samples, _ROWS_PER_CHUNK):
        part = rows[start : start + _ROWS_PER_CHUNK]
        chunk = torch.sub(part, origin, out=room[: len(part)])
        if weights is None:
            total += chunk.sum(0)
            squares += chunk.square_().sum(0)
        else:
            of_part = torch.from_numpy(weights[start : start + _ROWS_PER_CHUNK])
            total += of_part @ chunk
            squares += of_part @ chunk.square_()
    n = n_samples if weights is None else float(weights.sum())
    mean = total / n
    variance = squares / n - mean.square()
    mean += origin
    if kind == "global":
        variance = variance.mean().expand(n_features)
    return Scaling(mean.numpy(), _without_zeros(variance.clamp(min=0).sqrt()))


def _without_zeros(scale: torch.Tensor) -> npt.NDArray[np.float64]:
    """Return the scales with the largest in place of zero; with ones if all are zero."""
    largest = scale.amax()
    filled: npt.NDArray[np.float64] = scale.where(scale > 0, largest if largest > 0 else 1.0).numpy()
    return filled


def _range(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the least and the greatest value of every feature."""
    bounds = [torch.aminmax(rows[i : i + _ROWS_PER_CHUNK], dim=0) for i in range(0, len(rows), _ROWS_PER_CHUNK)]
    return torch.stack([b.min for b in bounds]).amin(0), torch.stack([b.max for b in bounds]).amax(0)
