"""The errors a person can cause or meet; the command line prints each as one sentence."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

_LONGEST = 800
_N_LISTED = 20


class HarmoniumError(Exception):
    """Base of every error that harmonium raises for a reason a person can act on.

    What others said, or a file holds, may be of several lines and of any length: it becomes one sentence of at most 800
    characters.
    """

    def __init__(self, message: object = "") -> None:
        sentence = " ".join(str(message).splitlines())
        half = _LONGEST // 2
        super().__init__(sentence if len(sentence) <= _LONGEST else f"{sentence[:half]} ... {sentence[-half:]}")


class InvalidInputError(HarmoniumError, ValueError):
    """A hyper-parameter, an array or an option is not what it must be."""


class TooLargeError(InvalidInputError, MemoryError):
    """What was asked for does not fit into memory."""


class SplitUnavailableError(InvalidInputError):
    """A file of one's own holds no such part."""


class DatasetUnavailableError(HarmoniumError):
    """No source can give the files of a data set."""


class DamagedFileError(HarmoniumError):
    """A file exists but its content cannot be what was once written."""


class DivergenceError(HarmoniumError, ArithmeticError):
    """Training left the finite numbers, or made the model far worse than it began."""


class MissingPackageError(HarmoniumError, ImportError):
    """A package that an optional part needs is not installed."""


class TrainingWarning(UserWarning):
    """Base of what is said of a training that came to its end, and whose model is hardly what was wanted."""


class NothingLearnedWarning(TrainingWarning):
    """The model is worse on its training rows than before training."""


class PosteriorCollapseWarning(TrainingWarning):
    """A variational autoencoder's codes say nothing of the examples."""


class SigmaAtBoundWarning(TrainingWarning):
    """Learned standard deviations stand at a bound that the data do not ask for."""


class DeadUnitsWarning(TrainingWarning):
    """Most units of a sparse autoencoder are never active."""


def shown(name: object) -> str:
    """Return a name that comes from a file or from a person as a sentence shows it.

    One with control characters, line breaks or bytes that are no text is quoted and escaped, so that it can neither
    command a terminal nor fail to be printed.
    """
    text = str(name)
    return text if text.isprintable() else repr(text)


def listed(names: Iterable[object]) -> str:
    """Return names as a sentence lists them: the first 20 of them, of no more than 100 characters each."""
    names = iter(names)
    found = [text if len(text := shown(name)) <= 100 else f"{text[:100]}..." for name in islice(names, _N_LISTED)]
    return ", ".join(found) + (" and more" if next(names, None) is not None else "")
