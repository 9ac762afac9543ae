"""What a run is: a model, its parameters and its data, written out in full."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import tomli_w

from harmonium.data.datasets import Dataset
from harmonium.data.registry import Split
from harmonium.estimators.parameters import check_fraction
from harmonium.exceptions import InvalidInputError
from harmonium.experiments.run_data import data_name, load_split
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
        A data set's name or an own file's absolute path.
    parameters : dict
        Every parameter of the estimator, defaults too, but those that are None; ``random_state`` is an integer.
    test_fraction : float
        Of the rows of an own file without a test split that are held back for the test, drawn by the seed.
    """

    model: str
    data: str
    parameters: dict[str, Any]
    test_fraction: float = 0.0

    @classmethod
    def resolve(cls, model: str, data: str, seed: int, *, test_fraction: float = 0.0, **parameters: Any) -> TrainConfig:
        """Fill in every default, check every parameter, and make an own file's path absolute.

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
        kept = {key: value for key, value in written.items() if value is not None}
        return cls(model, data_name(data), kept, float(test_fraction))

    def make_estimator(self) -> LatentVariableEstimator:
        """Return the unfitted estimator."""
        parameters = {key: tuple(v) if isinstance(v, list) else v for key, v in self.parameters.items()}
        return find_family(self.model).load_estimator_class()(**parameters)

    def completed(self) -> TrainConfig:
        """Return the same with the defaults of parameters that it does not have: one written before they were."""
        parameters = {key: value for key, value in self.parameters.items() if key != "random_state"}
        return self.resolve(
            self.model, self.data, self.parameters["random_state"], test_fraction=self.test_fraction, **parameters
        )

    def settings(self) -> dict[str, Any]:
        """Return all that tells this run from another, by name."""
        return {"model": self.model, "data": self.data, "test_fraction": self.test_fraction, **self.parameters}

    def with_epochs(self, n_epochs: int) -> TrainConfig:
        """Return the same with another number of epochs."""
        return replace(self, parameters=self.parameters | {"n_epochs": n_epochs})

    def load(self, split: Split) -> Dataset:
        """Load the rows that the run is trained or measured on, as `load_split` does."""
        return load_split(self.data, split, self.test_fraction, self.parameters["random_state"])

    def to_toml(self) -> str:
        """Write the configuration as TOML, with room for a seal in its first line."""
        written = asdict(self)
        if self.test_fraction == 0:
            del written["test_fraction"]
        return f"# {BLANK}\n{tomli_w.dumps(written)}"

    @classmethod
    def from_toml(cls, text: str) -> TrainConfig:
        """Read what `to_toml` wrote."""
        config = cls(**tomllib.loads(text))
        if not isinstance(config.model, str) or not isinstance(config.data, str):
            raise ValueError("model and data must be texts")
        if not isinstance(config.parameters, dict):
            raise ValueError("parameters must be a table")
        if type(config.parameters.get("random_state")) is not int:
            raise ValueError("the parameter random_state must be there, an integer")
        check_fraction("test_fraction", config.test_fraction)
        return config
