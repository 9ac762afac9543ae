"""What a run is: a model, its parameters and its data, written out in full."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import tomli_w

from harmonium.estimators.base import LatentVariableEstimator
from harmonium.estimators.conditional_vae import ConditionalVAE
from harmonium.estimators.gaussian_bernoulli_rbm import GaussianBernoulliRBM
from harmonium.estimators.image_classifier import ImageClassifier
from harmonium.estimators.sparse_autoencoder import SparseAutoencoder
from harmonium.estimators.vae import VAE
from harmonium.exceptions import InvalidInputError

MODELS: dict[str, type[LatentVariableEstimator]] = {
    "gaussian-bernoulli-rbm": GaussianBernoulliRBM,
    "vae": VAE,
    "conditional-vae": ConditionalVAE,
    "sparse-autoencoder": SparseAutoencoder,
    "image-classifier": ImageClassifier,
}


@dataclass(frozen=True)
class TrainConfig:
    """The resolved configuration of one run.

    Attributes
    ----------
    model : str
        A key of `MODELS`.
    data : str
        A data set's name or an own file's path.
    parameters : dict
        Every parameter of the estimator, defaults too, but those that are None; ``random_state`` is an integer.
    """

    model: str
    data: str
    parameters: dict[str, Any]

    @classmethod
    def resolve(cls, model: str, data: str, seed: int, **parameters: Any) -> TrainConfig:
        """Fill in every default and check every parameter.

        Raises
        ------
        InvalidInputError
            For an unknown model, a parameter that it does not have, or a value that is not allowed.
        """
        if model not in MODELS:
            raise InvalidInputError(f"model must be one of {', '.join(MODELS)}; got {model!r}")
        defaults = MODELS[model]().get_params()
        unknown = sorted(set(parameters) - set(defaults))
        if unknown:
            raise InvalidInputError(f"{model} has no parameter {unknown[0]!r}; it has {', '.join(defaults)}")
        resolved = defaults | parameters | {"random_state": seed}
        MODELS[model](**resolved).check_parameters()
        # TOML has no None and no tuple: a parameter that is None is left out, and made None again by its default
        written = {
            key: np.asarray(v).tolist() if isinstance(v, tuple | np.ndarray) else v for key, v in resolved.items()
        }
        return cls(model, data, {key: value for key, value in written.items() if value is not None})

    def make_estimator(self) -> LatentVariableEstimator:
        """Return the unfitted estimator."""
        parameters = {key: tuple(v) if isinstance(v, list) else v for key, v in self.parameters.items()}
        return MODELS[self.model](**parameters)

    def to_toml(self) -> str:
        """Write the configuration as TOML."""
        return tomli_w.dumps(asdict(self))

    @classmethod
    def from_toml(cls, text: str) -> TrainConfig:
        """Read what `to_toml` wrote."""
        config = cls(**tomllib.loads(text))
        if not isinstance(config.parameters, dict):
            raise ValueError("parameters must be a table")
        return config
