"""The Bernoulli restricted Boltzmann machine as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy.typing as npt
import torch

from harmonium.data.scaling import fit_scaling
from harmonium.data.splits import Indices, some_rows
from harmonium.estimators.input_checks import Array, check_unit_interval
from harmonium.estimators.parameters import Check, one_of
from harmonium.estimators.rbm import RBMEstimator
from harmonium.modules.bernoulli_bernoulli import BernoulliBernoulliRBMModule
from harmonium.random.seeding import RandomState
from harmonium.training.schedules import ScheduleName

NEGATIVE_PHASES = ("sampled", "mean-visible", "mean-field")
SCALINGS = ("none", "unit-interval")
_LEAST_MEAN = 1e-3  # a unit that is never on in the data would need a bias without end


class BernoulliRBM(RBMEstimator):
    r"""Restricted Boltzmann machine with binary visible and hidden units.

    .. math::

        E(v, h) = -\sum_{ij} W_{ij} h_j v_i - \sum_i b_i v_i - \sum_j \alpha_j h_j, \qquad p(v, h) = e^{-E(v, h)} / Z

    Values between 0 and 1, as of a grey image, are taken as the probabilities of a binary unit. `score_samples` is the
    log of a probability of binary rows, in nats; on other rows it is a score, not a log-density.

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
        Of the rows of `fit` to hold back; the weights with the highest log-likelihood of these rows are kept, with log
        Z estimated after each epoch where neither side has at most 20 units. 0 trains on all rows.
    patience : int or None
        With rows held back, training ends after so many epochs that bring nothing there.
    objective : {"cd", "pcd", "likelihood"}
        Contrastive divergence, its persistent form, or the exact likelihood (up to 20 units on one
        side).
    n_gibbs_steps : int
        k of CD-k.
    negative_phase : {"sampled", "mean-visible", "mean-field"}
        How the chains move: block Gibbs; block Gibbs with p(v = 1 | h) in place of v; or no randomness at all.
    optimizer : {"adam", "sgd"}
        How the parameters follow the gradients.
    momentum : float
        Of SGD; the decay of the first moment of Adam.
    scaling : {"none", "unit-interval"}
        ``"none"`` needs values in [0, 1]; ``"unit-interval"`` takes the range of each feature to it.
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
        b.
    scaling_ : Scaling
        ``mean`` and ``scale`` of every feature.
    history_ : list of dict
        A row an epoch: ``training_mse``, and ``log_likelihood`` where asked for; with rows held back their
        ``validation_loss``, in nats, and ``free_energy_gap`` (`harmonium.estimators.recording`).
    module_ : BernoulliBernoulliRBMModule
    n_features_in_ : int

    References
    ----------
    P. Smolensky, "Information Processing in Dynamical Systems: Foundations of Harmony Theory", 1986. G. Hinton,
    "Training Products of Experts by Minimizing Contrastive Divergence", Neural Computation 14 (2002); "A Practical
    Guide to Training Restricted Boltzmann Machines", 2010, section 8, for the start of the visible bias.

    Examples
    --------
    >>> import numpy as np
    >>> from harmonium import BernoulliRBM
    >>> X = np.repeat(np.eye(4), 100, axis=0)[np.random.default_rng(0).permutation(400)]
    >>> rbm = BernoulliRBM(6, n_epochs=200, random_state=0).fit(X)
    >>> bool(rbm.score(X) > -2.5)  # -log 4 is the best that can be
    True
    """

    module_: BernoulliBernoulliRBMModule
    _constraints: ClassVar[Mapping[str, Check]] = {
        **RBMEstimator._constraints,
        "negative_phase": one_of(NEGATIVE_PHASES),
        "scaling": one_of(SCALINGS),
    }

    def __init__(
        self,
        n_hidden: int = 100,
        *,
        learning_rate: float = 0.1,
        learning_rate_schedule: ScheduleName = "constant",
        batch_size: int = 128,
        n_epochs: int = 25,
        validation_fraction: float = 0.0,
        patience: int | None = None,
        objective: Literal["cd", "pcd", "likelihood"] = "cd",
        n_gibbs_steps: int = 1,
        negative_phase: Literal["sampled", "mean-visible", "mean-field"] = "sampled",
        optimizer: Literal["adam", "sgd"] = "sgd",
        momentum: float = 0.0,
        scaling: Literal["none", "unit-interval"] = "none",
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
        self.optimizer = optimizer
        self.momentum = momentum
        self.scaling = scaling
        self.log_likelihood_every = log_likelihood_every
        self.random_state = random_state
        self.verbose = verbose

    def _check_matrix(self, X: npt.ArrayLike, *, reset: bool) -> Array:
        rows = super()._check_matrix(X, reset=reset)
        if self.scaling == "none":
            check_unit_interval(rows, "scaling='none'")
        return rows

    @property
    def _log_volume(self) -> float:
        """What the scaling adds to a log-probability: nothing, for it is no density."""
        return 0.0

    def _start_at_data(self, module: BernoulliBernoulliRBMModule, rows: Array, kept: Indices | None) -> None:
        """Start the visible bias where each unit, by itself, is on as often as in the data."""
        seen = rows if kept is None else some_rows(rows, kept)
        mean = self.scaling_.apply(torch.from_numpy(fit_scaling(seen, "feature").mean))
        with torch.no_grad():
            module.visible_centre.copy_(mean.clamp(_LEAST_MEAN, 1 - _LEAST_MEAN).logit())

    def _make_module(self, n_features: int, generator: torch.Generator) -> BernoulliBernoulliRBMModule:
        return BernoulliBernoulliRBMModule(n_features, int(self.n_hidden), generator)
