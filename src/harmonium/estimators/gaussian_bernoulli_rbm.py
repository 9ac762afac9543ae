"""The Gaussian-Bernoulli restricted Boltzmann machine as a scikit-learn estimator."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils.validation import check_is_fitted

from harmonium.data.scaling import ScalingKind
from harmonium.estimators.base import Array, LatentVariableEstimator
from harmonium.estimators.parameters import check_choice, check_positive_integer, check_positive_number
from harmonium.exceptions import InvalidInputError
from harmonium.metrics.partition_function import log_partition
from harmonium.modules.enumeration import MAX_ENUMERABLE_UNITS
from harmonium.modules.gaussian_bernoulli import GaussianBernoulliRBMModule
from harmonium.objectives.contrastive_divergence import (
    NEGATIVE_PHASES,
    UNBIASED_NEGATIVE_PHASES,
    ContrastiveDivergence,
    NegativePhase,
)
from harmonium.objectives.exact_likelihood import ExactLikelihood
from harmonium.objectives.objective import Objective
from harmonium.objectives.persistent_contrastive_divergence import PersistentContrastiveDivergence
from harmonium.random.seeding import RandomState, root_seed, spawn_generator
from harmonium.samplers.annealed_importance import LogPartitionEstimate
from harmonium.samplers.hidden_states import sample_hidden_states
from harmonium.training.trainer import Trainer

OBJECTIVES = ("cd", "pcd", "likelihood")


class GaussianBernoulliRBM(LatentVariableEstimator):
    r"""Gaussian-Bernoulli restricted Boltzmann machine.

    .. math::

        E(v, h) = -\sum_{ij} W_{ij} h_j \frac{v_i}{\sigma_i} + \sum_i \frac{(v_i - b_i)^2}{2\sigma_i^2}
                  - \sum_j \alpha_j h_j, \qquad p(v, h) = e^{-E(v, h)} / Z

    with real visible units v (the scaled data) and binary hidden units h. Everything the user passes or gets,
    and `score_samples`, is in the user's own units; parameters and energies are in the model's, which `scaling_`
    connects.

    Parameters
    ----------
    n_hidden : int
        M, the number of hidden units.
    learning_rate : float
        Of W, alpha and b.
    batch_size : int
    n_epochs : int
    objective : {"cd", "pcd", "likelihood"}
        Contrastive divergence, its persistent form, or the exact likelihood (up to 20 hidden units).
    n_gibbs_steps : int
        k of CD-k.
    negative_phase : {"collapsed", "sampled", "mean-visible", "mean-field"}
        How (persistent) contrastive divergence moves its chains: Gibbs sweeps over h with v integrated out; block
        Gibbs; block Gibbs with v = E[v | h]; or no randomness at all. See
        `harmonium.objectives.contrastive_divergence.ContrastiveDivergence`.
    sigma : "learned", float or array-like of shape (n_features,)
        The standard deviations of v given h, in the model's units: learned from a start at 1, or fixed.
    sigma_bounds : (float, float)
        Learned standard deviations stay in this interval, in the model's units. The floor matters: a pixel that
        is constant in the training data has no finite density otherwise.
    sigma_learning_rate : float
        Of log sigma².
    optimizer : {"adam", "sgd"}
    momentum : float
        Of SGD; the decay of the first moment of Adam.
    scaling : {"global", "feature", "none"}
        ``"global"`` centres each feature and divides all by one standard deviation, ``"feature"`` each by its
        own, ``"none"`` leaves the data as they are.
    random_state : int, numpy generator or None
        The same integer gives the same bits on the same machine and number of threads.
    verbose : bool
        Show progress.

    Attributes
    ----------
    components_ : ndarray of shape (n_hidden, n_features)
        W, transposed.
    intercept_hidden_ : ndarray of shape (n_hidden,)
        Alpha.
    intercept_visible_ : ndarray of shape (n_features,)
        b, in the model's units.
    sigma_ : ndarray of shape (n_features,)
        In the model's units; times ``scaling_.scale`` it is in the user's.
    scaling_ : Scaling
        ``mean`` and ``scale`` of every feature.
    history_ : list of dict
        A row an epoch.
    module_ : GaussianBernoulliRBMModule
    n_features_in_ : int

    References
    ----------
    G. Hinton, R. Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks", Science 313 (2006).
    K. Cho, A. Ilin, T. Raiko, "Improved Learning of Gaussian-Bernoulli Restricted Boltzmann Machines", ICANN 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from harmonium import GaussianBernoulliRBM
    >>> X = np.random.default_rng(0).normal(size=(500, 6)) * 3 + 10
    >>> rbm = GaussianBernoulliRBM(n_hidden=4, random_state=0).fit(X)
    >>> rbm.transform(X).shape
    (500, 4)
    >>> bool(rbm.score(X) > -20)
    True
    """

    module_: GaussianBernoulliRBMModule
    _log_partition: LogPartitionEstimate | None = None

    def __init__(
        self,
        n_hidden: int = 100,
        *,
        learning_rate: float = 1e-3,
        batch_size: int = 128,
        n_epochs: int = 25,
        objective: Literal["cd", "pcd", "likelihood"] = "cd",
        n_gibbs_steps: int = 1,
        negative_phase: NegativePhase = "collapsed",
        sigma: Literal["learned"] | float | npt.ArrayLike = "learned",
        sigma_bounds: tuple[float, float] = (0.05, 10.0),
        sigma_learning_rate: float = 1e-2,
        optimizer: Literal["adam", "sgd"] = "adam",
        momentum: float = 0.9,
        scaling: ScalingKind = "global",
        random_state: RandomState = None,
        verbose: bool = False,
    ) -> None:
        self.n_hidden = n_hidden
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_epochs = n_epochs
        self.objective = objective
        self.n_gibbs_steps = n_gibbs_steps
        self.negative_phase = negative_phase
        self.sigma = sigma
        self.sigma_bounds = sigma_bounds
        self.sigma_learning_rate = sigma_learning_rate
        self.optimizer = optimizer
        self.momentum = momentum
        self.scaling = scaling
        self.random_state = random_state
        self.verbose = verbose

    @property
    def _sigma_is_learned(self) -> bool:
        return isinstance(self.sigma, str)

    def check_parameters(self) -> None:
        """Raise InvalidInputError unless every hyper-parameter is one that `fit` takes."""
        check_positive_integer("n_hidden", self.n_hidden)
        super().check_parameters()
        check_choice("objective", self.objective, OBJECTIVES)
        check_positive_integer("n_gibbs_steps", self.n_gibbs_steps)
        check_choice("negative_phase", self.negative_phase, NEGATIVE_PHASES)
        check_positive_number("sigma_learning_rate", self.sigma_learning_rate)
        self._check_sigma()
        if self.objective == "likelihood" and self.n_hidden > MAX_ENUMERABLE_UNITS:
            raise InvalidInputError(
                f"objective='likelihood' sums over all states of at most {MAX_ENUMERABLE_UNITS} hidden units; "
                f"got n_hidden={self.n_hidden}"
            )
        if self.objective == "pcd" and self.negative_phase == "mean-field":
            raise InvalidInputError(
                "objective='pcd' needs a negative_phase with a chain of states ('collapsed', 'sampled' or "
                "'mean-visible'); got 'mean-field'"
            )
        biased = self.objective != "likelihood" and self.negative_phase not in UNBIASED_NEGATIVE_PHASES
        if self._sigma_is_learned and biased:
            raise InvalidInputError(
                "sigma='learned' needs negative_phase 'collapsed' or 'sampled', because without the noise of v "
                f"sigma runs to its bound; got {self.negative_phase!r}, which takes a fixed sigma"
            )

    def _check_sigma(self) -> None:
        if self._sigma_is_learned:
            check_choice("sigma", self.sigma, ("learned",))
            bounds: object = self.sigma_bounds
            if not (isinstance(bounds, Sequence) and len(bounds) == 2):
                raise InvalidInputError(f"sigma_bounds must be two positive numbers (low, high); got {bounds!r}")
            check_positive_number("the lower of sigma_bounds", bounds[0])
            check_positive_number("the upper of sigma_bounds", bounds[1])
            if bounds[0] > bounds[1]:
                raise InvalidInputError(f"sigma_bounds must be (low, high) with low <= high; got {bounds!r}")
            return
        try:
            values = np.asarray(self.sigma, dtype=np.float64)
        except (TypeError, ValueError):
            values = np.array(np.nan)
        if values.ndim > 1 or not np.all((values > 0) & np.isfinite(values)):
            raise InvalidInputError(
                f"sigma must be 'learned', a positive number or a vector of them; got {self.sigma!r}"
            )

    def _make_module(self, n_features: int, generator: torch.Generator) -> GaussianBernoulliRBMModule:
        if self._sigma_is_learned:
            low, high = self.sigma_bounds
            sigma = torch.tensor(min(max(1.0, low), high))
        else:
            sigma = torch.as_tensor(np.asarray(self.sigma, dtype=np.float64))
            if sigma.ndim == 1 and len(sigma) != n_features:
                raise InvalidInputError(f"sigma must have one entry a feature of X, {n_features}; got {len(sigma)}")
        return GaussianBernoulliRBMModule(
            n_features,
            int(self.n_hidden),
            sigma=sigma,
            learn_sigma=self._sigma_is_learned,
            sigma_bounds=self.sigma_bounds,
            generator=generator,
        )

    def _make_objective(
        self, module: GaussianBernoulliRBMModule, generator: torch.Generator, n_samples: int
    ) -> Objective:
        if self.objective == "likelihood":
            return ExactLikelihood(module)
        if self.objective == "cd":
            return ContrastiveDivergence(
                module, generator, n_gibbs_steps=self.n_gibbs_steps, negative_phase=self.negative_phase
            )
        return PersistentContrastiveDivergence(
            module,
            generator,
            n_chains=min(self.batch_size, n_samples),
            n_gibbs_steps=self.n_gibbs_steps,
            negative_phase=self.negative_phase,
        )

    def _parameter_groups(self, module: GaussianBernoulliRBMModule) -> list[dict[str, Any]]:
        groups: list[dict[str, Any]] = [
            {"params": [module.weight, module.hidden_bias, module.visible_centre], "lr": self.learning_rate}
        ]
        if self._sigma_is_learned:
            groups.append({"params": [module.log_variance], "lr": self.sigma_learning_rate})
        return groups

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
    def sigma_(self) -> npt.NDArray[np.float32]:
        """Return sigma in the model's units, shape (n_features,)."""
        return self.module_.sigma.detach().numpy()

    @property
    def _n_features_out(self) -> int:
        return self.module_.n_hidden

    def adopt(self, trainer: Trainer) -> Self:
        """Become the fitted estimator of what a trainer from `initialise` has reached."""
        self._log_partition = None
        return super().adopt(trainer)

    def _exact_module(self) -> GaussianBernoulliRBMModule:
        check_is_fitted(self)
        return copy.deepcopy(self.module_).double()

    def transform(self, X: npt.ArrayLike) -> Array:
        r"""Return :math:`p(h_j = 1 | x)`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_hidden)
        """
        return self._map_rows(X, self._exact_module().hidden_probabilities)

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
        return self._map_rows(X, lambda v: self.scaling_.invert(module.reconstruct(v)))

    def free_energy(self, X: npt.ArrayLike) -> Array:
        """Return F(v) = -log Σ_h exp(-E(v, h)) of the scaled rows, in nats.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self._map_rows(X, self._exact_module().free_energy)

    def log_partition_estimate(self) -> LogPartitionEstimate:
        """Return log Z over the scaled v in nats, with its standard error and effective sample size.

        Exact for up to 20 hidden units; else by annealed importance sampling (256 chains, 2000 temperatures). It is
        computed once a fit.
        """
        check_is_fitted(self)
        if self._log_partition is None:
            self._log_partition = log_partition(self.module_, spawn_generator(self.seed_, "log partition"))
        return self._log_partition

    def log_partition(self) -> float:
        """Return log Z over the scaled v in nats: the value of `log_partition_estimate`."""
        return self.log_partition_estimate().value

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
        constant = self.log_partition() + self.scaling_.log_volume
        module = self._exact_module()
        return self._map_rows(X, lambda v: -module.free_energy(v) - constant)

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
        n_gibbs_steps: int = 1000,
        *,
        noise: bool = True,
        random_state: RandomState = None,
    ) -> npt.NDArray[np.float64]:
        """Draw from the model: h from its marginal, then x ~ p(x | h).

        With up to 20 hidden units h is drawn exactly. Beyond, each sample is the end of a chain of its own that is
        annealed from the uniform distribution over half of the sweeps and runs at the model's own temperature for the
        other half; between modes that are far apart it need not have reached the right proportions.

        Parameters
        ----------
        n_samples : int
            One chain a sample.
        n_gibbs_steps : int
            Sweeps over the hidden units, with the visible ones integrated out; not needed up to 20 hidden units.
        noise : bool
            False gives E[x | h] of the last state in place of a draw, for pictures without the pixel noise.
        random_state : int, numpy generator or None
            None draws from the seed of the fit: the same call gives the same samples.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            In the user's units.
        """
        check_positive_integer("n_samples", n_samples)
        check_positive_integer("n_gibbs_steps", n_gibbs_steps)
        module = self._exact_module()
        seed = self.seed_ if random_state is None else root_seed(random_state)
        generator = spawn_generator(seed, "draws")
        with torch.no_grad():
            h = sample_hidden_states(module, n_samples, n_gibbs_steps, generator)
            v = module.sample_visible(h, generator) if noise else module.visible_mean(h)
            return self.scaling_.invert(v).numpy()
