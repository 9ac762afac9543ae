"""The space of a search: what a family declares, and what a file says in its place."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)

from harmonium.data.datasets import Dataset
from harmonium.exceptions import InvalidInputError, shown
from harmonium.experiments.toml_file import read_toml
from harmonium.families.family import Family
from harmonium.families.registry import family_names, find_family, is_own

_NOT_PARAMETERS = {"model", "data", "seed", "random_state", "n_epochs", "validation_fraction", "patience"}


@dataclass(frozen=True)
class SearchSpace:
    """Distributions of the parameters that are tuned, and values of those that are not the model's defaults.

    Attributes
    ----------
    fixed : dict
        Parameters with one value; not what the search or its caller sets, such as ``n_epochs``.
    tuned : dict of str to optuna distribution
        A sequence among the choices of a categorical one is written as JSON, as ``"[16, 32, 256]"``.
    """

    fixed: dict[str, Any] = field(default_factory=dict)
    tuned: dict[str, BaseDistribution] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in sorted({*self.fixed, *self.tuned} & _NOT_PARAMETERS):
            raise InvalidInputError(f"{name} is set by the search itself; leave it out of the search space")

    def parameters(self, drawn: dict[str, Any]) -> dict[str, Any]:
        """Return the model's parameters for what a trial has drawn."""
        return self.fixed | {
            key: tuple(json.loads(value)) if isinstance(value, str) and value.startswith("[") else value
            for key, value in drawn.items()
        }

    def to_json(self) -> dict[str, Any]:
        """Return the space as JSON's types."""
        return {"fixed": self.fixed, "tuned": {key: distribution_to_json(d) for key, d in self.tuned.items()}}


def search_space(model: str, data: Dataset, override: Path | None = None) -> SearchSpace:
    """Return a family's search space for some data, with what a TOML file says in place of its own.

    The file has a table ``[fixed]`` of parameters, and for each parameter to tune a table ``[tuned.NAME]`` with
    ``low`` and ``high`` (and ``log = true`` or ``step``) or ``choices``. A parameter that the file fixes is not tuned.

    Raises
    ------
    InvalidInputError
        If the model cannot be tuned, or the file is not such a file.
    """
    family = tunable_family(model)
    is_image = data.image_shape is not None and len(data.image_shape) == 2
    kind = "images" if is_image and "images" in family.spaces else "tables"
    if kind not in family.spaces:
        raise InvalidInputError(f"{model} is tuned on images alone; these data are a table")
    space = family.spaces[kind]
    fixed = dict(space.fixed)
    tuned = {name: _distribution(f"{model}: {name}", table) for name, table in space.tuned.items()}
    if override is not None:
        given = read_toml(override)
        for name, table in given.items():
            if name not in ("fixed", "tuned") or not isinstance(table, dict):
                raise InvalidInputError(
                    f"{shown(override)}: tables must be [fixed] or [tuned.NAME]; found [{shown(name):.40}]"
                )
        for name in set(given.get("fixed", {})) & set(given.get("tuned", {})):
            raise InvalidInputError(
                f"{shown(override)}: {shown(name):.40} is both fixed and tuned; leave one of them out"
            )
        for name, table in given.get("tuned", {}).items():
            tuned[name] = _distribution(f"{shown(override)}: [tuned.{shown(name):.40}]", table)
            fixed.pop(name, None)
        fixed |= given.get("fixed", {})
        tuned = {name: distribution for name, distribution in tuned.items() if name not in given.get("fixed", {})}
    if not tuned:
        raise InvalidInputError("the search space has no parameter to tune; one or more are needed")
    followed = {name: value for name, value in family.complete(fixed, data).items() if name not in tuned}
    return SearchSpace(followed | fixed, tuned)


def tunable_family(model: str) -> Family:
    """Return the family of a name; raise InvalidInputError where it declares no search space."""
    if model not in family_names() or not find_family(model).spaces:
        tunable = [name for name in family_names() if is_own(name) and find_family(name).spaces]
        raise InvalidInputError(f"model must be one of {', '.join(tunable)}, to be tuned; got {model!r}")
    return find_family(model)


def _choices(*values: Any) -> CategoricalDistribution:
    for value in values:
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, str | int | float) for part in parts) or str(value).startswith("[") != (
            value is parts
        ):
            raise ValueError("a choice must be a name, a number, true or false, or a list of these")
    return CategoricalDistribution([json.dumps(v) if isinstance(v, list) else v for v in values])


def _distribution(where: str, table: Any) -> BaseDistribution:
    allowed = "must have low and high (and log or step), or choices"
    if not isinstance(table, dict):
        raise InvalidInputError(f"{where} {allowed}; got {table!r:.100}")
    try:
        if "choices" in table:
            if set(table) > {"choices"} or not isinstance(table["choices"], list):
                raise ValueError("choices must be a list and stand alone")
            return _choices(*table["choices"])
        if not all(math.isfinite(table[bound]) for bound in ("low", "high")):
            raise ValueError("low and high must be finite")
        kind = (
            IntDistribution if isinstance(table["low"], int) and isinstance(table["high"], int) else FloatDistribution
        )
        return kind(**table)
    except (ArithmeticError, KeyError, TypeError, ValueError) as error:
        raise InvalidInputError(f"{where} {allowed}; got {table!r:.100} ({error!s:.100})") from error
