"""The classifier that judges generated images."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils.validation import check_is_fitted
from torch.nn.functional import cross_entropy

from harmonium.estimators.base import LatentVariableEstimator, ValidationLosses
from harmonium.estimators.inference import map_rows
from harmonium.estimators.input_checks import Array, without_one_channel
from harmonium.estimators.labelled import Labelled
from harmonium.estimators.parameters import Check, check_positive_integer, check_positive_integers
from harmonium.exceptions import InvalidInputError
from harmonium.modules.classifier import ClassifierModule
from harmonium.objectives.cross_entropy import CrossEntropy
from harmonium.objectives.objective import Objective
from harmonium.random.seeding import RandomState
from harmonium.training.schedules import ScheduleName


class ImageClassifier(Labelled, LatentVariableEstimator):
    """Convolutional classifier, whose decisions and features measure what other models generate.

    It is a yardstick: it judges what others generate, and is no name of the package itself.

    Parameters
    ----------
    image_shape : (height, width) or (height, width, 1)
        Of a row; each at least 4.
    n_outputs : int
        Length of the features.
    learning_rate : float
        Of Adam or SGD, at the start.
    learning_rate_schedule : {"constant", "cosine"}
        Cosine falls to a thousandth over `n_epochs`.
    batch_size : int
        Examples a step.
    n_epochs : int
        Passes over the data.
    optimizer : {"adam", "sgd"}
        How the parameters follow the gradients.
    momentum : float
        Of SGD; the decay of the first moment of Adam.
    random_state : int, numpy generator or None
        The same integer gives the same bits on the same machine and number of threads.
    verbose : bool
        Show progress.
    """

    module_: ClassifierModule
    _constraints: ClassVar[Mapping[str, Check]] = {
        **LatentVariableEstimator._constraints,
        "image_shape": check_positive_integers,
        "n_outputs": check_positive_integer,
    }

    def __init__(
        self,
        image_shape: tuple[int, ...] = (28, 28),
        *,
        n_outputs: int = 128,
        learning_rate: float = 3e-3,
        learning_rate_schedule: ScheduleName = "cosine",
        batch_size: int = 128,
        n_epochs: int = 6,
        optimizer: Literal["adam", "sgd"] = "adam",
        momentum: float = 0.9,
        random_state: RandomState = None,
        verbose: bool = False,
    ) -> None:
        self.image_shape = image_shape
        self.n_outputs = n_outputs
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.batch_size = batch_size
        self.n_epochs = n_epochs
        self.optimizer = optimizer
        self.momentum = momentum
        self.random_state = random_state
        self.verbose = verbose

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if len(self._plane) != 2:
            raise InvalidInputError(
                f"image_shape must be (height, width), of images with one channel; got {self.image_shape!r}"
            )
        if min(self._plane) < 4:
            raise InvalidInputError(f"image_shape must be at least 4 each way; got {self.image_shape!r}")

    @property
    def _plane(self) -> tuple[int, ...]:
        return without_one_channel(self.image_shape)

    def _learn_labels(self, y: npt.ArrayLike | None, n_samples: int) -> None:
        super()._learn_labels(y, n_samples)
        if not hasattr(self, "classes_"):
            raise InvalidInputError(
                "a classifier learns from one column of classes: y must hold names or whole numbers"
            )

    def _encoded_labels(self, y: npt.ArrayLike | None, n_samples: int | None) -> npt.NDArray[np.int64]:
        """Return the labels as indices into `classes_`."""
        indices: npt.NDArray[np.int64] = super()._encoded_labels(y, n_samples).argmax(1)
        return indices

    def _n_parameters(self, n_features: int) -> int:
        return 4 * n_features * int(self.n_outputs)

    def _make_module(self, n_features: int, generator: torch.Generator) -> ClassifierModule:
        height, width = self._plane
        if height * width != n_features:
            raise InvalidInputError(
                f"image_shape {tuple(self.image_shape)!r} has {height * width} pixels; X has {n_features} features"
            )
        return ClassifierModule((height, width), self.n_outputs, len(self.classes_), generator)

    def _make_objective(self, module: ClassifierModule, generator: torch.Generator, n_samples: int) -> Objective:
        return CrossEntropy(module, generator)

    def _watched_losses(self, module: ClassifierModule, generator: torch.Generator) -> ValidationLosses:
        """Return the cross-entropy of each row."""

        def losses(v: torch.Tensor, c: torch.Tensor | None) -> torch.Tensor:
            labels: Any = c
            return cross_entropy(module(v), labels, reduction="none")

        return losses

    def _evaluation_module(self) -> ClassifierModule:
        check_is_fitted(self)
        return copy.deepcopy(self.module_).eval()

    def predict_indices(self, X: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the index of each row's likeliest class, by the logits of the image and its mirror image together."""
        module = self._evaluation_module()

        def likeliest(v: torch.Tensor) -> torch.Tensor:
            both: torch.Tensor = module(v) + module(module.mirror(v))
            return both.argmax(1)

        return map_rows(self, X, likeliest, precision=torch.float32).astype(np.int64)

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """Return each row's likeliest class, one of `classes_`; shape (n_samples,)."""
        return self.classes_[self.predict_indices(X)]

    def score(self, X: npt.ArrayLike, y: npt.ArrayLike) -> float:
        """Return the accuracy."""
        return float((self.predict_indices(X) == self._encoded_labels(y, len(np.asarray(X)))).mean())

    def transform(self, X: npt.ArrayLike) -> Array:
        """Return the features, shape (n_samples, n_outputs)."""
        module = self._evaluation_module()
        return map_rows(self, X, module.features, precision=torch.float32)

    @property
    def _n_features_out(self) -> int:
        return self.n_outputs
