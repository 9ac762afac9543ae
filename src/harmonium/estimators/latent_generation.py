"""New examples from a variational autoencoder: draws of z from its prior, decoded."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from harmonium.estimators.latent_paths import LatentPaths
from harmonium.estimators.parameters import check_positive_integer, check_positive_number
from harmonium.exceptions import InvalidInputError, TrainingWarning
from harmonium.modules.vae import VAEModule
from harmonium.precision import DOUBLE
from harmonium.random.seeding import RandomState, root_seed, spawn_generator

_MANIFOLD_TAIL = 0.02
_NO_EX_POST = (
    "a density fitted after training is no more: sample() draws from the model's own prior, "
    "and prior='mixture' or 'flow' learns that from the data; got {}"
)


class LatentGeneration(LatentPaths):
    """Base of the variational autoencoders: samples, and the manifold of two latent dimensions."""

    @property
    def _n_conditions(self) -> int:
        """The length of a condition; 0 for a plain model."""
        return 0

    def fit_latent_density(self, *args: Any, **kwargs: Any) -> None:
        """Raise InvalidInputError, which says what took the place of this method."""
        raise InvalidInputError(_NO_EX_POST.format("a call of fit_latent_density"))

    def sample(
        self,
        n_samples: int | None = None,
        y: Any = None,
        *,
        temperature: float = 1.0,
        noise: bool = False,
        random_state: RandomState = None,
        density: None = None,
    ) -> npt.NDArray[np.float64]:
        """Draw new rows from the model: z from its prior, then E[x | z] or x ~ p(x | z).

        Parameters
        ----------
        n_samples : int, optional
            By default a row of each of `y`, and one without.
        y : label, row of labels, or array-like of shape (n_samples,) or (n_samples, n_columns)
            Needed with a condition.
        temperature : float
            1 draws from the prior itself. Less draws z closer to where its components are, so that rows are more
            typical and less various: the factor on the standard deviation of the noise that z is made of.
        noise : bool
            True draws x from p(x | z) in place of E[x | z].
        random_state : int, numpy generator or None
            None draws anew at each call.
        density : None
            Of earlier versions; any other value is an error.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            In the user's units.

        Warns
        -----
        TrainingWarning
            If the prior is a mixture that too few epochs have not placed yet.
        """
        if n_samples is not None:
            check_positive_integer("n_samples", n_samples)
        check_positive_number("temperature", temperature)
        if density is not None:
            raise InvalidInputError(_NO_EX_POST.format(f"density={density!r}"))
        self._warn_of_a_mixture_not_placed()
        with self._memory_of_rows("a sample", n_samples or 1), torch.no_grad():
            module = self._exact_module()
            c = self._condition(y, n_samples)
            n_samples = n_samples or (1 if c is None else len(c))
            generator = spawn_generator(root_seed(random_state), "draws")
            z = module.prior.sample(n_samples, generator, torch.float64, c, temperature)
            r = module.decode(z, c)
            v = module.likelihood.sample(r, generator) if noise else module.likelihood.mean(r)
            return self.scaling_.invert(v).numpy()

    def manifold(self, n_side: int = 20, y: Any = None) -> npt.NDArray[np.float64]:
        """Return E[x | z] on a grid that follows the prior, for two latent dimensions.

        The grid is one of the unit square, sent through `Prior.from_uniform`: equal steps are equal shares of the
        prior's mass, for N(0, I) its quantiles.

        Parameters
        ----------
        n_side : int
            Points a side, from a share of 2% to one of 98%.
        y : label, or row of labels
            Needed with a condition.

        Returns
        -------
        ndarray of shape (n_side * n_side, n_features)
            Row by row from the upper left: the first coordinate of the square grows to the right, the second upwards.
        """
        check_positive_integer("n_side", n_side)
        module = self._exact_module()
        if module.n_latent != 2:
            raise InvalidInputError(f"manifold needs n_latent=2; got {module.n_latent}")
        self._warn_of_a_mixture_not_placed()
        with self._memory_of_rows("a manifold", n_side**2):
            return self.decode(self._grid(module, n_side, y), y)

    def _grid(self, module: VAEModule, n_side: int, y: Any) -> npt.NDArray[np.float64]:
        shares = torch.linspace(_MANIFOLD_TAIL, 1 - _MANIFOLD_TAIL, n_side, **DOUBLE)
        up, across = torch.meshgrid(shares.flip(0), shares, indexing="ij")
        with torch.no_grad():
            u = torch.stack([across.ravel(), up.ravel()], 1)
            return module.prior.from_uniform(u, self._condition(y, len(u))).numpy()

    def _warn_of_a_mixture_not_placed(self) -> None:
        if not getattr(self.module_.prior, "is_placed", True):
            warnings.warn(
                f"the mixture is still N(0, I): it is placed after half of n_epochs={self.n_epochs}, and "
                f"{len(self.history_)} are done",
                TrainingWarning,
                stacklevel=3,
            )
