"""Drawing new rows from a trained run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harmonium.estimators.conditions import ClassColumn
from harmonium.exceptions import InvalidInputError
from harmonium.experiments.output_files import PICTURES, check_picture, write_picture, write_rows
from harmonium.experiments.rows_out import feature_names
from harmonium.experiments.run_directory import RunDirectory
from harmonium.experiments.trained_run import image_shape, load_trained

_N_COLUMNS = 10


def sample(
    run: RunDirectory, out: Path, n_samples: int, classes: Sequence[str], seed: int, noise: bool | None
) -> dict[str, Any]:
    """Draw rows from a run and write them into a file, in the user's units.

    Parameters
    ----------
    run : RunDirectory
    out : Path
        An array, a table, or a picture: a grid of ten columns, or of a line a class where there are several.
    n_samples : int
        Of each class.
    classes : sequence of str
        As the labels are written; none for a model without a condition.
    seed : int
        The same one gives the same rows.
    noise : bool, optional
        Whether x is drawn from p(x | z) or p(x | h), or is its mean; by default as the estimator's `sample` does, and
        without noise for a picture.

    Returns
    -------
    dict
        Of JSON's types: ``out``, ``shape``, ``classes`` and ``seed``.

    Raises
    ------
    InvalidInputError
        If the model cannot draw, the classes are not its own, or the rows cannot be drawn as a picture.
    """
    estimator = load_trained(run, "sample")
    is_picture = out.suffix.lower() in PICTURES
    shape = image_shape(estimator, run) if is_picture else None
    check_picture(out, shape, estimator.n_features_in_)
    y = conditions_of(estimator, classes)
    options: dict[str, Any] = {} if noise is None and not is_picture else {"noise": bool(noise)}
    if y:
        options["y"] = np.repeat(np.array(y), n_samples)
    rows = estimator.sample(n_samples * max(1, len(y)), random_state=seed, **options)
    if is_picture and shape is not None:
        write_picture(out, rows, shape, n_samples if len(y) > 1 else min(n_samples, _N_COLUMNS))
    else:
        write_rows(out, rows, feature_names(estimator))
    return {"out": str(out), "shape": list(rows.shape), "classes": list(classes), "seed": seed}


def conditions_of(estimator: Any, classes: Sequence[str]) -> list[Any]:
    """Return the labels of a model that are written as these words; none where it has no condition.

    Raises
    ------
    InvalidInputError
        If a word is no label of the model, it needs one and has none, or it has no condition.
    """
    columns = getattr(estimator, "conditions_", ())
    if not columns:
        if classes:
            raise InvalidInputError("the model was trained without classes, so that it cannot be asked for one")
        return []
    if len(columns) > 1:
        names = ", ".join(column.name for column in columns)
        raise InvalidInputError(f"the model is conditioned on the columns {names}; draw from it in Python, by load")
    (column,) = columns
    if isinstance(column, ClassColumn):
        by_name = {str(label): label for label in column.classes}
        wanted = f"one of {', '.join(by_name)}"
    else:
        by_name, wanted = {}, "a number"
    if not classes:
        raise InvalidInputError(f"a class is missing: --class must be {wanted}")
    labels = []
    for word in classes:
        try:
            labels.append(by_name[word] if isinstance(column, ClassColumn) else float(word))
        except (KeyError, ValueError):
            raise InvalidInputError(f"--class must be {wanted}; got {word!r}") from None
    return labels
