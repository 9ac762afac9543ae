"""A fitted estimator as two files, without pickle: ``model.safetensors`` and ``model.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from harmonium.exceptions import DamagedFileError, InvalidInputError
from harmonium.files import write_atomically

WEIGHTS = "model.safetensors"
ARCHITECTURE = "model.json"
_FORMAT = 1
_KEYS = {"format", "estimator", "parameters", "n_features", "history"}


@dataclass(frozen=True)
class SavedModel:
    """What the files keep of a fitted estimator.

    Attributes
    ----------
    estimator : str
        The name of its class.
    parameters : dict
        Every hyper-parameter; ``random_state`` is the seed that was used.
    n_features : int
    history : list of dict
        A row an epoch.
    labels : dict of str to list
        Names of features and classes, where it has them.
    tensors : dict of str to Tensor
        Weights, scaling and what else it has learned.
    """

    estimator: str
    parameters: dict[str, Any]
    n_features: int
    history: list[dict[str, float]]
    labels: dict[str, list[Any]]
    tensors: dict[str, torch.Tensor]


def write_model(saved: SavedModel, folder: Path) -> None:
    """Write a model into a folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    description = {
        "format": _FORMAT,
        "estimator": saved.estimator,
        "parameters": saved.parameters,
        "n_features": saved.n_features,
        "history": saved.history,
        **saved.labels,
    }
    tensors = {key: value.contiguous() for key, value in saved.tensors.items()}
    write_atomically(folder / WEIGHTS, save_tensors(tensors))
    write_atomically(folder / ARCHITECTURE, json.dumps(description, indent=2, default=_plain) + "\n")


def read_model(folder: Path) -> SavedModel:
    """Read what `write_model` wrote.

    Raises
    ------
    InvalidInputError
        If the folder holds no saved model.
    DamagedFileError
        If a file of it cannot be what was written.
    """
    try:
        text = (folder / ARCHITECTURE).read_bytes()
        weights = (folder / WEIGHTS).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InvalidInputError(
            f"{folder} holds no saved estimator: {WEIGHTS} and {ARCHITECTURE} must both be there, "
            f"{Path(error.filename).name} is missing"
        ) from error
    with damage_is_said(folder):
        description = json.loads(text)
        if description["format"] != _FORMAT:
            raise InvalidInputError(
                f"{folder / ARCHITECTURE} has format {description['format']}; this version reads {_FORMAT}"
            )
        return SavedModel(
            description["estimator"],
            _typed(description["parameters"]),
            description["n_features"],
            description["history"],
            {key: value for key, value in description.items() if key not in _KEYS},
            load_tensors(weights),
        )


def is_saved(folder: Path) -> bool:
    """Whether a folder holds both files."""
    return (folder / WEIGHTS).is_file() and (folder / ARCHITECTURE).is_file()


@contextmanager
def damage_is_said(folder: Path) -> Iterator[None]:
    """Turn what a damaged file makes of the code inside into one DamagedFileError."""
    try:
        yield
    except (SafetensorError, AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        if isinstance(error, InvalidInputError):
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise DamagedFileError(f"{folder} holds a damaged {WEIGHTS} or {ARCHITECTURE} ({reason})") from error


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{value!r} cannot be written as JSON")


def _typed(parameters: dict[str, Any]) -> dict[str, Any]:
    # JSON knows lists only; scikit-learn's clone wants a tuple to stay a tuple
    return {key: tuple(value) if isinstance(value, list) else value for key, value in parameters.items()}
