"""A trained run that is asked for something: its estimator, the rows it is asked about, and whether it can."""

from __future__ import annotations

from typing import Any

from harmonium.data.datasets import Dataset, load_dataset
from harmonium.data.registry import REGISTRY, find_spec
from harmonium.exceptions import InvalidInputError, SplitUnavailableError
from harmonium.experiments.run_directory import RunDirectory
from harmonium.families.registry import family_names, family_of, find_family, is_own

# the method of an estimator that does what a command is called after: one that has it, can
METHODS = {
    "sample": "sample",
    "reconstruct": "reconstruct",
    "denoise": "denoise",
    "embed": "transform",
    "score": "score_samples",
}


def load_trained(run: RunDirectory, verb: str | None = None) -> Any:
    """Return the fitted estimator of a run, or of a folder that an estimator's ``save`` wrote.

    Parameters
    ----------
    run : RunDirectory
    verb : str, optional
        What it is to be asked for: a key of `METHODS`.

    Raises
    ------
    InvalidInputError
        If the run is not trained to its end, or models of its family cannot do what is asked for.
    """
    if (run.path / "config.toml").exists() and not run.is_trained:
        raise InvalidInputError(f"{run.path} is not trained to its end; train it first")
    estimator = run.load_estimator()
    if verb is not None and not hasattr(estimator, METHODS[verb]):
        able = [
            name
            for name in family_names()
            if is_own(name) and hasattr(find_family(name).load_estimator_class(), METHODS[verb])
        ]
        model = family_of(type(estimator).__name__).name
        raise InvalidInputError(f"{run.path} holds a model of the family {model}; these can {verb}: {', '.join(able)}")
    return estimator


def load_rows(run: RunDirectory, data: str | None) -> Dataset:
    """Load the test rows of a run, or the test split of other data, or the whole of these where they have none.

    Raises
    ------
    InvalidInputError
        If the run has no test rows, or held them back of a file that has changed since: rows that it was trained on
        could be among them.
    """
    if data is None:
        config = run.config()
        rows = config.load("test")
        if config.test_fraction and run.manifest()["data_sha256"] != rows.sha256:
            raise InvalidInputError(
                f"{config.data} has changed since {run.path} was trained on it: which rows were held back is not known"
            )
        return rows
    try:
        return load_dataset(data, "test")
    except SplitUnavailableError:
        return load_dataset(data, "train")


def image_shape(estimator: Any, run: RunDirectory) -> tuple[int, ...] | None:
    """Return the shape of a row as an image: that which the estimator knows, else that of the run's data."""
    known = getattr(estimator, "image_shape_", None) or getattr(estimator, "image_shape", None)
    if known is None and (run.path / "config.toml").exists():
        data = run.config().data
        known = find_spec(data).image_shape if data in REGISTRY else load_dataset(data, "train").image_shape
    return None if known is None else tuple(known)
