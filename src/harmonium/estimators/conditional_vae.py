"""The class-conditional variational autoencoder as a scikit-learn estimator."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from harmonium.data.batches import Labels
from harmonium.estimators.class_labels import ClassLabels
from harmonium.estimators.vae import VAE
from harmonium.modules.vae import VAEModule


class ConditionalVAE(ClassLabels, VAE):
    """Variational autoencoder conditioned on a label: q(z | x, c) and p(x | z, c).

    The label's one-hot vector is concatenated to the input of encoder and decoder; all else, and every parameter, is as
    in `VAE`. Where an example must be encoded and no label is given, the class is taken for which log p(x | z, c) at
    the posterior mean, less the KL divergence, is largest.

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
    >>> settings = {"likelihood": "gaussian", "learning_rate": 0.01, "n_epochs": 50}
    >>> vae = ConditionalVAE(1, hidden_sizes=(16,), random_state=0, **settings).fit(X, y)
    >>> bool(vae.sample(100, y="high").mean() > vae.sample(100, y="low").mean() + 3)
    True
    """

    @property
    def _n_conditions(self) -> int:
        return len(self.classes_)

    def _encoded_labels(self, y: npt.ArrayLike | None, n_samples: int) -> Labels:
        return np.eye(len(self.classes_), dtype=np.float32)[super()._encoded_labels(y, n_samples)]

    def _given_or_likeliest(self, X: npt.ArrayLike, y: npt.ArrayLike | None) -> Labels:
        n_samples = len(self._check_matrix(X, reset=False))
        if y is None:
            bounds = [self._infer(X, np.full(n_samples, label), _bound_at_the_mean) for label in self.classes_]
            y = self.classes_[np.argmax(bounds, axis=0)]
        return self._encoded_labels(y, n_samples)


def _bound_at_the_mean(module: VAEModule, v: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    mean, log_variance = module.encode(v, c)
    return module.log_likelihood(v, mean, c) - module.prior.kl(mean, log_variance, c)
