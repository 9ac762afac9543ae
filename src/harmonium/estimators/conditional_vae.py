"""The class-conditional variational autoencoder as a scikit-learn estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from harmonium.estimators.vae import VAE
from harmonium.exceptions import InvalidInputError


class ConditionalVAE(VAE):
    """Variational autoencoder conditioned on a label: q(z | x, c) and p(x | z, c).

    The label's one-hot vector is concatenated to the input of encoder and decoder; all else, and every parameter, is as
    in `VAE`. Where an example must be encoded and no label is given, the class with the largest ELBO is taken.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted; any that NumPy can sort, names too.

    References
    ----------
    K. Sohn, H. Lee, X. Yan, "Learning Structured Output Representation using Deep Conditional Generative Models",
    NeurIPS 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from harmonium import ConditionalVAE
    >>> y = np.array(["low", "high"])[np.random.default_rng(0).integers(0, 2, 500)]
    >>> X = np.where(y == "low", 0.0, 5.0)[:, None] + np.random.default_rng(1).normal(size=(500, 3))
    >>> vae = ConditionalVAE(1, hidden_sizes=(16,), likelihood="gaussian", random_state=0).fit(X, y)
    >>> bool(vae.sample(100, y="high").mean() > vae.sample(100, y="low").mean() + 3)
    True
    """

    classes_: npt.NDArray[Any]

    @property
    def _n_classes(self) -> int:
        return len(self.classes_)

    def _learn_labels(self, y: npt.ArrayLike | None, n_samples: int) -> None:
        if y is None:
            # scikit-learn's tools look for these words
            raise InvalidInputError("ConditionalVAE requires y to be passed, but the target y is None")
        labels = np.asarray(y)
        if labels.shape != (n_samples,):
            raise InvalidInputError(f"y must have one label a row of X, shape ({n_samples},); got {labels.shape}")
        if labels.dtype.kind == "f" and not np.isfinite(labels).all():
            raise InvalidInputError("y contains NaN or infinity; every label must be a value")
        self.classes_ = np.unique(labels)

    def class_indices(self, y: npt.ArrayLike | None, n_samples: int) -> npt.NDArray[np.int64]:
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

    def _given_or_likeliest(self, X: npt.ArrayLike, y: npt.ArrayLike | None) -> npt.NDArray[np.int64]:
        n_samples = len(self._check_matrix(X, reset=False))
        if y is not None:
            return self.class_indices(y, n_samples)
        bounds = [self.elbo(X, np.full(n_samples, label)) for label in self.classes_]
        likeliest: npt.NDArray[np.int64] = np.argmax(bounds, axis=0).astype(np.int64)
        return likeliest

    def _class_list(self) -> str:
        return ", ".join(str(label) for label in self.classes_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
