"""A run's ``config.toml`` as what a command starts from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harmonium.exceptions import InvalidInputError, shown
from harmonium.experiments.toml_file import read_toml


@dataclass(frozen=True)
class ConfigFile:
    """What a configuration file says; any of it may be left out.

    Attributes
    ----------
    model, data : str, optional
    test_fraction : float, optional
    parameters : dict
        Of the estimator; what was a tuple once is one again.
    """

    model: str | None = None
    data: str | None = None
    test_fraction: float | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


def read_config_file(path: Path) -> ConfigFile:
    """Read a configuration file, such as each run directory has one.

    Raises
    ------
    InvalidInputError
        If it is not TOML, or holds anything else than a model's name, a data set's, a share of test rows and a table of
        parameters.
    """
    found = read_toml(path)
    kinds: dict[str, Any] = {"model": str, "data": str, "test_fraction": (int, float), "parameters": dict}
    for key, value in found.items():
        if not isinstance(value, kinds.get(key, ())) or isinstance(value, bool):
            raise InvalidInputError(
                f"{shown(path)} must hold the texts model and data, the number test_fraction and the table parameters; "
                f"found {shown(key):.40} = {value!r:.40}"
            )
    parameters = {key: tuple(v) if isinstance(v, list) else v for key, v in found.pop("parameters", {}).items()}
    return ConfigFile(**found, parameters=parameters)
