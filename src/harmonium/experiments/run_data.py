"""The rows that a run is trained and measured on: a split of its data, or rows of an own file that were held back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harmonium.data.datasets import Dataset, load_dataset
from harmonium.data.registry import REGISTRY, Split
from harmonium.data.splits import hold_out, strata
from harmonium.estimators.parameters import check_fraction
from harmonium.exceptions import InvalidInputError, SplitUnavailableError


def data_name(data: str) -> str:
    """Return a named data set's name, or an own file's absolute path, which means the same in every folder."""
    return data if data in REGISTRY else str(Path(data).resolve())


def load_split(data: str, split: Split, test_fraction: float, seed: int) -> Dataset:
    """Load the training or the test rows of a run.

    Parameters
    ----------
    data : str
        A data set's name, or the path of an own file.
    split : {"train", "test"}
    test_fraction : float
        Of the rows of an own file without a test split: held back for the test, in the classes' proportions where
        every class has two rows or more. 0 takes the splits as they are.
    seed : int
        The same one draws the same rows.

    Raises
    ------
    InvalidInputError
        If rows are to be held back of data that have a test split; SplitUnavailableError if there are no test rows.
    """
    check_fraction("test_fraction", test_fraction)
    if test_fraction == 0:
        try:
            return load_dataset(data, split)
        except SplitUnavailableError as error:
            raise SplitUnavailableError(
                f"{error}; name other rows by --data, or hold some back before training by --test-fraction"
                if split == "test"
                else str(error)
            ) from error
    if has_test_split(data):
        raise InvalidInputError(f"{data} has a test split of its own: test_fraction must be 0; got {test_fraction:g}")
    whole = load_dataset(data, "train")
    kept, held = hold_out(len(whole.X), test_fraction, strata(whole.labels, test_fraction * len(whole.X)), seed)
    rows = held if split == "test" else kept
    return replace(whole, split=split, X=whole.X[rows], y=None if whole.y is None else whole.y[rows])


def has_test_split(data: str) -> bool:
    """Whether data have a test split of their own."""
    if data in REGISTRY:
        return True
    try:
        load_dataset(data, "test")
    except SplitUnavailableError:
        return False
    return True
