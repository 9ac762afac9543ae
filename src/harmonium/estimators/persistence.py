"""A fitted estimator as two files, without pickle: ``model.safetensors`` and ``model.json``."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from harmonium.data.scaling import Scaling
from harmonium.exceptions import DamagedFileError, InvalidInputError
from harmonium.files import write_atomically
from harmonium.samplers.latent_density import LatentDensity

if TYPE_CHECKING:
    from harmonium.estimators.base import LatentVariableEstimator

WEIGHTS = "model.safetensors"
ARCHITECTURE = "model.json"
_FORMAT = 1
_LABELS = {"feature_names": "feature_names_in_", "classes": "classes_"}
_ESTIMATORS = {
    "GaussianBernoulliRBM": "harmonium.estimators.gaussian_bernoulli_rbm",
    "VAE": "harmonium.estimators.vae",
    "ConditionalVAE": "harmonium.estimators.conditional_vae",
    "SparseAutoencoder": "harmonium.estimators.sparse_autoencoder",
    "ImageClassifier": "harmonium.estimators.image_classifier",
}


def save(estimator: LatentVariableEstimator, folder: str | Path) -> None:
    """Write a fitted estimator into a folder, which is made where it is missing."""
    if type(estimator).__name__ not in _ESTIMATORS:
        raise InvalidInputError(f"only {', '.join(_ESTIMATORS)} can be saved; got {type(estimator).__name__}")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"module.{key}": value.contiguous() for key, value in estimator.module_.state_dict().items()}
    tensors["scaling.mean"] = torch.from_numpy(estimator.scaling_.mean)
    tensors["scaling.scale"] = torch.from_numpy(estimator.scaling_.scale)
    description = {
        "format": _FORMAT,
        "estimator": type(estimator).__name__,
        "parameters": estimator.get_params() | {"random_state": estimator.seed_},
        "n_features": estimator.n_features_in_,
        "history": estimator.history_,
    }
    for key, attribute in _LABELS.items():
        if hasattr(estimator, attribute):
            description[key] = getattr(estimator, attribute).tolist()
    if hasattr(estimator, "latent_density_"):
        density = vars(estimator.latent_density_)
        tensors |= {f"latent_density.{name}": part.contiguous() for name, part in density.items()}
    write_atomically(folder / WEIGHTS, save_tensors(tensors))
    write_atomically(folder / ARCHITECTURE, json.dumps(description, indent=2, default=_plain) + "\n")


def load(folder: str | Path) -> Any:
    """Return the fitted estimator that ``save`` (or ``harmonium train``) wrote into a folder.

    Parameters
    ----------
    folder : str or Path
        A run directory, or what an estimator's ``save`` was given.

    Returns
    -------
    estimator
        Of the class that was saved.

    Raises
    ------
    InvalidInputError
        If the folder holds no saved estimator.
    DamagedFileError
        If a file of it cannot be what was written.
    """
    folder = Path(folder)
    try:
        text = (folder / ARCHITECTURE).read_bytes()
        weights = (folder / WEIGHTS).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InvalidInputError(
            f"{folder} holds no saved estimator: {WEIGHTS} and {ARCHITECTURE} must both be there, "
            f"{Path(error.filename).name} is missing"
        ) from error
    try:
        description = json.loads(text)
        if description["format"] != _FORMAT:
            raise InvalidInputError(
                f"{folder / ARCHITECTURE} has format {description['format']}; this version reads {_FORMAT}"
            )
        name = description["estimator"]
        tensors = load_tensors(weights)
        estimator = getattr(importlib.import_module(_ESTIMATORS[name]), name)(**_typed(description["parameters"]))
        state = {key.removeprefix("module."): value for key, value in tensors.items() if key.startswith("module.")}
        scaling = Scaling(tensors["scaling.mean"].numpy(), tensors["scaling.scale"].numpy())
        for key, attribute in _LABELS.items():
            if key in description:
                dtype = object if key == "feature_names" else None
                setattr(estimator, attribute, np.array(description[key], dtype=dtype))
        estimator.restore(state, scaling, description["n_features"], description["history"])
        density = {k.partition(".")[2]: part for k, part in tensors.items() if k.startswith("latent_density.")}
        if density:
            estimator.latent_density_ = LatentDensity(**density)
    except (SafetensorError, AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        if isinstance(error, InvalidInputError):
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise DamagedFileError(f"{folder} holds a damaged {WEIGHTS} or {ARCHITECTURE} ({reason})") from error
    return estimator


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{value!r} cannot be written as JSON")


def _typed(parameters: dict[str, Any]) -> dict[str, Any]:
    # JSON knows lists only; scikit-learn's clone wants a tuple to stay a tuple
    return {key: tuple(value) if isinstance(value, list) else value for key, value in parameters.items()}
