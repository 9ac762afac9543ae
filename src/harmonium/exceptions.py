"""The errors a person can cause or meet; the command line prints each as one sentence."""


class HarmoniumError(Exception):
    """Base of every error that harmonium raises for a reason a person can act on."""


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
