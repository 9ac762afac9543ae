"""What a trained run makes of rows: reconstructed, denoised, or embedded as codes."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harmonium.data.datasets import Dataset
from harmonium.exceptions import InvalidInputError
from harmonium.experiments.output_files import PICTURES, check_picture, write_picture, write_rows
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.trained_run import METHODS, image_shape, load_rows, load_trained

N_DRAWN = 10


def write_made(run: RunDirectory, verb: str, data: str | None, out: Path) -> dict[str, Any]:
    """Apply a run to rows and write what comes out into a file.

    Parameters
    ----------
    run : RunDirectory
    verb : {"reconstruct", "denoise", "embed"}
    data : str, optional
        Of which the test split is taken, or the whole where it has none; by default the run's own test rows.
    out : Path
        An array, a table, or of images a picture: the first ten rows, above what comes out.

    Returns
    -------
    dict
        Of JSON's types: ``out`` and ``shape``.

    Raises
    ------
    InvalidInputError
        If the model cannot do this, the rows are not of its kind, or they cannot be drawn as a picture.
    """
    estimator = load_trained(run, verb)
    is_picture = out.suffix.lower() in PICTURES
    shape = image_shape(estimator, run) if is_picture else None
    check_picture(out, shape, estimator.n_features_in_)
    rows = load_rows(run, data)
    made = apply(estimator, verb, rows)
    if is_picture and shape is not None:
        n = min(N_DRAWN, len(made))
        write_picture(out, np.concatenate([rows.X[:n], made[:n]]), shape, n)
    else:
        write_rows(out, made, estimator.get_feature_names_out() if verb == "embed" else feature_names(estimator))
    return {"out": str(out), "shape": list(made.shape)}


def apply(estimator: Any, verb: str, rows: Dataset) -> npt.NDArray[np.floating]:
    """Return what an estimator's method gives for rows, told their labels where it takes any."""
    method = getattr(estimator, METHODS[verb])
    found: npt.NDArray[np.floating] = method(rows.X, *([rows.labels] if "y" in signature(method).parameters else []))
    if not np.isfinite(found).all():
        raise InvalidInputError(f"what the model makes of {rows.name} is not finite: the rows are far from its own")
    return found


def feature_names(estimator: Any) -> list[str]:
    """Return the names of a row's features: those of the training data, or x0, x1, ... as scikit-learn has it."""
    known = getattr(estimator, "feature_names_in_", None)
    return [f"x{k}" for k in range(estimator.n_features_in_)] if known is None else [str(name) for name in known]
