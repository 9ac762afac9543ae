"""Labels of any sort as indices into sorted classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from harmonium.data.batches import Labels
from harmonium.exceptions import InvalidInputError


class ClassLabels:
    """Mixin of the estimators that learn from labels: to stand before `LatentVariableEstimator`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted; any that NumPy can sort, names too.
    """

    classes_: npt.NDArray[Any]

    def _learn_labels(self, y: npt.ArrayLike | None, n_samples: int) -> None:
        if y is None:
            # scikit-learn's tools look for these words
            raise InvalidInputError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        labels = np.asarray(y)
        if labels.shape != (n_samples,):
            raise InvalidInputError(f"y must have one label a row of X, shape ({n_samples},); got {labels.shape}")
        if labels.dtype.kind == "f" and not np.isfinite(labels).all():
            raise InvalidInputError("y contains NaN or infinity; every label must be a value")
        if labels.dtype.kind == "O" and any(value is None or value != value for value in labels):
            raise InvalidInputError("y has missing labels; every row must have one")
        try:
            self.classes_ = np.unique(labels)
        except TypeError as error:
            raise InvalidInputError(f"y must hold labels of one sort, so that they can be sorted: {error}") from error

    def _encoded_labels(self, y: npt.ArrayLike | None, n_samples: int) -> Labels:
        """Return the labels, or one label for all, as indices into `classes_`."""
        if y is None:
            raise InvalidInputError(f"a class is needed: y must be labels among {self._class_list()}; got None")
        labels = np.asarray(y)
        if labels.ndim == 0:
            labels = np.full(n_samples, labels)
        if labels.shape != (n_samples,):
            raise InvalidInputError(f"y must be one label, or {n_samples} of them; got shape {labels.shape}")
        known = np.isin(labels, self.classes_)
        if not known.all():
            raise InvalidInputError(f"y must be among {self._class_list()}; got {labels[~known][0]!r}")
        indices: npt.NDArray[np.int64] = np.searchsorted(self.classes_, labels).astype(np.int64)
        return indices

    def _kept_labels(self) -> dict[str, list[Any]]:
        return {**super()._kept_labels(), "classes": self.classes_.tolist()}  # type: ignore[misc]  # mixed in

    def _restore_labels(self, labels: dict[str, list[Any]]) -> None:
        super()._restore_labels(labels)  # type: ignore[misc]  # mixed in
        self.classes_ = np.array(labels["classes"])

    def _class_list(self) -> str:
        return ", ".join(str(label) for label in self.classes_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]  # of the estimator that it is mixed into
        tags.target_tags.required = True
        return tags
