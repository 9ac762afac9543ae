"""What every estimator shares: scikit-learn's contract around one trainer, one module and one scaling."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from harmonium.data.batches import Batches
from harmonium.data.checks import check_finite
from harmonium.data.scaling import SCALING_KINDS, Scaling, ScalingKind, fit_scaling
from harmonium.data.splits import hold_out
from harmonium.data.tensors import as_tensor
from harmonium.estimators.parameters import (
    check_choice,
    check_fraction,
    check_positive_integer,
    check_positive_number,
)
from harmonium.estimators.persistence import save
from harmonium.exceptions import InvalidInputError
from harmonium.objectives.objective import Objective
from harmonium.random.seeding import RandomState, root_seed, spawn_generator
from harmonium.training.early_stopping import VALIDATION_LOSS, EarlyStopping
from harmonium.training.optimizers import eager
from harmonium.training.progress import ProgressBar
from harmonium.training.schedules import SCHEDULES, ScheduleName, make_schedule
from harmonium.training.trainer import HistoryRow, Trainer

Array = npt.NDArray[np.floating]
OPTIMIZERS = ("adam", "sgd")
_ROWS_PER_CHUNK = 512


class LatentVariableEstimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Base of the estimators: checks, scaling, validation, training, inference.

    A subclass says how its module and its objective are made, and adds its own quantities. One whose loss can be
    measured on rows held back also says how, and takes `validation_fraction` and `patience`.

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
    """

    learning_rate: float
    batch_size: int
    n_epochs: int
    optimizer: str
    momentum: float
    scaling: ScalingKind
    random_state: RandomState
    verbose: bool
    learning_rate_schedule: ScheduleName = "constant"
    validation_fraction: float = 0.0
    patience: int | None = None

    module_: Any
    scaling_: Scaling
    history_: list[HistoryRow]
    seed_: int
    n_features_in_: int

    @property
    @abstractmethod
    def _n_features_out(self) -> int: ...

    @abstractmethod
    def _make_module(self, n_features: int, generator: torch.Generator) -> torch.nn.Module: ...

    @abstractmethod
    def _make_objective(self, module: Any, generator: torch.Generator, n_samples: int) -> Objective: ...

    def _validation_loss(
        self, module: Any, rows: torch.Tensor, labels: torch.Tensor | None, generator: torch.Generator
    ) -> torch.Tensor:
        """Return the loss of each row held back, shape (n,), of a module in evaluation mode."""
        raise NotImplementedError

    def _parameter_groups(self, module: Any) -> list[dict[str, Any]]:
        return [{"params": list(module.parameters()), "lr": self.learning_rate}]

    def check_parameters(self) -> None:
        """Raise InvalidInputError unless every hyper-parameter is one that `fit` takes."""
        check_positive_number("learning_rate", self.learning_rate)
        check_positive_integer("batch_size", self.batch_size)
        check_positive_integer("n_epochs", self.n_epochs)
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        check_fraction("momentum", self.momentum)
        check_choice("scaling", self.scaling, SCALING_KINDS)
        check_choice("learning_rate_schedule", self.learning_rate_schedule, SCHEDULES)
        check_fraction("validation_fraction", self.validation_fraction)
        if self.patience is not None:
            check_positive_integer("patience", self.patience)
            if self.validation_fraction == 0:
                raise InvalidInputError(
                    "patience needs a validation_fraction above 0, of rows to measure the loss on; got 0"
                )

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> Self:
        """Train on a data matrix from the beginning; after an error the estimator is what it was before.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Any finite real matrix, in the user's own units. A memory-mapped one stays on disk, and is taken in another
            random order than the same matrix in memory where it is larger than 64 MiB.
        y : array-like of shape (n_samples,), optional
            Labels, for a model that is conditioned on them; ignored by the others.

        Returns
        -------
        self

        Raises
        ------
        InvalidInputError
            If a hyper-parameter or `X` is not what it must be.
        DivergenceError
            If training leaves the finite numbers.
        """
        before = dict(self.__dict__)
        try:
            rows = self._check_first(X)
            trainer = self._initialise(rows, y)
            with ProgressBar(type(self).__name__, self.n_epochs) if self.verbose else nullcontext() as progress:
                callbacks = [*self._callbacks(rows, y), *([progress] if progress else [])]
                trainer.train(self._batches(rows, y), self.n_epochs, callbacks)
        except BaseException:
            self.__dict__ = before
            raise
        return self.adopt(trainer)

    def partial_fit(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> Self:
        """Train for one more epoch on a data matrix; n calls on one matrix equal ``fit`` with ``n_epochs=n``.

        After an error the estimator is what it was before, but for the optimiser, which starts afresh.

        The first call's matrix chooses the scaling, and its labels the classes. An estimator that was loaded or
        unpickled goes on from its weights with a fresh optimiser.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), optional

        Returns
        -------
        self
        """
        before = dict(self.__dict__)
        trainer = getattr(self, "_trainer", None)
        if trainer is None and not hasattr(self, "module_"):
            rows = self._check_first(X)
            trainer = self._initialise(rows, y)
        else:
            rows = self._check_matrix(X, reset=False)
            trainer = trainer or self._resume(rows, y)
        state = copy.deepcopy(trainer.objective.state_dict())
        try:
            trainer.train(self._batches(rows, y), trainer.epoch + 1, self._callbacks(rows, y))
        except BaseException:
            trainer.objective.load_state_dict(state)
            self.__dict__ = {key: value for key, value in before.items() if key != "_trainer"}
            raise
        return self.adopt(trainer)

    def initialise(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> Trainer:
        """Return the trainer that `fit` runs, at epoch zero, for a caller that adds callbacks or checkpoints.

        It is run by ``trainer.train(estimator.batches(X, y), n_epochs, estimator.callbacks(X, y))`` and becomes the
        estimator's by `adopt`.
        """
        return self._initialise(self._check_first(X), y)

    def _check_first(self, X: npt.ArrayLike) -> Array:
        self.check_parameters()
        return self._check_matrix(X, reset=True)

    def _initialise(self, rows: Array, y: npt.ArrayLike | None) -> Trainer:
        self._learn_labels(y, len(rows))
        self.seed_ = root_seed(self.random_state)
        self.scaling_ = fit_scaling(rows, self.scaling)
        try:
            module = self._make_module(rows.shape[1], spawn_generator(self.seed_, "initialisation"))
        except (RuntimeError, MemoryError) as error:
            if isinstance(error, RuntimeError) and "allocate" not in str(error):
                raise
            raise InvalidInputError(
                f"{type(self).__name__} of these sizes does not fit into memory: {str(error).splitlines()[0]}"
            ) from error
        return self._make_trainer(module, self._batches(rows, y).n_samples)

    def batches(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> Batches:
        """Return the mini-batches that training on `X` takes, without the rows held back."""
        return self._batches(self._check_matrix(X, reset=False), y)

    def _batches(self, rows: Array, y: npt.ArrayLike | None) -> Batches:
        kept, _ = self._split(y, len(rows))
        return Batches(rows, self.scaling_, self.batch_size, self.class_indices(y, len(rows)), kept)

    def check_data(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> None:
        """Raise InvalidInputError unless rows, and their labels, are of the kind that `initialise` was given."""
        self.class_indices(y, len(self._check_matrix(X, reset=False)))

    def callbacks(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> list[Callable[[Trainer], None]]:
        """Return what training on `X` calls after every epoch: early stopping where rows are held back, or nothing."""
        return self._callbacks(self._check_matrix(X, reset=False), y)

    def _callbacks(self, rows: Array, y: npt.ArrayLike | None) -> list[Callable[[Trainer], None]]:
        _, held = self._split(y, len(rows))
        if held is None:
            return []
        labels = self.class_indices(y, len(rows))

        def validation_loss(module: torch.nn.Module) -> float:
            generator, total = spawn_generator(self.seed_, "validation"), 0.0
            module.eval()
            with torch.no_grad():
                for start in range(0, len(held), _ROWS_PER_CHUNK):
                    chunk = held[start : start + _ROWS_PER_CHUNK]
                    v = self.scaling_.apply(as_tensor(rows[chunk])).float()
                    c = None if labels is None else as_tensor(labels[chunk])
                    total += float(self._validation_loss(module, v, c, generator).sum(dtype=torch.float64))
            module.train()
            return total / len(held)

        return [EarlyStopping(validation_loss, self.patience)]

    def _split(
        self, y: npt.ArrayLike | None, n_samples: int
    ) -> tuple[npt.NDArray[np.int64] | None, npt.NDArray[np.int64] | None]:
        """Return the rows to train on and those held back, in the classes' proportions; None for all and none."""
        if self.validation_fraction == 0:
            return None, None
        return hold_out(n_samples, self.validation_fraction, _strata(y), self.seed_)

    def _learn_labels(self, y: npt.ArrayLike | None, n_samples: int) -> None:
        """Take the classes from the labels; a model without a condition ignores them."""

    def class_indices(self, y: npt.ArrayLike | None, n_samples: int) -> npt.NDArray[np.int64] | None:
        """Return the labels as indices into the classes, or None for a model without a condition."""
        return None

    def adopt(self, trainer: Trainer) -> Self:
        """Become the fitted estimator of what a trainer from `initialise` has reached."""
        self.module_ = trainer.objective.module
        if trainer.best_state is not None:
            self.module_ = copy.deepcopy(self.module_)  # the trainer's own goes on from the last epoch
            self.module_.load_state_dict(trainer.best_state)
        self.history_ = trainer.history
        self._trainer = trainer
        return self

    def save(self, folder: str | Path) -> None:
        """Write the fitted estimator into a folder, from which `harmonium.load` gives it back."""
        check_is_fitted(self)
        save(self, folder)

    def restore(
        self, state: dict[str, torch.Tensor], scaling: Scaling, n_features: int, history: list[HistoryRow]
    ) -> None:
        """Become the fitted estimator whose weights, scaling and history were saved."""
        self.check_parameters()
        self.seed_ = root_seed(self.random_state)
        module = self._make_module(n_features, torch.Generator())
        module.load_state_dict(state)
        if not all(bool(value.isfinite().all()) for value in state.values()):
            raise ValueError("a weight is not finite")
        self.n_features_in_, self.scaling_ = n_features, scaling
        self.module_, self.history_ = module, history

    def _make_trainer(self, module: torch.nn.Module, n_samples: int) -> Trainer:
        objective = self._make_objective(module, spawn_generator(self.seed_, "sampling"), n_samples)
        groups = self._parameter_groups(module)
        if self.optimizer == "adam":
            optimizer = eager(torch.optim.Adam)(groups, betas=(self.momentum, 0.999), fused=True)
        else:
            optimizer = eager(torch.optim.SGD)(groups, momentum=self.momentum, fused=True)
        schedule = make_schedule(self.learning_rate_schedule, self.n_epochs)
        return Trainer(objective, optimizer, spawn_generator(self.seed_, "order"), schedule)

    def _resume(self, rows: Array, y: npt.ArrayLike | None) -> Trainer:
        trainer = self._make_trainer(self.module_, self._batches(rows, y).n_samples)
        trainer.epoch, trainer.history = len(self.history_), list(self.history_)
        if any(VALIDATION_LOSS in row for row in trainer.history):
            trainer.best_state = copy.deepcopy(self.module_.state_dict())
        return trainer

    def _check_matrix(self, X: npt.ArrayLike, *, reset: bool) -> Array:
        try:
            shape = np.shape(X) if isinstance(X, np.ndarray | list | tuple) else None
        except ValueError as error:
            raise InvalidInputError("X must be a matrix whose rows are of one length; got rows that are not") from error
        if shape is not None and len(shape) != 2:
            raise InvalidInputError(
                f"X must have two dimensions (n_samples, n_features); got shape {shape}. "
                "Reshape your data, images with X.reshape(len(X), -1)"
            )
        try:
            rows: Array = validate_data(self, X, reset=reset, dtype=[np.float64, np.float32], ensure_all_finite=False)
        except ValueError as error:
            raise InvalidInputError(str(error).partition("\n")[0]) from error
        check_finite(rows)
        return rows

    def _check_codes(self, name: str, codes: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return codes such as `transform` gives, to be decoded."""
        wanted = f"{name} must be finite and of shape (n_samples, {self._n_features_out})"
        try:
            array = np.asarray(codes, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InvalidInputError(f"{wanted}: {error}") from error
        if array.ndim != 2 or array.shape[1] != self._n_features_out or not np.isfinite(array).all():
            raise InvalidInputError(f"{wanted}; got shape {array.shape}")
        return array

    def _map_rows(
        self,
        X: npt.ArrayLike,
        function: Callable[..., torch.Tensor],
        labels: npt.NDArray[np.int64] | None = None,
        precision: torch.dtype = torch.float64,
    ) -> Array:
        """Apply a function of a batch in the model's units to all rows, in chunks; keeps X's precision.

        Where there are labels, the function is given them as its second argument.
        """
        check_is_fitted(self)
        rows = self._check_matrix(X, reset=False)
        parts = []
        with torch.no_grad():
            for start in range(0, len(rows), _ROWS_PER_CHUNK):
                chunk = slice(start, start + _ROWS_PER_CHUNK)
                batch = [self.scaling_.apply(as_tensor(rows[chunk]).to(precision))]
                if labels is not None:
                    batch.append(as_tensor(labels[chunk]))
                parts.append(function(*batch).numpy())
        return np.concatenate(parts).astype(rows.dtype, copy=False)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "module_")

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {key: value for key, value in state.items() if key != "_trainer"}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _strata(y: npt.ArrayLike | None) -> npt.NDArray[Any] | None:
    """Return y where it holds classes of two rows or more, else None: a model that ignores y may be given anything."""
    labels = np.asarray(y)
    if y is None or (labels.dtype.kind == "f" and not np.isfinite(labels).all()):
        return None
    if type_of_target(labels) not in ("binary", "multiclass") or np.unique(labels, return_counts=True)[1].min() < 2:
        return None
    return labels
