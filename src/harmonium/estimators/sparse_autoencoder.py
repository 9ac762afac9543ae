"""The sparse over-complete denoising autoencoder as a scikit-learn estimator."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import ClassVar, Literal

import torch

from harmonium.data.batches import Labels
from harmonium.data.chunks import in_chunks
from harmonium.data.scaling import ScalingKind
from harmonium.data.splits import Indices, evenly_spaced
from harmonium.estimators.base import ValidationLosses
from harmonium.estimators.doubts import doubt_dead_units
from harmonium.estimators.input_checks import Array
from harmonium.estimators.parameters import (
    Check,
    check_non_negative_number,
    check_positive_integer,
    check_positive_number,
    one_of,
    or_none,
)
from harmonium.estimators.sparse_coding import SparseCoding
from harmonium.exceptions import InvalidInputError
from harmonium.modules.sparse_autoencoder import Scope, SparseAutoencoderModule
from harmonium.objectives.objective import Objective
from harmonium.objectives.sparse_denoising import SparseDenoising
from harmonium.random.seeding import RandomState, spawn_generator
from harmonium.training.schedules import ScheduleName
from harmonium.training.trainer import Trainer

ENCODERS, SCOPES = ("linear-relu", "unrolled"), ("example", "batch")
_MOST_NOISE = 1e4  # standard deviations of the data: whoever asks for more has another unit in mind
_N_FOR_THRESHOLD = 2000


class SparseAutoencoder(SparseCoding):
    r"""Over-complete autoencoder with a non-linear encoder, a linear decoder, an L1 penalty and noisy inputs.

    .. math:: h = \max(0,\, E (x + \epsilon) + b), \qquad \hat x = D h + c, \qquad
              \min \; \|x - \hat x\|^2 + \lambda \sum_i w_i |h_i|, \qquad \epsilon \sim N(0, s^2 I)

    with fresh noise at every step and unit-norm columns of D; w is 1 but for units that are seldom active, which are
    penalised less (`SparseDenoising`), so that none dies. The encoder may also be a few learned steps of iterative
    shrinkage in place of one layer (`harmonium.modules.sparse_autoencoder.SparseAutoencoderModule`).

    Parameters
    ----------
    overcompleteness : float
        Number of atoms over number of features.
    encoder : {"linear-relu", "unrolled"}
        One layer, or `n_steps` learned steps of iterative shrinkage, which denoise better and take longer; on MNIST
        they want a learning rate of 0.008 in batches of 128, and a lambda of 0.3.
    n_steps : int
        Of the unrolled encoder.
    l1 : float
        Lambda, of the loss per example in the model's units (those of the scaled data).
    noise : float
        s, in the user's units; 0 for a plain sparse autoencoder.
    n_active : int, optional
        Keep only so many of an example's largest activations (TopK); None keeps all.
    n_active_of : {"example", "batch"}
        ``"batch"`` keeps in training the largest activations of the whole batch, `n_active` an example on average, so
        that an example may have more of them than another (BatchTopK). Outside of training an activation is kept from
        a threshold on, and no code depends on the other rows: the threshold with which training rows with fresh noise
        (up to 2,000) have `n_active` on average, measured after each epoch. Rows without noise may have fewer.
    n_warmup_epochs : int
        Lambda rises linearly from 0 over so many epochs.
    learning_rate : float
        Of Adam or SGD, at the start.
    learning_rate_schedule : {"constant", "cosine"}
        Cosine falls to a thousandth over `n_epochs`.
    batch_size : int
        Examples a step.
    n_epochs : int
        Passes over the data.
    validation_fraction : float
        Of the rows of `fit` to hold back; the weights with the lowest squared error of these rows, denoised, are kept.
        0 trains on all rows and keeps the last weights.
    patience : int or None
        With rows held back, training ends after so many epochs that bring nothing there.
    optimizer : {"adam", "sgd"}
        How the parameters follow the gradients.
    momentum : float
        Of SGD; the decay of the first moment of Adam.
    scaling : {"global", "feature", "unit-interval", "none"}
        As in `GaussianBernoulliRBM`.
    random_state : int, numpy generator or None
        The same integer gives the same bits on the same machine and number of threads.
    verbose : bool
        Show progress.

    Attributes
    ----------
    dictionary_ : ndarray of shape (n_atoms, n_features)
        The columns of D as rows, of unit norm in the model's units.
    module_ : SparseAutoencoderModule
    scaling_ : Scaling
    history_ : list of dict
        A row an epoch, with the mean ``squared_error`` an example and ``l0`` of the training steps.
    n_features_in_ : int

    References
    ----------
    B. Olshausen, D. Field, "Emergence of simple-cell receptive field properties by learning a sparse code for natural
    images", Nature 381 (1996). P. Vincent et al., "Extracting and Composing Robust Features with Denoising
    Autoencoders", ICML 2008. K. Gregor, Y. LeCun, "Learning Fast Approximations of Sparse Coding", ICML 2010.
    B. Bussmann, P. Leask, N. Nanda, "BatchTopK Sparse Autoencoders", 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from harmonium import SparseAutoencoder
    >>> X = np.random.default_rng(0).normal(size=(500, 8))
    >>> model = SparseAutoencoder(1.5, noise=0.1, n_epochs=5, random_state=0).fit(X)
    >>> model.transform(X).shape, model.dictionary_.shape
    ((500, 12), (12, 8))
    """

    _changeable: ClassVar[frozenset[str]] = SparseCoding._changeable | {"l1", "noise", "n_warmup_epochs"}
    _constraints: ClassVar[Mapping[str, Check]] = {
        **SparseCoding._constraints,
        "overcompleteness": check_positive_number,
        "encoder": one_of(ENCODERS),
        "n_steps": check_positive_integer,
        "l1": check_non_negative_number,
        "noise": check_non_negative_number,
        "n_active": or_none(check_positive_integer),
        "n_active_of": one_of(SCOPES),
        "n_warmup_epochs": check_non_negative_number,
    }

    def __init__(
        self,
        overcompleteness: float = 1.5,
        *,
        encoder: Literal["linear-relu", "unrolled"] = "linear-relu",
        n_steps: int = 3,
        l1: float = 0.5,
        noise: float = 0.5,
        n_active: int | None = None,
        n_active_of: Scope = "example",
        n_warmup_epochs: int = 0,
        learning_rate: float = 2.5e-3,
        learning_rate_schedule: ScheduleName = "cosine",
        batch_size: int = 256,
        n_epochs: int = 20,
        validation_fraction: float = 0.0,
        patience: int | None = None,
        optimizer: Literal["adam", "sgd"] = "adam",
        momentum: float = 0.9,
        scaling: ScalingKind = "global",
        random_state: RandomState = None,
        verbose: bool = False,
    ) -> None:
        self.overcompleteness = overcompleteness
        self.encoder = encoder
        self.n_steps = n_steps
        self.l1 = l1
        self.noise = noise
        self.n_active = n_active
        self.n_active_of = n_active_of
        self.n_warmup_epochs = n_warmup_epochs
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.batch_size = batch_size
        self.n_epochs = n_epochs
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.optimizer = optimizer
        self.momentum = momentum
        self.scaling = scaling
        self.random_state = random_state
        self.verbose = verbose

    def _n_atoms(self, n_features: int) -> int:
        return max(1, round(self.overcompleteness * n_features))

    def _n_parameters(self, n_features: int) -> int:
        n_atoms, n_inhibitions = self._n_atoms(n_features), self.n_steps - 1 if self.encoder == "unrolled" else 0
        return 2 * n_atoms * n_features + n_inhibitions * n_atoms**2

    def _make_module(self, n_features: int, generator: torch.Generator) -> SparseAutoencoderModule:
        n_atoms = self._n_atoms(n_features)
        n_steps = self.n_steps if self.encoder == "unrolled" else None
        return SparseAutoencoderModule(n_features, n_atoms, generator, self.n_active, self.n_active_of, n_steps)

    def _make_objective(self, module: SparseAutoencoderModule, generator: torch.Generator, n_samples: int) -> Objective:
        self._check_noise()
        n_warmup_steps = math.ceil(self.n_warmup_epochs * math.ceil(n_samples / self.batch_size))
        return SparseDenoising(module, generator, noise=self._noise, l1=self.l1, n_warmup_steps=n_warmup_steps)

    def _check_noise(self) -> None:
        narrowest = float(self.scaling_.scale.min())
        if self.noise > _MOST_NOISE * narrowest:
            raise InvalidInputError(
                f"noise is in the units of X, and {self.noise:g} is {self.noise / narrowest:.2g} times the "
                f"{narrowest:.2g} that scaling={self.scaling!r} divides by; at most {_MOST_NOISE:g} times are allowed"
            )

    def _validation_losses(self, module: SparseAutoencoderModule, generator: torch.Generator) -> ValidationLosses:
        """Return the squared error of each row, denoised: without the penalty, so that settings of `l1` compare."""

        def squared_errors(v: torch.Tensor, c: torch.Tensor | None) -> torch.Tensor:
            return (v - module.reconstruct(self._noisy(v, generator))).square().sum(-1)

        return squared_errors

    def _between_epochs(
        self, rows: Array, labels: Labels | None, kept: Indices | None
    ) -> Callable[[Trainer], None] | None:
        """Return a callback that learns the threshold where there is one."""
        if self.n_active is None or self.n_active_of != "batch":
            return None
        chosen = evenly_spaced(len(rows), kept, _N_FOR_THRESHOLD)

        def learn_threshold(trainer: Trainer) -> None:
            generator = spawn_generator(self.seed_, "threshold")
            chunks = in_chunks(rows, None, self.scaling_, chosen)
            trainer.objective.module.learn_threshold(self._noisy(v, generator) for v, _ in chunks)

        return learn_threshold

    def _noisy(self, v: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        return v + self._noise * torch.empty_like(v).normal_(generator=generator)

    def _recorder(self, rows: Array, kept: Indices | None, held: Indices | None) -> Callable[[Trainer], None]:
        return doubt_dead_units
