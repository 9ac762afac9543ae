"""The conditional variational autoencoder as a scikit-learn estimator."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from harmonium.data.batches import Labels
from harmonium.estimators.labelled import Labelled
from harmonium.estimators.vae import VAE
from harmonium.modules.vae import VAEModule


class ConditionalVAE(Labelled, VAE):
    r"""Variational autoencoder conditioned on labels: q(z | x, c) and p(x | z, c).

    A row c of numbers is concatenated to the input of encoder and decoder; all else, and every parameter, is as in
    `VAE`. `y` is one column of labels, or a table of them: a data frame or an array of shape (n_samples, n_columns).

    - A column of classes (names, categories, booleans, integers) is a one-hot vector in c. More than 100 different
      integers are refused: give floats where the condition is continuous, names where they are classes.
    - A column of floats is one number in c, :math:`(y - m) / s` with mean m and standard deviation s of the training
      set. In one column alone, and in an array of nothing but floats, whole numbers of up to 100 values are classes,
      as for scikit-learn; in a data frame, and in an array of objects, the type of the column decides. A list is what
      NumPy makes of it, but with names in it an array of objects.

    Where examples are encoded and no `y` is given, that class is taken for which log p(x | z, c) at the posterior mean,
    less the KL divergence, is largest; that needs one column of classes. Where `y` is asked for, it can be one label
    (one row of a table) for all examples; a row that is a mapping or a pandas series is taken by the columns' names.

    Attributes
    ----------
    conditions_ : tuple of ClassColumn or ContinuousColumn
        What each column of `y` was learned to be: its name with the classes, or with mean and standard deviation.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted, where `y` is one column of classes.

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

    A class and a number at once:

    >>> dose = np.random.default_rng(2).uniform(0, 10, 500)
    >>> table = np.array(list(zip(y, dose)), dtype=object)
    >>> vae.fit(X + dose[:, None], table).conditions_[0].classes.tolist()
    ['high', 'low']
    >>> bool(vae.sample(100, y=["low", 9.0]).mean() > vae.sample(100, y=["low", 1.0]).mean() + 3)
    True
    """

    def _given_or_likeliest(self, X: npt.ArrayLike, y: npt.ArrayLike | None) -> Labels:
        n_samples = len(self._check_matrix(X, reset=False))
        if y is None and hasattr(self, "classes_"):
            best, likeliest = np.full(n_samples, -np.inf), np.zeros(n_samples, np.int64)
            for k, label in enumerate(self.classes_):
                bounds = self._infer(X, label, _bound_at_the_mean)
                likeliest[bounds > best] = k
                np.maximum(best, bounds, out=best)
            y = self.classes_[likeliest]
        return self._encoded_labels(y, n_samples)


def _bound_at_the_mean(module: VAEModule, v: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    mean, log_variance = module.encode(v, c)
    return module.log_likelihood(v, mean, c) - module.prior.kl(mean, log_variance, mean, c)
