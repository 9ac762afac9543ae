"""What a file keeps of a fitted estimator, and the estimator from what was kept."""

from __future__ import annotations

import math
from abc import abstractmethod
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from harmonium.data.scaling import Scaling
from harmonium.estimators.persistence import SavedModel, write_model
from harmonium.modules.states import make_of_state
from harmonium.random.seeding import RandomState, root_seed


class Saving(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Base of `LatentVariableEstimator`; what is learned beside a module is named in its `_kept_` methods."""

    random_state: RandomState
    module_: Any
    scaling_: Scaling
    history_: list[dict[str, float]]
    seed_: int
    n_features_in_: int
    image_shape_: tuple[int, ...]
    _parameters_of_fit: dict[str, Any]

    @abstractmethod
    def _check_parameters(self) -> None: ...

    @abstractmethod
    def _make_module(self, n_features: int, generator: torch.Generator) -> torch.nn.Module: ...

    def save(self, folder: str | Path) -> None:
        """Write the fitted estimator into a folder, from which `harmonium.load` gives it back.

        Its parameters are those that it was fitted with; what was set since is not kept. One of a class of your own is
        given back where the class is defined, or a family declares it.

        Parameters
        ----------
        folder : str or Path
            It is made where it is missing.
        """
        check_is_fitted(self)
        parameters = self._parameters_of_fit | {"random_state": self.seed_}
        saved = SavedModel(
            type(self).__name__,
            parameters,
            self.n_features_in_,
            self.history_,
            self._kept_labels(),
            self._kept_tensors(),
        )
        write_model(saved, Path(folder))

    @classmethod
    def _from_saved(cls, saved: SavedModel) -> Self:
        """Return the fitted estimator that was saved; an error of any kind where that cannot be."""
        estimator = cls(**saved.parameters)
        estimator._check_parameters()
        estimator._parameters_of_fit = saved.parameters
        estimator.seed_ = root_seed(estimator.random_state)
        estimator.n_features_in_, estimator.history_ = saved.n_features, saved.history
        estimator._restore_labels(saved.labels)
        estimator._restore_tensors(saved.tensors)
        return estimator

    def _kept_labels(self) -> dict[str, list[Any]]:
        """Return what a file keeps besides parameters and tensors, as JSON's types."""
        names = {"feature_names": self.feature_names_in_.tolist()} if hasattr(self, "feature_names_in_") else {}
        return names | ({"image_shape": list(self.image_shape_)} if hasattr(self, "image_shape_") else {})

    def _restore_labels(self, labels: dict[str, list[Any]]) -> None:
        if "feature_names" in labels:
            self.feature_names_in_ = np.array(labels["feature_names"], dtype=object)
            if self.feature_names_in_.shape != (self.n_features_in_,):
                raise ValueError(f"there must be {self.n_features_in_} names of features")
        if "image_shape" in labels:
            self.image_shape_ = tuple(labels["image_shape"])
            if len(self.image_shape_) not in (2, 3) or math.prod(self.image_shape_) != self.n_features_in_:
                raise ValueError(f"the images must have {self.n_features_in_} values")

    def _kept_tensors(self) -> dict[str, torch.Tensor]:
        """Return the tensors that a file keeps."""
        tensors = {f"module.{key}": value for key, value in self.module_.state_dict().items()}
        scaling = self.scaling_
        return tensors | {
            "scaling.mean": torch.from_numpy(scaling.mean),
            "scaling.scale": torch.from_numpy(scaling.scale),
        }

    def _restore_tensors(self, tensors: dict[str, torch.Tensor]) -> None:
        n_features = self.n_features_in_
        mean, scale = tensors["scaling.mean"], tensors["scaling.scale"]
        for one in (mean, scale):
            if (one.dtype, one.shape) != (torch.float64, (n_features,)) or not bool(one.isfinite().all()):
                raise ValueError(f"the scaling must be {n_features} finite numbers")
        if not bool((scale > 0).all()):
            raise ValueError("the scaling must divide by numbers above 0")
        state = {key.removeprefix("module."): value for key, value in tensors.items() if key.startswith("module.")}
        self.scaling_ = Scaling(mean.numpy(), scale.numpy())
        self.module_ = make_of_state(lambda: self._make_module(n_features, torch.Generator()), state)
