"""What is tuned of each model, within which bounds, and what is held fixed meanwhile."""

from __future__ import annotations

import json
import math
import tomllib
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

from harmonium.exceptions import InvalidInputError

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


def _choices(*values: Any) -> CategoricalDistribution:
    return CategoricalDistribution([json.dumps(v) if isinstance(v, list) else v for v in values])


_IMAGES = SearchSpace(
    fixed={
        "architecture": "convolutional",
        "likelihood": "calibrated-gaussian",
        "learning_rate_schedule": "cosine",
        "scaling": "global",
    },
    tuned={
        "n_latent": IntDistribution(8, 32, step=8),
        "hidden_sizes": _choices([16, 32, 128], [16, 32, 256], [16, 32, 512]),
        # a short trial does not show that more than this can end a long training in posterior collapse
        "learning_rate": FloatDistribution(1e-3, 3e-3, log=True),
        "batch_size": _choices(64, 128, 256),
    },
)
_TABLES = SearchSpace(
    fixed={"likelihood": "calibrated-gaussian", "learning_rate_schedule": "cosine", "scaling": "feature"},
    tuned={
        "n_latent": IntDistribution(2, 32, log=True),
        "hidden_sizes": _choices([64], [256], [64, 64], [256, 128], [512, 256]),
        "learning_rate": FloatDistribution(3e-4, 1e-2, log=True),
        "batch_size": _choices(32, 64, 128),
    },
)
SEARCH_SPACES: dict[str, dict[str, SearchSpace]] = {
    "vae": {"images": _IMAGES, "tables": _TABLES},
    "conditional-vae": {"images": _IMAGES, "tables": _TABLES},
}


def search_space(model: str, image_shape: tuple[int, ...] | None, override: Path | None = None) -> SearchSpace:
    """Return a model's search space for data of a kind, with a TOML file's tables in place of its own.

    The file has a table ``[fixed]`` of parameters, and for each parameter to tune a table ``[tuned.NAME]`` with
    ``low`` and ``high`` (and ``log = true`` or ``step``) or ``choices``. A parameter that the file fixes is not tuned.

    Raises
    ------
    InvalidInputError
        If the model cannot be tuned, or the file is not such a file.
    """
    if model not in SEARCH_SPACES:
        raise InvalidInputError(f"model must be one of {', '.join(SEARCH_SPACES)}, to be tuned; got {model!r}")
    is_image = image_shape is not None and len(image_shape) == 2
    space = SEARCH_SPACES[model]["images" if is_image else "tables"]
    fixed = space.fixed | ({"image_shape": tuple(image_shape)} if is_image and image_shape is not None else {})
    tuned = dict(space.tuned)
    if override is not None:
        given = _read(override)
        for name, table in given.items():
            if name not in ("fixed", "tuned") or not isinstance(table, dict):
                raise InvalidInputError(f"{override}: tables must be [fixed] or [tuned.NAME]; found [{name}]")
        for name in set(given.get("fixed", {})) & set(given.get("tuned", {})):
            raise InvalidInputError(f"{override}: {name} is both fixed and tuned; leave one of them out")
        for name, table in given.get("tuned", {}).items():
            tuned[name] = _distribution(f"{override}: [tuned.{name}]", table)
            fixed.pop(name, None)
        fixed |= given.get("fixed", {})
        tuned = {name: distribution for name, distribution in tuned.items() if name not in given.get("fixed", {})}
    if not tuned:
        raise InvalidInputError("the search space has no parameter to tune; one or more are needed")
    return SearchSpace(fixed, tuned)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise InvalidInputError(f"{path} is not TOML: {error}") from error


def _distribution(where: str, table: Any) -> BaseDistribution:
    allowed = "must have low and high (and log or step), or choices"
    if not isinstance(table, dict):
        raise InvalidInputError(f"{where} {allowed}; got {table!r}")
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
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInputError(f"{where} {allowed}; got {table!r} ({error})") from error
