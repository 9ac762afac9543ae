"""What a restricted Boltzmann machine says of examples: features, reconstructions, likelihood; and draws from it."""

from __future__ import annotations

import math
import sys
import warnings

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils.validation import check_is_fitted

from harmonium.estimators.base import LatentVariableEstimator
from harmonium.estimators.inference import map_rows
from harmonium.estimators.input_checks import Array
from harmonium.estimators.parameters import check_positive_integer
from harmonium.memory import COPIES, memory_for
from harmonium.metrics.partition_function import log_partition
from harmonium.modules.rbm import RBMModule
from harmonium.random.seeding import RandomState, root_seed, spawn_generator
from harmonium.samplers.annealed_importance import LogPartitionEstimate
from harmonium.samplers.hidden_states import sample_hidden_states

_BYTES_PER_STEP = 40.0  # of the temperatures, a number of Python's and NumPy's each
_LEAST_SHARE = 30 / 256  # of the annealed chains: where they are worth less, the draws are not to be relied on


class BoltzmannInference(LatentVariableEstimator):
    """Base of the restricted Boltzmann machines: inference, likelihood and draws."""

    module_: RBMModule
    _log_partition: tuple[RBMModule, LogPartitionEstimate] | None = None

    @property
    def components_(self) -> npt.NDArray[np.float32]:
        """Return W, transposed: shape (n_hidden, n_features)."""
        return self.module_.weight.detach().numpy()

    @property
    def intercept_hidden_(self) -> npt.NDArray[np.float32]:
        """Return alpha, shape (n_hidden,)."""
        return self.module_.hidden_bias.detach().numpy()

    @property
    def intercept_visible_(self) -> npt.NDArray[np.float32]:
        """Return b in the model's units, shape (n_features,)."""
        return self.module_.visible_bias.detach().numpy()

    @property
    def _n_features_out(self) -> int:
        return self.module_.n_hidden

    def transform(self, X: npt.ArrayLike) -> Array:
        r"""Return :math:`p(h_j = 1 | x)`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_hidden)
        """
        return map_rows(self, X, self._exact_module().hidden_probabilities)

    def reconstruct(self, X: npt.ArrayLike) -> Array:
        """Return the deterministic mean-field pass x -> p(h | x) -> E[x | h], in the user's units.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        module = self._exact_module()
        return map_rows(self, X, lambda v: self.scaling_.invert(module.reconstruct(v)))

    def denoise(self, X: npt.ArrayLike) -> Array:
        """Return what `reconstruct` does: what the hidden units do not carry, noise as well, is left out.

        Unlike a `SparseAutoencoder` it is not told how strong the noise is, and of clean rows too it leaves out what it
        has no units for: it helps where the noise is stronger than that.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        """
        return self.reconstruct(X)

    def free_energy(self, X: npt.ArrayLike) -> Array:
        """Return F(v) = -log Σ_h exp(-E(v, h)) of the scaled rows, in nats.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return map_rows(self, X, self._exact_module().free_energy)

    def log_partition_estimate(self) -> LogPartitionEstimate:
        """Return log Z over the scaled v in nats, with its standard error and effective sample size.

        Exact where the states of one side can be summed over, of at most 20 units; else by annealed importance
        sampling (256 chains, 2000 temperatures). It is computed once a fit.
        """
        check_is_fitted(self)
        module, found = self.module_, self._log_partition
        if found is None or found[0] is not module:
            found = module, log_partition(module, spawn_generator(self.seed_, "log partition"))
            self._log_partition = found
        return found[1]

    def log_partition(self) -> float:
        """Return log Z over the scaled v in nats: the value of `log_partition_estimate`."""
        return self.log_partition_estimate().value

    @property
    def _log_volume(self) -> float:
        """What the scaling adds to a log-density in the user's units."""
        return self.scaling_.log_volume

    def score_samples(self, X: npt.ArrayLike) -> Array:
        r"""Return :math:`\log p(x) = -F(v) - \log Z - \sum_i \log s_i`, in nats per example.

        With the scale s of `scaling_`, so that the density integrates to one over the user's x.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        constant = self.log_partition() + self._log_volume
        module = self._exact_module()
        return map_rows(self, X, lambda v: -module.free_energy(v) - constant)

    def score(self, X: npt.ArrayLike, y: object = None) -> float:
        """Return the mean of `score_samples`, in nats per example.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        float
        """
        return float(self.score_samples(X).mean(dtype=np.float64))

    def sample(
        self,
        n_samples: int = 1,
        n_gibbs_steps: int = 2000,
        *,
        noise: bool = True,
        random_state: RandomState = None,
    ) -> npt.NDArray[np.float64]:
        """Draw from the model: h from its marginal, then x ~ p(x | h).

        Where log Z is exact, so is the draw of h. Beyond, chains are annealed from the uniform distribution over half
        of the steps, drawn in proportion to their importance weights, and go on at the model's own temperature for the
        other half (`harmonium.samplers.hidden_states.annealed_hidden_states`).

        Parameters
        ----------
        n_samples : int
            One chain a sample.
        n_gibbs_steps : int
            Steps of a chain: sweeps over the hidden units with the visible ones integrated out where these are
            Gaussian, else block Gibbs; not needed where the draw is exact.
        noise : bool
            False gives E[x | h] of the last state in place of a draw, for pictures without the pixel noise.
        random_state : int, numpy generator or None
            None draws anew at each call.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            In the user's units.

        Warns
        -----
        UserWarning
            Where the annealed chains are worth less than 30 independent ones in 256. With `verbose` it is said how
            many they are worth in any case.
        """
        check_positive_integer("n_samples", n_samples)
        check_positive_integer("n_gibbs_steps", n_gibbs_steps)
        module = self._exact_module()
        generator = spawn_generator(root_seed(random_state), "draws")
        n_steps = 0 if module.enumerable_side() else n_gibbs_steps
        n_bytes = 8.0 * COPIES * n_samples * (module.n_visible + module.n_hidden) + _BYTES_PER_STEP * n_steps
        with memory_for(f"a sample of {n_samples} rows in {n_gibbs_steps} steps", n_bytes), torch.no_grad():
            h, n_chains, worth = sample_hidden_states(module, n_samples, n_gibbs_steps, generator)
            self._say_how_it_went(n_gibbs_steps, n_chains, worth)
            v = module.sample_visible(h, generator) if noise else module.visible_mean(h)
            return self.scaling_.invert(v).numpy()

    def _say_how_it_went(self, n_gibbs_steps: int, n_chains: int, worth: float) -> None:
        how = f"the {n_chains} annealed chains behind these draws are worth {worth:.0f} independent ones"
        if worth < _LEAST_SHARE * n_chains:
            warnings.warn(
                f"{how}, so that some modes may be drawn too often and others too rarely; a larger n_gibbs_steps helps "
                f"(now {n_gibbs_steps})",
                stacklevel=3,
            )
        elif self.verbose:
            print("exact draws" if math.isinf(worth) else how, file=sys.stderr)
