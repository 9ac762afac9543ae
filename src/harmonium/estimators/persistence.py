"""A fitted estimator as two files, without pickle: ``model.safetensors`` and ``model.json``."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from harmonium.exceptions import DamagedFileError, InvalidInputError
from harmonium.files import write_atomically
from harmonium.seals import digest_of, from_json, seal, to_json
from harmonium.tensor_files import pack, unpack

WEIGHTS = "model.safetensors"
ARCHITECTURE = "model.json"
_FORMAT = 2
_UNSEALED_FORMAT = 1  # without checksums, and with the description in model.json alone
_KEYS = {"format", "weights", "estimator", "parameters", "n_features", "history"}
_saving = threading.Lock()


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
    """Write a model into a folder, which is made where it is missing.

    ``model.safetensors`` is the whole model, its description too: the folder holds the old model until this one file
    is replaced, and then the new one. ``model.json`` is the description for people to read. It goes before, and is
    bound by SHA-256 to the weights that come and to those that stand: a kill between the two leaves the old model.
    Threads may save into one folder; of processes only one at a time.

    Raises
    ------
    InvalidInputError
        If the folder is a file, or the model holds what JSON cannot; nothing has been written then.
    """
    description = {
        "format": _FORMAT,
        "estimator": saved.estimator,
        "parameters": saved.parameters,
        "n_features": saved.n_features,
        "history": saved.history,
        **saved.labels,
    }
    weights = pack(saved.tensors, description, f"this {saved.estimator}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InvalidInputError(f"a model is saved into a folder; {error.filename} is a file") from error
    with _saving:
        bound = [digest_of(weights)]
        with suppress(FileNotFoundError, IsADirectoryError):
            bound.append(digest_of((folder / WEIGHTS).read_bytes()))
        text = to_json({**description, "weights": list(dict.fromkeys(bound))}, f"this {saved.estimator}")
        write_atomically(folder / ARCHITECTURE, seal(text))
        write_atomically(folder / WEIGHTS, weights)


def read_model(folder: Path) -> SavedModel:
    """Read what `write_model` wrote.

    Raises
    ------
    InvalidInputError
        If the folder holds no saved model, or one of a later version.
    DamagedFileError
        If a file of it is not what was written, or the two are of two models.
    """
    before = None
    while (found := _read(folder)) != before:
        text, weights = found
        copy = from_json(text, folder / ARCHITECTURE)
        tensors, description, is_of_now = unpack(weights, folder / WEIGHTS)
        if not is_of_now:
            description = copy
        for path, content in ((folder / ARCHITECTURE, copy), (folder / WEIGHTS, description)):
            if content.get("format") not in (_UNSEALED_FORMAT, _FORMAT):
                raise InvalidInputError(
                    f"{path} has format {content.get('format')!r:.40}; "
                    f"this version reads {_UNSEALED_FORMAT} and {_FORMAT}"
                )
        bound = copy.get("weights")
        is_bound = isinstance(bound, list) and digest_of(weights) in bound
        if is_bound if is_of_now else copy["format"] == _UNSEALED_FORMAT:
            with damage_is_said(folder):
                return _saved_model(description, tensors)
        before = found  # or another thread is saving just now: then a second look finds others
    raise DamagedFileError(f"{folder} holds a {WEIGHTS} and a {ARCHITECTURE} of two models; save one of them again")


def is_saved(folder: Path) -> bool:
    """Whether a folder holds both files."""
    return (folder / WEIGHTS).is_file() and (folder / ARCHITECTURE).is_file()


@contextmanager
def damage_is_said(folder: Path) -> Iterator[None]:
    """Turn what a damaged file makes of the code inside into one DamagedFileError."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        if isinstance(error, InvalidInputError):  # a sentence, but nobody who loads a file has typed what it says
            reason = str(error)
        raise DamagedFileError(f"{folder} holds a damaged {WEIGHTS} or {ARCHITECTURE} ({reason})") from error


def _read(folder: Path) -> tuple[bytes, bytes]:
    try:
        return (folder / ARCHITECTURE).read_bytes(), (folder / WEIGHTS).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InvalidInputError(
            f"{folder} holds no saved estimator: {WEIGHTS} and {ARCHITECTURE} must both be there, "
            f"{Path(error.filename).name} is missing"
        ) from error
    except IsADirectoryError as error:
        raise DamagedFileError(f"{error.filename} is damaged: it is a folder") from error


def _saved_model(description: dict[str, Any], tensors: dict[str, torch.Tensor]) -> SavedModel:
    estimator, parameters, history = (description[key] for key in ("estimator", "parameters", "history"))
    n_features = description["n_features"]
    if not isinstance(estimator, str) or not isinstance(parameters, dict) or type(n_features) is not int:
        raise ValueError("the estimator must be a name, the parameters a table, the number of features an integer")
    if any(type(value) not in (int, float) for row in history for value in row.values()):
        raise ValueError("the history must be a list of rows of numbers")
    # JSON knows lists only; scikit-learn's clone wants a tuple to stay a tuple
    typed = {key: tuple(value) if isinstance(value, list) else value for key, value in parameters.items()}
    labels = {key: value for key, value in description.items() if key not in _KEYS}
    return SavedModel(estimator, typed, n_features, history, labels, tensors)
