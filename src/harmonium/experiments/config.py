"""What a run is: a model, its parameters and its data, written out in full."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import tomli_w

from harmonium.exceptions import InvalidInputError
from harmonium.families.registry import find_family
from harmonium.seals import BLANK

if TYPE_CHECKING:
    from harmonium.estimators.base import LatentVariableEstimator


@dataclass(frozen=True)
class TrainConfig:
    """The resolved configuration of one run.

    Attributes
    ----------
    model : str
        A family's name.
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
        estimator_class = find_family(model).load_estimator_class()
        defaults = estimator_class().get_params()
        unknown = sorted(set(parameters) - set(defaults))
        if unknown:
            raise InvalidInputError(f"{model} has no parameter {unknown[0]!r}; it has {', '.join(defaults)}")
        resolved = defaults | parameters | {"random_state": seed}
        estimator_class(**resolved)._check_parameters()
        # TOML has no None and no tuple: a parameter that is None is left out, and made None again by its default
        written = {
            key: np.asarray(v).tolist() if isinstance(v, tuple | np.ndarray) else v for key, v in resolved.items()
        }
        return cls(model, data, {key: value for key, value in written.items() if value is not None})

    def make_estimator(self) -> LatentVariableEstimator:
        """Return the unfitted estimator."""
        parameters = {key: tuple(v) if isinstance(v, list) else v for key, v in self.parameters.items()}
        return find_family(self.model).load_estimator_class()(**parameters)

    def completed(self) -> TrainConfig:
        """Return the same with the defaults of parameters that it does not have: one written before they were."""
        parameters = {key: value for key, value in self.parameters.items() if key != "random_state"}
        return self.resolve(self.model, self.data, self.parameters["random_state"], **parameters)

    def to_toml(self) -> str:
        """Write the configuration as TOML, with room for a seal in its first line."""
        return f"# {BLANK}\n{tomli_w.dumps(asdict(self))}"

    @classmethod
    def from_toml(cls, text: str) -> TrainConfig:
        """Read what `to_toml` wrote."""
        config = cls(**tomllib.loads(text))
        if not isinstance(config.model, str) or not isinstance(config.data, str):
            raise ValueError("model and data must be texts")
        if not isinstance(config.parameters, dict):
            raise ValueError("parameters must be a table")
        return config
