"""What every estimator shares: scikit-learn's contract around one trainer, one module and one scaling."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy.typing as npt
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from harmonium.data.batches import Labels
from harmonium.data.scaling import SCALING_KINDS, Scaling, ScalingKind
from harmonium.data.splits import Indices
from harmonium.estimators.input_checks import Array, check_matrix
from harmonium.estimators.parameters import (
    Check,
    check_fraction,
    check_positive_integer,
    check_positive_number,
    one_of,
    or_none,
)
from harmonium.estimators.trainable import Trainable
from harmonium.exceptions import InvalidInputError
from harmonium.objectives.objective import Objective
from harmonium.random.seeding import RandomState
from harmonium.training.schedules import SCHEDULES, ScheduleName
from harmonium.training.trainer import HistoryRow, Trainer

OPTIMIZERS = ("adam", "sgd")
ValidationLosses = Callable[[torch.Tensor, torch.Tensor | None], torch.Tensor]


class LatentVariableEstimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Trainable):  # type: ignore[misc]  # scikit-learn is untyped
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

    def _n_parameters(self, n_features: int) -> int:
        """Return how many parameters the module will have at least, which is known before it is made."""
        return 0

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
