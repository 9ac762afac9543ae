"""What the command line, run directories and searches know of a model family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harmonium.data.datasets import Dataset
    from harmonium.estimators.base import LatentVariableEstimator

NUMBER = (int, float)
NUMBER_OR_NONE = (int, float, type(None))
Parameters = Mapping[str, Any]


def _nothing(parameters: Parameters) -> str:
    return ""


def _as_they_are(parameters: dict[str, Any], data: Dataset) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Space:
    """What is tuned of a family, within which bounds, and what is held fixed meanwhile.

    Attributes
    ----------
    tuned : mapping of str to mapping
        For each parameter ``low`` and ``high`` (and ``log`` or ``step``), or ``choices``.
    fixed : mapping
        Parameters that have one value, which is not the estimator's default.
    """

    tuned: Mapping[str, Parameters]
    fixed: Parameters = field(default_factory=dict)


@dataclass(frozen=True)
class Family:
    """The declaration of a model family.

    A declaration is read before anything is trained, often only to print a help text: its module must not import
    PyTorch. What needs it is imported inside the functions.

    Attributes
    ----------
    name : str
        As in ``harmonium train NAME``.
    estimator : str
        ``"module:Class"``, of a `LatentVariableEstimator`.
    evaluate : callable
        Maps a fitted estimator, the test data and what loads the training data (None where the test data are others
        than the run's own) to what ``harmonium evaluate`` measures.
    measures : mapping of str to type or tuple of types
        What `evaluate` returns: the least that a whole run has measured.
    recorded : tuple of str
        What every row of a run's history records besides its number and its seconds.
    recipes : mapping of str to mapping
        Settings that go together, by name; the command line takes the first where none is named.
    named_by : tuple of str
        The parameters that are part of a run directory's default name.
    spaces : mapping of str to Space
        What ``harmonium tune`` searches, for ``"images"`` and for ``"tables"``; one that has no space for images
        takes that for tables. A family without any is not tuned.
    remark : callable
        Maps a run's parameters to a sentence that is to stand below what was measured, or to nothing.
    score : str
        What the estimator's `score_samples` gives for each row, in nats; larger is more typical.
    complete : callable
        Maps the parameters that were given and the training data to those that follow from them, such as the shape of
        the images.
    """

    name: str
    estimator: str
    evaluate: Callable[[Any, Dataset, Callable[[], Dataset] | None], dict[str, Any]]
    measures: Parameters
    recorded: tuple[str, ...] = ()
    recipes: Mapping[str, Parameters] = field(default_factory=dict)
    named_by: tuple[str, ...] = ()
    spaces: Mapping[str, Space] = field(default_factory=dict)
    remark: Callable[[Parameters], str] = _nothing
    score: str = "log-likelihood"
    complete: Callable[[dict[str, Any], Dataset], dict[str, Any]] = _as_they_are

    @property
    def estimator_name(self) -> str:
        """The name of the estimator's class."""
        return self.estimator.partition(":")[2]

    def load_estimator_class(self) -> type[LatentVariableEstimator]:
        """Import the estimator's class."""
        module, _, name = self.estimator.partition(":")
        found: type[LatentVariableEstimator] = getattr(import_module(module), name)
        return found
