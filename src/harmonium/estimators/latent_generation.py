"""New examples from a variational autoencoder: draws of z, decoded."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import torch

from harmonium.estimators.latent_paths import LatentPaths
from harmonium.estimators.parameters import check_choice, check_positive_integer
from harmonium.exceptions import InvalidInputError
from harmonium.random.seeding import RandomState, root_seed, spawn_generator
from harmonium.samplers.latent_density import LatentDensity, fit_latent_density
from harmonium.training.trainer import Trainer

_MANIFOLD_TAIL = 0.02
_DENSITY = "latent_density."


class LatentGeneration(LatentPaths):
    """Base of the variational autoencoders: samples, and the manifold of two latent dimensions."""

    classes_: npt.NDArray[Any]
    latent_density_: LatentDensity

    @property
    def _n_conditions(self) -> int:
        """The length of a condition; 0 for a plain model."""
        return 0

    def _adopt(self, trainer: Trainer) -> Self:
        self.__dict__.pop("latent_density_", None)  # one fitted before is not of these weights
        return super()._adopt(trainer)

    def _kept_tensors(self) -> dict[str, torch.Tensor]:
        density = vars(self.latent_density_) if hasattr(self, "latent_density_") else {}
        return super()._kept_tensors() | {f"{_DENSITY}{name}": part for name, part in density.items()}

    def _restore_tensors(self, tensors: dict[str, torch.Tensor]) -> None:
        super()._restore_tensors(tensors)
        density = {key.removeprefix(_DENSITY): part for key, part in tensors.items() if key.startswith(_DENSITY)}
        if density:
            self.latent_density_ = LatentDensity(**density)

    def fit_latent_density(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None, n_components: int = 10) -> Self:
        """Fit a mixture of Gaussians to the aggregated posterior, one a class, for `sample` to draw from.

        Parameters
        ----------
        X, y
            The training set.
        n_components : int

        Returns
        -------
        self
        """
        check_positive_integer("n_components", n_components)
        mean, sd = self.encode(X, y)
        condition = self._encoded_labels(y, len(mean))
        if condition is not None and not hasattr(self, "classes_"):
            raise InvalidInputError("a density is fitted class by class: it needs a condition of one column of classes")
        labels = None if condition is None else condition.argmax(1)
        counts = np.array([len(mean)]) if labels is None else np.bincount(labels, minlength=self._n_conditions)
        if counts.min() < 2:
            name = "X" if labels is None else f"class {self.classes_[counts.argmin()]}"
            raise InvalidInputError(f"a density needs two rows or more; {name} has {counts.min()}")
        noise = torch.empty(mean.shape).normal_(generator=spawn_generator(self.seed_, "latent density")).double()
        self.latent_density_ = fit_latent_density(
            torch.from_numpy(mean).double() + noise * torch.from_numpy(sd).double(),
            torch.zeros(len(mean), dtype=torch.int64) if labels is None else torch.from_numpy(labels),
            max(1, self._n_conditions),
            n_components,
            self.seed_ % 2**32,
        )
        return self

    def sample(
        self,
        n_samples: int = 1,
        y: Any = None,
        *,
        density: Literal["prior", "ex-post"] = "prior",
        noise: bool = False,
        random_state: RandomState = None,
    ) -> npt.NDArray[np.float64]:
        """Draw new rows: z from a density, then E[x | z] or x ~ p(x | z).

        Parameters
        ----------
        n_samples : int
        y : label, row of labels, or array-like of shape (n_samples,) or (n_samples, n_columns)
            Needed with a condition.
        density : {"prior", "ex-post"}
            The model's p(z), N(0, I), or what `fit_latent_density` fitted.
        noise : bool
            True draws x from p(x | z) in place of E[x | z].
        random_state : int, numpy generator or None
            None draws from the seed of the fit: the same call gives the same samples.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            In the user's units.
        """
        check_positive_integer("n_samples", n_samples)
        check_choice("density", density, ("prior", "ex-post"))
        module = self._exact_module()
        c = self._condition(y, n_samples)
        generator = spawn_generator(self.seed_ if random_state is None else root_seed(random_state), "draws")
        if density == "prior":
            z = module.prior.sample(n_samples, generator, torch.float64, c)
        elif hasattr(self, "latent_density_"):
            classes = torch.zeros(n_samples, dtype=torch.int64) if c is None else c.argmax(1)
            z = self.latent_density_.sample(classes, generator)
        else:
            raise InvalidInputError("density='ex-post' needs a call of fit_latent_density(X, y) first")
        with torch.no_grad():
            r = module.decode(z, c)
            v = module.likelihood.sample(r, generator) if noise else module.likelihood.mean(r)
            return self.scaling_.invert(v).numpy()

    def manifold(self, n_side: int = 20, y: Any = None) -> npt.NDArray[np.float64]:
        """Return E[x | z] on a grid over the quantiles of the prior, for two latent dimensions.

        Parameters
        ----------
        n_side : int
            Points a side, from the 2% to the 98% quantile.
        y : label, or row of labels
            Needed with a condition.

        Returns
        -------
        ndarray of shape (n_side * n_side, n_features)
            Row by row from the upper left: the first latent dimension grows to the right, the second upwards.
        """
        check_positive_integer("n_side", n_side)
        module = self._exact_module()
        if module.n_latent != 2:
            raise InvalidInputError(f"manifold needs n_latent=2; got {module.n_latent}")
        probabilities = torch.linspace(_MANIFOLD_TAIL, 1 - _MANIFOLD_TAIL, n_side, dtype=torch.float64)
        quantiles = module.prior.quantiles(probabilities).numpy()
        across, up = np.meshgrid(quantiles[:, 0], quantiles[::-1, 1])
        return self.decode(np.column_stack([across.ravel(), up.ravel()]), y)
