"""The Gaussian-Bernoulli restricted Boltzmann machine as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
import torch

from harmonium.data.scaling import ScalingKind
from harmonium.data.splits import Indices, some_rows
from harmonium.data.tensors import as_tensor
from harmonium.estimators.gaussian_bernoulli_recipes import RECIPES
from harmonium.estimators.input_checks import Array
from harmonium.estimators.parameters import Check, check_choice, check_positive_number, is_sequence, one_of
from harmonium.estimators.rbm import RBMEstimator
from harmonium.exceptions import InvalidInputError
from harmonium.modules.gaussian_bernoulli import GaussianBernoulliRBMModule
from harmonium.modules.principal_component_codes import start_from_codes
from harmonium.objectives.contrastive_divergence import NEGATIVE_PHASES, UNBIASED_NEGATIVE_PHASES, NegativePhase
from harmonium.precision import DOUBLE, SINGLE
from harmonium.random.seeding import RandomState
from harmonium.training.schedules import ScheduleName

INITIALISATIONS = ("random", "principal-component-codes")


class GaussianBernoulliRBM(RBMEstimator):
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
        Of W, alpha and b, at the start.
    learning_rate_schedule : {"constant", "cosine"}
        Cosine falls to a thousandth over `n_epochs`.
    batch_size : int
        Examples a step.
    n_epochs : int
        Passes over the data.
    validation_fraction : float
        Of the rows of `fit` to hold back; the weights with the highest log-likelihood of these rows (beyond 20 hidden
        units with log Z estimated after each epoch) are kept. 0 trains on all rows and keeps the last weights.
    patience : int or None
        With rows held back, training ends after so many epochs that bring nothing there.
    objective : {"cd", "pcd", "likelihood"}
        Contrastive divergence, its persistent form, or the exact likelihood (up to 20 hidden units).
    n_gibbs_steps : int
        k of CD-k.
    negative_phase : {"collapsed", "sampled", "mean-visible", "mean-field"}
        How (persistent) contrastive divergence moves its chains: Gibbs sweeps over h with v integrated out; block
        Gibbs; block Gibbs with v = E[v | h]; or no randomness at all. See
        `harmonium.objectives.contrastive_divergence.ContrastiveDivergence`.
    initialisation : {"random", "principal-component-codes"}
        Small random weights; or weights that code the principal components of the data in levels, so that the model
        has the data's modes before it is trained (`harmonium.modules.principal_component_codes`).
    sigma : "learned", float or array-like of shape (n_features,)
        The standard deviations of v given h, in the model's units: learned, from a start at 1 or, from
        principal-component codes, at what the levels leave; or fixed.
    sigma_bounds : (float, float)
        Learned standard deviations stay in this interval, in the model's units. The floor matters: a pixel that
        is constant in the training data has no finite density otherwise.
    sigma_learning_rate : float
        Of log sigma², at the start.
    optimizer : {"adam", "sgd"}
        How the parameters follow the gradients.
    momentum : float
        Of SGD; the decay of the first moment of Adam.
    scaling : {"global", "feature", "unit-interval", "none"}
        ``"global"`` centres each feature and divides all by one standard deviation, ``"feature"`` divides each by its
        own, ``"unit-interval"`` takes the range of each to [0, 1], ``"none"`` leaves the data as they are.
    log_likelihood_every : int or None
        After so many epochs, each time, the log-likelihood is measured and recorded: exactly up to 20 hidden units,
        else by a short annealed importance sampling.
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
        A row an epoch: ``training_mse`` in the user's units, ``sigma_min`` and ``sigma_max`` where sigma is learned,
        ``log_likelihood`` where asked for; with rows held back their ``validation_loss``, in nats and in the model's
        own units, and ``free_energy_gap`` (`harmonium.estimators.recording`).
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
    _changeable: ClassVar[frozenset[str]] = RBMEstimator._changeable | {"sigma_learning_rate"}
    _constraints: ClassVar[Mapping[str, Check]] = {
        **RBMEstimator._constraints,
        "negative_phase": one_of(NEGATIVE_PHASES),
        "initialisation": one_of(INITIALISATIONS),
        "sigma_learning_rate": check_positive_number,
    }

    def __init__(
        self,
        n_hidden: int = 100,
        *,
        learning_rate: float = 1e-3,
        learning_rate_schedule: ScheduleName = "constant",
        batch_size: int = 128,
        n_epochs: int = 25,
        validation_fraction: float = 0.0,
        patience: int | None = None,
        objective: Literal["cd", "pcd", "likelihood"] = "cd",
        n_gibbs_steps: int = 1,
        negative_phase: NegativePhase = "collapsed",
        initialisation: Literal["random", "principal-component-codes"] = "random",
        sigma: Literal["learned"] | float | npt.ArrayLike = "learned",
        sigma_bounds: tuple[float, float] = (0.05, 10.0),
        sigma_learning_rate: float = 1e-2,
        optimizer: Literal["adam", "sgd"] = "adam",
        momentum: float = 0.9,
        scaling: ScalingKind = "global",
        log_likelihood_every: int | None = None,
        random_state: RandomState = None,
        verbose: bool = False,
    ) -> None:
        self.n_hidden = n_hidden
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.batch_size = batch_size
        self.n_epochs = n_epochs
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.objective = objective
        self.n_gibbs_steps = n_gibbs_steps
        self.negative_phase = negative_phase
        self.initialisation = initialisation
        self.sigma = sigma
        self.sigma_bounds = sigma_bounds
        self.sigma_learning_rate = sigma_learning_rate
        self.optimizer = optimizer
        self.momentum = momentum
        self.scaling = scaling
        self.log_likelihood_every = log_likelihood_every
        self.random_state = random_state
        self.verbose = verbose

    @classmethod
    def from_recipe(cls, name: str, **parameters: Any) -> Self:
        """Return an RBM, not yet trained, with the settings of a recipe of `harmonium train`.

        Parameters
        ----------
        name : {"generative", "reconstruction", "textbook", "exact-likelihood"}
            The best density; the lowest error; what follows a lecture; maximum likelihood of up to 20 hidden units.
        **parameters
            Of the constructor; they win over the recipe's.

        Returns
        -------
        GaussianBernoulliRBM

        Raises
        ------
        InvalidInputError
            If there is no such recipe.

        Examples
        --------
        >>> from harmonium import GaussianBernoulliRBM
        >>> GaussianBernoulliRBM.from_recipe("reconstruction", n_hidden=10)
        GaussianBernoulliRBM(n_hidden=10, negative_phase='mean-field', sigma=40.0)
        """
        check_choice("the recipe", name, tuple(RECIPES))
        return cls(**{**RECIPES[name], **parameters})

    @property
    def _sigma_is_learned(self) -> bool:
        return isinstance(self.sigma, str)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        self._check_sigma()
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
            if not (is_sequence(bounds) and len(bounds) == 2):
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

    def _n_parameters(self, n_features: int) -> int:
        is_collapsed = self.objective != "likelihood" and self.negative_phase == "collapsed"
        n_couplings = int(self.n_hidden) ** 2 if is_collapsed else 0  # no parameters, but made anew in every step
        return super()._n_parameters(n_features) + n_couplings

    def _make_module(self, n_features: int, generator: torch.Generator) -> GaussianBernoulliRBMModule:
        if self._sigma_is_learned:
            low, high = self.sigma_bounds
            sigma = torch.tensor(min(max(1.0, low), high), **SINGLE)
        else:
            sigma = torch.as_tensor(np.asarray(self.sigma, dtype=np.float64), **DOUBLE)
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

    def _start_at_data(self, module: GaussianBernoulliRBMModule, rows: Array, kept: Indices | None) -> None:
        if self.initialisation == "random":
            return
        v = self.scaling_.apply(as_tensor(np.ascontiguousarray(some_rows(rows, kept))).double())
        start_from_codes(module, v.numpy())

    def _parameter_groups(self, module: GaussianBernoulliRBMModule) -> list[dict[str, Any]]:
        groups: list[dict[str, Any]] = [
            {"params": [module.weight, module.hidden_bias, module.visible_centre], "lr": self.learning_rate}
        ]
        if self._sigma_is_learned:
            groups.append({"params": [module.log_variance], "lr": self.sigma_learning_rate})
        return groups

    @property
    def sigma_(self) -> npt.NDArray[np.float32]:
        """Return sigma in the model's units, shape (n_features,)."""
        return self.module_.sigma.detach().numpy()
