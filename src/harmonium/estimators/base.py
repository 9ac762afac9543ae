"""What every estimator shares: scikit-learn's contract around one trainer, one module and one scaling."""

from __future__ import annotations

import copy
import warnings
from abc import abstractmethod
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, ClassVar, Self

import numpy.typing as npt
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from harmonium.data.batches import Labels
from harmonium.data.scaling import SCALING_KINDS, Scaling, ScalingKind
from harmonium.data.splits import Indices
from harmonium.estimators.fitting import PreparedFit, prepare, prepare_next
from harmonium.estimators.input_checks import Array, check_matrix
from harmonium.estimators.parameters import (
    Check,
    check_fraction,
    check_positive_integer,
    check_positive_number,
    one_of,
    or_none,
)
from harmonium.estimators.saving import Saving
from harmonium.exceptions import InvalidInputError
from harmonium.objectives.objective import Objective
from harmonium.random.seeding import RandomState
from harmonium.training.progress import ProgressBar
from harmonium.training.schedules import SCHEDULES, ScheduleName
from harmonium.training.trainer import HistoryRow, Trainer

OPTIMIZERS = ("adam", "sgd")
ValidationLosses = Callable[[torch.Tensor, torch.Tensor | None], torch.Tensor]


class LatentVariableEstimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Saving):  # type: ignore[misc]  # scikit-learn is untyped
    """Base of the estimators: parameters, training, files.

    A subclass says how its module and its objective are made, and adds its own quantities. One whose loss can be
    measured on rows held back also says how, and takes `validation_fraction` and `patience`. What is particular to
    training, inputs and inference lies beside this file.

    Attributes
    ----------
    module_ : torch.nn.Module
        The trained module, float32.
    scaling_ : Scaling
        Between the user's units and the module's.
    history_ : list of dict
        A row an epoch.
    seed_ : int
        What `random_state` came to.
    n_features_in_ : int
    image_shape_ : tuple of int
        (height, width), or with the number of channels, where `X` was images.
    """

    learning_rate: float
    batch_size: int
    n_epochs: int
    optimizer: str = "adam"
    momentum: float = 0.9
    scaling: ScalingKind = "none"
    random_state: RandomState = None
    verbose: bool = False
    learning_rate_schedule: ScheduleName = "constant"
    validation_fraction: float = 0.0
    patience: int | None = None

    module_: Any
    scaling_: Scaling
    history_: list[HistoryRow]
    seed_: int
    n_features_in_: int
    image_shape_: tuple[int, ...]
    _trainer: Trainer | None = None
    _parameters_of_fit: dict[str, Any]

    # what each parameter must be; a subclass adds its own
    _constraints: ClassVar[Mapping[str, Check]] = {
        "learning_rate": check_positive_number,
        "batch_size": check_positive_integer,
        "n_epochs": check_positive_integer,
        "optimizer": one_of(OPTIMIZERS),
        "momentum": check_fraction,
        "scaling": one_of(SCALING_KINDS),
        "learning_rate_schedule": one_of(SCHEDULES),
        "validation_fraction": check_fraction,
        "patience": or_none(check_positive_integer),
    }

    # what may have another value when `partial_fit` goes on; the model is made with the others. A subclass adds its own
    _changeable: ClassVar[frozenset[str]] = frozenset(
        {
            "learning_rate",
            "learning_rate_schedule",
            "batch_size",
            "n_epochs",
            "optimizer",
            "momentum",
            "validation_fraction",
            "patience",
            "verbose",
        }
    )

    @property
    @abstractmethod
    def _n_features_out(self) -> int: ...

    @abstractmethod
    def _make_module(self, n_features: int, generator: torch.Generator) -> torch.nn.Module: ...

    def _start_at_data(self, module: Any, rows: Array, kept: Indices | None) -> None:
        """Set those parameters of a new module that start from the rows it is trained on, all where `kept` is None."""

    @abstractmethod
    def _make_objective(self, module: Any, generator: torch.Generator, n_samples: int) -> Objective: ...

    def _validation_losses(self, module: Any, generator: torch.Generator) -> ValidationLosses:
        """Return what maps rows held back, and their labels, to the loss of each; the module is in evaluation mode."""
        raise NotImplementedError

    def _watched_losses(self, module: Any, generator: torch.Generator) -> ValidationLosses:
        """Return what maps rows and labels to the loss a value of each, which tells whether training has exploded."""
        losses = self._validation_losses(module, generator)
        return lambda v, c: losses(v, c) / v.shape[1]

    def _between_epochs(
        self, rows: Array, labels: Labels | None, kept: Indices | None
    ) -> Callable[[Trainer], None] | None:
        """Return a callback that changes the module after an epoch, given the rows and which are trained on."""
        return None

    def _recorder(self, rows: Array, kept: Indices | None, held: Indices | None) -> Callable[[Trainer], None] | None:
        """Return a callback that records more of each epoch than the objective does, given which rows are what."""
        return None

    def _exact_module(self) -> Any:
        """Return a copy of the fitted module for inference: in double precision and evaluation mode."""
        check_is_fitted(self)
        return copy.deepcopy(self.module_).double().eval()

    def _parameter_groups(self, module: Any) -> list[dict[str, Any]]:
        return [{"params": list(module.parameters()), "lr": self.learning_rate}]

    def _check_parameters(self) -> None:
        """Raise InvalidInputError unless every hyper-parameter is one that `fit` takes."""
        for name, check in self._constraints.items():
            check(name, getattr(self, name))
        if self.patience is not None and self.validation_fraction == 0:
            raise InvalidInputError(
                "patience needs a validation_fraction above 0, of rows to measure the loss on; got 0"
            )

    def _check_matrix(self, X: npt.ArrayLike, *, reset: bool) -> Array:
        return check_matrix(self, X, reset=reset)

    def _learn_labels(self, y: npt.ArrayLike | None, n_samples: int) -> None:
        """Take the classes from the labels; a model without a condition ignores them."""

    def _encoded_labels(self, y: npt.ArrayLike | None, n_samples: int | None) -> Labels | None:
        """Return what the module is given of the labels, a row each; None for a model that ignores them."""
        return None

    def _check_data(self, X: npt.ArrayLike, y: npt.ArrayLike | None) -> None:
        """Raise InvalidInputError unless rows, and their labels, are of the kind that training was prepared for."""
        self._encoded_labels(y, len(self._check_matrix(X, reset=False)))

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> Self:
        """Train on a data matrix from the beginning; after an error the estimator is what it was before.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, height, width) or (..., height, width, channels)
            Any finite real matrix, or images, in the user's own units. Every method takes images: their features are
            the pixels in C order. What a model gives back are rows: ``rows.reshape(-1, *model.image_shape_)``. A
            memory-mapped one stays on disk, and is taken in another random order than the same matrix in memory where
            it is larger than 64 MiB.
        y : array-like of shape (n_samples,) or (n_samples, n_columns), optional
            Labels, for a model that is conditioned on them; ignored by the others.

        Returns
        -------
        self

        Raises
        ------
        InvalidInputError
            If a hyper-parameter or `X` is not what it must be.
        DivergenceError
            If training leaves the finite numbers, or makes the model far worse than it began.

        Warns
        -----
        TrainingWarning
            Where the model is hardly what was wanted: one of the subclasses of `harmonium.exceptions`.
        """
        return self._train(prepare, X, y)

    def partial_fit(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> Self:
        """Train for one more epoch on a data matrix; after an error the estimator is what it was before.

        n calls on one matrix equal ``fit`` with ``n_epochs=n``, unless `patience` ends that earlier: a stream goes on.
        The first call's matrix chooses the scaling, and its labels the classes. A parameter that was set since takes
        effect, but for those that the model was made with. After `n_epochs` epochs a schedule of the learning rate has
        ended, and the rate is `learning_rate` again: a stream is learned from to its end. An estimator that was loaded
        or unpickled goes on from its weights with a fresh optimiser.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_columns), optional

        Returns
        -------
        self

        Raises
        ------
        InvalidInputError, DivergenceError
            As in `fit`.
        """
        return self._train(prepare_next if hasattr(self, "module_") else prepare, X, y, n_epochs=1)

    def _train(
        self,
        make_ready: Callable[[Self, npt.ArrayLike, npt.ArrayLike | None], PreparedFit],
        X: npt.ArrayLike,
        y: npt.ArrayLike | None,
        n_epochs: int | None = None,
    ) -> Self:
        before = dict(self.__dict__)
        try:
            prepared = make_ready(self, X, y)
            until = self.n_epochs if n_epochs is None else prepared.trainer.epoch + n_epochs
            is_shown = self.verbose and n_epochs is None
            with ProgressBar(type(self).__name__, until) if is_shown else nullcontext() as progress:
                prepared.run(until, *([progress] if progress else []))
            return self._adopt(prepared.trainer)
        except BaseException:
            self.__dict__ = before
            raise

    def _adopt(self, trainer: Trainer) -> Self:
        """Become the fitted estimator of what a trainer has reached."""
        self.module_ = trainer.objective.module
        if trainer.best_state is not None:
            self.module_ = copy.deepcopy(self.module_)  # the trainer's own goes on from the last epoch
            self.module_.load_state_dict(trainer.best_state)
        self.history_ = list(trainer.history)  # the trainer's own grows before an epoch is over
        self._trainer = trainer
        if trainer.epoch >= self.n_epochs or trainer.has_ended:
            for doubt in trainer.doubts:
                warnings.warn(doubt, stacklevel=4)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "module_")

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {key: value for key, value in state.items() if key != "_trainer"}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
