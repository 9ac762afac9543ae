"""How much each row of a fit counts."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from sklearn.utils.class_weight import compute_sample_weight

from harmonium.exceptions import InvalidInputError

SampleWeight = npt.ArrayLike | Literal["balanced"] | None


def check_weights(
    sample_weight: SampleWeight, y: npt.ArrayLike | None, n_samples: int
) -> npt.NDArray[np.float64] | None:
    """Return how much each row counts, or None where all count the same.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), "balanced" or None
        ``"balanced"``: every class of `y` counts the same.
    y : array-like of shape (n_samples,), optional
    n_samples : int

    Raises
    ------
    InvalidInputError
        If they are not finite numbers of at least 0, one a row, with one above 0; or there are no classes to balance.
    """
    if sample_weight is None:
        return None
    if isinstance(sample_weight, str):
        labels = None if y is None else np.asarray(y)
        if sample_weight != "balanced" or labels is None or labels.shape != (n_samples,):
            raise InvalidInputError(
                "sample_weight must be numbers, one a row of X, or 'balanced' with y one column of classes; "
                f"got {sample_weight!r} and y of shape {None if labels is None else labels.shape}"
            )
        return np.asarray(compute_sample_weight("balanced", labels), dtype=np.float64)
    wanted = f"sample_weight must be finite numbers of at least 0, one a row of X, shape ({n_samples},)"
    try:
        weights = np.array(sample_weight, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"{wanted}: {error}") from error
    if weights.shape != (n_samples,):
        raise InvalidInputError(f"{wanted}; got shape {weights.shape}")
    if not (np.isfinite(weights).all() and weights.min() >= 0 and weights.max() > 0):
        raise InvalidInputError(
            f"{wanted}, not all of them zero; got values from {weights.min():g} to {weights.max():g}"
        )
    weights /= weights.max()  # what counts is how they compare; their sum must not overflow
    return weights
