"""How typical rows are of what a run was trained on: log-likelihoods, or bounds on them, and the lowest as outliers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harmonium.exceptions import InvalidInputError
from harmonium.experiments.output_files import write_array, write_columns
from harmonium.experiments.rows_out import apply
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.trained_run import load_rows, load_trained
from harmonium.families.registry import family_of


def score(run: RunDirectory, data: str | None, quantile: float | None, out: Path | None) -> dict[str, Any]:
    """Score rows one by one, and flag the share with the lowest scores.

    Parameters
    ----------
    run : RunDirectory
    data : str, optional
        Of which the test split is scored, or the whole where it has none; by default the run's own test rows.
    quantile : float, optional
        The share of the rows that is flagged, rounded up to whole rows.
    out : Path, optional
        Where the scores are written, a row each: alone into .npy; into tables with the row's number from 0 and, with a
        `quantile`, whether it is flagged.

    Returns
    -------
    dict
        Of JSON's types: ``score`` (what it is), ``unit``, ``n_rows``, ``mean``, ``median``, ``least``, ``greatest``,
        ``scores``, ``remark`` (what they can be compared with, perhaps nothing) and, with a `quantile`, ``threshold``
        (the greatest score that is flagged) and ``outliers`` (row and score, the lowest first).

    Raises
    ------
    InvalidInputError
        If the model has no density, or the rows are not of its kind.
    """
    if quantile is not None and not 0 < quantile < 1:
        raise InvalidInputError(f"quantile must be a number between 0 and 1; got {quantile:g}")
    estimator = load_trained(run, "score")
    scores = apply(estimator, "score", load_rows(run, data)).astype(np.float64)
    family = family_of(type(estimator).__name__)
    what = family.score
    found = {
        "score": what,
        "unit": "nats",
        "n_rows": len(scores),
        "mean": float(scores.mean()),
        "median": float(np.median(scores)),
        "least": float(scores.min()),
        "greatest": float(scores.max()),
        "scores": scores.tolist(),
        "remark": family.remark(estimator.get_params()),
    }
    order = np.argsort(scores, kind="stable")
    # what rounding leaves above a whole number is no row
    lowest = order[: 0 if quantile is None else math.ceil(round(quantile * len(scores), 9))]
    if quantile is not None:
        found["threshold"] = float(scores[lowest[-1]])
        found["outliers"] = [{"row": int(row), "score": float(scores[row])} for row in lowest]
    if out is not None and out.suffix.lower() == ".npy":
        write_array(out, scores)
    elif out is not None:
        rows = np.arange(len(scores))
        columns: dict[str, npt.NDArray[Any]] = {"row": rows, what.replace(" ", "_").replace("-", "_"): scores}
        if quantile is not None:
            columns["is_outlier"] = np.isin(rows, lowest)
        write_columns(out, list(columns), list(columns.values()))
    return found
