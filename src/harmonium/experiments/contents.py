"""What the files of a whole run hold: checked when a report is made of them, so that a wrong value names its file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harmonium.exceptions import DamagedFileError

NUMBER = (int, float)
NUMBER_OR_NONE = (int, float, type(None))
_LATENT = dict.fromkeys(("knn_accuracy", "probe_accuracy", "silhouette"), NUMBER)
_VAE = dict.fromkeys(("test_mse", "negative_elbo", "negative_iwae", "kl", "active_units", "seconds_per_epoch"), NUMBER)
JUDGED: Mapping[str, Any] = {"frechet_distance": NUMBER}
JUDGED_BY_CLASS: Mapping[str, Any] = {**JUDGED, "class_agreement": dict, "class_agreement_all": NUMBER}

# by model, what `evaluate` measures
MEASURES: Mapping[str, Mapping[str, Any]] = {
    "gaussian-bernoulli-rbm": {
        **dict.fromkeys(
            ("test_mse", "test_log_likelihood", "log_likelihood_standard_error", "seconds_per_epoch"), NUMBER
        ),
        "effective_sample_size": NUMBER_OR_NONE,
    },
    "vae": {**_VAE, **_LATENT},
    "conditional-vae": {**_VAE, **_LATENT},
    "sparse-autoencoder": dict.fromkeys(
        ("test_mse", "psnr", "explained_variance", "l0", "dead", "rare", "seconds_per_epoch"), NUMBER
    ),
    "image-classifier": {"test_accuracy": NUMBER},
}
# by model, what an epoch's row of history.csv records for the drawings
RECORDED = {"gaussian-bernoulli-rbm": "test_mse", "vae": "negative_elbo", "conditional-vae": "negative_elbo"}
MANIFEST: Mapping[str, Any] = {"versions": dict, "machine": str, "threads": NUMBER, "data_sha256": str}
STUDY: Mapping[str, Any] = {
    "setting": {"n_epochs": NUMBER, "n_samples": NUMBER},
    "trials": [{"number": NUMBER, "state": str, "losses_by_epoch": list, "parameters": dict}],
    "importances": dict,
}
ASSIGNMENT: Mapping[str, Any] = {
    "problem1": {"data": str, "n_hidden": [int], "n_epochs": int, "n_seeds": int, "compared_at": int},
    "problem2": {"data": str, "n_trials": int, "n_epochs": int, "n_seeds": int, "fixed_settings": dict},
    "problem3": {"data": str, "sigmas": [NUMBER], "l1_sweep": [NUMBER], "n_seeds": int, "methods": [str]},
}


def check_contents(found: Any, wanted: Any, path: Path, name: str = "its content") -> None:
    """Find that a file's content has a shape; keys that are not asked for are let be.

    Parameters
    ----------
    found : object
    wanted : type, tuple of types, mapping or list of one
        A mapping asks for these keys, a list for one or more of such elements.
    path : Path
    name : str
        What the sentence calls the content.

    Raises
    ------
    DamagedFileError
        If it has another.
    """
    kinds = {list: "a list", dict: "a table"}
    kind = dict if isinstance(wanted, Mapping) else list if isinstance(wanted, list) else wanted
    if not isinstance(found, kind) or isinstance(found, bool):
        said = kinds.get(kind, "a number" if isinstance(kind, tuple) or kind is int else "text")
        raise DamagedFileError(f"{path} is damaged: {name} must be {said}; got {str(found)[:40]!r}")
    if isinstance(wanted, Mapping):
        for key, inner in wanted.items():
            if key not in found:
                raise DamagedFileError(f"{path} is damaged: {key} is missing")
            check_contents(found[key], inner, path, key)
    elif isinstance(wanted, list):
        if not found:
            raise DamagedFileError(f"{path} is damaged: {name} is empty")
        for element in found:
            check_contents(element, wanted[0], path, f"an element of {name}")
