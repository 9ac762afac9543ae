"""What a variational autoencoder says of examples: codes, reconstructions, bounds on their log-likelihood."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils.validation import check_is_fitted

from harmonium.data.batches import Labels
from harmonium.estimators.base import LatentVariableEstimator
from harmonium.estimators.inference import map_rows
from harmonium.estimators.input_checks import Array, check_codes
from harmonium.estimators.parameters import check_positive_integer
from harmonium.exceptions import InvalidInputError
from harmonium.memory import COPIES, memory_for
from harmonium.metrics.variational_bounds import divergence, elbo, iwae
from harmonium.modules.vae import VAEModule
from harmonium.random.seeding import spawn_generator


class VariationalInference(LatentVariableEstimator):
    """Base of the variational autoencoders: inference by q(z | x), and decoding."""

    module_: VAEModule

    @property
    def _n_features_out(self) -> int:
        return self.module_.n_latent

    def _infer(self, X: npt.ArrayLike, y: npt.ArrayLike | None, function: Callable[..., torch.Tensor]) -> Array:
        """Apply a function of the module and a batch to all rows, in single precision where X is, else in double."""
        check_is_fitted(self)
        precision = torch.float32 if getattr(X, "dtype", None) == np.float32 else torch.float64
        module = copy.deepcopy(self.module_).to(precision).eval()
        labels = self._given_or_likeliest(X, y)
        return map_rows(
            self, X, lambda v, *c: function(module, v, *(part.to(precision) for part in c)), labels, precision
        )

    def _given_or_likeliest(self, X: npt.ArrayLike, y: npt.ArrayLike | None) -> Labels | None:
        """Return the conditions of inference, shape (n_samples, n_conditions); None for a model without."""
        if isinstance(y, Real):
            raise InvalidInputError(
                f"y must be labels, one a row, which a model without a condition ignores; got {y!r}: pass all that "
                "follows y by its name"
            )
        return None

    def _condition(self, y: npt.ArrayLike | None, n_samples: int | None) -> torch.Tensor | None:
        """Return the conditions of new rows, for the exact module; None for a model without."""
        labels = self._encoded_labels(y, n_samples)
        return None if labels is None else torch.from_numpy(labels).double()

    def encode(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> tuple[Array, Array]:
        """Return mean and standard deviation of q(z | x), each of shape (n_samples, n_latent).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_columns), optional
            Labels; ignored without a condition.
        """

        def both(module: VAEModule, v: torch.Tensor, c: torch.Tensor | None = None) -> torch.Tensor:
            mean, log_variance = module.encode(v, c)
            return torch.cat([mean, (0.5 * log_variance).exp()], -1)

        mean, sd = np.split(self._infer(X, y, both), 2, axis=1)
        return mean, sd

    def transform(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> Array:
        """Return the mean of q(z | x), shape (n_samples, n_latent).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_columns), optional
        """
        return self._infer(X, y, lambda module, *v: module.encode(*v)[0])

    def fit_transform(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None, **fit_params: Any) -> Array:
        """Fit, then `transform` with the same labels; shape (n_samples, n_latent).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_columns), optional
        """
        return self.fit(X, y, **fit_params).transform(X, y)

    def reconstruct(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> Array:
        """Return E[x | z] at the mean z of q(z | x), in the user's units, shape (n_samples, n_features).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_columns), optional
        """
        return self._infer(X, y, lambda module, *v: self.scaling_.invert(module.reconstruct(*v)))

    def _memory_of_rows(self, what: str, n_rows: int) -> AbstractContextManager[None]:
        check_is_fitted(self)
        n_bytes = 8.0 * COPIES * n_rows * (self.n_features_in_ + self._n_features_out)
        return memory_for(f"{what} of {n_rows} rows", n_bytes)

    def decode(self, z: npt.ArrayLike, y: npt.ArrayLike | None = None) -> npt.NDArray[np.float64]:
        """Return E[x | z] in the user's units, shape (n_samples, n_features).

        Parameters
        ----------
        z : array-like of shape (n_samples, n_latent)
        y : array-like of shape (n_samples,) or (n_samples, n_columns), or one label or row for all
            Needed with a condition.
        """
        module = self._exact_module()
        points = check_codes("z", z, self._n_features_out)
        with self._memory_of_rows("decoding", len(points)), torch.no_grad():
            r = module.decode(torch.from_numpy(points), self._condition(y, len(points)))
            return self.scaling_.invert(module.likelihood.mean(r)).numpy()

    def inverse_transform(self, Z: npt.ArrayLike, y: npt.ArrayLike | None = None) -> npt.NDArray[np.float64]:
        """Return `decode` of codes, under the name that scikit-learn's pipelines call; shape (n_samples, n_features).

        Parameters
        ----------
        Z : array-like of shape (n_samples, n_latent)
        y : array-like of shape (n_samples,) or (n_samples, n_columns), or one label or row for all
            Needed with a condition.
        """
        return self.decode(Z, y)

    def elbo(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None, *, n_samples: int = 1) -> Array:
        """Return the evidence lower bound on log p(x), nats per example, shape (n_samples,).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_columns), optional
        n_samples : int
            Draws from q(z | x) over which log p(x | z) is averaged; the same draws for the same matrix.
        """
        check_positive_integer("n_samples", n_samples)
        return self._bound(X, y, elbo, n_samples)

    def iwae(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None, *, n_importance: int = 50) -> Array:
        """Return the importance-weighted bound on log p(x), tighter than the ELBO, nats per example.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_columns), optional
        n_importance : int
            Draws from q(z | x) an example; the same draws for the same matrix.
        """
        check_positive_integer("n_importance", n_importance)
        return self._bound(X, y, iwae, n_importance)

    def kl(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> Array:
        """Return KL[q(z | x) || p(z)], nats per example, shape (n_samples,).

        With a learned prior it is estimated by one draw from each q(z | x), and single values can be negative.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_columns), optional
        """
        generator = spawn_generator(self.seed_, "bounds")
        return self._infer(X, y, lambda module, v, c=None: divergence(module, v, c, generator))

    def score_samples(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> Array:
        """Return the importance-weighted bound of 50 draws, a lower estimate of log p(x), nats per example.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_columns), optional
        """
        return self.iwae(X, y)

    def score(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> float:
        """Return the mean of `score_samples`, in nats per example.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_columns), optional
        """
        return float(self.score_samples(X, y).mean(dtype=np.float64))

    def _bound(self, X: npt.ArrayLike, y: npt.ArrayLike | None, bound: Any, n_draws: int) -> Array:
        generator = spawn_generator(self.seed_, "bounds")

        def values(module: VAEModule, v: torch.Tensor, c: torch.Tensor | None = None) -> torch.Tensor:
            result: torch.Tensor = bound(module, v, c, generator, n_draws) - self.scaling_.log_volume
            return result

        return self._infer(X, y, values)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True  # the bounds draw from one stream over all rows
        return tags
